"""Route sheets: every stop in order with its boxes, and QR codes that a reader reads."""

import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import pytest
from export_cases import FLOWN, make_inputs, make_ledger, make_roll
from paper_cases import (
    LONG,
    Word,
    flat,
    make_ground,
    odd_roll,
    overlaps,
    page_texts,
    page_words,
    render,
)
from pypdf import PdfReader
from pyproj import Transformer

from gis_export.housing.routes.route_sheets import read_sources, write_route_sheets
from gis_export.housing.routes.routing import Route
from gis_export.housing.viewer import lon_lats
from gis_export.table.inputs import ExportInputs
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from imagery.roll.links import fill_template
from inference.hazard import USE_LIMIT
from labels.choices import DISPOSITIONS, ROOF_OPEN


def write(
    inputs: ExportInputs, routes: list[Route], folder: Path, *, viewer: str = ""
) -> list[Path]:
    """Write the sheets of some routes and return their paths."""
    settings = ExportSettings(visits=VisitSettings(viewer=viewer))
    rows = build_rows(inputs, settings)
    return write_route_sheets(
        routes, read_sources(routes, rows, inputs, settings), folder / "route_sheets"
    )


def route(*parcels: str, district: str = "D0", day: int = 1, length_m: float = 1609.3) -> Route:
    """Return the route of a day."""
    return Route(district=district, day=day, parcels=parcels, length_m=length_m)


def house_numbers_left_out(words: list[Word]) -> list[Word]:
    """Return the words without the short numbers, which may touch on a map."""
    return [word for word in words if not word.text.isdigit() or len(word.text) > 2]


def test_stops_are_in_order_with_boxes_reasons_and_limit(tmp_path: Path) -> None:
    inputs = replace(
        make_inputs(make_roll(12)), flyover=make_ground(tmp_path / "ground", flown=FLOWN)
    )
    order = (
        "0218 001",
        "0216 001",
        "0220 001",
        "0219 001",
        "0217 001",
        "0222 001",
        "0221 001",
        "0224 001",
        "0223 001",
        "0225 001",
    )

    [path] = write(inputs, [route(*order)], tmp_path)

    texts = page_texts(path)
    assert path.name == "D0.pdf"
    assert len(texts) == 2
    assert "10 stops, 1.6 km (1.0 miles)" in texts[0]
    for text in texts:
        assert USE_LIMIT in text
        assert "Inspection district D0, day 1" in text
        assert "Testville 2026" in text

    whole = " ".join(texts)
    flat_text = flat(whole)
    places = [flat_text.index(flat(f"parcel {parcel}")) for parcel in order]
    assert places == sorted(places)
    assert "0.75" not in whole
    assert "E,W" not in whole

    rows = build_rows(inputs, ExportSettings()).set_index("PARCEL_ID")
    for _, row in rows.loc[list(order)].iterrows():
        assert flat(row["ADDRESS"]) in flat_text
        assert flat(f"Priority {row['PRIORITY']}: {row['WHY']}") in flat_text

    choices = [choice.label for choice in (*DISPOSITIONS, *ROOF_OPEN)]
    boxes = ("Secured", "Sign posted", "Sides occupied", "Wall or floor failing")
    for words in (*choices, *boxes):
        assert whole.count(words) >= len(order)


def test_a_reader_reads_every_parcel_id_with_its_blank(tmp_path: Path) -> None:
    parcels = [f"{216 + row:04d} 001" for row in range(10)]

    [path] = write(make_inputs(make_roll(10)), [route(*parcels)], tmp_path)

    found = []
    for page, words in enumerate(page_words(path), 1):
        image = render(path, tmp_path, dpi=216, page=page)  # three pixels to the point
        captions = [word for word in words if word.text == "001" and word.left > 530]
        for caption in sorted(captions, key=lambda word: word.top):
            top = int(3 * caption.top)
            left = int(3 * caption.left)
            code = image[top - 190 : top, left - 150 : left + 110]
            found.append(cv2.QRCodeDetector().detectAndDecode(code)[0])
    assert found == parcels


def test_one_file_per_district_with_a_harmless_name(tmp_path: Path) -> None:
    routes = [
        route("0217 001", district="../N/W 3", day=2),
        route("0216 001", district="../N/W 3"),
        route("0218 001", district=""),
    ]

    paths = write(make_inputs(make_roll(4)), routes, tmp_path)

    assert [path.parent for path in paths] == [tmp_path / "route_sheets"] * 2
    without_district, northwest = paths
    assert without_district.name == "no_district.pdf"
    assert northwest.name.startswith("___N_W_3-")
    assert [page[:60].count("day") for page in page_texts(northwest)] == [1, 1]
    assert "day 1 of 2" in page_texts(northwest)[0]
    assert "No inspection district" in page_texts(without_district)[0]


