"""The lines of the intake report: what must be mended first, and what should be known. Each says what, where and the remedy."""

import numpy as np
import shapely
from pyproj import CRS

from imagery.chips.tiling import TileSettings
from imagery.flyover.decode import TURBO, choose_decoder
from imagery.flyover.flyover import Flyover
from imagery.intake.coverage import COVERED, FAR_KM, PARTLY, UNCOVERED, Coverage
from imagery.intake.tile_kinds import (
    INTERNATIONAL_FOOT_M,
    US_SURVEY_FOOT_M,
    crs_words,
    most_common_crs,
    tile_dates,
)
from imagery.roll.parcels import VacantRoll

MOST_LINES = 3
"""Files of one problem named one by one; more are counted, and stand in the report's table."""


def find_fixes(roll: VacantRoll, flyover: Flyover, coverage: Coverage) -> list[str]:
    """Return why scoring would be in vain; at most one line."""
    if coverage.count(COVERED) + coverage.count(PARTLY):
        return []
    if not roll.table.geometry.notna().any():
        if roll.bad_outlines:
            return [f"none of {len(roll)} vacants can be scored: {roll.bad_outlines.line}"]
        return [
            f"none of {len(roll)} vacants has an outline; compare [parcels] id with [vacant] id"
        ]
    ours, theirs = (
        crs_words(CRS(roll.table.crs).to_wkt()),
        crs_words(most_common_crs(flyover.tiles)),
    )
    known = coverage.shapes[~shapely.is_missing(coverage.shapes)]
    if not len(known):
        west, south, east, north = (f"{end:.7g}" for end in roll.table.total_bounds)
        return [
            f"parcels are declared as {ours}, but x {west} to {east}, y {south} to {north} cannot be that; give the parcel file its true CRS (ogr2ogr -a_srs)"
        ]
    away = float(coverage.away_km.min())
    if away > FAR_KM:
        gap = f"{away:,.0f} km apart" if np.isfinite(away) else "not on the same earth"
        return [
            f"no vacant parcel lies on any tile: parcels in {ours} and imagery in {theirs} are {gap}; "
            "one CRS is declared wrongly: mend it with ogr2ogr -a_srs (parcels) or gdal_edit.py -a_srs (imagery)"
        ]
    meters = float(np.min(shapely.distance(shapely.union_all(coverage.outlines), known)))
    return [
        f"no vacant parcel lies on any tile: the nearest is {meters:,.0f} m off (parcels in {ours}, imagery in {theirs}); "
        "give [[flyover]] path the tiles of this city, or mend the CRS that is wrong"
    ]


def find_warnings(
    roll: VacantRoll,
    flyover: Flyover,
    coverage: Coverage,
    settings: TileSettings,
    shifts: tuple[str, ...],
) -> list[str]:
    """Return what should be known, a line each."""
    return [
        *_named(
            [f"{tile.name}: {tile.problem}" for tile in flyover.broken], "files cannot be used"
        ),
        *_vacant_lines(coverage),
        *_bad_row_lines(roll),
        *_place_lines(flyover, coverage),
        *_named([f"displaced tile: {line}" for line in shifts], "tiles lie off their place"),
        *_date_lines(flyover),
        *_pixel_lines(flyover, settings),
        *_foot_lines(roll, flyover),
    ]


def _named(lines: list[str], what: str) -> list[str]:
    return (
        lines
        if len(lines) <= MOST_LINES
        else [f"{len(lines):,} {what}, listed in the report; first: {lines[0]}"]
    )


def _vacant_lines(coverage: Coverage) -> list[str]:
    """Say how many vacants are on no tile, on part of one, or without outline."""
    off, partly, on = (coverage.count(state) for state in (UNCOVERED, PARTLY, COVERED))
    if not off + partly:
        return []
    start = (
        "more than half of the vacants lie on no tile: " if off > (off + partly + on) / 2 else ""
    )
    return [
        f"{start}{off:,} of {off + partly + on:,} vacants with an outline lie on no tile, {partly:,} only in part on tiles; without the roof in the photo they become NOT ASSESSED"
    ]


def _bad_row_lines(roll: VacantRoll) -> list[str]:
    """Name the rows of the city's tables that cannot be used as they are."""
    is_fix = not roll.table.geometry.notna().any()
    outlines = None if is_fix else roll.bad_outlines
    return [kind.line for kind in (outlines, *roll.bad_rows) if kind]


