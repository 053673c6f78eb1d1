"""The day of a visit: whole, or a year alone, or a reason; and the flyover that it belongs to."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.filled.visit_days import Flight, VisitDay, flyover_of, from_arcgis, read_visit_days
from labels.settings import LooksSettings

TODAY = date(2026, 11, 24)
JUNE_2 = date(2026, 6, 2)


def read(*texts: str, order: str = "", zone: str = "") -> list[VisitDay]:
    return read_visit_days(
        pd.Series(texts, dtype="str"),
        order=order,
        zone=LooksSettings(time_zone=zone).zone,
        today=TODAY,
    )


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-02",
        "2026/06/02",
        "2026-06-02 14:30:00",
        "2026-06-02T22:30:00.000-04:00",
        "2026-06-02T16:00:00Z",
        "2026-06-02 16:00:00+00:00",
        "2026-06-02 00:00:00+00:00",
        "June 2, 2026",
    ],
)
def test_a_day_that_is_certain(text: str) -> None:
    assert read(text) == [VisitDay(day=JUNE_2, year=2026)]


def test_a_year_alone_stays_a_year() -> None:
    assert read("2022", "2022.0", "2026-06-02") == [
        VisitDay(year=2022),
        VisitDay(year=2022),
        VisitDay(day=JUNE_2, year=2026),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no day of the visit"),
        ("yesterday", "the day cannot be read"),
        ("3/4/2026", "may be two days"),
        ("2027-01-01", f"the day lies after today, {TODAY}; correct it"),
        ("2031", "the day cannot be read"),
        ("1822", "the day cannot be read"),
        ("1905-07-18", "a date cell shows a day of 1905"),
        ("2026-06-03T02:30:00Z", "the time is in UTC"),
    ],
)
def test_what_is_no_day_for_certain_has_a_reason(text: str, reason: str) -> None:
    found = read(text)[0]
    assert (found.day, found.year) == (None, 0)
    assert reason in found.reason


def test_the_city_says_its_order_and_its_time_zone() -> None:
    assert read("3/4/2026", order="month_first")[0].day == date(2026, 3, 4)
    evening = read("2026-06-03T02:30:00Z", zone="America/New_York")[0]
    assert evening.day == JUNE_2
    assert read("2026-06-02T22:30:00-04:00", zone="America/New_York")[0].day == JUNE_2
    with pytest.raises(ValueError, match="time_zone is 'Baltimore'"):
        LooksSettings(time_zone="Baltimore")


@given(
    moment=st.datetimes(min_value=pd.Timestamp("2020-01-01"), max_value=pd.Timestamp("2025-12-31"))
)
def test_a_time_in_utc_is_the_day_of_the_city(moment: pd.Timestamp) -> None:
    stamp = pd.Timestamp(moment).floor("s").tz_localize("UTC")
    text = stamp.isoformat().replace("+00:00", "Z")
    found = read(text, zone="America/New_York")[0]
    is_date_alone = stamp == stamp.normalize()
    local = stamp if is_date_alone else stamp.tz_convert("America/New_York")
    assert found.day == local.date()


def test_arcgis_writes_times_in_utc_month_first() -> None:
    assert read(from_arcgis("6/2/2026 4:00:00 PM"))[0].day == JUNE_2
    assert read(from_arcgis("6/2/2026 12:00:00 AM"))[0].day == JUNE_2
    evening = from_arcgis("6/3/2026 2:30:00 AM")
    assert "the time is in UTC" in read(evening)[0].reason
    assert read(evening, zone="America/New_York")[0].day == JUNE_2
    assert from_arcgis("14/6/2026") == "14/6/2026"


FLIGHTS = (
    Flight(year=2022, flown=date(2022, 3, 1)),
    Flight(year=2024, flown=date(2024, 2, 20)),
    Flight(year=2025, flown=None),
)


@pytest.mark.parametrize(
    ("visit", "year"),
    [
        (VisitDay(day=date(2024, 6, 2), year=2024), 2024),
        (VisitDay(day=date(2024, 2, 20), year=2024), 2024),
        (VisitDay(day=date(2024, 2, 19), year=2024), 2022),  # before the flight of its year
        (VisitDay(day=date(2026, 1, 2), year=2026), 2025),
        (VisitDay(year=2023), 2022),
        (VisitDay(year=2024), 2024),
        (VisitDay(day=date(2021, 6, 2), year=2021), 2021),  # none had been flown yet
    ],
)
def test_a_visit_belongs_to_the_latest_flyover_of_its_time(visit: VisitDay, year: int) -> None:
    assert flyover_of(visit, FLIGHTS) == year
