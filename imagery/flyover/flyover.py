"""One year's imagery, indexed by the headers of its tiles."""

import os
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyproj
from rasterio.crs import CRS
from rasterio.errors import CRSError

from imagery.crs import is_on_earth
from imagery.errors import CrsMismatch, InputError
from imagery.flyover.allowed import is_allowed, roots_of
from imagery.flyover.coarse import sample_values
from imagery.flyover.far_tiles import NOWHERE, LonLat, set_far_aside
from imagery.flyover.gdal_env import decoding
from imagery.flyover.guard import READ_ERRORS, ImageLimits, call_guarded
from imagery.flyover.headers import read_header
from imagery.flyover.other_files import sort_files
from imagery.flyover.sources import (
    CLOSED_FORMATS,
    image_files,
    links_out,
    lonely_world_files,
    relative_path,
)
from imagery.flyover.tile_troubles import tile_troubles
from imagery.flyover.tiles import Tile
from imagery.limits import refuse_no_handles
from imagery.troubles import Trouble

# PROJ data of another installation breaks rasterio's own.
for _name in ("PROJ_LIB", "PROJ_DATA"):
    os.environ.pop(_name, None)

SAMPLES = 5
"""Deep tiles whose brightness is looked at."""
WHITE_PERCENTILE = 99.5
"""Percentile of a deep tile's values that is shown as white."""
_NOT_OURS = "is not of this flyover; name its folder or address in [imagery] allow"


@dataclass(frozen=True, kw_only=True)
class Flyover:
    """One year's imagery."""

    year: int
    """Year for which the imagery is listed."""
    flown: date | None
    """Date of the flight, None when not known."""
    tiles: tuple[Tile, ...]
    """Usable tiles, sorted by path; they may differ in CRS, size and band count.

    Coarse ones that lie below much finer ones come last."""
    broken: tuple[Tile, ...]
    """Files that cannot be used, each with its problem."""
    troubles: tuple[Trouble, ...] = ()
    """What the headers leave in doubt."""
    white: float
    """Pixel value shown as 255.

    It is 255 for 8-bit tiles, and the 99.5th percentile of a sample for deeper ones."""


@dataclass(frozen=True, kw_only=True)
class DeliveredFiles:
    """The image files of one year, of which nothing but the headers has been read."""

    year: int
    """Year for which the imagery is listed."""
    headers: tuple[Tile, ...]
    """Header of every file, sorted by path; some have only a problem."""
    lonely: tuple[Tile, ...] = ()
    """World files without their image, and links to folders elsewhere, each with its problem."""


def open_flyover(
    year: int,
    paths: tuple[str, ...],
    flown: date | None = None,
    *,
    crs: str = "",
    limits: ImageLimits | None = None,
) -> Flyover:
    """Read every tile header of one year, wherever the tiles lie; see `read_files`.

    Args:
        year: Year for which the imagery is listed.
        paths: Where its files are.
        flown: Date of the flight.
        crs: CRS of tiles that carry none.
        limits: What one file may cost.
    """
    files = read_files(year, paths, crs=crs, limits=limits)
    return make_flyover(files, flown, vacants=NOWHERE)


def read_files(
    year: int, paths: tuple[str, ...], *, crs: str = "", limits: ImageLimits | None = None
) -> DeliveredFiles:
    """Read the header of every image file.

    Args:
        year: Year for which the imagery is listed.
        paths: Folders, globs, files, STAC item lists, URLs or GDAL virtual paths; see
            `imagery.flyover.sources`.
        crs: CRS of tiles that carry none and have no .prj beside them, e.g. "EPSG:4326"; "" leaves
            them unused.
        limits: What one file may cost.

    Raises:
        MissingInput: a path that holds no image at all.
        CrsMismatch: `crs` is none.
    """
    _check_crs(year, crs)
    limits = limits or ImageLimits()
    limits = replace(limits, allow=(*roots_of(paths), *limits.allow))
    files: dict[str, str] = {}
    for path in paths:
        for file in image_files(year, path, allow=limits.allow):
            files.setdefault(file, relative_path(file, path))

    headers = []
    with decoding():
        for file in sorted(files):
            tile = _closed(file) or _foreign(file, limits) or read_header(file, crs, limits=limits)
            headers.append(replace(tile, relative=files[file]))
    lonely = tuple(_lonely_tiles(paths, limits.allow))
    return DeliveredFiles(year=year, headers=tuple(headers), lonely=lonely)


