"""The fire map book: complete, legible in gray, for responders only, the same bytes every time."""

import subprocess
from dataclasses import replace
from datetime import date
from itertools import combinations
from pathlib import Path

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
    return write_fire_book(
        build_rows(inputs, ExportSettings()), folder / "fire_book.pdf", inputs, ExportSettings()
    )


def roll_of(count: int, **columns: object) -> VacantRoll:
    table = make_roll(count).table.assign(**columns)
    return VacantRoll(table=gpd.GeoDataFrame(table), notices=count, joined_by_place=0, unmatched=())


def test_every_building_is_listed_and_every_page_says_the_limit(tmp_path: Path) -> None:
    inputs = replace(
        make_inputs(odd_roll(12)), flyover=make_ground(tmp_path / "ground", flown=FLOWN)
    )
    path = write(inputs, tmp_path)
    texts = page_texts(path)
    for number, text in enumerate(texts, 1):
        assert (
            USE_LIMIT in text
            and "Testville 2026" in text
            and f"page {number} of {len(texts)}" in text
            and "for responders only" in text
        )
        assert "photo flown 2026-03-09" in text
    whole = flat("".join(texts))
    for row in build_rows(inputs, ExportSettings()).itertuples():
        address = split_address(str(row.ADDRESS))
        assert flat(address.street) in whole and address.number in whole
    assert flat("12 <b>Peña</b> & Sons St").removeprefix("12") in whole and flat(LONG)[4:] in whole
    book = "".join(texts)
    assert "outside imagery" in book and "no place known" in book and "parcel 0219 001" in book
    assert "Fire district Bn 2" in texts[1] and "1:1,250" in texts[1] and "ft (" in texts[1]


def test_responders_see_no_other_tier(tmp_path: Path) -> None:
    roll = roll_of(
        8, neighborhood="Secretwood", inspection_district="Hiddenlot", notice_date=date(1999, 9, 9)
    )
    inputs = make_inputs(roll, previous=make_ledger(roll, ("NOT SEEN IN PHOTO",), year=2025))
    rows = build_rows(inputs, ExportSettings())
    assert {"SCORE", "WHY", "NBHD", "VBN_DATE"} <= set(rows.columns) - set(
        responder_rows(rows).columns
    )
    text = "".join(page_texts(write(inputs, tmp_path)))
    for secret in (
        "Secretwood",
        "Hiddenlot",
        "1999",
        "0.75",
        "0.25",
        "75%",
        "riority",
        "WORSE",
        "worse",
    ):
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
    reader = PdfReader(path)
    assert (
        reader.metadata is not None
        and reader.metadata.title == "Testville 2026: vacant buildings, fire map book"
    )
    assert (
        reader.metadata.creation_date is not None and reader.metadata.creation_date.date() == TODAY
    )
    root = reader.trailer["/Root"]
    assert (
        root["/Lang"] == "en-US"
        and root["/ViewerPreferences"]["/DisplayDocTitle"]
        and "/StructTreeRoot" in root
    )
    assert [entry.title for entry in reader.outline if not isinstance(entry, list)] == [
        "Contents",
        "Fire district Bn 2 (6)",
    ]
    assert len(path.read_bytes()) < 400_000


def test_words_never_cover_each_other_and_stay_on_the_paper(tmp_path: Path) -> None:
    roll = odd_roll(90)
    roll.table["occupied_sides"] = [("E,N,NE,NW,S,SE,SW,W", "E", "U")[row % 3] for row in range(90)]
    roll.table.loc[5, "fire_district"] = "Battalion of the very long and winding name " * 4
    pages = page_words(write(make_inputs(roll), tmp_path))
    for words in pages:
        assert all(
            word.left >= 20 and word.right <= 612 - 20 and word.bottom <= 792 - 10 for word in words
        )
        if not any(
            word.text.startswith("1:") for word in words
        ):  # house numbers on maps may touch where symbols crowd
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
    texts = page_texts(write(make_inputs(roll, make_ledger(roll, ("NOT ASSESSED",))), tmp_path))
    assert (
        len(texts) == 2
        and texts[1].count("NOT ASSESSED") == 5
        and texts[1].count("no place known") == 5
    )


