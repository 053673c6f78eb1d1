"""A chapter of the fire map book: an index where there are several maps, the maps, the list."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from fpdf import FPDF

from gis_export.fire.book.atlas import FINEST, Cell
from gis_export.fire.book.chapter import Book, Chapter, ChapterMaps, maps_of
from gis_export.fire.book.entries import Entry, places_of
from gis_export.fire.book.legend import draw_legend
from gis_export.fire.book.map_sheet import draw_buildings
from gis_export.fire.book.neighbor_maps import draw_neighbor_maps
from gis_export.fire.book.street_list import draw_list
from gis_export.printing.frame import Frame, PageBox, frame_around
from gis_export.printing.map_edge import draw_border, grid_cell
from gis_export.printing.map_picture import draw_photo
from gis_export.printing.marks import draw_halo_text
from gis_export.printing.sheet import INNER_MM, MARGIN_MM, TOP_MM
from gis_export.printing.text import INK
from imagery.boxes import GroundBox

MAP_MM = INNER_MM - 5
"""Side of the square maps."""
_MAP_PLACE = PageBox(
    left_mm=MARGIN_MM + 2.5, top_mm=TOP_MM + 2.5, width_mm=MAP_MM, height_mm=MAP_MM
)
CELL_MM = MAP_MM * 0.94
"""Side of the ground that a map is for; the rest of it shows what comes next."""
_NO_PHOTO = "No photo of the ground."


def draw_chapter(book: Book, chapter: Chapter) -> None:
    """Draw the pages of a chapter, its list with the place of every building on the maps."""
    # Only the first page of a chapter, whichever it is, is named in the document's outline.
    section = f"{chapter.title} ({len(chapter.entries):,})"
    if chapter.has_index:
        _draw_index(book, chapter, section=section)
        section = ""

    maps = maps_of(chapter)
    references: dict[str, str] = {}
    for number in range(1, len(chapter.cells) + 1):
        references |= _draw_map(book, maps, number, section=section)
        section = ""

    for number in range(1, len(chapter.pages) + 1):
        _draw_list_page(book, chapter, number, references, section=section)
        section = ""


def _draw_index(book: Book, chapter: Chapter, *, section: str) -> None:
    """Draw the index: the whole district, a dot per building, the maps with their numbers."""
    pdf = book.pdf
    count = len(chapter.cells)
    subtitle = f"Index of {count} maps, {len(chapter.entries):,} vacant buildings"
    book.begin(chapter.title, subtitle, section=section)

    ground = _ground_around(chapter.cells)
    frame = frame_around(ground, book.map_crs, _MAP_PLACE, finest=FINEST, room=0.97)
    has_photo = draw_photo(pdf, book.photo, frame)

    pdf.set_fill_color(INK)
    for x, y in frame.place(places_of(chapter.entries)).tolist():
        pdf.circle(x, y, 0.45, style="F")
    _draw_cells(pdf, frame, chapter.cells)
    draw_border(pdf, frame)

    note = "Each dot is a vacant building; the number names the map that shows it."
    if not has_photo:
        note = f"{note} {_NO_PHOTO}"
    draw_legend(pdf, frame, _count_words(chapter.entries), note=note, flown=book.flown)


def _ground_around(cells: Sequence[Cell]) -> GroundBox:
    """Return the ground of all maps of a chapter."""
    return GroundBox(
        west=min(cell.ground.west for cell in cells),
        south=min(cell.ground.south for cell in cells),
        east=max(cell.ground.east for cell in cells),
        north=max(cell.ground.north for cell in cells),
    )


def _draw_cells(pdf: FPDF, frame: Frame, cells: Sequence[Cell]) -> None:
    """Draw the edges and numbers of the maps of a chapter."""
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.5)
    for number, cell in enumerate(cells, 1):
        ground = cell.ground
        corners = np.array([(ground.west, ground.north), (ground.east, ground.south)])
        (left, top), (right, bottom) = frame.place(corners).tolist()
        pdf.rect(left, top, right - left, bottom - top)

        middle = ((left + right) / 2, (top + bottom) / 2)
        size_pt = min(16.0, 6 + (right - left) / 3)
        draw_halo_text(pdf, middle, str(number), size_pt=size_pt)


def _draw_map(book: Book, maps: ChapterMaps, number: int, *, section: str) -> dict[str, str]:
    """Draw one map; return where its buildings are on it, by parcel."""
    pdf = book.pdf
    chapter = maps.chapter
    cell = chapter.cells[number - 1]
    entries = maps.entries_on(cell)
    subtitle = (
        f"Map {number} of {len(chapter.cells)}, 1:{cell.scale:,}, {len(entries):,} vacant buildings"
    )

    book.begin(chapter.title, subtitle, section=section)
    frame = Frame(
        crs=book.map_crs, center=cell.ground.center, scale=float(cell.scale), page=_MAP_PLACE
    )
    has_photo = draw_photo(pdf, book.photo, frame)

    # The map shows more than its cell: buildings around it are drawn, but listed elsewhere.
    hits = book.tree.query(shapely.box(*frame.ground.bounds))
    shown = [book.entries[hit] for hit in sorted(hits)]
    own = frozenset(entry.parcel_id for entry in entries)
    drawn = draw_buildings(pdf, frame, shown, own=own)
    draw_border(pdf, frame, grid=True)
    draw_neighbor_maps(pdf, frame, maps, cell)

    others = sum(entry.parcel_id not in own for entry in shown)
    note = _map_note(drawn.unnamed, has_photo=has_photo, others=others)
    draw_legend(pdf, frame, _count_words(shown), note=note, flown=book.flown)

    prefix = f"{number} " if chapter.has_index else ""
    return {
        symbol.entry.parcel_id: prefix + grid_cell(frame, symbol.x_mm, symbol.y_mm)
        for symbol in drawn.symbols
        if symbol.entry.parcel_id in own
    }


def _map_note(unnamed: Sequence[str], *, has_photo: bool, others: int) -> str:
    notes = []
    if unnamed:
        notes.append(f"Also here: {', '.join(unnamed)}.")
    if not has_photo:
        notes.append(_NO_PHOTO)
    if others:
        notes.append(f"{others} of them lie around this map's part and are listed elsewhere.")
    return " ".join(notes)


def _count_words(entries: Sequence[Entry]) -> Mapping[str, int]:
    """Return the number of buildings by RISK_LVL."""
    return Counter(entry.symbol.code for entry in entries)


def _draw_list_page(
    book: Book, chapter: Chapter, number: int, references: Mapping[str, str], *, section: str
) -> None:
    """Draw one page of the list by street."""
    subtitle = (
        f"List {number} of {len(chapter.pages)}, by street: "
        f"{len(chapter.entries):,} vacant buildings"
    )

    book.begin(chapter.title, subtitle, section=section)
    draw_list(book.pdf, chapter.pages[number - 1], references)
