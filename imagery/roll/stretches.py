"""Where an edge of one parcel runs against an edge of another, in whole arrays."""

from dataclasses import dataclass

import numpy as np

from imagery.roll.edges import Edges, Floats, Mask, Places, meets, members

TOUCH_M = 0.5
"""Parcels or buildings that are this close touch: surveys differ by that much."""
MOST_TURN_DEG = 20.0
"""Edges that run against each other may be turned by less."""
LEAST_SLOPE = 1e-9
"""Stands in for a slope of 0, by which nothing can be divided."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ParcelPairs:
    """A vacant parcel and a parcel near it, (n,) each."""

    vacant: Places
    """Place of the vacant parcel."""
    neighbor: Places
    """Place of the other parcel."""

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.vacant)

    def take(self, chosen: Places) -> "ParcelPairs":
        """Return some of the pairs."""
        return ParcelPairs(vacant=self.vacant[chosen], neighbor=self.neighbor[chosen])


@dataclass(frozen=True, kw_only=True, eq=False)
class EdgePairs:
    """An edge of a vacant parcel and an edge of its neighbor, (n,) each."""

    ours: Places
    """Place of the edge of the vacant parcel."""
    theirs: Places
    """Place of the edge of the neighbor."""
    pair: Places
    """Place of the two parcels in the list of pairs."""

    def take(self, chosen: Mask) -> "EdgePairs":
        """Return some of the pairs."""
        return EdgePairs(ours=self.ours[chosen], theirs=self.theirs[chosen], pair=self.pair[chosen])


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretches:
    """Where a neighbor's edge runs against ours, (n,) each."""

    pair: Places
    """Place of the two parcels in the list of pairs."""
    edge: Places
    """Place of our edge."""
    start_m: Floats
    """Where the stretch begins on our edge, meters from its start."""
    stop_m: Floats
    """Where it ends."""
    gap_m: Floats
    """Distance of the neighbor's edge outward; below 0 where the parcels overlap."""

    @property
    def length_m(self) -> Floats:
        """Return the length of each."""
        return self.stop_m - self.start_m

    def take(self, chosen: Mask) -> "Stretches":
        """Return some of the stretches."""
        return Stretches(
            pair=self.pair[chosen],
            edge=self.edge[chosen],
            start_m=self.start_m[chosen],
            stop_m=self.stop_m[chosen],
            gap_m=self.gap_m[chosen],
        )


def find_stretches(edges: Edges, pairs: ParcelPairs, bounds_m: Floats) -> Stretches:
    """Compare the edges of every pair of parcels.

    Args:
        edges: Edges of all parcels.
        pairs: Parcels that are near each other.
        bounds_m: Box around each parcel: xmin, ymin, xmax, ymax, (parcels, 4).
    """
    found = close_edges(edges, pairs, bounds_m)
    found = facing_edges(edges, found)
    return shared_part(edges, found)


def close_edges(edges: Edges, pairs: ParcelPairs, bounds_m: Floats) -> EdgePairs:
    """Pair each edge of a vacant parcel with the neighbor's edges that come near the parcel."""
    theirs, pair = members(edges.owner, pairs.neighbor)
    box_m = bounds_m[pairs.vacant[pair]]
    is_close = meets(edges, theirs, box_m, within_m=TOUCH_M)
    theirs = theirs[is_close]
    pair = pair[is_close]

    ours, row = members(edges.owner, pairs.vacant[pair])
    return EdgePairs(ours=ours, theirs=theirs[row], pair=pair[row])


def facing_edges(edges: Edges, found: EdgePairs) -> EdgePairs:
    """Return the pairs of edges that run in opposite directions."""
    cosine = _dot(edges.along[found.ours], edges.along[found.theirs])
    return found.take(cosine < -np.cos(np.radians(MOST_TURN_DEG)))


def shared_part(edges: Edges, found: EdgePairs) -> Stretches:
    """Return the part of our edge along which the other edge is within `TOUCH_M`.

    ::

                    <------------------o  theirs
                    :                  :
                    :                  :  gap_m, here at the start of theirs
                    :                  :
             o------================== >------->  ours
             |<---------- along_m ---->|

    `====` is the stretch. The gap changes by `slope` meters for each meter along our edge.
    """
    along = edges.along[found.ours]
    outward = edges.outward[found.ours]
    cosine = _dot(along, edges.along[found.theirs])

    offset_m = edges.start[found.theirs] - edges.start[found.ours]
    along_m = _dot(offset_m, along)
    gap_m = _dot(offset_m, outward)
    slope = _dot(edges.along[found.theirs], outward) / cosine
    slope = np.where(np.abs(slope) < LEAST_SLOPE, LEAST_SLOPE, slope)

    # The gap is within limits between the two places where it is -TOUCH_M and TOUCH_M.
    limits_m = np.stack([(-TOUCH_M - gap_m) / slope, (TOUCH_M - gap_m) / slope])
    first_m, last_m = np.sort(limits_m, axis=0) + along_m
    their_end_m = along_m + cosine * edges.length[found.theirs]
    start_m = np.maximum.reduce([np.zeros(len(along_m)), their_end_m, first_m])
    stop_m = np.minimum.reduce([edges.length[found.ours], along_m, last_m])

    middle_m = (start_m + stop_m) / 2
    stretches = Stretches(
        pair=found.pair,
        edge=found.ours,
        start_m=start_m,
        stop_m=stop_m,
        gap_m=gap_m + slope * (middle_m - along_m),
    )
    return stretches.take(stop_m > start_m)


def _dot(first: Floats, second: Floats) -> Floats:
    """Return the dot product of the vectors in each row, (n,)."""
    return np.asarray(np.einsum("ij,ij->i", first, second))
