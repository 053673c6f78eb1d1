"""Buildings that an inspector found razed or occupied: dispatch is asked, and nothing is deleted.

Deletes stay with people: the line is offered without a name, and counts when somebody signs it and
adds it to dispatch_deletes.csv.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from gis_export.fire.dispatch.state import DELETE_COLUMNS
from gis_export.table import columns
from gis_export.table.left_out import is_left_out
from gis_export.table.tables import csv_texts
from imagery.values.formulas import harmless


@dataclass(frozen=True, kw_only=True)
class LeftParcel:
    """A building that map, book and work list leave out."""

    cause: str
    """Of `gis_export.table.site_states.LEFT_OUT`."""
    visit: str
    """VISIT_TXT."""
    day: str
    """Day of the visit, "" when not known."""

    @property
    def text(self) -> str:
        """Say why it is left out."""
        return f"{self.cause}; {self.visit}" if self.visit else self.cause

    @property
    def reason(self) -> str:
        """Return REASON of the row that asks a person."""
        return f"{self.text}; needs a person"


def left_parcels(rows: gpd.GeoDataFrame) -> dict[str, LeftParcel]:
    """Return the buildings that are left out, by parcel as dispatch spells it."""
    out = rows[is_left_out(rows)]
    cells = (
        out[columns.PARCEL_ID],
        out[columns.NA_REASON],
        out[columns.VISIT_TXT],
        csv_texts(out[columns.LAST_VISIT]),
    )
    return {
        harmless(str(parcel)): LeftParcel(cause=str(cause), visit=str(visit), day=day)
        for parcel, cause, visit, day in zip(*cells, strict=True)
    }


def offered_deletes(left: Mapping[str, LeftParcel]) -> pd.DataFrame:
    """Return lines for dispatch_deletes.csv, BY empty: a person signs them."""
    lines = [(parcel, found.cause, "", found.day) for parcel, found in sorted(left.items())]
    return pd.DataFrame(lines, columns=list(DELETE_COLUMNS), dtype="str")
