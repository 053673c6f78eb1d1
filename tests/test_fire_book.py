"""The fire map book: complete, legible in gray, for responders only, the same bytes every time."""

import subprocess
from dataclasses import replace
from datetime import date
from itertools import combinations, product
from pathlib import Path
from string import ascii_lowercase, digits

import geopandas as gpd
import numpy as np
import pytest
from export_cases import FLOWN, TODAY, make_inputs, make_ledger, make_roll
from fpdf.fonts import TTFFont
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from paper_cases import LONG, flat, make_ground, odd_roll, overlaps, page_texts, page_words, render
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from gis_export.fire.book.atlas import FINEST, cut_cells
from gis_export.fire.book.book import write_fire_book
from gis_export.fire.book.chapter import Chapter, ChapterMaps
from gis_export.fire.book.entries import entries_of, responder_rows
from gis_export.fire.book.streets import Address, split_address, street_labels
from gis_export.printing.marks import draw_mark
from gis_export.printing.sheet import new_document, save
from gis_export.printing.spread import crowding, spread
from gis_export.printing.text import TextStyle, put, text_width
from gis_export.table.inputs import ExportInputs
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import SYMBOLS
from imagery.crs import utm_zone
from imagery.file_names import safe_name, safe_names
from imagery.roll.parcels import VacantRoll
from inference.hazard import USE_LIMIT

ALL_WORDS = ("LIKELY", "NOT SEEN IN PHOTO", "NOT ASSESSED", "POSSIBLE")


def write(inputs: ExportInputs, folder: Path) -> Path:
    """Write the book of some inputs and return its path."""
    settings = ExportSettings()
    path = folder / "fire_book.pdf"
    return write_fire_book(build_rows(inputs, settings), path, inputs, settings)


def roll_of(count: int, **columns: object) -> VacantRoll:
    """Return a roll with other columns."""
    table = make_roll(count).table.assign(**columns)
    return VacantRoll(table=gpd.GeoDataFrame(table), notices=count, joined_by_place=0, unmatched=())


def test_every_building_is_listed_and_every_page_says_the_limit(tmp_path: Path) -> None:
    inputs = replace(
        make_inputs(odd_roll(12)), flyover=make_ground(tmp_path / "ground", flown=FLOWN)
    )

    texts = page_texts(write(inputs, tmp_path))

    for number, text in enumerate(texts, 1):
        assert USE_LIMIT in text
        assert "Testville 2026" in text
        assert f"page {number} of {len(texts)}" in text
        assert "for responders only" in text
        assert "photo flown 2026-03-09" in text

    whole = flat("".join(texts))
    for row in build_rows(inputs, ExportSettings()).itertuples():
        address = split_address(str(row.ADDRESS))
        assert flat(address.street) in whole
        assert address.number in whole
    assert flat("12 <b>Peña</b> & Sons St").removeprefix("12") in whole
    assert flat(LONG)[4:] in whole

    book = "".join(texts)
    for words in ("outside imagery", "no place known", "parcel 0219 001"):
        assert words in book
    for words in ("Fire district Bn 2", "1:1,250", "ft ("):
        assert words in texts[1]


def test_responders_see_no_other_tier(tmp_path: Path) -> None:
    roll = roll_of(
        8, neighborhood="Secretwood", inspection_district="Hiddenlot", notice_date=date(1999, 9, 9)
    )
    inputs = make_inputs(roll, previous=make_ledger(roll, ("NOT SEEN IN PHOTO",), year=2025))
    rows = build_rows(inputs, ExportSettings())
    hidden = set(rows.columns) - set(responder_rows(rows).columns)
    numbers = ("1999", "0.75", "0.25", "75%")
    words = ("Secretwood", "Hiddenlot", "riority", "WORSE", "worse")

    text = "".join(page_texts(write(inputs, tmp_path)))

    assert {"SCORE", "WHY", "NBHD", "VBN_DATE"} <= hidden
    for secret in (*numbers, *words):
        assert secret not in text


