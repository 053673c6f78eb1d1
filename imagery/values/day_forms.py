"""How cities spell a day: every text taken apart, a whole column at a time. No file is opened.

Texts are in capitals, with single blanks. A form only says what stands where. Which of two numbers
is the month, and what a plain number counts, is decided in `imagery.values.day_orders`.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Dates = NDArray[np.datetime64]
Mask = NDArray[np.bool_]

NO_DAY = np.datetime64("NaT", "D")
FIRST_SHORT_YEAR = 70
"""A year of two digits is of the 1900s from here on, of the 2000s up to next year, else none."""
NO_VALUES = frozenset(
    {"", "NULL", "NONE", "NAN", "NAT", "<NA>", "N/A", "NA", "#N/A", "\\N", "-", "--"}
)
"""How tables say that there is no day, in capitals."""

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAME = (
    r"(?P<name>JAN(?:UARY)?|FEB(?:RUARY)?|MAR(?:CH)?|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?"
    r"|SEPT?(?:EMBER)?|OCT(?:OBER)?|NOV(?:EMBER)?|DEC(?:EMBER)?)\.?"
)
_WEEKDAY = r"(?:(?:MON|TUES?|WED(?:NES)?|THU(?:RS?)?|FRI|SAT(?:UR)?|SUN)(?:DAY)?[.,]{0,2} ?)?"
_HALF = r"(?: ?(?:AM|PM|A\.M\.|P\.M\.))"
_CLOCK = (
    r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,:]\d{1,9})?)?"
    rf"{_HALF}?|{_HALF})"
)
_ZONE = (
    r"(?: ?(?:Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|UTC|GMT|UT|[ECMPAH][SD]?T|AK[SD]T)"
    r"(?:\[[A-Z_/]+\])?)?"
)
_AFTER = rf"(?:(?:, ?|,? |,? AT ){_CLOCK}{_ZONE})?"
_DAY = r"(?P<day>\d{1,2})(?:ST|ND|RD|TH)?"
_YEAR = r"'?(?P<year>\d{4}|\d{2})"
_BETWEEN = r"[-/., ]"

_COMPACT_CLOCK = r"T\d{4}(?:\d{2}(?:[.,]\d{1,9})?)?Z?"

ISO = (
    r"^(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P<other>[-/.])(?P<day>\d{1,2})"
    rf"(?:(?:T| |, ){_CLOCK}{_ZONE}|{_COMPACT_CLOCK}|Z|[+-]\d{{2}}:\d{{2}})?$"
)
COMPACT = (
    r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
    rf"(?:\.0*|[T ]?\d{{6}}(?:\.\d{{1,9}})?Z?|T\d{{4}}Z?| {_CLOCK}{_ZONE})?$"
)
NUMERIC = (
    rf"^{_WEEKDAY}(?P<first>\d{{1,2}}) ?(?P<mark>[-/.]) ?(?P<second_part>\d{{1,2}})"
    rf" ?(?P<other>[-/.]) ?{_YEAR}{_AFTER}$"
)
NUMBER = r"^(?P<number>\d{1,18}(?:\.\d*)?|1\d{18}(?:\.\d*)?|-\d{1,18}(?:\.0*)?)$"
WRITTEN = (
    rf"^{_WEEKDAY}{_NAME}{_BETWEEN}*{_DAY}{_BETWEEN}+{_YEAR}{_AFTER}$",
    rf"^{_WEEKDAY}{_DAY}{_BETWEEN}*(?:OF )?{_NAME}{_BETWEEN}*{_YEAR}{_AFTER}$",
    rf"^(?P<year>\d{{4}}){_BETWEEN}*{_NAME}{_BETWEEN}*{_DAY}{_AFTER}$",
    rf"^{_DAY}{_NAME}{_YEAR}:{_CLOCK}$",
    rf"^{_WEEKDAY}{_NAME} {_DAY} {_CLOCK}{_ZONE} (?P<year>\d{{4}})$",
)
"""Forms with the name of the month, in every order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spelled:
    """Distinct texts of a column, taken apart; one entry for each."""

    written: Dates
    """The day where its spelling leaves no doubt, else NaT, (n,)."""
    month_first: Dates
    """The day of a text such as 03/04/2021 read with the month first, NaT where it cannot be."""
    day_first: Dates
    """The same, with the day first."""
    year_first: Dates
    """The same, with the year first; only where all three numbers have two digits."""
    mark: Ints
    """Which mark separates the numbers of such a text, 0 in any other, (n,)."""
    number: Ints
    """A plain number without its fraction, 0 where there is none, (n,)."""
    is_number: Mask
    """Where the text is a plain number, (n,)."""
    is_empty: Mask
    """Where the text says that there is no day, (n,)."""


