"""Days as cities write them: the one parser, for every table. No file is opened.

A day that cannot be told for certain is empty, and a `Trouble` counts and names it. It never
becomes another day.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imagery.troubles import Trouble, only_troubles, shown
from imagery.values.day_forms import Dates, Mask, spell
from imagery.values.day_orders import NAMED_ORDERS, Decided, decide

FIRST_YEAR = 1900
"""A day or a label of an earlier year is a mistake."""
PLACEHOLDERS = ("0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "9999-12-31")
"""Days that databases and spreadsheets write where there is none."""
EMPTY_TEXTS = ("0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00000000")
"""The same as text that is no day of any calendar."""

MOST_NAMED = 20
"""Cells of one fault that are named; the others are counted."""
WRITE_ISO = "write YYYY-MM-DD"
_UNTIL_THEN = "until then the date is empty"


_BLANKS = "[ \u00a0\u2007\u2009\u202f\t\r\n]+"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A reason why a cell has no day."""

    clause: str
    """What is wrong, after "notices with a date"."""
    remedy: str
    """What to do about it."""


FAULTS = (
    Fault(
        clause="that cannot be read",
        remedy=f"{WRITE_ISO}, {FIRST_YEAR} to next year; {_UNTIL_THEN}",
    ),
    Fault(
        clause="that may be two days, month first or day first",
        remedy=f'{WRITE_ISO}, or name [{{section}}] day_order = "month_first" or "day_first"; '
        f"{_UNTIL_THEN}",
    ),
    Fault(
        clause="in another order than [{section}] day_order",
        remedy=f"correct day_order, or {WRITE_ISO}; {_UNTIL_THEN}",
    ),
    Fault(
        clause="that is a bare number, which the column does not explain",
        remedy=f"{WRITE_ISO}, or the same kind of number in all rows; {_UNTIL_THEN}",
    ),
    Fault(
        clause="of which a spreadsheet may have swapped month and day",
        remedy=f"export the column again as text, and {WRITE_ISO}; {_UNTIL_THEN}",
    ),
    Fault(
        clause="that stands for no day",
        remedy="leave such cells empty; they count as empty",
    ),
    Fault(
        clause=f"before {FIRST_YEAR} or after the end of next year",
        remedy=f"correct it; {_UNTIL_THEN}",
    ),
    Fault(
        clause="after the day of this run",
        remedy=f"correct it, or [export] as_of; {_UNTIL_THEN}",
    ),
)
"""Every reason; the fault of a cell is 1 + its place here."""
UNREADABLE, UNDECIDED, CONTRARY, NUMBER, SWAPPED, PLACEHOLDER, OUTSIDE, LATER = range(1, 9)


@dataclass(frozen=True, kw_only=True, eq=False)
class Days:
    """A column of days as it was read."""

    day: pd.Series
    """Days without time, datetime64[s], NaT where there is none; index of the texts."""
    fault: NDArray[np.int8]
    """Why a cell that says something has no day, 1 + the place in `FAULTS`; else 0, (n,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DaySource:
    """Where a column of days comes from, for messages."""

    file: str
    """Name of the file."""
    section: str
    """Section of the city file that names it, such as "vacant"."""
    noun: str
    """What its rows are, such as "notices"."""
    column: str
    """Name of the column."""
    names: pd.Series
    """Name of each row, such as the id of its parcel."""
    rows: pd.Series
    """Number of each row in the file."""


def read_days(texts: pd.Series, *, order: str = "", latest: date | None = None) -> Days:
    """Read a column of days, as a whole.

    Args:
        texts: The cells as text, "" for none.
        order: How 03/04/2021 is read where the column does not tell; "" leaves it empty.
        latest: Last day that can be true; None takes the end of next year.
    """
    last = date(date.today().year + 1, 12, 31)
    codes, distinct = pd.factorize(texts.to_numpy(dtype=object))
    plain = plain_texts(distinct)
    spelled = spell(plain, last_year=last.year)
    counts = np.bincount(codes, minlength=len(distinct)).astype(np.int64)
    decided = decide(spelled, counts, order=order, last=last)

    fault = _faults_of(decided, plain, latest=latest or last, last=last)
    fault[spelled.is_empty] = 0
    days = decided.day.astype("datetime64[s]")
    days[fault > 0] = np.datetime64("NaT")
    return Days(day=pd.Series(days[codes], index=texts.index), fault=fault[codes])


def check_day_order(order: str) -> None:
    """Check what a city file names as the order of month and day.

    Raises:
        ValueError: it is no such order.
    """
    if order not in NAMED_ORDERS:
        raise ValueError(f"day_order is {order!r}, want month_first or day_first")


def plain_texts(texts: NDArray[np.object_]) -> pa.Array:
    """Return texts in capitals, with single blanks and none at the ends."""
    plain = pc.replace_substring_regex(
        pa.array(texts, pa.string()), pattern=_BLANKS, replacement=" "
    )
    return pc.ascii_upper(pc.ascii_trim(plain, characters=" "))


def _faults_of(decided: Decided, plain: pa.Array, *, latest: date, last: date) -> NDArray[np.int8]:
    """Return the fault of each text, 0 where it has a day."""
    day = decided.day
    is_placeholder = _is_placeholder(day, plain)
    is_outside = (day < np.datetime64(date(FIRST_YEAR, 1, 1))) | (day > np.datetime64(last))
    is_late = day > np.datetime64(latest)

    fault = np.where(np.isnat(day), UNREADABLE, 0).astype(np.int8)
    fault[decided.is_undecided] = UNDECIDED
    fault[decided.is_contrary] = CONTRARY
    fault[decided.is_lone_number] = NUMBER
    fault[decided.is_swapped] = SWAPPED
    fault[is_late] = LATER
    fault[is_outside] = OUTSIDE
    fault[is_placeholder] = PLACEHOLDER
    return fault


def _is_placeholder(day: Dates, plain: pa.Array) -> Mask:
    is_zero = np.asarray(pc.is_in(plain, value_set=pa.array(EMPTY_TEXTS)), dtype=np.bool_)
    return is_zero | np.isin(day, np.array(PLACEHOLDERS, dtype="datetime64[D]"))


def find_bad_days(days: Days, texts: pd.Series, source: DaySource) -> tuple[Trouble, ...]:
    """Return the cells that say something and have no day, one trouble for each reason."""
    return only_troubles(
        _find_fault(days, texts, source, number) for number in range(1, len(FAULTS) + 1)
    )


def _find_fault(days: Days, texts: pd.Series, source: DaySource, number: int) -> Trouble | None:
    bad = np.flatnonzero(days.fault == number)
    if not len(bad):
        return None

    fault = FAULTS[number - 1]
    named = [
        f"row {source.rows.iloc[place]} {shown(source.names.iloc[place])} "
        f"has {shown(texts.iloc[place])}"
        for place in bad[:MOST_NAMED]
    ]
    clause = fault.clause.format(section=source.section)
    return Trouble(
        what=f"{source.file} {source.column}: {source.noun} with a date {clause}",
        examples=tuple(named),
        remedy=fault.remedy.format(section=source.section),
        count=len(bad),
    )
