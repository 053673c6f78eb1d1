"""Outlines of tiles on the ground, in any CRS."""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from imagery.flyover.tiles import Tile

OUTLINE_POINTS = 9
"""Points per side of a tile's outline, which bends when it is reprojected."""


def tile_outlines(tiles: tuple[Tile, ...], crs: CRS) -> list[shapely.Polygon]:
    """Return the outline of every tile in another CRS, its sides bent as they are there.

    The outline of a tile that cannot be reprojected is empty.
    """
    to_crs = {}
    for wkt in {tile.crs for tile in tiles}:
        to_crs[wkt] = Transformer.from_crs(wkt, crs, always_xy=True)

    outlines = []
    for tile in tiles:
        x, y = to_crs[tile.crs].transform(*_ring(tile).T)
        is_reachable = np.isfinite(x).all() and np.isfinite(y).all()
        ring = np.column_stack([x, y]) if is_reachable else None
        outlines.append(shapely.Polygon(ring))
    return outlines


def _ring(tile: Tile) -> NDArray[np.float64]:
    """Return points along the sides of a tile in its CRS, (points, 2)."""
    along = np.linspace(0, 1, OUTLINE_POINTS)[:-1, None]
    starts = np.array(tile.corners)
    stops = np.roll(starts, -1, axis=0)
    sides = [start + (stop - start) * along for start, stop in zip(starts, stops, strict=True)]
    return np.concatenate(sides)
