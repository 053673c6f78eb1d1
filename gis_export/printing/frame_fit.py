"""How a tile and the picture of a printed map fit together. Arithmetic only."""

import math
from collections.abc import Iterable
from typing import Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from gis_export.printing.frame import Frame
from gis_export.printing.photo import transformer
from imagery.boxes import GroundBox, PixelBox
from imagery.flyover.tiles import Tile

PixelCorner = tuple[float, float]
"""Column and row."""


class Grid(Protocol):
    """Where the picture of a map is on the ground."""

    @property
    def crs(self) -> CRS:
        """Return its metric CRS."""

    @property
    def transform(self) -> Affine:
        """Return the affine from its pixels to `crs`."""


def frame_box(frame: Frame, ground: GroundBox) -> PixelBox:
    """Return the pixels of a frame's picture that some ground may touch; it may be empty."""
    to_pixels = ~frame.transform
    corners = [to_pixels * (ground.west, ground.north), to_pixels * (ground.east, ground.south)]
    height, width = frame.shape_px
    return _box_around(corners).overlap(_whole(height, width))


def tile_box(tile: Tile, frame: Frame) -> PixelBox:
    """Return the pixels of a tile that a frame shows; it may be empty."""
    to_tile = transformer(frame.crs.to_wkt(), tile.crs)
    west, south, east, north = to_tile.transform_bounds(*frame.ground.bounds)
    to_pixels = ~Affine(*tile.transform)
    places = [(west, north), (east, north), (east, south), (west, south)]
    corners = [to_pixels * place for place in places]
    return _box_around(corners).overlap(_whole(tile.height, tile.width))


def fit_matrix(tile: Tile, from_tile: Affine, grid: Grid, box: PixelBox) -> NDArray[np.float64]:
    """Fit a part of a map's picture to what was read of a tile.

    Over a few kilometers two map projections differ from an affine by less than a pixel.

    Args:
        tile: Header.
        from_tile: From pixels of the tile to pixels of what was read of it.
        grid: Where the map's picture is.
        box: The part of it.

    Returns:
        Affine from pixel centers of the box to pixel centers of what was read, (2, 3).
    """
    in_picture = _corners(box)
    in_part = _to_part(in_picture, tile, from_tile, grid)

    in_box = in_picture - (box.column_start, box.row_start)
    with_ones = np.column_stack([in_box, np.ones(len(in_box))])
    solution, *_ = np.linalg.lstsq(with_ones, in_part, rcond=None)
    matrix = solution.T

    # So far a whole number is the corner of a pixel. OpenCV takes it as the center.
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return np.asarray(matrix)


def _corners(box: PixelBox) -> NDArray[np.float64]:
    """Return column and row of the corners of a box, (4, 2)."""
    columns = (box.column_start, box.column_start, box.column_stop, box.column_stop)
    rows = (box.row_start, box.row_stop, box.row_start, box.row_stop)
    return np.column_stack([columns, rows]).astype(np.float64)


def _to_part(
    corners: NDArray[np.float64], tile: Tile, from_tile: Affine, grid: Grid
) -> NDArray[np.float64]:
    """Transform pixel corners of a map's picture to those of what was read of a tile, (n, 2)."""
    ground = np.array([grid.transform * corner for corner in corners.tolist()])
    to_tile = transformer(grid.crs.to_wkt(), tile.crs)
    xs, ys = to_tile.transform(ground[:, 0], ground[:, 1])

    to_part = from_tile @ ~Affine(*tile.transform)
    return np.array([to_part * place for place in zip(xs, ys, strict=True)])


def _box_around(corners: Iterable[PixelCorner]) -> PixelBox:
    """Return the whole pixels around some corners, and one more on every side."""
    columns, rows = zip(*corners, strict=True)

    return PixelBox(
        row_start=math.floor(min(rows)) - 1,
        row_stop=math.ceil(max(rows)) + 1,
        column_start=math.floor(min(columns)) - 1,
        column_stop=math.ceil(max(columns)) + 1,
    )


def _whole(height: int, width: int) -> PixelBox:
    return PixelBox(row_start=0, row_stop=height, column_start=0, column_stop=width)
