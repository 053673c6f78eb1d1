"""Tiles at low resolution, for maps and samples: the one reader of coarse pixels."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from imagery.boxes import PixelBox
from imagery.flyover.gdal_env import decoding
from imagery.flyover.pixels import color_table, to_eight_bits
from imagery.flyover.tiles import Tile

MOST_PX = 500_000_000
"""Most pixels of one coarse read: 2 GB of colors and coverage."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CoarsePixels:
    """A part of a tile at low resolution."""

    color: NDArray[np.uint8]
    """Red, green, blue, (3, h, w)."""
    is_data: NDArray[np.bool_]
    """Which pixels show data, (h, w): neither nodata nor NaN, masked or see-through."""


def read_coarse(tile: Tile, box: PixelBox, shape: tuple[int, int], *, white: float) -> CoarsePixels:
    """Read a part of a tile at low resolution.

    Colors are averaged, so that thin lines do not break up. Palettes cannot be averaged: their
    pixels are picked.

    Args:
        tile: Header of a file at full resolution.
        box: The part, in pixels of the tile.
        shape: (height, width) of the result, no finer than the box.
        white: Pixel value shown as 255 in tiles deeper than 8 bit.

    Raises:
        RasterioError: the file cannot be read, or the result does not fit into memory.
    """
    height, width = shape
    if height * width > MOST_PX:
        raise RasterioError(
            f"{tile.path}: {width} x {height} coarse pixels, want at most {MOST_PX}"
        )

    window = Window(box.column_start, box.row_start, box.width, box.height)
    with open_coarse(tile) as source:
        is_data = source.dataset_mask(window=window, out_shape=shape) > 0
        if tile.palette:
            numbers = source.read(tile.bands[0], window=window, out_shape=shape)
            return _from_palette(source, numbers, is_data)

        values = source.read(
            list(tile.bands),
            window=window,
            out_shape=(len(tile.bands), *shape),
            resampling=Resampling.average,
        )

    if values.dtype.kind == "f":
        is_data = is_data & np.isfinite(values).any(axis=0)
    color = values if values.dtype == np.uint8 else to_eight_bits(values, white)
    return CoarsePixels(color=color, is_data=is_data)


@contextmanager
def open_coarse(tile: Tile) -> Iterator[DatasetReader]:
    """Open a tile for reading at low resolution; an overview older than it is passed over."""
    if not tile.stale_overview:
        with rasterio.open(tile.path) as source:
            yield source
        return

    # Of a VRT it may be that of a source, which GDAL finds among the names in a folder.
    options = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"} if tile.driver == "VRT" else {}
    with rasterio.Env(**options), rasterio.open(tile.path, overview_level="NONE") as source:
        yield source


def _from_palette(
    source: DatasetReader, numbers: NDArray[np.generic], is_data: NDArray[np.bool_]
) -> CoarsePixels:
    """Look up the numbers of a palette tile, (h, w)."""
    table = color_table(source)
    rgba = table[np.clip(numbers, 0, len(table) - 1).astype(np.intp)]  # (h, w, 4)
    color = np.moveaxis(rgba[..., :3], -1, 0)
    return CoarsePixels(color=color, is_data=is_data & (rgba[..., 3] > 0))


def sample_values(tile: Tile, *, side_px: int = 256) -> NDArray[np.generic]:
    """Return raw values of a tile that was thinned out, (n,), of all bands that show data.

    Args:
        tile: Header.
        side_px: Most pixels that are read along each side.

    Raises:
        RasterioError: the file cannot be read.
    """
    shape = (min(side_px, tile.height), min(side_px, tile.width))
    bands = sorted(set(tile.bands))
    with decoding(), open_coarse(tile) as source:
        is_data = source.dataset_mask(out_shape=shape) > 0
        values = source.read(bands, out_shape=(len(bands), *shape))[:, is_data]

    is_known = np.isfinite(values) & (values != tile.nodata)
    return np.asarray(values[is_known])
