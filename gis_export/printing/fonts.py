"""The fonts of printed products, cut down to the letters that most texts need.

Parsing both fonts in full, and cutting them down to the letters of one document, takes a fifth of
a second for every packet and route sheet. So a small copy is made once per process. A text with a
letter that it lacks is set in the full font, which looks the same.
"""

import atexit
import tempfile
from functools import cache
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fpdf import FPDF

FONT = "DejaVu"
"""Family of the small copies."""
FULL_FONT = "DejaVuFull"
"""Family of the full fonts."""
_FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
"""File of each style."""
_COPIED = frozenset(
    (
        *range(0x20, 0x7F),
        *range(0xA0, 0x180),
        *range(0x2010, 0x2045),
        0x20AC,
        *range(0x2190, 0x219A),
    )
)
"""Letters of the small copies.

Basic Latin, its two supplements for European languages, dashes, quotes, dots and marks of general
punctuation, the euro, arrows.
"""
_UNUSED_TABLES = ("FFTM", "GDEF", "GPOS", "GSUB", "MATH", "kern")
_FULL_NAME = 4
"""Number of the full name in a font's table of names."""
_WINDOWS = 3
_UNICODE = 1
_AMERICAN_ENGLISH = 0x409


def add_fonts(pdf: FPDF) -> None:
    """Give a document the small copies."""
    for style in _FILES:
        pdf.add_font(FONT, style, _small_copy(style))


def use_font(pdf: FPDF, style: str, size_pt: float, text: str) -> None:
    """Set the font that has the letters of a text."""
    if text.isascii() or _COPIED.issuperset(map(ord, text)):
        pdf.set_font(FONT, style, size_pt)
        return

    if f"{FULL_FONT.lower()}{style}" not in pdf.fonts:
        pdf.add_font(FULL_FONT, style, font_file(style))
    pdf.set_font(FULL_FONT, style, size_pt)


@cache
def _small_copy(style: str) -> Path:
    """Write the small copy, under its own name: readers of PDF may keep fonts by name."""
    options = Options(
        layout_features=[],
        notdef_outline=True,
        recommended_glyphs=True,
        glyph_names=True,
        name_IDs=["*"],
    )
    options.drop_tables += _UNUSED_TABLES

    target = _folder() / _FILES[style]
    with TTFont(font_file(style), lazy=True, recalcTimestamp=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=_COPIED)
        subsetter.subset(font)

        names = font["name"]
        copy_name = f"{names.getBestFullName()} Latin"
        names.setName(copy_name, _FULL_NAME, _WINDOWS, _UNICODE, _AMERICAN_ENGLISH)
        font.save(target)
    return target


@cache
def font_file(style: str) -> Path:
    """Return the file of the full font of a style, "" or "B"."""
    # Imported here, since it takes a quarter of a second.
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / _FILES[style]


@cache
def _folder() -> Path:
    """Return a folder that lasts as long as the process."""
    folder = tempfile.TemporaryDirectory(prefix="roofwatch-fonts-")
    atexit.register(folder.cleanup)
    return Path(folder.name)
