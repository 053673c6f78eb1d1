"""Outlines taken apart into straight edges, in whole arrays."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
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
        bearing = np.degrees(np.arctan2(self.along[:, 1], -self.along[:, 0]))
        return np.asarray(np.rint(bearing / 45).astype(np.intp) % 8, dtype=np.intp)


def edges_of(shapes: NDArray[np.object_], unit_m: float = 1.0) -> Edges:
    """Take polygons apart into their edges, units turned into meters; missing shapes have none."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    xy *= unit_m
    step = np.diff(xy, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])
    edge = (ring[1:] == ring[:-1]) & (length > 0)
    inner = np.concatenate([[False], part[1:] == part[:-1]]) if len(part) else np.zeros(0, bool)
    clockwise = (shapely.is_ccw(rings) == inner)[ring[:-1][edge]]
    start = np.where(clockwise[:, None], xy[1:][edge], xy[:-1][edge])
    along = step[edge] / length[edge, None] * np.where(clockwise, -1.0, 1.0)[:, None]
    return Edges(owner=owner[part[ring[:-1][edge]]], start=start, along=along, length=length[edge])


def covered_length(group: Places, start: Floats, stop: Floats, count: int) -> Floats:
    """Return how much of a line the intervals of each group cover together, (count,)."""
    if not len(group):
        return np.zeros(count)
    order = np.lexsort((start, group))
    apart = group[order] * (float((stop - start.min()).max()) + 1.0)
    begin, end = start[order] - start.min() + apart, stop[order] - start.min() + apart
    reached = np.concatenate([[-np.inf], np.maximum.accumulate(end)[:-1]])
    new = np.maximum(0.0, end - np.maximum(begin, reached))
    return np.asarray(np.bincount(group[order], weights=new, minlength=count), dtype=np.float64)


def members(owner: Places, wanted: Places) -> tuple[Places, Places]:
    """Return the places of all edges of the wanted owners, and which of the wanted each belongs to."""
    first = np.searchsorted(owner, wanted)
    counts = np.searchsorted(owner, wanted, side="right") - first
    which = np.repeat(np.arange(len(wanted)), counts)
    return np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts - first, counts), which


def meets(edges: Edges, chosen: Places, bounds: Floats, *, within_m: float) -> NDArray[np.bool_]:
    """Return which of the chosen edges come within some meters of a box (n, 4): xmin, ymin, xmax, ymax."""
    start = edges.start[chosen]
    stop = start + edges.along[chosen] * edges.length[chosen, None]
    low, high = np.minimum(start, stop) - within_m, np.maximum(start, stop) + within_m
    return np.asarray(((low <= bounds[:, 2:]) & (high >= bounds[:, :2])).all(axis=1), dtype=bool)
