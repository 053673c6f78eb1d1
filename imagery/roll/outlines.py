"""Parcels compared with building outlines, in whole arrays. No file is opened here."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from imagery.crs import ground_meters_per_unit, meters_per_unit, middle_of, utm_zone
from imagery.roll.edges import Floats, Mask, Places
from imagery.shapes import Shapes, is_area, make_valid

BUILDING_M2 = 4.0
"""Less of an outline on a parcel is one that grazes it."""
AT_ONCE = 20_000
"""Parcels that are cut at once where only the answer is kept: a whole city takes gigabytes."""
SLIVER_M = 0.01
"""Boxes that overlap by less are those of the house next door."""
SLIVER_M2 = 0.05
"""Less ground is the wall of the house next door."""


def roofs_of(lots: gpd.GeoSeries, buildings: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return each parcel cut to the buildings on it, the parcel itself where there is none.

    Args:
        lots: Polygons or None, in a CRS in meters.
        buildings: Outlines, any CRS; one may cover a whole row of houses. Parcels go to their CRS
            and roofs come back.
    """
    built, found = _buildings_on(lots, buildings)
    roofs = lots.to_numpy().copy()
    roofs[built] = found
    return gpd.GeoSeries(roofs, index=lots.index, crs=lots.crs)


def are_built(lots: gpd.GeoSeries, buildings: gpd.GeoSeries) -> Mask:
    """Tell which parcels have a building outline, (n,); see `roofs_of`."""
    is_built = np.zeros(len(lots), dtype=bool)
    for start in range(0, len(lots), AT_ONCE):
        some = lots.iloc[start : start + AT_ONCE]
        is_built[start + _buildings_on(some, buildings)[0]] = True
    return is_built


def _buildings_on(lots: gpd.GeoSeries, buildings: gpd.GeoSeries) -> tuple[Places, Shapes]:
    """Return the places of the parcels with buildings, and what lies of these on each."""
    rows, parts = _parts_on(lots.to_crs(buildings.crs), buildings)
    built, place, counts = np.unique(rows, return_inverse=True, return_counts=True)

    # One row of pieces per parcel, so that a single call unites all of them.
    pieces = np.full((len(built), int(counts.max(initial=1))), None, dtype=object)
    before = np.cumsum(counts) - counts
    pieces[place, np.arange(len(rows)) - before[place]] = parts
    has_several = counts > 1
    pieces[has_several, 0] = shapely.union_all(pieces[has_several], axis=1)

    found = gpd.GeoSeries(pieces[:, 0], crs=buildings.crs).to_crs(lots.crs).to_numpy()
    is_building = shapely.area(found) >= BUILDING_M2
    return built[is_building], found[is_building]


def _parts_on(lots: gpd.GeoSeries, buildings: gpd.GeoSeries) -> tuple[Places, Shapes]:
    """Return what lies on a parcel of every building: place of the parcel, rising, and polygons."""
    shapes = lots.to_numpy()
    middle = middle_of(lots)
    unit_m = ground_meters_per_unit(lots.crs.to_wkt(), *middle) if middle else 1.0
    rows, hits = buildings.sindex.query(shapes)
    overlaps = _overlap_when_turned(shapes[rows], buildings.to_numpy()[hits], SLIVER_M / unit_m)
    rows = rows[overlaps]
    hits = hits[overlaps]

    needed, place = np.unique(hits, return_inverse=True)
    houses = make_valid(buildings.to_numpy()[needed])
    cut = shapely.intersection(shapes[rows], houses[place])

    order = np.lexsort((hits, rows))
    is_part = shapely.area(cut[order]) * unit_m**2 > SLIVER_M2
    order = order[is_part]
    return rows[order], _polygons_of(cut[order])


