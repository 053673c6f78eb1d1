"""What is drawn on a printed map: symbols by shape, letter and pattern, outlines, scale bar, north arrow, grid."""

import math
from contextlib import nullcontext

import numpy as np
from fpdf import FPDF
from numpy.typing import NDArray

from gis_export.printing.frame import Frame
from gis_export.printing.text import INK, MM_PER_PT, TextStyle, put, set_font, text_width
from gis_export.table.symbols import Outline, Shape, Symbol
from inference.hazard import HazardWord

MARK_MM = 3.9
"""Height of a symbol on a sheet; its letter is as tall as 6-point type."""
SMALL_MARK_MM = 2.9
"""Height of NOT SEEN IN PHOTO."""
FOOT_M = 0.3048
GRID_COLUMNS, GRID_ROWS = "ABCD", "1234"
_CAP = 0.729
"""Height of a capital of the bold font, in ems."""
_LETTER_SHARE = {"hexagon": 0.52, "triangle": 0.44, "diamond": 0.44, "circle": 0.5, "tag": 0.62}
"""Height of the letter as a share of the symbol's."""
_DASHES: dict[Outline, tuple[tuple[float, float, float], ...]] = {
    "solid": ((0, 0, 0),),
    "dash": ((1.1, 0.7, 0),),
    "dot": ((0.3, 0.5, 0),),
    "dash dot": ((1.2, 1.2, 0), (0.3, 2.1, 0.75)),
}
"""Passes of dash, gap and phase, millimeters; a dash-dot line is dashes with dots in their gaps."""


def mark_height_mm(symbol: Symbol) -> float:
    """Return the height of a symbol on a sheet."""
    return SMALL_MARK_MM if symbol.word is HazardWord.NOT_SEEN else MARK_MM


def draw_mark(pdf: FPDF, symbol: Symbol, x_mm: float, y_mm: float, height_mm: float) -> None:
    """Draw a symbol around a point, with a white rim that lifts it off any ground."""
    pdf.set_dash_pattern()
    _shape(
        pdf,
        symbol.shape,
        x_mm,
        y_mm,
        height_mm,
        fill=(255, 255, 255),
        line_mm=height_mm * 0.3,
        gray=255,
    )
    _shape(
        pdf,
        symbol.shape,
        x_mm,
        y_mm,
        height_mm,
        fill=_rgb(symbol.color),
        line_mm=max(0.2, height_mm * 0.07),
        gray=INK,
    )
    if symbol.word is HazardWord.CONFIRMED:
        _ring(pdf, x_mm, y_mm, height_mm * 0.76)
    if symbol.shape == "tag":
        _hatch(pdf, x_mm, y_mm, height_mm)
    size_pt = height_mm * _LETTER_SHARE[symbol.shape] / _CAP / MM_PER_PT
    down = height_mm * (0.17 if symbol.shape == "triangle" else 0.0)
    set_font(pdf, size_pt, bold=True)
    pdf.set_text_color(INK)
    pdf.text(
        x_mm - text_width(pdf, symbol.letter) / 2,
        y_mm + down + size_pt * MM_PER_PT * _CAP / 2,
        symbol.letter,
    )


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


def draw_halo_text(
    pdf: FPDF,
    at_mm: tuple[float, float],
    text: str,
    *,
    size_pt: float,
    angle: float = 0,
    bold: bool = True,
) -> None:
    """Write a text centered on a point, turned counterclockwise by `angle` degrees, on a white band."""
    set_font(pdf, size_pt, bold=bold, text=text)
    wide, tall = text_width(pdf, text), size_pt * MM_PER_PT
    with (
        pdf.rotation(angle, *at_mm) if angle else nullcontext()
    ):  # to turn costs more than to write
        pdf.set_fill_color(255)
        pdf.rect(
            at_mm[0] - wide / 2 - 0.3,
            at_mm[1] - tall * 0.45,
            wide + 0.6,
            tall * 0.9,
            style="F",
            round_corners=True,
            corner_radius=tall * 0.2,
        )
        pdf.set_text_color(INK)
        pdf.text(at_mm[0] - wide / 2, at_mm[1] + tall * _CAP / 2, text)


def draw_border(pdf: FPDF, frame: Frame, *, grid: bool = False) -> None:
    """Draw the edge of a map, and the ticks and names of its grid."""
    pdf.set_dash_pattern()
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.4)
    pdf.rect(frame.left_mm, frame.top_mm, frame.width_mm, frame.height_mm)
    if not grid:
        return
    pdf.set_line_width(0.3)
    across, down = frame.width_mm / len(GRID_COLUMNS), frame.height_mm / len(GRID_ROWS)
    right, bottom = frame.left_mm + frame.width_mm, frame.top_mm + frame.height_mm
    for number, name in enumerate(GRID_COLUMNS):
        x = frame.left_mm + number * across
        for edge, step in ((frame.top_mm, 2.5), (bottom, -2.5)) if number else ():
            pdf.line(x, edge, x, edge + step)
        for y in (frame.top_mm - 1.1, bottom + 3.1):
            put(pdf, (x + across / 2, y), name, TextStyle(size_pt=8, bold=True, align="C"))
    for number, name in enumerate(GRID_ROWS):
        y = frame.top_mm + number * down
        for edge, step in ((frame.left_mm, 2.5), (right, -2.5)) if number else ():
            pdf.line(edge, y, edge + step, y)
        for x in (frame.left_mm - 2.1, right + 2.1):
            put(pdf, (x, y + down / 2 + 1), name, TextStyle(size_pt=8, bold=True, align="C"))


