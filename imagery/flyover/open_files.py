"""Image files that a worker keeps open, each once for every delivery of it."""

import os
from functools import lru_cache

import rasterio
from rasterio.io import DatasetReader

from imagery.flyover.pixels import Pixels, color_table
from imagery.flyover.tiles import Tile

OPEN_TILES = 64
"""Files kept open per worker."""
Stamp = tuple[int, int, str]
"""Size and time of a file, and the evidence of all that its picture depends on."""


def file_stamp(path: str) -> tuple[int, int]:
    """Return size and time of the last change in nanoseconds; zeros for GDAL virtual paths."""
    if path.startswith("/vsi"):
        return 0, 0

    facts = os.stat(path)  # noqa: PTH116  # once per unit, and faster than by pathlib
    return facts.st_size, facts.st_mtime_ns


def tile_stamp(tile: Tile) -> Stamp:
    """Return what changes when a tile, or what its picture depends on, is delivered anew."""
    return *file_stamp(tile.path), tile.evidence


def open_tile(tile: Tile) -> DatasetReader:
    """Return the open file of a tile, at the overview that the header describes."""
    return _dataset(tile.path, tile.level, tile_stamp(tile))


def tile_palette(tile: Tile) -> Pixels:
    """Return the colors of a palette tile, RGBA (n, 4)."""
    return _palette(tile.path, tile.level, tile_stamp(tile))


def close_tiles() -> None:
    """Let go of all open files."""
    _dataset.cache_clear()


@lru_cache(maxsize=OPEN_TILES)
def _dataset(path: str, level: int, stamp: Stamp) -> DatasetReader:
    """Open a file; GDAL closes it when the cache lets go of it."""
    return rasterio.open(path, overview_level=level) if level >= 0 else rasterio.open(path)


@lru_cache(maxsize=OPEN_TILES)
def _palette(path: str, level: int, stamp: Stamp) -> Pixels:
    return color_table(_dataset(path, level, stamp))
