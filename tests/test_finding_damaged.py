"""Files of findings that cannot be opened: one plain line, without words for programmers."""

import zipfile
from pathlib import Path

import openpyxl
import pytest

from imagery.errors import InputError
from labels.filled.sheets import read_findings_tables

DAMAGED = "it is damaged, or no file of the kind that its suffix says"


def workbook(path: Path) -> bytes:
    """Return a workbook of one visit."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Parcel", "Visited on", "Roof open"), ("0216 001", "2026-05-02", "0%")):
        sheet.append(row)
    book.save(path)
    return path.read_bytes()


def refused(path: Path, content: bytes) -> str:
    """Return the line that says why a file is not read."""
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_findings_tables(path, {})
    assert caught.value.exit_code == 3
    line = str(caught.value)
    assert path.name in line
    for word in ("<DRIVER>", "driver", "GDAL", str(path.parent), "\n"):
        assert word not in line
    return line


@pytest.mark.parametrize("suffix", [".xlsx", ".gpkg", ".ods"])
@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04broken", b"\x00" * 600])
def test_what_is_no_such_file_is_one_line(tmp_path: Path, suffix: str, content: bytes) -> None:
    line = refused(tmp_path / f"Filled list{suffix}", content)
    remedy = "export it again, or as CSV (UTF-8)"
    assert line == f"Filled list{suffix} cannot be read: {DAMAGED}; {remedy}"


def test_a_workbook_cut_short_is_one_line(tmp_path: Path) -> None:
    """The download broke off: at any length it is no workbook."""
    whole = workbook(tmp_path / "whole.xlsx")
    for share in (0.1, 0.5, 0.9, 0.99):
        line = refused(tmp_path / "w.xlsx", whole[: int(share * len(whole))])
        assert DAMAGED in line


def test_an_archive_that_is_no_workbook_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "nothing")
    assert DAMAGED in refused(path, path.read_bytes())


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_workbook_with_a_broken_sheet_is_one_line(tmp_path: Path, share: float) -> None:
    """The archive is whole, a sheet in it is not: GDAL alone would read the rows before."""
    whole = tmp_path / "whole.xlsx"
    workbook(whole)
    path = tmp_path / "w.xlsx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            is_sheet = name.startswith("xl/worksheets/")
            new.writestr(name, part[: int(share * len(part))] if is_sheet else part)
    assert "it is damaged in xl/worksheets/sheet1.xml;" in refused(path, path.read_bytes())


def test_a_workbook_with_a_flipped_byte_is_one_line(tmp_path: Path) -> None:
    """A byte in the middle of the sheet's compressed cells is another."""
    content = bytearray(workbook(tmp_path / "whole.xlsx"))
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    content[sheet.header_offset + 30 + len(sheet.filename) + sheet.compress_size // 2] ^= 0xFF
    assert "damaged" in refused(tmp_path / "w.xlsx", bytes(content))
