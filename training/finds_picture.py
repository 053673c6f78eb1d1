"""The curve of visits against finds as SVG, and what the slider beside it needs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from training.finds import FindPoint

WIDTH = 680
HEIGHT = 380
LEFT = 56
RIGHT = 16
TOP = 16
BOTTOM = 50
TICKS = 4
"""Parts of each axis."""


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark on an axis."""

    at: float
    """Where it is, in units of the picture."""
    text: str
    """Its number."""


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A list as it ships."""

    name: str
    """Its words."""
    visits: int
    """Roofs on it."""
    found: int
    """Open ones among them."""
    missed: int
    """Open ones that are not on it."""
    x: float
    """Where it is in the picture."""
    y: float
    """The same, downwards."""


@dataclass(frozen=True, kw_only=True)
class FindsPicture:
    """The curve as shapes of an SVG."""

    line: str
    """Finds."""
    band: str
    """Their interval."""
    chance: str
    """Finds in random order."""
    best: str
    """Finds if every open roof came first."""
    x_ticks: tuple[Tick, ...]
    """Visits."""
    y_ticks: tuple[Tick, ...]
    """Finds."""
    marked: tuple[Marked, ...]
    """Lists as they ship."""
    points: Markup
    """What the slider shows, JSON: visits, score, found, missed, alarms and place of each."""
    start: int
    """Where the slider stands first."""
    last: int
    """Where it ends."""
    failing: int
    """All open roofs."""


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """Where visits and finds lie in the picture."""

    visits: int
    failing: int

    def x(self, visits: float) -> float:
        """Return where so many visits are."""
        return LEFT + (WIDTH - LEFT - RIGHT) * visits / self.visits

    def y(self, found: float) -> float:
        """Return where so many finds are."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * found / self.failing

    def path(self, places: Sequence[tuple[float, float]]) -> str:
        """Return a path through visits and finds."""
        return "M" + "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in places)


def draw_finds(
    points: Sequence[FindPoint], shipped: Sequence[tuple[str, int, int]]
) -> FindsPicture | None:
    """Return the curve; None where no labeled roof is open.

    Args:
        points: Lists of increasing length.
        shipped: Lists as they ship: name, roofs, open ones among them.
    """
    last = points[-1]
    if not last.found:
        return None

    scale = _Scale(visits=last.visits, failing=last.found)
    upper = [(point.visits, point.high) for point in points]
    lower = [(point.visits, point.low) for point in reversed(points)]
    marked = tuple(_mark(scale, *found) for found in shipped)
    longest = marked[-1].visits if marked else 0
    nearest = min(range(len(points)), key=lambda place: abs(points[place].visits - longest))
    return FindsPicture(
        line=scale.path([(point.visits, point.found) for point in points]),
        band=f"{scale.path([*upper, *lower])}Z",
        chance=scale.path([(0, 0), (last.visits, last.found)]),
        best=scale.path([(0, 0), (last.found, last.found), (last.visits, last.found)]),
        x_ticks=_ticks(last.visits, scale.x),
        y_ticks=_ticks(last.found, scale.y),
        marked=marked,
        points=Markup(json.dumps([_numbers(scale, point) for point in points])),  # numbers only
        start=nearest,
        last=len(points) - 1,
        failing=last.found,
    )


def _mark(scale: _Scale, name: str, visits: int, found: int) -> Marked:
    return Marked(
        name=name,
        visits=visits,
        found=found,
        missed=scale.failing - found,
        x=scale.x(visits),
        y=scale.y(found),
    )


def _numbers(scale: _Scale, point: FindPoint) -> list[float]:
    return [
        point.visits,
        round(point.score, 4),
        point.found,
        point.missed,
        point.alarms,
        round(scale.x(point.visits), 1),
        round(scale.y(point.found), 1),
    ]


def _ticks(most: int, place: Callable[[float], float]) -> tuple[Tick, ...]:
    """Return marks from 0 to all, at whole numbers."""
    numbers = dict.fromkeys(round(most * part / TICKS) for part in range(TICKS + 1))
    return tuple(Tick(at=place(number), text=f"{number:,}") for number in numbers)
