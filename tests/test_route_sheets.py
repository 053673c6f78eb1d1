"""Route sheets: every stop in order with its boxes, and QR codes that a reader reads."""

import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import pytest
from export_cases import FLOWN, make_inputs, make_ledger, make_roll
from paper_cases import LONG, flat, make_ground, odd_roll, overlaps, page_texts, page_words, render
from pypdf import PdfReader
from pyproj import Transformer

from gis_export.housing.findings import DISPOSITIONS, ROOF_OPEN
from gis_export.housing.routes.route_sheets import write_route_sheets
from gis_export.housing.routes.routing import Route
from gis_export.housing.viewer import lon_lats, viewer_link
from gis_export.table.inputs import ExportInputs
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from inference.hazard import USE_LIMIT


def write(
    inputs: ExportInputs, routes: list[Route], folder: Path, *, viewer: str = ""
) -> list[Path]:
    settings = ExportSettings(visits=VisitSettings(viewer=viewer))
    return write_route_sheets(
        routes, build_rows(inputs, settings), folder / "route_sheets", inputs, settings
    )


def route(*parcels: str, district: str = "D0", day: int = 1, length_m: float = 1609.3) -> Route:
    return Route(district=district, day=day, parcels=parcels, length_m=length_m)


def test_stops_stand_in_order_with_boxes_reasons_and_limit(tmp_path: Path) -> None:
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
    assert path.name == "D0.pdf" and len(texts) == 2
    whole = " ".join(texts)
    rows = build_rows(inputs, ExportSettings()).set_index("PARCEL_ID")
    at = [flat(whole).index(flat(f"parcel {parcel}")) for parcel in order]
    assert at == sorted(at)
    for parcel in order:
        row = rows.loc[parcel]
        assert flat(row["ADDRESS"]) in flat(whole) and flat(
            f"Priority {row['PRIORITY']}: {row['WHY']}"
        ) in flat(whole)
    for text in texts:
        assert (
            USE_LIMIT in text
            and "Inspection district D0, day 1" in text
            and "Testville 2026" in text
        )
    for choice in (
        *(one.label for one in (*DISPOSITIONS, *ROOF_OPEN)),
        "Secured",
        "Sign posted",
        "Sides occupied",
        "Wall or floor failing",
    ):
        assert whole.count(choice) >= len(order)
    assert "10 stops, 1.6 km (1.0 miles)" in texts[0] and "0.75" not in whole and "E,W" not in whole


def test_a_reader_reads_every_parcel_id_with_its_blank(tmp_path: Path) -> None:
    [path] = write(
        make_inputs(make_roll(10)),
        [route(*(f"{216 + row:04d} 001" for row in range(10)))],
        tmp_path,
    )
    found: list[str] = []
    for page, words in enumerate(page_words(path), 1):
        image = render(path, tmp_path, dpi=216, page=page)  # three pixels to the point
        captions = sorted(
            (word.top, word.left) for word in words if word.text == "001" and word.left > 530
        )
        found += [
            cv2.QRCodeDetector().detectAndDecode(
                image[int(3 * top) - 190 : int(3 * top), int(3 * left) - 150 : int(3 * left) + 110]
            )[0]
            for top, left in captions
        ]
    assert found == [f"{216 + row:04d} 001" for row in range(10)]


def test_one_file_per_district_with_a_harmless_name(tmp_path: Path) -> None:
    routes = [
        route("0217 001", district="../N/W 3", day=2),
        route("0216 001", district="../N/W 3"),
        route("0218 001", district=""),
    ]
    paths = write(make_inputs(make_roll(4)), routes, tmp_path)
    assert [path.parent for path in paths] == [tmp_path / "route_sheets"] * 2
    assert paths[0].name == "no_district.pdf" and paths[1].name.startswith("___N_W_3-")
    assert [page[:60].count("day") for page in page_texts(paths[1])] == [1, 1]
    assert (
        "day 1 of 2" in page_texts(paths[1])[0]
        and "No inspection district" in page_texts(paths[0])[0]
    )


def test_hard_addresses_and_stops_without_a_place(tmp_path: Path) -> None:
    roll = odd_roll(7)
    ids = roll.table["parcel_id"].tolist()
    [path] = write(
        make_inputs(roll),
        [route(*ids, length_m=0.0)],
        tmp_path,
        viewer="https://maps.example/{parcel_id}?at={lon},{lat}",
    )
    texts = page_texts(path)
    whole = "".join(texts)
    assert (
        "12 <b>Peña</b> & Sons St" in whole
        and "no address known" in whole
        and "7 stops\n" in whole
        and LONG[:40] in whole
        and "…" in whole
    )
    for words in page_words(path):
        assert all(word.left >= 20 and word.right <= 612 - 20 for word in words)
        assert (
            overlaps([word for word in words if not word.text.isdigit() or len(word.text) > 2])
            == []
        )
    links = [
        note.get_object()["/A"]["/URI"]
        for page in PdfReader(path).pages
        for note in page.get("/Annots", [])
    ]
    assert len(links) == 6 and links[0].startswith("https://maps.example/0216%20001?at=-7")