def _overlap_when_turned(lots: Shapes, houses: Shapes, least: float) -> Mask:
    """Tell which boxes overlap by more than a little once turned to the lot's longest edge.

    Lots are turned against the map, so the boxes of most houses next door meet those of a lot, and
    their outlines do not.

    Args:
        lots: A lot of each pair, (n,).
        houses: The house of each pair, (n,).
        least: Overlap that counts, CRS units.
    """
    if not len(lots):
        return np.zeros(0, dtype=bool)

    lot_xy, lot_pair = shapely.get_coordinates(lots, return_index=True)
    house_xy, house_pair = shapely.get_coordinates(houses, return_index=True)
    along = _longest_edges(lot_xy, lot_pair)
    low, high = _turned_bounds(lot_xy, lot_pair, along)
    house_low, house_high = _turned_bounds(house_xy, house_pair, along)

    shared = np.minimum(high, house_high) - np.maximum(low, house_low)
    return np.asarray((shared > least).all(axis=1), dtype=bool)


def _longest_edges(xy: Floats, owner: Places) -> Floats:
    """Return the direction of each shape's longest edge as a unit vector, (n, 2)."""
    step = np.append(np.diff(xy, axis=0), [[0.0, 0.0]], axis=0)
    is_edge = np.append(owner[1:] == owner[:-1], False)
    length = np.where(is_edge, np.hypot(step[:, 0], step[:, 1]), 0.0)

    last = np.append(np.flatnonzero(np.diff(owner)), len(owner) - 1)
    longest = np.lexsort((length, owner))[last]
    return np.asarray(step[longest] / length[longest, None])


def _turned_bounds(xy: Floats, owner: Places, along: Floats) -> tuple[Floats, Floats]:
    """Return the least and greatest distances along and across a direction, (n, 2) each."""
    direction = along[owner]
    ahead = (xy * direction).sum(axis=1)
    across = xy[:, 1] * direction[:, 0] - xy[:, 0] * direction[:, 1]
    turned = np.stack([ahead, across], axis=1)

    first = np.append(0, np.flatnonzero(np.diff(owner)) + 1)
    return np.minimum.reduceat(turned, first), np.maximum.reduceat(turned, first)


def boxes_around(shapes: gpd.GeoSeries, margin_m: float) -> Shapes:
    """Return the box around each shape, wider by a margin; None where there is no shape."""
    margin = margin_m / meters_per_unit(shapes.crs)
    if shapes.crs.is_geographic:
        # A degree of longitude shrinks toward the poles.
        latitudes = np.abs(shapes.total_bounds[[1, 3]])
        farthest = min(89.0, np.nanmax(latitudes, initial=0.0))
        margin /= np.cos(np.radians(farthest))

    bounds = shapely.bounds(shapes.to_numpy()) + np.array([-margin, -margin, margin, margin])
    is_placed = np.isfinite(bounds).all(axis=1)
    boxes = np.full(len(bounds), None, dtype=object)
    boxes[is_placed] = shapely.box(*bounds[is_placed].T)
    return boxes


def true_to_scale(shapes: gpd.GeoSeries) -> tuple[gpd.GeoSeries, float]:
    """Return shapes in a CRS that is true to the ground within 0.2%, and the meters of its unit.

    The CRS is kept where it is such a one (State Plane, UTM). Degrees and Web Mercator go to the
    UTM zone.
    """
    middle = middle_of(shapes)
    if middle is None:
        return shapes, 1.0

    unit_m = meters_per_unit(shapes.crs)
    ground_m = ground_meters_per_unit(shapes.crs.to_wkt(), *middle)
    if shapes.crs.is_projected and ground_m == unit_m:
        return shapes, unit_m
    return shapes.to_crs(utm_zone(shapes)), 1.0


def _polygons_of(shapes: Shapes) -> Shapes:
    """Keep the polygons of each shape; an empty polygon where there are none."""
    kept: NDArray[np.object_] = np.full(len(shapes), shapely.Polygon(), dtype=object)
    is_plain = is_area(shapes)
    kept[is_plain] = shapes[is_plain]

    is_mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    for place in np.flatnonzero(is_mixed):
        parts = shapely.get_parts(shapes[place])
        kept[place] = shapely.union_all(parts[is_area(parts)])
    return kept
