"""A chapter of the fire map book: an index where there are several maps, the maps, the list."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from fpdf import FPDF
from pyproj import CRS

from gis_export.fire.book.atlas import FINEST, Cell
from gis_export.fire.book.chapter import Book, Chapter, Ground, ground_of
from gis_export.fire.book.entries import Entry, places_of
from gis_export.fire.book.legend import draw_legend
from gis_export.fire.book.map_sheet import draw_buildings, draw_photo
from gis_export.fire.book.street_list import draw_list
from gis_export.printing.frame import Frame, frame_around
from gis_export.printing.marks import draw_border, draw_halo_text, grid_cell
from gis_export.printing.sheet import INNER_MM, MARGIN_MM, TOP_MM
from gis_export.printing.text import INK

MAP_MM = INNER_MM - 5
"""Side of the square maps."""
_PLACE_MM = (MARGIN_MM + 2.5, TOP_MM + 2.5, MAP_MM, MAP_MM)
CELL_MM = MAP_MM * 0.94
"""Side of the ground that a sheet is for; the rest of the map shows what comes next."""


def draw_chapter(book: Book, chapter: Chapter) -> None:
    """Draw the pages of a chapter, its list with the place of every building on the maps."""
    section = f"{chapter.title} ({len(chapter.entries):,})"
    first = True
    references: dict[str, str] = {}
    ground = ground_of(chapter)
    if len(chapter.cells) > 1:
        _draw_overview(book, chapter, section)
        first = False
    for number in range(1, len(chapter.cells) + 1):
        references |= _draw_sheet(book, ground, number, section=section if first else "")
        first = False
    for number, columns in enumerate(chapter.pages, 1):
        book.begin(
            chapter.title,
            f"List {number} of {len(chapter.pages)}, by street: {len(chapter.entries):,} vacant buildings",
        )
        if first:
            book.pdf.start_section(section)
            first = False
        draw_list(book.pdf, columns, references)


def _draw_overview(book: Book, chapter: Chapter, section: str) -> None:
    """Draw the index: the whole district, a dot per building, the sheets with their numbers."""
    pdf = book.pdf
    boxes = np.array([cell.box for cell in chapter.cells])
    box = (
        float(boxes[:, 0].min()),
        float(boxes[:, 1].min()),
        float(boxes[:, 2].max()),
        float(boxes[:, 3].max()),
    )
    book.begin(
        chapter.title,
        f"Index of {len(chapter.cells)} maps, {len(chapter.entries):,} vacant buildings",
    )
    pdf.start_section(section)
    frame = frame_around(box, _known(book.crs), _PLACE_MM, finest=FINEST, room=0.97)
    shown = draw_photo(
        pdf, book.photo, frame, alt_text=f"{chapter.title}: index of its {len(chapter.cells)} maps"
    )
    pdf.set_fill_color(INK)
    for x, y in frame.place(places_of(chapter.entries)):
        pdf.circle(float(x), float(y), 0.45, style="F")
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.5)
    for number, cell in enumerate(chapter.cells, 1):
        corners = frame.place(np.array([(cell.box[0], cell.box[3]), (cell.box[2], cell.box[1])]))
        (left, top), (right, bottom) = corners.tolist()
        pdf.rect(left, top, right - left, bottom - top)
        draw_halo_text(
            pdf,
            ((left + right) / 2, (top + bottom) / 2),
            str(number),
            size_pt=min(16.0, 6 + (right - left) / 3),
        )
    draw_border(pdf, frame)
    note = "Each dot is a vacant building; the number names the map that shows it." + (
        "" if shown else " No photo of the ground."
    )
    draw_legend(pdf, frame, _by_word(chapter.entries), note=note, flown=book.flown)


def _draw_sheet(book: Book, ground: Ground, number: int, *, section: str) -> dict[str, str]:
    """Draw one map; return where its buildings stand on it."""
    chapter, cell = ground.chapter, ground.chapter.cells[number - 1]
    pdf, entries = book.pdf, ground.inside(cell)
    many = len(chapter.cells) > 1
    book.begin(
        chapter.title,
        f"Map {number} of {len(chapter.cells)}, 1:{cell.scale:,}, {len(entries):,} vacant buildings",
    )
    if section:
        pdf.start_section(section)
    west, south, east, north = cell.box
    frame = Frame(
        crs=_known(book.crs),
        center=((west + east) / 2, (south + north) / 2),
        scale=float(cell.scale),
        left_mm=_PLACE_MM[0],
        top_mm=_PLACE_MM[1],
        width_mm=MAP_MM,
        height_mm=MAP_MM,
    )
    shown = draw_photo(
        pdf, book.photo, frame, alt_text=f"{chapter.title}, map {number}: {_in_words(entries)}"
    )
    around = [book.entries[hit] for hit in sorted(book.tree.query(shapely.box(*frame.bounds)))]
    drawn = draw_buildings(pdf, frame, around)
    draw_border(pdf, frame, grid=True)
    _draw_neighbors(pdf, frame, ground, cell)
    mine = {entry.parcel_id for entry in entries}
    others = sum(entry.parcel_id not in mine for entry in around)
    note = " ".join(
        (
            *(() if shown else ("No photo of the ground.",)),
            *(
                (f"{others} of them lie around this map's part and are listed elsewhere.",)
                if others
                else ()
            ),
        )
    )
    draw_legend(pdf, frame, _by_word(around), note=note, flown=book.flown)
    return {
        one.entry.parcel_id: f"{number} {grid_cell(frame, *one.at)}"
        if many
        else grid_cell(frame, *one.at)
        for one in drawn
        if one.entry.parcel_id in mine
    }


def _draw_neighbors(pdf: FPDF, frame: Frame, ground: Ground, cell: Cell) -> None:
    """Name the maps that go on beyond each edge."""
    west, south, east, north = cell.box
    off = (east - west) * 0.1
    shares = (0.25, 0.75)
    edges = {
        (0.5, 0.0): [(west + (east - west) * share, north + off) for share in shares],
        (0.5, 1.0): [(west + (east - west) * share, south - off) for share in shares],
        (0.0, 0.5): [(west - off, south + (north - south) * share) for share in shares],
        (1.0, 0.5): [(east + off, south + (north - south) * share) for share in shares],
    }
    for (right, down), probes in edges.items():
        found = ground.maps_at(np.array(probes))
        if found:
            text = "map " + ", ".join(str(number) for number in found)
            x = frame.left_mm + frame.width_mm * right + {0.0: -2.4, 0.5: 0.0, 1.0: 2.4}[right]
            y = frame.top_mm + frame.height_mm * down + {0.0: -2.2, 0.5: 0.0, 1.0: 2.2}[down]
            draw_halo_text(pdf, (x, y), text, size_pt=7.5, angle=90 if right != 0.5 else 0)


def _by_word(entries: Sequence[Entry]) -> Mapping[str, int]:
    return Counter(entry.symbol.code for entry in entries)


def _in_words(entries: Sequence[Entry]) -> str:
    counts = Counter(entry.symbol.word.value for entry in entries)
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))


def _known(crs: CRS | None) -> CRS:
    """Return the CRS of a book that has maps.

    Raises:
        ValueError: it has none.
    """
    if crs is None:
        raise ValueError("a map without a CRS, want one: no building has a place")
    return crs
