"""What a column of days decides: which number is the month, and what a plain number counts.

A column is decided by all of its cells, or not at all. No file is opened.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from imagery.values.day_forms import NO_DAY, Dates, Ints, Mask, Spelled

ORDERS: tuple[str, ...] = ("month_first", "day_first", "year_first")
NAMED_ORDERS: tuple[str, ...] = ("", "month_first", "day_first")
"""What a city file may name; "" leaves a day empty that its column does not tell."""

FIRST_SERIAL = 10_000
"""Days that spreadsheets count begin here, on 1927-05-18: smaller numbers may be years."""
SURE_SERIAL = 28_000
"""From here on (1976-08-28) five digits cannot be a year and its day, such as 21074."""
SURE_SECONDS = 100_000_000
"""Seconds since 1970 that can be nothing else."""
LEAST_SECONDS = 1_000
"""Fewer seconds are a placeholder such as 0, -1 or 999."""
UNITS: tuple[int, ...] = (1, 1_000, 1_000_000, 1_000_000_000)
"""Kinds of numbers by what they count: seconds, and parts of a second, since 1970."""

SERIAL = -1
"""Kind of the numbers that are days since 1899-12-30."""
MOST_SECONDS = 2_300_000_000
"""Seconds from 1970 to the year 2042, and back to 1897."""

_SERIAL_START = np.datetime64("1899-12-30", "D")
_EPOCH = np.datetime64("1970-01-01", "D")
_DAY_S = 86_400
_LEAST_SWAPPED = 5
"""Different days of the month, all up to 12, from which a column looks swapped."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Decided:
    """What a column decided; one entry for each distinct text."""

    day: Dates
    """The day, NaT where there is none or it cannot be told, (n,)."""
    is_undecided: Mask
    """Where the order of the numbers cannot be told, (n,)."""
    is_contrary: Mask
    """Where the numbers are not in the order that the city file names, (n,)."""
    is_lone_number: Mask
    """Where nothing tells what a plain number counts, (n,)."""
    is_swapped: Mask
    """Where a spreadsheet may have swapped month and day, (n,)."""