def _place_lines(flyover: Flyover, coverage: Coverage) -> list[str]:
    """Say which tiles are missing, far away, or there twice."""
    lines = []
    if coverage.missing_places:
        lines.append(
            f"missing from the tile grid ({coverage.grid}): {len(coverage.missing_places)}: {_few(coverage.missing_places)}; ask the vendor"
        )
    far = np.flatnonzero(coverage.away_km > FAR_KM)
    if 0 < len(far) < len(flyover.tiles):
        names = _few(
            [
                f"{flyover.tiles[number].name} ({coverage.away_km[number]:,.0f} km)"
                for number in far.tolist()
            ]
        )
        lines.append(
            f"tiles more than {FAR_KM:.0f} km from the vacants: {len(far)} of {len(flyover.tiles)}: {names}; mend the CRS or leave them out"
        )
    if coverage.doubles:
        names = _few(
            [
                f"{coverage.names[first]} and {coverage.names[second]}"
                for first, second in coverage.doubles
            ]
        )
        lines.append(
            f"pairs of tiles that show the same ground: {len(coverage.doubles)}: {names}; the first by path counts, so leave the older out"
        )
    return lines


def _date_lines(flyover: Flyover) -> list[str]:
    """Say whether the flight date is missing, or the tiles name another year."""
    if flyover.flown is None:
        lines, year = ["no flight date; give [[flyover]] date, or rows cannot age"], flyover.year
    else:
        year = flyover.flown.year
        lines = (
            [
                f"flown on {flyover.flown}, but stands for {flyover.year}; see that [[flyover]] year and date belong together"
            ]
            if year != flyover.year
            else []
        )
    other = {name: day for name, day in tile_dates(flyover.tiles).items() if day.year != year}
    if other:
        names = _few([f"{name} {day}" for name, day in other.items()])
        lines.append(
            f"tiles that carry a date of another year than {year}: {len(other)}: {names}; it may be the day of processing, else it is another year's delivery"
        )
    return lines


def _pixel_lines(flyover: Flyover, settings: TileSettings) -> list[str]:
    """Say what depth, scale and format mean for the chips."""
    lines, gsd = [], [tile.gsd_m for tile in flyover.tiles]
    if flyover.white != 255:
        lines.append(f"pixels deeper than 8 bit: 0 to {flyover.white:.0f} is scaled to 0 to 255")
    if max(gsd) > 2 * settings.gsd_m:
        lines.append(
            f"imagery has {max(gsd):.2f} m per pixel, the model wants {settings.gsd_m:.2f}: chips are blown up"
        )
    bare = sum(tile.gsd_m < settings.gsd_m / 2 and not tile.overviews for tile in flyover.tiles)
    if bare:
        lines.append(
            f"tiles more than twice as fine as the model wants, without overviews: {bare}: cutting takes several times as long; gdaladdo -r average helps"
        )
    slow = [tile.name for tile in flyover.tiles if choose_decoder((tile,)) != TURBO]
    if 0 < len(slow) < len(flyover.tiles) / 2:
        lines.append(
            f"tiles that are no plain JPEG: {len(slow)} of {len(flyover.tiles)}: {_few(slow)}; because of them all are decoded by GDAL, about 2.5 times slower"
        )
    return lines


def _foot_lines(roll: VacantRoll, flyover: Flyover) -> list[str]:
    """Say whether parcels and imagery count in two kinds of feet, and how far apart a mistaken one puts them."""
    feet = {"US survey foot", "international foot"}
    ours, theirs = (
        crs_words(CRS(roll.table.crs).to_wkt()).unit,
        {crs_words(tile.crs).unit for tile in flyover.tiles},
    )
    both = ({ours} | theirs) & feet
    if both != feet:
        return []
    x, y = max(
        (
            (abs(tile.transform[2]), abs(tile.transform[5]))
            for tile in flyover.tiles
            if crs_words(tile.crs).unit in feet
        ),
        default=(0.0, 0.0),
    )
    off_m = float(np.hypot(x, y)) * (US_SURVEY_FOOT_M - INTERNATIONAL_FOOT_M)
    return [
        f"US survey feet and international feet meet here (parcels: {ours}, imagery: {', '.join(sorted(theirs))}); if one is declared wrongly, it lies {off_m:.1f} m off"
    ]


def _few(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - MOST_LINES
    return ", ".join(names[:MOST_LINES]) + (f" and {more} more" if more > 0 else "")
