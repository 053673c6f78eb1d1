"""Names of streets on a map, written where they cover no symbol and no other name."""

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


def draw_street_names(pdf: FPDF, labels: list[StreetLabel], covered: Covered) -> None:
    """Write the names of streets, in their order, those that find a free place."""
    for label in labels:
        points = _draw_name(pdf, label, covered)
        if points is not None:
            covered = covered.with_text(points)


def _draw_name(pdf: FPDF, label: StreetLabel, covered: Covered) -> Points | None:
    """Write a name; return the points along which it runs, None where there is no room."""
    set_font(pdf, STREET_PT, bold=True, text=label.text)
    half_mm = text_width(pdf, label.text) / 2
    turn = np.radians(label.angle)
    along = np.array([np.cos(turn), -np.sin(turn)])
    steps = np.linspace(-half_mm, half_mm, max(3, int(half_mm)))[:, None] * along

    middle = _find_place(label, steps, covered)
    if middle is None:
        return None

    at_mm = (float(middle[0]), float(middle[1]))
    draw_halo_text(pdf, at_mm, label.text, size_pt=STREET_PT, angle=label.angle)
    return np.asarray(middle + steps)


def _find_place(label: StreetLabel, steps: Points, covered: Covered) -> Vector | None:
    """Return where the middle of a name is free, as near to its street as possible.

    Args:
        label: The name.
        steps: Points along the text, (m, 2), from its middle.
        covered: What is on the map.
    """
    turn = np.radians(label.angle)
    along = np.array([np.cos(turn), -np.sin(turn)])
    across = np.array([np.sin(turn), np.cos(turn)])
    for slide_mm in _SLIDES_MM:
        for aside_mm in _ASIDES_MM:
            middle = np.array([label.x, label.y]) + along * slide_mm + across * aside_mm
            if covered.is_free(middle + steps):
                return np.asarray(middle)
    return None
