"""Decoding one unit of a tile: libjpeg-turbo for JPEG where the whole flyover is JPEG, GDAL for all else.

Decoders differ by a gray level or more, so one decoder serves a whole flyover, in training and scoring alike.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window

from imagery.flyover.guard import READ_ERRORS, call_guarded
from imagery.flyover.tiles import FRAME_DRIVERS, LARGEST_BLOCK_PX, Tile

TURBO, GDAL = "libjpeg-turbo", "gdal"
Pixels = NDArray[np.uint8]
UNIT_PX = 512
"""Side of a decode unit where the file has no blocks of its own, pixels."""
BAND_ROWS = 256
"""Rows of a decode unit of files that are compressed line by line."""
BLACK = 3
"""Gray level up to which lossy compression may have turned an undeclared black border."""
BLOB_PX = 9
"""Side of the smallest black square that is taken for missing data in a lossy tile, pixels."""
MOST_SCANS = 100
"""Scans of a JPEG that are decoded, as in GDAL; ordinary ones have 1 to 10."""
FRAME_SLACK_PX = 64
"""Pixels by which a JPEG may be larger than its block, which some writers fill up."""
OPEN_TILES = 64
"""Files kept open per worker."""
NODATA, UNREADABLE, DATA = 1, 2, 255
"""What is known of a pixel, in the fourth channel beside red, green and blue; 0 is outside of all tiles."""
GDAL_OPTIONS: dict[str, object] = {
    "GDAL_CACHEMAX": 64_000_000,  # bytes; units are kept by us, not by GDAL
    "GTIFF_VIRTUAL_MEM_IO": "IF_ENOUGH_RAM",  # uncompressed files are mapped
    "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
    "GDAL_HTTP_MAX_RETRY": 3,
    "GDAL_HTTP_RETRY_DELAY": 1,
    "GDAL_HTTP_CONNECTTIMEOUT": 20,
    "GDAL_HTTP_LOW_SPEED_TIME": 60,
    "GDAL_HTTP_LOW_SPEED_LIMIT": 100,  # bytes per second; a server that falls silent is an error, not a wait
    "VSI_CACHE": True,
    "VSI_CACHE_SIZE": 8_000_000,
}


def choose_decoder(tiles: tuple[Tile, ...]) -> str:
    """Return the decoder that serves all tiles of a flyover: `TURBO` or `GDAL`."""
    return TURBO if tiles and all(_is_plain_jpeg(tile) for tile in tiles) else GDAL


def decode_unit(tile: Tile, decoder: str) -> tuple[int, int]:
    """Return the (rows, columns) that are decoded at once: a block of the file, a band of lines, or for libjpeg-turbo a whole JPEG file."""
    rows, columns = tile.block
    if decoder == TURBO:
        return (tile.height, tile.width) if tile.driver == "JPEG" else tile.block
    if tile.driver in FRAME_DRIVERS or (
        tile.driver == "GTiff" and tile.compression and columns >= tile.width
    ):
        band = min(BAND_ROWS, LARGEST_BLOCK_PX // tile.width)
        return min(
            tile.height, max(rows, band // rows * rows)
        ), tile.width  # whole strips, read from top to bottom
    if tile.compression or rows * columns >= 128 * 128:
        return tile.block
    return min(UNIT_PX, tile.height), min(UNIT_PX, tile.width)


@contextmanager
def decoding() -> Iterator[None]:
    """Set GDAL up for decoding; units are only decoded inside."""
    with rasterio.Env(**GDAL_OPTIONS):
        yield


def read_unit(
    tile: Tile, row: int, column: int, *, decoder: str, white: float, out: Pixels | None = None
) -> tuple[Pixels, bool]:
    """Decode one unit.

    Args:
        tile: Header of the file.
        row: Row of the unit in the grid of units.
        column: Its column.
        decoder: What `choose_decoder` said for the flyover.
        white: Pixel value shown as 255 in tiles deeper than 8 bit.
        out: A used array of the unit's shape to be written over, which saves fetching memory anew.

    Returns:
        Red, green, blue and what is known (`NODATA` or `DATA`), uint8 (h, w, 4); and whether all of it is data.

    Raises:
        READ_ERRORS: the unit cannot be decoded.
    """
    if tile.max_seconds > 0:
        here = replace(tile, max_seconds=0.0)
        return call_guarded(
            tile.path, tile.max_seconds, read_unit, here, row, column, decoder=decoder, white=white
        )

    rows, columns = decode_unit(tile, decoder)
    top, left = row * rows, column * columns
    height, width = min(rows, tile.height - top), min(columns, tile.width - left)
    if decoder == GDAL:
        pixels = (
            np.empty((height, width, 4), np.uint8)
            if out is None or out.shape != (height, width, 4)
            else out
        )
        try:
            return pixels, _read_gdal(tile, Window(left, top, width, height), white, pixels)
        except READ_ERRORS:
            _dataset.cache_clear()  # once it has failed on a file, GDAL may read black out of it without a word
            raise
    pixels = _read_turbo(tile, row, column, out)
    if pixels.shape[0] < height or pixels.shape[1] < width or pixels.shape[2:] != (4,):
        raise ValueError(
            f"{tile.path}: a block decodes to {pixels.shape}, want {(height, width, 4)}"
        )
    pixels = pixels[:height, :width]
    return pixels, _mark_nodata(tile, pixels) and bool(
        pixels[0, 0, 3] == DATA
    )  # a hole is `NODATA` all over


def file_stamp(path: str) -> tuple[int, int]:
    """Return size and time of the last change in nanoseconds; zeros for GDAL virtual paths."""
    if path.startswith("/vsi"):
        return 0, 0
    facts = os.stat(path)  # noqa: PTH116  # once per unit, and faster than by pathlib
    return facts.st_size, facts.st_mtime_ns


def _is_plain_jpeg(tile: Tile) -> bool:
    """Tell whether libjpeg-turbo can take a tile's bytes as they are."""
    plain = (
        not tile.path.startswith("/vsi")
        and tile.depth == "uint8"
        and not tile.alpha
        and not tile.masked
        and tile.bands in ((1, 2, 3), (1, 1, 1))
    )
    if tile.driver == "JPEG":
        return (
            plain
            and tile.colorspace in ("YCbCr", "")
            and tile.width * tile.height <= LARGEST_BLOCK_PX
        )
    return (
        plain
        and tile.driver == "GTiff"
        and tile.compression == "jpeg"
        and tile.colorspace in ("YCbCr", "")
    )


