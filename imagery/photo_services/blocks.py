"""Blocks: GeoTIFFs of many tiles, which every other command reads as a flyover of files.

A block of a TIFF is a tile of the service, so that one is decoded once. Where no tile was fetched,
or one that shows nothing, the block has no photo.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from rasterio.io import DatasetReader, MemoryFile
from rasterio.windows import Window

from imagery.errors import InputError
from imagery.files import atomic_path, sha256_file
from imagery.flyover.gdal_env import decoding
from imagery.photo_services.copied import PHOTO, CopiedFile, CopiedTile
from imagery.photo_services.grid import TileGrid, TilePlace
from imagery.photo_services.kept import KeptTiles
from imagery.photo_services.pictures import Pixels, decode_picture

BLOCK_PX = 4096
"""Longest side of a block."""
STORED_MULTIPLE = 16
"""Sides of the blocks of a TIFF are multiples of it."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A file of tiles that is to be written."""

    path: Path
    """Its file."""
    tiles: tuple[CopiedTile, ...]
    """All tiles of it, sorted."""


@dataclass(frozen=True, kw_only=True)
class WrittenBlock:
    """A file of tiles that was written."""

    file: CopiedFile
    """The file."""
    tiles: tuple[CopiedTile, ...]
    """Its tiles with the checksums of their pixels."""


def block_name(place: TilePlace, pixels: tuple[int, int]) -> str:
    """Return the name of the file that a tile of (rows, columns) pixels is in."""
    start = block_start(place, pixels)
    return f"r{start.row:08d}_c{start.column:08d}.tif"


def block_start(place: TilePlace, pixels: tuple[int, int]) -> TilePlace:
    """Return the tile at the upper left of the file that a tile is in."""
    rows, columns = _block_tiles(pixels)
    return TilePlace(row=place.row // rows * rows, column=place.column // columns * columns)


def _block_tiles(pixels: tuple[int, int]) -> tuple[int, int]:
    """Return how many (rows, columns) of tiles a file has."""
    return max(1, BLOCK_PX // pixels[0]), max(1, BLOCK_PX // pixels[1])


def window_of(place: TilePlace, pixels: tuple[int, int]) -> Window:
    """Return where a tile is in its file."""
    start = block_start(place, pixels)
    rows, columns = pixels
    top = (place.row - start.row) * rows
    left = (place.column - start.column) * columns
    return Window(left, top, columns, rows)


def write_block(block: Block, grid: TileGrid, kept: KeptTiles) -> WrittenBlock:
    """Write a file of tiles, whole or not at all.

    Args:
        block: The file.
        grid: Where its tiles lie, with the pixels that they have.
        kept: Tiles that are not in the file yet; all others are read from it.

    Raises:
        InputError: the file of an earlier run was changed in between.
        OSError: the disk is full.
    """
    counts = _block_tiles(grid.pixels)
    pixels = np.zeros((4, counts[0] * grid.pixels[0], counts[1] * grid.pixels[1]), np.uint8)
    photos = [tile for tile in block.tiles if tile.state == PHOTO]
    sums = {}
    with decoding():
        for tile in photos:
            picture = kept.picture(grid.level, tile.place)
            if picture is not None:
                shown = _place(pixels, tile.place, grid.pixels)
                shown[:] = decode_picture(picture)
                sums[tile.place] = pixels_sha256(shown)
        before = [tile for tile in photos if tile.place not in sums]
        if before:
            _copy_tiles(before, block.path, pixels, grid.pixels)
        with atomic_path(block.path) as temporary:
            start = block_start(block.tiles[0].place, grid.pixels)
            _write_tiff(pixels, start, grid, temporary)
            size = temporary.stat().st_size
            sha256 = sha256_file(temporary)
    tiles = [
        replace(tile, file=block.path.name, pixels_sha256=sums.get(tile.place, tile.pixels_sha256))
        for tile in block.tiles
    ]
    file = CopiedFile(name=block.path.name, bytes=size, sha256=sha256)
    return WrittenBlock(file=file, tiles=tuple(tiles))


def _place(pixels: Pixels, place: TilePlace, size: tuple[int, int]) -> Pixels:
    """Return the part of a file's pixels that a tile has."""
    window = window_of(place, size)
    top, left = int(window.row_off), int(window.col_off)
    return pixels[:, top : top + size[0], left : left + size[1]]


def _copy_tiles(
    tiles: Sequence[CopiedTile], path: Path, pixels: Pixels, size: tuple[int, int]
) -> None:
    with rasterio.open(path, driver="GTiff") as before:
        for tile in tiles:
            shown = read_tile(before, tile.place, size)
            if pixels_sha256(shown) != tile.pixels_sha256:
                raise InputError(f"{path}: was changed meanwhile; run roofwatch snapshot again")
            _place(pixels, tile.place, size)[:] = shown


def read_tile(file: DatasetReader, place: TilePlace, size: tuple[int, int]) -> Pixels:
    """Return the pixels of a tile from its open file.

    Raises:
        RasterioError: they cannot be read.
    """
    return np.asarray(file.read(window=window_of(place, size)), np.uint8)


def pixels_sha256(pixels: Pixels) -> str:
    """Return the checksum of pixels."""
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def stored_bytes(pixels: Pixels, grid: TileGrid) -> int:
    """Return how many bytes a tile takes in a file; measured, not guessed."""
    size = (pixels.shape[1], pixels.shape[2])
    with decoding(), MemoryFile() as memory:
        _write_tiff(pixels, TilePlace(row=0, column=0), grid.with_pixels(size), memory.name)
        return len(memory.getbuffer())


def _write_tiff(pixels: Pixels, start: TilePlace, grid: TileGrid, path: Path | str) -> None:
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
        transform=grid.transform_of(start),
        tiled=True,
        blockysize=rows,
        blockxsize=columns,
        compress="deflate",
        predictor=2,
        photometric="RGB",
        alpha="UNSPECIFIED",
    ) as target:
        target.write(pixels)
