"""Geometry of Esri's JSON as shapely geometry. No service is asked."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from imagery.services.client import Json
from imagery.shapes import Shapes

LEAST_OF_RING = 4
"""Vertices of the smallest ring, the first one twice."""


def read_shapes(geometries: Sequence[Json]) -> Shapes:
    """Return a geometry for each of Esri's; None where it is empty."""
    shapes = np.full(len(geometries), None, dtype=object)
    for place, geometry in enumerate(geometries):
        shapes[place] = read_shape(geometry)
    return shapes


def read_shape(geometry: Json) -> BaseGeometry | None:
    """Return one geometry; its third coordinate is dropped."""
    if "x" in geometry:
        place = _pair([geometry.get("x"), geometry.get("y")])
        return shapely.Point(place) if place else None
    if "points" in geometry:
        points = _pairs(geometry["points"])
        return shapely.MultiPoint(points) if points else None
    if "paths" in geometry:
        paths = [path for path in _lines(geometry["paths"]) if len(path) > 1]
        return shapely.MultiLineString(paths) if paths else None
    if "rings" in geometry:
        return _polygon(_lines(geometry["rings"]))
    return None


def _polygon(lines: Sequence[list[tuple[float, float]]]) -> BaseGeometry | None:
    """Return the polygons of rings: outer ones are clockwise, holes counterclockwise.

    A hole belongs to the smallest outer ring around it. One that no outer ring is around is an
    outer ring that was drawn the wrong way.
    """
    rings = [shapely.LinearRing(line) for line in lines if len(line) >= LEAST_OF_RING]
    shells = [shapely.Polygon(ring) for ring in rings if not ring.is_ccw]
    holes: list[list[shapely.LinearRing]] = [[] for _ in shells]

    astray = []
    for ring in (ring for ring in rings if ring.is_ccw):
        hole = shapely.Polygon(ring)
        place = _shell_around(hole, shells)
        if place is None:
            astray.append(hole)
        else:
            holes[place].append(ring)

    polygons = [
        shapely.Polygon(shell.exterior, inner) for shell, inner in zip(shells, holes, strict=True)
    ]
    polygons += astray
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _shell_around(hole: shapely.Polygon, shells: Sequence[shapely.Polygon]) -> int | None:
    """Return the place of the smallest outer ring around a hole, None for none.

    An island in the hole may be around the same point, and is smaller than the hole.
    """
    inside = hole.representative_point()
    around = [
        place
        for place, shell in enumerate(shells)
        if shell.area > hole.area and shell.contains(inside)
    ]
    return min(around, key=lambda place: shells[place].area, default=None)


def _lines(value: object) -> list[list[tuple[float, float]]]:
    return [_pairs(line) for line in value] if isinstance(value, list) else []


def _pairs(value: object) -> list[tuple[float, float]]:
    pairs = [_pair(item) for item in value] if isinstance(value, list) else []
    return [pair for pair in pairs if pair]


def _pair(value: object) -> tuple[float, float] | None:
    """Return x and y, None where one is missing; Esri writes "NaN" for an empty point."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    x, y = value[:2]
    if isinstance(x, int | float) and isinstance(y, int | float):
        return float(x), float(y)
    return None
