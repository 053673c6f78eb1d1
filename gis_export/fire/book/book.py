"""The fire map book: a chapter per fire district with maps, a street-ordered list and the legend on every map."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import shapely
from fpdf import FPDF
from pyproj import CRS

from gis_export.fire.book.atlas import cut_cells
from gis_export.fire.book.chapter import NO_DISTRICT, Book, Chapter
from gis_export.fire.book.chapter_pages import CELL_MM, draw_chapter
from gis_export.fire.book.entries import Entry, entries_of, metric_crs, places_of, sizes_of
from gis_export.fire.book.legend import PER_PAGE, CountsRow, draw_contents
from gis_export.fire.book.street_list import list_pages
from gis_export.printing.photo import photo_of
from gis_export.printing.sheet import Heading, new_document, save
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings

_AUDIENCE = "for responders only"


def write_fire_book(
    rows: gpd.GeoDataFrame, path: Path, inputs: ExportInputs, settings: ExportSettings
) -> Path:
    """Write the book: contents, then a chapter per fire district. Responder tier: it holds no score, rank, owner, notice or case.

    Args:
        rows: What `build_rows` returned.
        path: The PDF.
        inputs: City, flyover and day.
        settings: The city's choices.
    """
    title = f"{inputs.city} {inputs.year}: vacant buildings, fire map book"
    pdf = new_document(
        title,
        subject="Hazard of vacant buildings by roof photo, for responders",
        today=inputs.today,
    )
    crs = metric_crs(rows)
    entries = entries_of(rows, crs, today=inputs.today)
    chapters = _chapters(pdf, entries)
    table = [_counts(chapter) for chapter in chapters]
    front = max(1, -(-len(table) // PER_PAGE))
    book = _book(
        pdf, crs, entries, inputs, pages=front + sum(chapter.length for chapter in chapters)
    )
    draw_contents(
        pdf,
        _numbered(table, chapters, front),
        begin=lambda: book.begin(
            "Fire map book", f"{len(entries):,} vacant buildings, {book.flown}"
        ),
        settings=settings,
    )
    for chapter in chapters:
        draw_chapter(book, chapter)
    return save(pdf, path)


def _book(
    pdf: FPDF, crs: CRS | None, entries: Sequence[Entry], inputs: ExportInputs, *, pages: int
) -> Book:
    placed = tuple(entry for entry in entries if entry.point is not None)
    flown = inputs.flyover.flown if inputs.flyover else None
    days = sorted(
        {entry.as_of for entry in entries if entry.as_of and entry.symbol.code != "CONFIRMED"}
    )
    day = flown or (days[-1] if days else None)
    words = (
        f"photo flown {day.isoformat()}"
        if day
        else f"photo of {inputs.year}, day of flight not known"
    )
    heading = Heading(
        title="",
        subtitle="",
        place=f"{inputs.city} {inputs.year}",
        audience=_AUDIENCE,
        foot=f"{words}  ·  made {inputs.today.isoformat()}  ·  run {inputs.run_id}",
    )
    return Book(
        pdf=pdf,
        crs=crs,
        photo=photo_of(inputs.flyover, crs) if crs is not None else None,
        entries=placed,
        tree=shapely.STRtree([shapely.Point(entry.point) for entry in placed if entry.point]),
        heading=heading,
        flown=words,
        pages=pages,
    )


def _chapters(pdf: FPDF, entries: Sequence[Entry]) -> list[Chapter]:
    """Return the chapters by name; buildings without a district come last."""
    names = sorted({entry.district for entry in entries}, key=lambda name: (not name, name))
    chapters = []
    for name in names:
        own = tuple(entry for entry in entries if entry.district == name)
        placed = [entry for entry in own if entry.point is not None]
        cells = cut_cells(places_of(placed), sizes_of(placed), side_mm=CELL_MM)
        chapters.append(Chapter(name=name, entries=own, cells=cells, pages=list_pages(pdf, own)))
    return chapters


def _counts(chapter: Chapter) -> CountsRow:
    words = Counter(entry.symbol.code for entry in chapter.entries)
    return CountsRow(
        name=chapter.name or NO_DISTRICT,
        maps=len(chapter.cells),
        counts=dict(words),
        first=0,
        last=0,
    )


def _numbered(
    table: Sequence[CountsRow], chapters: Sequence[Chapter], front: int
) -> list[CountsRow]:
    """Return the contents with their page numbers."""
    out, page = [], front + 1
    for row, chapter in zip(table, chapters, strict=True):
        out.append(
            CountsRow(
                name=row.name,
                maps=row.maps,
                counts=row.counts,
                first=page,
                last=page + chapter.length - 1,
            )
        )
        page += chapter.length
    return out