def test_review_due_and_old_photos_are_said(tmp_path: Path) -> None:
    roll = make_roll(4)
    inputs = make_inputs(roll, make_ledger(roll, flown=date(2024, 3, 9)))
    text = page_texts(write(inputs, tmp_path))[-1]
    assert (
        text.count("REVIEW DUE") == 4
        and "imagery too old" in text
        and "NOT SEEN IN PHOTO" not in text
    )


def test_symbols_are_told_apart_in_gray(tmp_path: Path) -> None:
    pdf = new_document("marks", subject="marks", today=TODAY)
    pdf.add_page()
    for number, symbol in enumerate(SYMBOLS):
        draw_mark(pdf, symbol, 20, 20 + 20 * number, 4)
    page = render(
        save(pdf, tmp_path / "marks.pdf"), tmp_path, dpi=254, page=1, gray=True
    )  # ten pixels to the millimeter
    marks = [
        page[200 + 200 * number - 32 : 200 + 200 * number + 32, 200 - 32 : 200 + 32].astype(int)
        for number in range(len(SYMBOLS))
    ]
    for one, other in combinations(marks, 2):
        ink = (one < 250) | (other < 250)
        assert (np.abs(one - other)[ink] > 60).mean() > 0.25
    assert "CLP?N" in flat("".join(page_texts(tmp_path / "marks.pdf")))


def test_the_list_names_the_square_that_holds_the_symbol(tmp_path: Path) -> None:
    roll = make_roll(6)
    path = write(make_inputs(roll, make_ledger(roll, ("LIKELY",))), tmp_path)
    on_map = {word.text: word for word in page_words(path)[1] if word.text in ("102", "110")}
    assert len(on_map) == 2
    side, left, top = 190.9 / 25.4 * 72 / 4, 12.5 / 25.4 * 72, 31.5 / 25.4 * 72
    words = page_words(path)[2]
    for number, word in on_map.items():
        line = next(one for one in words if one.text == number)
        square = next(
            one.text
            for one in words
            if abs(one.bottom - line.bottom) < 3 and len(one.text) == 2 and one.text[0] in "ABCD"
        )
        assert (
            square
            == "ABCD"[int(((word.left + word.right) / 2 - left) / side)]
            + "1234"[int((word.top - 8 - top) / side)]
        )


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


def test_a_street_stands_between_its_sides_and_beside_a_lonely_row() -> None:
    both = [split_address(f"{number} Oak St") for number in (100, 102, 104, 101, 103, 105)]
    places = np.array([(0, 0), (10, 0), (20, 0), (0, 30), (10, 30), (20, 30)], dtype=float)
    [label] = street_labels(both, places, aside=8)
    assert (label.text, label.x, label.y, abs(label.angle)) == ("Oak St 100", 10, 15, 0)
    row = [split_address(f"{number} Elm St") for number in (200, 202)] + [
        split_address("5 Back Aly")
    ]
    [label] = street_labels(row, np.array([(0.0, 0.0), (0.0, 10.0), (9.0, 5.0)]), aside=8)
    assert label.x == pytest.approx(-8) and abs(label.angle) == pytest.approx(90)


