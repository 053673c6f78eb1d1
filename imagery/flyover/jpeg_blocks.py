"""Reading a JPEG, or a block of a TIFF of JPEG blocks, by libjpeg-turbo."""

import mmap
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import rasterio

from imagery.flyover.open_files import OPEN_TILES, Stamp, tile_stamp
from imagery.flyover.pixels import NODATA, Pixels
from imagery.flyover.tiles import Tile

MOST_SCANS = 100
"""Scans of a JPEG that are decoded, as in GDAL; ordinary ones have 1 to 10."""
FRAME_SLACK_PX = 64
"""Pixels by which a JPEG may be larger than its block, which some writers fill up."""
START_OF_SCAN = b"\xff\xda"
END_OF_IMAGE = b"\xff\xd9"
FRAME_MARKERS = range(0xC0, 0xD0)
"""Second bytes of the markers that begin a frame, with a few that do not."""
OTHER_MARKERS = (0xC4, 0xC8, 0xCC)
"""Those of them that begin something else than a frame."""
FRAME_HEADER_BYTES = 9
"""Length of a frame header up to height and width."""


@dataclass(frozen=True, kw_only=True)
class JpegData:
    """One compressed JPEG."""

    data: bytes
    """The JPEG itself."""
    tables: bytes
    """Tables that it shares with other blocks of its file; none where it has its own."""


def read_jpeg(
    tile: Tile, place: tuple[int, int], shape: tuple[int, int], out: Pixels | None
) -> Pixels:
    """Decode one JPEG.

    Args:
        tile: Header of the file.
        place: (row, column) of the block.
        shape: (rows, columns) that a block holds.
        out: A used array of the block's shape to be written over.

    Returns:
        Red, green, blue and what is known, (h, w, 4): `DATA`, for libjpeg-turbo sets the fourth
        channel to 255; `NODATA` all over for a block that the file leaves out.

    Raises:
        ValueError: the JPEG is cut off or asks for too much.
    """
    jpeg = _find_jpeg(tile, place)
    if jpeg is None:
        return np.full((*tile.block, 4), (0, 0, 0, NODATA), np.uint8)

    # libjpeg would fill up with gray.
    if not _is_complete(jpeg.data):
        raise ValueError(f"{tile.path}: JPEG data ends early")
    _check_frame(tile, jpeg.data, shape)

    tables = jpeg.tables or None
    if tile.jpeg_space == "gray":
        gray = imagecodecs.jpeg8_decode(jpeg.data, tables=tables)
        return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGBA), dtype=np.uint8)

    fits = out is not None and out.shape == (*shape, 4)
    # Blocks of a TIFF do not say themselves what their three parts are; its tags do.
    is_block = tile.driver == "GTiff"
    color = imagecodecs.jpeg8_decode(
        jpeg.data,
        tables=tables,
        colorspace=tile.jpeg_space.upper() if is_block else None,
        outcolorspace="RGBA",
        out=out if fits else None,
    )
    return np.asarray(color, dtype=np.uint8)


def _find_jpeg(tile: Tile, place: tuple[int, int]) -> JpegData | None:
    """Return the compressed bytes of a block, None where the file leaves it out."""
    if tile.driver == "JPEG":
        return JpegData(data=Path(tile.path).read_bytes(), tables=b"")

    file = _jpeg_file(tile.path, tile.level, tile_stamp(tile))
    data = file.block(*place)
    return JpegData(data=data, tables=file.tables) if data else None


def _check_frame(tile: Tile, data: bytes, shape: tuple[int, int]) -> None:
    """Refuse a JPEG that would unpack to much more than its unit, or that takes minutes.

    Raises:
        ValueError: the frame is too large or has too many scans.
    """
    rows, columns = shape
    height, width = _frame_shape(data)
    if height > rows + FRAME_SLACK_PX or width > columns + FRAME_SLACK_PX:
        raise ValueError(
            f"{tile.path}: a JPEG of {width} x {height} pixels in a block of {columns} x {rows}"
        )
    if data.count(START_OF_SCAN) > MOST_SCANS:
        raise ValueError(f"{tile.path}: a JPEG of more than {MOST_SCANS} scans")


def _frame_shape(data: bytes) -> tuple[int, int]:
    """Return the (rows, columns) in the frame header of a JPEG; zeros if there is none."""
    place = 2
    while place + FRAME_HEADER_BYTES <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue

        if marker in FRAME_MARKERS and marker not in OTHER_MARKERS:
            height = int.from_bytes(data[place + 5 : place + 7], "big")
            width = int.from_bytes(data[place + 7 : place + 9], "big")
            return height, width
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return 0, 0


def _is_complete(data: bytes) -> bool:
    """Tell whether a JPEG's last scan reaches its end-of-image marker, whatever may follow it."""
    if data.rstrip(b"\0").endswith(END_OF_IMAGE):
        return True
    return data.find(END_OF_IMAGE, data.rfind(START_OF_SCAN)) >= 0


class JpegFile:
    """A TIFF of JPEG blocks, mapped into memory."""

    def __init__(self, path: str, level: int) -> None:
        """Map the file and read its shared tables."""
        self.source = rasterio.open(path)
        self.overview = {"ovr": level} if level >= 0 else {}
        self.tables = bytes.fromhex(self._tag("JPEGTABLES") or "")
        with Path(path).open("rb") as stream:
            self.bytes = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)

    def block(self, row: int, column: int) -> bytes:
        """Return the compressed bytes of one block, none where the file leaves it out.

        Raises:
            ValueError: the file is cut off before them.
        """
        offset = self._tag(f"BLOCK_OFFSET_{column}_{row}")
        size = self._tag(f"BLOCK_SIZE_{column}_{row}")
        if not (offset and size):
            return b""

        start = int(offset)
        stop = start + int(size)
        if stop > len(self.bytes):
            raise ValueError("the file ends before the block")
        return self.bytes[start:stop]

    def _tag(self, name: str) -> str | None:
        text: str | None = self.source.get_tag_item(name, "TIFF", bidx=1, **self.overview)
        return text


@lru_cache(maxsize=OPEN_TILES)
def _jpeg_file(path: str, level: int, stamp: Stamp) -> JpegFile:
    return JpegFile(path, level)
