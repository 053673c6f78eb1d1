"""The legend below every map of the fire map book."""

from collections.abc import Mapping

from fpdf import FPDF

from gis_export.printing.frame import Frame
from gis_export.printing.map_edge import draw_north, draw_scale_bar
from gis_export.printing.marks import draw_mark, mark_height_mm
from gis_export.printing.sheet import INNER_MM, MARGIN_MM
from gis_export.printing.text import SOFT, TextStyle, put, put_lines, wrapped
from gis_export.table.symbols import SYMBOLS

_ROW_MM = 5.6
_NOTE_MM = 56
"""Width of the note."""
_WORD = TextStyle(size_pt=8.5, bold=True)
_COUNT = TextStyle(size_pt=8.5, bold=True, align="R")
_MEANING = TextStyle(size_pt=7.5, max_width_mm=78)
_FACT = TextStyle(size_pt=7.5, align="R", max_width_mm=58)
_NOTE = TextStyle(size_pt=7, gray=SOFT, leading=1.2)


def draw_legend(
    pdf: FPDF, frame: Frame, counts: Mapping[str, int], *, note: str, flown: str
) -> None:
    """Draw the symbols with words and counts, scale, north arrow and day of the flight.

    Args:
        pdf: A document with a map drawn.
        frame: The map; the legend is below it.
        counts: Buildings on the map by RISK_LVL.
        note: What else a reader must know.
        flown: Day of the flight in words.
    """
    top = frame.page.bottom_mm + 7.4
    _draw_symbols(pdf, counts, top)

    right = MARGIN_MM + INNER_MM
    draw_north(pdf, right - 3, top - 2)
    draw_scale_bar(pdf, frame, right - 10, top + 1)
    put(pdf, (right, top + 14), f"1:{frame.scale:,.0f}", _FACT)
    put(pdf, (right, top + 18), flown, _FACT)

    lines = wrapped(pdf, note, _NOTE_MM, _NOTE, most=2)
    put_lines(pdf, (right - _NOTE_MM, top + 22), lines, _NOTE)


def _draw_symbols(pdf: FPDF, counts: Mapping[str, int], top: float) -> None:
    for number, symbol in enumerate(SYMBOLS):
        y = top + number * _ROW_MM
        baseline = y + 1.2
        draw_mark(pdf, symbol, MARGIN_MM + 3.2, y, mark_height_mm(symbol))
        put(pdf, (MARGIN_MM + 8, baseline), symbol.word.value, _WORD)
        put(pdf, (MARGIN_MM + 54, baseline), f"{counts.get(symbol.code, 0):,}", _COUNT)
        put(pdf, (MARGIN_MM + 57, baseline), symbol.meaning, _MEANING)
