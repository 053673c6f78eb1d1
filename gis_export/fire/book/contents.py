"""The first pages of the fire map book: how to read it, and its districts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fpdf import FPDF

from gis_export.printing.marks import draw_mark, mark_height_mm
from gis_export.printing.sheet import INNER_MM, MARGIN_MM, TOP_MM, rule
from gis_export.printing.text import SOFT, TextStyle, put, put_lines, wrapped
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import SYMBOLS

ROWS_PER_PAGE = 16
"""Districts on one page."""
_ROW_MM = 6.6
_COUNTS_MM = {"CONFIRMED": 82.0, "LIKELY": 99.0, "POSSIBLE": 116.0, "NA": 135.0, "NOT SEEN": 154.0}
"""Where the columns of the hazard words end, from the left margin."""
_ALL_MM = 165
"""Where the column of all buildings ends, from the left margin."""
_MAPS_MM = 177
"""Where the column of maps ends, from the left margin."""
_SECTION = TextStyle(size_pt=11, bold=True)
_BODY = TextStyle(size_pt=9)
_COVER = TextStyle(size_pt=9, bold=True)


@dataclass(frozen=True, kw_only=True)
class ContentsRow:
    """A line of the contents."""

    name: str
    """District."""
    maps: int
    """Number of its maps."""
    counts: Mapping[str, int]
    """Buildings by RISK_LVL."""
    first_page: int
    """Where its chapter begins."""
    last_page: int
    """Where its chapter ends."""


def draw_contents(
    pdf: FPDF,
    rows: Sequence[ContentsRow],
    *,
    begin: Callable[[], None],
    settings: ExportSettings,
    cover: Sequence[str] = (),
) -> None:
    """Draw how to read the book, and its districts with counts and pages.

    Args:
        pdf: The document.
        rows: The districts.
        begin: Begins a page.
        settings: The city's choices.
        cover: What the first page says of this book: its age, how many open roofs it misses.
    """
    for start in range(0, max(1, len(rows)), ROWS_PER_PAGE):
        begin()
        if start == 0:
            pdf.start_section("Contents")

        y = _draw_reading(pdf, settings, cover)
        y = _draw_head(pdf, y)
        for row in rows[start : start + ROWS_PER_PAGE]:
            _draw_row(pdf, row, y)
            y += _ROW_MM

        if not rows:
            text = "There is no vacant building on the city's roll of this year."
            put(pdf, (MARGIN_MM, y + 4), text, TextStyle(size_pt=10))


def _draw_reading(pdf: FPDF, settings: ExportSettings, cover: Sequence[str]) -> float:
    """Draw what the words mean and how to use the book; return where the next thing may begin."""
    y = TOP_MM + 6
    put(pdf, (MARGIN_MM, y), "What the words mean", _SECTION)
    for symbol in SYMBOLS:
        y += 7.2
        draw_mark(pdf, symbol, MARGIN_MM + 4, y - 1.3, mark_height_mm(symbol) * 1.3)
        word = symbol.word.value
        put(pdf, (MARGIN_MM + 11, y), word, TextStyle(size_pt=10, bold=True))
        meaning = TextStyle(size_pt=9.5, max_width_mm=INNER_MM - 57)
        put(pdf, (MARGIN_MM + 57, y), symbol.meaning, meaning)

    y += 10
    put(pdf, (MARGIN_MM, y), "How to use this book", _SECTION)
    lines = wrapped(pdf, _how_to_use(settings), INNER_MM, _BODY)
    y = put_lines(pdf, (MARGIN_MM, y + 6), lines, _BODY)
    for sentence in cover:
        y = put_lines(pdf, (MARGIN_MM, y + 1), wrapped(pdf, sentence, INNER_MM, _COVER), _COVER)
    return y + 5


def _how_to_use(settings: ExportSettings) -> str:
    return (
        "Find the address in the list of its district: streets in the order of dispatch, else by "
        "name, N ASH ST under A; numbers by value. The list gives the hazard word, the day it "
        "stands for (day of the flight, or the day a person saw it), the sides on which an "
        "attached neighbor is "
        "occupied, whether a warning sign is posted, and map and square. ? means that nobody "
        "knows. Symbols that would cover each other are moved and tied to their building by a "
        "line; the number below a symbol is the house number. "
        f"{settings.stale_months} months after the flight NOT SEEN IN PHOTO becomes NOT ASSESSED; "
        f"REVIEW DUE marks rows older than {settings.review_months} months."
    )


def _draw_head(pdf: FPDF, y: float) -> float:
    """Draw the head of the table; return where its first row may begin."""
    put(pdf, (MARGIN_MM, y), "Fire districts", _SECTION)
    for symbol in SYMBOLS:
        x = MARGIN_MM + _COUNTS_MM[symbol.code] - 4
        draw_mark(pdf, symbol, x, y - 1.4, mark_height_mm(symbol))

    style = TextStyle(size_pt=8, gray=SOFT, align="R")
    put(pdf, (MARGIN_MM + _ALL_MM, y), "all", style)
    put(pdf, (MARGIN_MM + _MAPS_MM, y), "maps", style)
    put(pdf, (MARGIN_MM + INNER_MM, y), "pages", style)
    rule(pdf, y + 2.2, width_mm=0.4)
    return y + 7.5


def _draw_row(pdf: FPDF, row: ContentsRow, y: float) -> None:
    put(pdf, (MARGIN_MM, y), row.name, TextStyle(size_pt=10, bold=True, max_width_mm=66))
    for code, right_mm in _COUNTS_MM.items():
        count = row.counts.get(code, 0)
        put(pdf, (MARGIN_MM + right_mm - 4, y), f"{count:,}", TextStyle(size_pt=9, align="C"))

    number = TextStyle(size_pt=9, align="R")
    put(pdf, (MARGIN_MM + _ALL_MM, y), f"{sum(row.counts.values()):,}", number)
    put(pdf, (MARGIN_MM + _MAPS_MM, y), f"{row.maps:,}", number)

    pages = f"{row.first_page}"
    if row.last_page != row.first_page:
        pages = f"{row.first_page}–{row.last_page}"
    put(pdf, (MARGIN_MM + INNER_MM, y), pages, TextStyle(size_pt=9, bold=True, align="R"))
    pdf.link(MARGIN_MM, y - 4, INNER_MM, 5.5, pdf.add_link(page=row.first_page))
    rule(pdf, y + 2, width_mm=0.1)
