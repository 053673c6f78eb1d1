"""Lines of the intake report on places: vacants on no tile, slivers, swapped axes, datums."""

import numpy as np
import shapely
from pyproj import CRS

from imagery.crs import Place, distances_km
from imagery.intake.coverage import COVERED, FAR_KM, PARTLY, UNCOVERED, Coverage
from imagery.intake.datums import find_datum_lines
from imagery.intake.inputs import IntakeInputs
from imagery.troubles import MOST_EXAMPLES, Trouble, shown

SWAP = 'ogr2ogr -ct "+proj=axisswap +order=2,1"'
"""What swaps the axes of a vector file."""


def datum_lines(inputs: IntakeInputs, coverage: Coverage) -> list[str]:
    """Name the layers that cannot be brought onto the imagery well enough."""
    imagery = tuple(dict.fromkeys(tile.crs for tile in inputs.flyover.tiles))
    roll = inputs.roll
    return find_datum_lines(roll.layers, imagery, shapes=coverage.shapes, place=roll.place)


def swapped_line(inputs: IntakeInputs) -> str:
    """Say that the parcels have latitude in place of longitude, "" where that is not so."""
    roll = inputs.roll
    place = roll.place
    if place is None or not CRS(roll.table.crs).is_geographic:
        return ""

    swapped = Place(lon=place.lat, lat=place.lon)
    if not _is_near(swapped, inputs):
        return ""
    return (
        "no vacant parcel lies on any tile: latitude and longitude of the parcels are swapped "
        f"(x {place.lon:.7g}, y {place.lat:.7g}); the other way around they lie on the imagery; "
        f"write x as longitude ({SWAP})"
    )


def _is_near(place: Place, inputs: IntakeInputs) -> bool:
    """Tell whether a tile is within `FAR_KM` of a place."""
    for tile in inputs.flyover.tiles:
        xy = np.mean(tile.corners, axis=0)
        crs = CRS(tile.crs)
        if not crs.is_geographic:
            continue
        away_km = distances_km(place, xy[:1], xy[1:])
        if away_km[0] <= FAR_KM:
            return True
    return False


def vacant_lines(inputs: IntakeInputs, coverage: Coverage) -> list[str]:
    """Say how many vacants are on no tile, or on part of one, and name the farthest."""
    uncovered = coverage.count(UNCOVERED)
    partly = coverage.count(PARTLY)
    if not uncovered + partly:
        return []

    total = uncovered + partly + coverage.count(COVERED)
    start = ""
    if uncovered > total / 2:
        start = "more than half of the vacants lie on no tile: "
    return [
        f"{start}{uncovered:,} of {total:,} vacants with an outline lie on no tile, "
        f"{partly:,} only in part on tiles; "
        f"without the roof in the photo they become NOT ASSESSED{_farthest(inputs, coverage)}"
    ]


def _farthest(inputs: IntakeInputs, coverage: Coverage) -> str:
    """Name the vacants that are farthest from any tile."""
    off = np.flatnonzero(coverage.states == UNCOVERED)
    tiles = coverage.outlines[~shapely.is_empty(coverage.outlines)]
    if not len(off) or not len(tiles):
        return ""

    tree = shapely.STRtree(tiles)
    nearest, away_m = tree.query_nearest(
        coverage.shapes[off], return_distance=True, all_matches=False
    )
    order = np.argsort(-away_m, kind="stable")[:MOST_EXAMPLES]
    ids = inputs.roll.table["parcel_id"]
    named = [f"{shown(ids.iloc[off[nearest[0][n]]])} {away_m[n]:,.0f} m" for n in order.tolist()]
    return f"; farthest from any tile: {', '.join(named)}"


def sliver_lines(inputs: IntakeInputs, coverage: Coverage) -> list[str]:
    """Name the vacants with less ground than a roof needs."""
    area_m2 = shapely.area(coverage.shapes)
    known = ~shapely.is_missing(coverage.shapes)
    least_m2 = inputs.settings.min_roof_m2
    small = np.flatnonzero(known & (area_m2 < least_m2)).tolist()
    if not small:
        return []

    ids = inputs.roll.table["parcel_id"]
    trouble = Trouble(
        what=f"vacants with less than {least_m2:g} m2 of ground, [tile] min_roof_m2",
        examples=tuple(f"{shown(ids.iloc[row])} ({area_m2[row]:.4g} m2)" for row in small),
        remedy="correct them in the parcel file; until then they are NOT ASSESSED (no_roof_area)",
    )
    return [trouble.line]
