"""Edits by hand in every folder of a year: each is found by what it says, without checksums.

One small year is exported once. Each case edits one file, checks its folder, and puts it back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from edit_cases import (
    Edit,
    cell,
    column,
    cut,
    dbf,
    recolor,
    relabel,
    rename,
    renderer,
    sql,
    text,
    twice,
    without_row,
)
from export_cases import make_inputs, make_ledger, make_roll
from site_cases import SiteLook, looks_table

from gis_export.products import export_products
from gis_export.report.change import write_change
from gis_export.table.settings import DispatchSettings, ExportSettings, VisitSettings
from gis_export.verify.folders import verify_folder
from inference.hazard import USE_LIMIT
from inference.ledger import write_ledger

OPEN = "0219 001"
"""A roof that the photo calls POSSIBLE and a person saw failing."""
COLUMNS = """
[columns]
Act = "ACTION"
Key = "PREMISE"
Where = "ADDRESS"
Lon = "LON"
Comment = "{TEXT}"
[format]
delimiter = "|"
uppercase = true
"""


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an exported year with a report, without checksums."""
    folder = tmp_path_factory.mktemp("city")
    (folder / "cad.toml").write_text(COLUMNS)
    roll = make_roll(9)
    roll.table.loc[8, "geometry"] = None
    previous = make_ledger(roll, ("NOT SEEN IN PHOTO",), year=2025)
    inputs = make_inputs(roll, previous=previous)
    inputs = replace(inputs, looks=looks_table(SiteLook(parcel=OPEN, failing="Y", roof_pct=60)))
    settings = ExportSettings(
        visits=VisitSettings(packets=1), dispatch=DispatchSettings(columns=folder / "cad.toml")
    )
    export_products(inputs, folder / "2026", settings, delivered=folder)

    year = folder / "2026"
    write_ledger(inputs.ledger, year)
    (year / "report").mkdir()
    write_change(inputs, year)
    (year / "report/evaluation.json").write_text('{"rungs": []}')
    (year / "report/drift.html").write_text("<!doctype html><html><p>GO</p></html>")
    for path in year.rglob("SHA256SUMS"):
        path.unlink()
    return year


@dataclass(frozen=True, kw_only=True)
class Case:
    """An edit, and what must be said of it."""

    file: str
    edit: Edit
    said: str
    """Part of what is wrong."""
    remedy: str
    """Part of the remedy."""


SENTENCE = "does not carry the whole sentence"
LEDGER = "says another hazard word than the ledger"
PERSON = "of a roof that a person saw failing"
NOBODY = "says CONFIRMED of a roof that no person saw"
NOT_FAILING = "says CONFIRMED of a roof that no person saw failing"
SAW = "lacks that a person saw the roof failing"
BACK = "put the word back"
WHOLE = "put the whole sentence back"
FINDINGS = "roofwatch findings"
BAD_SENTENCE = text("floors, walls or stairs", "floors")
LIST = "housing/worklist.csv"
ADD = "fire/dispatch_add.csv"
CAD = "fire/cad_add.csv"
SCORES = "data/scores.csv"
DRAWN = "fire/fire.drawingInfo.json"
PROJECT = "fire/fire.qgs"
FIRE_GPKG = "fire/fire.gpkg"


def case(file: str, edit: Edit, said: str, remedy: str) -> Case:
    """Return a case in one line."""
    return Case(file=file, edit=edit, said=said, remedy=remedy)


CONFIRMED = {
    "RISK_LVL": "CONFIRMED",
    "RISK_CODE": "CONFIRMED",
    "RISK_TXT": "CONFIRMED: roof open or failing, seen by a person (2026-06-02)",
    "VERIFIED": "Y",
    "VER_DATE": "2026-06-02",
}
"""A row as it would be had a person seen the roof failing."""
IN_LAYER = {
    "hazard_level": "CONFIRMED",
    "hazard_code": "CONFIRMED",
    "hazard_text": "CONFIRMED: roof open or failing, seen by a person (2026-06-02)",
    "verified": "Y",
    "verified_date": "2026-06-02",
}
BY_PHOTO = {
    "RISK_LVL": "POSSIBLE",
    "RISK_CODE": "POSSIBLE",
    "RISK_TXT": "POSSIBLE: roof may be open or failing, unverified (photo 2026-03-09)",
    "VERIFIED": "N",
    "VER_DATE": "",
}
"""The row of OPEN as it would be had nobody seen it."""

