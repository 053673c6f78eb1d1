"""Parcels and notices that lie far from the city are set aside. No file is opened."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from imagery.crs import distances_km
from imagery.roll.edges import Places
from imagery.roll.notice_points import find_lost_points
from imagery.roll.places import NEAR_KM, degrees_of, find_strays, place_of
from imagery.troubles import Trouble, shown, trouble_of


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


def find_remote(lots: gpd.GeoDataFrame, vacant: Places) -> Trouble | None:
    """Return the vacants that are far from most but may be of this city, the farthest first.

    Args:
        lots: Every parcel once, without strays, index from 0.
        vacant: Places of the vacants in it.
    """
    shapes = lots.geometry.to_numpy()[vacant]
    known = np.flatnonzero(~shapely.is_missing(shapes))
    middle = place_of(shapes[known], CRS(lots.crs))
    if middle is None:
        return None

    lon, lat = degrees_of(shapely.bounds(shapes[known]), CRS(lots.crs))
    away_km = distances_km(middle, lon, lat).max(axis=1)
    names = lots["parcel_id"].iloc[vacant[known]]
    remote = [place for place in np.argsort(-away_km, kind="stable") if away_km[place] > NEAR_KM]
    return trouble_of(
        [f"{shown(names.iloc[place])} ({away_km[place]:,.0f} km)" for place in remote],
        what=f"vacants more than {NEAR_KM:.0f} km from the middle of all vacants",
        remedy="correct their outlines in the parcel file if they are not of this city",
    )


def lost_points(joined: pd.DataFrame, lots: gpd.GeoDataFrame) -> Trouble | None:
    """Return the notices that match no parcel because of their point, None where there is none."""
    lost = joined[joined["lot"].isna()]
    if not (lost["lon"].notna() | (lost["point_fault"] != "")).any():
        return None

    place = place_of(lots.geometry.to_numpy(), CRS(lots.crs))
    return find_lost_points(lost, place, total=len(joined))
