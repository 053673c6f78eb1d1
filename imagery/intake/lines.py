"""The lines of the intake report: what must be corrected first, and what should be known.

Each says what, where and the remedy.
"""

import numpy as np
import shapely
from pyproj import CRS

from imagery.crs import (
    INTERNATIONAL_FOOT_M,
    UNIT_WORDS,
    US_SURVEY_FOOT_M,
    CrsWords,
    crs_words,
)
from imagery.flyover.decode import TURBO, choose_decoder
from imagery.flyover.far_tiles import SWAPPED
from imagery.flyover.flyover import Flyover
from imagery.intake.coverage import COVERED, FAR_KM, PARTLY, Coverage
from imagery.intake.inputs import IntakeInputs
from imagery.intake.place_lines import datum_lines, sliver_lines, swapped_line, vacant_lines
from imagery.intake.tile_kinds import most_common_crs, tile_dates
from imagery.roll.matching import MATCH_NONE
from imagery.roll.parcels import VacantRoll
from imagery.roll.places import WITHOUT_ROOF
from imagery.troubles import lines_of, name_few

MOST_LINES = 3
"""Files of one problem named one by one; more are counted and listed in the report's table."""
FEET = {UNIT_WORDS[US_SURVEY_FOOT_M], UNIT_WORDS[INTERNATIONAL_FOOT_M]}


def find_fixes(inputs: IntakeInputs, coverage: Coverage) -> list[str]:
    """Say what has to be mended before the city can go on, a line each, the worst first."""
    troubles = (*inputs.roll.troubles, *inputs.flyover.troubles, *inputs.troubles)
    mended_first = [trouble.line for trouble in troubles if trouble.is_fix]
    return [
        *_nothing_to_score_lines(inputs, coverage),
        *mended_first,
        *datum_lines(inputs, coverage),
    ]


def _nothing_to_score_lines(inputs: IntakeInputs, coverage: Coverage) -> list[str]:
    """Say why not one parcel can be scored, in one line at most."""
    if coverage.count(COVERED) + coverage.count(PARTLY):
        return []

    roll = inputs.roll
    if not roll.table.geometry.notna().any():
        is_told = any(fix.is_fix and MATCH_NONE in fix.what for fix in roll.troubles)
        return [] if is_told else [_no_outline_line(roll)]
    if shapely.is_missing(coverage.shapes).all():
        return [_wrong_parcels_line(roll)]
    if any(trouble.is_fix and trouble.what == SWAPPED for trouble in inputs.flyover.troubles):
        return []
    if coverage.away_km.min() > FAR_KM:
        return [swapped_line(inputs) or _far_apart_line(inputs, coverage)]
    return [_next_door_line(inputs, coverage)]


def find_warnings(inputs: IntakeInputs, coverage: Coverage) -> list[str]:
    """Say what should be known, a line each."""
    flyover = inputs.flyover
    broken = [f"{tile.name}: {tile.problem}" for tile in flyover.broken]
    displaced = [f"displaced tile: {line}" for line in inputs.shifts]

    return [
        *_first_of(broken, "files cannot be used"),
        *vacant_lines(inputs, coverage),
        *sliver_lines(inputs, coverage),
        *_trouble_lines(inputs),
        *_missing_tile_lines(coverage),
        *_double_tile_lines(coverage),
        *_first_of(displaced, "tiles are misaligned"),
        *_flight_date_lines(flyover),
        *_tile_date_lines(flyover),
        *_scale_lines(inputs),
        *_decoder_lines(flyover),
        *_foot_lines(inputs.roll, flyover),
    ]


def _no_outline_line(roll: VacantRoll) -> str:
    outlines = [trouble for trouble in roll.troubles if trouble.what in WITHOUT_ROOF]
    if outlines:
        return f"none of {len(roll)} vacants can be scored: {outlines[0].line}"
    return f"none of {len(roll)} vacants has an outline; compare [parcels] id with [vacant] id"


def _wrong_parcels_line(roll: VacantRoll) -> str:
    west, south, east, north = (f"{end:.7g}" for end in roll.table.total_bounds)
    return (
        f"parcels are declared as {_roll_crs(roll)}, "
        f"but x {west} to {east}, y {south} to {north} cannot be that; "
        "give the parcel file its true CRS (ogr2ogr -a_srs)"
    )


def _far_apart_line(inputs: IntakeInputs, coverage: Coverage) -> str:
    away_km = float(coverage.away_km.min())
    gap = f"{away_km:,.0f} km apart" if np.isfinite(away_km) else "not on the same earth"
    ours = _roll_crs(inputs.roll)
    theirs = crs_words(most_common_crs(inputs.flyover.tiles))
    return (
        f"no vacant parcel lies on any tile: parcels in {ours} and imagery in {theirs} are {gap}; "
        "one CRS is declared wrongly: correct it with "
        "ogr2ogr -a_srs (parcels) or gdal_edit.py -a_srs (imagery)"
    )


