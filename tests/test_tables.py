"""Text tables as cities keep them: every row is read, or counted and named."""

from pathlib import Path

import pandas as pd
import pytest
import shapely

from imagery.errors import CrsMismatch, InputError
from imagery.roll.tables import Table, read_table, text_column

HEADER = "pin,notice_date,remark"
PINS = [f"{310 + row:04d} {place:03d}" for row in range(3) for place in range(1, 9)]
ROWS = [f"{pin},2021-06-15,boarded up" for pin in PINS]


def read(folder: Path, text: str | bytes, name: str = "vacant.csv", what: str = "vacant") -> Table:
    """Write a file and read it as the vacancy file."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(path, what=what, key=("pin",), columns=("notice_date",))


def lines_of(rows: list[str], header: str = HEADER) -> str:
    """Return the text of a file."""
    return "\n".join([header, *rows]) + "\n"


def texts(table: Table, column: str = "pin") -> list[str]:
    """Return a column."""
    return [str(text) for text in text_column(table.rows, (column,), what="[vacant]")]


def said(table: Table) -> str:
    """Return what was noticed, a line each."""
    return "\n".join(trouble.line for trouble in table.troubles)


def changed(place: int, text: str, rows: list[str] = ROWS) -> list[str]:
    """Return the rows with another one at a place."""
    return [*rows[:place], text, *rows[place + 1 :]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", ["", '"'])
@pytest.mark.parametrize("title", ["", "City list, as of June\n\n", "sep={}\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_layouts(tmp_path: Path, separator: str, mark: str, title: str, end: str) -> None:
    """Any separator, with and without marks, a title above the header, any line end."""
    cells = [line.split(",") for line in [HEADER, *ROWS]]
    text = "\n".join(separator.join(f"{mark}{cell}{mark}" for cell in row) for row in cells)
    text = title.format(separator) + text

    table = read(tmp_path, text.replace("\n", end))

    assert texts(table) == PINS
    assert texts(table, "remark") == ["boarded up"] * len(PINS)
    assert table.row_numbers.iloc[0] == title.count("\n") + 2
    assert table.troubles == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """UTF-8 and UTF-16, with and without a byte order mark."""
    table = read(tmp_path, lines_of(changed(3, "0310 004,2021-06-15,café")).encode(encoding))
    assert texts(table) == PINS
    assert texts(table, "remark")[3] == "café"
    assert table.troubles == ()


def test_windows_line_is_named(tmp_path: Path) -> None:
    """A line of another encoding costs no other line."""
    text = lines_of(changed(3, "0310 004,2021-06-15,café")).encode()
    table = read(tmp_path, text.replace("é".encode(), b"\xe9"))
    assert texts(table, "remark")[3] == "café"
    assert "not UTF-8 and were read as Windows-1252: 1: line 5" in said(table)


def test_open_mark_swallows_nothing(tmp_path: Path) -> None:
    """A mark left open in row 2; the next one stands 15 rows below."""
    rows = changed(1, '0310 002,2021-06-15,"rear wall gone')
    rows = changed(16, f'{PINS[16]},2021-06-15,sign says "keep out"', rows)
    table = read(tmp_path, lines_of(rows))
    assert texts(table) == PINS
    assert "quotation marks that are left open: 1: line 3" in said(table)


@pytest.mark.parametrize("place", [0, 5, 23])
@pytest.mark.parametrize("cell", ['2021-06-15,"gone', '"2021-06-15,gone', '2021-06-15,"'])
def test_mark_that_is_never_closed(tmp_path: Path, place: int, cell: str) -> None:
    """Nothing closes it up to the end of the file."""
    table = read(tmp_path, lines_of(changed(place, f"{PINS[place]},{cell}")))
    assert texts(table) == PINS


def test_line_of_a_mark_alone(tmp_path: Path) -> None:
    """It holds nothing, and swallows nothing."""
    table = read(tmp_path, lines_of([*ROWS[:9], '"', *ROWS[9:]]))
    assert texts(table) == PINS
    assert table.empty == 1


def test_cell_of_several_lines(tmp_path: Path) -> None:
    """A cell in marks may span lines, hold separators, and doubled marks."""
    remark = 'roof open\nrear wall, "gone"\n\nseen by A'
    doubled = remark.replace('"', '""')
    rows = changed(4, f'0310 005,2021-06-15,"{doubled}"')
    table = read(tmp_path, lines_of(rows))
    assert texts(table) == PINS
    assert texts(table, "remark")[4] == remark
    assert table.row_numbers.tolist()[3:6] == [5, 6, 10]
    assert table.troubles == ()


def test_doubtful_mark_is_refused(tmp_path: Path) -> None:
    """Rows may be swallowed, and ids look like anything: the line is named."""
    rows = ["a-1,x", 'bb 2,"gone', "c/3,y", 'd,z"', "5,w"]
    with pytest.raises(InputError, match=r"line 3 .* is left open"):
        read(tmp_path, lines_of(rows, "pin,notice_date"))


def test_empty_and_closing_rows(tmp_path: Path) -> None:
    """Bare separators are empty rows; totals and sources are named; the balance holds."""
    below = [",,"] * 40 + ["", "Total: 24,,", "", '"Source: City of X, 2023"']
    table = read(tmp_path, lines_of([*ROWS, *below]))
    assert texts(table) == PINS
    assert (table.empty, table.left_out, len(table.rows)) == (42, 2, 24)
    assert "no data, such as totals or the header again: 2" in said(table)


def test_id_that_reads_as_a_total(tmp_path: Path) -> None:
    """An id of the form of the others is a notice, whatever it begins with."""
    rows = [f"Total {number},," for number in range(9)]
    assert len(read(tmp_path, lines_of(rows)).rows) == 9


def test_header_again(tmp_path: Path) -> None:
    """Two files were put together."""
    table = read(tmp_path, lines_of([*ROWS[:9], HEADER, *ROWS[9:]]))
    assert texts(table) == PINS
    assert "row 11 'pin | notice_date | remark'" in said(table)


def test_separator_at_the_end_of_rows(tmp_path: Path) -> None:
    """No column moves by one."""
    table = read(tmp_path, lines_of([row + "," for row in ROWS]))
    assert texts(table) == PINS
    assert texts(table, "notice_date") == ["2021-06-15"] * len(PINS)
    assert table.troubles == ()


def test_rows_of_another_width(tmp_path: Path) -> None:
    """A row that is too long keeps its id alone; a short one keeps what it has."""
    rows = changed(2, "0310 003,12 Elm, Apt 2,2021-06-15,x")
    rows = changed(7, "0310 008,2021-06-15", rows)
    table = read(tmp_path, lines_of(rows))
    assert texts(table) == PINS
    assert texts(table, "notice_date")[2] == ""
    assert texts(table, "notice_date")[7] == "2021-06-15"
    assert "more cells than the header has columns: 1: row 4" in said(table)
    assert "fewer cells than the header has columns: 1: row 9" in said(table)


def test_rows_all_longer_than_the_header(tmp_path: Path) -> None:
    """The header itself is in doubt: FIX FIRST."""
    table = read(tmp_path, lines_of([f"{row},{place}" for place, row in enumerate(ROWS)]))
    assert len(table.rows) == len(ROWS)
    assert [trouble.is_fix for trouble in table.troubles] == [True]


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    """Refused where the city file names it and the cells differ."""
    text = lines_of(["a,1,b", "c,2,d"], "pin,notice_date,pin")
    with pytest.raises(InputError, match="two columns 'pin'"):
        read(tmp_path, text)
    assert texts(read(tmp_path, text.replace("b", "a").replace("d", "c"))) == ["a", "c"]


def test_outlines_as_text(tmp_path: Path) -> None:
    """Notices keep them as text; parcels need a CRS, in the text or beside the file."""
    cell = '"POLYGON ((0 0, 0 1, 1 1, 0 0))"'
    text = lines_of([f"{pin},{cell}" for pin in PINS], "pin,geometry")
    path = tmp_path / "parcels.csv"
    path.write_text(text)
    notices = read_table(path, what="vacant", key=("pin",))
    assert texts(notices) == PINS
    assert texts(notices, "geometry")[0].startswith("POLYGON")

    with pytest.raises(CrsMismatch, match="no CRS"):
        read_table(path, what="parcels", key=("pin",))
    (tmp_path / "parcels.PRJ").write_text("EPSG:2248")
    assert read_table(path, what="parcels", key=("pin",)).rows.crs == "EPSG:2248"
    path.write_text(text.replace("POLYGON", "SRID=4326;POLYGON"))
    parcels = read_table(path, what="parcels", key=("pin",)).rows
    assert parcels.crs == "EPSG:4326"
    assert shapely.area(parcels.geometry.to_numpy()).tolist() == [0.5] * len(PINS)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n \n", "is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel 97"),
        (b"PK\x03\x04rest", "a workbook or an archive"),
        (b"<html><table>", "a web page"),
        (b'{"type": "FeatureCollection"}', "JSON"),
        (b"%PDF-1.4", "a PDF"),
    ],
)
def test_other_files_by_this_name(tmp_path: Path, content: bytes, words: str) -> None:
    """What the file really is, in one line."""
    with pytest.raises(InputError, match=words):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pd.Series([1, None], dtype="Int64"), ["1", ""]),
        (pd.Series([216001.0, None]), ["216001", ""]),
        (pd.Series([4.91107123045e17]), ["4.911071230450000e+17"]),
        (pd.Series([0.5, True, None, "a\r\nb"], dtype=object), ["0.5", "True", "", "a\nb"]),
        (pd.Series(["x", None], dtype="category"), ["x", ""]),
        (pd.Series([True, None], dtype="boolean"), ["True", ""]),
    ],
)
def test_columns_as_text(column: pd.Series, wanted: list[str]) -> None:
    """Whole numbers are digits as long as they are exact; what is missing is empty."""
    frame = pd.DataFrame({"pin": column})
    assert text_column(frame, ("pin",), what="[vacant]").tolist() == wanted


def test_row_in_marks_as_a_whole(tmp_path: Path) -> None:
    """A spreadsheet puts a whole row in quotation marks; it is read as the others are."""
    rows = [f'"{row}"' if place % 6 == 0 else row for place, row in enumerate(ROWS)]
    table = read(tmp_path, lines_of(rows))
    assert texts(table) == PINS
    assert texts(table, "notice_date") == ["2021-06-15"] * len(PINS)
    assert table.troubles == ()
