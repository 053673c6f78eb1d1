"""Which rows are on the work list: the most urgent ones that each inspection district can visit."""

import geopandas as gpd
import pandas as pd

from gis_export.table import columns
from gis_export.table.settings import VisitSettings

NO_DISTRICT = "(no district)"
LAST = "\U0010ffff"
"""Sorts behind every name."""


def by_priority(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows with the highest PRIORITY first, then by RANK, then by PARCEL_ID.

    Rows without a RANK follow those that have one.
    """
    order = [columns.PRIORITY, columns.RANK, columns.PARCEL_ID]
    rows = rows.sort_values(order, ascending=[False, True, True], na_position="last")
    return gpd.GeoDataFrame(rows)


def visited(rows: gpd.GeoDataFrame, settings: VisitSettings) -> pd.Series:
    """Return for every row, in the order of `rows`, whether its district can visit it.

    A parcel with neither geometry nor address is never on the list: nobody would find it.
    """
    can_be_found = rows.geometry.notna() | (rows[columns.ADDRESS] != "")
    findable = gpd.GeoDataFrame(rows[can_be_found])
    place = by_priority(findable).groupby(columns.INSP_DIST).cumcount()

    districts = rows[columns.INSP_DIST]
    visits = districts.map({district: settings.of(district) for district in districts.unique()})
    return pd.Series(place.reindex(rows.index) < visits, index=rows.index, dtype=bool)


def visits_of(rows: gpd.GeoDataFrame, settings: VisitSettings) -> gpd.GeoDataFrame:
    """Return the rows on the list, district by district, the most urgent first.

    Rows without a district come last.
    """
    listed = gpd.GeoDataFrame(rows[visited(rows, settings)])
    by_district = by_priority(listed).sort_values(
        columns.INSP_DIST, kind="stable", key=lambda names: names.replace("", LAST)
    )
    return gpd.GeoDataFrame(by_district)