@pytest.mark.parametrize("words", [("NOT ASSESSED",), ("LIKELY",)])
def test_nothing_to_visit_one_stop_and_no_photo(words: tuple[str, ...], tmp_path: Path) -> None:
    roll = make_roll(1)
    inputs = make_inputs(roll, make_ledger(roll, words))
    assert write(inputs, [], tmp_path) == []
    [path] = write(inputs, [route("0216 001", length_m=0.0)], tmp_path)
    [text] = page_texts(path)
    assert words[0] in text and "1 stop\n" in text and "no picture" in text


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(3))
    first, second = (
        write(inputs, [route("0216 001", "0217 001")], tmp_path / name)[0] for name in ("a", "b")
    )
    assert first.read_bytes() == second.read_bytes() and len(first.read_bytes()) < 100_000


def test_word_date_and_review_due_are_never_cut(tmp_path: Path) -> None:
    roll = make_roll(4)
    flown = date(2025, 9, 9)  # young enough for NOT SEEN IN PHOTO, old enough to be due for review
    inputs = make_inputs(roll, make_ledger(roll, flown=flown))
    rows = build_rows(inputs, ExportSettings(stale_months=24))
    rows.loc[2, "RISK_TXT"] = (
        "NOT ASSESSED: a reason as long as the widest reason that a ledger of ours could ever hold - REVIEW DUE"
    )
    [path] = write_route_sheets(
        [route(*rows["PARCEL_ID"])], rows, tmp_path, inputs, ExportSettings()
    )
    shown = flat(
        subprocess.run(
            ["pdftotext", "-raw", str(path), "-"], check=True, capture_output=True, text=True
        ).stdout
    )
    assert (
        sorted(set(rows["RISK_LVL"])) == ["LIKELY", "NA", "NOT SEEN", "POSSIBLE"]
        and "…" not in shown
    )
    for text in rows["RISK_TXT"]:
        assert flat(text).replace(":", "") in shown.replace(":", "")
    assert shown.count("REVIEWDUE") == 4
    for words in page_words(path):
        assert (
            overlaps([word for word in words if not word.text.isdigit() or len(word.text) > 2])
            == []
        )


def test_no_district_overwrites_another(tmp_path: Path) -> None:
    districts = ("no district", "", "F1", "f1", "CON")
    paths = write(
        make_inputs(make_roll(5)),
        [route(f"{216 + row:04d} 001", district=name) for row, name in enumerate(districts)],
        tmp_path,
    )
    assert (
        len({path.name.casefold() for path in paths})
        == len(list((tmp_path / "route_sheets").iterdir()))
        == 5
    )
    said = {path.name: page_texts(path)[0] for path in paths}
    assert "No inspection district, day 1" in said["no_district.pdf"] and "con.pdf" not in {
        name.casefold() for name in said
    }
    for row in range(5):
        assert sum(f"parcel {216 + row:04d} 001" in text for text in said.values()) == 1


def test_places_in_degrees_are_those_of_pyproj() -> None:
    rows = build_rows(make_inputs(odd_roll(5)), ExportSettings())
    transform = Transformer.from_crs(rows.crs, "EPSG:4326", always_xy=True)
    inside = rows.geometry.representative_point()
    assert lon_lats(rows) == [
        None if point is None else pytest.approx(transform.transform(point.x, point.y))
        for point in inside
    ]
    assert lon_lats(rows)[-1] is None and lon_lats(rows.iloc[:0]) == []


def test_viewer_links() -> None:
    link = viewer_link(
        "https://x.example/?q={address}&p={parcel_id}&c={lon},{lat}",
        parcel_id="0216 001",
        address="12 O'Hara & Co",
        lon_lat=(-76.65, 39.3),
    )
    assert (
        link == "https://x.example/?q=12%20O%27Hara%20%26%20Co&p=0216%20001&c=-76.650000,39.300000"
    )
    assert (
        viewer_link("https://x.example/{lon}", parcel_id="1", address="", lon_lat=None)
        == viewer_link("", parcel_id="1", address="", lon_lat=(0, 0))
        == ""
    )
