"""Geometry that several rooms need: repairing polygons, and an order along a Hilbert curve."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
"""Shapely geometries or None, (n,)."""
AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def is_area(shapes: Shapes) -> NDArray[np.bool_]:
    """Tell which shapes are polygons or multipolygons, (n,)."""
    return np.isin(shapely.get_type_id(shapes), AREAS)


def make_valid(shapes: Shapes) -> Shapes:
    """Return the shapes, with those repaired that cross themselves; missing ones stay missing."""
    is_broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    if not is_broken.any():
        return shapes

    repaired = shapes.copy()
    repaired[is_broken] = shapely.make_valid(shapes[is_broken])
    return repaired


def hilbert_order(shapes: gpd.GeoSeries) -> NDArray[np.int64]:
    """Return the places of shapes in an order that keeps neighbors together.

    Args:
        shapes: Geometries; missing ones come last. Equal places keep their order.
    """
    is_placed = shapes.notna().to_numpy()
    distance = np.full(len(shapes), np.iinfo(np.int64).max)
    west, south, east, north = shapes.total_bounds if is_placed.any() else (0.0, 0.0, 0.0, 0.0)

    if west < east and south < north:
        placed = shapes[is_placed]
        distance[is_placed] = placed.hilbert_distance(total_bounds=shapes.total_bounds)
    else:
        distance[is_placed] = 0
    return np.argsort(distance, kind="stable")
