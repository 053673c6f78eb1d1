"""What a chapter of the fire map book consists of, and what all of its pages share."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from fpdf import FPDF
from pyproj import CRS

from gis_export.fire.book.atlas import Cell
from gis_export.fire.book.entries import Entry, places_of
from gis_export.fire.book.street_list import ListPage
from gis_export.printing.photo import Photo
from gis_export.printing.sheet import Heading, add_sheet
from gis_export.printing.spread import Points

NO_DISTRICT = "No fire district known"


@dataclass(frozen=True, kw_only=True, eq=False)
class Chapter:
    """One fire district."""

    name: str
    """The district, "" when not known."""
    entries: tuple[Entry, ...]
    """Its buildings."""
    cells: tuple[Cell, ...]
    """Ground of its maps."""
    pages: list[ListPage]
    """Its list by street."""

    @property
    def title(self) -> str:
        """Return the title of its pages."""
        return f"Fire district {self.name}" if self.name else NO_DISTRICT

    @property
    def has_index(self) -> bool:
        """Tell whether an index shows where its maps are: only when there are several."""
        return len(self.cells) > 1

    @property
    def length(self) -> int:
        """Return its number of pages."""
        return int(self.has_index) + len(self.cells) + len(self.pages)


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """What every page of a book needs."""

    pdf: FPDF
    """The document."""
    crs: CRS | None
    """Metric CRS of its maps, None when no building has a place."""
    photo: Photo | None
    """The flyover under its maps."""
    entries: tuple[Entry, ...]
    """Every building of the city that has a place, for the neighbors on a map."""
    heading: Heading
    """Heading and last lines; every page has its own title and subtitle."""
    flown: str
    """Day of the flight in words."""
    pages: int
    """Pages of the whole book."""

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Return the index of the buildings' points."""
        return shapely.STRtree(
            [shapely.Point(entry.point) for entry in self.entries if entry.point]
        )

    @property
    def map_crs(self) -> CRS:
        """Return the CRS of a book that has maps.

        Raises:
            ValueError: it has none.
        """
        if self.crs is None:
            raise ValueError("a map without a CRS, want one: no building has a place")
        return self.crs

    def begin(self, title: str, subtitle: str, *, section: str = "") -> None:
        """Begin a page, and a section of the document's outline if it has a name."""
        heading = replace(self.heading, title=title, subtitle=subtitle)
        add_sheet(self.pdf, heading, pages=self.pages)
        if section:
            self.pdf.start_section(section)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChapterMaps:
    """Where the buildings and the maps of a chapter are, computed once for all of its maps."""

    chapter: Chapter
    """The chapter."""
    placed: tuple[Entry, ...]
    """Its buildings that have a place."""
    points: Points
    """Their points, (n, 2)."""
    bounds: Points
    """West, south, east and north of its maps, (maps, 4)."""

    def entries_on(self, cell: Cell) -> list[Entry]:
        """Return the buildings of a map."""
        return [self.placed[row] for row in np.flatnonzero(cell.holds(self.points))]

    def maps_at(self, points: Points) -> list[int]:
        """Return the numbers of the maps that hold any of some points, (n, 2)."""
        west, south, east, north = self.bounds.T
        x = points[:, :1]
        y = points[:, 1:]
        is_inside = (x >= west) & (x < east) & (y >= south) & (y < north)  # (n, maps)
        return [int(row) + 1 for row in np.flatnonzero(is_inside.any(axis=0))]


def maps_of(chapter: Chapter) -> ChapterMaps:
    """Return where the buildings and the maps of a chapter are."""
    placed = tuple(entry for entry in chapter.entries if entry.point is not None)
    bounds = [cell.ground.bounds for cell in chapter.cells]

    return ChapterMaps(
        chapter=chapter,
        placed=placed,
        points=places_of(placed),
        bounds=np.array(bounds, dtype=np.float64).reshape(-1, 4),
    )
