"""Sections, paragraphs and tables written down a page, and onto new pages as needed."""

from collections.abc import Sequence
from dataclasses import dataclass

from fpdf import FPDF

from gis_export.printing.sheet import (
    BOTTOM_MM,
    INNER_MM,
    MARGIN_MM,
    RULE,
    TOP_MM,
    Heading,
    add_sheet,
    rule,
)
from gis_export.printing.text import INK, SOFT, TextStyle, put, put_lines, wrapped

_SECTION = TextStyle(size_pt=11, bold=True)
_TEXT = TextStyle(size_pt=8.5)
_HEAD_PT = 7.5
_LINE_MM = 3.9
"""Height of a line in a table."""
_GAP_MM = 2
"""Space between two columns."""
_BASELINE_MM = 3.6
"""From the upper edge of a row to its first baseline."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table."""

    title: str
    """Text of its head; a table whose columns all have "" has no head."""
    width_mm: float
    """Its width."""
    size_pt: float = _TEXT.size_pt
    """Size of its text."""


class PageWriter:
    """A position on a page that moves down, and onto new pages as needed."""

    def __init__(self, pdf: FPDF, heading: Heading, *, pages: int = 0) -> None:
        """Begin the first page of `pages`, 0 when not known."""
        self.pdf = pdf
        self.pages = pages
        self.heading = heading
        self.y_mm = TOP_MM
        self._begin_page()

    def _begin_page(self) -> None:
        add_sheet(self.pdf, self.heading, pages=self.pages)
        self.y_mm = TOP_MM + 2

    def need(self, height_mm: float) -> None:
        """Begin a new page when less height is left."""
        if self.y_mm + height_mm > BOTTOM_MM:
            self._begin_page()

    def section(self, title: str, *, room_mm: float = 14) -> None:
        """Write a title, on the same page as the first `room_mm` of what follows."""
        self.need(room_mm + 9)
        self.y_mm += 7
        put(self.pdf, (MARGIN_MM, self.y_mm), title, _SECTION)
        self.pdf.start_section(title)

        self.y_mm += 2
        rule(self.pdf, self.y_mm, width_mm=0.4, gray=INK)
        self.y_mm += 1.5

    def text(self, text: str) -> None:
        """Write a paragraph."""
        lines = wrapped(self.pdf, text, INNER_MM, _TEXT)
        self.need(len(lines) * 4)
        next_mm = put_lines(self.pdf, (MARGIN_MM, self.y_mm + 3.5), lines, _TEXT)
        self.y_mm = next_mm - 2.5

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Write a table, its first column bold; the head is written again on a new page."""
        self._write_head(columns)
        for row in rows:
            cells = self._wrap_cells(columns, row)
            line_count = max(1, *(len(lines) for lines in cells))
            height_mm = line_count * _LINE_MM + 1.5
            if self.y_mm + height_mm > BOTTOM_MM:
                self._begin_page()
                self._write_head(columns)

            self._write_row(columns, cells)
            self.y_mm += height_mm
            rule(self.pdf, self.y_mm, width_mm=0.1, gray=RULE)

    def _write_head(self, columns: Sequence[Column]) -> None:
        if not any(column.title for column in columns):
            return

        self.need(12)
        x_mm = MARGIN_MM
        for column in columns:
            width_mm = column.width_mm - _GAP_MM
            style = TextStyle(size_pt=_HEAD_PT, gray=SOFT, max_width_mm=width_mm)
            put(self.pdf, (x_mm, self.y_mm + _BASELINE_MM), column.title, style)
            x_mm += column.width_mm

        self.y_mm += 5
        rule(self.pdf, self.y_mm, width_mm=0.25, gray=INK)

    def _wrap_cells(self, columns: Sequence[Column], row: Sequence[str]) -> list[list[str]]:
        """Return the lines of every cell."""
        cells = []
        for column, style, text in zip(columns, _cell_styles(columns), row, strict=True):
            cells.append(wrapped(self.pdf, text, column.width_mm - _GAP_MM, style))
        return cells

    def _write_row(self, columns: Sequence[Column], cells: Sequence[list[str]]) -> None:
        x_mm = MARGIN_MM
        for column, style, lines in zip(columns, _cell_styles(columns), cells, strict=True):
            put_lines(self.pdf, (x_mm, self.y_mm + _BASELINE_MM), lines, style)
            x_mm += column.width_mm


def _cell_styles(columns: Sequence[Column]) -> list[TextStyle]:
    """Return the style of every column's cells: the first column is bold."""
    first = TextStyle(size_pt=columns[0].size_pt, bold=True)
    return [first, *(TextStyle(size_pt=column.size_pt) for column in columns[1:])]
