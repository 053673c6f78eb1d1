"""Outlines that cannot be where their file says, or are none. No file is opened."""

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from imagery.roll.troubles import Trouble, shown

FAR_KM = 300.0
"""A parcel farther than this from the middle of the city has wrong coordinates."""
NO_OUTLINE = "vacants without a usable outline"


def find_outline_faults(shapes: NDArray[np.object_], crs: pyproj.CRS) -> NDArray[np.object_]:
    """Return what is wrong with each outline in words, "" where nothing is, (n,).

    Args:
        shapes: Outlines or None, (n,).
        crs: Their declared CRS.
    """
    faults = np.full(len(shapes), "", dtype=object)
    faults[shapely.is_missing(shapes)] = "no outline, or an unreadable one"
    faults[shapely.is_empty(shapes)] = "an empty outline"
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    faults[np.unique(owner[~np.isfinite(xy).all(axis=1)])] = "a coordinate that is not a number"

    whole = np.flatnonzero(faults == "")
    bounds = shapely.bounds(shapes[whole])
    away_km = _away_km(bounds, crs)
    for place in np.flatnonzero(~(away_km <= FAR_KM)).tolist():
        faults[whole[place]] = _place_fault(bounds[place], float(away_km[place]), crs)
    return faults


def usable(shapes: NDArray[np.object_], faults: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the outlines without those that have a fault."""
    kept = shapes.copy()
    kept[faults != ""] = None
    return kept


def find_bad_outlines(names: pd.Series, faults: pd.Series) -> Trouble | None:
    """Return the vacants without an outline that can be used, None where there is none.

    Args:
        names: Ids of the vacants without an outline.
        faults: What is wrong with each.
    """
    if not len(names):
        return None

    words = faults.where(faults != "", "an outline without area")
    wrong_crs = words.str.contains("cannot be").any()
    crs_remedy = "give the parcel file its true CRS (ogr2ogr -a_srs) or correct these outlines"
    remedy = crs_remedy if wrong_crs else "correct them in the parcel file"
    rows = [f"{shown(name)} ({fault})" for name, fault in zip(names, words, strict=True)]
    return Trouble(
        what=NO_OUTLINE,
        examples=tuple(rows),
        remedy=f"{remedy}; until then they are NOT ASSESSED (no_geometry)",
    )


def find_bad_buildings(faults: NDArray[np.object_]) -> Trouble | None:
    """Return the building outlines that cannot be used, None where there is none."""
    bad = np.flatnonzero(faults != "")
    if not len(bad):
        return None

    return Trouble(
        what="building outlines that cannot be used",
        examples=tuple(f"row {row + 1} ({faults[row]})" for row in bad.tolist()),
        remedy="correct them in the footprint file; until then they are left out",
    )


def _away_km(bounds: NDArray[np.float64], crs: pyproj.CRS) -> NDArray[np.float64]:
    """Return how far each box is from the median box; NaN where it cannot be on the earth, (n,)."""
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    lon, lat = to_degrees.transform(bounds[:, [0, 2]], bounds[:, [1, 3]])  # (n, 2) each
    on_earth = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 360) & (np.abs(lat) <= 90)
    known = on_earth.all(axis=1)
    away_km = np.full(len(bounds), np.nan)
    if not known.any():
        return away_km

    middle_lon = np.full(lon[known].shape, np.median(lon[known]))
    middle_lat = np.full(lat[known].shape, np.median(lat[known]))
    meters = pyproj.Geod(ellps="WGS84").inv(middle_lon, middle_lat, lon[known], lat[known])[2]
    away_km[known] = np.max(meters, axis=1) / 1000
    return away_km


def _place_fault(bounds: NDArray[np.float64], away_km: float, crs: pyproj.CRS) -> str:
    if np.isfinite(away_km):
        return f"{away_km:,.0f} km from the other parcels"

    west, south, east, north = (f"{end:.7g}" for end in bounds)
    system = f"degrees of {crs.name}" if crs.is_geographic else crs.name
    return f"x {west} to {east}, y {south} to {north} cannot be {system}"
