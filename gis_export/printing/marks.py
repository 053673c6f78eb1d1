"""Symbols on a printed map, by shape, letter and pattern; outlines of parcels; names on a band."""

import math
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from fpdf import FPDF
from numpy.typing import NDArray

from gis_export.printing.text import INK, MM_PER_PT, set_font, text_width
from gis_export.table.symbols import Outline, Shape, Symbol
from inference.hazard import HazardWord

MARK_MM = 3.9
"""Height of a symbol on a sheet; its letter is as tall as 6-point type."""
SMALL_MARK_MM = 2.9
"""Height of NOT SEEN IN PHOTO."""
_CAPITAL = 0.729
"""Height of a capital of the bold font, in ems."""
_LETTER_SHARE = {"hexagon": 0.52, "triangle": 0.44, "diamond": 0.44, "circle": 0.5, "tag": 0.62}
"""Height of the letter as a share of the symbol's."""
_HEXAGON_SHARE = 1.08
"""Radius of a hexagon, in half heights of a symbol."""
_DASHES: dict[Outline, tuple[tuple[float, float, float], ...]] = {
    "solid": ((0, 0, 0),),
    "dash": ((1.1, 0.7, 0),),
    "dot": ((0.3, 0.5, 0),),
    "dash dot": ((1.2, 1.2, 0), (0.3, 2.1, 0.75)),
}
"""Passes of dash, gap and phase, millimeters; a dash-dot line is dashes with dots in their gaps."""

Point = tuple[float, float]
"""Millimeters from the left and upper edge of the page."""


@dataclass(frozen=True, kw_only=True)
class _Pen:
    """How a shape is drawn."""

    fill: tuple[int, int, int]
    """Red, green, blue of its inside."""
    line_mm: float
    """Width of its edge."""
    gray: int
    """Gray of its edge."""


def mark_height_mm(symbol: Symbol) -> float:
    """Return the height of a symbol on a sheet."""
    return SMALL_MARK_MM if symbol.word is HazardWord.NOT_SEEN else MARK_MM


def draw_mark(pdf: FPDF, symbol: Symbol, x_mm: float, y_mm: float, height_mm: float) -> None:
    """Draw a symbol around a point, with a white rim that lifts it off any ground."""
    center = (x_mm, y_mm)
    rim = _Pen(fill=(255, 255, 255), line_mm=height_mm * 0.3, gray=255)
    body = _Pen(fill=_rgb(symbol.color), line_mm=max(0.2, height_mm * 0.07), gray=INK)

    pdf.set_dash_pattern()
    _draw_shape(pdf, symbol.shape, center, height_mm, rim)
    _draw_shape(pdf, symbol.shape, center, height_mm, body)
    if symbol.word is HazardWord.CONFIRMED:
        _draw_ring(pdf, center, height_mm * 0.76)
    if symbol.shape == "tag":
        _draw_hatch(pdf, center, height_mm)
    _draw_letter(pdf, symbol, center, height_mm)


def _draw_shape(pdf: FPDF, shape: Shape, center: Point, height_mm: float, pen: _Pen) -> None:
    x, y = center
    half = height_mm / 2
    pdf.set_fill_color(*pen.fill)
    pdf.set_draw_color(pen.gray)
    pdf.set_line_width(pen.line_mm)

    if shape == "circle":
        pdf.circle(x, y, half, style="DF")
    elif shape == "tag":
        left = x - height_mm * 0.68
        top = y - height_mm * 0.42
        pdf.rect(left, top, height_mm * 1.36, height_mm * 0.84, style="DF")
    elif shape == "triangle":
        pdf.polygon(_triangle(center, half), style="DF")
    elif shape == "diamond":
        pdf.polygon(_diamond(center, half * 1.12), style="DF")
    else:
        pdf.polygon(_hexagon(center, half * _HEXAGON_SHARE), style="DF")


def _triangle(center: Point, half: float) -> list[Point]:
    x, y = center
    base_y = y + half * 0.9
    return [(x, y - half * 1.05), (x + half * 1.15, base_y), (x - half * 1.15, base_y)]


