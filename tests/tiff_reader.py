"""A small reader of TIFF that shares nothing with GDAL, to compare with."""

import struct
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray

WIDTH = 256
HEIGHT = 257
COMPRESSION = 259
PHOTOMETRIC = 262
STRIP_OFFSETS = 273
SAMPLES = 277
ROWS_PER_STRIP = 278
STRIP_SIZES = 279
PLANAR = 284
TILE_WIDTH = 322
TILE_HEIGHT = 323
TILE_OFFSETS = 324
TILE_SIZES = 325
JPEG_TABLES = 347
YCBCR = 6
PLANES = 2
SIZES = {1: "B", 3: "H", 4: "I", 7: "B"}
"""Codes of struct by TIFF type."""

Tags = dict[int, tuple[int, ...]]


def read_tiff(path: Path) -> NDArray[np.uint8]:
    """Return the first image of a small little-endian TIFF of bytes, (bands, H, W)."""
    data = path.read_bytes()
    tags = read_tags(data)
    (height,) = tags[HEIGHT]
    (width,) = tags[WIDTH]
    (samples,) = tags[SAMPLES]
    is_planar = tags.get(PLANAR, (1,)) == (PLANES,)

    block_width = tags.get(TILE_WIDTH, (width,))[0]
    block_height = tags.get(TILE_HEIGHT, tags.get(ROWS_PER_STRIP, (height,)))[0]
    offsets = tags.get(TILE_OFFSETS) or tags[STRIP_OFFSETS]
    sizes = tags.get(TILE_SIZES) or tags[STRIP_SIZES]
    across = -(-width // block_width)
    down = -(-height // block_height)
    depth = 1 if is_planar else samples

    image = np.zeros((samples, down * block_height, across * block_width), np.uint8)
    for number, (offset, size) in enumerate(zip(offsets, sizes, strict=True)):
        plane, place = divmod(number, across * down)
        row, column = divmod(place, across)
        left = column * block_width
        block = decode(data[offset : offset + size], tags, (block_width, depth))
        rows = slice(row * block_height, row * block_height + block.shape[0])
        first = plane if is_planar else 0
        image[first : first + depth, rows, left : left + block_width] = np.moveaxis(block, 2, 0)
    return image[:, :height, :width]


def read_tags(data: bytes) -> Tags:
    """Return the numbers of every tag of the first image."""
    assert data[:4] == b"II*\0"
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)

    tags: Tags = {}
    for entry in range(count):
        tag, kind, number = struct.unpack_from("<HHI", data, start + 2 + 12 * entry)
        code = SIZES.get(kind)
        if code is None:
            continue
        place = start + 10 + 12 * entry
        if struct.calcsize(code) * number > 4:
            (place,) = struct.unpack_from("<I", data, place)
        tags[tag] = struct.unpack_from(f"<{number}{code}", data, place)
    return tags


def decode(data: bytes, tags: Tags, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return one block, (rows, columns, samples)."""
    columns, depth = shape
    (compression,) = tags[COMPRESSION]
    if compression == 7:
        return decode_jpeg(data, tags, depth)
    if compression == 50001:
        return np.asarray(imagecodecs.webp_decode(data, hasalpha=depth == 4))

    flat: bytes | bytearray = data
    if compression == 5:
        flat = imagecodecs.lzw_decode(data)
    if compression == 8:
        flat = imagecodecs.zlib_decode(data)
    if compression == 50000:
        flat = imagecodecs.zstd_decode(data)
    return np.frombuffer(flat, np.uint8).reshape(-1, columns, depth)


def decode_jpeg(data: bytes, tags: Tags, depth: int) -> NDArray[np.uint8]:
    """Return one block of JPEG, its colors turned only where the tags say YCbCr."""
    tables = bytes(tags.get(JPEG_TABLES, ())) or None
    names = {1: "GRAYSCALE", 3: "RGB", 4: "CMYK"}
    inside = "YCBCR" if tags[PHOTOMETRIC] == (YCBCR,) else names[depth]
    block = imagecodecs.jpeg8_decode(
        data, tables=tables, colorspace=inside, outcolorspace=names[depth]
    )
    return np.asarray(block).reshape(*block.shape[:2], depth)
