"""The legend below every map, and the contents of the book."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fpdf import FPDF

from gis_export.printing.frame import Frame
from gis_export.printing.marks import draw_mark, draw_north, draw_scale_bar, mark_height_mm
from gis_export.printing.sheet import INNER_MM, MARGIN_MM, TOP_MM, rule
from gis_export.printing.text import SOFT, TextStyle, put, put_lines, wrapped
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import SYMBOLS

PER_PAGE = 18
"""Districts on one page of the contents."""
_ROW_MM = 5.6
_COUNTS_MM = {"CONFIRMED": 82.0, "LIKELY": 99.0, "POSSIBLE": 116.0, "NA": 135.0, "NOT SEEN": 154.0}
"""Right edges of the columns of the contents, from the left margin."""


@dataclass(frozen=True, kw_only=True)
class CountsRow:
    """A line of the contents."""

    name: str
    """District."""
    maps: int
    """Its maps."""
    counts: Mapping[str, int]
    """Buildings by RISK_LVL."""
    first: int
    """First page."""
    last: int
    """Last page."""


def draw_legend(
    pdf: FPDF, frame: Frame, counts: Mapping[str, int], *, note: str, flown: str
) -> None:
    """Draw the symbols with their words and how many there are, scale bar, north arrow and flight date below a map."""
    top = frame.top_mm + frame.height_mm + 7.4
    for number, symbol in enumerate(SYMBOLS):
        y = top + number * _ROW_MM
        draw_mark(pdf, symbol, MARGIN_MM + 3.2, y, mark_height_mm(symbol))
        put(pdf, (MARGIN_MM + 8, y + 1.2), symbol.word.value, TextStyle(size_pt=8.5, bold=True))
        put(
            pdf,
            (MARGIN_MM + 54, y + 1.2),
            f"{counts.get(symbol.code, 0):,}",
            TextStyle(size_pt=8.5, bold=True, align="R"),
        )
        put(pdf, (MARGIN_MM + 57, y + 1.2), symbol.meaning, TextStyle(size_pt=7.5, max_width_mm=78))
    right = MARGIN_MM + INNER_MM
    draw_north(pdf, right - 3, top - 2)
    draw_scale_bar(pdf, frame, right - 10, top + 1)
    put(pdf, (right, top + 14), f"1:{frame.scale:,.0f}", TextStyle(size_pt=7.5, align="R"))
    put(pdf, (right, top + 18), flown, TextStyle(size_pt=7.5, align="R", max_width_mm=58))
    put_lines(
        pdf,
        (right - 56, top + 22),
        wrapped(pdf, note, 56, TextStyle(size_pt=7), most=2),
        TextStyle(size_pt=7, gray=SOFT, leading=1.2),
    )


def draw_contents(
    pdf: FPDF, table: Sequence[CountsRow], *, begin: Callable[[], None], settings: ExportSettings
) -> None:
    """Draw how to read the book, and its districts with counts and pages; further pages hold districts alone."""
    for start in range(0, max(1, len(table)), PER_PAGE):
        begin()
        if start == 0:
            pdf.start_section("Contents")
        y = _draw_reading(pdf, settings)
        y = _draw_head(pdf, y)
        for row in table[start : start + PER_PAGE]:
            _draw_row(pdf, row, y)
            y += 6.6
        if not table:
            put(
                pdf,
                (MARGIN_MM, y + 4),
                "There is no vacant building on the city's roll of this year.",
                TextStyle(size_pt=10),
            )


def _draw_reading(pdf: FPDF, settings: ExportSettings) -> float:
    """Draw what the words mean and how the book is used; return where the next thing may begin."""
    y = TOP_MM + 6
    put(pdf, (MARGIN_MM, y), "What the words mean", TextStyle(size_pt=11, bold=True))
    for symbol in SYMBOLS:
        y += 7.2
        draw_mark(pdf, symbol, MARGIN_MM + 4, y - 1.3, mark_height_mm(symbol) * 1.3)
        put(pdf, (MARGIN_MM + 11, y), symbol.word.value, TextStyle(size_pt=10, bold=True))
        put(
            pdf,
            (MARGIN_MM + 57, y),
            symbol.meaning,
            TextStyle(size_pt=9.5, max_width_mm=INNER_MM - 57),
        )
    y += 10
    put(pdf, (MARGIN_MM, y), "How to use this book", TextStyle(size_pt=11, bold=True))
    text = (
        "Find the address in the list of its district: streets by name, numbers by value; N ASH ST stands under A. The list gives the hazard word, the day it stands for "
        "(day of the flight, or the day a person saw it), the sides on which an attached neighbor is occupied, whether a warning sign is posted, and map and square. "
        "? means that nobody knows. Symbols that would cover each other are moved and tied to their building by a line; the number below a symbol is the house number. "
        f"{settings.stale_months} months after the flight NOT SEEN IN PHOTO becomes NOT ASSESSED; REVIEW DUE marks rows older than {settings.review_months} months."
    )
    return (
        put_lines(
            pdf,
            (MARGIN_MM, y + 6),
            wrapped(pdf, text, INNER_MM, TextStyle(size_pt=9)),
            TextStyle(size_pt=9),
        )
        + 5
    )


def _draw_head(pdf: FPDF, y: float) -> float:
    put(pdf, (MARGIN_MM, y), "Fire districts", TextStyle(size_pt=11, bold=True))
    for symbol in SYMBOLS:
        draw_mark(
            pdf, symbol, MARGIN_MM + _COUNTS_MM[symbol.code] - 4, y - 1.4, mark_height_mm(symbol)
        )
    for right, title in ((165, "all"), (177, "maps"), (INNER_MM, "pages")):
        put(pdf, (MARGIN_MM + right, y), title, TextStyle(size_pt=8, gray=SOFT, align="R"))
    rule(pdf, y + 2.2, width_mm=0.4)
    return y + 7.5


def _draw_row(pdf: FPDF, row: CountsRow, y: float) -> None:
    put(pdf, (MARGIN_MM, y), row.name, TextStyle(size_pt=10, bold=True, max_width_mm=66))
    for code, right in _COUNTS_MM.items():
        count = row.counts.get(code, 0)
        put(pdf, (MARGIN_MM + right - 4, y), f"{count:,}", TextStyle(size_pt=9, align="C"))
    put(pdf, (MARGIN_MM + 165, y), f"{sum(row.counts.values()):,}", TextStyle(size_pt=9, align="R"))
    put(pdf, (MARGIN_MM + 177, y), f"{row.maps:,}", TextStyle(size_pt=9, align="R"))
    pages = f"{row.first}" if row.first == row.last else f"{row.first}–{row.last}"
    put(pdf, (MARGIN_MM + INNER_MM, y), pages, TextStyle(size_pt=9, bold=True, align="R"))
    pdf.link(MARGIN_MM, y - 4, INNER_MM, 5.5, pdf.add_link(page=row.first))
    rule(pdf, y + 2, width_mm=0.1)
