"""Which rows are on the work list: the k most urgent of each inspection district, k being the visits it can make."""

import geopandas as gpd
import pandas as pd

from gis_export.table.settings import VisitSettings

NO_DISTRICT = "(no district)"
LAST = "\U0010ffff"
"""Sorts behind every name."""


def by_priority(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows with the highest PRIORITY first, then by RANK, those without one last, then by PARCEL_ID."""
    return gpd.GeoDataFrame(
        rows.sort_values(
            ["PRIORITY", "RANK", "PARCEL_ID"], ascending=[False, True, True], na_position="last"
        )
    )


def visited(rows: gpd.GeoDataFrame, settings: VisitSettings) -> pd.Series:
    """Return for every row, in the order of `rows`, whether it is among the k of its district; nobody can visit what has neither place nor address."""
    known = rows[rows.geometry.notna() | (rows["ADDRESS"] != "")]
    place = by_priority(gpd.GeoDataFrame(known)).groupby("INSP_DIST").cumcount()
    quota = rows["INSP_DIST"].map(
        {district: settings.of(district) for district in rows["INSP_DIST"].unique()}
    )
    return pd.Series(place.reindex(rows.index) < quota, index=rows.index, dtype=bool)


def visits_of(rows: gpd.GeoDataFrame, settings: VisitSettings) -> gpd.GeoDataFrame:
    """Return the rows on the list: district by district, the most urgent first; those without a district come last."""
    chosen = by_priority(gpd.GeoDataFrame(rows[visited(rows, settings)]))
    return gpd.GeoDataFrame(
        chosen.sort_values("INSP_DIST", kind="stable", key=lambda names: names.replace("", LAST))
    )
