"""Parcels and notices that lie far from the city are set aside. No file is opened."""

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from imagery.roll.edges import Places
from imagery.roll.notice_points import find_lost_points
from imagery.roll.places import find_strays, place_of
from imagery.troubles import Trouble


def without_strays(lots: gpd.GeoDataFrame, vacant: Places) -> gpd.GeoDataFrame:
    """Return the parcels without the outlines of vacants that lie far from all others.

    Args:
        lots: Every parcel once, index from 0.
        vacant: Places of the vacants in it.
    """
    strays = find_strays(lots.geometry.to_numpy()[vacant], CRS(lots.crs))
    is_stray = strays != ""
    if not is_stray.any():
        return lots

    outlines = lots.geometry.to_numpy().copy()
    outlines[vacant[is_stray]] = None
    faults = lots["outline_fault"].to_numpy(dtype=object).copy()
    faults[vacant[is_stray]] = strays[is_stray]
    return gpd.GeoDataFrame(lots.assign(outline_fault=faults, geometry=outlines))


def lost_points(joined: pd.DataFrame, lots: gpd.GeoDataFrame) -> Trouble | None:
    """Return the notices that match no parcel because of their point, None where there is none."""
    lost = joined[joined["lot"].isna()]
    if not (lost["lon"].notna() | (lost["point_fault"] != "")).any():
        return None

    place = place_of(lots.geometry.to_numpy(), CRS(lots.crs))
    return find_lost_points(lost, place, total=len(joined))
