"""The work list: the right rows in the right order, photos and drop-downs.

It holds nothing that a spreadsheet would run.
"""

import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from export_cases import FLOWN, make_inputs, make_ledger, make_roll, read_csv
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from gis_export.housing.worklist.worklist_csv import write_worklist
from gis_export.housing.worklist.worklist_xlsx import write_worklist_xlsx
from gis_export.table.inputs import ExportInputs, Year
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from gis_export.table.symbols import BY_CODE
from imagery.chips.chip import Chip
from imagery.chips.quality import Quality
from imagery.chips.shards import CutRow, ShardOrigin, write_shard
from imagery.chips.store import ChipStore, open_store, rows_path
from imagery.errors import ConfigError
from imagery.roll.parcels import VacantRoll
from inference.hazard import USE_LIMIT
from labels.choices import DISPOSITIONS, ROOF_OPEN

HEADER_ROW = 3
"""Row of the header in the sheets with a table, from 1."""


def make_chips(folder: Path, parcels: list[str], *, year: int) -> ChipStore:
    """Cut chips of 60 x 40 pixels, each of another gray, for some parcels."""
    folder.mkdir(parents=True)
    mask = np.zeros((40, 60), dtype=np.bool_)
    mask[10:30, 20:40] = True

    cut = []
    for number, parcel in enumerate(parcels):
        gray = 40 + number + year % 7 * 20
        chip = Chip(
            parcel_id=parcel,
            year=year,
            pixels=np.full((3, 40, 60), gray, np.uint8),
            mask=mask,
            transform=(1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
            crs="EPSG:26918",
            gsd_m=1.0,
            quality=Quality(),
        )
        row = CutRow(parcel_id=parcel, quality=Quality(), reason="", tiles="a.tif", chip=chip)
        cut.append(row)

    write_shard(folder, 0, cut, origin=ShardOrigin(year=year, decoder="test", key="k"))
    pd.read_parquet(rows_path(folder, 0)).to_parquet(folder / "manifest.parquet")
    return open_store(folder)


def write(
    roll: VacantRoll,
    path: Path,
    *,
    hazards: tuple[str, ...] | None = None,
    settings: ExportSettings | None = None,
    inputs: ExportInputs | None = None,
) -> Workbook:
    """Write a work list and read it back."""
    inputs = inputs or make_inputs(roll, make_ledger(roll, hazards) if hazards else None)
    settings = settings or ExportSettings()
    write_worklist_xlsx(build_rows(inputs, settings), path, inputs, settings)
    return openpyxl.load_workbook(path)


def table_of(sheet: Worksheet) -> pd.DataFrame:
    """Return the table of a sheet."""
    header, *rows = list(sheet.iter_rows(min_row=HEADER_ROW, values_only=True))
    return pd.DataFrame(rows, columns=[str(name) for name in header])


def test_each_district_gets_its_visits_the_most_urgent_first(tmp_path: Path) -> None:
    settings = ExportSettings(visits=VisitSettings(per_district=4, capacity={"D1": 2}))

    book = write(make_roll(12), tmp_path / "w.xlsx", settings=settings)

    assert book.sheetnames == ["Work list", "All vacants", "Read me", "Lists"]

    visits = table_of(book["Work list"])
    assert visits["District"].tolist() == ["D0"] * 4 + ["D1"] * 2
    assert visits["Visit"].tolist() == [1, 2, 3, 4, 1, 2]

    vacants = table_of(book["All vacants"])
    is_visited = vacants["On the list"] == "yes"
    assert len(vacants) == 12
    assert vacants["Priority"].is_monotonic_decreasing
    assert set(vacants.loc[is_visited, "Parcel"]) == set(visits["Parcel"])

    left_out = vacants[~is_visited]
    for district, rows in visits.groupby("District"):
        others = left_out[left_out["District"] == district]
        assert rows["Priority"].is_monotonic_decreasing
        assert rows["Priority"].min() >= others["Priority"].max()


def test_ids_dates_and_accents_survive(tmp_path: Path) -> None:
    sheet = write(make_roll(2), tmp_path / "w.xlsx")["Work list"]
    visits = table_of(sheet)
    assert visits["Parcel"].tolist() == ["0216 001", "0217 001"]
    assert visits["Address"].tolist() == ["100 Peña Réunion St", "102 Peña Réunion St"]
    assert pd.isna(visits["Notice date"][0])
    assert visits["Notice date"][1].date() == date(2015, 1, 31)
    assert (
        visits["Why"][0]
        == "LIKELY +60\nscore of the photo +45\noccupied neighbor on side E and W +30"
    )
    assert sheet["A2"].value == USE_LIMIT


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        '=HYPERLINK("http://x")',
        "{=1}",
        "http://x.example/a",
        "00123",
        "<b>&\"'",
    ],
)
def test_texts_are_text_and_never_run(text: str, tmp_path: Path) -> None:
    roll = make_roll(1)
    for column in ("address", "inspection_district", "neighborhood"):
        roll.table[column] = text

    book = write(roll, tmp_path / "w.xlsx")

    visits = table_of(book["Work list"])
    assert visits[["Address", "District"]].to_numpy().tolist() == [[text, text]]
    assert table_of(book["All vacants"])["Neighborhood"].tolist() == [text]
    with zipfile.ZipFile(tmp_path / "w.xlsx") as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet"):
                sheet = archive.read(name)
                assert b"<f>" not in sheet
                assert b"<hyperlink " not in sheet


