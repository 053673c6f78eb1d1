"""Text on paper: written on a baseline, shrunk or cut to its place, broken into lines."""

from dataclasses import dataclass
from typing import Literal

from fpdf import FPDF

from gis_export.printing.fonts import use_font

MM_PER_PT = 25.4 / 72
INK = 0
"""Gray of text and of symbols."""
SOFT = 90
"""Gray of less important text; it prints on any machine."""
_LEAST_SHRINK = 0.8
"""Share of its size to which a text shrinks before it is cut."""
_ELLIPSIS = "…"


@dataclass(frozen=True, kw_only=True)
class TextStyle:
    """How a text is set."""

    size_pt: float
    """Size of the font."""
    bold: bool = False
    """Whether the font is bold."""
    gray: int = INK
    """Gray of the text, 0 for black to 255 for white."""
    align: Literal["L", "C", "R"] = "L"
    """Which part of the text is at the given place: its left end, center or right end."""
    max_width_mm: float = 0.0
    """Widest that a line may be; 0 for any width."""
    leading: float = 1.3
    """Distance between baselines, in font sizes."""

    @property
    def step_mm(self) -> float:
        """Return the distance between baselines."""
        return self.size_pt * MM_PER_PT * self.leading


def put(pdf: FPDF, at_mm: tuple[float, float], text: str, style: TextStyle) -> None:
    """Write one line on a baseline.

    A text that is too wide shrinks by up to a fifth. If that is not enough, it ends with an
    ellipsis.
    """
    shown = plain(text)
    if not shown:
        return

    set_font(pdf, style.size_pt, bold=style.bold, text=shown)
    must_measure = style.max_width_mm > 0 or style.align != "L"
    width_mm = text_width(pdf, shown) if must_measure else 0.0

    if 0 < style.max_width_mm < width_mm:
        shrink = max(_LEAST_SHRINK, style.max_width_mm / width_mm)
        set_font(pdf, style.size_pt * shrink, bold=style.bold, text=shown)
        shown = fitted(pdf, shown, style.max_width_mm)
        width_mm = text_width(pdf, shown)

    back_mm = {"L": 0.0, "C": width_mm / 2, "R": width_mm}[style.align]
    pdf.set_text_color(style.gray)
    pdf.text(at_mm[0] - back_mm, at_mm[1], shown)


def put_lines(pdf: FPDF, at_mm: tuple[float, float], lines: list[str], style: TextStyle) -> float:
    """Write lines below each other, the first on the baseline `at_mm`.

    Returns:
        The baseline that would follow.
    """
    left_mm, first_mm = at_mm
    for number, line in enumerate(lines):
        put(pdf, (left_mm, first_mm + number * style.step_mm), line, style)

    return first_mm + len(lines) * style.step_mm


def wrapped(pdf: FPDF, text: str, width_mm: float, style: TextStyle, *, most: int = 0) -> list[str]:
    """Break a text into lines.

    Args:
        pdf: The document.
        text: What is written.
        width_mm: Widest that a line may be.
        style: How it is set.
        most: Most lines, 0 for any number. The last ends with an ellipsis where text is left out.
    """
    shown = plain(text)
    if not shown:
        return []

    set_font(pdf, style.size_pt, bold=style.bold, text=shown)
    lines = _fill_lines(pdf, shown.split(" "), width_mm)
    if not most or len(lines) <= most:
        return lines

    last = fitted(pdf, f"{lines[most - 1]} {_ELLIPSIS}", width_mm)
    return [*lines[: most - 1], last]


def _fill_lines(pdf: FPDF, words: list[str], width_mm: float) -> list[str]:
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if text_width(pdf, longer) <= width_mm:
            lines[-1] = longer
            continue

        pieces = _break_word(pdf, word, width_mm)
        lines = [*lines, *pieces] if lines[-1] else pieces
    return lines


def _break_word(pdf: FPDF, word: str, width_mm: float) -> list[str]:
    """Return the pieces of a word that is wider than a line."""
    pieces = [""]

    for letter in word:
        longer = pieces[-1] + letter
        if pieces[-1] and text_width(pdf, longer) > width_mm:
            pieces.append(letter)
        else:
            pieces[-1] = longer
    return pieces


def fitted(pdf: FPDF, text: str, width_mm: float) -> str:
    """Return a text as it fits into a width in the current font, cut with an ellipsis if needed."""
    if text_width(pdf, text) <= width_mm:
        return text

    fitting = 0
    too_many = len(text) + 1
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        if text_width(pdf, text[:middle] + _ELLIPSIS) <= width_mm:
            fitting = middle
        else:
            too_many = middle
    return text[:fitting].rstrip() + _ELLIPSIS


def set_font(pdf: FPDF, size_pt: float, *, bold: bool = False, text: str = "") -> None:
    """Set the font in which `text` is to be written."""
    use_font(pdf, "B" if bold else "", size_pt, text)


def text_width(pdf: FPDF, text: str) -> float:
    """Return the width of a text in millimeters in the current font.

    `FPDF.get_string_width` returns the same, ten times slower: it looks for markup, Arabic and
    other fonts, none of which we use.
    """
    if pdf.current_font is None:
        raise ValueError(f"no font is set to measure {text!r}, want one")

    width_units: float = pdf.current_font.get_text_width(text, pdf.font_size_pt, None)[1]
    return width_units / float(pdf.k)


def plain(text: str) -> str:
    """Return a text on one line, without characters that cannot be printed."""
    one_line = " ".join(text.split())
    return "".join(letter for letter in one_line if letter.isprintable())