def test_the_same_inputs_give_the_same_bytes_and_a_document_with_name_and_language(
    tmp_path: Path,
) -> None:
    inputs = replace(
        make_inputs(make_roll(6)), flyover=make_ground(tmp_path / "ground", flown=FLOWN)
    )
    (tmp_path / "again").mkdir()

    path = write(inputs, tmp_path)
    assert path.read_bytes() == write(inputs, tmp_path / "again").read_bytes()
    assert path.stat().st_size < 400_000

    reader = PdfReader(path)
    assert reader.metadata is not None
    assert reader.metadata.title == "Testville 2026: vacant buildings, fire map book"
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date() == TODAY

    viewer = reader.root_object["/ViewerPreferences"]
    assert isinstance(viewer, DictionaryObject)
    assert viewer["/DisplayDocTitle"]
    assert str(reader.root_object["/Lang"]) == "en-US"
    # Nothing in it claims tags: they would have to name every heading, table and line.
    assert not {"/StructTreeRoot", "/MarkInfo"} & set(reader.root_object)

    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert titles == ["Contents", "Fire district Bn 2 (6)"]


def test_words_never_cover_each_other_and_stay_on_the_paper(tmp_path: Path) -> None:
    roll = odd_roll(90)
    roll.table["occupied_sides"] = [("E,N,NE,NW,S,SE,SW,W", "E", "U")[row % 3] for row in range(90)]
    roll.table.loc[5, "fire_district"] = "Battalion of the very long and winding name " * 4

    pages = page_words(write(make_inputs(roll), tmp_path))

    for words in pages:
        for word in words:
            assert word.left >= 20
            assert word.right <= 612 - 20
            assert word.bottom <= 792 - 10

        # House numbers on maps may touch where symbols crowd.
        is_map = any(word.text.startswith("1:") for word in words)
        if not is_map:
            assert overlaps(words) == []


@pytest.mark.parametrize("words", [("NOT ASSESSED",), ALL_WORDS])
@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_city_and_one_parcel(words: tuple[str, ...], count: int, tmp_path: Path) -> None:
    roll = make_roll(count)
    texts = page_texts(write(make_inputs(roll, make_ledger(roll, words)), tmp_path))
    assert len(texts) == (3 if count else 1)
    assert ("no vacant building on the city's roll" in texts[0]) is not bool(count)


def test_all_not_assessed_and_no_place_at_all(tmp_path: Path) -> None:
    roll = roll_of(5, geometry=None)
    roll.table.set_geometry(gpd.GeoSeries([None] * 5, crs="EPSG:2248"), inplace=True)
    inputs = make_inputs(roll, make_ledger(roll, ("NOT ASSESSED",)))

    texts = page_texts(write(inputs, tmp_path))

    assert len(texts) == 2
    assert texts[1].count("NOT ASSESSED") == 5
    assert texts[1].count("no place known") == 5


def test_review_due_and_old_photos_are_said(tmp_path: Path) -> None:
    roll = make_roll(4)
    inputs = make_inputs(roll, make_ledger(roll, flown=date(2024, 3, 9)))

    text = page_texts(write(inputs, tmp_path))[-1]

    assert text.count("REVIEW DUE") == 4
    assert "imagery too old" in text
    assert "NOT SEEN IN PHOTO" not in text


def test_symbols_are_distinguished_in_gray(tmp_path: Path) -> None:
    pdf = new_document("marks", subject="marks", today=TODAY)
    pdf.add_page()
    for number, symbol in enumerate(SYMBOLS):
        draw_mark(pdf, symbol, 20, 20 + 20 * number, 4)
    path = save(pdf, tmp_path / "marks.pdf")

    page = render(path, tmp_path, dpi=254, page=1, gray=True)  # ten pixels to the millimeter
    marks = []
    for number in range(len(SYMBOLS)):
        middle = 200 + 200 * number
        marks.append(page[middle - 32 : middle + 32, 200 - 32 : 200 + 32].astype(int))

    for first, second in combinations(marks, 2):
        ink = (first < 250) | (second < 250)
        assert (np.abs(first - second)[ink] > 60).mean() > 0.25
    assert "CLP?N" in flat("".join(page_texts(tmp_path / "marks.pdf")))


def is_square(text: str) -> bool:
    """Tell whether a word names a square of the map, such as B2."""
    return len(text) == 2 and text[0] in "ABCD"


def test_the_list_names_the_square_that_holds_the_symbol(tmp_path: Path) -> None:
    points_per_mm = 72 / 25.4
    left = 12.5 * points_per_mm
    top = 31.5 * points_per_mm
    side = 190.9 * points_per_mm / 4
    roll = make_roll(6)

    path = write(make_inputs(roll, make_ledger(roll, ("LIKELY",))), tmp_path)

    _, map_words, list_words, *_ = page_words(path)
    on_map = {word.text: word for word in map_words if word.text in ("102", "110")}
    assert len(on_map) == 2
    for number, mark in on_map.items():
        line = next(word for word in list_words if word.text == number)
        in_line = [word.text for word in list_words if abs(word.bottom - line.bottom) < 3]
        square = next(text for text in in_line if is_square(text))

        across = "ABCD"[int(((mark.left + mark.right) / 2 - left) / side)]
        down = "1234"[int((mark.top - 8 - top) / side)]
        assert square == across + down


