"""Ids stay text in what people open: a workbook beside every CSV, and schema.ini for drivers.

`0216E001` and `4074E009` look like numbers to a spreadsheet, `00123` loses its zeros.
"""

from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from export_cases import export, make_inputs, make_roll, read_csv

from gis_export.formats.spreadsheets import write_spreadsheets

IDS = ["0216E001", "4074E009", "00123", "0216 001", "1-2", "=1+1", "12345678901234567890"]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an export of parcels whose ids a spreadsheet would spoil."""
    roll = make_roll(len(IDS))
    roll.table["parcel_id"] = IDS
    roll.table.loc[0, "geometry"] = None
    return export(make_inputs(roll), tmp_path_factory.mktemp("city"))


@pytest.mark.parametrize(
    "name", ["fire/match_report", "fire/no_geometry", "housing/no_geometry", "data/scores"]
)
def test_a_workbook_beside_each_csv_holds_the_same_texts(name: str, year: Path) -> None:
    table = read_csv(year / f"{name}.csv")
    sheet = openpyxl.load_workbook(year / f"{name}.xlsx").worksheets[0]
    rows = list(sheet.iter_rows())
    names = [str(cell.value) for cell in rows[0]]
    assert names == table.columns.tolist()

    key = names.index("PARCEL_ID" if "PARCEL_ID" in names else "parcel_id")
    cells = [row[key] for row in rows[1:]]
    assert [cell.value for cell in cells] == table.iloc[:, key].tolist()
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.number_format for cell in cells} == {"@"}


def test_the_work_list_that_people_open_keeps_ids_as_text(year: Path) -> None:
    book = openpyxl.load_workbook(year / "housing/worklist.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    for parcel in ("0216E001", "4074E009", "00123"):
        found = [cell for cell in cells if cell.value == parcel]
        assert found
        assert {cell.data_type for cell in found} == {"s"}
    assert not [cell for cell in cells if cell.value in (2160, 123, 4.074e12)]


@pytest.mark.parametrize("folder", ["fire", "housing", "data"])
def test_schema_says_text_of_every_csv_with_ids(folder: str, year: Path) -> None:
    schema = (year / folder / "schema.ini").read_text(encoding="utf-8")
    for path in (year / folder).glob("*.csv"):
        names = read_csv(path).columns.tolist()
        has_ids = "PARCEL_ID" in names or "parcel_id" in names
        assert (f"[{path.name}]" in schema) == has_ids
    assert 'Col1="PARCEL_ID" LongChar' in schema or 'Col1="parcel_id" LongChar' in schema


def test_pandas_reads_the_second_code_without_missing_rows(year: Path) -> None:
    """Read as most people do: RISK_LVL loses its NA, the other code does not."""
    for name, old, new in (
        ("housing/worklist.csv", "RISK_LVL", "RISK_CODE"),
        ("data/scores.csv", "hazard_level", "hazard_code"),
    ):
        table = pd.read_csv(year / name)
        assert table[old].isna().any()
        assert not table[new].isna().any()
        assert set(table.loc[table[old].isna(), new]) == {"NOT_ASSESSED"}


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    books = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        pd.DataFrame({"PARCEL_ID": IDS, "SCORE": "0.5"}).to_csv(folder / "x.csv", index=False)
        written = write_spreadsheets(folder, today=date(2026, 11, 24))
        assert [path.name for path in written] == ["x.xlsx", "schema.ini"]
        books.append((folder / "x.xlsx").read_bytes())
    assert books[0] == books[1]
