"""One symbol per hazard word: shape, letter and color together.

So the words survive color blindness, monochrome print and glare. Colors are from Okabe and Ito
(2008), "Color Universal Design"; its green is left out, since green reads as safe. No shape
resembles the open square, slash or X of the fire code (IFC 311.5): those belong to the fire
department.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from inference.hazard import HazardWord

Shape: TypeAlias = Literal["hexagon", "triangle", "diamond", "circle", "tag"]
Outline: TypeAlias = Literal["solid", "dash", "dot", "dash dot"]


@dataclass(frozen=True, kw_only=True)
class Symbol:
    """How a hazard word is drawn on every map."""

    word: HazardWord
    """The word the symbol stands for."""
    code: str
    """RISK_LVL of the word."""
    plain_code: str
    """RISK_CODE of the word: one word that no program reads as missing."""
    shape: Shape
    """Shape of the marker; 'tag' is a filled wide rectangle."""
    letter: str
    """Letter inside the marker."""
    color: str
    """Fill, "#rrggbb"."""
    outline: Outline
    """Line pattern around the parcel."""
    size_mm: float
    """Height of the marker on paper."""
    meaning: str
    """What the word says, for legends."""


SYMBOLS: tuple[Symbol, ...] = (
    Symbol(
        word=HazardWord.CONFIRMED,
        code="CONFIRMED",
        plain_code="CONFIRMED",
        shape="hexagon",
        letter="C",
        color="#D55E00",
        outline="solid",
        size_mm=5.6,
        meaning="a person saw the roof open or failing",
    ),
    Symbol(
        word=HazardWord.LIKELY,
        code="LIKELY",
        plain_code="LIKELY",
        shape="triangle",
        letter="L",
        color="#E69F00",
        outline="solid",
        size_mm=5.2,
        meaning="roof open or failing in photo, unverified",
    ),
    Symbol(
        word=HazardWord.POSSIBLE,
        code="POSSIBLE",
        plain_code="POSSIBLE",
        shape="diamond",
        letter="P",
        color="#F0E442",
        outline="dash",
        size_mm=5.2,
        meaning="roof may be open or failing in photo, unverified",
    ),
    Symbol(
        word=HazardWord.NOT_ASSESSED,
        code="NA",
        plain_code="NOT_ASSESSED",
        shape="tag",
        letter="?",
        color="#CC79A7",
        outline="dash dot",
        size_mm=5.2,
        meaning="not looked at; the reason is given",
    ),
    Symbol(
        word=HazardWord.NOT_SEEN,
        code="NOT SEEN",
        plain_code="NOT_SEEN",
        shape="circle",
        letter="N",
        color="#56B4E9",
        outline="dot",
        size_mm=3.6,
        meaning="no damage seen; does not mean safe",
    ),
)
"""Worst first; NOT ASSESSED comes before NOT SEEN IN PHOTO, since nothing is known of it."""

BY_CODE: dict[str, Symbol] = {symbol.code: symbol for symbol in SYMBOLS}
BY_WORD: dict[str, Symbol] = {symbol.word.value: symbol for symbol in SYMBOLS}
NO_WORD = "no hazard word in the row"
"""What a legend says when a row holds no word of ours: the row is drawn as NOT ASSESSED."""
