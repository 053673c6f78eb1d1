"""Sides A, B, C and D of a house: A faces the street of its address, then clockwise from above.

Nothing is guessed. Where neither the numbers across the street nor the gaps between the lots tell
the front from the back, the sides are not known. Coordinates are meters east and south.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_export.fire.map.houses import Houses
from imagery.shapes import Shapes

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

NOBODY = -1
REACH_M = 45.0
"""How far a neighbor may be."""
_STEPS_M = (6.0, 12.0, REACH_M)
"""How far is looked, one after the other: most neighbors are near, with no outline between."""
_ROW_M = 60.0
"""Most meters between neighbors of one row."""
_ACROSS_M = (6.0, 80.0)
"""How far the numbers across the street may be, seen across the row."""
_STREET_M = 8.0
"""Least gap between lots that is a street."""
_ALLEY_M = 7.0
"""Gaps below this are an alley or none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sides:
    """The sides of all houses."""

    front: Floats
    """Direction of side A, degrees clockwise from north, (n,); NaN where not known."""
    neighbors: Places
    """House at sides B, C and D, (n, 3); `NOBODY` where there is none within reach."""
    gaps_m: Floats
    """Distance to it from outline to outline, (n, 3); NaN where there is none."""

    def among(self, kept: Places) -> "Sides":
        """Return the sides of some houses; a neighbor that is not among them is nobody.

        Args:
            kept: Places of the houses, in increasing order.
        """
        place = np.full(len(self.front) + 1, NOBODY, dtype=np.intp)  # the last is for `NOBODY`
        place[kept] = np.arange(len(kept))
        neighbors = place[self.neighbors[kept]]
        gaps_m = np.where(neighbors == NOBODY, np.nan, self.gaps_m[kept])
        return Sides(front=self.front[kept], neighbors=neighbors, gaps_m=gaps_m)


def sides_of(houses: Houses) -> Sides:
    """Find the front of every house and who is at its other sides."""
    across = _across_rows(houses)
    toward = _toward_opposite_numbers(houses, across)
    unsure = np.isnan(toward[:, 0]) & ~np.isnan(across[:, 0])
    toward[unsure] = _toward_wide_gap(houses, across, np.flatnonzero(unsure))

    count = len(houses.table)
    neighbors = np.full((count, 3), NOBODY, dtype=np.intp)
    gaps_m = np.full((count, 3), np.nan)
    known = np.flatnonzero(~np.isnan(toward[:, 0]))
    east, south = toward[known].T
    # Clockwise from above, south being down: the left of who faces the house is B.
    turned = (np.column_stack([-south, east]), -toward[known], np.column_stack([south, -east]))
    for side, direction in enumerate(turned):
        neighbors[known, side], gaps_m[known, side] = _first_hits(houses, known, direction)

    front = np.degrees(np.arctan2(toward[:, 0], -toward[:, 1])) % 360
    return Sides(front=front, neighbors=neighbors, gaps_m=gaps_m)