def _foreign(file: str, limits: ImageLimits) -> Tile | None:
    """Return a file with its problem where a list or a link leads out of the flyover."""
    folder = file if file.startswith("/vsi") else str(Path(file).parent)
    if is_allowed(folder, limits.allow):
        return None
    return Tile(path=file, problem=_NOT_OURS)


def make_flyover(files: DeliveredFiles, flown: date | None, *, vacants: LonLat) -> Flyover:
    """Sort the files of a year into a flyover.

    Args:
        files: What was delivered.
        flown: Date of the flight.
        vacants: Where the vacants are. Tiles that none of them can use are set aside before
            anything is chosen that all chips share.

    Raises:
        InputError: no tile can be used.
    """
    usable = tuple(tile for tile in files.headers if not tile.problem)
    close = set_far_aside(usable, vacants)
    found = sort_files(close.tiles)
    tiles = found.photos
    broken = [tile for tile in files.headers if tile.problem]
    broken += [*found.left_out, *files.lonely]

    if not tiles:
        first = broken[0]
        raise InputError(
            f"flyover {files.year}: none of {len(files.headers)} files can be used; "
            f"first: {first.path}: {first.problem}"
        )
    return Flyover(
        year=files.year,
        flown=flown,
        tiles=tiles,
        broken=tuple(broken),
        troubles=(*close.troubles, *found.troubles, *tile_troubles(tiles)),
        white=_find_white(tiles),
    )


def _check_crs(year: int, crs: str) -> None:
    if not crs:
        return

    try:
        given = pyproj.CRS(CRS.from_user_input(crs).to_wkt())
    except (CRSError, ValueError) as error:
        raise CrsMismatch(
            f'flyover {year}: crs: got {crs!r}, want a code or WKT; write it as in "EPSG:26985"'
        ) from error
    if not is_on_earth(given):
        raise CrsMismatch(
            f"flyover {year}: crs: got the local CRS {given.name!r}, want one with a place on the "
            'earth; write it as in "EPSG:26985"'
        )


def _closed(path: str) -> Tile | None:
    """Return a tile with its problem for a format that cannot be read here, None for others."""
    file = Path(path)
    name = CLOSED_FORMATS.get(file.suffix.lower())
    if name is None:
        return None

    command = f"gdal_translate -of COG {file.name} {file.stem}.tif"
    return Tile(
        path=path,
        problem=(
            f"is {name}, which no open driver reads here; "
            f"convert it where GDAL has the driver: {command}"
        ),
    )


def _lonely_tiles(paths: tuple[str, ...], allow: tuple[str, ...]) -> list[Tile]:
    """Return a tile with its problem for every world file without image and every link out."""
    problem = "is a world file without its image; copy the image too"
    tiles = []
    for path in paths:
        tiles += [Tile(path=file, problem=problem) for file in lonely_world_files(path, allow)]
        tiles += [Tile(path=link, problem=_NOT_OURS) for link in links_out(path, allow)]
    return tiles


def _find_white(tiles: tuple[Tile, ...]) -> float:
    """Return the pixel value to be shown as 255.

    It is taken from five deep tiles that can be read and hold data.
    """
    deep = [tile for tile in tiles if tile.depth != "uint8" and not tile.palette]
    spread = deep[:: max(1, len(deep) // SAMPLES)][:SAMPLES]
    others = [tile for tile in deep if tile not in spread]

    samples: list[float] = []
    for tile in (*spread, *others):
        if len(samples) == SAMPLES:
            break
        samples += _bright(tile)
    return float(max(np.median(samples), 1e-9)) if samples else 255.0


def _bright(tile: Tile) -> list[float]:
    """Return a high percentile of a sample of a tile.

    It is empty where the tile holds no data or cannot be read: its parcels will say so.
    """
    try:
        values = call_guarded(tile.path, tile.max_seconds, sample_values, tile)
    except READ_ERRORS as error:
        refuse_no_handles(error)
        return []

    light = values.astype(np.float64)
    has_light = light.size > 0 and light.max() > 0
    return [float(np.percentile(light, WHITE_PERCENTILE))] if has_light else []