def test_hard_addresses_and_stops_without_a_place(tmp_path: Path) -> None:
    roll = odd_roll(7)
    route_of_all = route(*roll.table["parcel_id"], length_m=0.0)
    viewer = "https://maps.example/{parcel_id}?at={lon},{lat}"

    [path] = write(make_inputs(roll), [route_of_all], tmp_path, viewer=viewer)

    whole = "".join(page_texts(path))
    for text in ("12 <b>Peña</b> & Sons St", "no address known", "7 stops\n", LONG[:40], "…"):
        assert text in whole

    for words in page_words(path):
        assert all(word.left >= 20 and word.right <= 612 - 20 for word in words)
        assert overlaps(house_numbers_left_out(words)) == []

    links = []
    for page in PdfReader(path).pages:
        for note in page.get("/Annots", []):
            links.append(note.get_object()["/A"]["/URI"])
    assert len(links) == 6
    assert links[0].startswith("https://maps.example/0216%20001?at=-7")


@pytest.mark.parametrize("words", [("NOT ASSESSED",), ("LIKELY",)])
def test_nothing_to_visit_one_stop_and_no_photo(words: tuple[str, ...], tmp_path: Path) -> None:
    roll = make_roll(1)
    inputs = make_inputs(roll, make_ledger(roll, words))
    assert write(inputs, [], tmp_path) == []

    [path] = write(inputs, [route("0216 001", length_m=0.0)], tmp_path)

    [text] = page_texts(path)
    assert words[0] in text
    assert "1 stop\n" in text
    assert "no picture" in text


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(3))
    routes = [route("0216 001", "0217 001")]

    [first] = write(inputs, routes, tmp_path / "a")
    [second] = write(inputs, routes, tmp_path / "b")

    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size < 100_000


def test_word_date_and_review_due_are_never_cut(tmp_path: Path) -> None:
    roll = make_roll(4)
    flown = date(2025, 9, 9)  # young enough for NOT SEEN IN PHOTO, old enough to be due for review
    inputs = make_inputs(roll, make_ledger(roll, flown=flown))
    rows = build_rows(inputs, ExportSettings(stale_months=24))
    rows.loc[2, "RISK_TXT"] = (
        "NOT ASSESSED: a reason as long as the widest reason that a ledger of ours could ever hold "
        "- REVIEW DUE"
    )
    routes = [route(*rows["PARCEL_ID"])]

    [path] = write_route_sheets(
        routes, read_sources(routes, rows, inputs, ExportSettings()), tmp_path
    )

    command = ["pdftotext", "-raw", str(path), "-"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    shown = flat(printed)
    assert sorted(set(rows["RISK_LVL"])) == ["LIKELY", "NA", "NOT SEEN", "POSSIBLE"]
    assert "…" not in shown
    for text in rows["RISK_TXT"]:
        assert flat(text).replace(":", "") in shown.replace(":", "")
    assert shown.count("REVIEWDUE") == 4
    for words in page_words(path):
        assert overlaps(house_numbers_left_out(words)) == []


def test_no_district_overwrites_another(tmp_path: Path) -> None:
    parcels = [f"{216 + row:04d} 001" for row in range(5)]
    districts = ("no district", "", "F1", "f1", "CON")
    routes = [
        route(parcel, district=district)
        for parcel, district in zip(parcels, districts, strict=True)
    ]

    paths = write(make_inputs(make_roll(5)), routes, tmp_path)

    folded = {path.name.casefold() for path in paths}
    assert len(folded) == 5
    assert len(list((tmp_path / "route_sheets").iterdir())) == 5
    assert "con.pdf" not in folded

    said = {path.name: page_texts(path)[0] for path in paths}
    assert "No inspection district, day 1" in said["no_district.pdf"]
    for parcel in parcels:
        assert sum(f"parcel {parcel}" in text for text in said.values()) == 1


def test_places_in_degrees_are_those_of_pyproj() -> None:
    rows = build_rows(make_inputs(odd_roll(5)), ExportSettings())
    transform = Transformer.from_crs(rows.crs, "EPSG:4326", always_xy=True)
    inside = rows.geometry.representative_point()

    *placed, unplaced = lon_lats(rows)

    for lon_lat, point in zip(placed, inside[:-1], strict=True):
        assert lon_lat == pytest.approx(transform.transform(point.x, point.y))
    assert unplaced is None
    assert lon_lats(rows.iloc[:0]) == []


def test_viewer_links() -> None:
    link = fill_template(
        "https://x.example/?q={address}&p={parcel_id}&c={lon},{lat}",
        parcel_id="0216 001",
        address="12 O'Hara & Co",
        lon_lat=(-76.65, 39.3),
    )
    query = "q=12%20O%27Hara%20%26%20Co&p=0216%20001&c=-76.650000,39.300000"
    assert link == f"https://x.example/?{query}"

    assert fill_template("https://x.example/{lon}", parcel_id="1", address="", lon_lat=None) == ""
    assert fill_template("", parcel_id="1", address="", lon_lat=(0, 0)) == ""
