"""Parcels and building outlines held against each other in whole arrays. No file is opened here."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer

BUILDING_M2 = 4.0
"""Less of an outline on a parcel is one that grazes it."""

SLIVER_M, SLIVER_M2 = 0.01, 0.05
"""Less is the wall of the house next door."""
EARTH_M = 6_371_000.0

Places = NDArray[np.intp]


def roofs_of(lots: gpd.GeoSeries, buildings: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return each parcel intersected with the buildings on it; the parcel itself where there is none.

    Args:
        lots: Polygons or None, in a CRS in meters.
        buildings: Outlines, any CRS; one may cover a whole row of houses. Parcels go to their CRS and roofs come back.
    """
    rows, parts = _parts_on(lots.to_crs(buildings.crs), buildings)
    built, place, counts = np.unique(rows, return_inverse=True, return_counts=True)
    pieces = np.full((len(built), int(counts.max(initial=1))), None, dtype=object)
    pieces[place, np.arange(len(rows)) - (np.cumsum(counts) - counts)[place]] = parts
    several = counts > 1
    pieces[several, 0] = shapely.union_all(pieces[several], axis=1)
    found = gpd.GeoSeries(pieces[:, 0], crs=buildings.crs).to_crs(lots.crs).to_numpy()
    roofs, big = lots.to_numpy().copy(), shapely.area(found) >= BUILDING_M2
    roofs[built[big]] = found[big]
    return gpd.GeoSeries(roofs, index=lots.index, crs=lots.crs)


def _parts_on(lots: gpd.GeoSeries, buildings: gpd.GeoSeries) -> tuple[Places, NDArray[np.object_]]:
    """Return what lies on a parcel of every building: place of the parcel, rising, and the polygons."""
    shapes, unit_m = lots.to_numpy(), meters_per_unit(lots.crs)
    rows, hits = buildings.sindex.query(shapes)
    overlap = _overlap_when_turned(shapes[rows], buildings.to_numpy()[hits], SLIVER_M / unit_m)
    rows, hits = rows[overlap], hits[overlap]
    needed, place = np.unique(hits, return_inverse=True)
    cut = shapely.intersection(shapes[rows], solid(buildings.to_numpy()[needed])[place])
    order = np.lexsort((hits, rows))
    order = order[shapely.area(cut[order]) * unit_m**2 > SLIVER_M2]
    return rows[order], _polygons_of(cut[order])


def _overlap_when_turned(
    lots: NDArray[np.object_], houses: NDArray[np.object_], least: float
) -> NDArray[np.bool_]:
    """Return which pairs have boxes that overlap by more than a little once both are turned to the lot's longest edge.

    Lots are turned against the map, so the boxes of most houses next door meet those of a lot, and their outlines do not.
    """
    if not len(lots):
        return np.zeros(0, dtype=bool)
    xy, pair = shapely.get_coordinates(lots, return_index=True)
    step = np.append(np.diff(xy, axis=0), [[0.0, 0.0]], axis=0)
    length = np.where(
        np.append(pair[1:] == pair[:-1], False), np.hypot(step[:, 0], step[:, 1]), 0.0
    )
    longest = np.lexsort((length, pair))[np.append(np.flatnonzero(np.diff(pair)), len(pair) - 1)]
    along = step[longest] / length[longest, None]
    low, high = _turned_bounds(xy, pair, along)
    other_low, other_high = _turned_bounds(
        *shapely.get_coordinates(houses, return_index=True), along
    )
    return np.asarray(
        (np.minimum(high, other_high) - np.maximum(low, other_low) > least).all(axis=1), dtype=bool
    )


def _turned_bounds(
    xy: NDArray[np.float64], owner: Places, along: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and greatest distances along and across a direction, (n, 2) each."""
    direction = along[owner]
    turned = np.stack(
        [(xy * direction).sum(axis=1), xy[:, 1] * direction[:, 0] - xy[:, 0] * direction[:, 1]],
        axis=1,
    )
    first = np.append(0, np.flatnonzero(np.diff(owner)) + 1)
    return np.minimum.reduceat(turned, first), np.maximum.reduceat(turned, first)


def boxes_around(shapes: gpd.GeoSeries, margin_m: float) -> NDArray[np.object_]:
    """Return the box around each shape, wider by a margin; None where there is no shape."""
    margin = margin_m / meters_per_unit(shapes.crs)
    if shapes.crs.is_geographic:  # a degree of longitude shrinks toward the poles
        margin /= np.cos(
            np.radians(min(89.0, np.nanmax(np.abs(shapes.total_bounds[[1, 3]]), initial=0.0)))
        )
    bounds = shapely.bounds(shapes.to_numpy()) + np.array([-margin, -margin, margin, margin])
    boxes = np.full(len(bounds), None, dtype=object)
    known = np.isfinite(bounds).all(axis=1)
    boxes[known] = shapely.box(*bounds[known].T)
    return boxes


def meters_per_unit(crs: CRS) -> float:
    """Return the meters of one unit of a CRS, for degrees those of a degree of latitude."""
    unit = float(crs.axis_info[0].unit_conversion_factor)
    return EARTH_M * unit if crs.is_geographic else unit


def true_to_scale(shapes: gpd.GeoSeries) -> tuple[gpd.GeoSeries, float]:
    """Return shapes in a CRS whose units are as long on the ground as they say, within 0.2%, and the meters of one.

    The CRS stays where it is such a one (State Plane, UTM); degrees and Web Mercator go to the UTM zone.
    """
    if not shapes.notna().any():
        return shapes, 1.0
    if shapes.crs.is_projected:
        west, south, east, north = shapes.total_bounds
        center = Transformer.from_crs(
            shapes.crs, shapes.crs.geodetic_crs, always_xy=True
        ).transform((west + east) / 2, (south + north) / 2)
        scale = Proj(shapes.crs).get_factors(*center)
        if max(abs(scale.meridional_scale - 1), abs(scale.parallel_scale - 1)) < 0.002:
            return shapes, meters_per_unit(shapes.crs)
    return shapes.to_crs(shapes.estimate_utm_crs()), 1.0


def solid(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Mend the shapes that cross themselves."""
    bad = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    if not bad.any():
        return shapes
    mended = shapes.copy()
    mended[bad] = shapely.make_valid(shapes[bad])
    return mended


def _polygons_of(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Keep the polygons of each shape; an empty polygon where there are none."""
    kept = np.full(len(shapes), shapely.Polygon(), dtype=object)
    plain = np.isin(
        shapely.get_type_id(shapes),
        (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
    )
    kept[plain] = shapes[plain]
    for place in np.flatnonzero(
        shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    ):
        parts = shapely.get_parts(shapes[place])
        kept[place] = shapely.union_all(
            parts[
                np.isin(
                    shapely.get_type_id(parts),
                    (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
                )
            ]
        )
    return kept
