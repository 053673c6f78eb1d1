"""Oriented chip grids: arithmetic only, no file is opened.

All distances are meters. Parcels come in a metric CRS (the UTM zone of the city), and this is the
one place where meters become pixels. A tile's CRS is reached by transforming the corners of the
grids.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from imagery.chips.affine import Affine6, Floats, Ints, Mask, pixel_to_xy, xy_to_pixel

MASK_SHIFT = 8
"""Fractional bits of the pixel coordinates in which outlines are drawn."""


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
        ring = [(0, 0), (self.width, 0), (self.width, self.height), (0, self.height)]
        return pixel_to_xy(self.transform, np.array(ring, dtype=np.float64))


@dataclass(frozen=True, kw_only=True, eq=False)
class ChipGrids:
    """The grids of many chips."""

    transforms: Floats
    """Affine a..f of each, (n, 6)."""
    heights: Ints
    """Rows of each, (n,)."""
    widths: Ints
    """Columns of each, (n,)."""

    def __getitem__(self, number: int) -> ChipGrid:
        """Return one grid."""
        a, b, c, d, e, f = self.transforms[number].tolist()
        return ChipGrid(
            transform=(a, b, c, d, e, f),
            height=int(self.heights[number]),
            width=int(self.widths[number]),
        )

    def take(self, chosen: Ints) -> "ChipGrids":
        """Return some grids, by number."""
        return ChipGrids(
            transforms=self.transforms[chosen],
            heights=self.heights[chosen],
            widths=self.widths[chosen],
        )

    def replace(self, chosen: Ints, others: "ChipGrids") -> "ChipGrids":
        """Return the grids with others in place of some, which are given by number."""
        transforms = self.transforms.copy()
        heights = self.heights.copy()
        widths = self.widths.copy()
        transforms[chosen] = others.transforms
        heights[chosen] = others.heights
        widths[chosen] = others.widths
        return ChipGrids(transforms=transforms, heights=heights, widths=widths)

    @property
    def corners(self) -> Floats:
        """Return all corners (n, 4, 2) in metric x, y, in ring order."""
        right = self.transforms[:, [0, 3]] * self.widths[:, None]
        down = self.transforms[:, [1, 4]] * self.heights[:, None]
        start = self.transforms[:, [2, 5]]
        return np.stack([start, start + right, start + right + down, start + down], axis=1)


def chip_grids(
    shapes: NDArray[np.object_], *, gsd_m: float, margin_m: float, max_side_m: float
) -> ChipGrids:
    """Lay a grid over every parcel so that its long side lies along x.

    Args:
        shapes: Polygons or MultiPolygons in a metric CRS, (n,).
        gsd_m: Meters per pixel of the chip.
        margin_m: Meters kept on every side.
        max_side_m: Longer sides are cut to this around the center; see `lay_grids`.

    Returns:
        Grids whose rows run to the right of their columns as in an image (no mirror image).
    """
    corners = _box_corners(shapes)
    first = corners[:, 1] - corners[:, 0]
    second = corners[:, 2] - corners[:, 1]
    first_m = np.hypot(first[:, 0], first[:, 1])
    second_m = np.hypot(second[:, 0], second[:, 1])

    along = np.where((first_m >= second_m)[:, None], first, second)
    angle = np.arctan2(along[:, 1], along[:, 0])
    # The angle stays within a quarter turn of east, so that two years agree.
    angle -= math.pi * np.round(angle / math.pi)
    column = np.column_stack([np.cos(angle), np.sin(angle)]) * gsd_m
    row = np.column_stack([np.sin(angle), -np.cos(angle)]) * gsd_m

    lengths_m = np.column_stack([np.maximum(first_m, second_m), np.minimum(first_m, second_m)])
    sides_m = np.minimum(lengths_m + 2 * margin_m, max_side_m)
    sides_px = np.maximum(1, np.ceil(sides_m / gsd_m)).astype(np.int64)
    widths = sides_px[:, 0]
    heights = sides_px[:, 1]

    center = corners.mean(axis=1)
    start = center - column * widths[:, None] / 2 - row * heights[:, None] / 2
    x_terms = (column[:, 0], row[:, 0], start[:, 0])
    y_terms = (column[:, 1], row[:, 1], start[:, 1])
    transforms = np.column_stack([*x_terms, *y_terms])
    return ChipGrids(transforms=transforms, heights=heights, widths=widths)


def _box_corners(shapes: NDArray[np.object_]) -> Floats:
    """Return the corners (n, 4, 2) of the smallest turned rectangle around each shape."""
    boxes = shapely.oriented_envelope(shapes)

    # The envelope of a point or a line is no polygon.
    is_flat = shapely.get_type_id(boxes) != shapely.GeometryType.POLYGON
    if is_flat.any():
        boxes[is_flat] = shapely.box(*shapely.bounds(shapes[is_flat]).T)

    rings = shapely.get_coordinates(boxes).reshape(-1, 5, 2)
    return rings[:, :4]


def draw_mask(shape: BaseGeometry, grid: ChipGrid) -> Mask:
    """Draw a polygon (holes left out) on the grid; (H, W), at least one pixel set."""
    canvas = np.zeros((grid.height, grid.width), dtype=np.uint8)
    parts = shape.geoms if isinstance(shape, MultiPolygon) else [shape]
    for part in parts:
        if isinstance(part, Polygon):
            rings = [_ring_pixels(ring, grid) for ring in (part.exterior, *part.interiors)]
            cv2.fillPoly(canvas, rings, 1, shift=MASK_SHIFT)

    if not cv2.countNonZero(canvas):
        canvas[grid.height // 2, grid.width // 2] = 1
    return canvas.view(np.bool_)


def _ring_pixels(ring: BaseGeometry, grid: ChipGrid) -> NDArray[np.int32]:
    """Return the corners of a ring as OpenCV draws them: pixel centers are whole numbers."""
    corners_px = xy_to_pixel(grid.transform, shapely.get_coordinates(ring))
    return np.asarray(np.rint((corners_px - 0.5) * 2**MASK_SHIFT), dtype=np.int32)
