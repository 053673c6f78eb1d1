"""The fire map book: a chapter per fire district with maps, a list by street, and the legend."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd
from fpdf import FPDF

from gis_export.fire.book.atlas import cut_cells
from gis_export.fire.book.chapter import NO_DISTRICT, Book, Chapter
from gis_export.fire.book.chapter_pages import CELL_MM, draw_chapter
from gis_export.fire.book.contents import ROWS_PER_PAGE, ContentsRow, draw_contents
from gis_export.fire.book.entries import Entry, entries_of, places_of, sizes_of
from gis_export.fire.book.street_list import list_pages
from gis_export.fire.book.street_spelling import with_one_spelling
from gis_export.printing.photo import Photo, photo_of
from gis_export.printing.sheet import Heading, new_document, save
from gis_export.table.aging import add_months, whole_months
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from imagery.crs import utm_zone

_AUDIENCE = "for responders only"


@dataclass(frozen=True, kw_only=True, eq=False)
class BookSources:
    """What an export has read for the book."""

    listed: Sequence[str] = ()
    """The dispatcher's addresses, for the spelling and the order of streets."""
    ground: Photo | None = None
    """The flyover, indexed in the UTM zone of the rows; None where the book does it."""


def write_fire_book(
    rows: gpd.GeoDataFrame,
    path: Path,
    inputs: ExportInputs,
    settings: ExportSettings,
    *,
    sources: BookSources | None = None,
) -> Path:
    """Write the book: contents, then a chapter per fire district.

    It is for responders: it holds no score, rank, owner, notice or case.

    Args:
        rows: What `build_rows` returned.
        path: The PDF.
        inputs: City, flyover and day.
        settings: The city's choices.
        sources: What was read before.
    """
    pdf = _new_pdf(inputs)
    crs = utm_zone(rows.geometry)
    known = sources or BookSources()
    entries = with_one_spelling(entries_of(rows, crs, today=inputs.today), known.listed)
    chapters = _make_chapters(pdf, entries)
    contents = _list_chapters(chapters)
    placed = tuple(entry for entry in entries if entry.point is not None)
    flown = _flown_in_words(entries, inputs)
    book = Book(
        pdf=pdf,
        crs=crs,
        photo=known.ground or (photo_of(inputs.flyover, crs) if crs is not None else None),
        entries=placed,
        heading=_make_heading(inputs, flown),
        flown=flown,
        pages=_count_pages(chapters),
    )

    subtitle = f"{len(entries):,} vacant buildings, {book.flown}"
    draw_contents(
        pdf,
        contents,
        begin=lambda: book.begin("Fire map book", subtitle),
        settings=settings,
        cover=[text for text in (_age_in_words(entries, inputs, settings), inputs.missed) if text],
    )
    for chapter in chapters:
        draw_chapter(book, chapter)
    return save(pdf, path)


def _new_pdf(inputs: ExportInputs) -> FPDF:
    """Return the empty document."""
    return new_document(
        f"{inputs.city} {inputs.year}: vacant buildings, fire map book",
        subject="Hazard of vacant buildings by roof photo, for responders",
        today=inputs.today,
    )


def _make_chapters(pdf: FPDF, entries: Sequence[Entry]) -> list[Chapter]:
    """Return the chapters by name; buildings without a district come last."""
    names = sorted({entry.district for entry in entries}, key=lambda name: (not name, name))

    chapters = []
    for name in names:
        own = tuple(entry for entry in entries if entry.district == name)
        placed = [entry for entry in own if entry.point is not None]
        cells = cut_cells(places_of(placed), sizes_of(placed), side_mm=CELL_MM)
        chapters.append(Chapter(name=name, entries=own, cells=cells, pages=list_pages(pdf, own)))

    return chapters


def _list_chapters(chapters: Sequence[Chapter]) -> list[ContentsRow]:
    """Return the table of contents."""
    rows = []
    first_page = _count_contents_pages(chapters) + 1

    for chapter in chapters:
        row = ContentsRow(
            name=chapter.name or NO_DISTRICT,
            maps=len(chapter.cells),
            counts=Counter(entry.symbol.code for entry in chapter.entries),
            first_page=first_page,
            last_page=first_page + chapter.length - 1,
        )
        rows.append(row)
        first_page += chapter.length

    return rows


def _count_pages(chapters: Sequence[Chapter]) -> int:
    return _count_contents_pages(chapters) + sum(chapter.length for chapter in chapters)


def _count_contents_pages(chapters: Sequence[Chapter]) -> int:
    return max(1, -(-len(chapters) // ROWS_PER_PAGE))


def _make_heading(inputs: ExportInputs, flown: str) -> Heading:
    return Heading(
        title="",
        subtitle="",
        place=f"{inputs.city} {inputs.year}",
        audience=_AUDIENCE,
        foot=f"{flown}  ·  {inputs.foot}",
    )


def _age_in_words(entries: Sequence[Entry], inputs: ExportInputs, settings: ExportSettings) -> str:
    """Say how old the photo was when the book was made, and from when it counts less."""
    flown = _day_flown(entries, inputs)
    if flown is None:
        return f"Made {inputs.today.isoformat()}. The day of the photo is not known."

    months = whole_months(flown, inputs.today)
    due = add_months(flown, settings.review_months)
    stale = add_months(flown, settings.stale_months)
    return (
        f"Made {inputs.today.isoformat()}, {months} months after the photo of {flown.isoformat()}. "
        f"After {due.isoformat()} every row of this photo is due for review. "
        f"After {stale.isoformat()} NOT SEEN IN PHOTO no longer counts: get a new book."
    )


def _flown_in_words(entries: Sequence[Entry], inputs: ExportInputs) -> str:
    """Return the day of the flight in words."""
    day = _day_flown(entries, inputs)
    if day is None:
        return f"photo of {inputs.year}, day of flight not known"
    return f"photo flown {day.isoformat()}"


def _day_flown(entries: Sequence[Entry], inputs: ExportInputs) -> date | None:
    """Return the day of the flight: the flyover's, else the latest that an entry has."""
    day = inputs.flyover.flown if inputs.flyover else None
    if day is not None:
        return day

    # CONFIRMED carries the day a person saw the building.
    days = [entry.as_of for entry in entries if entry.as_of and entry.symbol.code != "CONFIRMED"]
    return max(days, default=None)
