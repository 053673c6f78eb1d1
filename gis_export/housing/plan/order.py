"""In which order crews visit: first the work list, then all else that somebody may be sent to."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_export.housing.plan.shift import Floats
from gis_export.table import columns
from gis_export.table.settings import VisitSettings
from gis_export.table.symbols import BY_WORD
from gis_export.table.visits import LAST, NO_DISTRICT, by_priority, can_be_visited, visited
from inference.hazard import HazardWord

_CONFIRMED = BY_WORD[HazardWord.CONFIRMED].code


@dataclass(frozen=True, kw_only=True, eq=False)
class VisitOrder:
    """Every visit that can be made, in order."""

    parcels: tuple[str, ...]
    """PARCEL_ID of each, (n,)."""
    districts: tuple[str, ...]
    """Names of the inspection districts, sorted; the visits without one come last."""
    district: NDArray[np.int64]
    """District of each visit, (n,)."""
    scores: Floats
    """Score of its roof, NaN where it adds no find, (n,)."""
    is_known: NDArray[np.bool_]
    """Whether somebody on site saw the roof failing before, (n,)."""
    is_assessed: NDArray[np.bool_]
    """Whether the roof has a score, (n,)."""
    listed: int
    """So many of the first visits are those of the work list."""

    def __len__(self) -> int:
        """Return the number of visits."""
        return len(self.district)


def order_visits(rows: gpd.GeoDataFrame, settings: VisitSettings) -> VisitOrder:
    """Return every visit that can be made.

    Crews are shared among the districts in proportion to the visits of each, so that the work
    lists of all districts end on the same day. Then crews go on with what is not on the list, in
    the same way.

    Args:
        rows: The rows of the export.
        settings: Visits per district.
    """
    is_open = can_be_visited(rows)
    is_listed = visited(rows, settings)
    stages = [_in_step(rows[is_listed]), _in_step(rows[is_open & ~is_listed])]
    visits = pd.concat(stages)
    named = visits[columns.INSP_DIST].to_numpy(dtype=object)
    names = sorted(set(named.tolist()), key=lambda name: name or LAST)

    is_known = (visits[columns.RISK_LVL] == _CONFIRMED).to_numpy()
    is_scored = (visits[columns.SCORED] == "Y").to_numpy()
    counts = is_scored & ~is_known
    return VisitOrder(
        parcels=tuple(visits[columns.PARCEL_ID].astype(str)),
        districts=tuple(str(name) or NO_DISTRICT for name in names),
        district=np.array([names.index(name) for name in named], dtype=np.int64),
        scores=visits[columns.SCORE].where(counts).to_numpy(dtype=np.float64, na_value=np.nan),
        is_known=is_known,
        is_assessed=is_scored,
        listed=int(is_listed.sum()),
    )


def _in_step(rows: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return rows so that every district moves on at the pace that its number of visits asks."""
    chosen = by_priority(gpd.GeoDataFrame(rows))
    districts = chosen.groupby(columns.INSP_DIST)
    pace = (districts.cumcount() + 0.5) / districts[columns.PARCEL_ID].transform("size")

    visits = pd.DataFrame(chosen.drop(columns=columns.GEOMETRY)).assign(pace=pace)
    return visits.sort_values(["pace", columns.INSP_DIST], kind="stable")
