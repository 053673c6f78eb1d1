"""What each band of an image is, by what the file declares and never by its position."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rasterio.enums import ColorInterp

COLORS = ("red", "green", "blue")
UNDECLARED = ("", "gray")
"""Meanings of a band that may be any color where there are several."""
INKS = ("cyan", "magenta", "yellow", "black")
MOST_UNDECLARED = 4
"""Most bands without a declared meaning whose first three may be taken for red, green, blue."""
MEANINGS = {
    ColorInterp.undefined: "",
    ColorInterp.nir: "infrared",
}
"""Meanings whose name here is not that of GDAL."""
WORDS = {
    "red": "red",
    "green": "green",
    "blue": "blue",
    "nir": "infrared",
    "infrared": "infrared",
    "alpha": "alpha",
}
"""Words that describe a band, and what they mean."""
IDLE_WORDS = frozenset({"band", "channel", "layer", "near", "b"})
"""Words of a description that say nothing of the color."""


@dataclass(frozen=True, kw_only=True)
class Bands:
    """Which bands of an image are shown, numbered from 1."""

    color: tuple[int, int, int] = (0, 0, 0)
    """Bands of red, green, blue; a single gray or palette band is given three times."""
    alpha: int = 0
    """Band of the alpha channel, 0 for none."""
    palette: bool = False
    """The band holds numbers of colors."""
    assumed: str = ""
    """What was taken for granted although nothing declares it; "" when all is declared."""
    problem: str = ""
    """Why the bands cannot be shown; "" when they can."""


def find_bands(declared: Sequence[ColorInterp], described: Sequence[str | None]) -> Bands:
    """Find red, green, blue and alpha wherever they lie.

    Args:
        declared: Color interpretation of every band, as GDAL takes it from the tags of the file.
        described: Description of every band, None where there is none. It counts where the color
            is not declared, and where a band that is declared as alpha is described as infrared.
    """
    meanings = []
    for color, text in zip(declared, described, strict=True):
        meaning = meaning_of(color, text)
        if meaning is None:
            return Bands(
                problem=f"has a band declared as {color.name} but described as {text!r}; "
                "correct one of the two with gdal_edit.py"
            )
        meanings.append(meaning)

    if meanings[0] == "palette":
        return Bands(color=(1, 1, 1), palette=True, alpha=_first(meanings, "alpha"))
    if any(meaning in INKS for meaning in meanings):
        return Bands(
            problem="is CMYK, want RGB; convert it with a color profile first (gdalwarp does not)"
        )
    if any(color in meanings for color in COLORS):
        return _from_colors(meanings)
    return _from_undeclared(meanings)


def meaning_of(color: ColorInterp, text: str | None) -> str | None:
    """Return the meaning of one band, "" when nothing declares it.

    Returns:
        None where color interpretation and description contradict each other.
    """
    declared = MEANINGS.get(color, color.name)
    described = _described(text or "")
    if declared in UNDECLARED:
        return described or declared
    if declared == "alpha" and described == "infrared":
        return described

    is_color = described in COLORS and declared in COLORS
    return None if is_color and described != declared else declared


def _described(text: str) -> str:
    """Return the meaning that a description gives, "" if it is not just the name of a color."""
    words = set(re.findall(r"[a-z]+", text.lower())) - IDLE_WORDS
    return WORDS.get(words.pop(), "") if len(words) == 1 else ""


def _first(meanings: Sequence[str], wanted: str) -> int:
    """Return the number of the first band with a meaning, 0 for none."""
    return meanings.index(wanted) + 1 if wanted in meanings else 0


def _from_colors(meanings: Sequence[str]) -> Bands:
    """Return the bands of an image that declares at least one of red, green and blue."""
    lacking = [color for color in COLORS if color not in meanings]
    spare = [band for band, meaning in enumerate(meanings, start=1) if meaning in UNDECLARED]
    if lacking and len(lacking) != len(spare):
        found = ", ".join(meaning or "undeclared" for meaning in meanings)
        return Bands(
            problem=f"declares its bands as {found}, without {' and '.join(lacking)}; "
            "want red, green, blue or gray"
        )

    bands = {color: _first(meanings, color) for color in COLORS} | dict(
        zip(lacking, spare, strict=bool(lacking))
    )
    assumed = ", ".join(f"band {bands[color]} as {color}" for color in lacking)
    twice = [color for color in COLORS if meanings.count(color) > 1]
    if twice:
        assumed = f"the first of several bands declared as {twice[0]}"

    return Bands(
        color=(bands["red"], bands["green"], bands["blue"]),
        alpha=_first(meanings, "alpha"),
        assumed=assumed,
    )


def _from_undeclared(meanings: Sequence[str]) -> Bands:
    """Return the bands of a gray image, or of one that declares no color at all."""
    alpha = _first(meanings, "alpha")
    spare = [band for band, meaning in enumerate(meanings, start=1) if meaning in UNDECLARED]
    if not spare:
        kinds = ", ".join(dict.fromkeys(meanings))
        alone = "an alpha band alone" if kinds == "alpha" else f"bands of {kinds} alone"
        return Bands(problem=f"holds {alone}, want red, green, blue or gray")

    if len(spare) > MOST_UNDECLARED:
        return Bands(
            problem=f"holds {len(spare)} bands and declares the color of none; declare red, green "
            "and blue with gdal_edit.py -colorinterp_1 red (and so on)"
        )
    if len(spare) >= len(COLORS):
        red, green, blue, *others = spare
        assumed = f"bands {red}, {green}, {blue} as red, green, blue"
        if others:
            assumed += f", band {others[0]} as infrared"
        return Bands(color=(red, green, blue), alpha=alpha, assumed=assumed)

    gray = _first(meanings, "gray") or spare[0]
    assumed = f"band {gray} as gray" if len(spare) > 1 else ""
    return Bands(color=(gray, gray, gray), alpha=alpha, assumed=assumed)
