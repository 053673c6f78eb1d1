"""Numbers that a spreadsheet shows as percentages: 1 in a cell is 100%, and 0.3 is 30%.

A spreadsheet turns "100%" into such a number when somebody types it or takes it from a list.
"""

import zipfile
import zlib
from pathlib import Path

import openpyxl

SUFFIXES = (".xlsx", ".xlsm")
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    SyntaxError,  # what its parser of XML says
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
)
"""What openpyxl raises over a part that is damaged or lacks what it refers to."""


def read_percents(path: Path, sheet: str, column: str) -> dict[int, str]:
    """Return what the percentages of a column look like, by row of the sheet from 1.

    Args:
        path: The workbook.
        sheet: Name of the sheet.
        column: Text of the column's header.

    Raises:
        BadZipFile: a part of the workbook is damaged, so that percentages cannot be told.
    """
    if path.suffix.lower() not in SUFFIXES:
        return {}

    try:
        return _read_shown(path, sheet, column)
    except _DAMAGED as error:
        raise zipfile.BadZipFile(f"its cells or number formats are damaged ({error})") from error


def _read_shown(path: Path, sheet: str, column: str) -> dict[int, str]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        places: set[int] = set()
        shown: dict[int, str] = {}
        for row in book[sheet].iter_rows():
            for cell in row:
                if cell.value == column:
                    places.add(cell.column)
                elif cell.value is not None and cell.column in places and _is_percent(cell):
                    shown[cell.row] = f"{float(cell.value) * 100:.10g}%"
        return shown
    finally:
        book.close()


def _is_percent(cell: object) -> bool:
    value = getattr(cell, "value", None)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and "%" in str(getattr(cell, "number_format", ""))
