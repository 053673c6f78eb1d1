"""Which copied tiles are not as they were written: cut short, changed, swapped or removed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import rasterio
from rasterio.errors import RasterioError

from imagery.files import sha256_file
from imagery.flyover.gdal_env import decoding
from imagery.photo_services.blocks import pixels_sha256, read_tile
from imagery.photo_services.copied import MANIFEST, PHOTO, CopiedFile, CopiedTile, PhotoCopy
from imagery.photo_services.grid import TilePlace

NAMED = 6
"""Tiles of a file that are named."""
GONE = "is not there"
CHANGED = "is not as snapshot wrote it"
SumOf = Callable[[Path], str]
"""Returns the sha256 of a file."""


@dataclass(frozen=True, kw_only=True)
class DamagedFile:
    """A file of tiles that is not as it was written."""

    path: Path
    """Where it is, or should be."""
    what: str
    """`GONE` or `CHANGED`."""
    tiles: tuple[CopiedTile, ...]
    """Tiles whose photo is lost, sorted; none where only something else was changed."""
    photos: int
    """Tiles with a photo that it should have."""

    @property
    def line(self) -> str:
        """Return what is wrong, with the tiles."""
        places = [f"row {tile.place.row} column {tile.place.column}" for tile in self.tiles]
        rest = len(places) - NAMED
        names = ", ".join(places[:NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
        which = f"damaged: {names}" if places else "its tiles are whole, something else was changed"
        return (
            f"{self.path}: {self.what}; {len(places):,} of {self.photos:,} tiles {which}; "
            f"want length and sha256 as {MANIFEST} has them; run roofwatch snapshot again, which "
            "fetches no others"
        )


@dataclass(frozen=True, kw_only=True)
class EarlierCopy:
    """What an earlier run left."""

    copy: PhotoCopy | None
    """Its copy, None where nothing is known of it."""
    damaged: tuple[DamagedFile, ...]
    """Its files that are not as they were written."""

    @cached_property
    def lost(self) -> frozenset[TilePlace]:
        """Return the tiles that must be fetched again."""
        return frozenset(tile.place for file in self.damaged for tile in file.tiles)

    @cached_property
    def intact(self) -> dict[TilePlace, CopiedTile]:
        """Return the tiles that need not be, by place."""
        tiles = self.copy.tiles if self.copy else {}
        return {place: tile for place, tile in tiles.items() if place not in self.lost}


def find_damaged(copy: PhotoCopy, folder: Path) -> tuple[DamagedFile, ...]:
    """Compare every file of a copy with its checksum, and the tiles of those that differ."""
    by_file = copy.tiles_by_file()
    broken = broken_files(copy.about.files, folder)
    return tuple(_damage_of(folder / file.name, by_file[file.name]) for file in broken)


def broken_files(
    files: Mapping[str, CopiedFile], folder: Path, *, sum_of: SumOf = sha256_file
) -> list[CopiedFile]:
    """Return the files that are not there, or have another length or checksum.

    Args:
        files: By name.
        folder: Where they are.
        sum_of: Returns the sha256 of a file; one that remembers reads none twice.
    """
    return [
        file
        for name, file in files.items()
        if not has_length(file, folder / name) or sum_of(folder / name) != file.sha256
    ]


def has_length(file: CopiedFile, path: Path) -> bool:
    """Tell whether a file is there with its length."""
    return path.is_file() and path.stat().st_size == file.bytes


def strangers(files: Mapping[str, CopiedFile], folder: Path) -> list[Path]:
    """Return what lies in the folder of a copy and is none of it; hidden files may."""
    known = {MANIFEST, *files}
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in inside if path.name not in known and not path.name.startswith(".")]


def look_at_earlier(copy: PhotoCopy | None, folder: Path) -> EarlierCopy:
    """Compare what an earlier run left with its checksums."""
    return EarlierCopy(copy=copy, damaged=find_damaged(copy, folder) if copy else ())


def _damage_of(path: Path, tiles: Sequence[CopiedTile]) -> DamagedFile:
    photos = sorted((tile for tile in tiles if tile.state == PHOTO), key=lambda tile: tile.place)
    damaged = DamagedFile(path=path, what=CHANGED, tiles=tuple(photos), photos=len(photos))
    if not path.is_file():
        return replace(damaged, what=GONE)
    return replace(damaged, tiles=_lost_tiles(path, photos))


def _lost_tiles(path: Path, tiles: Sequence[CopiedTile]) -> tuple[CopiedTile, ...]:
    """Return the tiles whose pixels are not what was written."""
    with decoding():
        try:
            with rasterio.open(path, driver="GTiff") as file:
                return tuple(tile for tile in tiles if not _is_kept(file, tile))
        except RasterioError:
            return tuple(tiles)


def _is_kept(file: rasterio.DatasetReader, tile: CopiedTile) -> bool:
    try:
        pixels = read_tile(file, tile.place, tile.pixels)
    except RasterioError:
        return False
    return pixels_sha256(pixels) == tile.pixels_sha256
