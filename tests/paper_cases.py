"""Printed products read back: text by pypdf and poppler, pictures by poppler."""

import re
import subprocess
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from affine import Affine
from export_cases import make_roll
from numpy.typing import NDArray
from pypdf import PdfReader
from rasterio import open as open_raster

from imagery.flyover.flyover import Flyover, open_flyover
from imagery.roll.parcels import VacantRoll

LONG = "1234 " + ("Señora d'Ávila y Muñoz Memorial Boulevard North " * 3)[:114] + "."
ODD = ("12 <b>Peña</b> & Sons St", LONG, "=cmd() Ædelgade\nrear\tbuilding", "")
WORD = re.compile(
    r'<word xMin="(?P<left>-?[\d.]+)" yMin="(?P<top>-?[\d.]+)" '
    r'xMax="(?P<right>-?[\d.]+)" yMax="(?P<bottom>-?[\d.]+)">(?P<text>.*?)</word>',
    re.DOTALL,
)
"""A word in the output of poppler's `pdftotext -bbox`."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word on a page, points from the upper left corner."""

    text: str
    """The letters."""
    left: float
    """Points from the left edge of the page."""
    top: float
    """Points from the upper edge of the page."""
    right: float
    """Points from the left edge of the page."""
    bottom: float
    """Points from the upper edge of the page."""


def odd_roll(count: int) -> VacantRoll:
    """Return a roll with addresses that are hard to print.

    Its last parcel has no place.
    """
    roll = make_roll(count)
    table = roll.table.copy()
    table.loc[: len(ODD) - 1, "address"] = ODD[: min(count, len(ODD))]
    table.loc[count - 1, "geometry"] = None
    return VacantRoll(table=table, notices=count, joined_by_place=0, unmatched=())


def make_ground(folder: Path, *, flown: date) -> Flyover:
    """Write one tile under the parcels of `make_roll`, in feet."""
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(60, 200, (3, 300, 500), dtype=np.uint8)
    with open_raster(
        folder / "ground.tif",
        "w",
        driver="GTiff",
        width=500,
        height=300,
        count=3,
        dtype="uint8",
        crs="EPSG:2248",
        transform=Affine(2, 0, 1_414_800, 0, -2, 593_400),
    ) as target:
        target.write(pixels)
    return open_flyover(2026, (str(folder),), flown)


def page_texts(path: Path) -> list[str]:
    """Return the text of every page."""
    return [page.extract_text() for page in PdfReader(path).pages]


def flat(text: str) -> str:
    """Return a text without blanks, which printing moves."""
    return re.sub(r"\s+", "", text)


def page_words(path: Path) -> list[list[Word]]:
    """Return the words of every page as poppler places them."""
    command = ["pdftotext", "-bbox", str(path), "-"]
    html = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [_words_of(page) for page in html.split("<page ")[1:]]


def _words_of(page: str) -> list[Word]:
    words = []
    for found in WORD.finditer(page):
        word = Word(
            text=found["text"],
            left=float(found["left"]),
            top=float(found["top"]),
            right=float(found["right"]),
            bottom=float(found["bottom"]),
        )
        words.append(word)
    return words


def overlaps(words: list[Word]) -> list[tuple[str, str]]:
    """Return words that cover each other by more than a hair."""
    found = []
    for first, second in combinations(words, 2):
        across = min(first.right, second.right) - max(first.left, second.left)
        down = min(first.bottom, second.bottom) - max(first.top, second.top)
        height = min(first.bottom - first.top, second.bottom - second.top)
        if across > 0.5 and down > 0.45 * height:
            found.append((first.text, second.text))
    return found


def render(
    path: Path, folder: Path, *, dpi: int, page: int, gray: bool = False
) -> NDArray[np.uint8]:
    """Return a page as poppler draws it, (H, W, 3), or (H, W) in gray."""
    if gray:
        options = ["-gray"]
        suffix = ".pgm"
        mode = cv2.IMREAD_GRAYSCALE
    else:
        options = []
        suffix = ".ppm"
        mode = cv2.IMREAD_COLOR

    target = folder / f"page{page}"
    options += ["-r", str(dpi), "-f", str(page), "-l", str(page), "-singlefile"]
    subprocess.run(["pdftoppm", *options, str(path), str(target)], check=True)
    image = cv2.imread(str(target.with_suffix(suffix)), mode)
    assert image is not None
    return np.asarray(image, np.uint8)
