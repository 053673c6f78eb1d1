"""The fonts of printed products. Most texts need a few hundred of their 6,000 letters, so most documents are given a small copy.

To parse both fonts in full and to cut them down to what a document shows takes a fifth of a second, for every packet and
route sheet anew. The copy is made once per process; a text that it lacks a letter of is set in the full font, which looks the same.
"""

import atexit
import tempfile
from functools import cache
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fpdf import FPDF

FONT, FULL = "DejaVu", "DejaVuFull"
_FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
_COPIED = frozenset(
    (
        *range(0x20, 0x7F),
        *range(0xA0, 0x180),
        *range(0x2010, 0x2045),
        0x20AC,
        *range(0x2190, 0x219A),
    )
)
"""Basic Latin, its two supplements for European languages, dashes, quotes, dots and marks of general punctuation, the euro, arrows."""
_UNUSED_TABLES = ("FFTM", "GDEF", "GPOS", "GSUB", "MATH", "kern")


def add_fonts(pdf: FPDF) -> None:
    """Give a document the small copies."""
    for style in _FILES:
        pdf.add_font(FONT, style, _small_copy(style))


def use_font(pdf: FPDF, style: str, size_pt: float, text: str) -> None:
    """Set the font that has the letters of a text."""
    family = FONT if text.isascii() or _COPIED.issuperset(map(ord, text)) else FULL
    if family == FULL and f"{FULL.lower()}{style}" not in pdf.fonts:
        pdf.add_font(FULL, style, _full_font(style))
    pdf.set_font(family, style, size_pt)


@cache
def _full_font(style: str) -> Path:
    import matplotlib  # here, since it takes a quarter of a second

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / _FILES[style]


@cache
def _folder() -> Path:
    """Return a folder that lasts as long as the process."""
    folder = tempfile.TemporaryDirectory(prefix="roofwatch-fonts-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def _small_copy(style: str) -> Path:
    """Write the copy; it bears a name of its own, as readers of PDF may keep fonts by name."""
    options = Options(
        layout_features=[],
        notdef_outline=True,
        recommended_glyphs=True,
        glyph_names=True,
        name_IDs=["*"],
    )
    options.drop_tables += _UNUSED_TABLES
    with TTFont(_full_font(style), lazy=True, recalcTimestamp=False) as font:
        cut = Subsetter(options)
        cut.populate(unicodes=_COPIED)
        cut.subset(font)
        names = font["name"]
        names.setName(f"{names.getBestFullName()} Latin", 4, 3, 1, 0x409)
        target = _folder() / _FILES[style]
        font.save(target)
    return target
