"""Lines of the intake report on places: vacants on no tile, slivers, swapped axes, datums."""

import numpy as np
import shapely
from pyproj import CRS, Transformer

from imagery.crs import is_lon_lat, middle_of
from imagery.flyover.far_tiles import rims_away_km
from imagery.intake.coverage import COVERED, FAR_KM, PARTLY, UNCOVERED, Coverage
from imagery.intake.datums import Ground, find_datum_lines
from imagery.intake.inputs import IntakeInputs
from imagery.troubles import MOST_EXAMPLES, lines_of, shown

SWAP = 'ogr2ogr -ct "+proj=axisswap +order=2,1"'
"""What swaps the axes of a vector file."""

NOTICES = "vacant"
"""Section of the layer that is laid onto the parcels, and not onto the imagery."""


def datum_lines(inputs: IntakeInputs, coverage: Coverage) -> list[str]:
    """Name the layers that cannot be brought onto the imagery, or parcels, well enough."""
    roll = inputs.roll
    notices = tuple(layer for layer in roll.layers if layer.section == NOTICES)
    others = tuple(layer for layer in roll.layers if layer.section != NOTICES)
    tiles = Ground(
        name="imagery", crs=tuple(dict.fromkeys(tile.crs for tile in inputs.flyover.tiles))
    )
    parcels = Ground(name="parcels", crs=(CRS(roll.table.crs).to_wkt(),))
    shapes = coverage.shapes
    return [
        *find_datum_lines(others, tiles, shapes=shapes, place=roll.place),
        *find_datum_lines(notices, parcels, shapes=shapes, place=roll.place),
    ]


def swapped_line(inputs: IntakeInputs) -> str:
    """Say that x and y of the parcels are swapped, "" where that is not so."""
    shapes = inputs.roll.table.geometry
    middle = middle_of(shapes)
    if middle is None:
        return ""

    x, y = middle
    crs = CRS(shapes.crs)
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform([y], [x])
    swapped = np.column_stack([lon, lat])
    if not is_lon_lat(swapped[:, 0], swapped[:, 1]).all():
        return ""
    if rims_away_km(inputs.flyover.tiles, swapped).min() > FAR_KM:
        return ""

    axes = "latitude and longitude" if crs.is_geographic else "x and y"
    return (
        f"no vacant parcel lies on any tile: {axes} of the parcels are swapped "
        f"(x {x:.7g}, y {y:.7g}); the other way around they lie on the imagery; "
        f"swap them ({SWAP})"
    )


def vacant_lines(inputs: IntakeInputs, coverage: Coverage) -> list[str]:
    """Say how many vacants are on no tile, or on part of one, and name the farthest."""
    uncovered = coverage.count(UNCOVERED)
    partly = coverage.count(PARTLY)
    covered = coverage.count(COVERED)
    if not uncovered + partly or not partly + covered:
        return []  # there is nothing to say, or it stands among the fixes

    total = uncovered + partly + covered
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
    ids = inputs.roll.table["parcel_id"]
    return lines_of(
        [f"{shown(ids.iloc[row])} ({area_m2[row]:.4g} m2)" for row in small],
        what=f"vacants with less than {least_m2:g} m2 of ground, [tile] min_roof_m2",
        remedy="correct them in the parcel file; until then they are NOT ASSESSED (no_roof_area)",
    )