def _next_door_line(inputs: IntakeInputs, coverage: Coverage) -> str:
    placed = coverage.shapes[~shapely.is_missing(coverage.shapes)]
    ground = shapely.union_all(coverage.outlines)
    nearest_m = float(np.min(shapely.distance(ground, placed)))
    ours = _roll_crs(inputs.roll)
    theirs = crs_words(most_common_crs(inputs.flyover.tiles))
    return (
        f"no vacant parcel lies on any tile: the nearest is {nearest_m:,.0f} m away "
        f"(parcels in {ours}, imagery in {theirs}); "
        "give [[flyover]] path the tiles of this city, or correct the CRS that is wrong"
    )


def _roll_crs(roll: VacantRoll) -> CrsWords:
    return crs_words(CRS(roll.table.crs).to_wkt())


def _first_of(lines: list[str], what: str) -> list[str]:
    """Return some lines, or one that counts them."""
    if len(lines) <= MOST_LINES:
        return lines
    return [f"{len(lines):,} {what}, listed in the report; first: {lines[0]}"]


def _trouble_lines(inputs: IntakeInputs) -> list[str]:
    """Name what cannot be used as it is, unless it stands among the fixes."""
    troubles = [*inputs.roll.troubles, *inputs.flyover.troubles, *inputs.troubles]
    if not inputs.roll.table.geometry.notna().any():
        troubles = [trouble for trouble in troubles if trouble.what not in WITHOUT_ROOF]
    return [trouble.line for trouble in troubles if not trouble.is_fix]


def _missing_tile_lines(coverage: Coverage) -> list[str]:
    return lines_of(
        coverage.missing_places,
        what=f"missing from the tile grid ({coverage.grid})",
        remedy="ask the vendor",
    )


def _double_tile_lines(coverage: Coverage) -> list[str]:
    names = coverage.names
    return lines_of(
        [f"{names[first]} and {names[second]}" for first, second in coverage.doubles],
        what="pairs of tiles that show the same ground",
        remedy="the first by path counts, so leave the older out",
    )


def _flight_date_lines(flyover: Flyover) -> list[str]:
    """Say whether the flight date is missing, or of another year than the flyover."""
    if flyover.flown is None:
        return ["no flight date; give [[flyover]] date, or rows cannot age"]
    if flyover.flown.year == flyover.year:
        return []
    return [
        f"flown on {flyover.flown}, but listed as {flyover.year}; "
        "see that [[flyover]] year and date belong together"
    ]


def _tile_date_lines(flyover: Flyover) -> list[str]:
    """Name the tiles that carry a date of another year."""
    year = flyover.flown.year if flyover.flown else flyover.year
    days = tile_dates(flyover.tiles)
    others = [f"{name} {day}" for name, day in days.items() if day.year != year]
    return lines_of(
        others,
        what=f"tiles that carry a date of another year than {year}",
        remedy="it may be the day of processing, else it is another year's delivery",
    )


def _scale_lines(inputs: IntakeInputs) -> list[str]:
    """Say what depth and scale mean for the chips."""
    flyover = inputs.flyover
    settings = inputs.settings
    lines = []
    if flyover.white != 255:
        lines.append(f"pixels deeper than 8 bit: 0 to {flyover.white:.0f} is scaled to 0 to 255")

    coarsest_m = max(tile.gsd_m for tile in flyover.tiles)
    if coarsest_m > 2 * settings.gsd_m:
        lines.append(
            f"imagery has {coarsest_m:.2f} m per pixel, the model wants {settings.gsd_m:.2f}: "
            "chips are enlarged"
        )

    bare = [tile for tile in flyover.tiles if not tile.overviews]
    fine = sum(tile.gsd_m < settings.gsd_m / 2 for tile in bare)
    if fine:
        remedy = "a coarser zoom helps" if inputs.is_service else "gdaladdo -r average helps"
        lines.append(
            f"tiles more than twice as fine as the model wants, without overviews: {fine}: "
            f"cutting takes several times as long; {remedy}"
        )
    return lines


def _decoder_lines(flyover: Flyover) -> list[str]:
    """Name the few tiles because of which all are decoded slowly."""
    slow = [tile.name for tile in flyover.tiles if choose_decoder((tile,)) != TURBO]
    if not 0 < len(slow) < len(flyover.tiles) / 2:
        return []
    return [
        f"tiles that are no plain JPEG: {len(slow)} of {len(flyover.tiles)}: "
        f"{name_few(slow, total=len(slow))}; "
        "because of them all are decoded by GDAL, about 2.5 times slower"
    ]


def _foot_lines(roll: VacantRoll, flyover: Flyover) -> list[str]:
    """Say whether parcels and imagery use two kinds of feet, and what a mistaken one costs."""
    ours = _roll_crs(roll).unit
    theirs = {crs_words(tile.crs).unit for tile in flyover.tiles}
    if not {ours, *theirs} >= FEET:
        return []

    corners = [(0.0, 0.0)]
    for tile in flyover.tiles:
        if crs_words(tile.crs).unit in FEET:
            corners.append((abs(tile.transform[2]), abs(tile.transform[5])))
    farthest = float(np.hypot(*max(corners)))
    off_m = farthest * (US_SURVEY_FOOT_M - INTERNATIONAL_FOOT_M)
    return [
        "US survey feet and international feet meet here "
        f"(parcels: {ours}, imagery: {', '.join(sorted(theirs))}); "
        f"if one is declared wrongly, it is {off_m:.1f} m off"
    ]