def _read_turbo(tile: Tile, row: int, column: int, out: Pixels | None) -> Pixels:
    """Decode one JPEG to RGBX; libjpeg-turbo sets X to 255, which is `DATA`. A block that the file leaves out is `NODATA`."""
    if tile.driver == "JPEG":
        data, tables = Path(tile.path).read_bytes(), b""
    else:
        file = _jpeg_file(tile.path, tile.level, file_stamp(tile.path))
        data, tables = file.block(row, column), file.tables
        if not data:
            return np.full((*tile.block, 4), (0, 0, 0, NODATA), np.uint8)
    if not _is_complete(data):  # libjpeg would fill up with gray
        raise ValueError(f"{tile.path}: JPEG data ends early")
    _check_frame(tile, data)
    if len(set(tile.bands)) == 1:
        return np.asarray(
            cv2.cvtColor(
                imagecodecs.jpeg8_decode(data, tables=tables or None), cv2.COLOR_GRAY2RGBA
            ),
            dtype=np.uint8,
        )
    shape = (*decode_unit(tile, TURBO), 4)
    return np.asarray(
        imagecodecs.jpeg8_decode(
            data,
            tables=tables or None,
            outcolorspace="RGBA",
            out=out if out is not None and out.shape == shape else None,
        ),
        dtype=np.uint8,
    )


def _check_frame(tile: Tile, data: bytes) -> None:
    """Refuse a JPEG that would unpack to much more than its unit, or in so many scans that it takes minutes.

    Raises:
        ValueError: the frame is too large or has too many scans.
    """
    rows, columns = decode_unit(tile, TURBO)
    height, width = _frame_size(data)
    if height > rows + FRAME_SLACK_PX or width > columns + FRAME_SLACK_PX:
        raise ValueError(
            f"{tile.path}: a JPEG of {width} x {height} pixels in a block of {columns} x {rows}"
        )
    if data.count(b"\xff\xda") > MOST_SCANS:
        raise ValueError(f"{tile.path}: a JPEG of more than {MOST_SCANS} scans")