def test_letters_that_the_small_font_lacks_are_shown_by_the_full_one(tmp_path: Path) -> None:
    pdf = new_document("letters", subject="letters", today=TODAY)
    pdf.add_page()
    texts = ("12 Peña Ave…", "7 Οδός Ερμού", "9 Кирова ул", "3 שדרות ≥ ½")
    for number, text in enumerate(texts):
        for bold in (False, True):
            put(
                pdf,
                (20 + 80 * bold, 20 + 20 * number),
                text,
                TextStyle(size_pt=12, bold=bold, max_width_mm=70),
            )
            assert text_width(pdf, text) == pytest.approx(pdf.get_string_width(text))
    path = save(pdf, tmp_path / "letters.pdf")
    assert [font.missing_glyphs for font in pdf.fonts.values() if isinstance(font, TTFFont)] == [
        []
    ] * 4
    shown = subprocess.run(
        ["pdftotext", "-raw", str(path), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert all(shown.count(text) == 2 for text in texts[:3]) and shown.count("≥ ½") == 2
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
        assert maps.maps_at(probe) == [
            number for number, cell in enumerate(cells, 1) if cell.holds(probe).any()
        ]


POINTS = arrays(np.float64, st.tuples(st.integers(1, 40), st.just(2)), elements=st.floats(0, 2500))


@settings(max_examples=40)
@given(POINTS)
def test_every_point_lies_in_one_cell_that_its_sheet_shows(points: NDArray[np.float64]) -> None:
    sizes = np.full_like(points, 4.0)
    cells = cut_cells(points, sizes, side_mm=180)
    assert (sum(cell.holds(points).astype(int) for cell in cells) == 1).all()
    for cell in cells:
        assert cell.holds(points).any() and cell.ground.width == pytest.approx(0.18 * cell.scale)
        inside = cell.holds(points)
        assert (
            cell.scale == FINEST
            or crowding(points[inside] * 1000 / cell.scale, sizes[inside]) <= 0.12
        )


def test_a_sparse_district_gets_coarse_maps_and_a_dense_row_fine_ones() -> None:
    sparse = np.array([(x, y) for x in range(0, 800, 200) for y in range(0, 800, 200)], dtype=float)
    assert [cell.scale for cell in cut_cells(sparse, np.full_like(sparse, 4.0), side_mm=180)] == [
        5000
    ]
    row = np.array([(5.0 * house, 3.0 * (house % 2)) for house in range(80)])
    assert {cell.scale for cell in cut_cells(row, np.full_like(row, 4.0), side_mm=180)} == {1250}


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
    assert [entry.sign for entry in entries] == ["?"] * 3 and entries[0].as_of == FLOWN


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


@given(st.lists(NAMES, unique=True, max_size=12))
@example(["\udc80", "\udc81"])  # half a character, as a broken file may hold it
def test_no_two_file_names_are_alike_where_case_does_not_count(texts: list[str]) -> None:
    names = safe_names(texts, taken=("no_district",))
    assert set(names) == set(texts) and names == safe_names(reversed(texts), taken=("no_district",))
    folded = [name.casefold() for name in names.values()]
    assert len({*folded, "no_district"}) == len(texts) + 1
    for name in folded:
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-") and 0 < len(name) <= 100
        assert name not in {
            "con",
            "prn",
            "aux",
            "nul",
            *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
        }


def test_ordinary_names_stay_as_they_are_while_nothing_else_goes_by_them() -> None:
    assert safe_names(("Bn 2", "F1", "NORTHWEST", "Southern", "4074C009", "BN-3")) == {
        "Bn 2": "Bn_2",
        "F1": "F1",
        "NORTHWEST": "NORTHWEST",
        "Southern": "Southern",
        "4074C009": "4074C009",
        "BN-3": "BN-3",
    }
    assert all(
        len(name) == 13 and name.startswith(text.replace(" ", "_"))
        for text, name in safe_names(("Bn 2", "BN 2")).items()
    )


def test_file_names_are_harmless_and_never_shared() -> None:
    names = {
        text: safe_name(text)
        for text in ("0216 001", "0216_001", "../etc", "a/b", "a\\b", "", "Ñ 1", "4074C009")
    }
    assert (
        names["0216 001"] == "0216_001"
        and names["4074C009"] == "4074C009"
        and len(set(names.values())) == len(names)
    )
    assert all(
        name
        and set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
        for name in names.values()
    )
