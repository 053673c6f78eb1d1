"""The sides of a parcel: where an occupied neighbor shares its wall, and where no parcel adjoins. No file is opened here.

Outlines are taken apart into edges, and the edges of two parcels are held against each other in whole arrays: two parcels
adjoin where an edge of one runs against an edge of the other. A wall is shared where buildings stand on both sides of such
a stretch; a common alley or back fence is no wall. Directions are those of the outward normal, eight compass points.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from imagery.roll.edges import Edges, Floats, Places, covered_length, edges_of, meets, members
from imagery.roll.outlines import BUILDING_M2, boxes_around, meters_per_unit, solid, true_to_scale

COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
TOUCH_M = 0.5
"""Parcels or buildings that are this close touch: surveys differ by that much."""
ADJOIN_M = 4.0
"""Common line from which two parcels count as attached where no building outlines are known."""
WALL_M = 2.0
"""Common line from which two buildings share a wall."""
OPEN_M = 2.0
"""Line without a neighboring parcel from which a side lies on a street or alley."""
_TURN = np.cos(np.radians(20))  # edges that run against each other may be off by less


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretches:
    """Where a neighbor's edge runs against ours, (n,)."""

    pair: Places
    """Place of the two parcels in the list of pairs."""
    edge: Places
    """Place of our edge."""
    start: Floats
    """Where the stretch begins on our edge, meters from its start."""
    stop: Floats
    """Where it ends."""
    gap: Floats
    """Distance of the neighbor's edge outward, meters; below 0 where the parcels overlap."""

    def take(self, chosen: NDArray[np.bool_]) -> "Stretches":
        """Return some of the stretches."""
        return Stretches(
            pair=self.pair[chosen],
            edge=self.edge[chosen],
            start=self.start[chosen],
            stop=self.stop[chosen],
            gap=self.gap[chosen],
        )


def sides_of(
    lots: gpd.GeoSeries,
    vacant: Places,
    *,
    occupied: NDArray[np.bool_] | None,
    buildings: gpd.GeoSeries | None,
) -> tuple[list[str], list[str]]:
    """Name the occupied attached sides and the street sides of some parcels.

    Args:
        lots: Every parcel's polygon or None, any CRS.
        vacant: Places of the parcels to look at.
        occupied: Whether each lot is lived in; None where that is not known.
        buildings: Building outlines, any CRS; one may cover a whole row of houses. None takes parcels that adjoin as attached.

    Returns:
        For each of `vacant`, compass letters such as "E,W": sides on which an occupied neighbor shares the wall, and sides on
        which no parcel adjoins. "" for none; "U" where occupancy or the parcel's place is not known.
    """
    pairs = _near(lots, vacant)
    needed, place = np.unique(np.concatenate([vacant, pairs[1]]), return_inverse=True)
    own, pairs = (
        place[: len(vacant)],
        np.stack([place[: len(vacant)][pairs[0]], place[len(vacant) :]]),
    )
    near, unit_m = true_to_scale(lots.iloc[needed])
    edges = edges_of(near.to_numpy(), unit_m)
    shared = _stretches(edges, pairs, shapely.bounds(near.to_numpy()) * unit_m)
    placed = near.notna().to_numpy()[own]
    streets = _named(_open_sides(edges, shared, len(near))[own], placed)
    if occupied is None:
        return ["U"] * len(vacant), streets
    lived = shared.take(occupied[needed[pairs[1, shared.pair]]])
    return _named(_attached_sides(edges, lived, pairs, near, buildings)[own], placed), streets


def _near(lots: gpd.GeoSeries, vacant: Places) -> Places:
    """Return pairs (place in `vacant`, place in `lots`) of parcels whose boxes touch, (2, n)."""
    hits = lots.sindex.query(boxes_around(lots.iloc[vacant], 2 * TOUCH_M))
    return np.asarray(hits[:, vacant[hits[0]] != hits[1]], dtype=np.intp)


def _stretches(edges: Edges, pairs: Places, bounds: Floats) -> Stretches:
    """Hold the edges of every pair against each other."""
    theirs, pair = members(edges.owner, pairs[1])
    close = meets(edges, theirs, bounds[pairs[0, pair]], within_m=TOUCH_M)
    theirs, pair = theirs[close], pair[close]
    ours, which = members(edges.owner, pairs[0, pair])
    theirs, pair = theirs[which], pair[which]
    against = np.einsum("ij,ij->i", edges.along[ours], edges.along[theirs])
    facing = against < -_TURN
    ours, theirs, pair, against = ours[facing], theirs[facing], pair[facing], against[facing]
    away, outward = edges.start[theirs] - edges.start[ours], edges.outward[ours]
    at, gap = np.einsum("ij,ij->i", away, edges.along[ours]), np.einsum("ij,ij->i", away, outward)
    slope = (
        np.einsum("ij,ij->i", edges.along[theirs], outward) / against
    )  # of the gap, per meter along our edge
    slope = np.where(np.abs(slope) < 1e-9, 1e-9, slope)
    near = np.sort(np.stack([(-TOUCH_M - gap) / slope, (TOUCH_M - gap) / slope]), axis=0) + at
    start = np.maximum.reduce([np.zeros(len(at)), at + against * edges.length[theirs], near[0]])
    stop = np.minimum.reduce([edges.length[ours], at, near[1]])
    middle = gap + slope * ((start + stop) / 2 - at)
    return Stretches(pair=pair, edge=ours, start=start, stop=stop, gap=middle).take(stop > start)


