"""Tables, places and labels as cities really keep them: read for certain, or named."""

import datetime
import gzip
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import xlsxwriter

from imagery.errors import InputError, MissingInput
from imagery.roll.files import VacantFile
from imagery.roll.notices import Notices, read_notices
from imagery.roll.tables import Table, read_table, text_column
from imagery.values.degrees import read_degrees, read_pairs
from labels.label_file.values import (
    Cells,
    find_bad_years,
    find_contradictions,
    read_values,
    read_years,
)

PINS = [f"0310 {place:03d}" for place in range(1, 9)]
DAY = datetime.date(2021, 6, 15)
Sheet = list[list[str | int | datetime.date]]


def read(path: Path, *columns: str, key: str = "pin") -> Table:
    """Read a file as the vacancy file."""
    return read_table(path, what="vacant", key=(key,) if key else (), columns=columns)


def texts(table: Table, column: str = "pin") -> list[str]:
    """Return a column."""
    return [str(text) for text in text_column(table.rows, (column,), what="[vacant]")]


def said(table: Table | Notices) -> str:
    """Return what was noticed, a line each."""
    return "\n".join(trouble.line for trouble in table.troubles)


def write_text(folder: Path, text: str) -> Path:
    """Write the vacancy file."""
    path = folder / "vacant.csv"
    path.write_text(text, encoding="utf-8")
    return path


def write_sheets(folder: Path, sheets: dict[str, Sheet]) -> Path:
    """Write a workbook with typed days."""
    path = folder / "vacant.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        day_format = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                write_row(sheet, place, row, day_format)
    return path


def write_row(
    sheet: xlsxwriter.worksheet.Worksheet,
    place: int,
    row: list[str | int | datetime.date],
    day_format: xlsxwriter.format.Format,
) -> None:
    """Write a row of a sheet."""
    for column, value in enumerate(row):
        if isinstance(value, datetime.date):
            moment = datetime.datetime.combine(value, datetime.time())
            sheet.write_datetime(place, column, moment, day_format)
        else:
            sheet.write(place, column, value)


ROWS: Sheet = [[pin, DAY] for pin in PINS]
NOTICES: Sheet = [["pin", "day"], *ROWS]
OTHERS: dict[str, Sheet] = {
    "empty": [],
    "header only": [["pin", "day"]],
    "about": [["Source", "Housing"], ["As of", DAY]],
}


@pytest.mark.parametrize("other", sorted(OTHERS))
@pytest.mark.parametrize("is_first", [True, False])
def test_sheet_of_typed_days(tmp_path: Path, other: str, is_first: bool) -> None:
    """GDAL takes the header of a later sheet with days for names, although it is told not to."""
    ordered = [("other", OTHERS[other]), ("list", NOTICES)]
    if is_first:
        ordered.reverse()
    table = read(write_sheets(tmp_path, dict(ordered)), "day")
    assert texts(table) == PINS
    assert {text[:10].replace("/", "-") for text in texts(table, "day")} == {"2021-06-15"}
    assert table.row_numbers.tolist() == list(range(2, 10))


@pytest.mark.parametrize(
    "row", ["Total,8", "Grand Total:,8", ",Total,8", "Total vacants,,8", "COUNT,8.0"]
)
def test_total_row(tmp_path: Path, row: str) -> None:
    """A total with its number is no notice, however narrow the table."""
    width = row.count(",") + 1
    names = ["pin", "day", "n"][:width]
    rows = [",".join([pin, "2021-06-15", "1"][:width]) for pin in PINS]
    table = read(write_text(tmp_path, "\n".join([",".join(names), *rows, row])), "day")
    assert texts(table) == PINS
    assert table.left_out == 1
    assert "rows that are no data" in said(table)
    assert "row 10" in said(table)


def test_total_is_an_id(tmp_path: Path) -> None:
    """A parcel may be called so where others are too."""
    rows = [f"Total {place},{place}" for place in range(8)]
    assert len(read(write_text(tmp_path, "\n".join(["pin,n", *rows]))).rows) == 8


def test_zero_bytes(tmp_path: Path) -> None:
    """Lines of zero bytes are no rows, and are named."""
    rows = [f"{pin},2021-06-15" for pin in PINS]
    table = read(write_text(tmp_path, "\n".join(["pin,day", *rows, "\0" * 99])), "day")
    assert texts(table) == PINS
    assert "lines of nothing but zero bytes: 1: line 10 (99 bytes)" in said(table)


