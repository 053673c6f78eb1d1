"""Days in every spelling that cities use: the day that was meant, or none and the reason."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagery.values.days import (
    CONTRARY,
    FAULTS,
    LATER,
    NUMBER,
    OUTSIDE,
    PLACEHOLDER,
    SWAPPED,
    UNDECIDED,
    UNREADABLE,
    DaySource,
    find_bad_days,
    read_days,
)

Write = Callable[[date], str]
LAST = date(date.today().year + 1, 12, 31)
CENTURIES = [date(1900, 1, 1) + timedelta(days=number) for number in range(73_414)]
"""Every day from 1900 to 2100."""


def read(*texts: str, order: str = "", latest: date | None = None) -> tuple[list[str], list[int]]:
    """Return the days as text, "" for none, and the faults."""
    days = read_days(pd.Series(texts, dtype="str"), order=order, latest=latest)
    return days.day.dt.strftime("%Y-%m-%d").fillna("").tolist(), days.fault.tolist()


def since_1970(day: date, *, hour: int = 16) -> int:
    """Return the seconds from 1970 to an hour of a day."""
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp())


def numeric(day: date, mark: str) -> str:
    """Return a day without zeros, the month first."""
    return f"{day.month}{mark}{day.day}{mark}{day.year}"


WHOLE: dict[str, Write] = {
    "2021-03-05": str,
    "2021-3-5": lambda day: f"{day.year}-{day.month}-{day.day}",
    "2021/03/05 00:00:00+00": lambda day: f"{day:%Y/%m/%d} 00:00:00+00",
    "2021.03.05": lambda day: f"{day:%Y.%m.%d}",
    "2021-03-05 00:00:00": lambda day: f"{day} 00:00:00",
    "2021-03-05T23:30:00-05:00": lambda day: f"{day}T23:30:00-05:00",
    "2021-03-05T00:00:00.000Z": lambda day: f" {day}T00:00:00.000Z ",
    "20210305": lambda day: f"{day:%Y%m%d}",
    "20210305.0": lambda day: f"{day:%Y%m%d}.0",
    "20210305233000": lambda day: f"{day:%Y%m%d}233000",
    "3/5/2021": lambda day: numeric(day, "/"),
    "3/5/2021 12:00:00 AM": lambda day: numeric(day, "/") + " 12:00:00 AM",
    "3/5/2021 1:05 p.m.": lambda day: numeric(day, "/") + " 1:05 p.m.",
    "03-05-2021": lambda day: f"{day:%m-%d-%Y}",
    "05/03/2021": lambda day: f"{day:%d/%m/%Y}",
    "05.03.2021": lambda day: f"{day:%d.%m.%Y}",
    "5. 3. 2021": lambda day: f"{day.day}. {day.month}. {day.year}",
    "05.03.2021 14:00": lambda day: f"{day:%d.%m.%Y} 14:00",
    "Mar 5, 2021": lambda day: f"{day:%b} {day.day}, {day.year}",
    "March 5, 2021": lambda day: f"{day:%B} {day.day}, {day.year}",
    "MARCH  5 2021": lambda day: f"{day:%B}  {day.day} {day.year}".upper(),
    "Mar. 05, 2021": lambda day: f"{day:%b}. {day:%d}, {day.year}",
    "Friday, March 5, 2021": lambda day: f"{day:%A, %B} {day.day}, {day.year}",
    "Fri, 05 Mar 2021 00:00:00 GMT": lambda day: f"{day:%a, %d %b %Y} 00:00:00 GMT",
    "Fri Mar 05 00:00:00 EST 2021": lambda day: f"{day:%a %b %d} 00:00:00 EST {day.year}",
    "Mar  5 2021 12:00AM": lambda day: f"{day:%b} {day.day:2d} {day.year} 12:00AM",
    "5 March 2021": lambda day: f"{day.day} {day:%B} {day.year}",
    "5th of March 2021": lambda day: f"{day.day}th of {day:%B} {day.year}",
    "05-Mar-2021": lambda day: f"{day:%d-%b-%Y}",
    "05-MAR-2021 12.00.00.000000 AM": lambda day: f"{day:%d-%b-%Y} 12.00.00.000000 AM".upper(),
    "05MAR2021": lambda day: f"{day:%d%b%Y}".upper(),
    "05MAR2021:00:00:00": lambda day: f"{day:%d%b%Y}:00:00:00".upper(),
    "2021-Mar-05": lambda day: f"{day:%Y-%b-%d}",
    "2021 March 5": lambda day: f"{day.year} {day:%B} {day.day}",
    "Sept 5, 2021": lambda day: f"{day:%b} {day.day}, {day.year}".replace("Sep", "Sept"),
    "milliseconds": lambda day: str(since_1970(day) * 1000),
    "milliseconds, float": lambda day: f"{since_1970(day) * 1000}.0",
    "seconds": lambda day: str(since_1970(day)),
    "microseconds": lambda day: str(since_1970(day) * 1_000_000),
}


@pytest.mark.parametrize("spelling", WHOLE)
def test_every_day_in_one_spelling(spelling: str) -> None:
    """Every day from 1900 to next year comes back; every other one is empty, with the reason."""
    days = read_days(pd.Series([WHOLE[spelling](day) for day in CENTURIES], dtype="str"))
    first = next(number for number, day in enumerate(CENTURIES) if day > LAST)
    wanted = np.array(CENTURIES[:first], dtype="datetime64[s]")

    assert days.day.iloc[first:].isna().all()
    assert set(days.fault[first:]) == {OUTSIDE}
    is_same = days.day.to_numpy()[:first] == wanted
    # 1900-01-01 stands for no day. A small number, of a day near 1970-01-01, may be seconds too.
    assert not is_same[0]
    assert days.fault[0] == PLACEHOLDER
    is_near = np.abs(wanted - np.datetime64("1970-01-01")) < np.timedelta64(28, "D")
    is_named = is_near & (days.fault[:first] == NUMBER)
    assert (is_same | is_named)[1:].all()


SHORT: dict[str, Write] = {
    "03/05/21": lambda day: f"{day:%m/%d/%y}",
    "05/03/21": lambda day: f"{day:%d/%m/%y}",
    "21/03/05": lambda day: f"{day:%y/%m/%d}",
    "05.03.21": lambda day: f"{day:%d.%m.%y}",
    "05-MAR-21": lambda day: f"{day:%d-%b-%y}".upper(),
    "Mar 5, '21": lambda day: f"{day:%b} {day.day}, '{day:%y}",
    "05-MAR-21 12.00.00.000000 AM": lambda day: f"{day:%d-%b-%y} 12.00.00.000000 AM",
}


@pytest.mark.parametrize("spelling", SHORT)
def test_two_digits_of_a_year(spelling: str) -> None:
    """They mean 1970 to next year; a year that may be of two centuries is refused."""
    meant = [day for day in CENTURIES if 1970 <= day.year <= LAST.year]
    days = read_days(pd.Series([SHORT[spelling](day) for day in meant], dtype="str"))
    assert (days.day.to_numpy() == np.array(meant, dtype="datetime64[s]")).all()

    assert read("15-MAR-45", "03/15/45") == (["", ""], [UNREADABLE, UNREADABLE])


def serial(day: date) -> int:
    """Return the number that a spreadsheet has for a day."""
    return (day - date(1899, 12, 30)).days


@pytest.mark.parametrize("tail", ["", ".0", ".75"])
def test_every_serial_of_a_spreadsheet(tail: str) -> None:
    """Serials of five digits are days, as whole numbers and with the time of day."""
    meant = [day for day in CENTURIES if date(1927, 5, 18) <= day <= LAST]
    days = read_days(pd.Series([f"{serial(day)}{tail}" for day in meant], dtype="str"))
    assert (days.day.to_numpy() == np.array(meant, dtype="datetime64[s]")).all()


def test_numbers_are_decided_by_their_column() -> None:
    assert read("43831", "2020-01-01", "2020-01-02")[1] == [NUMBER, 0, 0]
    assert read("43831", "43832", "2020-01-02")[0] == ["2020-01-01", "2020-01-02", "2020-01-02"]
    assert read("43831", "1577836800000", "1577836800000")[1] == [NUMBER, 0, 0]
    assert read("43831", "1577836800000", "2020-05-01")[1] == [NUMBER, NUMBER, 0]
    assert read("-2209161600000", "1577836800000")[1] == [PLACEHOLDER, 0]
    assert read("0", "-1", "1577836800000", "1577836800000")[1] == [NUMBER, NUMBER, 0, 0]


@pytest.mark.parametrize(
    "texts",
    [
        ("2019", "2020"),
        ("21074", "20366"),
        ("202001011200",),
        ("1.6E+12",),
        ("1", "2"),
        ("1012019",),
    ],
)
def test_numbers_that_may_be_something_else(texts: tuple[str, ...]) -> None:
    """Years, years with their day, stamps of twelve digits and rounded numbers are no days."""
    assert read(*texts)[0] == [""] * len(texts)


def test_a_column_decides_its_order() -> None:
    assert read("03/04/2019", "13/04/2019")[0] == ["2019-04-03", "2019-04-13"]
    assert read("03/04/2019", "04/13/2019")[0] == ["2019-03-04", "2019-04-13"]
    assert read("03/04/2019", "05/05/2019") == (["", "2019-05-05"], [UNDECIDED, 0])
    # Another mark is another column.
    assert read("03/04/2019", "13.04.2019")[1] == [UNDECIDED, 0]
    assert read("03/04/2019", "13/04/2019", "04/13/2019") == (
        ["", "2019-04-13", "2019-04-13"],
        [UNDECIDED, 0, 0],
    )
    # A day that is none decides nothing.
    assert read("03/04/2019", "13/13/2019")[1] == [UNDECIDED, UNREADABLE]


def test_the_city_file_decides_what_the_column_does_not() -> None:
    assert read("03/04/2019", order="day_first")[0] == ["2019-04-03"]
    assert read("03/04/2019", order="month_first")[0] == ["2019-03-04"]
    mixed = ("03/04/2019", "13/04/2019", "04/13/2019")
    assert read(*mixed, order="day_first") == (["2019-04-03", "2019-04-13", ""], [0, 0, CONTRARY])
    # More cells against the order than for it: it decides nothing.
    assert read("03/04/2019", "13/04/2019", order="month_first")[1] == [UNDECIDED, 0]


def test_what_a_spreadsheet_swapped() -> None:
    """It swaps 4 March, which it takes for 3 April, and leaves 31/12 as text."""
    texts = [f"{day}/12/2020" for day in range(13, 20)]
    swapped = [f"2020-{month:02d}-{month + 1:02d}" for month in range(1, 9)]
    assert read(*texts, *swapped)[1] == [0] * len(texts) + [SWAPPED] * len(swapped)
    assert read(*texts, *swapped, "2020-01-31")[1] == [0] * 16


@pytest.mark.parametrize("text", ["", " ", "NULL", "n/a", "NaT", "None"])
def test_no_value_is_no_fault(text: str) -> None:
    assert read(text, "2020-05-01") == (["", "2020-05-01"], [0, 0])


@pytest.mark.parametrize(
    "text",
    ["Mar 2021", "Mar-15", "2021", "today", "2021-02-29", "2021-03-15 25:00", "15 Mars 2021"]
    + [
        "3/5/2021 and 4/5/2021",
        "2021-03/15",
        "\u0663/\u0664/2020",
        "2021-W10-1",
        "Mar 15 12:00:00",
    ],
)
def test_what_is_no_day(text: str) -> None:
    assert read(text, "2020-05-01", "2020-05-02")[0][0] == ""


def test_days_after_the_run() -> None:
    """A visit cannot be after the run; the last day itself can."""
    texts = ("2024-06-01", "2024-06-02", "2204-05-01", "0001-01-01")
    wanted = [0, LATER, OUTSIDE, PLACEHOLDER]
    assert read(*texts, latest=date(2024, 6, 1))[1] == wanted


def test_a_line_for_each_reason() -> None:
    texts = pd.Series(["31 Foo", "2204-05-01", "2020-05-01", "2205-05-01"], dtype="str")
    source = DaySource(
        file="vacant.csv",
        section="vacant",
        noun="notices",
        column="issued",
        names=pd.Series(["A", "B", "C", "D"]),
        rows=pd.Series([2, 3, 4, 5]),
    )
    lines = [trouble.line for trouble in find_bad_days(read_days(texts), texts, source)]
    assert lines == [
        "vacant.csv issued: notices with a date that cannot be read: 1: row 2 'A' has '31 Foo'; "
        "write YYYY-MM-DD, 1900 to next year; until then the date is empty",
        "vacant.csv issued: notices with a date before 1900 or after the end of next year: 2: "
        "row 3 'B' has '2204-05-01', row 5 'D' has '2205-05-01'; "
        "correct it; until then the date is empty",
    ]


CELLS = st.one_of(
    st.sampled_from(["", "NULL", "soon", "43831", "0", "1577836800000", "13/13/2013"]),
    st.text(max_size=12).filter(lambda text: text.isprintable()),
)


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[str], list[date | None]]:
    """Draw a column of one order, or of either, with other cells between; and what was meant."""
    form = draw(st.sampled_from(["%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%d", "%B %d, %Y", "%d.%m.%Y"]))
    day = st.dates(date(1970, 1, 2), LAST)
    meant = draw(st.lists(day, min_size=1, max_size=12))
    texts = [each.strftime(form) for each in meant]
    others = draw(st.lists(CELLS, max_size=4))
    return [*texts, *others], [*meant, *([None] * len(others))]


@settings(max_examples=200, deadline=None)
@given(columns())
def test_mixed_columns_never_give_another_day(column: tuple[list[str], list[date | None]]) -> None:
    """Whatever stands between: a day that was meant is read as itself, or is empty and named."""
    texts, meant = column
    days = read_days(pd.Series(texts, dtype="str"))
    for text, found, fault, wanted in zip(texts, days.day, days.fault, meant, strict=True):
        if wanted is None:
            continue
        if pd.isna(found):
            assert 0 < fault <= len(FAULTS), text
        else:
            assert found.date() == wanted, text
