"""The sides of a parcel: where an occupied neighbor shares its wall, and where none adjoins.

Outlines are taken apart into edges, and the edges of two parcels are compared in whole arrays. Two
parcels adjoin where an edge of one runs against an edge of the other. A wall is shared where
buildings stand on both sides of such a stretch; a common alley or back fence is no wall.
Directions are those of the outward normal, eight compass points. No file is opened here.
"""

import geopandas as gpd
import numpy as np
import shapely

from imagery.roll.edges import Edges, Floats, Mask, Places, covered_length, edges_of
from imagery.roll.outlines import boxes_around, true_to_scale
from imagery.roll.stretches import TOUCH_M, ParcelPairs, Stretches, find_stretches
from imagery.roll.walls import both_built, wall_lengths
from imagery.values.coded import NOT_KNOWN, YES, States

COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
ADJOIN_M = 4.0
"""Common line from which two parcels count as attached where no building outlines are known."""
WALL_M = 2.0
"""Common line from which two buildings share a wall."""
OPEN_M = 2.0
"""Line without a neighboring parcel from which a side is on a street or alley."""
UNKNOWN = "U"


def sides_of(
    lots: gpd.GeoSeries,
    vacant: Places,
    *,
    occupied: States | None,
    buildings: gpd.GeoSeries | None,
) -> tuple[list[str], list[str]]:
    """Name the occupied attached sides and the street sides of some parcels.

    Args:
        lots: Every parcel's polygon or None, any CRS.
        vacant: Places of the parcels to look at.
        occupied: `YES`, `NO` or `NOT_KNOWN` of each lot; None where no column says it.
        buildings: Building outlines, any CRS; one may cover a whole row of houses. None takes
            parcels that adjoin as attached.

    Returns:
        For each of `vacant`, compass letters such as "E,W": sides on which an occupied neighbor
        shares the wall, and sides on which no parcel adjoins. "" for none; "U" where occupancy or
        the parcel's place is not known. "E,U" is an occupied neighbor in the east, and one on
        another side of whom it is not known.
    """
    near = _near_parcels(lots, vacant)
    needed, place = np.unique(np.concatenate([vacant, near.neighbor]), return_inverse=True)
    own = place[: len(vacant)]
    pairs = ParcelPairs(vacant=own[near.vacant], neighbor=place[len(vacant) :])

    shapes, unit_m = true_to_scale(lots.iloc[needed])
    edges = edges_of(shapes.to_numpy(), unit_m)
    shared = find_stretches(edges, pairs, shapely.bounds(shapes.to_numpy()) * unit_m)

    is_placed = shapes.notna().to_numpy()[own]
    is_open = _open_sides(edges, shared, len(shapes))
    street_sides = _name_sides(is_open[own], is_placed)
    if occupied is None:
        return [UNKNOWN] * len(vacant), street_sides

    state = occupied[needed[pairs.neighbor[shared.pair]]]
    is_attached = _attached_sides(edges, shared.take(state == YES), pairs, shapes, buildings)
    names = _name_sides(is_attached[own], is_placed)
    is_open_question = state == NOT_KNOWN
    if not is_open_question.any():
        return names, street_sides

    maybe = _attached_sides(edges, shared.take(is_open_question), pairs, shapes, buildings)
    has_unknown = np.asarray((maybe & ~is_attached).any(axis=1), dtype=bool)
    return _add_unknown(names, has_unknown[own] & is_placed), street_sides


def _add_unknown(names: list[str], has_unknown: Mask) -> list[str]:
    """Write "U" behind the sides of parcels with a neighbor of whom nothing is known."""
    return [
        f"{name},{UNKNOWN}".lstrip(",") if unknown else name
        for name, unknown in zip(names, has_unknown, strict=True)
    ]


def _near_parcels(lots: gpd.GeoSeries, vacant: Places) -> ParcelPairs:
    """Return pairs of a place in `vacant` and a place in `lots` whose boxes touch."""
    boxes = boxes_around(lots.iloc[vacant], 2 * TOUCH_M)
    row, lot = lots.sindex.query(boxes)
    is_other = vacant[row] != lot
    return ParcelPairs(vacant=row[is_other], neighbor=lot[is_other])


def _open_sides(edges: Edges, shared: Stretches, count: int) -> Mask:
    """Tell on which sides at least half of a parcel's line has no neighbor, (count, 8)."""
    covered_m = covered_length(shared.edge, shared.start_m, shared.stop_m, len(edges.owner))
    cell = edges.owner * 8 + edges.side
    total_m = np.bincount(cell, weights=edges.length, minlength=count * 8)
    bare_m = total_m - np.bincount(cell, weights=covered_m, minlength=count * 8)

    is_open = (bare_m >= OPEN_M) & (bare_m >= total_m / 2)
    return is_open.reshape(count, 8)


def _attached_sides(
    edges: Edges,
    lived_in: Stretches,
    pairs: ParcelPairs,
    lots: gpd.GeoSeries,
    buildings: gpd.GeoSeries | None,
) -> Mask:
    """Tell on which sides an occupied neighbor is attached, (parcels, 8).

    Args:
        edges: Edges of all parcels.
        lived_in: Where an occupied parcel adjoins.
        pairs: The pairs of parcels.
        lots: Outlines of all parcels.
        buildings: Building outlines, None where they are not known.
    """
    common_m = _sum_by_side(edges, lived_in, lived_in.length_m, len(pairs))
    is_attached = common_m.sum(axis=1) >= ADJOIN_M

    if buildings is not None:
        lengths_m = wall_lengths(edges, lived_in, lots.crs, buildings)
        walls_m = _sum_by_side(edges, lived_in, lengths_m, len(pairs))
        has_wall = walls_m.sum(axis=1) >= WALL_M

        # Where a building's outline is missing, the parcels alone decide.
        asked = np.flatnonzero(is_attached & ~has_wall)
        is_attached[asked] = ~both_built(pairs.take(asked), lots, buildings)
        is_attached |= has_wall
        common_m = np.where(has_wall[:, None], walls_m, common_m)

    longest_m = common_m.max(axis=1, keepdims=True)
    is_long = (common_m >= WALL_M) | (common_m == longest_m)
    pair, side = np.nonzero(is_attached[:, None] & is_long & (common_m > 0))
    sides = np.zeros((len(lots), 8), dtype=bool)
    sides[pairs.vacant[pair], side] = True
    return sides


def _sum_by_side(edges: Edges, stretches: Stretches, lengths_m: Floats, count: int) -> Floats:
    """Sum up lengths by pair and side, (count, 8)."""
    cell = stretches.pair * 8 + edges.side[stretches.edge]
    sums = np.bincount(cell, weights=lengths_m, minlength=count * 8)
    return np.asarray(sums.reshape(count, 8), dtype=np.float64)


def _name_sides(sides: Mask, is_placed: Mask) -> list[str]:
    """Write sides as "E,W"; "U" for parcels without a place."""
    alphabetical = np.argsort(COMPASS)
    kinds, kind = np.unique(sides, axis=0, return_inverse=True)
    words = [_join_sides(row, alphabetical) for row in kinds]

    named = zip(kind.ravel(), is_placed, strict=True)
    return [words[place] if known else UNKNOWN for place, known in named]


def _join_sides(sides: Mask, order: Places) -> str:
    return ",".join(COMPASS[side] for side in order if sides[side])