def _frame_size(data: bytes) -> tuple[int, int]:
    """Return the (rows, columns) that the frame header of a JPEG asks for; zeros if there is none."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height = int.from_bytes(data[place + 5 : place + 7], "big")
            return height, int.from_bytes(data[place + 7 : place + 9], "big")
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return 0, 0


def _is_complete(data: bytes) -> bool:
    """Tell whether a JPEG's last scan reaches its end-of-image marker; what may follow it is of no concern."""
    return (
        data.rstrip(b"\0").endswith(b"\xff\xd9")
        or data.find(b"\xff\xd9", data.rfind(b"\xff\xda")) >= 0
    )


class _JpegFile:
    """A TIFF of JPEG blocks, mapped into memory."""

    def __init__(self, path: str, level: int) -> None:
        """Map the file and read its shared tables."""
        self.source = rasterio.open(path)
        self.overview = {"ovr": level} if level >= 0 else {}
        text = self.source.get_tag_item("JPEGTABLES", "TIFF", bidx=1, **self.overview)
        self.tables = bytes.fromhex(text) if text else b""
        with Path(path).open("rb") as stream:
            self.bytes = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)

    def block(self, row: int, column: int) -> bytes:
        """Return the compressed bytes of one block, none where the file leaves it out.

        Raises:
            ValueError: the file is cut off before them.
        """
        offset, size = (
            self.source.get_tag_item(
                f"BLOCK_{name}_{column}_{row}", "TIFF", bidx=1, **self.overview
            )
            for name in ("OFFSET", "SIZE")
        )
        if not (offset and size):
            return b""
        if int(offset) + int(size) > len(self.bytes):
            raise ValueError("the file ends before the block")
        return self.bytes[int(offset) : int(offset) + int(size)]


def _read_gdal(tile: Tile, window: Window, white: float, out: Pixels) -> bool:
    """Read a window into RGBX (h, w, 4); return whether all of it is data."""
    source = _dataset(tile.path, tile.level, file_stamp(tile.path))
    if tile.depth == "uint8" and tile.bands == (1, 2, 3) and not tile.alpha:
        source.read([1, 2, 3], window=window, out=out[..., :3].transpose(2, 0, 1))
        out[..., 3] = DATA
        whole = _mark_nodata(tile, out)
    else:
        whole = _read_other(tile, source, window, white, out)
    whole = (
        not (tile.driver == "GTiff" and tile.level < 0 and _mark_holes(tile, source, window, out))
        and whole
    )
    if not tile.masked:
        return whole
    hidden = source.read_masks(1, window=window) == 0
    out[hidden, 3] = NODATA
    return whole and not hidden.any()


def _mark_holes(tile: Tile, source: DatasetReader, window: Window, out: Pixels) -> bool:
    """Mark the blocks that a sparse GeoTIFF leaves out, which GDAL fills up with black; return whether there are any."""
    (rows, columns), holes = tile.block, False
    row, column = window.row_off // rows, window.col_off // columns
    tops = [
        max(0, top - window.row_off)
        for top in range(row * rows, window.row_off + window.height, rows)
    ]
    lefts = [
        max(0, left - window.col_off)
        for left in range(column * columns, window.col_off + window.width, columns)
    ]
    for down, right in np.argwhere(
        ~out[np.ix_(tops, lefts)][..., :3].any(axis=2)
    ).tolist():  # blocks that begin black
        part = out[tops[down] : (*tops, None)[down + 1], lefts[right] : (*lefts, None)[right + 1]]
        if (
            source.get_tag_item(f"BLOCK_OFFSET_{column + right}_{row + down}", "TIFF", bidx=1)
            is None
            and not part[..., :3].any()
        ):
            part[..., 3], holes = NODATA, True
    return holes