def test_streets_by_name_and_numbers_by_value() -> None:
    texts = [
        "1002 N Ash St",
        "2 N Ash St",
        "30 Ash St",
        "7 Birch Ct",
        "12-14 N Ash St",
        "Corner Lot",
        "",
    ]
    assert sorted(texts, key=lambda text: split_address(text).key) == [
        "",
        "30 Ash St",
        "2 N Ash St",
        "12-14 N Ash St",
        "1002 N Ash St",
        "7 Birch Ct",
        "Corner Lot",
    ]
    assert split_address("12 1/2 W Elm St") == Address(street="W Elm St", number="12 1/2")


def test_a_street_is_named_between_its_sides_and_beside_a_lonely_row() -> None:
    both = [split_address(f"{number} Oak St") for number in (100, 102, 104, 101, 103, 105)]
    places = np.array([(0, 0), (10, 0), (20, 0), (0, 30), (10, 30), (20, 30)], dtype=float)
    [label] = street_labels(both, places, aside=8)
    assert (label.text, label.x, label.y, abs(label.angle)) == ("Oak St 100", 10, 15, 0)

    row = [split_address(text) for text in ("200 Elm St", "202 Elm St", "5 Back Aly")]
    [label] = street_labels(row, np.array([(0.0, 0.0), (0.0, 10.0), (9.0, 5.0)]), aside=8)
    assert label.x == pytest.approx(-8)
    assert abs(label.angle) == pytest.approx(90)


