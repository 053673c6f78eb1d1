"""The work list: the right rows in the right order, photos, drop-downs, and nothing that a spreadsheet would run."""

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

from gis_export.housing.findings import DISPOSITIONS, ROOF_OPEN
from gis_export.housing.worklist.worklist_csv import write_worklist
from gis_export.housing.worklist.worklist_xlsx import write_worklist_xlsx
from gis_export.table.inputs import ExportInputs, Year
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from gis_export.table.symbols import BY_CODE
from imagery.chips.chip import Chip
from imagery.chips.quality import Quality
from imagery.chips.store import (
    ChipStore,
    CutRow,
    ShardOrigin,
    open_store,
    rows_path,
    write_shard,
)
from imagery.errors import ConfigError
from imagery.roll.parcels import VacantRoll
from inference.hazard import USE_LIMIT

HEADER_ROW = 3
"""Row of the header in the sheets with a table, from 1."""


def make_chips(folder: Path, parcels: list[str], *, year: int) -> ChipStore:
    """Cut chips of 60 x 40 pixels, each of another gray, for some parcels."""
    folder.mkdir(parents=True)
    mask = np.zeros((40, 60), dtype=np.bool_)
    mask[10:30, 20:40] = True
    cut = [
        CutRow(
            parcel_id=parcel,
            quality=Quality(),
            reason="",
            tiles="a.tif",
            chip=Chip(
                parcel_id=parcel,
                year=year,
                pixels=np.full((3, 40, 60), 40 + number + year % 7 * 20, np.uint8),
                mask=mask,
                transform=(1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
                crs="EPSG:26918",
                gsd_m=1.0,
                quality=Quality(),
            ),
        )
        for number, parcel in enumerate(parcels)
    ]
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
    inputs = inputs or make_inputs(roll, make_ledger(roll, hazards) if hazards else None)
    settings = settings or ExportSettings()
    write_worklist_xlsx(build_rows(inputs, settings), path, inputs, settings)
    return openpyxl.load_workbook(path)


def table_of(sheet: Worksheet) -> pd.DataFrame:
    header, *rows = list(sheet.iter_rows(min_row=HEADER_ROW, values_only=True))
    return pd.DataFrame(rows, columns=[str(name) for name in header])


def test_each_district_gets_its_visits_the_most_urgent_first(tmp_path: Path) -> None:
    book = write(
        make_roll(12),
        tmp_path / "w.xlsx",
        settings=ExportSettings(visits=VisitSettings(per_district=4, capacity={"D1": 2})),
    )
    assert book.sheetnames == ["Work list", "All vacants", "Read me", "Lists"]
    visits = table_of(book["Work list"])
    assert visits["District"].tolist() == ["D0"] * 4 + ["D1"] * 2
    assert visits["Visit"].tolist() == [1, 2, 3, 4, 1, 2]
    assert all(part["Priority"].is_monotonic_decreasing for _, part in visits.groupby("District"))
    everyone = table_of(book["All vacants"])
    assert len(everyone) == 12
    assert everyone["Priority"].is_monotonic_decreasing
    assert set(everyone.loc[everyone["On the list"] == "yes", "Parcel"]) == set(visits["Parcel"])
    left_out = everyone[everyone["On the list"] != "yes"]
    for district, part in visits.groupby("District"):
        assert (
            part["Priority"].min()
            >= left_out.loc[left_out["District"] == district, "Priority"].max()
        )


def test_ids_dates_and_accents_survive(tmp_path: Path) -> None:
    sheet = write(make_roll(2), tmp_path / "w.xlsx")["Work list"]
    visits = table_of(sheet)
    assert visits["Parcel"].tolist() == ["0216 001", "0217 001"]
    assert visits["Address"].tolist() == ["100 Peña Réunion St", "102 Peña Réunion St"]
    assert [day.date() if not pd.isna(day) else None for day in visits["Notice date"]] == [
        None,
        date(2015, 1, 31),
    ]
    assert visits["Why"][0] == "LIKELY +60\noccupied neighbor on side E and W +30"
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
    roll.table["address"] = roll.table["inspection_district"] = roll.table["neighborhood"] = text
    book = write(roll, tmp_path / "w.xlsx")
    assert table_of(book["Work list"])[["Address", "District"]].to_numpy().tolist() == [
        [text, text]
    ]
    assert table_of(book["All vacants"])["Neighborhood"].tolist() == [text]
    with zipfile.ZipFile(tmp_path / "w.xlsx") as archive:
        sheets = [
            archive.read(name)
            for name in archive.namelist()
            if name.startswith("xl/worksheets/sheet")
        ]
    assert not any(b"<f>" in sheet or b"<hyperlink " in sheet for sheet in sheets)


def test_rows_that_were_not_scored_show_no_score_and_no_calm_color(tmp_path: Path) -> None:
    book = write(make_roll(8), tmp_path / "w.xlsx")
    for name in ("Work list", "All vacants"):
        table, sheet = table_of(book[name]), book[name]
        across = list(table.columns).index("Hazard") + 1
        unscored = table["Hazard"].str.startswith("?")
        assert unscored.sum() == 2
        assert table.loc[unscored, "Score"].isna().all()
        assert table.loc[~unscored, "Score"].notna().all()
        for row, hazard in enumerate(table["Hazard"], start=HEADER_ROW + 1):
            letter, word = str(hazard).split(maxsplit=1)
            symbol = next(one for one in BY_CODE.values() if one.letter == letter)
            assert word == symbol.word.value
            assert sheet.cell(row, across).fill.fgColor.rgb == f"FF{symbol.color[1:]}"
    assert (
        table_of(book["All vacants"])
        .loc[lambda table: table["Score"].isna(), "Why not assessed"]
        .tolist()
        == ["outside_imagery"] * 2
    )


@pytest.mark.parametrize(
    ("count", "hazards"), [(0, ("LIKELY",)), (1, ("LIKELY",)), (3, ("NOT ASSESSED",))]
)
def test_small_cities(count: int, hazards: tuple[str, ...], tmp_path: Path) -> None:
    book = write(make_roll(count), tmp_path / "w.xlsx", hazards=hazards)
    assert len(table_of(book["Work list"])) == len(table_of(book["All vacants"])) == count
    assert (
        "model"
        in " ".join(
            str(cell.value) for row in book["Read me"].iter_rows() for cell in row if cell.value
        ).lower()
    )


def test_inspector_chooses_from_lists(tmp_path: Path) -> None:
    book = write(make_roll(4), tmp_path / "w.xlsx")
    sheet = book["Work list"]
    titles = [str(cell.value) for cell in sheet[HEADER_ROW]]
    rules = {
        titles[next(iter(rule.sqref.ranges)).min_col - 1]: rule
        for rule in sheet.data_validations.dataValidation
    }
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
    for name, choices in (("disposition", DISPOSITIONS), ("roof_open", ROOF_OPEN)):
        assert (
            rules[{"disposition": "Disposition", "roof_open": "Roof open"}[name]].formula1 == name
        )
        _, place = next(iter(book.defined_names[name].destinations))
        assert [row[0].value for row in book["Lists"][place.replace("$", "")]] == [
            choice.label for choice in choices
        ]
    empty = sheet.cell(HEADER_ROW + 1, titles.index("Roof open") + 1)
    assert (empty.value, empty.number_format) == (
        None,
        "@",
    )  # so that "10 to 24%" can never turn into a date


def test_sheets_can_be_filtered_and_printed(tmp_path: Path) -> None:
    book = write(make_roll(4), tmp_path / "w.xlsx")
    for name in ("Work list", "All vacants"):
        sheet = book[name]
        assert sheet.freeze_panes == "E4"
        assert sheet.auto_filter.ref.endswith("7") and sheet.auto_filter.ref.startswith("A3:")
        assert (
            sheet.page_setup.orientation,
            sheet.page_setup.fitToHeight,
            sheet.print_title_rows,
        ) == ("landscape", 0, "$1:$3")
        assert USE_LIMIT in sheet.oddFooter.left.text


def test_photos_of_both_years_stand_in_their_rows(tmp_path: Path) -> None:
    roll = make_roll(4)
    now = make_chips(tmp_path / "now", ["0216 001", "0217 001", "0219 001"], year=2026)
    before = make_chips(tmp_path / "before", ["0216 001"], year=2025)
    inputs = replace(
        make_inputs(roll),
        chips=now,
        earlier=(Year(year=2025, flown=None, ledger=None, chips=before),),
    )
    settings = ExportSettings(visits=VisitSettings(capacity={"D1": 1}))
    book = write(roll, tmp_path / "w.xlsx", inputs=inputs, settings=settings)
    sheet = book["Work list"]
    visits = table_of(sheet)
    assert visits["Parcel"].tolist() == ["0216 001", "0218 001", "0219 001"]
    found = sorted(
        (image.anchor._from.row + 1, image.anchor._from.col) for image in sheet._images
    )  # openpyxl has no public name for them
    columns = list(visits.columns)
    assert found == [
        (4, columns.index("Photo 2026")),
        (4, columns.index("Photo 2025")),
        (6, columns.index("Photo 2026")),
    ]
    assert visits["Photo 2026"].fillna("").tolist() == ["", "no photo", ""]
    assert visits["Photo 2025"].fillna("").tolist() == ["", "no photo", "no photo"]
    with zipfile.ZipFile(tmp_path / "w.xlsx") as archive:
        drawing = archive.read("xl/drawings/drawing1.xml").decode()
        assert sum(name.startswith("xl/media/") for name in archive.namelist()) == 3
    assert 'descr="Roof of 100 Peña Réunion St, parcel 0216 001, from above in 2026"' in drawing
    assert (
        drawing.count("twoCellAnchor>") == 2 * 3 and "editAs" not in drawing
    )  # moves and sizes with its cells


def test_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write(make_roll(4), tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_links_lead_to_the_viewer_only(tmp_path: Path) -> None:
    settings = ExportSettings(
        visits=VisitSettings(viewer="https://maps.example.gov/?parcel={parcel_id}&a={address}")
    )
    sheet = write(make_roll(1), tmp_path / "w.xlsx", settings=settings)["Work list"]
    assert (
        sheet["E4"].hyperlink.target
        == "https://maps.example.gov/?parcel=0216%20001&a=100%20Pe%C3%B1a%20R%C3%A9union%20St"
    )
    assert sheet["D4"].hyperlink is None
    assert sheet["E4"].value == "0216 001"
    for viewer in ("javascript:alert(1)", "file:///etc/passwd", "maps.example.gov"):
        with pytest.raises(ConfigError, match="viewer is"):
            write(
                make_roll(1),
                tmp_path / "x.xlsx",
                settings=ExportSettings(visits=VisitSettings(viewer=viewer)),
            )
    assert not (tmp_path / "x.xlsx").exists()


def test_readme_gives_the_points_of_the_city(tmp_path: Path) -> None:
    base = ExportSettings()
    settings = replace(base, priority=replace(base.priority, likely=77))
    sheet = write(make_roll(4), tmp_path / "w.xlsx", settings=settings)["Read me"]
    cells = {str(row[0].value): [cell.value for cell in row[1:3]] for row in sheet.iter_rows()}
    assert cells["likely"] == [77, "hazard LIKELY"]
    assert cells["D0"] == [2, 2]
    assert cells["Photo flown"][1] == FLOWN.isoformat()
    assert cells["Model"][1] == "demo-roof/3"


def test_csv_goes_by_priority_and_marks_the_visits(tmp_path: Path) -> None:
    rows = build_rows(make_inputs(make_roll(8)), ExportSettings())
    write_worklist(rows, tmp_path / "w.csv", VisitSettings(per_district=2))
    table = read_csv(tmp_path / "w.csv")
    assert len(table) == 8
    keys = [
        (-int(priority), int(rank or 10**9), parcel)
        for priority, rank, parcel in zip(
            table["PRIORITY"], table["RANK"], table["PARCEL_ID"], strict=True
        )
    ]
    assert keys == sorted(keys)
    assert table[table["VISIT"] == "Y"].groupby("INSP_DIST").size().to_dict() == {"D0": 2, "D1": 2}
    for _, part in table.groupby("INSP_DIST"):
        assert part["VISIT"].tolist() == ["Y", "Y", "N", "N"]
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