def _read_other(
    tile: Tile, source: DatasetReader, window: Window, white: float, out: Pixels
) -> bool:
    """Read gray, palette, alpha or deep pixels."""
    bands = sorted(set(tile.bands))
    raw = source.read([*bands, *([tile.alpha] if tile.alpha else [])], window=window)
    color, missing = raw[: len(bands)], np.zeros(raw.shape[1:], bool)
    if tile.palette:
        table = _palette(tile.path, tile.level, file_stamp(tile.path))
        rgba = table[np.clip(color[0], 0, len(table) - 1).astype(np.intp)]
        out[..., :3] = rgba[..., :3]
        missing |= rgba[..., 3] == 0
    else:
        eight = color if tile.depth == "uint8" else to_eight_bits(color, white)
        out[..., :3] = eight[[bands.index(band) for band in tile.bands]].transpose(1, 2, 0)
    if tile.alpha:
        missing |= raw[-1] == 0
    if color.dtype.kind == "f":
        missing |= (~np.isfinite(color)).all(axis=0)
    if tile.nodata is not None:
        missing |= (color == tile.nodata).all(axis=0)
    out[..., 3] = np.where(missing, np.uint8(NODATA), np.uint8(DATA))
    return not missing.any()


def to_eight_bits(color: NDArray[np.generic], white: float) -> Pixels:
    """Scale 0 to `white` to 0 to 255; what lies outside is clipped before it can overflow, and NaN is no data anyway."""
    near = np.clip(np.nan_to_num(color.astype(np.float32)), 0, 2 * white)
    return np.asarray(np.clip(near * (255.0 / white), 0, 255), dtype=np.uint8)


def _mark_nodata(tile: Tile, pixels: Pixels) -> bool:
    """Mark the declared nodata value in 8-bit RGBX (h, w, 4); return whether all of it is data."""
    if tile.nodata is None or not 0 <= tile.nodata <= 255:
        return True
    missing = cv2.inRange(pixels, (*(tile.nodata,) * 3, 0), (*(tile.nodata,) * 3, 255))
    if not cv2.countNonZero(missing):
        return True
    pixels[missing > 0, 3] = NODATA
    return False


def black_blobs(pixels: Pixels) -> NDArray[np.bool_] | None:
    """Return where RGBX (h, w, 4) of a lossy tile is black without texture in squares of `BLOB_PX`; None where it is nowhere."""
    sample = np.ascontiguousarray(
        pixels[BLOB_PX - 1 :: BLOB_PX, BLOB_PX - 1 :: BLOB_PX]
    )  # every blob holds one of these
    if not sample.size or not cv2.countNonZero(
        cv2.inRange(sample, (0, 0, 0, 0), (BLACK, BLACK, BLACK, 255))
    ):
        return None
    black = cv2.inRange(pixels, (0, 0, 0, 0), (BLACK, BLACK, BLACK, 255))
    blobs = cv2.morphologyEx(black, cv2.MORPH_OPEN, np.ones((BLOB_PX, BLOB_PX), np.uint8))
    return np.asarray(blobs > 0) if cv2.countNonZero(blobs) else None


@lru_cache(maxsize=OPEN_TILES)
def _dataset(path: str, level: int, stamp: tuple[int, int]) -> DatasetReader:
    """Open a file once per worker and delivery; GDAL closes it when the cache lets go of it."""
    return rasterio.open(path, overview_level=level) if level >= 0 else rasterio.open(path)


@lru_cache(maxsize=OPEN_TILES)
def _palette(path: str, level: int, stamp: tuple[int, int]) -> Pixels:
    return color_table(_dataset(path, level, stamp))


def color_table(source: DatasetReader) -> Pixels:
    """Return the colors that the numbers of a palette tile mean, RGBA (n, 4)."""
    colors = source.colormap(1)
    table = np.zeros((max(colors) + 1, 4), np.uint8)
    for number, rgba in colors.items():
        table[number] = rgba
    return table


@lru_cache(maxsize=OPEN_TILES)
def _jpeg_file(path: str, level: int, stamp: tuple[int, int]) -> _JpegFile:
    return _JpegFile(path, level)
