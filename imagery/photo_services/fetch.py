"""The missing tiles of a copy, fetched and written as a flyover of files."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from imagery.photo_services.blocks import Block, block_name, write_block
from imagery.photo_services.copied import (
    BLANK,
    MANIFEST,
    NONE,
    PHOTO,
    CopiedTile,
    CopyAbout,
    PhotoCopy,
    blank_where_repeated,
    write_copy,
)
from imagery.photo_services.estimate import check_size
from imagery.photo_services.grid import TileGrid, TilePlace
from imagery.photo_services.job import CopyJob, gsd_here

KEPT_FILE = ".tiles.db"
"""Name of the file of tiles that are in no file yet, beside the files of tiles."""
NEXT = ".next.tiles.parquet"
"""Name of the table of a copy until it takes its place."""

Tell = Callable[[int, int], None]
"""Told how many tiles of how many are here."""
Seal = Callable[[Path], None]
"""Told the table of a copy before it takes its place."""


@dataclass(frozen=True, kw_only=True)
class FetchedPhotos:
    """What was fetched."""

    level: str
    """Level of the service."""
    gsd_m: float
    """Meters per pixel on the ground where the city is."""
    asked: int
    """Tiles that came now."""
    photos: int
    """Tiles with a photo."""
    none: int
    """Tiles that the service does not have."""
    blank: int
    """Tiles that show no ground."""
    bytes: int
    """Bytes of all tiles."""
    files: int
    """Files that were made of them."""


def fetch_missing(job: CopyJob, tell: Tell) -> None:
    """Fetch the tiles that are not here; each is kept at once.

    Raises:
        InputError: the service failed, or a limit of the city file is reached.
    """
    missing = job.missing
    here_bytes = job.here_bytes
    for number, place in enumerate(missing, start=1):
        check_size(here_bytes, job.place.folder, job.source.client)
        picture = job.place.kept.fetch(job.source, place)
        here_bytes += len(picture.content) if picture else 0
        tell(number, len(missing))


def finish_copy(job: CopyJob, seal: Seal) -> FetchedPhotos:
    """Write the files of tiles that are new or damaged, and the table of the copy.

    Raises:
        InputError: no tile shows a photo, or they have different sizes.
        OSError: the disk is full.
    """
    kept = job.place.kept.tiles(job.source.grid.level)
    tiles = blank_where_repeated(job.earlier.intact | kept)
    grid = _grid_of(tiles, job)
    tiles = {
        place: replace(tile, file=block_name(place, grid.pixels)) for place, tile in tiles.items()
    }
    copy = _write_files(tiles, grid, job)
    if copy != job.place.before:
        following = job.place.folder / NEXT
        write_copy(copy, following)
        # A run that is killed here is finished by the next one: the seal names the table.
        seal(following)
        os.replace(following, job.place.folder / MANIFEST)
    states = [tile.state for tile in copy.tiles.values()]
    return FetchedPhotos(
        level=grid.level,
        gsd_m=copy.about.gsd_m,
        asked=job.new,
        photos=copy.about.photos,
        none=states.count(NONE),
        blank=states.count(BLANK),
        bytes=copy.total_bytes,
        files=len(copy.about.files),
    )


def _grid_of(tiles: Mapping[TilePlace, CopiedTile], job: CopyJob) -> TileGrid:
    """Return the grid with the pixels that the tiles really have."""
    found = {tile.pixels for tile in tiles.values() if tile.state == PHOTO}
    client = job.source.client
    if not found:
        raise client.error(
            f"none of {len(tiles):,} tiles of level {job.source.grid.level} shows a photo",
            remedy="correct the address or zoom",
        )
    if len(found) > 1:
        raise client.error(
            f"its tiles have different sizes: {sorted(found)}", remedy="ask those who run it"
        )
    return job.source.grid.with_pixels(found.pop())


def _write_files(tiles: dict[TilePlace, CopiedTile], grid: TileGrid, job: CopyJob) -> PhotoCopy:
    """Write the files that are not as they should be, and return the whole copy."""
    before = job.place.before
    known = before.tiles if before else {}
    files = dict(before.about.files) if before else {}
    changed = {file.path.name for file in job.earlier.damaged}
    changed |= {tile.file for place, tile in tiles.items() if tile != known.get(place)}
    by_file: dict[str, list[CopiedTile]] = {name: [] for name in changed}
    for place in sorted(tiles):
        if tiles[place].file in changed:
            by_file[tiles[place].file].append(tiles[place])

    written = dict(tiles)
    for name in sorted(changed):
        block = Block(path=job.place.folder / name, tiles=tuple(by_file[name]))
        done = write_block(block, grid, job.place.kept)
        files[name] = done.file
        written |= {tile.place: tile for tile in done.tiles}

    about = CopyAbout(
        origin=job.origin,
        level=grid.level,
        gsd_m=gsd_here(grid, job.shapes),
        day=date.today().isoformat() if changed or not before else before.about.day,
        photos=sum(tile.state == PHOTO for tile in written.values()),
        own_pixels=job.sampled.own_pixels,
        files=dict(sorted(files.items())),
    )
    return PhotoCopy(about=about, tiles=written)
