"""Decoding one unit of a tile: by libjpeg-turbo where the whole flyover is JPEG, else by GDAL.

Decoders differ by a gray level or more, so one decoder serves a whole flyover, in training and
scoring alike.
"""

from dataclasses import replace
from functools import partial

import numpy as np
from rasterio.windows import Window

from imagery.flyover.gdal_blocks import read_gdal
from imagery.flyover.guard import READ_ERRORS, call_guarded
from imagery.flyover.jpeg_blocks import read_jpeg
from imagery.flyover.open_files import close_tiles
from imagery.flyover.pixels import DATA, Pixels, mark_nodata
from imagery.flyover.remote_reads import read_again
from imagery.flyover.tiles import Tile
from imagery.flyover.units import FRAME_DRIVERS, LARGEST_BLOCK_PX

TURBO = "libjpeg-turbo"
GDAL = "gdal"
UNIT_PX = 512
"""Side of a decode unit where the file has no blocks of its own, pixels."""
BAND_ROWS = 256
"""Rows of a decode unit of files that are compressed line by line."""
SMALL_BLOCK_PX = 128 * 128
"""Blocks that are not compressed and smaller than this are read several at once, pixels."""


def read_unit(
    tile: Tile,
    place: tuple[int, int],
    *,
    decoder: str,
    white: float,
    out: Pixels | None = None,
) -> tuple[Pixels, bool]:
    """Decode one unit.

    Args:
        tile: Header of the file.
        place: (row, column) of the unit in the grid of units.
        decoder: What `choose_decoder` said for the flyover.
        white: Pixel value shown as 255 in tiles deeper than 8 bit.
        out: A used array of the unit's shape to be written over, which saves allocating one.

    Returns:
        Red, green, blue and what is known (`NODATA` or `DATA`), uint8 (h, w, 4); and whether all
        of it is data.

    Raises:
        READ_ERRORS: the unit cannot be decoded.
    """
    read = partial(_read_once, tile, place, decoder=decoder, white=white, out=out)
    return read_again(tile.path, read) if tile.remote else read()


def _read_once(
    tile: Tile,
    place: tuple[int, int],
    *,
    decoder: str,
    white: float,
    out: Pixels | None = None,
) -> tuple[Pixels, bool]:
    """Decode one unit; see `read_unit`."""
    if tile.max_seconds > 0:
        unlimited = replace(tile, max_seconds=0.0)
        return call_guarded(
            tile.path,
            tile.max_seconds,
            _read_once,
            unlimited,
            place,
            decoder=decoder,
            white=white,
        )

    window = _unit_window(tile, place, decoder)
    if decoder == TURBO:
        return _read_by_turbo(tile, place, window, out)

    shape = (window.height, window.width, 4)
    pixels = np.empty(shape, np.uint8) if out is None or out.shape != shape else out
    try:
        is_whole = read_gdal(tile, window, white, pixels)
    except READ_ERRORS:
        # Once it has failed on a file, GDAL may read black out of it without a word.
        close_tiles()
        raise
    return pixels, is_whole


def choose_decoder(tiles: tuple[Tile, ...]) -> str:
    """Return the decoder that serves all tiles of a flyover: `TURBO` or `GDAL`."""
    return TURBO if tiles and all(_is_plain_jpeg(tile) for tile in tiles) else GDAL


def decode_unit(tile: Tile, decoder: str) -> tuple[int, int]:
    """Return the (rows, columns) that are decoded at once.

    It is a block of the file, a band of lines, or for libjpeg-turbo a whole JPEG file.
    """
    rows, columns = tile.block
    if decoder == TURBO:
        return (tile.height, tile.width) if tile.driver == "JPEG" else tile.block

    has_strips = tile.driver == "GTiff" and tile.compression and columns >= tile.width
    if has_strips or tile.driver in FRAME_DRIVERS:
        # Whole strips, which are read from top to bottom.
        band_rows = min(BAND_ROWS, LARGEST_BLOCK_PX // tile.width)
        whole_rows = max(rows, band_rows // rows * rows)
        return min(tile.height, whole_rows), tile.width

    if tile.compression or rows * columns >= SMALL_BLOCK_PX:
        return tile.block
    return min(UNIT_PX, tile.height), min(UNIT_PX, tile.width)


def _unit_window(tile: Tile, place: tuple[int, int], decoder: str) -> Window:
    """Return the pixels of a unit; those at the edges of the tile are smaller."""
    rows, columns = decode_unit(tile, decoder)
    top = place[0] * rows
    left = place[1] * columns
    width = min(columns, tile.width - left)
    height = min(rows, tile.height - top)
    return Window(left, top, width, height)


def _read_by_turbo(
    tile: Tile, place: tuple[int, int], window: Window, out: Pixels | None
) -> tuple[Pixels, bool]:
    """Decode one unit by libjpeg-turbo; see `read_unit`."""
    pixels = read_jpeg(tile, place, decode_unit(tile, TURBO), out)
    height = window.height
    width = window.width
    if pixels.shape[0] < height or pixels.shape[1] < width or pixels.shape[2:] != (4,):
        raise ValueError(
            f"{tile.path}: a block decodes to {pixels.shape}, want {(height, width, 4)}"
        )

    pixels = pixels[:height, :width]
    is_whole = mark_nodata(tile, pixels)
    is_hole = bool(pixels[0, 0, 3] != DATA)  # a hole is `NODATA` all over
    return pixels, is_whole and not is_hole


def _is_plain_jpeg(tile: Tile) -> bool:
    """Tell whether libjpeg-turbo can take a tile's bytes as they are."""
    is_plain = (
        not tile.path.startswith("/vsi")
        and bool(tile.jpeg_space)
        and not tile.alpha
        and not tile.masked
    )
    if tile.driver == "JPEG":
        return is_plain and tile.width * tile.height <= LARGEST_BLOCK_PX
    return is_plain
