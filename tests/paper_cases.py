"""Printed products read back: text by pypdf and poppler, pictures by poppler."""

import re
import subprocess
from dataclasses import dataclass
from datetime import date
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


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word on a page, points from the upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def odd_roll(count: int) -> VacantRoll:
    """A roll whose first addresses are hard to print and whose last parcel has no place."""
    roll = make_roll(count)
    table = roll.table.copy()
    table.loc[: len(ODD) - 1, "address"] = ODD[: min(count, len(ODD))]
    table.loc[count - 1, "geometry"] = None
    return VacantRoll(table=table, notices=count, joined_by_place=0, unmatched=())


def make_ground(folder: Path, *, flown: date) -> Flyover:
    """One tile under the parcels of `make_roll`, feet."""
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(60, 200, (3, 300, 500), dtype=np.uint8)
    where = {"crs": "EPSG:2248", "transform": Affine(2, 0, 1_414_800, 0, -2, 593_400)}
    with open_raster(
        folder / "ground.tif",
        "w",
        driver="GTiff",
        width=500,
        height=300,
        count=3,
        dtype="uint8",
        **where,
    ) as target:
        target.write(pixels)
    return open_flyover(2026, (str(folder),), flown)


def page_texts(path: Path) -> list[str]:
    return [page.extract_text() for page in PdfReader(path).pages]


def flat(text: str) -> str:
    return re.sub(r"\s+", "", text)


def page_words(path: Path) -> list[list[Word]]:
    """Return the words of every page as poppler places them."""
    html = subprocess.run(
        ["pdftotext", "-bbox", str(path), "-"], check=True, capture_output=True, text=True
    ).stdout
    number = r'"(-?[\d.]+)"'
    pattern = re.compile(
        rf"<word xMin={number} yMin={number} xMax={number} yMax={number}>(.*?)</word>", re.DOTALL
    )
    return [
        [
            Word(
                text=m[5], left=float(m[1]), top=float(m[2]), right=float(m[3]), bottom=float(m[4])
            )
            for m in pattern.finditer(page)
        ]
        for page in html.split("<page ")[1:]
    ]


def overlaps(words: list[Word]) -> list[tuple[str, str]]:
    """Return words that cover each other by more than a hair."""
    found = []
    for at, one in enumerate(words):
        for other in words[at + 1 :]:
            across = min(one.right, other.right) - max(one.left, other.left)
            down = min(one.bottom, other.bottom) - max(one.top, other.top)
            if across > 0.5 and down > 0.45 * min(one.bottom - one.top, other.bottom - other.top):
                found.append((one.text, other.text))
    return found


def render(
    path: Path, folder: Path, *, dpi: int, page: int, gray: bool = False
) -> NDArray[np.uint8]:
    """Return a page as poppler draws it, (H, W, 3), or (H, W) in gray."""
    target = folder / f"page{page}"
    subprocess.run(
        [
            "pdftoppm",
            "-r",
            str(dpi),
            "-f",
            str(page),
            "-l",
            str(page),
            "-singlefile",
            *(["-gray"] if gray else []),
            str(path),
            str(target),
        ],
        check=True,
    )
    image = cv2.imread(
        str(target.with_suffix(".pgm" if gray else ".ppm")),
        cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR,
    )
    assert image is not None
    return np.asarray(image, np.uint8)
