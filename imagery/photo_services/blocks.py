"""Blocks: GeoTIFFs of many tiles, which every other command reads as a flyover of files.

A block of a TIFF is a tile of the service, so that one is decoded once. Where no tile was fetched,
or one that shows nothing, the block has no photo.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio

from imagery.files import atomic_path
from imagery.flyover.gdal_env import decoding
from imagery.photo_services.grid import TileGrid, TilePlace
from imagery.photo_services.kept import PHOTO, KeptTiles
from imagery.photo_services.pictures import Pixels, decode_picture

BLOCK_PX = 4096
"""Longest side of a block."""
STORED_MULTIPLE = 16
"""Sides of the blocks of a TIFF are multiples of it."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Tiles that share a file."""

    start: TilePlace
    """Its tile at the upper left."""
    places: tuple[TilePlace, ...]
    """Tiles of it that are written."""
    name: str
    """Name of its file."""


def write_blocks(kept: KeptTiles, grid: TileGrid, folder: Path) -> int:
    """Write the pixels of all tiles that are in no file yet; return how many files there are.

    Raises:
        OSError: the disk is full.
    """
    for block in _blocks_of(kept.not_written(), grid):
        write_block(block, kept, grid, folder / block.name)
        kept.mark_written(list(block.places))
    return len(list(folder.glob("*.tif")))


def _blocks_of(places: Sequence[TilePlace], grid: TileGrid) -> Iterator[Block]:
    """Yield the blocks of tiles."""
    rows, columns = (max(1, BLOCK_PX // side) for side in grid.pixels)
    members: dict[TilePlace, list[TilePlace]] = {}
    for place in places:
        start = TilePlace(row=place.row // rows * rows, column=place.column // columns * columns)
        members.setdefault(start, []).append(place)
    for start, inside in sorted(members.items()):
        name = f"r{start.row:08d}_c{start.column:08d}.tif"
        yield Block(start=start, places=tuple(inside), name=name)


def write_block(block: Block, kept: KeptTiles, grid: TileGrid, path: Path) -> None:
    """Write a block, with what it showed before of tiles that have not changed."""
    rows, columns = grid.pixels
    counts = [max(1, BLOCK_PX // side) for side in grid.pixels]
    pixels = np.zeros((4, counts[0] * rows, counts[1] * columns), np.uint8)
    with decoding():
        if path.exists():
            with rasterio.open(path) as before:
                pixels[:] = before.read()
        for place in block.places:
            top = (place.row - block.start.row) * rows
            left = (place.column - block.start.column) * columns
            window = pixels[:, top : top + rows, left : left + columns]
            tile = kept.read(place)
            if tile.state != PHOTO:
                window[:] = 0
            elif tile.picture is not None:
                window[:] = decode_picture(tile.picture)
        with atomic_path(path) as temporary:
            _write_tiff(pixels, block, grid, temporary)


def _write_tiff(pixels: Pixels, block: Block, grid: TileGrid, path: Path) -> None:
    is_storable = all(side % STORED_MULTIPLE == 0 for side in grid.pixels)
    rows, columns = grid.pixels if is_storable else (256, 256)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=pixels.shape[1],
        width=pixels.shape[2],
        count=4,
        dtype="uint8",
        crs=grid.crs,
        transform=grid.transform_of(block.start),
        tiled=True,
        blockysize=rows,
        blockxsize=columns,
        compress="deflate",
        predictor=2,
        photometric="RGB",
        alpha="UNSPECIFIED",
    ) as target:
        target.write(pixels)