def decide(spelled: Spelled, counts: Ints, *, order: str, last: date) -> Decided:
    """Decide a column.

    Args:
        spelled: Its distinct texts.
        counts: How many cells have each, (n,).
        order: What the city file names.
        last: Last day that may be meant.
    """
    numbers = _read_numbers(spelled, counts, last)
    days = np.where(np.isnat(numbers), spelled.written, numbers)
    is_undecided = np.zeros(len(counts), dtype=np.bool_)
    is_contrary = np.zeros(len(counts), dtype=np.bool_)

    is_one_order = np.zeros(len(counts), dtype=np.bool_)
    for mark in np.unique(spelled.mark[spelled.mark > 0]):
        places = np.flatnonzero(spelled.mark == mark)
        readings = Readings(
            days=np.stack(
                [
                    spelled.month_first[places],
                    spelled.day_first[places],
                    spelled.year_first[places],
                ]
            ),
            counts=counts[places],
        )
        chosen = readings.decide(order)
        days[places] = chosen.day
        is_undecided[places] = chosen.is_undecided
        is_contrary[places] = chosen.is_contrary
        is_one_order[places] = readings.has_one

    is_swapped = _find_swapped(spelled, days, is_one_order)
    return Decided(
        day=np.where(is_swapped, NO_DAY, days),
        is_undecided=is_undecided,
        is_contrary=is_contrary,
        is_lone_number=spelled.is_number & np.isnat(numbers),
        is_swapped=is_swapped,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """The days of the texts with one mark."""

    day: Dates
    """The day, NaT where it cannot be told, (n,)."""
    is_undecided: Mask
    """Where it could be two days, (n,)."""
    is_contrary: Mask
    """Where it is not in the order that the city file names, (n,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """Texts of three numbers with one mark, read in each order."""

    days: Dates
    """The day in each of `ORDERS`, NaT where there is none, (3, n)."""
    counts: Ints
    """How many cells have each text, (n,)."""

    @property
    def is_possible(self) -> Mask:
        """Tell in which orders each text is a day, (3, n)."""
        return ~np.isnat(self.days)

    @property
    def is_day(self) -> Mask:
        """Tell which texts are a day in any order, (n,)."""
        return np.asarray(self.is_possible.any(axis=0), dtype=np.bool_)

    @property
    def has_one(self) -> Mask:
        """Tell which texts are a day in one order alone, (n,)."""
        return np.asarray(self.is_possible.sum(axis=0) == 1, dtype=np.bool_)

    @property
    def only_day(self) -> Dates:
        """Return the day that every possible order gives, NaT where they differ, (n,)."""
        filled = np.where(self.is_possible, self.days.astype(np.int64), -(2**62))
        latest = filled.max(axis=0)
        filled = np.where(self.is_possible, self.days.astype(np.int64), 2**62)
        is_one = self.is_day & (filled.min(axis=0) == latest)
        days: Dates = np.where(is_one, latest, 0).astype("datetime64[D]")
        return np.where(is_one, days, NO_DAY)

    def decide(self, order: str) -> Chosen:
        """Read all in the one order that fits all, else in the order that the city file names.

        Where more cells speak against the named order than for it, it decides nothing.
        """
        fits_all = self.is_possible[:, self.is_day].all(axis=1)
        certain = int(fits_all.argmax()) if fits_all.sum() == 1 else -1
        named = ORDERS.index(order) if order else certain
        if named < 0:
            return self._split()
        if named == certain or self._cells_of(named) >= self._cells_against(named):
            return self._read_in(named)
        return self._split()

    def _cells_of(self, order: int) -> int:
        """Count the cells that are a day in this order alone."""
        return int(self.counts[self.has_one & self.is_possible[order]].sum())

    def _cells_against(self, order: int) -> int:
        """Count the cells that are a day in other orders alone."""
        return int(self.counts[self.is_day & ~self.is_possible[order]].sum())

    def _read_in(self, order: int) -> Chosen:
        is_contrary = self.is_day & ~self.is_possible[order]
        return Chosen(
            day=self.days[order],
            is_undecided=np.zeros(len(self.counts), dtype=np.bool_),
            is_contrary=is_contrary,
        )

    def _split(self) -> Chosen:
        """Read only the texts that can be one day alone."""
        day = self.only_day
        return Chosen(
            day=day,
            is_undecided=self.is_day & np.isnat(day),
            is_contrary=np.zeros(len(self.counts), dtype=np.bool_),
        )


def _read_numbers(spelled: Spelled, counts: Ints, last: date) -> Dates:
    """Return the days that plain numbers count, NaT for all where the column does not tell.

    The numbers of one kind have to be at least half of the cells.
    """
    days = np.full(len(counts), NO_DAY)
    cells = int(counts[~spelled.is_empty].sum())
    kinds = _sure_kinds(spelled, last)
    for kind in (SERIAL, *UNITS):
        is_sure = kinds == kind
        is_read = is_sure | ((kinds == 0) & _is_possible(spelled, kind, last))
        if not is_sure.any() or 2 * int(counts[is_read].sum()) < cells:
            continue
        if kind == UNITS[1] and _are_all_stamps(spelled.number[is_read]):
            continue
        days[is_read] = _days_of_numbers(spelled.number[is_read], kind)
        return days
    return days


def _sure_kinds(spelled: Spelled, last: date) -> Ints:
    """Return what each number can only be, `SERIAL` or one of `UNITS`; 0 for none."""
    number = spelled.number
    is_old = _is_possible(spelled, SERIAL, last) & ~_may_be_year_day(number, last.year)
    is_serial = (number >= SURE_SERIAL) & _is_possible(spelled, SERIAL, last)

    kinds = np.zeros(len(number), dtype=np.int64)
    kinds[is_serial | is_old] = SERIAL
    for unit in UNITS:
        size = np.abs(number)
        kinds[(size >= SURE_SECONDS * unit) & (size < MOST_SECONDS * unit)] = unit
    return kinds


def _is_possible(spelled: Spelled, kind: int, last: date) -> Mask:
    """Tell which numbers can be of a kind."""
    number = spelled.number
    if kind == SERIAL:
        last_serial = int((np.datetime64(last, "D") - _SERIAL_START).astype(np.int64))
        return spelled.is_number & (number >= FIRST_SERIAL) & (number <= last_serial)

    size = np.abs(number)
    return spelled.is_number & (size >= LEAST_SECONDS * kind) & (size < MOST_SECONDS * 10 * kind)


def _days_of_numbers(number: Ints, kind: int) -> Dates:
    if kind == SERIAL:
        serials: Dates = _SERIAL_START + number
        return serials
    days: Dates = _EPOCH + number // (kind * _DAY_S)
    return days


def _may_be_year_day(number: Ints, last_year: int) -> Mask:
    """Tell which numbers of five digits may be two digits of a year and the day in it."""
    year = number // 1000
    day = number % 1000
    is_year = (year <= last_year % 100) | (year >= 70)
    return np.asarray(is_year & (day >= 1) & (day <= 366), dtype=np.bool_)


def _are_all_stamps(number: Ints) -> bool:
    """Tell whether all may be year, month, day, hour and minute in twelve digits."""
    month = number // 1_000_000 % 100
    day = number // 10_000 % 100
    is_day = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    is_clock = (number // 100 % 100 < 24) & (number % 100 < 60)
    year = number // 100_000_000
    is_stamp = (year >= 1900) & (year < 2100) & is_day & is_clock
    return bool(is_stamp.all())


def _find_swapped(spelled: Spelled, days: Dates, has_one: Mask) -> Mask:
    """Tell which days a spreadsheet may have swapped.

    It turns 04/03/2021 into a day with the month first, and leaves 31/12/2021 as text. What is
    left then are texts that only fit one order, beside days of the month up to 12.
    """
    is_none = np.zeros(len(days), dtype=np.bool_)
    is_text = (spelled.mark > 0) & ~np.isnat(days)
    others = ~np.isnat(days) & (spelled.mark == 0)
    if is_text.sum() < _LEAST_SWAPPED or not has_one[is_text].all():
        return is_none

    months = days.astype("datetime64[M]")
    day_of_month = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    is_late = others & (day_of_month > 12)
    if is_late.any() or len(np.unique(day_of_month[others])) < _LEAST_SWAPPED:
        return is_none
    return np.asarray(others, dtype=np.bool_)