def test_address_lines(tmp_path: Path) -> None:
    """Socrata writes a place in three lines; a line within a cell has a comma as a row has."""
    cell = '"200 ELM ROW\nBALTIMORE, MD 21201\n(39.29, -76.60)"'
    rows = [f"2021-06-{day:02d},{cell}" for day in range(1, 9)]
    table = read(write_text(tmp_path, "\n".join(["day,place", *rows])), "day", "place", key="")
    assert texts(table, "day") == [f"2021-06-{day:02d}" for day in range(1, 9)]
    assert table.troubles == ()


def test_lines_in_the_only_column(tmp_path: Path) -> None:
    """A cell of two lines in a table of one column is read, and named as it could be two rows."""
    rows = ["12 Elm", "Rear of 4 Oak", '"9 Ash\nrear"', "7-B"]
    table = read(write_text(tmp_path, "\n".join(["place", *rows])), key="place")
    assert texts(table, "place") == ["12 Elm", "Rear of 4 Oak", "9 Ash\nrear", "7-B"]
    assert len(table.rows) == 4


@pytest.mark.parametrize(
    "text", ["-76,6", "76.6° W", "−76.6", " -76.6° ", "76.6w", "-76.6 W", "-76.6", "-7.66e1"]
)
def test_degrees(text: str) -> None:
    """Decimal commas, degree signs, other minus signs and half circles."""
    assert read_degrees(pd.Series([text]), halves="EW").tolist() == pytest.approx([-76.6])


@pytest.mark.parametrize("text", ["76.6 N", "-76.6 E", "1,076.6", "76 36 00", "abc", "", "76-6"])
def test_no_degrees(text: str) -> None:
    """What could be something else is no longitude."""
    assert read_degrees(pd.Series([text]), halves="EW").isna().all()


@pytest.mark.parametrize(
    "text",
    [
        "(39.3, -76.6)",
        "39.3, -76.6",
        "3 Elm, Unit 2\n(39.3, -76.6)",
        "(39.3°, -76.6°)",
        "39,3; -76,6",
        "POINT (-76.6 39.3)",
        "SRID=4326;POINT Z (-76.6 39.3 0)",
        "{'type': 'Point', 'coordinates': [-76.6, 39.3]}",
        '{"latitude": "39.3", "longitude": "-76.6", "human_address": ""}',
        "{'needs_recoding': False, 'longitude': '-76.6', 'latitude': '39.3'}",
    ],
)
def test_pairs(text: str) -> None:
    """Every form of Socrata: longitude and latitude are never swapped."""
    pair = read_pairs(pd.Series([text]))
    assert (pair.lon.iloc[0], pair.lat.iloc[0]) == (-76.6, 39.3)


@pytest.mark.parametrize("text", ["39.3 -76.6", "nowhere", "", "POINT EMPTY"])
def test_no_pair(text: str) -> None:
    """Two bare numbers may stand in either order."""
    pair = read_pairs(pd.Series([text]))
    assert pair.lon.isna().all()


def test_unread_place_is_named(tmp_path: Path) -> None:
    """A place that cannot be read has a fault; an empty one has none."""
    path = write_text(tmp_path, "lon,lat\n76 36 00,39 18 00\n,\n-76.6,39.3\n")
    notices = read_notices(VacantFile(path=path, lon="lon", lat="lat"))
    faults = notices.table["point_fault"].tolist()
    assert faults == ["'lon 76 36 00, lat 39 18 00' cannot be read", ""] + [""] * (len(notices) - 2)


def test_part_of_an_id(tmp_path: Path) -> None:
    """A row without its lot is partial."""
    path = write_text(tmp_path, "block,lot\n0310,001\n0310,\n,001\n")
    notices = read_notices(VacantFile(path=path, id=("block", "lot")))
    assert notices.table["is_partial"].tolist() == [False, True, True]


def cells(values: list[str], column: str = "roof_pct") -> Cells:
    """Return a column of a label file."""
    series = pd.Series(values, dtype="str")
    rows = pd.Series(range(2, len(values) + 2))
    return Cells(file="labels.csv", column=column, texts=series, names=series, rows=rows)


