"""Hundred blocks: their names on the map, and the streets that cross at their ends."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_export.fire.map.houses import Houses

Floats = NDArray[np.float64]

_END_M = 45.0
"""How far beyond its last house a block may reach to the corner."""
_CROSS_DEGREES = 40.0
"""Least angle at which streets cross."""
_ASIDE_M = 16.0
"""From a house to the middle of its street, where houses stand on one side alone."""


@dataclass(frozen=True, kw_only=True)
class Corner:
    """Where another street crosses at one end of a block."""

    street: str
    """The other street in normal form."""
    x: float
    """Where the two meet, meters east of the northwest corner."""
    y: float
    """The same, meters south."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """The houses of one street whose numbers share their hundreds."""

    street: str
    """Street in normal form."""
    hundred: int
    """First number divided by 100."""
    x: float
    """Middle of the street, meters east of the northwest corner."""
    y: float
    """The same, meters south."""
    angle: float
    """Direction of the name, degrees clockwise from east, -90 to 90."""
    corners: "tuple[Corner | None, Corner | None]"
    """Corner at the low numbers, and at the high ones; None where not known."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Line:
    """A block as a line from its low numbers to its high ones."""

    street: str
    hundred: int
    start: Floats
    """(2,)."""
    end: Floats
    """(2,)."""

    @property
    def along(self) -> Floats:
        """Return the unit vector from low to high numbers."""
        step = self.end - self.start
        return np.asarray(step / np.hypot(*step))

    @property
    def longer(self) -> shapely.LineString:
        """Return the line, reaching to the corners."""
        reach = self.along * _END_M
        return _segment(self.start - reach, self.end + reach)


def blocks_of(houses: Houses, front: Floats) -> list[Block]:
    """Return the blocks with two or more houses on the map.

    Args:
        houses: All houses.
        front: Direction of side A of each, degrees clockwise from north, NaN where not known.
    """
    lines = _lines(houses, front)
    if not lines:
        return []

    tree = shapely.STRtree([line.longer for line in lines])
    blocks = []
    for line in lines:
        middle = (line.start + line.end) / 2
        angle = float(np.degrees(np.arctan2(line.along[1], line.along[0])))
        low = _segment(line.start, line.start - line.along * _END_M)
        high = _segment(line.end, line.end + line.along * _END_M)
        blocks.append(
            Block(
                street=line.street,
                hundred=line.hundred,
                x=float(middle[0]),
                y=float(middle[1]),
                angle=(angle + 90) % 180 - 90,
                corners=(_crossing(line, low, lines, tree), _crossing(line, high, lines, tree)),
            )
        )
    return blocks


def _lines(houses: Houses, front: Floats) -> list[_Line]:
    """Return the blocks that have a direction."""
    members: dict[tuple[str, int], list[int]] = {}
    for place, house in enumerate(houses.table):
        if house.street and not np.isnan(houses.places[place, 0]):
            members.setdefault((house.street, house.number // 100), []).append(place)

    numbers = np.array([house.number for house in houses.table])
    lines = []
    for (street, hundred), places in members.items():
        points = houses.places[places]
        along = _direction(points, numbers[places])
        if along is None:
            continue

        middle = _middle_of_street(points, numbers[places], front[places])
        reach = (points - middle) @ along
        lines.append(
            _Line(
                street=street,
                hundred=hundred,
                start=middle + along * reach.min(),
                end=middle + along * reach.max(),
            )
        )
    return lines


def _direction(points: Floats, numbers: NDArray[np.int64]) -> Floats | None:
    """Return the unit vector along a block toward its high numbers; None where it has none."""
    centered = points - points.mean(axis=0)
    ranks = numbers - numbers.mean()
    # Of each side alone, so that the width of the street does not tilt the line.
    for parity in (0, 1):
        own = numbers % 2 == parity
        if own.any():
            centered[own] = points[own] - points[own].mean(axis=0)
            ranks[own] = numbers[own] - numbers[own].mean()

    along = ranks @ centered
    length = float(np.hypot(*along))
    return np.asarray(along / length) if length > 1.0 else None


def _middle_of_street(points: Floats, numbers: NDArray[np.int64], front: Floats) -> Floats:
    """Return a point in the middle of the street.

    It is between both sides; with one side alone before the houses, or among them where their
    front is not known.
    """
    is_even = numbers % 2 == 0
    if is_even.any() and not is_even.all():
        return np.asarray((points[is_even].mean(axis=0) + points[~is_even].mean(axis=0)) / 2)

    middle = points.mean(axis=0)
    known = np.radians(front[~np.isnan(front)])
    if not len(known):
        return np.asarray(middle)
    return np.asarray(middle + _ASIDE_M * np.array([np.sin(known).mean(), -np.cos(known).mean()]))


def _segment(start: Floats, end: Floats) -> shapely.LineString:
    """Return the line between two points."""
    return shapely.LineString([start, end])


def _crossing(
    line: _Line, end: shapely.LineString, lines: Sequence[_Line], tree: shapely.STRtree
) -> Corner | None:
    """Return the nearest corner beyond one end of a block, None where no street crosses."""
    nearest = None
    least = np.inf
    for place in tree.query(end, predicate="intersects"):
        other = lines[place]
        cosine = abs(float(line.along @ other.along))
        if other.street == line.street or cosine > np.cos(np.radians(_CROSS_DEGREES)):
            continue

        meeting = shapely.centroid(other.longer.intersection(end))
        away = shapely.distance(shapely.get_point(end, 0), meeting)
        if away < least:
            nearest = Corner(street=other.street, x=float(meeting.x), y=float(meeting.y))
            least = away
    return nearest
