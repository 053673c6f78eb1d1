"""Tiles that are alike, one row for each kind: CRS, unit, scale, storage. From headers alone."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from imagery.crs import crs_words
from imagery.flyover.tiles import Tile
from imagery.values.days import read_days


@dataclass(frozen=True, kw_only=True)
class TileKind:
    """Tiles that are stored alike."""

    count: int
    """Tiles of this kind."""
    crs: str
    """Name of their CRS."""
    epsg: int | None
    """Its EPSG code, None where none is known."""
    unit: str
    """Its unit in words."""
    gsd_m: float
    """Meters per pixel on the ground, median."""
    bands: str
    """What is read: RGB, gray or palette, and alpha or mask where there is one."""
    bits: str
    """Bit depth, e.g. "8", "16", "32 (real)"."""
    compression: str
    """GDAL's name, "none" for none."""
    driver: str
    """GDAL's name of the format."""
    block: str
    """What the file is stored in: squares or strips, pixels."""
    overviews: str
    """By how much the overviews are coarser, "none" for none."""
    decoder: str
    """What decodes them: `imagery.flyover.decode.choose_decoder` of the whole flyover."""
    example: str
    """Name of the first one."""


def tile_kinds(tiles: tuple[Tile, ...], decoder: str) -> list[TileKind]:
    """Return a row for every kind of tile, the most frequent first."""
    groups: dict[tuple[object, ...], list[Tile]] = {}
    for tile in tiles:
        groups.setdefault(_kind_key(tile), []).append(tile)

    kinds = [_describe_kind(group, decoder) for group in groups.values()]
    return sorted(kinds, key=lambda kind: (-kind.count, kind.example))


def _kind_key(tile: Tile) -> tuple[object, ...]:
    """Return what tiles of one kind have in common."""
    return (
        tile.crs,
        f"{tile.pixel_side:.2e}",
        _describe_bands(tile),
        tile.depth,
        tile.compression,
        tile.driver,
        _describe_block(tile),
        bool(tile.overviews),
    )


def _describe_kind(group: list[Tile], decoder: str) -> TileKind:
    first = group[0]
    words = crs_words(first.crs)
    pixel = np.dtype(first.depth)
    real = " (real)" if pixel.kind == "f" else ""
    fullest = max((tile.overviews for tile in group), key=len)

    return TileKind(
        count=len(group),
        crs=words.name,
        epsg=words.epsg,
        unit=words.unit,
        gsd_m=round(float(np.median([tile.gsd_m for tile in group])), 4),
        bands=_describe_bands(first),
        bits=f"{pixel.itemsize * 8}{real}",
        compression=first.compression or "none",
        driver=first.driver,
        block=_describe_block(first),
        overviews=", ".join(map(str, fullest)) or "none",
        decoder=decoder,
        example=first.name,
    )


def _describe_bands(tile: Tile) -> str:
    if tile.palette:
        color = "palette"
    elif len(set(tile.bands)) == 1:
        color = "gray"
    elif tile.bands == (1, 2, 3):
        color = "RGB"
    else:
        color = f"bands {tile.bands}"

    alpha = " + alpha" if tile.alpha else ""
    mask = " + mask" if tile.masked else ""
    return color + alpha + mask


def _describe_block(tile: Tile) -> str:
    rows, columns = tile.block
    if columns < tile.width or (rows > 1 and rows == columns):
        return f"{columns} x {rows}"
    if rows >= tile.height:
        return "whole file"
    return f"strips of {rows} rows" if rows > 1 else "strips of 1 row"


def most_common_crs(tiles: Iterable[Tile]) -> str:
    """Return the WKT that most tiles have."""
    return Counter(tile.crs for tile in tiles).most_common(1)[0][0]


def tile_dates(tiles: tuple[Tile, ...]) -> dict[str, date]:
    """Return the date in TIFFTAG_DATETIME by tile name, of the tiles that carry one."""
    stamps = pd.Series([tile.stamp for tile in tiles], dtype="str")
    # TIFF writes 2023:03:01 12:00:00.
    texts = stamps.str.replace(r"^(\d{4}):(\d{2}):(\d{2})", r"\1-\2-\3", regex=True)
    days = read_days(texts).day
    return {tile.name: day.date() for tile, day in zip(tiles, days, strict=True) if pd.notna(day)}
