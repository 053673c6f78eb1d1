"""What surrounds a printed map: border and grid, scale bar, north arrow."""

import math

from fpdf import FPDF

from gis_export.printing.frame import Frame
from gis_export.printing.text import INK, TextStyle, put

FOOT_M = 0.3048
GRID_COLUMNS = "ABCD"
"""Names of the grid's columns, from the west."""
GRID_ROWS = "1234"
"""Names of the grid's rows, from the north."""
_TICK_MM = 2.5
_LONGEST_BAR_MM = 48
_GRID_NAME = TextStyle(size_pt=8, bold=True, align="C")


def draw_border(pdf: FPDF, frame: Frame, *, grid: bool = False) -> None:
    """Draw the edge of a map, and the ticks and names of its grid."""
    page = frame.page
    pdf.set_dash_pattern()
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.4)
    pdf.rect(page.left_mm, page.top_mm, page.width_mm, page.height_mm)

    if grid:
        pdf.set_line_width(0.3)
        _draw_grid_columns(pdf, frame)
        _draw_grid_rows(pdf, frame)


def _draw_grid_columns(pdf: FPDF, frame: Frame) -> None:
    page = frame.page
    step_mm = page.width_mm / len(GRID_COLUMNS)
    for number, name in enumerate(GRID_COLUMNS):
        x = page.left_mm + number * step_mm
        if number > 0:
            pdf.line(x, page.top_mm, x, page.top_mm + _TICK_MM)
            pdf.line(x, page.bottom_mm, x, page.bottom_mm - _TICK_MM)
        for y in (page.top_mm - 1.1, page.bottom_mm + 3.1):
            put(pdf, (x + step_mm / 2, y), name, _GRID_NAME)


def _draw_grid_rows(pdf: FPDF, frame: Frame) -> None:
    page = frame.page
    step_mm = page.height_mm / len(GRID_ROWS)
    for number, name in enumerate(GRID_ROWS):
        y = page.top_mm + number * step_mm
        if number > 0:
            pdf.line(page.left_mm, y, page.left_mm + _TICK_MM, y)
            pdf.line(page.right_mm, y, page.right_mm - _TICK_MM, y)
        for x in (page.left_mm - 2.1, page.right_mm + 2.1):
            put(pdf, (x, y + step_mm / 2 + 1), name, _GRID_NAME)


def grid_cell(frame: Frame, x_mm: float, y_mm: float) -> str:
    """Return the cell of the grid that holds a place on the page, such as "B2"."""
    page = frame.page
    column = int((x_mm - page.left_mm) / page.width_mm * len(GRID_COLUMNS))
    row = int((y_mm - page.top_mm) / page.height_mm * len(GRID_ROWS))

    # A symbol outside of the map belongs to the nearest cell.
    column = min(len(GRID_COLUMNS) - 1, max(0, column))
    row = min(len(GRID_ROWS) - 1, max(0, row))
    return GRID_COLUMNS[column] + GRID_ROWS[row]


def draw_scale_bar(pdf: FPDF, frame: Frame, right_mm: float, y_mm: float) -> None:
    """Draw a bar of round feet, black and white by quarters, with the same in meters.

    Args:
        pdf: A document with a page begun.
        frame: The map.
        right_mm: Right end of the bar.
        y_mm: Upper edge of the bar.
    """
    feet, bar_mm = scale_bar(frame.scale)
    left_mm = right_mm - bar_mm
    pdf.set_dash_pattern()
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.25)
    for quarter in range(4):
        pdf.set_fill_color(INK if quarter % 2 == 0 else 255)
        pdf.rect(left_mm + quarter * bar_mm / 4, y_mm, bar_mm / 4, 1.8, style="DF")

    length = f"{feet:,} ft ({feet * FOOT_M:,.0f} m)"
    put(pdf, (left_mm, y_mm + 5), "0", TextStyle(size_pt=7.5, align="C"))
    put(pdf, (right_mm, y_mm + 5), length, TextStyle(size_pt=7.5, align="R"))


def scale_bar(scale: float) -> tuple[int, float]:
    """Return a round number of feet, and its length on paper in millimeters.

    >>> scale_bar(2500)
    (200, 24.384)
    """
    most_feet = max(_LONGEST_BAR_MM / 1000 * scale / FOOT_M, 1)
    power = 10 ** math.floor(math.log10(most_feet))
    feet = max(step * power for step in (1, 2, 4) if step * power <= most_feet)
    return int(feet), round(feet * FOOT_M / scale * 1000, 3)


def draw_north(pdf: FPDF, x_mm: float, y_mm: float) -> None:
    """Draw the north arrow, its tip at `y_mm`."""
    pdf.set_dash_pattern()
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.25)

    tip = (x_mm, y_mm)
    notch = (x_mm, y_mm + 5.2)
    pdf.set_fill_color(INK)
    pdf.polygon([tip, (x_mm - 2.2, y_mm + 7), notch], style="DF")
    pdf.set_fill_color(255)
    pdf.polygon([tip, (x_mm + 2.2, y_mm + 7), notch], style="DF")
    put(pdf, (x_mm, y_mm + 10.5), "N", TextStyle(size_pt=9, bold=True, align="C"))
