"""Outlines and points that cannot be where their file says, or are none. No file is opened."""

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from imagery.crs import Place, distances_km, is_lon_lat
from imagery.shapes import Shapes, is_area
from imagery.troubles import Trouble, shown

FAR_KM = 300.0
"""A vacant farther than this from the middle of all vacants has wrong coordinates."""
NEAR_KM = 100.0
"""Nor can it be that far and more than `MANY_TIMES` as far as the median vacant."""
MANY_TIMES = 40.0
WIDEST_LOT = 0.05
"""Median side of parcels below which the numbers of a projected CRS are degrees, CRS units."""
WRONG_PLACES = 0.5
"""Share of outlines that cannot be in the declared CRS above which the CRS is wrong."""
CANNOT_BE = "cannot be"
NO_OUTLINE = "vacants without a usable outline"
NO_AREA = "vacants whose parcel is a point or a line, or has no area"
WITHOUT_ROOF = (NO_OUTLINE, NO_AREA)
"""Troubles of vacants that have no outline to look at."""
POINT = "a point"
LINE = "a line"
FLAT = "an outline without area"
WITHOUT_AREA = (POINT, LINE, FLAT)
"""Faults of outlines that have a place, but no area that a roof could cover."""
Faults = NDArray[np.object_]
"""What is wrong with each outline in words, "" where nothing is, (n,)."""


