"""A sheet of paper: page, fonts, running head and foot, and text that fits its place."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from fpdf import FPDF
from fpdf.prefs import ViewerPreferences

from gis_export.printing.fonts import add_fonts, use_font
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

PAGE_MM = (215.9, 279.4)
"""Width and height of US Letter."""
MARGIN_MM = 10.0
INNER_MM = PAGE_MM[0] - 2 * MARGIN_MM
"""Width between the margins."""
TOP_MM, BOTTOM_MM = 29.0, PAGE_MM[1] - 15.0
"""Where the body begins below the head and ends above the foot."""
MM_PER_PT = 25.4 / 72
INK, SOFT, RULE = 0, 90, 150
"""Grays of text, of lesser text and of lines; all print on any machine."""
_ELLIPSIS = "…"


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands on top and at the bottom of a page."""

    title: str
    """Large, such as "Fire district F1"."""
    subtitle: str
    """Below it."""
    place: str
    """City and year, on the right."""
    audience: str
    """Who may read it, below the city."""
    foot: str
    """Left in the last line; the page number stands on the right."""


def new_document(title: str, *, subject: str, today: date) -> FPDF:
    """Return an empty document: Letter, in millimeters, its fonts embedded, dated `today` so that the same inputs give the same bytes."""
    pdf = FPDF(unit="mm", format="Letter")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.alias_nb_pages("")  # no text of an address stands for the number of pages
    add_fonts(pdf)
    pdf.set_title(plain(title))
    pdf.set_subject(plain(subject))
    pdf.set_lang("en-US")
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    pdf.set_creation_date(datetime(today.year, today.month, today.day, tzinfo=UTC))
    return pdf


def save(pdf: FPDF, path: Path) -> Path:
    """Write the document; it appears whole or not at all."""
    with atomic_path(path) as temporary:
        pdf.output(str(temporary))
    return path


def add_sheet(pdf: FPDF, heading: Heading, *, pages: int = 0) -> None:
    """Begin a page with its head and foot.

    Args:
        pdf: The document.
        heading: What stands there.
        pages: Pages of the whole document, 0 when not known.
    """
    pdf.add_page()
    right = PAGE_MM[0] - MARGIN_MM
    put(pdf, (MARGIN_MM, 17), heading.title, size_pt=18, bold=True, width_mm=INNER_MM - 76)
    put(pdf, (MARGIN_MM, 23.5), heading.subtitle, size_pt=9.5, width_mm=INNER_MM - 66)
    put(pdf, (right, 15.6), heading.place, size_pt=11, bold=True, width_mm=72, align="R")
    put(pdf, (right, 20.4), heading.audience, size_pt=7.5, gray=SOFT, width_mm=62, align="R")
    rule(pdf, 26, width_mm=0.6, gray=INK)
    rule(pdf, BOTTOM_MM + 2, width_mm=0.3, gray=RULE)
    put(pdf, (MARGIN_MM, BOTTOM_MM + 6), USE_LIMIT, size_pt=8.5, bold=True, width_mm=INNER_MM)
    put(
        pdf,
        (MARGIN_MM, BOTTOM_MM + 10),
        heading.foot,
        size_pt=7.5,
        gray=SOFT,
        width_mm=INNER_MM - 35,
    )
    number = f"page {pdf.page_no()} of {pages}" if pages else f"page {pdf.page_no()}"
    put(pdf, (right, BOTTOM_MM + 10), number, size_pt=8.5, bold=True, align="R")


def rule(
    pdf: FPDF,
    y_mm: float,
    *,
    width_mm: float = 0.2,
    gray: int = RULE,
    x_mm: float = MARGIN_MM,
    length_mm: float = INNER_MM,
) -> None:
    """Draw a line across the page."""
    pdf.set_draw_color(gray)
    pdf.set_line_width(width_mm)
    pdf.line(x_mm, y_mm, x_mm + length_mm, y_mm)


