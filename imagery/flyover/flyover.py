"""One year's imagery, indexed by the headers of its tiles."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError

from imagery.errors import CrsMismatch, InputError
from imagery.flyover.coarse import sample_values
from imagery.flyover.decode import decoding
from imagery.flyover.guard import READ_ERRORS, ImageLimits, call_guarded
from imagery.flyover.sources import CLOSED_FORMATS, image_files, lonely_world_files
from imagery.flyover.tiles import Tile, read_header

for _name in ("PROJ_LIB", "PROJ_DATA"):  # another install's PROJ data breaks rasterio's own
    os.environ.pop(_name, None)


@dataclass(frozen=True, kw_only=True)
class Flyover:
    """One year's imagery."""

    year: int
    """Year the imagery stands for."""
    flown: date | None
    """Date of the flight, None when not known."""
    tiles: tuple[Tile, ...]
    """Usable tiles, sorted by path; they may differ in CRS, size and band count."""
    broken: tuple[Tile, ...]
    """Files that cannot be used, each with its problem."""
    white: float
    """Pixel value shown as 255: 255 for 8-bit tiles, the 99.5th percentile of a sample for deeper ones."""


def open_flyover(
    year: int,
    paths: tuple[str, ...],
    flown: date | None = None,
    *,
    crs: str = "",
    limits: ImageLimits | None = None,
) -> Flyover:
    """Read every tile header of one year.

    Args:
        year: Year the imagery stands for.
        paths: Folders, globs, files, STAC item lists, URLs or GDAL virtual paths; see `imagery.flyover.sources`.
        flown: Date of the flight.
        crs: CRS of tiles that carry none and have no .prj beside them, e.g. "EPSG:4326"; "" leaves them unused.
        limits: What one file may cost.

    Raises:
        MissingInput: a path that holds no image at all.
        CrsMismatch: `crs` is none.
        InputError: no tile can be used.
    """
    _check_crs(year, crs)
    files = sorted({file for path in paths for file in image_files(year, path)})
    with decoding():
        headers = [_closed(file) or read_header(file, crs, limits=limits) for file in files]
    lonely = [
        Tile(path=file, problem="is a world file without its image; copy the image too")
        for path in paths
        for file in lonely_world_files(path)
    ]
    tiles = tuple(tile for tile in headers if not tile.problem)
    broken = (*(tile for tile in headers if tile.problem), *lonely)
    if not tiles:
        raise InputError(
            f"flyover {year}: none of {len(files)} files can be used; first: {broken[0].path}: {broken[0].problem}"
        )
    return Flyover(year=year, flown=flown, tiles=tiles, broken=broken, white=_white(tiles))


def _check_crs(year: int, crs: str) -> None:
    try:
        _ = CRS.from_user_input(crs) if crs else None
    except (CRSError, ValueError) as error:
        raise CrsMismatch(
            f'flyover {year}: crs: got {crs!r}, want a code or WKT; write it as in "EPSG:26985"'
        ) from error


def _closed(path: str) -> Tile | None:
    name = CLOSED_FORMATS.get(Path(path).suffix.lower())
    if name is None:
        return None
    return Tile(
        path=path,
        problem=f"is {name}, which no open driver reads here; convert it where GDAL has the driver: gdal_translate -of COG {Path(path).name} {Path(path).stem}.tif",
    )


def _white(tiles: tuple[Tile, ...]) -> float:
    """Return the pixel value to be shown as 255, from five deep tiles that can be read and hold data."""
    deep = [tile for tile in tiles if tile.depth != "uint8" and not tile.palette]
    spread = deep[:: max(1, len(deep) // 5)][:5]
    samples: list[float] = []
    for tile in (*spread, *(tile for tile in deep if tile not in spread)):
        samples += _bright(tile) if len(samples) < 5 else []
    return float(max(np.median(samples), 1e-9)) if samples else 255.0


def _bright(tile: Tile) -> list[float]:
    """Return the 99.5th percentile of a sample of a tile.

    It is empty where the tile holds no data or cannot be read: its parcels will say so.
    """
    try:
        values = call_guarded(tile.path, tile.max_seconds, sample_values, tile)
    except READ_ERRORS:
        return []

    light = values.astype(np.float64)
    has_light = light.size > 0 and light.max() > 0
    return [float(np.percentile(light, 99.5))] if has_light else []