def test_rows_that_were_not_scored_show_no_score_and_no_calm_color(tmp_path: Path) -> None:
    book = write(make_roll(8), tmp_path / "w.xlsx")
    by_letter = {symbol.letter: symbol for symbol in BY_CODE.values()}

    for name in ("Work list", "All vacants"):
        sheet = book[name]
        table = table_of(sheet)
        hazard_column = list(table.columns).index("Hazard") + 1
        unscored = table["Hazard"].str.startswith("?")
        assert unscored.sum() == 2
        assert table.loc[unscored, "Score"].isna().all()
        assert table.loc[~unscored, "Score"].notna().all()

        for row, hazard in enumerate(table["Hazard"], start=HEADER_ROW + 1):
            letter, word = str(hazard).split(maxsplit=1)
            symbol = by_letter[letter]
            assert word == symbol.word.value
            assert sheet.cell(row, hazard_column).fill.fgColor.rgb == f"FF{symbol.color[1:]}"

    vacants = table_of(book["All vacants"])
    reasons = vacants.loc[vacants["Score"].isna(), "Why not assessed"]
    assert reasons.tolist() == ["outside_imagery"] * 2


def texts_of(sheet: Worksheet) -> list[str]:
    """Return the texts of all cells."""
    texts = []
    for row in sheet.iter_rows(values_only=True):
        texts += [str(value) for value in row if value]
    return texts


@pytest.mark.parametrize(
    ("count", "hazards"), [(0, ("LIKELY",)), (1, ("LIKELY",)), (3, ("NOT ASSESSED",))]
)
def test_small_cities(count: int, hazards: tuple[str, ...], tmp_path: Path) -> None:
    book = write(make_roll(count), tmp_path / "w.xlsx", hazards=hazards)
    assert len(table_of(book["Work list"])) == len(table_of(book["All vacants"])) == count
    assert any("model" in text.lower() for text in texts_of(book["Read me"]))


def test_inspector_chooses_from_lists(tmp_path: Path) -> None:
    book = write(make_roll(4), tmp_path / "w.xlsx")
    sheet = book["Work list"]
    titles = [str(cell.value) for cell in sheet[HEADER_ROW]]
    rules = {}
    for rule in sheet.data_validations.dataValidation:
        (cells, *_) = rule.sqref.ranges
        rules[titles[cells.min_col - 1]] = rule

    assert {title: rule.type for title, rule in rules.items() if rule.type} == {
        "Visited on": "date",
        "Roof open": "list",
        "Walls or floors": "list",
        "Secured": "list",
        "Sign posted": "list",
        "Disposition": "list",
    }

    letter = openpyxl.utils.get_column_letter(titles.index("Disposition") + 1)
    assert str(rules["Disposition"].sqref) == f"{letter}4:{letter}7"
    assert book["Lists"].sheet_state == "hidden"

    lists = (
        ("Disposition", "disposition", DISPOSITIONS),
        ("Roof open", "roof_open", ROOF_OPEN),
    )
    for title, name, choices in lists:
        _, place = next(iter(book.defined_names[name].destinations))
        cells = book["Lists"][place.replace("$", "")]
        assert rules[title].formula1 == name
        assert [row[0].value for row in cells] == [choice.label for choice in choices]

    # A cell with the format of text never turns "10 to 24%" into a date.
    empty = sheet.cell(HEADER_ROW + 1, titles.index("Roof open") + 1)
    assert (empty.value, empty.number_format) == (None, "@")


def test_sheets_can_be_filtered_and_printed(tmp_path: Path) -> None:
    book = write(make_roll(4), tmp_path / "w.xlsx")
    for name in ("Work list", "All vacants"):
        sheet = book[name]
        assert sheet.freeze_panes == "E4"
        assert sheet.auto_filter.ref.startswith("A3:")
        assert sheet.auto_filter.ref.endswith("7")
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows == "$1:$3"
        assert USE_LIMIT in sheet.oddFooter.left.text


