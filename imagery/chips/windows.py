"""Oriented chip grids: arithmetic only, no file is opened.

All distances are meters: parcels come in a metric CRS (the UTM zone of the city), and this is the one place where meters
become pixels. A tile's CRS is reached by transforming the corners of the grids.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Affine6 = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipGrid:
    """Where the pixels of a chip lie: shape and affine together, in the city's metric CRS."""

    transform: Affine6
    """Affine a..f from chip (column, row) to metric x, y."""
    height: int
    """Rows; the short side of the parcel plus margins."""
    width: int
    """Columns; the long side of the parcel lies along x."""

    @property
    def corners(self) -> Floats:
        """Return the corners (4, 2) in metric x, y, in ring order."""
        pixels = np.array(
            [(0, 0), (self.width, 0), (self.width, self.height), (0, self.height)], dtype=np.float64
        )
        return pixel_to_xy(self.transform, pixels)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChipGrids:
    """The grids of many chips."""

    transforms: Floats
    """Affine a..f of each, (n, 6)."""
    heights: NDArray[np.int64]
    """Rows of each, (n,)."""
    widths: NDArray[np.int64]
    """Columns of each, (n,)."""

    def __getitem__(self, number: int) -> ChipGrid:
        """Return one grid."""
        a, b, c, d, e, f = self.transforms[number].tolist()
        return ChipGrid(
            transform=(a, b, c, d, e, f),
            height=int(self.heights[number]),
            width=int(self.widths[number]),
        )

    @property
    def corners(self) -> Floats:
        """Return all corners (n, 4, 2) in metric x, y, in ring order."""
        right, down = (
            self.transforms[:, [0, 3]] * self.widths[:, None],
            self.transforms[:, [1, 4]] * self.heights[:, None],
        )
        start = self.transforms[:, [2, 5]]
        return np.stack([start, start + right, start + right + down, start + down], axis=1)


def pixel_to_xy(transform: Affine6, pixels: Floats) -> Floats:
    """Map (n, 2) column-row pairs through affine a..f to (n, 2) x-y pairs."""
    a, b, c, d, e, f = transform
    return np.asarray(pixels @ np.array([[a, d], [b, e]]) + np.array([c, f]), dtype=np.float64)


def xy_to_pixel(transform: Affine6, xy: Floats) -> Floats:
    """Map (..., 2) x-y pairs to (..., 2) column-row pairs of the affine a..f."""
    a, b, c, d, e, f = transform
    return np.asarray(
        (xy - np.array([c, f])) @ (np.array([[e, -d], [-b, a]]) / (a * e - b * d)), dtype=np.float64
    )


def chip_grid(shape: BaseGeometry, *, gsd_m: float, margin_m: float, max_side_m: float) -> ChipGrid:
    """Lay a grid over one parcel; see `chip_grids`."""
    return chip_grids(
        np.array([shape], dtype=object), gsd_m=gsd_m, margin_m=margin_m, max_side_m=max_side_m
    )[0]


def chip_grids(
    shapes: NDArray[np.object_], *, gsd_m: float, margin_m: float, max_side_m: float
) -> ChipGrids:
    """Lay a grid over every parcel so that its long side lies along x.

    Args:
        shapes: Polygons or MultiPolygons in a metric CRS, (n,).
        gsd_m: Meters per pixel of the chip.
        margin_m: Meters kept on every side.
        max_side_m: Longer sides are cut to this around the center.

    Returns:
        Grids whose rows run to the right of their columns as in an image (no mirror image).
    """
    points = _box_corners(shapes)
    first, second = points[:, 1] - points[:, 0], points[:, 2] - points[:, 1]
    sides = np.sort(np.column_stack([np.hypot(*first.T), np.hypot(*second.T)]), axis=1)[:, ::-1]
    along = np.where((np.hypot(*first.T) >= np.hypot(*second.T))[:, None], first, second)
    angle = np.arctan2(along[:, 1], along[:, 0])
    angle -= math.pi * np.round(
        angle / math.pi
    )  # within a quarter turn of east, so that two years agree
    column = np.column_stack([np.cos(angle), np.sin(angle)]) * gsd_m
    row = np.column_stack([np.sin(angle), -np.cos(angle)]) * gsd_m
    pixels = np.maximum(1, np.ceil(np.minimum(sides + 2 * margin_m, max_side_m) / gsd_m)).astype(
        np.int64
    )
    start = points.mean(axis=1) - column * pixels[:, :1] / 2 - row * pixels[:, 1:] / 2
    transforms = np.column_stack(
        [column[:, 0], row[:, 0], start[:, 0], column[:, 1], row[:, 1], start[:, 1]]
    )
    return ChipGrids(transforms=transforms, heights=pixels[:, 1], widths=pixels[:, 0])


