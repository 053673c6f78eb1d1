"""Oriented chip grids: arithmetic only, no file is opened.

All distances are metres: parcels come in a metric CRS (the UTM zone of the city), and this is the one place where metres
become pixels. A tile's CRS is reached by transforming the corners of the grid.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from imagery.flyover import Tile


@dataclass(frozen=True, kw_only=True)
class ChipGrid:
    """Where the pixels of a chip lie: shape and affine together, in the city's metric CRS."""

    transform: tuple[float, float, float, float, float, float]
    """Affine a..f from chip (column, row) to metric x, y."""
    height: int
    """Rows; the short side of the parcel plus margins."""
    width: int
    """Columns; the long side of the parcel lies along x."""

    @property
    def corners(self) -> NDArray[np.float64]:
        """Return the corners (4, 2) in metric x, y, in ring order."""
        pixels = np.array([(0, 0), (self.width, 0), (self.width, self.height), (0, self.height)], dtype=np.float64)
        return pixel_to_xy(self.transform, pixels)


def pixel_to_xy(transform: tuple[float, float, float, float, float, float], pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map (n, 2) column-row pairs through affine a..f to (n, 2) x-y pairs."""
    a, b, c, d, e, f = transform
    return np.asarray(pixels @ np.array([[a, d], [b, e]]) + np.array([c, f]), dtype=np.float64)


def xy_to_pixel(transform: tuple[float, float, float, float, float, float], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map (n, 2) x-y pairs to (n, 2) column-row pairs of the affine a..f."""
    a, b, c, d, e, f = transform
    return np.asarray((xy - np.array([c, f])) @ np.linalg.inv(np.array([[a, d], [b, e]])), dtype=np.float64)


def chip_grid(shape: BaseGeometry, *, gsd_m: float, margin_m: float, max_side_m: float) -> ChipGrid:
    """Lay a grid over a parcel so that its long side lies along x.

    Args:
        shape: Polygon or MultiPolygon in a metric CRS.
        gsd_m: Metres per pixel of the chip.
        margin_m: Metres kept on every side.
        max_side_m: Longer sides are cut to this around the center.

    Returns:
        A grid whose rows run to the right of its columns as in an image (no mirror image).
    """
    box = shape.minimum_rotated_rectangle
    points = np.asarray(box.exterior.coords)[:4] if isinstance(box, Polygon) else np.repeat([[shape.centroid.x, shape.centroid.y]], 4, axis=0)
    first, second = points[1] - points[0], points[2] - points[1]
    along = first if np.hypot(*first) >= np.hypot(*second) else second
    angle = math.atan2(along[1], along[0])
    angle -= math.pi * round(angle / math.pi)  # within a quarter turn of east, so that two years agree
    x_axis, y_axis = np.array([math.cos(angle), math.sin(angle)]), np.array([math.sin(angle), -math.cos(angle)])
    sides = [max(np.hypot(*first), np.hypot(*second)), min(np.hypot(*first), np.hypot(*second))]
    width, height = (max(1, math.ceil(min(side + 2 * margin_m, max_side_m) / gsd_m)) for side in sides)
    start = points.mean(axis=0) - x_axis * width * gsd_m / 2 - y_axis * height * gsd_m / 2
    column, row = x_axis * gsd_m, y_axis * gsd_m
    return ChipGrid(transform=(column[0], row[0], start[0], column[1], row[1], start[1]), height=height, width=width)


def draw_mask(shape: BaseGeometry, grid: ChipGrid) -> NDArray[np.bool_]:
    """Draw a polygon (holes left out) on the grid; (H, W), at least one pixel set."""
    canvas = np.zeros((grid.height, grid.width), dtype=np.uint8)
    parts = shape.geoms if isinstance(shape, MultiPolygon) else [shape]
    for part in parts:
        if isinstance(part, Polygon):
            rings = [part.exterior, *part.interiors]
            corners = [np.rint((xy_to_pixel(grid.transform, np.asarray(ring.coords)[:, :2]) - 0.5) * 256).astype(np.int32) for ring in rings]
            cv2.fillPoly(canvas, corners, 1, shift=8)
    if not canvas.any():
        canvas[grid.height // 2, grid.width // 2] = 1
    return canvas.astype(bool)


def grid_to_tile(grid: ChipGrid, tile: Tile, to_tile: Transformer) -> NDArray[np.float64]:
    """Return the 2 x 3 matrix from chip pixel corners to tile pixel corners (least squares over the four corners)."""
    x, y = to_tile.transform(grid.corners[:, 0], grid.corners[:, 1])
    target = xy_to_pixel(tile.transform, np.column_stack([x, y]))
    pixels = np.array([(0, 0, 1), (grid.width, 0, 1), (grid.width, grid.height, 1), (0, grid.height, 1)], dtype=np.float64)
    solution, *_ = np.linalg.lstsq(pixels, target, rcond=None)
    return np.asarray(solution.T, dtype=np.float64)