def find_outline_faults(shapes: Shapes, crs: pyproj.CRS) -> Faults:
    """Return what is wrong with each outline.

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
    lon, lat = degrees_of(bounds, crs)
    on_earth = is_lon_lat(lon, lat).all(axis=1)
    for place in np.flatnonzero(~on_earth).tolist():
        faults[whole[place]] = _crs_fault(bounds[place], crs)
    return faults


def find_area_faults(shapes: Shapes) -> Faults:
    """Return which shapes have no area, and what they are."""
    faults = np.full(len(shapes), "", dtype=object)
    kinds = shapely.get_type_id(shapes)
    is_point = np.isin(kinds, (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT))
    lines = ("LINESTRING", "LINEARRING", "MULTILINESTRING")
    is_line = np.isin(kinds, [shapely.GeometryType[name] for name in lines])
    # The two halves of a bow tie cancel out until it is repaired.
    flat = np.flatnonzero(is_area(shapes) & (shapely.area(shapes) == 0))
    flat = flat[shapely.area(shapely.make_valid(shapes[flat])) == 0]

    faults[is_point] = POINT
    faults[is_line] = LINE
    faults[flat] = FLAT
    return faults


def find_strays(shapes: Shapes, crs: pyproj.CRS) -> Faults:
    """Return by how far outlines lie from the others, for those that cannot be in this city.

    Args:
        shapes: Outlines of the vacants or None, (n,).
        crs: Their CRS.
    """
    faults = np.full(len(shapes), "", dtype=object)
    known = np.flatnonzero(~shapely.is_missing(shapes))
    middle = place_of(shapes[known], crs)
    if middle is None:
        return faults

    lon, lat = degrees_of(shapely.bounds(shapes[known]), crs)
    away_km = distances_km(middle, lon, lat).max(axis=1)
    swapped_km = distances_km(middle, lat, lon).max(axis=1)
    usual_km = float(np.median(away_km))
    limit_km = float(np.clip(MANY_TIMES * usual_km, NEAR_KM, FAR_KM))

    for place in np.flatnonzero(~(away_km <= limit_km)).tolist():
        hint = ""
        if crs.is_geographic and swapped_km[place] <= limit_km:
            hint = ": latitude and longitude are swapped"
        faults[known[place]] = f"{away_km[place]:,.0f} km from the other parcels{hint}"
    return faults


def place_of(shapes: Shapes, crs: pyproj.CRS) -> Place | None:
    """Return the middle of most shapes; None where no shape is on the earth."""
    lon, lat = degrees_of(shapely.bounds(shapes), crs)
    on_earth = is_lon_lat(lon, lat).all(axis=1)
    if not on_earth.any():
        return None

    degrees = np.column_stack([lon[on_earth].mean(axis=1), lat[on_earth].mean(axis=1)])
    middle_lon, middle_lat = np.percentile(degrees, 50, axis=0, method="lower").tolist()
    return Place(lon=middle_lon, lat=middle_lat)


def find_wrong_crs(shapes: Shapes, crs: pyproj.CRS, faults: Faults) -> str:
    """Return why the declared CRS cannot be that of the outlines, "" where it can.

    Args:
        shapes: Outlines as they were read, (n,).
        crs: Their declared CRS.
        faults: What is wrong with each.
    """
    is_wrong = np.array([CANNOT_BE in fault for fault in faults], bool)
    has_place = is_wrong | (faults == "")
    if not has_place.any():
        return ""

    bounds = shapely.bounds(shapes[has_place])
    must_be_degrees = crs.is_projected and _are_degrees(bounds)
    if not must_be_degrees and is_wrong.sum() <= WRONG_PLACES * has_place.sum():
        return ""

    seen = bounds if must_be_degrees else shapely.bounds(shapes[is_wrong])
    middle = np.median(seen, axis=0)
    return f"{_crs_fault(middle, crs)}; {guess_numbers(middle, crs)}"


def guess_numbers(bounds: NDArray[np.float64], crs: pyproj.CRS) -> str:
    """Return what numbers look like that cannot be in a CRS, and the remedy.

    Args:
        bounds: West, south, east, north, (4,).
        crs: The declared CRS.
    """
    x = float(np.abs(bounds[[0, 2]]).max())
    y = float(np.abs(bounds[[1, 3]]).max())
    if not crs.is_geographic and x <= 360 and y <= 360:
        return (
            "they look like degrees of longitude and latitude; "
            "give the file its true CRS (ogr2ogr -a_srs EPSG:4326)"
        )
    if x <= 90 and y <= 360:
        return (
            "latitude and longitude are swapped; "
            'write x as longitude (ogr2ogr -ct "+proj=axisswap +order=2,1")'
        )
    return (
        "they look like projected numbers such as State Plane feet or UTM meters; "
        "give the file its true CRS (ogr2ogr -a_srs)"
    )


def usable(shapes: Shapes, faults: Faults) -> Shapes:
    """Return the outlines without those that have a fault."""
    kept = shapes.copy()
    kept[faults != ""] = None
    return kept


def find_bad_outlines(names: pd.Series, faults: pd.Series) -> tuple[Trouble, ...]:
    """Return the vacants without an outline that can be used, by what becomes of them.

    Args:
        names: Ids of the vacants without an outline.
        faults: What is wrong with each.
    """
    is_flat = faults.isin(WITHOUT_AREA)
    found = []
    if is_flat.any():
        found.append(_flat_trouble(names[is_flat], faults[is_flat]))
    if (~is_flat).any():
        found.append(_lost_trouble(names[~is_flat], faults[~is_flat]))
    return tuple(found)


def _flat_trouble(names: pd.Series, words: pd.Series) -> Trouble:
    return Trouble(
        what=NO_AREA,
        examples=_name_faults(names, words),
        remedy=(
            "parcels must be outlines (polygons): give [parcels] path that layer; "
            "until then they are NOT ASSESSED (no_roof_area)"
        ),
    )


def _lost_trouble(names: pd.Series, words: pd.Series) -> Trouble:
    wrong_crs = words.str.contains(CANNOT_BE).any()
    crs_remedy = "give the parcel file its true CRS (ogr2ogr -a_srs) or correct these outlines"
    remedy = crs_remedy if wrong_crs else "correct them in the parcel file"
    return Trouble(
        what=NO_OUTLINE,
        examples=_name_faults(names, words),
        remedy=f"{remedy}; until then they are NOT ASSESSED (no_geometry)",
    )


def _name_faults(names: pd.Series, words: pd.Series) -> tuple[str, ...]:
    return tuple(f"{shown(name)} ({fault})" for name, fault in zip(names, words, strict=True))


def degrees_of(
    bounds: NDArray[np.float64], crs: pyproj.CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude of two corners of each box, (n, 2) each."""
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    lon, lat = to_degrees.transform(bounds[:, [0, 2]], bounds[:, [1, 3]])
    return lon, lat


def _are_degrees(bounds: NDArray[np.float64]) -> bool:
    """Tell whether the boxes (n, 4) of a projected CRS are as small and as near 0 as degrees."""
    sides = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    are_near_0 = is_lon_lat(bounds[:, [0, 2]], bounds[:, [1, 3]]).all(axis=1)
    return bool(np.median(sides) < WIDEST_LOT and are_near_0.mean() > WRONG_PLACES)


def _crs_fault(bounds: NDArray[np.float64], crs: pyproj.CRS) -> str:
    return f"{_name_bounds(bounds)} {CANNOT_BE} {_system(crs)}"


def _name_bounds(bounds: NDArray[np.float64]) -> str:
    west, south, east, north = (f"{end:.7g}" for end in bounds)
    return f"x {west} to {east}, y {south} to {north}"


def _system(crs: pyproj.CRS) -> str:
    return f"degrees of {crs.name}" if crs.is_geographic else crs.name
