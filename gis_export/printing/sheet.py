"""A sheet of paper: the page, its heading and its last lines."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.prefs import ViewerPreferences

from gis_export.printing.fonts import add_fonts
from gis_export.printing.text import INK, SOFT, TextStyle, plain, put
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

PAGE_MM = (215.9, 279.4)
"""Width and height of US Letter."""
MARGIN_MM = 10.0
INNER_MM = PAGE_MM[0] - 2 * MARGIN_MM
"""Width between the margins."""
BODY_ENDS_MM = (MARGIN_MM, MARGIN_MM + INNER_MM)
"""Left and right edge between the margins."""
TOP_MM = 29.0
"""Where the body begins, below the heading."""
BOTTOM_MM = PAGE_MM[1] - 15.0
"""Where the body ends, above the last lines."""
RULE = 150
"""Gray of lines; it prints on any machine."""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What is written at the top and at the bottom of a page."""

    title: str
    """Large, such as "Fire district F1"."""
    subtitle: str
    """Below it."""
    place: str
    """City and year, on the right."""
    audience: str
    """Who may read it, below the city."""
    foot: str
    """At the left of the last line; the page number is at its right."""


def new_document(title: str, *, subject: str, today: date) -> FPDF:
    """Create an empty document: Letter, in millimeters, with embedded fonts.

    It is dated `today`, so that the same inputs give the same bytes.
    """
    pdf = FPDF(unit="mm", format="Letter")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    # An address may contain the text that fpdf would replace by the number of pages.
    pdf.alias_nb_pages("")
    add_fonts(pdf)

    pdf.set_title(plain(title))
    pdf.set_subject(plain(subject))
    pdf.set_lang("en-US")
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    pdf.set_creation_date(datetime(today.year, today.month, today.day, tzinfo=UTC))
    return pdf


def restart(pdf: FPDF) -> int:
    """Take all pages out of a document, and return how many there were.

    A document is drawn once to count its pages, and once more with "page 1 of 3" on each.
    """
    pages = pdf.page_no()
    pdf.pages.clear()
    pdf.page = 0
    pdf._outline.clear()
    return pages


def save(pdf: FPDF, path: Path) -> Path:
    """Write the document; it appears whole or not at all."""
    with atomic_path(path) as temporary:
        pdf.output(str(temporary))
    return path


_TITLE = TextStyle(size_pt=18, bold=True, max_width_mm=INNER_MM - 76)
_SUBTITLE = TextStyle(size_pt=9.5, max_width_mm=INNER_MM - 66)
_PLACE = TextStyle(size_pt=11, bold=True, max_width_mm=72, align="R")
_AUDIENCE = TextStyle(size_pt=7.5, gray=SOFT, max_width_mm=62, align="R")
_LIMIT = TextStyle(size_pt=8.5, bold=True, max_width_mm=INNER_MM)
_FOOT = TextStyle(size_pt=7.5, gray=SOFT, max_width_mm=INNER_MM - 35)
_PAGE_NUMBER = TextStyle(size_pt=8.5, bold=True, align="R")


def add_sheet(pdf: FPDF, heading: Heading, *, pages: int = 0) -> None:
    """Begin a page with its heading and its last lines.

    Args:
        pdf: The document.
        heading: What is written there.
        pages: Pages of the whole document, 0 when not known.
    """
    pdf.add_page()
    left_mm, right_mm = BODY_ENDS_MM

    put(pdf, (left_mm, 17), heading.title, _TITLE)
    put(pdf, (left_mm, 23.5), heading.subtitle, _SUBTITLE)
    put(pdf, (right_mm, 15.6), heading.place, _PLACE)
    put(pdf, (right_mm, 20.4), heading.audience, _AUDIENCE)
    rule(pdf, 26, width_mm=0.6, gray=INK)

    rule(pdf, BOTTOM_MM + 2, width_mm=0.3)
    put(pdf, (left_mm, BOTTOM_MM + 6), USE_LIMIT, _LIMIT)
    put(pdf, (left_mm, BOTTOM_MM + 10), heading.foot, _FOOT)

    number = f"page {pdf.page_no()} of {pages}" if pages else f"page {pdf.page_no()}"
    put(pdf, (right_mm, BOTTOM_MM + 10), number, _PAGE_NUMBER)


def rule(
    pdf: FPDF,
    y_mm: float,
    *,
    width_mm: float = 0.2,
    gray: int = RULE,
    ends_mm: tuple[float, float] = BODY_ENDS_MM,
) -> None:
    """Draw a horizontal line, from the left to the right margin unless `ends_mm` differ."""
    left_mm, right_mm = ends_mm
    pdf.set_draw_color(gray)
    pdf.set_line_width(width_mm)
    pdf.line(left_mm, y_mm, right_mm, y_mm)
