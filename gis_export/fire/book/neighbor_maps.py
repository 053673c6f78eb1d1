"""Along the edges of a map: the numbers of the maps that go on there."""

from dataclasses import dataclass

import numpy as np
from fpdf import FPDF

from gis_export.fire.book.atlas import Cell
from gis_export.fire.book.chapter import ChapterMaps
from gis_export.printing.frame import Frame, PageBox
from gis_export.printing.marks import draw_halo_text
from imagery.boxes import GroundBox

_BEYOND = 0.1
"""How far beyond an edge the ground is looked at, in widths of the map."""
_SHARES = (0.25, 0.75)
"""Where along an edge the ground beyond it is looked at: it may belong to two finer maps."""


@dataclass(frozen=True, kw_only=True)
class _Edge:
    """One edge of a map."""

    probes: list[tuple[float, float]]
    """Points on the ground just beyond it."""
    at_mm: tuple[float, float]
    """Where the numbers are written on the page."""
    angle: float
    """Degrees by which they are turned counterclockwise."""


def draw_neighbor_maps(pdf: FPDF, frame: Frame, maps: ChapterMaps, cell: Cell) -> None:
    """Name the maps of the chapter that go on beyond each edge of a map."""
    for edge in _edges(frame.page, cell.ground):
        numbers = maps.maps_at(np.array(edge.probes))
        if numbers:
            text = "map " + ", ".join(str(number) for number in numbers)
            draw_halo_text(pdf, edge.at_mm, text, size_pt=7.5, angle=edge.angle)


def _edges(page: PageBox, ground: GroundBox) -> list[_Edge]:
    """Return the northern, southern, western and eastern edge."""
    beyond_m = ground.width * _BEYOND
    xs = [ground.west + ground.width * share for share in _SHARES]
    ys = [ground.south + ground.height * share for share in _SHARES]
    middle_x = page.left_mm + page.width_mm * 0.5
    middle_y = page.top_mm + page.height_mm * 0.5

    return [
        _Edge(
            probes=[(x, ground.north + beyond_m) for x in xs],
            at_mm=(middle_x, page.top_mm - 2.2),
            angle=0,
        ),
        _Edge(
            probes=[(x, ground.south - beyond_m) for x in xs],
            at_mm=(middle_x, page.bottom_mm + 2.2),
            angle=0,
        ),
        _Edge(
            probes=[(ground.west - beyond_m, y) for y in ys],
            at_mm=(page.left_mm - 2.4, middle_y),
            angle=90,
        ),
        _Edge(
            probes=[(ground.east + beyond_m, y) for y in ys],
            at_mm=(page.right_mm + 2.4, middle_y),
            angle=90,
        ),
    ]