def _box_corners(shapes: NDArray[np.object_]) -> Floats:
    """Return the corners (n, 4, 2) of the smallest turned rectangle around each shape."""
    boxes = shapely.oriented_envelope(shapes)
    flat = shapely.get_type_id(boxes) != shapely.GeometryType.POLYGON
    boxes[flat] = shapely.box(*shapely.bounds(shapes[flat]).T) if flat.any() else boxes[flat]
    return shapely.get_coordinates(boxes).reshape(-1, 5, 2)[:, :4]


def draw_mask(shape: BaseGeometry, grid: ChipGrid) -> NDArray[np.bool_]:
    """Draw a polygon (holes left out) on the grid; (H, W), at least one pixel set."""
    canvas = np.zeros((grid.height, grid.width), dtype=np.uint8)
    parts = shape.geoms if isinstance(shape, MultiPolygon) else [shape]
    for part in parts:
        if isinstance(part, Polygon):
            rings = [part.exterior, *part.interiors]
            corners = [
                np.rint(
                    (xy_to_pixel(grid.transform, shapely.get_coordinates(ring)) - 0.5) * 256
                ).astype(np.int32)
                for ring in rings
            ]
            cv2.fillPoly(canvas, corners, 1, shift=8)
    if not cv2.countNonZero(canvas):
        canvas[grid.height // 2, grid.width // 2] = 1
    return canvas.view(np.bool_)


def fit_matrices(ends: Floats, widths: NDArray[np.int64], heights: NDArray[np.int64]) -> Floats:
    """Return the affine maps (n, 2, 3) from chip pixel corners to where they lie in an image, by least squares.

    Args:
        ends: Where the corners (0, 0), (w, 0), (w, h), (0, h) of each chip lie, (n, 4, 2) column-row pairs.
        widths: Columns of each chip, (n,).
        heights: Rows of each chip, (n,).
    """
    column = (ends[:, 1] - ends[:, 0] + ends[:, 2] - ends[:, 3]) / (2 * widths[:, None])
    row = (ends[:, 3] - ends[:, 0] + ends[:, 2] - ends[:, 1]) / (2 * heights[:, None])
    start = ends.mean(axis=1) - column * widths[:, None] / 2 - row * heights[:, None] / 2
    return np.stack([column, row, start], axis=2)


def pixel_windows(ends: Floats, pad: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the windows (n, 4) as (row from, row to, column from, column to) that hold the corners (n, 4, 2) and `pad` (n,) pixels around."""
    low = np.floor(ends.min(axis=1)).astype(np.int64) - pad[:, None]
    high = np.ceil(ends.max(axis=1)).astype(np.int64) + pad[:, None]
    return np.column_stack([low[:, 1], high[:, 1], low[:, 0], high[:, 0]])


def overlap(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what two sets of windows (n, 4) share; empty where row to <= row from or column to <= column from."""
    low, high = np.maximum(first, second), np.minimum(first, second)
    return np.column_stack([low[:, 0], high[:, 1], low[:, 2], high[:, 3]])
