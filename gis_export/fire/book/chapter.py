"""What a chapter of the fire map book is made of, and what all of its pages share."""

from dataclasses import dataclass

import numpy as np
import shapely
from fpdf import FPDF
from numpy.typing import NDArray
from pyproj import CRS

from gis_export.fire.book.atlas import Cell
from gis_export.fire.book.entries import Entry, places_of
from gis_export.fire.book.street_list import Line
from gis_export.printing.photo import Photo
from gis_export.printing.sheet import Heading, add_sheet

NO_DISTRICT = "No fire district known"


@dataclass(frozen=True, kw_only=True, eq=False)
class Chapter:
    """One fire district."""

    name: str
    """The district, "" when not known."""
    entries: tuple[Entry, ...]
    """Its buildings."""
    cells: tuple[Cell, ...]
    """Ground of its sheets."""
    pages: list[list[list[Line]]]
    """Its list: pages of columns of lines."""

    @property
    def title(self) -> str:
        """Return what stands on top of its pages."""
        return f"Fire district {self.name}" if self.name else NO_DISTRICT

    @property
    def length(self) -> int:
        """Return its number of pages."""
        return (len(self.cells) > 1) + len(self.cells) + len(self.pages)


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """What every page of a book needs."""

    pdf: FPDF
    """The document."""
    crs: CRS | None
    """Metric CRS of its maps, None without a place."""
    photo: Photo | None
    """The ground."""
    entries: tuple[Entry, ...]
    """Every building of the city that has a place, for the neighbors on a map."""
    tree: shapely.STRtree
    """Their points."""
    heading: Heading
    """Head and foot; every page has its own title and subtitle."""
    flown: str
    """Flight date in words."""
    pages: int
    """Pages of the whole book."""

    def begin(self, title: str, subtitle: str) -> None:
        """Begin a page."""
        head = self.heading
        add_sheet(
            self.pdf,
            Heading(
                title=title,
                subtitle=subtitle,
                place=head.place,
                audience=head.audience,
                foot=head.foot,
            ),
            pages=self.pages,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """Where the buildings and the maps of a chapter lie, put together once for all of its maps."""

    chapter: Chapter
    """The chapter."""
    placed: tuple[Entry, ...]
    """Its buildings that have a place."""
    points: NDArray[np.float64]
    """Their points, (n, 2)."""
    boxes: NDArray[np.float64]
    """Boxes of its maps, (maps, 4)."""

    def inside(self, cell: Cell) -> list[Entry]:
        """Return the buildings of a map."""
        return [self.placed[row] for row in np.flatnonzero(cell.holds(self.points))]

    def maps_at(self, points: NDArray[np.float64]) -> list[int]:
        """Return the numbers of the maps that hold one of some points, (n, 2)."""
        west, south, east, north = self.boxes.T
        x, y = points[:, :1], points[:, 1:]
        held = ((x >= west) & (x < east) & (y >= south) & (y < north)).any(axis=0)  # (maps,)
        return [int(row) + 1 for row in np.flatnonzero(held)]


def ground_of(chapter: Chapter) -> Ground:
    """Return where the buildings and the maps of a chapter lie."""
    placed = tuple(entry for entry in chapter.entries if entry.point is not None)
    boxes = np.array([cell.box for cell in chapter.cells], dtype=np.float64).reshape(-1, 4)
    return Ground(chapter=chapter, placed=placed, points=places_of(placed), boxes=boxes)
