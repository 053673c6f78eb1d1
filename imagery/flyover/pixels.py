"""Pixels as they are decoded: red, green, blue, and a fourth channel for what is known of each."""

import cv2
import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from imagery.flyover.tiles import Tile

Pixels = NDArray[np.uint8]
"""Red, green, blue and what is known, (h, w, 4)."""
NODATA = 1
"""What is known of a pixel: it lies on a tile that says nothing of it."""
UNREADABLE = 2
"""What is known of a pixel: it lies on a tile that cannot be decoded there."""
DATA = 255
"""What is known of a pixel: its color. 0 is outside of all tiles."""
BLACK = 3
"""Gray level up to which lossy compression may have turned an undeclared black border."""
BLOB_PX = 9
"""Side of the smallest black square that is taken for missing data in a lossy tile, pixels."""


def mark_nodata(tile: Tile, pixels: Pixels) -> bool:
    """Mark the declared nodata value in 8-bit pixels.

    Args:
        tile: Header of the file they come from.
        pixels: Changed in place, (h, w, 4).

    Returns:
        Whether all of them are data.
    """
    if tile.nodata is None or not 0 <= tile.nodata <= 255:
        return True

    color = (tile.nodata,) * 3
    missing = cv2.inRange(pixels, (*color, 0), (*color, 255))
    if not cv2.countNonZero(missing):
        return True

    pixels[missing > 0, 3] = NODATA
    return False


def to_eight_bits(color: NDArray[np.generic], white: float) -> Pixels:
    """Scale 0 to `white` to 0 to 255.

    What lies outside is clipped before it can overflow. NaN becomes 0: it is no data anyway.
    """
    near = np.clip(np.nan_to_num(color.astype(np.float32)), 0, 2 * white)
    return np.asarray(np.clip(near * (255.0 / white), 0, 255), dtype=np.uint8)


def color_table(source: DatasetReader) -> Pixels:
    """Return the colors that the numbers of a palette tile mean, RGBA (n, 4)."""
    colors = source.colormap(1)
    table = np.zeros((max(colors) + 1, 4), np.uint8)
    for number, rgba in colors.items():
        table[number] = rgba
    return table


def black_blobs(pixels: Pixels) -> NDArray[np.bool_] | None:
    """Find where a lossy tile is black without texture in squares of `BLOB_PX`.

    Args:
        pixels: (h, w, 4).

    Returns:
        A mask (h, w), None where no such square is found.
    """
    # Every such square holds a pixel of this sample, and most tiles hold none that is black.
    sample = np.ascontiguousarray(pixels[BLOB_PX - 1 :: BLOB_PX, BLOB_PX - 1 :: BLOB_PX])
    if not sample.size or not cv2.countNonZero(_black(sample)):
        return None

    square = np.ones((BLOB_PX, BLOB_PX), np.uint8)
    blobs = cv2.morphologyEx(_black(pixels), cv2.MORPH_OPEN, square)
    return np.asarray(blobs > 0) if cv2.countNonZero(blobs) else None


def _black(pixels: Pixels) -> Pixels:
    """Return 255 where pixels are black or nearly so, (h, w)."""
    return np.asarray(cv2.inRange(pixels, (0, 0, 0, 0), (BLACK, BLACK, BLACK, 255)))