def _open_sides(edges: Edges, shared: Stretches, count: int) -> NDArray[np.bool_]:
    """Return on which of the eight sides at least half of a parcel's line has no neighbor, (count, 8)."""
    covered = covered_length(shared.edge, shared.start, shared.stop, len(edges.owner))
    cell = edges.owner * 8 + edges.side
    total = np.bincount(cell, weights=edges.length, minlength=count * 8)
    bare = total - np.bincount(cell, weights=covered, minlength=count * 8)
    return ((bare >= OPEN_M) & (bare >= total / 2)).reshape(count, 8)


def _attached_sides(
    edges: Edges,
    lived: Stretches,
    pairs: Places,
    lots: gpd.GeoSeries,
    buildings: gpd.GeoSeries | None,
) -> NDArray[np.bool_]:
    """Return on which of the eight sides an occupied neighbor is attached, (parcels, 8)."""
    reached = _by_side(edges, lived, lived.stop - lived.start, len(pairs[0]))
    attached = reached.sum(axis=1) >= ADJOIN_M
    if buildings is not None:
        walls = _by_side(
            edges, lived, _wall_lengths(edges, lived, lots.crs, buildings), len(pairs[0])
        )
        walled = walls.sum(axis=1) >= WALL_M
        asked = np.flatnonzero(attached & ~walled)
        attached[asked] = ~_has_outline(pairs[:, asked], lots, buildings).all(
            axis=0
        )  # there the parcels alone decide
        reached, attached = np.where(walled[:, None], walls, reached), attached | walled
    named = (
        attached[:, None]
        & ((reached >= WALL_M) | (reached == reached.max(axis=1, keepdims=True)))
        & (reached > 0)
    )
    sides = np.zeros((len(lots), 8), dtype=bool)
    pair, side = np.nonzero(named)
    sides[pairs[0, pair], side] = True
    return sides


def _by_side(edges: Edges, stretches: Stretches, lengths: Floats, pairs: int) -> Floats:
    """Sum up lengths by pair and side, (pairs, 8)."""
    cell = stretches.pair * 8 + edges.side[stretches.edge]
    return np.asarray(
        np.bincount(cell, weights=lengths, minlength=pairs * 8).reshape(pairs, 8), dtype=np.float64
    )


def _wall_lengths(edges: Edges, lived: Stretches, crs: CRS, houses: gpd.GeoSeries) -> Floats:
    """Return how much of each stretch has buildings on both sides within `TOUCH_M` of each other, meters."""
    count = len(lived.pair)
    edge = np.tile(lived.edge, 2)
    begin, end, gap = (np.tile(one, 2)[:, None] for one in (lived.start, lived.stop, lived.gap))
    aside = edges.outward[edge] * (gap / 2 + np.repeat([-TOUCH_M / 2, TOUCH_M / 2], count)[:, None])
    ends = np.stack(
        [edges.start[edge] + edges.along[edge] * at + aside for at in (begin, end)], axis=1
    )
    lines = gpd.GeoSeries(shapely.linestrings(ends / meters_per_unit(crs)), crs=crs).to_crs(
        houses.crs
    )
    line, start, stop = _inside(lines.to_numpy(), houses)
    length = (end - begin)[line, 0]
    apart = covered_length(line, start * length, stop * length, 2 * count)
    return (
        apart[:count]
        + apart[count:]
        - covered_length(line % count, start * length, stop * length, count)
    )


def _inside(lines: NDArray[np.object_], houses: gpd.GeoSeries) -> tuple[Places, Floats, Floats]:
    """Return which parts of straight lines lie in buildings: place of the line, start and stop as shares of it.

    Even-odd rule: a line is inside between its first and second crossing of an outline, its third and fourth, and so on.
    """
    line, hit = houses.sindex.query(lines)
    needed, place = np.unique(hit, return_inverse=True)
    walls = edges_of(houses.to_numpy()[needed])
    edge, which = members(walls.owner, place)
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    begin, step = ends[line, 0], ends[line, 1] - ends[line, 0]
    away = walls.start[edge] - begin[which]
    reach = walls.along[edge] * walls.length[edge, None]
    left, later = _cross(step[which], away), _cross(step[which], away + reach)
    crossed = (left > 0) != (later > 0)
    which, at = (
        which[crossed],
        (_cross(away, reach)[crossed] / _cross(step[which], reach)[crossed]).clip(0.0, 1.0),
    )
    order = np.lexsort((at, which))  # an outline is crossed an even number of times
    return line[which[order][::2]], at[order][::2], at[order][1::2]


def _cross(one: Floats, other: Floats) -> Floats:
    return one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]


def _has_outline(pairs: Places, lots: gpd.GeoSeries, houses: gpd.GeoSeries) -> NDArray[np.bool_]:
    """Return for both parcels of each pair whether a building stands on it."""
    needed, place = np.unique(pairs, return_inverse=True)
    asked = lots.iloc[needed]
    shapes = asked.to_crs(houses.crs).to_numpy()
    row, hit = houses.sindex.query(shapes)
    share = (
        shapely.area(shapely.intersection(shapes[row], solid(houses.to_numpy()[hit])))
        / shapely.area(shapes)[row]
    )
    built_m2 = (
        np.bincount(row, weights=share, minlength=len(needed))
        * asked.area.to_numpy()
        * meters_per_unit(lots.crs) ** 2
    )
    return np.asarray((built_m2 >= BUILDING_M2)[place.reshape(pairs.shape)], dtype=bool)


def _named(sides: NDArray[np.bool_], placed: NDArray[np.bool_]) -> list[str]:
    """Write sides as "E,W"; "U" for parcels without a place."""
    order = np.argsort(COMPASS)
    names, place = np.unique(sides, axis=0, return_inverse=True)
    words = [",".join(COMPASS[side] for side in order if row[side]) for row in names]
    return [
        words[which] if known else "U" for which, known in zip(place.ravel(), placed, strict=True)
    ]
