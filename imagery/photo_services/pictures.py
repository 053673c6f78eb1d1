"""The picture of a tile: what a service sends is a picture, or it is not taken for one."""

import hashlib
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile

from imagery.services.failures import Failed
from imagery.troubles import shown

Pixels = NDArray[np.uint8]
"""(4, rows, columns): red, green, blue, and 255 where there is a photo."""

_FORMATS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "GTiff",
    b"MM\0*": "GTiff",
}
"""GDAL's driver by the first bytes; no other driver is tried."""
_ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
"""Last bytes of a whole file."""
_LONGEST_END = 64
"""Bytes that some servers add after the end."""
MOST_PX = 4096
"""Largest side of a tile."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """The picture of one tile, decoded once to be sure that it is one."""

    content: bytes
    """As it was sent."""
    pixels: Pixels
    """See `Pixels`."""

    @property
    def sha256(self) -> str:
        """Return the checksum of what was sent."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def is_blank(self) -> bool:
        """Tell whether it shows nothing: no pixel at all, or all of one color."""
        seen = self.pixels[:3, self.pixels[3] > 0]
        return seen.size == 0 or bool((seen == seen[:, :1]).all())


def read_picture(content: bytes) -> Picture:
    """Return the picture that a service sent.

    Raises:
        Failed: it is a page, a message or half a picture.
    """
    return Picture(content=content, pixels=decode_picture(content))


def decode_picture(content: bytes) -> Pixels:
    """Return the pixels of a picture.

    Raises:
        Failed: it is none, cut short, too large, or not of 8 bits.
    """
    driver = next((name for head, name in _FORMATS.items() if content.startswith(head)), "")
    if not driver:
        begin = shown(content[:40].decode("utf-8", "replace"))
        raise Failed(f"it sends no picture for a tile, but what begins with {begin}")
    if driver in _ENDS and _ENDS[driver] not in content[-_LONGEST_END:]:
        raise Failed("the picture of a tile is cut short")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with MemoryFile(content) as file, file.open(driver=driver) as source:
                if max(source.shape) > MOST_PX or source.dtypes[0] != "uint8":
                    raise Failed(
                        f"a tile has {source.width} x {source.height} pixels of "
                        f"{source.dtypes[0]}, want at most {MOST_PX} x {MOST_PX} of uint8",
                        is_final=True,
                    )
                # Of many bands, which may be a thousand in a small file, three are colors.
                bands = source.read([1, 2, 3] if source.count > 4 else None)
                is_palette = source.colorinterp[0] is ColorInterp.palette
                colors = source.colormap(1) if is_palette else None
    except RasterioError as error:
        raise Failed("the picture of a tile cannot be decoded") from error
    if colors is not None:
        table = np.array([colors.get(number, (0, 0, 0, 0)) for number in range(256)], np.uint8)
        return np.ascontiguousarray(table[bands[0]].transpose(2, 0, 1))
    return _as_rgba(bands)


def _as_rgba(bands: Pixels) -> Pixels:
    """Return 1 to 4 bands as four."""
    count, rows, columns = bands.shape
    has_alpha = count in (2, 4)
    colors = bands[:1] if count < 3 else bands[:3]
    pixels = np.empty((4, rows, columns), np.uint8)
    pixels[:3] = colors
    pixels[3] = bands[count - 1] if has_alpha else 255
    return pixels