def _rows_of(houses: Houses) -> list[tuple[str, int, int]]:
    """Return street, hundred and parity of each house."""
    return [(house.street, house.number // 100, house.number % 2) for house in houses.table]


def _across_rows(houses: Houses) -> Floats:
    """Return a unit vector across the row of each house, (n, 2); NaN where it has no row."""
    members: dict[tuple[str, int, int], list[int]] = {}
    for place, row in enumerate(_rows_of(houses)):
        if row[0] and not np.isnan(houses.places[place, 0]):
            members.setdefault(row, []).append(place)

    across = np.full((len(houses.table), 2), np.nan)
    for row_places in members.values():
        points = houses.places[row_places]
        for place, along in zip(row_places, _along(points), strict=True):
            across[place] = (-along[1], along[0])
    return across


def _along(points: Floats) -> Floats:
    """Return the unit vector along a row at each of its points, (n, 2), from neighbor to neighbor.

    NaN where no neighbor is near.
    """
    steps = np.diff(points, axis=0)
    steps[np.hypot(*steps.T) > _ROW_M] = 0.0
    none = np.zeros((1, 2))
    along = np.vstack([none, steps]) + np.vstack([steps, none])
    length = np.hypot(*along.T)
    length[length < 0.5] = np.nan
    return np.asarray(along / length[:, None])


def _toward_opposite_numbers(houses: Houses, across: Floats) -> Floats:
    """Return the unit vector toward the numbers of other parity in the same hundred, (n, 2)."""
    members: dict[tuple[str, int, int], list[int]] = {}
    rows = _rows_of(houses)
    for place, row in enumerate(rows):
        if row[0] and not np.isnan(houses.places[place, 0]):
            members.setdefault(row, []).append(place)

    toward = np.full((len(rows), 2), np.nan)
    numbers = np.array([house.number for house in houses.table])
    for (street, hundred, parity), own in members.items():
        others = members.get((street, hundred, 1 - parity))
        if not others:
            continue
        gaps = np.abs(numbers[own][:, None] - numbers[others][None])
        nearest = np.array(others)[gaps.argmin(axis=1)]
        way = ((houses.places[nearest] - houses.places[own]) * across[own]).sum(axis=1)
        is_across = (np.abs(way) > _ACROSS_M[0]) & (np.abs(way) < _ACROSS_M[1])
        sign = np.where(is_across, np.sign(way), np.nan)
        toward[own] = across[own] * sign[:, None]
    return toward


def _toward_wide_gap(houses: Houses, across: Floats, some: Places) -> Floats:
    """Return the unit vector toward the street where one gap beside the row is one, (m, 2)."""
    _, ahead = _first_hits(houses, some, across[some])
    _, behind = _first_hits(houses, some, -across[some])
    ahead = np.nan_to_num(ahead, nan=np.inf)
    behind = np.nan_to_num(behind, nan=np.inf)

    sign = np.full(len(some), np.nan)
    sign[(ahead >= _STREET_M) & (behind < _ALLEY_M)] = 1.0
    sign[(behind >= _STREET_M) & (ahead < _ALLEY_M)] = -1.0
    return np.asarray(across[some] * sign[:, None])


def _first_hits(houses: Houses, some: Places, direction: Floats) -> tuple[Places, Floats]:
    """Return the first other house in a direction from each of some, and the gap to it, (m,)."""
    neighbors = np.full(len(some), NOBODY, dtype=np.intp)
    for reach_m in _STEPS_M:
        left = np.flatnonzero(neighbors == NOBODY)
        neighbors[left] = _hits_within(houses, some[left], direction[left] * reach_m)

    gaps_m = np.full(len(some), np.nan)
    is_hit = neighbors != NOBODY
    own: Shapes = houses.shapes[some[is_hit]]
    gaps_m[is_hit] = shapely.distance(own, houses.shapes[neighbors[is_hit]])
    return neighbors, gaps_m


def _hits_within(houses: Houses, some: Places, reach: Floats) -> Places:
    """Return the first other house on the way from each of some, (m,), `NOBODY` where none is.

    Args:
        houses: All houses.
        some: The houses that look around.
        reach: How far each looks, meters east and south, (m, 2).
    """
    start = houses.places[some]
    ends = np.stack([start, start + reach], axis=1)  # (m, 2, 2)
    lines: Shapes = np.asarray(shapely.linestrings(ends), dtype=object)
    line, hit = houses.tree.query(lines, predicate="intersects")
    is_other = hit != some[line]
    line, hit = line[is_other], hit[is_other]

    # The way to the outline counts only where there are several.
    away = np.zeros(len(line))
    contested = np.flatnonzero(np.bincount(line, minlength=len(some))[line] > 1)
    starts = shapely.points(start[line[contested]])
    inside = shapely.intersection(lines[line[contested]], houses.shapes[hit[contested]])
    away[contested] = shapely.distance(starts, inside)
    order = np.lexsort([away, line])
    first = order[np.unique(line[order], return_index=True)[1]]

    neighbors = np.full(len(some), NOBODY, dtype=np.intp)
    neighbors[line[first]] = hit[first]
    return neighbors
