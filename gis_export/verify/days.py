"""Check the days of a product: that they are days, in their order, and none after the day on which they could be known."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_export.table.tables import whole
from gis_export.verify.finding import EXPORT_AGAIN, FOLDERS, Finding
from gis_export.verify.rows import Rows

DAYS = ("IMG_DATE", "REVIEW_BY", "VER_DATE")
NO_DATE = -1
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?")
_MADE = re.compile(rb"<mdDateSt[^>]*>(\d{8})<")
_PUT_BACK = f"put the day back, or {EXPORT_AGAIN}"
_UP = 3  # fire/epsg_4326 lies two folders below the year

Days = NDArray[np.int64]


@dataclass(kw_only=True, eq=False)
class DayCheck:
    """Today, and the days on which exports were made, as their metadata say."""

    today: date = field(default_factory=date.today)
    """Day of the check."""
    found: dict[tuple[Path, str], date | None] = field(default_factory=dict)
    """Latest day in the .shp.xml of a folder by pattern, None where it has none."""

    def made_of(self, folder: Path) -> date | None:
        """Return the day of the export that the metadata of a product's own department tell."""
        near = folder.resolve()
        return self._first((near, *near.parents[: _UP - 1]), ("*.shp.xml",))

    def made_beside(self, folder: Path) -> date | None:
        """Return the day of the export that the departments beside tell: the data team's products have no such metadata."""
        return self._first(
            folder.resolve().parents[: _UP - 1], tuple(f"{name}/*.shp.xml" for name in FOLDERS)
        )

    def check(self, path: Path, table: pa.Table, *, folder: Path, dbf: bool) -> Iterator[Finding]:
        """Check the days of a table.

        A photo is flown before the export that shows it; where the product's own metadata do not tell that day, not after today
        or what the departments beside it tell. What a person saw may be written in after the export, but not before it
        happened; and an export may be dated to come. So there the later of both is the last day.

        Args:
            path: What a finding names.
            table: The rows under short names.
            folder: Where the file lies.
            dbf: Whether the bytes of the days are checked elsewhere.
        """
        rows = Rows(path, table)
        days = {name: days_of(table[name]) for name in DAYS if rows.has(name)}
        if not days:
            return
        if not dbf:
            for name, column in days.items():
                yield from rows.off(
                    column == NO_DATE,
                    f"{name} holds what is no date",
                    name,
                    "YYYY-MM-DD or nothing",
                )
        made = self.made_of(folder)
        latest = max(self.today, made or self.made_beside(folder) or self.today)
        for name, last, what in (
            ("IMG_DATE", made or latest, "was flown after the export"),
            ("VER_DATE", latest, "was seen by a person on a day to come"),
        ):
            if name in days:
                yield from rows.off(
                    days[name] > last.toordinal(),
                    f"a row {what}",
                    name,
                    f"{last.isoformat()} or before",
                    _PUT_BACK,
                )
        if "IMG_DATE" in days and "REVIEW_BY" in days:
            early = (
                (days["REVIEW_BY"] > 0)
                & (days["IMG_DATE"] > 0)
                & (days["REVIEW_BY"] < days["IMG_DATE"])
            )
            yield from rows.off(
                early,
                "a row is due for review before it was flown",
                "REVIEW_BY",
                "IMG_DATE or later",
                _PUT_BACK,
            )

    def _first(self, places: Sequence[Path], patterns: tuple[str, ...]) -> date | None:
        """Return the latest day in the first of some folders that tells one."""
        for place in places:
            for pattern in patterns:
                if (place, pattern) not in self.found:
                    self.found[place, pattern] = max(
                        (day for path in place.glob(pattern) if (day := _made(path)) is not None),
                        default=None,
                    )
            days = [day for pattern in patterns if (day := self.found[place, pattern]) is not None]
            if days:
                return max(days)
        return None


def days_of(texts: pa.Array | pa.ChunkedArray) -> Days:
    """Return a column of days as numbers that rise by one a day: 0 where it is empty, `NO_DATE` where it holds no date."""
    coded = pc.dictionary_encode(pc.fill_null(whole(texts), ""))
    numbers = np.array([_number(text) for text in coded.dictionary.to_pylist()], np.int64)
    return (
        numbers[np.asarray(coded.indices, np.intp)]
        if len(numbers)
        else np.zeros(len(coded), np.int64)
    )


def _number(text: str) -> int:
    bare = text.strip(" \x00")
    if not bare.strip("0"):  # a shapefile may write zeros for no date
        return 0
    found = _DAY.fullmatch(bare)
    try:
        return date(*map(int, found.groups())).toordinal() if found else NO_DATE
    except ValueError:
        return NO_DATE


def _made(path: Path) -> date | None:
    found = _MADE.search(path.read_bytes())
    number = _number(found[1].decode()) if found else 0
    return date.fromordinal(number) if number > 0 else None
