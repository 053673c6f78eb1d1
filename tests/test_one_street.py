"""A street stands under one heading in the book, and every map names the streets of its symbols."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from export_cases import TODAY, make_inputs, make_ledger, make_roll
from fpdf import FPDF
from paper_cases import page_texts

from gis_export.fire.book.book import write_fire_book
from gis_export.fire.book.entries import Entry, entries_of
from gis_export.fire.book.street_list import StreetLine, list_pages
from gis_export.fire.book.street_names import Covered, draw_lone_names
from gis_export.fire.book.street_spelling import with_one_spelling
from gis_export.fire.book.streets import lone_labels, split_address
from gis_export.printing.frame import PageBox
from gis_export.printing.sheet import new_document
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from imagery.crs import utm_zone

ROLL = (
    "302 N ASH ST",
    "304 North Ash Street",
    "306 N ASH ST",
    "12 OAK AVE",
    "10 OAK AVENUE",
    "14 Oak Avenue",
    "308 N. Ash St., Apt 2",
    "5 BAY LN",
)
LISTED = ("1 ZOO RD", "10 Oak Ave", "12 Oak Ave", "300 NORTH ASH ST", "302 NORTH ASH ST")


def entries(*addresses: str) -> list[Entry]:
    """Return entries of the book with some addresses."""
    roll = make_roll(len(addresses))
    roll.table["address"] = list(addresses)
    inputs = make_inputs(roll, make_ledger(roll, ("LIKELY",)))
    rows = build_rows(inputs, ExportSettings())
    return entries_of(rows, utm_zone(rows.geometry), today=inputs.today)


def headings(book: list[Entry]) -> list[str]:
    """Return the headings of a list by street."""
    pdf = new_document("", subject="", today=TODAY)
    pages = list_pages(pdf, book)
    pdf.output()
    columns = [column for page in pages for column in page]
    lines = [line for column in columns for line in column]
    return [line.texts[0] for line in lines if isinstance(line, StreetLine)]


def test_without_a_list_the_commoner_spelling_heads_a_street() -> None:
    book = with_one_spelling(entries(*ROLL))
    # Each spelling of Oak stands once: of equals the shortest.
    assert headings(book) == ["N ASH ST", "BAY LN", "OAK AVE"]


def test_the_dispatchers_list_gives_spelling_and_order() -> None:
    book = with_one_spelling(entries(*ROLL), LISTED)
    assert headings(book) == ["Oak Ave", "NORTH ASH ST", "BAY LN"]


def test_a_list_in_no_order_of_streets_gives_the_spelling_alone() -> None:
    mixed = sorted(LISTED)
    assert mixed != sorted(LISTED, key=lambda text: split_address(text).key)
    jumbled = (mixed[0], "300 NORTH ASH ST", "10 Oak Ave", "302 NORTH ASH ST")
    assert headings(with_one_spelling(entries(*ROLL), jumbled)) == [
        "NORTH ASH ST",
        "BAY LN",
        "Oak Ave",
    ]


def test_a_unit_is_a_note_and_no_street_of_its_own() -> None:
    unit = with_one_spelling(entries(*ROLL))[6]
    assert (unit.address.number, unit.address.street, unit.notes[0]) == ("308", "N ASH ST", "APT 2")


def test_numbers_in_the_name_of_a_street_stay() -> None:
    book = with_one_spelling(entries("7 5TH ST", "9 5 MILE RD", "3 W 5th Street"))
    assert [entry.address.street for entry in book] == ["5TH ST", "5 MILE RD", "W 5th Street"]


@pytest.fixture
def pdf() -> Iterator[FPDF]:
    """Yield a document with a page begun."""
    pdf = new_document("", subject="", today=TODAY)
    pdf.add_page()
    yield pdf
    pdf.output()


def test_a_lone_house_has_the_name_of_its_street_beside_it(pdf: FPDF) -> None:
    page = PageBox(left_mm=0, top_mm=0, width_mm=100, height_mm=100)
    houses = [split_address(text) for text in ("5 BAY LN", "1 ELM ST")]
    places = np.array([(50.0, 50.0), (20.0, 20.0)])
    lone = lone_labels(houses, places, {"BAY LN", "ELM ST"})
    free = Covered(page=page, centers=places, sizes=np.full((2, 2), 4.0))
    assert draw_lone_names(pdf, lone, free) == []

    full = Covered(page=page, centers=np.array([(50.0, 50.0)]), sizes=np.array([(100.0, 100.0)]))
    assert draw_lone_names(pdf, lone, full) == ["BAY LN", "ELM ST"]


def test_every_street_of_a_map_is_named_on_it_and_the_cover_says_the_age(tmp_path: Path) -> None:
    roll = make_roll(len(ROLL))
    roll.table["address"] = list(ROLL)
    inputs = replace(make_inputs(roll), missed="At most 3 of 100 roofs are missed.")
    path = tmp_path / "book.pdf"

    write_fire_book(build_rows(inputs, ExportSettings()), path, inputs, ExportSettings())

    cover, sheet, *_ = (" ".join(text.split()) for text in page_texts(path))
    for street in ("N ASH ST", "OAK AVE", "BAY LN"):
        assert street in sheet
    assert "8 months after the photo of 2026-03-09" in cover
    assert "After 2027-03-09 every row of this photo is due for review" in cover
    assert inputs.missed in cover