def test_photos_of_both_years_are_in_their_rows(tmp_path: Path) -> None:
    roll = make_roll(4)
    now = make_chips(tmp_path / "now", ["0216 001", "0217 001", "0219 001"], year=2026)
    before = make_chips(tmp_path / "before", ["0216 001"], year=2025)
    inputs = replace(
        make_inputs(roll),
        chips=now,
        earlier=(Year(year=2025, flown=None, ledger=None, chips=before),),
    )
    settings = ExportSettings(visits=VisitSettings(capacity={"D1": 1}))

    sheet = write(roll, tmp_path / "w.xlsx", inputs=inputs, settings=settings)["Work list"]

    visits = table_of(sheet)
    assert visits["Parcel"].tolist() == ["0216 001", "0218 001", "0219 001"]

    # openpyxl has no public name for the images of a sheet.
    corners = [image.anchor._from for image in sheet._images]
    columns = list(visits.columns)
    assert sorted((corner.row + 1, columns[corner.col]) for corner in corners) == [
        (4, "Photo 2025"),
        (4, "Photo 2026"),
        (6, "Photo 2026"),
    ]
    assert visits["Photo 2026"].fillna("").tolist() == ["", "no photo", ""]
    assert visits["Photo 2025"].fillna("").tolist() == ["", "no photo", "no photo"]

    with zipfile.ZipFile(tmp_path / "w.xlsx") as archive:
        drawing = archive.read("xl/drawings/drawing1.xml").decode()
        assert sum(name.startswith("xl/media/") for name in archive.namelist()) == 3
    assert 'descr="Roof of 100 Peña Réunion St, parcel 0216 001, from above in 2026"' in drawing

    # A photo moves and sizes with its cells.
    assert drawing.count("twoCellAnchor>") == 2 * 3
    assert "editAs" not in drawing


def test_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write(make_roll(4), tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_links_lead_to_the_viewer_only(tmp_path: Path) -> None:
    viewer = "https://maps.example.gov/?parcel={parcel_id}&a={address}"
    link = "https://maps.example.gov/?parcel=0216%20001&a=100%20Pe%C3%B1a%20R%C3%A9union%20St"
    settings = ExportSettings(visits=VisitSettings(viewer=viewer))

    sheet = write(make_roll(1), tmp_path / "w.xlsx", settings=settings)["Work list"]

    assert sheet["E4"].hyperlink.target == link
    assert sheet["D4"].hyperlink is None
    assert sheet["E4"].value == "0216 001"


@pytest.mark.parametrize(
    "viewer", ["javascript:alert(1)", "file:///etc/passwd", "maps.example.gov"]
)
def test_a_viewer_that_is_no_web_address_is_refused(viewer: str, tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    with pytest.raises(ConfigError, match="viewer is"):
        write(make_roll(1), path, settings=ExportSettings(visits=VisitSettings(viewer=viewer)))
    assert not path.exists()


def test_readme_gives_the_points_of_the_city(tmp_path: Path) -> None:
    base = ExportSettings()
    settings = replace(base, priority=replace(base.priority, likely=77))

    sheet = write(make_roll(4), tmp_path / "w.xlsx", settings=settings)["Read me"]

    cells = {str(name): (first, second) for name, first, second, *_ in sheet.values}
    assert cells["likely"] == (77, "hazard LIKELY")
    assert cells["D0"] == (2, 2)
    assert cells["Photo flown"][1] == FLOWN.isoformat()
    assert cells["Model"][1] == "demo-roof/3"


def test_csv_goes_by_priority_and_marks_the_visits(tmp_path: Path) -> None:
    rows = build_rows(make_inputs(make_roll(8)), ExportSettings())
    write_worklist(rows, tmp_path / "w.csv", VisitSettings(per_district=2))
    table = read_csv(tmp_path / "w.csv")
    assert len(table) == 8

    keys = pd.DataFrame(
        {
            "priority": -table["PRIORITY"].astype(int),
            "rank": table["RANK"].replace("", 10**9).astype(int),
            "parcel": table["PARCEL_ID"],
        }
    )
    assert keys.equals(keys.sort_values(["priority", "rank", "parcel"], kind="stable"))

    visits = table[table["VISIT"] == "Y"]
    assert visits.groupby("INSP_DIST").size().to_dict() == {"D0": 2, "D1": 2}
    for _, rows_of_district in table.groupby("INSP_DIST"):
        assert rows_of_district["VISIT"].tolist() == ["Y", "Y", "N", "N"]
    assert (table["USE_LIMIT"] == USE_LIMIT).all()
    assert (table.loc[table["SCORED"] == "N", "SCORE"] == "").all()


def test_full_disk_leaves_the_last_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(make_roll(1), tmp_path / "w.xlsx")
    good = (tmp_path / "w.xlsx").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="no space left"):
        broken.setattr(zipfile.ZipFile, "write", full)
        write(make_roll(2), tmp_path / "w.xlsx")
    assert (tmp_path / "w.xlsx").read_bytes() == good