def _diamond(center: Point, half: float) -> list[Point]:
    x, y = center
    return [(x, y - half), (x + half, y), (x, y + half), (x - half, y)]


def _hexagon(center: Point, radius: float) -> list[Point]:
    x, y = center
    turns = [math.radians(60 * corner) for corner in range(6)]
    return [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]


def _draw_ring(pdf: FPDF, center: Point, height_mm: float) -> None:
    """Draw the second outline that CONFIRMED carries."""
    pdf.set_line_width(0.18)
    pdf.polygon(_hexagon(center, height_mm / 2 * _HEXAGON_SHARE), style="D")


def _draw_hatch(pdf: FPDF, center: Point, height_mm: float) -> None:
    """Hatch both ends of the tag, so that NOT ASSESSED is recognized without color."""
    x, y = center
    top = y - height_mm * 0.42
    bottom = y + height_mm * 0.42
    strip = height_mm * 0.3

    pdf.set_line_width(height_mm * 0.06)
    for left in (x - height_mm * 0.68, x + height_mm * 0.68 - strip):
        pdf.line(left + strip, top, left + strip, bottom)
        pdf.line(left, top, left, bottom)
        for share in (0.0, 1 / 3, 2 / 3):
            start = bottom - share * (bottom - top)
            pdf.line(left, start, left + strip, start - (bottom - top) / 3)


def _draw_letter(pdf: FPDF, symbol: Symbol, center: Point, height_mm: float) -> None:
    x, y = center
    size_pt = height_mm * _LETTER_SHARE[symbol.shape] / _CAPITAL / MM_PER_PT
    # The middle of a triangle's inside is below the middle of its height.
    down_mm = height_mm * 0.17 if symbol.shape == "triangle" else 0.0

    set_font(pdf, size_pt, bold=True)
    pdf.set_text_color(INK)
    left = x - text_width(pdf, symbol.letter) / 2
    baseline = y + down_mm + size_pt * MM_PER_PT * _CAPITAL / 2
    pdf.text(left, baseline, symbol.letter)


def _rgb(color: str) -> tuple[int, int, int]:
    """Return red, green and blue of a color such as "#ff8800"."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def draw_outline(
    pdf: FPDF, ring_mm: NDArray[np.float64], outline: Outline, *, width_mm: float
) -> None:
    """Draw the outline of a parcel, (n, 2) on the page, black on a white rim."""
    points = [(float(x), float(y)) for x, y in ring_mm]
    pdf.set_dash_pattern()
    pdf.set_draw_color(255)
    pdf.set_line_width(width_mm + 0.45)
    pdf.polygon(points, style="D")

    pdf.set_draw_color(INK)
    pdf.set_line_width(width_mm)
    for dash, gap, phase in _DASHES[outline]:
        pdf.set_dash_pattern(dash=dash, gap=gap, phase=phase)
        pdf.polygon(points, style="D")
    pdf.set_dash_pattern()


def draw_halo_text(pdf: FPDF, at_mm: Point, text: str, *, size_pt: float, angle: float = 0) -> None:
    """Write bold text on a white band.

    Args:
        pdf: A document with a page begun.
        at_mm: Middle of the text.
        text: What is written.
        size_pt: Size of the font.
        angle: Degrees by which it is turned counterclockwise.
    """
    x, y = at_mm
    set_font(pdf, size_pt, bold=True, text=text)
    width = text_width(pdf, text)
    height = size_pt * MM_PER_PT

    # To turn costs more than to write.
    turned = pdf.rotation(angle, x, y) if angle else nullcontext()
    with turned:
        pdf.set_fill_color(255)
        pdf.rect(
            x - width / 2 - 0.3,
            y - height * 0.45,
            width + 0.6,
            height * 0.9,
            style="F",
            round_corners=True,
            corner_radius=height * 0.2,
        )
        pdf.set_text_color(INK)
        pdf.text(x - width / 2, y + height * _CAPITAL / 2, text)