def test_letters_that_the_small_font_lacks_are_shown_by_the_full_one(tmp_path: Path) -> None:
    pdf = new_document("letters", subject="letters", today=TODAY)
    pdf.add_page()
    texts = ("12 Peña Ave…", "7 Οδός Ερμού", "9 Кирова ул", "3 שדרות ≥ ½")
    for number, text in enumerate(texts):
        for bold in (False, True):
            style = TextStyle(size_pt=12, bold=bold, max_width_mm=70)
            put(pdf, (20 + 80 * bold, 20 + 20 * number), text, style)
            assert text_width(pdf, text) == pytest.approx(pdf.get_string_width(text))
    path = save(pdf, tmp_path / "letters.pdf")

    fonts = [font for font in pdf.fonts.values() if isinstance(font, TTFFont)]
    assert [font.missing_glyphs for font in fonts] == [[]] * 4

    command = ["pdftotext", "-raw", str(path), "-"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert all(shown.count(text) == 2 for text in texts[:3])
    assert shown.count("≥ ½") == 2

    page = render(path, tmp_path, dpi=72, page=1, gray=True)
    for number in range(len(texts)):
        top = round((20 + 20 * number) / 25.4 * 72)
        assert (page[top - 12 : top + 3] < 100).sum() > 100


@settings(max_examples=20)
@given(arrays(np.float64, st.tuples(st.integers(1, 60), st.just(2)), elements=st.floats(0, 6000)))
def test_maps_beyond_an_edge_are_those_that_hold_the_points(points: NDArray[np.float64]) -> None:
    cells = cut_cells(points, np.full_like(points, 4.0), side_mm=180)
    bounds = np.array([cell.ground.bounds for cell in cells])
    maps = ChapterMaps(
        chapter=Chapter(name="", entries=(), cells=cells, pages=[]),
        placed=(),
        points=points,
        bounds=bounds,
    )

    for probe in (points[:2], points[-1:] + 500, bounds[:1, :2]):
        holding = [number for number, cell in enumerate(cells, 1) if cell.holds(probe).any()]
        assert maps.maps_at(probe) == holding


POINTS = arrays(np.float64, st.tuples(st.integers(1, 40), st.just(2)), elements=st.floats(0, 2500))


@settings(max_examples=40)
@given(POINTS)
def test_every_point_lies_in_one_cell_that_its_sheet_shows(points: NDArray[np.float64]) -> None:
    sizes = np.full_like(points, 4.0)

    cells = cut_cells(points, sizes, side_mm=180)

    holds = np.stack([cell.holds(points) for cell in cells])  # (cells, points)
    assert (holds.sum(axis=0) == 1).all()
    for cell, inside in zip(cells, holds, strict=True):
        assert inside.any()
        assert cell.ground.width == pytest.approx(0.18 * cell.scale)
        if cell.scale != FINEST:
            assert crowding(points[inside] * 1000 / cell.scale, sizes[inside]) <= 0.12


def test_a_sparse_district_gets_coarse_maps_and_a_dense_row_fine_ones() -> None:
    steps = range(0, 800, 200)
    sparse = np.array(list(product(steps, steps)), dtype=float)
    coarse = cut_cells(sparse, np.full_like(sparse, 4.0), side_mm=180)
    assert [cell.scale for cell in coarse] == [5000]

    row = np.array([(5.0 * house, 3.0 * (house % 2)) for house in range(80)])
    fine = cut_cells(row, np.full_like(row, 4.0), side_mm=180)
    assert {cell.scale for cell in fine} == {1250}


@settings(max_examples=40)
@given(POINTS)
def test_symbols_are_moved_no_farther_than_allowed(points: NDArray[np.float64]) -> None:
    places = points / 50
    sizes = np.full_like(places, 4.0)
    moved = spread(places, sizes, most=9)
    assert (np.hypot(*(moved - places).T) <= 9.001).all()


def test_a_crowded_row_opens_up() -> None:
    places = np.array([(2.0 * house, 0.0) for house in range(20)])
    sizes = np.full_like(places, 4.0)
    assert crowding(places, sizes) == 1.0
    assert crowding(spread(places, sizes, most=9), sizes) < 0.1
    apart = places * 10
    assert np.allclose(spread(apart, sizes, most=9), apart, atol=0.3)


def test_entries_say_what_is_known_and_nothing_more() -> None:
    rows = build_rows(make_inputs(make_roll(3)), ExportSettings())
    entries = entries_of(rows, utm_zone(rows.geometry), today=TODAY)
    assert [entry.sides for entry in entries] == ["E W", "none", "?"]
    assert [entry.sign for entry in entries] == ["?"] * 3
    assert entries[0].as_of == FLOWN


LETTERS = st.text(
    st.sampled_from("aAbBcCoOnNfF12 _-./\\ÅåKſßẞ\t\u212a") | st.characters(), max_size=8
)
NAMES = LETTERS | st.sampled_from(
    (
        "con",
        "CON",
        "Nul",
        "COM1",
        "lpt9",
        "no district",
        "No District",
        "F1",
        "f1",
        "a b-01234567",
        "x" * 90,
        "X" * 90,
        "x" * 91,
    )
)


SAFE = set(ascii_lowercase + digits + "_-")
PORTS = {f"com{digit}" for digit in digits} | {f"lpt{digit}" for digit in digits}
RESERVED = {"con", "prn", "aux", "nul", *PORTS}
"""Names that Windows keeps for itself."""


@given(st.lists(NAMES, unique=True, max_size=12))
@example(["\udc80", "\udc81"])  # half a character, as a broken file may hold it
def test_no_two_file_names_are_alike_where_case_does_not_count(texts: list[str]) -> None:
    names = safe_names(texts, taken=("no_district",))
    assert set(names) == set(texts)
    assert names == safe_names(reversed(texts), taken=("no_district",))

    folded = [name.casefold() for name in names.values()]
    assert len({*folded, "no_district"}) == len(texts) + 1
    for name in folded:
        assert set(name) <= SAFE
        assert 0 < len(name) <= 100
        assert name not in RESERVED


def test_ordinary_names_stay_as_they_are_while_nothing_else_goes_by_them() -> None:
    assert safe_names(("Bn 2", "F1", "NORTHWEST", "Southern", "4074C009", "BN-3")) == {
        "Bn 2": "Bn_2",
        "F1": "F1",
        "NORTHWEST": "NORTHWEST",
        "Southern": "Southern",
        "4074C009": "4074C009",
        "BN-3": "BN-3",
    }
    for text, name in safe_names(("Bn 2", "BN 2")).items():
        assert len(name) == 13
        assert name.startswith(text.replace(" ", "_"))


def test_file_names_are_harmless_and_never_shared() -> None:
    texts = ("0216 001", "0216_001", "../etc", "a/b", "a\\b", "", "Ñ 1", "4074C009")

    names = {text: safe_name(text) for text in texts}

    assert names["0216 001"] == "0216_001"
    assert names["4074C009"] == "4074C009"
    assert len(set(names.values())) == len(names)
    for name in names.values():
        assert name
        assert set(name.lower()) <= SAFE
        assert name.isascii()
