"""Check the days of a product: valid, in order, none after the day it could be known."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_export.table import columns
from gis_export.table.tables import whole
from gis_export.verify.audience import FOLDERS, LEVELS
from gis_export.verify.finding import EXPORT_AGAIN, Finding
from gis_export.verify.rows import Rows, is_excluded

DAYS = (
    columns.IMG_DATE,
    columns.REVIEW_BY,
    columns.VER_DATE,
    columns.LAST_VISIT,
    columns.FIRE_DATE,
)
NO_DATE = -1
"""Number of a cell that holds something other than a date."""

Days = NDArray[np.int64]

_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?")
_MADE = re.compile(rb"<mdDateSt[^>]*>(\d{8})<")
_METADATA = "*.shp.xml"
_PUT_BACK = f"put the day back, or {EXPORT_AGAIN}"


@dataclass(kw_only=True, eq=False)
class DayCheck:
    """Today, and the days on which exports were made, as their metadata say."""

    today: date = field(default_factory=date.today)
    """Day of the check."""
    found: dict[tuple[Path, str], date | None] = field(default_factory=dict)
    """Latest day in the metadata of a folder, by pattern; None when they give none."""

    def check(self, path: Path, table: pa.Table, *, folder: Path, dbf: bool) -> Iterator[Finding]:
        """Check the days of a table.

        A photo was flown before the export that shows it. When the product's own metadata do not
        give that day, the photo may not be later than today, or than the day that the other
        departments' metadata give. What a person saw may be written in after the export, but not
        before it happened. An export may be dated in the future, so the later of the two is the
        last day for that.

        Args:
            path: What a finding names.
            table: The rows under short names.
            folder: Where the file is.
            dbf: Whether the bytes of the days are checked elsewhere.
        """
        rows = Rows(path, table)
        days = {name: days_of(table[name]) for name in DAYS if rows.has(name)}
        if not days:
            return

        if not dbf:
            yield from _check_valid(rows, days)

        made = self.made_of(folder)
        latest = max(self.today, made or self.made_beside(folder) or self.today)
        flown = "a row was flown after the export"
        seen = "a row was seen by a person on a day in the future"
        yield from _check_last(rows, days, columns.IMG_DATE, made or latest, flown)
        yield from _check_last(rows, days, columns.VER_DATE, latest, seen)
        visited = "a row was visited on a day in the future"
        yield from _check_last(rows, days, columns.LAST_VISIT, latest, visited)
        burned = "a row had a fire on a day in the future"
        yield from _check_last(rows, days, columns.FIRE_DATE, latest, burned)
        yield from _check_order(rows, days)

    def made_of(self, folder: Path) -> date | None:
        """Return the day of the export, from the metadata of a product's own department."""
        near = folder.resolve()
        return self._first_day((near, *near.parents[: LEVELS - 1]), (_METADATA,))

    def made_beside(self, folder: Path) -> date | None:
        """Return the day of the export, from the metadata of the other departments.

        The data team's products have no such metadata of their own.
        """
        above = folder.resolve().parents[: LEVELS - 1]
        return self._first_day(above, tuple(f"{name}/{_METADATA}" for name in FOLDERS))

    def _first_day(self, places: Sequence[Path], patterns: tuple[str, ...]) -> date | None:
        """Return the latest day in the first of some folders that gives one."""
        for place in places:
            found = [self._latest_day(place, pattern) for pattern in patterns]
            days = [day for day in found if day is not None]
            if days:
                return max(days)
        return None

    def _latest_day(self, place: Path, pattern: str) -> date | None:
        if (place, pattern) not in self.found:
            found = [_made(path) for path in place.glob(pattern)]
            days = [day for day in found if day is not None]
            self.found[place, pattern] = max(days, default=None)
        return self.found[place, pattern]


def _check_valid(rows: Rows, days: dict[str, Days]) -> Iterator[Finding]:
    for name, column in days.items():
        what = f"{name} holds a value that is not a date"
        yield from rows.find(column == NO_DATE, what, name, "YYYY-MM-DD or nothing")


def _check_last(
    rows: Rows, days: dict[str, Days], name: str, last: date, what: str
) -> Iterator[Finding]:
    if name in days:
        is_late = days[name] > last.toordinal()
        yield from rows.find(is_late, what, name, f"{last.isoformat()} or before", _PUT_BACK)


def _check_order(rows: Rows, days: dict[str, Days]) -> Iterator[Finding]:
    if columns.IMG_DATE not in days or columns.REVIEW_BY not in days:
        return

    # The review of what a person saw counts from the visit, which may be older than the photo.
    by_person = rows.equal(columns.VERIFIED, "Y") | is_excluded(rows)
    due = days[columns.REVIEW_BY]
    flown = days[columns.IMG_DATE]
    yield from rows.find(
        (due > 0) & (flown > 0) & (due < flown) & ~by_person,
        "a row is due for review before it was flown",
        columns.REVIEW_BY,
        "IMG_DATE or later",
        _PUT_BACK,
    )

    seen = days.get(columns.VER_DATE, np.zeros(len(due), np.int64))
    yield from rows.find(
        (due > 0) & (seen > 0) & (due < seen) & by_person,
        "a row is due for review before it was seen",
        columns.REVIEW_BY,
        "VER_DATE or later",
        _PUT_BACK,
    )


def days_of(texts: pa.Array | pa.ChunkedArray) -> Days:
    """Return a column of days as day numbers: 0 for an empty cell, `NO_DATE` for no date."""
    coded = pc.dictionary_encode(pc.fill_null(whole(texts), ""))
    numbers = np.array([_day_number(text) for text in coded.dictionary.to_pylist()], np.int64)
    if not len(numbers):
        return np.zeros(len(coded), np.int64)
    return numbers[np.asarray(coded.indices, np.intp)]


def _day_number(text: str) -> int:
    bare = text.strip(" \x00")
    # A shapefile may write zeros for no date.
    if not bare.strip("0"):
        return 0

    found = _DAY.fullmatch(bare)
    if found is None:
        return NO_DATE
    try:
        return date(int(found[1]), int(found[2]), int(found[3])).toordinal()
    except ValueError:
        return NO_DATE


def _made(path: Path) -> date | None:
    """Return the day in the metadata of a layer."""
    found = _MADE.search(path.read_bytes())
    number = _day_number(found[1].decode()) if found else 0
    return date.fromordinal(number) if number > 0 else None