def test_percent_signs() -> None:
    """25% is 25, with or without a blank before the sign."""
    read_as = read_values(cells(["25%", "0 %", "100", "0.5%", "na"]), is_percent=True)
    assert read_as.tolist()[:4] == [25, 0, 100, 0.5]
    assert read_as.isna().tolist() == [False, False, False, False, True]


def test_shares_are_no_percentages() -> None:
    """0.25 of a roof would be read as a quarter of a percent."""
    with pytest.raises(InputError, match=r"row 3: got roof_pct='0.25', and no value above 1"):
        read_values(cells(["0", "0.25", "1"]), is_percent=True)
    assert read_values(cells(["0", "0.25", "40"]), is_percent=True).tolist() == [0, 0.25, 40]


def test_years() -> None:
    """A day that begins with its year tells the year; many without one are to be mended first."""
    given = cells(["2023", "2023.0", "2023-03-11", "2023-03-11T00:00:00", "03/11/2023"], "year")
    years = read_years(given.texts)
    assert years.tolist()[:4] == [2023] * 4
    trouble = find_bad_years(given, years)
    assert trouble is not None
    assert trouble.is_fix
    assert trouble.total == 1
    assert find_bad_years(replace(given, texts=given.texts[:4]), years[:4]) is None


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_part_of_a_shapefile(tmp_path: Path, part: str) -> None:
    """A shapefile without its index or its table is one line with the remedy."""
    for suffix in {".shp", ".shx", ".dbf"} - {part}:
        (tmp_path / f"lots{suffix}").write_bytes(b"")
    with pytest.raises(MissingInput, match=rf"lots.shp lacks lots{part}; copy every part"):
        read(tmp_path / "lots.shp")


def test_compressed(tmp_path: Path) -> None:
    """A file in gzip is named as such, whatever its suffix."""
    path = tmp_path / "vacant.csv"
    path.write_bytes(gzip.compress(b"pin\n0310 001\n"))
    with pytest.raises(InputError, match="unpack it first"):
        read(path)


def test_folder(tmp_path: Path) -> None:
    """A folder is called one, without the words of a library."""
    with pytest.raises(InputError, match=r"it is a folder, and no file geodatabase; convert"):
        read(tmp_path)


def test_shapefile_without_encoding(tmp_path: Path) -> None:
    """Texts of a shapefile without .cpg are read as Windows-1252, and named."""
    lots = gpd.GeoDataFrame(
        {"pin": PINS, "street": ["Peña"] * len(PINS)},
        geometry=gpd.points_from_xy(range(8), range(8)),
        crs=4326,
    )
    lots.to_file(tmp_path / "lots.shp", encoding="cp1252")
    (tmp_path / "lots.cpg").unlink()
    table = read(tmp_path / "lots.shp")
    assert texts(table, "street") == ["Peña"] * len(PINS)
    assert "not UTF-8 and were read as Windows-1252: 8: 'Peña'" in said(table)
    assert "lots.cpg" in said(table)


def test_cells_beside_a_sheet(tmp_path: Path) -> None:
    """A remark to the right of a sheet costs no row its day, and is named."""
    rows: Sheet = [["pin", "day", "", ""], [PINS[0], DAY, "", "ask Bo"], [PINS[1], DAY, "", ""]]
    table = read(write_sheets(tmp_path, {"list": rows}), "day")
    assert texts(table) == PINS[:2]
    assert all(texts(table, "day"))
    assert "cells to the right of the last column with a name, not used: 1: row 2 'ask" in said(
        table
    )


def test_wide_row_keeps_its_id(tmp_path: Path) -> None:
    """Also where every row ends in separators."""
    rows = [f"{pin},2021-06-15,," for pin in PINS]
    rows[3] = f"{PINS[3]},June 15, 2021,x"
    table = read(write_text(tmp_path, "\n".join(["pin,day", *rows])), "day")
    assert texts(table) == PINS


def test_contradictions() -> None:
    """Two labels of one parcel and year that say the contrary are named."""
    given = cells(["1", "0", "1", "1", "0"], "open_roof")
    groups = pd.Series(["a 2023", "a 2023", "b 2023", "b 2023", "a 2022"])
    failing = pd.Series([True, False, True, True, False])
    trouble = find_contradictions(failing, groups, given)
    assert trouble is not None
    assert trouble.total == 2
    assert find_contradictions(failing[2:], groups[2:], given) is None
