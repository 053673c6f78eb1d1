"""Rows age: old imagery stops counting, and every row falls due for review. No file is opened."""

import calendar
from datetime import date

import pandas as pd


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, or the last day of that month."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return date(year, month0 + 1, min(day.day, last))


def whole_months(earlier: date, later: date) -> int:
    """Return the whole months from one day to a later one.

    >>> whole_months(date(2024, 2, 11), date(2024, 6, 10))
    3
    """
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months if add_months(earlier, months) <= later else months - 1


def as_date(value: object) -> date | None:
    """Return a cell as a plain date, None when it is empty.

    Raises:
        ValueError: the cell holds something else.
    """
    is_nan = isinstance(value, float) and value != value
    if value is None or value is pd.NaT or is_nan or value == "":
        return None

    if isinstance(value, pd.Timestamp):
        return value.date()
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    raise ValueError(f"date cell is {value!r}, want a date or nothing")


def too_old(flown: date | None, year: int, *, today: date, stale_months: int) -> bool:
    """Return whether imagery is too old to say NOT SEEN IN PHOTO."""
    return today > add_months(latest_day(flown, year), stale_months)


def review_by(flown: date | None, year: int, *, review_months: int) -> date:
    """Return the day after which a row is due for review.

    It depends on the flight alone, so it stays the same from one export to the next.
    """
    return add_months(latest_day(flown, year), review_months)


def latest_day(flown: date | None, year: int) -> date:
    """Return the day of a flight, or the last day of the flyover's year when it is not known.

    The photo is at least that old.
    """
    return flown or date(year, 12, 31)
