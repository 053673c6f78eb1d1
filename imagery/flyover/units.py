"""What must be decoded at once for any pixel of an image file, and how large that is."""

import numpy as np
from rasterio.io import DatasetReader

LARGEST_BLOCK_PX = 160_000_000
"""Larger blocks are not decoded: half a gigabyte each."""
FRAME_DRIVERS = ("JPEG", "PNG", "BMP", "GIF")
"""Formats that are decoded from the first line to the last."""


def unit_mb(source: DatasetReader) -> float:
    """Return the unpacked size of all bands of what must be decoded at once."""
    rows, columns = unit_shape(source)
    bytes_per_px = sum(np.dtype(name).itemsize for name in source.dtypes)
    return float(rows * columns * bytes_per_px) / 1e6


def unit_shape(source: DatasetReader) -> tuple[int, int]:
    """Return the (rows, columns) that must be decoded for any pixel.

    It is one block, or the whole picture.
    """
    if source.driver in FRAME_DRIVERS or _is_single_strip(source):
        return source.height, source.width

    rows, columns = source.block_shapes[0]
    return rows, columns


def is_too_large(block: tuple[int, int]) -> bool:
    """Tell whether a block of (rows, columns) has too many pixels to be decoded."""
    return block[0] * block[1] > LARGEST_BLOCK_PX


def _is_single_strip(source: DatasetReader) -> bool:
    """Tell whether a compressed TIFF is one strip, which GDAL shows as many blocks of one line."""
    if source.driver != "GTiff" or not source.compression or source.block_shapes[0][0] > 1:
        return False

    lines = (0, 1, source.height - 1)
    names = [f"BLOCK_OFFSET_0_{line}" for line in lines]
    found = [bool(source.get_tag_item(name, "TIFF", bidx=1)) for name in names]
    return found == [True, False, False]
