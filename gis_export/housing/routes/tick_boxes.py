"""The boxes that an inspector ticks at a stop."""

from collections.abc import Sequence

from fpdf import FPDF

from gis_export.printing.sheet import INNER_MM, MARGIN_MM, rule
from gis_export.printing.text import INK, TextStyle, put, set_font, text_width
from labels.choices import DISPOSITIONS, ROOF_OPEN, Choice

YES_NO = ("Y", "N")
_SIDES = ("N", "E", "S", "W", "none")
_BOX_MM = 2.8
_ROW_MM = 4.3
"""Distance between two lines of boxes."""
_GROUP_GAP_MM = 1.5
_LABEL_PT = 7.2
_SMALL_LABEL_PT = 6.4


def draw_tick_boxes(pdf: FPDF, left_mm: float, y_mm: float) -> None:
    """Draw three lines of boxes: roof and sign; state and sides; disposition.

    Args:
        pdf: A document with a page begun.
        left_mm: Where the lines begin.
        y_mm: Baseline of the first line.
    """
    row = _TickRow(pdf, left_mm, y_mm, size_pt=_LABEL_PT)
    row.draw("Roof open", _labels(ROOF_OPEN))
    row.draw("Sign posted", YES_NO)

    row = _TickRow(pdf, left_mm, y_mm + _ROW_MM, size_pt=_LABEL_PT)
    row.draw("Secured", YES_NO)
    row.draw("Occupied", YES_NO)
    row.draw("Wall or floor failing", YES_NO)
    row.draw("Sides occupied", _SIDES)
    rule(pdf, y_mm + 4.6, ends_mm=(row.x_mm + 1, MARGIN_MM + INNER_MM))

    row = _TickRow(pdf, left_mm, y_mm + 2 * _ROW_MM, size_pt=_SMALL_LABEL_PT)
    row.draw("", _labels(DISPOSITIONS))


def _labels(choices: Sequence[Choice]) -> list[str]:
    return [choice.label for choice in choices]


class _TickRow:
    """A line of boxes that grows to the right."""

    def __init__(self, pdf: FPDF, left_mm: float, y_mm: float, *, size_pt: float) -> None:
        """Begin at the left."""
        self.pdf = pdf
        self.left_mm = left_mm
        self.x_mm = left_mm
        self.y_mm = y_mm
        self.size_pt = size_pt

    def draw(self, title: str, labels: Sequence[str]) -> None:
        """Draw a title, and a box for every label."""
        if self.x_mm > self.left_mm:
            self.x_mm += _GROUP_GAP_MM
        if title:
            style = TextStyle(size_pt=self.size_pt, bold=True)
            put(self.pdf, (self.x_mm, self.y_mm), title, style)
            self.x_mm += text_width(self.pdf, title) + 1.5
        for label in labels:
            self._draw_box(label)

    def _draw_box(self, label: str) -> None:
        self.pdf.set_draw_color(INK)
        self.pdf.set_line_width(0.25)
        self.pdf.rect(self.x_mm, self.y_mm - _BOX_MM + 0.5, _BOX_MM, _BOX_MM)

        style = TextStyle(size_pt=self.size_pt)
        put(self.pdf, (self.x_mm + _BOX_MM + 0.8, self.y_mm), label, style)
        set_font(self.pdf, self.size_pt)
        self.x_mm += _BOX_MM + 2.2 + text_width(self.pdf, label)