# fmt: off
CASES = (
    case(LIST, cell("0217 001", **CONFIRMED), NOT_FAILING, FINDINGS),
    case(LIST, cell(OPEN, **BY_PHOTO), SAW, FINDINGS),
    case(ADD, cell("0216 001", **CONFIRMED, TEXT="VACANT: OPEN ROOF CONFIRMED 02JUN2026"),
         NOT_FAILING, FINDINGS),
    case(FIRE_GPKG, sql("vacant_roofs", **IN_LAYER), NOT_FAILING, FINDINGS),
    case(SCORES, cell("0217 001", **IN_LAYER), NOT_FAILING, FINDINGS),
    case(SCORES, cell("0216 001", previous_hazard_code="POSSIBLE"), "PREV_CODE says", "code back"),
    case(SCORES, cell("0216 001", photo_hazard_code="NOT_SEEN"), "PHOTO_CODE says", "code back"),
    case(ADD, cell("0216 001", FIRE_DATE="2026-06-02"), "another fire than", "text back"),
    case(ADD, cell("0216 001", FIRE_DATE="2099-06-02"), "a fire on a day in the future", "day"),
    case(LIST, cell("0216 001", RISK_LVL="POSSIBLE"), LEDGER, BACK),
    case(LIST, cell("0216 001", RISK_LVL="NOT SEEN"), LEDGER, BACK),
    case(LIST, cell(OPEN, RISK_LVL="POSSIBLE"), PERSON, FINDINGS),
    case(LIST, cell(OPEN, RISK_LVL="NOT SEEN"), PERSON, FINDINGS),
    case(LIST, cell("0217 001", RISK_LVL="CONFIRMED"), NOBODY, FINDINGS),
    case(LIST, cell(OPEN, VERIFIED="N"), "a CONFIRMED row was not seen by a person", BACK),
    case(LIST, cell("0216 001", RISK_TXT="NOT SEEN IN"), "RISK_TXT says", "text back"),
    case(LIST, cell("0216 001", RISK_CODE="NOT_SEEN"), "RISK_CODE says another", "code back"),
    case(LIST, cell("0216 001", SCORE="0.010000"), "another score than", "score back"),
    case(LIST, cell("0218 001", SCORE="0.010000"), "not scored", ""),
    case(LIST, cell("0218 001", SCORED="Y"), "says SCORED of a row", ""),
    case(LIST, cell("0218 001", NA_REASON=""), "has no reason", ""),
    case(LIST, cell("0216 001", SCORED="N", NA_REASON="blurred"), "missing its score", ""),
    case(LIST, cell("0216 001", IMG_DATE="2026-03-10"), "another day of the", "day back"),
    case(LIST, cell("0216 001", IMG_DATE="soon"), "not a date", ""),
    case(LIST, cell("0216 001", RANK="-1"), "RANK of a scored row", "rank back"),
    case(LIST, cell("0216 001", PARCEL_ID="0216001"), "that the ledger lacks", "as text"),
    case(LIST, cell("0216 001", ADDRESS="1 OAK ST"), "another address", "right one back"),
    case(LIST, cell("0216 001", CHANGE="BETTER"), "CHANGE", ""),
    case(LIST, column("USE_LIMIT", "Safe."), "USE_LIMIT is not the sentence", WHOLE),
    case(LIST, column("SIGN_POST", "Y"), "another tier", "take the fields out"),
    case(LIST, without_row, "rows, the ledger", "put back the rows"),
    case(LIST, twice, "twice", ""),
    case("housing/no_geometry.csv", cell("0224 001", RISK_TXT="fine"), "RISK_TXT says", "text"),
    case("housing/housing.gpkg", sql("vacant_roofs", hazard_level="POSSIBLE"), LEDGER, BACK),
    case("housing/housing.gpkg", sql("vacant_roofs", score=0.01), "another score", "score back"),
    case("housing/housing.gpkg", sql("centroids", hazard_code="NOT_SEEN"), "RISK_CODE", "back"),
    case("housing/housing.dbf", dbf(b"LIKELY    ", b"NOT SEEN  "), LEDGER, BACK),
    case("housing/housing.dbf", dbf(b" 0.750000", b" 0.070000"), "another score", "score back"),
    case("housing/housing.shp.xml", BAD_SENTENCE, SENTENCE, WHOLE),
    case("housing/housing.sld", BAD_SENTENCE, SENTENCE, WHOLE),
    case("housing/housing.drawingInfo.json", BAD_SENTENCE, SENTENCE, WHOLE),
    case("housing/evidence/0219_001.html", BAD_SENTENCE, SENTENCE, WHOLE),
    case("housing/data_dictionary.html", BAD_SENTENCE, SENTENCE, WHOLE),
    case(ADD, cell("0216 001", RISK_LVL="POSSIBLE"), LEDGER, BACK),
    case(ADD, cell(OPEN, RISK_LVL="LIKELY"), PERSON, FINDINGS),
    case(ADD, cell("0216 001", TEXT="VACANT: NO OPEN ROOF SEEN"), "TEXT says", "text back"),
    case(ADD, cell("0216 001", RISK_TXT="POSSIBLE: maybe"), "RISK_TXT says", "text back"),
    case(ADD, cell("0217 001", IMG_DATE="2027-03-09"), "another day of the", "day back"),
    case(ADD, cell("0217 001", PARCEL_ID="0217001"), "that the ledger lacks", "as text"),
    case(ADD, column("USE_LIMIT", ""), "USE_LIMIT is not the sentence", WHOLE),
    case(ADD, column("SCORE", "0.5"), "another tier", "take the fields out"),
    case("fire/match_report.csv", without_row, "rows, the ledger", "put back the rows"),
    case(CAD, text("OPEN ROOF LIKELY", "OPEN ROOF POSSIBLE"), "TEXT than the", "line back"),
    case(CAD, text("NO OPEN ROOF SEEN", "OPEN ROOF LIKELY"), "TEXT than the", "line back"),
    case(CAD, text("VR-0216-001", "VR-0216-009"), "PREMISE than the delivery", "line back"),
    case(CAD, text("|-7", "|-8"), "LON than the delivery", "line back"),
    case(CAD, text("\n", "\nA|VR-1|1 OAK ST|0|VACANT\nA|VR-2|2 OAK ST|0|VACANT\n"),
         "other rows", "line back"),
    case(FIRE_GPKG, sql("vacant_roofs", hazard_level="POSSIBLE"), LEDGER, BACK),
    case(FIRE_GPKG, sql("vacant_roofs", hazard_text="safe"), "RISK_TXT says", "text back"),
    case(FIRE_GPKG, sql("centroids", image_date="2026-03-10"), "another day of the", "day back"),
    case(FIRE_GPKG, sql("vacant_roofs", hazard_level="CONFIRMED"), NOBODY, FINDINGS),
    case("fire/fire.dbf", dbf(b"LIKELY    ", b"NOT SEEN  "), LEDGER, BACK),
    case(DRAWN, renderer(relabel), "gives CONFIRMED another label", "put it back"),
    case(DRAWN, renderer(recolor), "draws CONFIRMED in another color", "put it back"),
    case(DRAWN, renderer(rename), "has no symbol for CONFIRMED", "put it back"),
    case(DRAWN, text('"RISK_LVL"', '"SIGN_POST"'), "draws by another field", "put it back"),
    case(DRAWN, cut, "cannot be read", "export again"),
    case(PROJECT, text('value="LIKELY"', 'value="LOW"'), "has no symbol for LIKELY", "put it back"),
    case(PROJECT, text('label="LIKELY: ', 'label="fine: '), "LIKELY another label", "put it back"),
    case(PROJECT, text("<datasource>./fire", "<datasource>./old"), "not beside it", "put it back"),
    case(PROJECT, BAD_SENTENCE, SENTENCE, WHOLE),
    case("fire/fire.iso.xml", BAD_SENTENCE, SENTENCE, WHOLE),
    case("fire/fire_points.sld", BAD_SENTENCE, SENTENCE, WHOLE),
    case("fire/guide.html", BAD_SENTENCE, SENTENCE, WHOLE),
    case("fire/fire_map/README.txt", BAD_SENTENCE, SENTENCE, WHOLE),
    case("fire/fire_map/data.js", text('"LIKELY"', '"NOT SEEN"', count=99), "data.js", BACK),
    case(SCORES, cell("0216 001", hazard_level="POSSIBLE"), LEDGER, BACK),
    case(SCORES, cell("0216 001", score="0.01"), "another score", "score back"),
    case(SCORES, cell("0216 001", photo_hazard_level="NA"), "of the photo than", BACK),
    case(SCORES, cell("0216 001", hazard_code="NA"), "RISK_CODE", ""),
    case(SCORES, cell(OPEN, hazard_level="NOT SEEN"), PERSON, FINDINGS),
    case(SCORES, without_row, "rows, the ledger", "put back the rows"),
    case("public/neighborhoods.csv", column("USE_LIMIT", "x"), "USE_LIMIT is not", WHOLE),
    case("public/neighborhoods.csv", column("PARCEL_ID", "0216 001"), "another tier", "take the"),
    case("public/index.html", BAD_SENTENCE, SENTENCE, WHOLE),
    case("report/change.csv", cell("0216 001", hazard_level="POSSIBLE"), LEDGER, BACK),
    case("report/change.csv", cell("0216 001", change="BETTER"), "CHANGE", ""),
    case("report/evaluation.json", cut, "cannot be read", "export again"),
    case("report/drift.html", cut, "is cut off", "copy it again"),
)
# fmt: on


@pytest.fixture
def kept(year: Path) -> Iterator[dict[Path, bytes]]:
    """Yield a place for the bytes of the file that a test edits, and put them back."""
    before: dict[Path, bytes] = {}
    yield before
    for path, raw in before.items():
        path.write_bytes(raw)


def test_a_clean_year_has_no_findings(year: Path) -> None:
    assert len(CASES) >= 60
    assert [str(finding) for finding in verify_folder(year)] == []


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.file}: {one.said}"[:70])
def test_an_edit_is_found_with_its_remedy(one: Case, year: Path, kept: dict[Path, bytes]) -> None:
    path = year / one.file
    kept[path] = path.read_bytes()
    one.edit(path)
    assert path.read_bytes() != kept[path]

    top = year / Path(one.file).parts[0]
    found = [str(finding) for finding in verify_folder(top if one.file.count("/") else year)]

    about = [line for line in found if one.said in line and one.remedy in line]
    assert about, found
    assert Path(one.file).stem.split(".")[0] in about[0]
    assert USE_LIMIT in about[0] or one.remedy is not WHOLE