def spell(texts: pa.Array, *, last_year: int) -> Spelled:
    """Take distinct texts apart.

    Args:
        texts: In capitals, with single blanks, none at the ends.
        last_year: Last year that a year of two digits may mean.
    """
    parts = Parts(texts=texts, last_year=last_year)
    parts.drop(pc.is_in(texts, value_set=pa.array(sorted(NO_VALUES))))
    is_empty = ~parts.is_left

    parts.read_iso()
    parts.read_numeric()
    parts.read_numbers()
    for pattern in WRITTEN:
        parts.read_written(pattern)
    return Spelled(
        written=parts.written,
        month_first=parts.orders[0],
        day_first=parts.orders[1],
        year_first=parts.orders[2],
        mark=parts.mark,
        number=parts.number,
        is_number=parts.is_number,
        is_empty=is_empty,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What one pattern found."""

    places: NDArray[np.intp]
    """Places of the texts that it fits, (n,)."""
    parts: pa.StructArray
    """Its groups, a field each, (n,)."""

    def texts(self, name: str) -> pa.Array:
        """Return a group as text."""
        return self.parts.field(name)

    def numbers(self, name: str) -> Ints:
        """Return a group as whole numbers, 0 where it is empty."""
        texts = self.texts(name)
        filled = pc.if_else(pc.equal(texts, ""), "0", texts)
        return np.asarray(filled.cast(pa.int64()))

    def has_clock(self) -> Mask:
        """Tell where the time of day, if there is one, can be."""
        return np.asarray(
            (self.numbers("hour") < 24)
            & (self.numbers("minute") < 60)
            & (self.numbers("second") <= 60),
            dtype=np.bool_,
        )

    def years(self, last_year: int) -> Ints:
        """Return the group `year` in four digits, 0 for one of two digits that may mean any."""
        years = self.numbers("year")
        return np.where(self.is_short(), full_years(years, last_year), years)

    def is_short(self) -> Mask:
        """Tell which years have two digits."""
        return np.asarray(pc.equal(pc.utf8_length(self.texts("year")), 2), dtype=np.bool_)


class Parts:
    """The texts of a column while one form after the other is tried on what is left."""

    def __init__(self, *, texts: pa.Array, last_year: int) -> None:
        """Begin with no text taken apart."""
        count = len(texts)
        self.texts = texts
        self.last_year = last_year
        self.is_left = np.ones(count, dtype=np.bool_)
        self.written = np.full(count, NO_DAY)
        self.orders = tuple(np.full(count, NO_DAY) for _ in range(3))
        self.mark = np.zeros(count, dtype=np.int64)
        self.number = np.zeros(count, dtype=np.int64)
        self.is_number = np.zeros(count, dtype=np.bool_)

    def drop(self, mask: pa.Array) -> None:
        """Leave texts out of what is still to be read."""
        self.is_left &= ~np.asarray(mask, dtype=np.bool_)

    def find(self, pattern: str) -> Found:
        """Return the texts that a pattern fits, and leave them out of what is still to be read."""
        left = np.flatnonzero(self.is_left)
        parts = pc.extract_regex(self.texts.take(pa.array(left)), pattern=pattern)
        is_found = np.asarray(parts.is_valid(), dtype=np.bool_)
        places = left[is_found]
        self.is_left[places] = False
        return Found(places=places, parts=parts.filter(pa.array(is_found)))

    def read_iso(self) -> None:
        """Read days that begin with a year of four digits."""
        found = self.find(ISO)
        days = days_of(found.numbers("year"), found.numbers("month"), found.numbers("day"))
        days[~(found.has_clock() & _is_same_mark(found))] = NO_DAY
        self.written[found.places] = days

        # Eight digits that are no day may be another number.
        before = self.is_left.copy()
        found = self.find(COMPACT)
        days = days_of(found.numbers("year"), found.numbers("month"), found.numbers("day"))
        self.written[found.places] = days
        is_other = found.places[np.isnat(days)]
        self.is_left[is_other] = before[is_other]

    def read_numeric(self) -> None:
        """Read days of three numbers with the year last, in each order that they may have."""
        found = self.find(NUMERIC)
        first = found.numbers("first")
        second = found.numbers("second_part")
        years = found.years(self.last_year)
        is_good = found.has_clock() & _is_same_mark(found)
        places = found.places

        self.mark[places] = _mark_numbers(found.texts("mark"))
        month_first, day_first, year_first = self.orders
        month_first[places] = np.where(is_good, days_of(years, first, second), NO_DAY)
        day_first[places] = np.where(is_good, days_of(years, second, first), NO_DAY)

        # 21/03/15 may be a year, a month and a day.
        begins_wide = np.asarray(pc.equal(pc.utf8_length(found.texts("first")), 2))
        may_swap = is_good & found.is_short() & begins_wide
        swapped = days_of(full_years(first, self.last_year), second, found.numbers("year"))
        year_first[places] = np.where(may_swap, swapped, NO_DAY)

    def read_numbers(self) -> None:
        """Read plain numbers; those that a spreadsheet has rounded (1.6E+12) are none."""
        found = self.find(NUMBER)
        whole = pc.replace_substring_regex(found.texts("number"), r"\..*$", "")
        self.number[found.places] = np.asarray(whole.cast(pa.int64()))
        self.is_number[found.places] = True

    def read_written(self, pattern: str) -> None:
        """Read days with the name of the month."""
        found = self.find(pattern)
        names = pc.utf8_slice_codeunits(found.texts("name"), 0, 3)
        months = np.asarray(pc.index_in(names, value_set=pa.array(_MONTHS)), dtype=np.int64) + 1
        days = days_of(found.years(self.last_year), months, found.numbers("day"))
        days[~found.has_clock()] = NO_DAY
        self.written[found.places] = days


def full_years(years: Ints, last_year: int) -> Ints:
    """Return years of two digits in four, 0 where they may mean any."""
    is_new = years <= last_year % 100
    is_known = is_new | (years >= FIRST_SHORT_YEAR)
    full = np.where(is_new, last_year // 100 * 100 + years, 1900 + years)
    return np.where(is_known, full, 0)


def days_of(years: Ints, months: Ints, days: Ints) -> Dates:
    """Return days of the calendar, NaT where there is no such day."""
    is_month = (years >= 1) & (years <= 9999) & (months >= 1) & (months <= 12)
    month_number = np.where(is_month, (years - 1970) * 12 + months - 1, 0)
    starts = month_number.astype("datetime64[M]")
    first = starts.astype("datetime64[D]")
    length = ((starts + 1).astype("datetime64[D]") - first).astype(np.int64)

    is_day = is_month & (days >= 1) & (days <= length)
    found: Dates = np.where(is_day, first + (np.where(is_day, days, 1) - 1), NO_DAY)
    return found


def _is_same_mark(found: Found) -> Mask:
    return np.asarray(pc.equal(found.texts("mark"), found.texts("other")), dtype=np.bool_)


def _mark_numbers(marks: pa.Array) -> Ints:
    return np.asarray(pc.index_in(marks, value_set=pa.array(["/", "-", "."])), dtype=np.int64) + 1