def grid_cell(frame: Frame, x_mm: float, y_mm: float) -> str:
    """Return the cell of the grid that holds a place on the page, such as "B2"."""
    column = min(
        len(GRID_COLUMNS) - 1,
        max(0, int((x_mm - frame.left_mm) / frame.width_mm * len(GRID_COLUMNS))),
    )
    row = min(
        len(GRID_ROWS) - 1, max(0, int((y_mm - frame.top_mm) / frame.height_mm * len(GRID_ROWS)))
    )
    return GRID_COLUMNS[column] + GRID_ROWS[row]


def draw_scale_bar(pdf: FPDF, frame: Frame, right_mm: float, y_mm: float) -> None:
    """Draw a bar of round feet, black and white by quarters, its right end at `right_mm`, with the same in meters."""
    feet, bar_mm = scale_bar(frame.scale)
    left = right_mm - bar_mm
    pdf.set_dash_pattern()
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.25)
    for quarter in range(4):
        pdf.set_fill_color(INK if quarter % 2 == 0 else 255)
        pdf.rect(left + quarter * bar_mm / 4, y_mm, bar_mm / 4, 1.8, style="DF")
    put(pdf, (left, y_mm + 5), "0", TextStyle(size_pt=7.5, align="C"))
    put(
        pdf,
        (right_mm, y_mm + 5),
        f"{feet:,} ft ({feet * FOOT_M:,.0f} m)",
        TextStyle(size_pt=7.5, align="R"),
    )


def scale_bar(scale: float) -> tuple[int, float]:
    """Return a round number of feet and its length on paper, at most 48 mm.

    >>> scale_bar(2500)
    (200, 24.384)
    """
    most = 48 / 1000 * scale / FOOT_M
    power = 10 ** math.floor(math.log10(max(most, 1)))
    feet = max(step * power for step in (1, 2, 4) if step * power <= max(most, 1))
    return int(feet), round(feet * FOOT_M / scale * 1000, 3)


def draw_north(pdf: FPDF, x_mm: float, y_mm: float) -> None:
    """Draw the north arrow, its tip at `y_mm`."""
    pdf.set_dash_pattern()
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.25)
    pdf.set_fill_color(INK)
    pdf.polygon([(x_mm, y_mm), (x_mm - 2.2, y_mm + 7), (x_mm, y_mm + 5.2)], style="DF")
    pdf.set_fill_color(255)
    pdf.polygon([(x_mm, y_mm), (x_mm + 2.2, y_mm + 7), (x_mm, y_mm + 5.2)], style="DF")
    put(pdf, (x_mm, y_mm + 10.5), "N", TextStyle(size_pt=9, bold=True, align="C"))


def _shape(
    pdf: FPDF,
    shape: Shape,
    x: float,
    y: float,
    height: float,
    *,
    fill: tuple[int, int, int],
    line_mm: float,
    gray: int,
) -> None:
    pdf.set_fill_color(*fill)
    pdf.set_draw_color(gray)
    pdf.set_line_width(line_mm)
    half = height / 2
    if shape == "circle":
        pdf.circle(x, y, half, style="DF")
    elif shape == "tag":
        pdf.rect(x - height * 0.68, y - height * 0.42, height * 1.36, height * 0.84, style="DF")
    elif shape == "triangle":
        pdf.polygon(
            [
                (x, y - half * 1.05),
                (x + half * 1.15, y + half * 0.9),
                (x - half * 1.15, y + half * 0.9),
            ],
            style="DF",
        )
    elif shape == "diamond":
        pdf.polygon(
            [
                (x, y - half * 1.12),
                (x + half * 1.12, y),
                (x, y + half * 1.12),
                (x - half * 1.12, y),
            ],
            style="DF",
        )
    else:
        pdf.polygon(_hexagon(x, y, half * 1.08), style="DF")


def _hexagon(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    return [
        (x + radius * math.cos(turn), y + radius * math.sin(turn))
        for turn in (math.radians(60 * corner) for corner in range(6))
    ]


def _ring(pdf: FPDF, x: float, y: float, height: float) -> None:
    """Draw the second outline that CONFIRMED carries."""
    pdf.set_line_width(0.18)
    pdf.polygon(_hexagon(x, y, height / 2 * 1.08), style="D")


def _hatch(pdf: FPDF, x: float, y: float, height: float) -> None:
    """Hatch both ends of the tag, so that NOT ASSESSED is told apart without color."""
    pdf.set_line_width(height * 0.06)
    top, bottom, strip = y - height * 0.42, y + height * 0.42, height * 0.3
    for left in (x - height * 0.68, x + height * 0.68 - strip):
        pdf.line(left + strip, top, left + strip, bottom)
        pdf.line(left, top, left, bottom)
        for share in (0.0, 1 / 3, 2 / 3):
            start = bottom - share * (bottom - top)
            pdf.line(left, start, left + strip, start - (bottom - top) / 3)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
