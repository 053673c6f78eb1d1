"""Names of streets on a map, written where they cover no symbol and no other name."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from fpdf import FPDF

from gis_export.fire.book.streets import StreetLabel, Vector
from gis_export.printing.frame import PageBox
from gis_export.printing.marks import draw_halo_text
from gis_export.printing.spread import Points
from gis_export.printing.text import MM_PER_PT, set_font, text_width

STREET_PT = 7.0
_EDGE_MM = 4
"""Distance that a name keeps from the edge of the map."""
_SLIDES_MM = (0, 4, -4, 8, -8, 14, -14, 20, -20)
"""Shifts along the street that are tried, in this order."""
_ASIDES_MM = (0, 1.5, -1.5, 3, -3, 5, -5)
"""Shifts across the street that are tried for each shift along it."""
_NEAR_MM = (0, 4, -4, 8, -8, 12, -12)
_FAR_MM = (0, 16, -16, 24, -24, 32, -32)
"""Shifts of the name of a street that has no other one on the map."""
Step = tuple[float, float]
"""Shift along and across a street, millimeters."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Covered:
    """What symbols and names cover of a map."""

    page: PageBox
    """The map."""
    centers: Points
    """Middle of each piece, (n, 2), on the page."""
    sizes: Points
    """Width and height of each piece, (n, 2)."""

    def is_free(self, points: Points) -> bool:
        """Tell whether text along some points, (m, 2), covers nothing and stays on the map."""
        low = (self.page.left_mm + _EDGE_MM, self.page.top_mm + _EDGE_MM)
        high = (self.page.right_mm - _EDGE_MM, self.page.bottom_mm - _EDGE_MM)
        if (points < low).any() or (points > high).any():
            return False

        gap = np.abs(points[:, None] - self.centers[None])  # (m, n, 2)
        reach = self.sizes[None] / 2 + STREET_PT * MM_PER_PT / 2
        return not (gap < reach).all(axis=2).any()

    def with_text(self, points: Points) -> "Covered":
        """Return the same with text along some points, (m, 2)."""
        sizes = np.full_like(points, STREET_PT * MM_PER_PT)
        return Covered(
            page=self.page,
            centers=np.vstack([self.centers, points]),
            sizes=np.vstack([self.sizes, sizes]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class NamedStreets:
    """What names are on a map."""

    covered: Covered
    """What symbols and names cover."""
    streets: frozenset[str]
    """Streets that have a name on it."""


def draw_street_names(pdf: FPDF, labels: list[StreetLabel], covered: Covered) -> NamedStreets:
    """Write the names of streets, in their order, those that find a free place."""
    named: set[str] = set()
    for label in labels:
        points = _draw_name(pdf, label, covered, _steps(_SLIDES_MM, _ASIDES_MM))
        if points is not None:
            covered = covered.with_text(points)
            named.add(label.street)
    return NamedStreets(covered=covered, streets=frozenset(named))


def draw_lone_names(
    pdf: FPDF, labels: Mapping[str, list[StreetLabel]], covered: Covered
) -> list[str]:
    """Write the name of each street once, near any of its houses; return those without room.

    Args:
        pdf: A document with a map drawn.
        labels: Where the name of each street may go, by street.
        covered: What is on the map.
    """
    unnamed = []
    for street, places in labels.items():
        for steps in (_steps(_NEAR_MM, _NEAR_MM), _steps(_FAR_MM, _FAR_MM)):
            points = _draw_first(pdf, places, covered, steps)
            if points is not None:
                covered = covered.with_text(points)
                break
        else:
            unnamed.append(street)
    return unnamed


def _draw_first(
    pdf: FPDF, labels: list[StreetLabel], covered: Covered, steps: list[Step]
) -> Points | None:
    """Write the first of some names that finds a free place; return the points of its text."""
    for label in labels:
        points = _draw_name(pdf, label, covered, steps)
        if points is not None:
            return points
    return None


def _steps(slides_mm: tuple[float, ...], asides_mm: tuple[float, ...]) -> list[Step]:
    """Return the shifts along and across a street that are tried, in their order."""
    return [(slide_mm, aside_mm) for slide_mm in slides_mm for aside_mm in asides_mm]


def _draw_name(
    pdf: FPDF, label: StreetLabel, covered: Covered, shifts: list[Step]
) -> Points | None:
    """Write a name; return the points along which it runs, None where there is no room."""
    set_font(pdf, STREET_PT, bold=True, text=label.text)
    half_mm = text_width(pdf, label.text) / 2
    turn = np.radians(label.angle)
    along = np.array([np.cos(turn), -np.sin(turn)])
    steps = np.linspace(-half_mm, half_mm, max(3, int(half_mm)))[:, None] * along

    middle = _find_place(label, steps, covered, shifts)
    if middle is None:
        return None

    at_mm = (float(middle[0]), float(middle[1]))
    draw_halo_text(pdf, at_mm, label.text, size_pt=STREET_PT, angle=label.angle)
    return np.asarray(middle + steps)


def _find_place(
    label: StreetLabel, steps: Points, covered: Covered, shifts: list[Step]
) -> Vector | None:
    """Return where the middle of a name is free, as near to its street as possible.

    Args:
        label: The name.
        steps: Points along the text, (m, 2), from its middle.
        covered: What is on the map.
        shifts: Shifts along and across the street, in the order in which they are tried.
    """
    turn = np.radians(label.angle)
    along = np.array([np.cos(turn), -np.sin(turn)])
    across = np.array([np.sin(turn), np.cos(turn)])
    for slide_mm, aside_mm in shifts:
        middle = np.array([label.x, label.y]) + along * slide_mm + across * aside_mm
        if covered.is_free(middle + steps):
            return np.asarray(middle)
    return None
