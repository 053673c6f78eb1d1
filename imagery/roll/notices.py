"""Vacancy notices as the city delivers them, and the place of each, whatever columns hold it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.roll.declared import Layer
from imagery.roll.files import VacantFile
from imagery.roll.notice_points import read_points
from imagery.roll.tables import optional_column, read_table, text_column
from imagery.troubles import Trouble, only_troubles
from imagery.values.days import DaySource, find_bad_days, read_days
from imagery.values.texts import clean_ids, find_bad_ids


@dataclass(frozen=True, kw_only=True, eq=False)
class Notices:
    """Vacancy notices as they were read."""

    table: pd.DataFrame
    """Columns row, raw, is_partial, notice_date, lon, lat, point_fault."""
    empty: int = 0
    """Rows of the file without any value."""
    left_out: int = 0
    """Rows of the file that are no notice."""
    layer: Layer | None = None
    """The file and the CRS of its points; None where its places are no points of a file."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed."""

    def __len__(self) -> int:
        """Return the number of notices."""
        return len(self.table)


def read_notices(vacant: VacantFile) -> Notices:
    """Read the notices of a city."""
    table = read_table(
        vacant.path, layer=vacant.layer, what="vacant", key=vacant.id, columns=vacant.columns
    )
    raw = table.rows
    ids = pd.Series("", index=raw.index)
    if vacant.id:
        ids = text_column(raw, vacant.id, what="[vacant] id")
    cleaned = clean_ids(ids)
    dates = optional_column(raw, vacant.notice_date, what="[vacant] notice_date")
    days = read_days(dates, order=vacant.day_order)
    given = read_points(raw, vacant)
    points = given.on_earth()

    notices = pd.DataFrame(
        {
            "row": table.row_numbers.to_numpy(),
            "raw": cleaned.to_numpy(),
            "is_partial": _lack_part(raw, vacant.id),
            "notice_date": days.day.to_numpy(),
            "lon": points.lon.to_numpy(),
            "lat": points.lat.to_numpy(),
            "point_fault": given.faults.to_numpy(),
        }
    )
    bad_ids = find_bad_ids(ids, cleaned, what="[vacant]")
    source = DaySource(
        file=vacant.path.name,
        section="vacant",
        noun="notices",
        column=vacant.notice_date,
        names=ids,
        rows=table.row_numbers,
    )
    bad_days = find_bad_days(days, dates, source)
    return Notices(
        table=notices,
        empty=table.empty,
        left_out=table.left_out,
        layer=given.layer,
        troubles=only_troubles([*table.troubles, bad_ids, *bad_days, given.trouble]),
    )


def _lack_part(raw: pd.DataFrame, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Tell which rows have an empty cell in one of several id columns, (n,).

    Such rows may be of different parcels, although their ids are spelled alike.
    """
    lack = np.zeros(len(raw), dtype=np.bool_)
    for name in names if len(names) > 1 else ():
        cells = text_column(raw, (name,), what="[vacant] id")
        lack |= (cells.str.strip() == "").to_numpy(dtype=bool)
    return lack
