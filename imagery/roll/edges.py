"""Outlines taken apart into straight edges, in whole arrays."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Edges:
    """Straight pieces of outlines, (n,) or (n, 2); the inside lies to the left of each."""

    owner: Places
    """Place of the shape in the array it came from, rising."""
    start: Floats
    """Where the edge begins, meters."""
    along: Floats
    """Unit vector."""
    length: Floats
    """Meters."""

    @property
    def outward(self) -> Floats:
        """Return the unit normals that point out of the shape."""
        return np.stack([self.along[:, 1], -self.along[:, 0]], axis=1)

    @property
    def side(self) -> Places:
        """Return the compass point that each edge faces, as a place in `COMPASS`."""
        bearing_deg = np.degrees(np.arctan2(self.along[:, 1], -self.along[:, 0]))
        return np.asarray(np.rint(bearing_deg / 45).astype(np.intp) % 8, dtype=np.intp)


def edges_of(shapes: NDArray[np.object_], unit_m: float = 1.0) -> Edges:
    """Take polygons apart into their edges.

    Args:
        shapes: Polygons, (n,); missing ones have no edges.
        unit_m: Meters of one unit of their CRS.
    """
    polygons, owner = shapely.get_parts(shapes, return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    xy *= unit_m

    # A step leads from one point to the next; those from ring to ring are no edges.
    step = np.diff(xy, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])
    is_edge = (ring[1:] == ring[:-1]) & (length > 0)
    edge_ring = ring[:-1][is_edge]

    # Outer rings run counterclockwise and holes clockwise; all others are turned around.
    is_hole = np.zeros(len(polygon), bool)
    is_hole[1:] = polygon[1:] == polygon[:-1]
    must_turn = (shapely.is_ccw(rings) == is_hole)[edge_ring]
    start = np.where(must_turn[:, None], xy[1:][is_edge], xy[:-1][is_edge])
    sign = np.where(must_turn, -1.0, 1.0)
    along = step[is_edge] / length[is_edge, None] * sign[:, None]

    return Edges(owner=owner[polygon[edge_ring]], start=start, along=along, length=length[is_edge])


def covered_length(group: Places, start: Floats, stop: Floats, count: int) -> Floats:
    """Return how much of a line the intervals of each group cover together.

    Args:
        group: Group of each interval, (n,).
        start: Where it begins, (n,).
        stop: Where it ends, (n,).
        count: Number of groups.

    Returns:
        Lengths, (count,).
    """
    if not len(group):
        return np.zeros(count)

    # Groups are set one behind the other on one line, so that one pass covers all.
    order = np.lexsort((start, group))
    sorted_group = group[order]
    room = float((stop - start.min()).max()) + 1.0
    begin = start[order] - start.min() + sorted_group * room
    end = stop[order] - start.min() + sorted_group * room

    reached = np.concatenate([[-np.inf], np.maximum.accumulate(end)[:-1]])
    added = np.maximum(0.0, end - np.maximum(begin, reached))
    lengths = np.bincount(sorted_group, weights=added, minlength=count)
    return np.asarray(lengths, dtype=np.float64)


def members(owner: Places, wanted: Places) -> tuple[Places, Places]:
    """Find all edges of some owners.

    Args:
        owner: Owner of each edge, rising.
        wanted: Owners, any order, (n,).

    Returns:
        Places of the edges, and for each the place in `wanted` of its owner.
    """
    first = np.searchsorted(owner, wanted)
    counts = np.searchsorted(owner, wanted, side="right") - first
    which = np.repeat(np.arange(len(wanted)), counts)

    before = np.cumsum(counts) - counts
    edge = np.arange(len(which)) - np.repeat(before - first, counts)
    return edge, which


def meets(edges: Edges, chosen: Places, bounds: Floats, *, within_m: float) -> Mask:
    """Tell which edges come within some meters of a box.

    Args:
        edges: All edges.
        chosen: Places of those to look at, (n,).
        bounds: A box for each: xmin, ymin, xmax, ymax, meters, (n, 4).
        within_m: Largest distance along each axis.
    """
    start = edges.start[chosen]
    stop = start + edges.along[chosen] * edges.length[chosen, None]
    low = np.minimum(start, stop) - within_m
    high = np.maximum(start, stop) + within_m
    overlaps = (low <= bounds[:, 2:]) & (high >= bounds[:, :2])
    return np.asarray(overlaps.all(axis=1), dtype=bool)
