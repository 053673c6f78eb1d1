"""Days of visits: a whole day, or a year alone, or a reason why there is neither."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pandas as pd

from imagery.values.days import FIRST_YEAR, LATER, NUMBER, SWAPPED, UNDECIDED, read_days

_YEAR = re.compile(r"(\d{4})(?:\.0+)?")
_UTC = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*(?:Z|\+00:?00|UTC)")
_ARCGIS = "%m/%d/%Y %I:%M:%S %p"
_NOON_UTC = time(12)
"""From here on the day in UTC is that of any place from Greenwich to Hawaii."""
_DATE_CELL_YEAR = 1905
"""A date cell shows a day of this year where somebody typed a year such as 2024."""

_REASONS = {
    UNDECIDED: "the day may be two days, month first or day first; write it as YYYY-MM-DD, or "
    'name [looks] day_order = "month_first" or "day_first"',
    SWAPPED: "a spreadsheet may have swapped month and day; write it as YYYY-MM-DD",
    NUMBER: "the day is a bare number; write it as YYYY-MM-DD",
    LATER: "the day lies after today, {today}; correct it",
}
_UNREADABLE = "the day cannot be read; write it as YYYY-MM-DD, or the year alone"
_NO_DAY = "no day of the visit; write it as YYYY-MM-DD, or the year alone"
_YEAR_IN_DATE_CELL = (
    "a date cell shows a day of 1905 where a year was typed; write the day, or the year as text"
)
_LOOSE_UTC = (
    "the time is in UTC, and the day of the city may be the one before; name [looks] time_zone"
)


@dataclass(frozen=True, kw_only=True)
class VisitDay:
    """When somebody was there."""

    day: date | None = None
    """The day, None where it is not known."""
    year: int = 0
    """The year; 0 where there is a reason instead."""
    reason: str = ""
    """Why neither is known for certain."""


def read_visit_days(
    texts: pd.Series, *, order: str, zone: ZoneInfo | None, today: date
) -> list[VisitDay]:
    """Read a column of days.

    Args:
        texts: The cells.
        order: How 03/04/2021 is read where the column does not tell.
        zone: Time zone of the city, None where it is not known.
        today: Last day that a visit can have.
    """
    local = [_in_zone(text, zone) for text in texts]
    whole = ["" if _YEAR.fullmatch(text) else text for text in local]
    days = read_days(pd.Series(whole, dtype="str"), order=order, latest=today)
    found = days.day.dt.date.tolist()
    faults = days.fault.tolist()
    return [
        _visit_day(text, None if pd.isna(day) else day, fault, today)
        for text, day, fault in zip(local, found, faults, strict=True)
    ]


def from_arcgis(text: str) -> str:
    """Return a time as ArcGIS writes it into a CSV, month first and in UTC, as ISO 8601.

    >>> from_arcgis("6/2/2026 4:00:00 PM")
    '2026-06-02T16:00:00Z'
    """
    try:
        moment = datetime.strptime(text, _ARCGIS)
    except ValueError:
        return text
    return f"{moment.isoformat()}Z"


def _in_zone(text: str, zone: ZoneInfo | None) -> str:
    """Return a time in UTC as the day of the city; any other text as it is."""
    found = _UTC.fullmatch(text)
    if found is None:
        return text
    clock = time.fromisoformat(found[2])
    if clock == time(0):
        return found[1]  # a day without a time
    if zone is None:
        return found[1] if clock >= _NOON_UTC else text

    moment = datetime.fromisoformat(f"{found[1]}T{clock.isoformat()}+00:00")
    return moment.astimezone(zone).date().isoformat()


def _visit_day(text: str, day: date | None, fault: int, today: date) -> VisitDay:
    if not text:
        return VisitDay(reason=_NO_DAY)
    if _UTC.fullmatch(text):
        return VisitDay(reason=_LOOSE_UTC)

    alone = _YEAR.fullmatch(text)
    if alone:
        year = int(alone[1])
        is_year = FIRST_YEAR <= year <= today.year
        return VisitDay(year=year) if is_year else VisitDay(reason=_UNREADABLE)
    if day is None:
        return VisitDay(reason=_REASONS.get(fault, _UNREADABLE).format(today=today))
    if day.year == _DATE_CELL_YEAR:
        return VisitDay(reason=_YEAR_IN_DATE_CELL)
    return VisitDay(day=day, year=day.year)


@dataclass(frozen=True, kw_only=True)
class Flight:
    """A flyover of the city."""

    year: int
    """Year of the flyover."""
    flown: date | None
    """Day of the flight, None where it is not known."""


def flyover_of(visit: VisitDay, flights: Sequence[Flight]) -> int:
    """Return the year of the latest flyover at the time of a visit.

    Where none had been flown yet it is the year of the visit.
    """
    before = [flight.year for flight in flights if _was_flown(flight, visit)]
    return max(before, default=visit.year)


def _was_flown(flight: Flight, visit: VisitDay) -> bool:
    if flight.flown is None or visit.day is None:
        return flight.year <= visit.year
    return flight.flown <= visit.day