def put(
    pdf: FPDF,
    at_mm: tuple[float, float],
    text: str,
    *,
    size_pt: float,
    bold: bool = False,
    width_mm: float = 0,
    align: Literal["L", "C", "R"] = "L",
    gray: int = INK,
) -> None:
    """Write one line on a baseline; what is wider than `width_mm` shrinks by a fifth, then ends with an ellipsis."""
    shown = plain(text)
    if not shown:
        return
    set_font(pdf, size_pt, bold=bold, text=shown)
    wide = text_width(pdf, shown) if width_mm or align != "L" else 0.0
    if width_mm and wide > width_mm:
        set_font(pdf, size_pt * max(0.8, width_mm / wide), bold=bold, text=shown)
        shown = fitted(pdf, shown, width_mm)
        wide = text_width(pdf, shown)
    pdf.set_text_color(gray)
    pdf.text(at_mm[0] - {"L": 0.0, "C": wide / 2, "R": wide}[align], at_mm[1], shown)


def put_lines(
    pdf: FPDF,
    at_mm: tuple[float, float],
    lines: list[str],
    *,
    size_pt: float,
    bold: bool = False,
    gray: int = INK,
    leading: float = 1.3,
) -> float:
    """Write lines below each other, the first on the baseline `at_mm`; return the baseline that would follow."""
    step = size_pt * MM_PER_PT * leading
    for number, line in enumerate(lines):
        put(pdf, (at_mm[0], at_mm[1] + number * step), line, size_pt=size_pt, bold=bold, gray=gray)
    return at_mm[1] + len(lines) * step


def wrapped(
    pdf: FPDF, text: str, width_mm: float, *, size_pt: float, bold: bool = False, most: int = 0
) -> list[str]:
    """Break a text into lines; with `most`, the last of them ends with an ellipsis where more would follow."""
    shown = plain(text)
    if not shown:
        return []
    set_font(pdf, size_pt, bold=bold, text=shown)
    lines = [""]
    for word in shown.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if text_width(pdf, longer) <= width_mm:
            lines[-1] = longer
            continue
        pieces = _pieces(pdf, word, width_mm)
        lines = [*lines, *pieces] if lines[-1] else pieces
    if most and len(lines) > most:
        lines = [*lines[: most - 1], fitted(pdf, f"{lines[most - 1]} {_ELLIPSIS}", width_mm)]
    return lines


def _pieces(pdf: FPDF, word: str, width_mm: float) -> list[str]:
    """Break a word that is wider than a line."""
    pieces = [""]
    for letter in word:
        wide = text_width(pdf, pieces[-1] + letter) > width_mm
        pieces = [*pieces, letter] if wide and pieces[-1] else [*pieces[:-1], pieces[-1] + letter]
    return pieces


def fitted(pdf: FPDF, text: str, width_mm: float) -> str:
    """Return a text, cut with an ellipsis where it is wider than `width_mm` in the font that is set."""
    if text_width(pdf, text) <= width_mm:
        return text
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (
            (middle, most)
            if text_width(pdf, text[:middle] + _ELLIPSIS) <= width_mm
            else (least, middle - 1)
        )
    return text[:least].rstrip() + _ELLIPSIS


def set_font(pdf: FPDF, size_pt: float, *, bold: bool = False, text: str = "") -> None:
    """Set the font in which `text` is to be written."""
    use_font(pdf, "B" if bold else "", size_pt, text)


def text_width(pdf: FPDF, text: str) -> float:
    """Return the width of a text in millimeters in the font that is set.

    `FPDF.get_string_width` says the same, ten times slower: it looks for markup, Arabic and other fonts, of which we use none.
    """
    if pdf.current_font is None:
        raise ValueError(f"no font is set to measure {text!r}, want one")
    wide: float = pdf.current_font.get_text_width(text, pdf.font_size_pt, None)[1]
    return wide / float(pdf.k)


def plain(text: str) -> str:
    """Return a text on one line, without characters that no paper shows."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
