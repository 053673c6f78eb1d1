"""Beside every CSV with ids: a workbook whose ids are text, and schema.ini that says so.

A spreadsheet that opens a CSV guesses. `0216E001` becomes 2160, `4074E009` becomes 4.074E+12,
`00123` loses its zeros, and saved again they are lost for good. A workbook keeps text as text.
Excel's and Access's text driver reads schema.ini in the folder of a CSV (Microsoft, "Schema.ini
file, text file driver"). The CSV stays as it is.
"""

import csv
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import xlsxwriter

from gis_export.table import columns
from gis_export.table.fields import BY_NAME, FIELDS
from imagery.files import atomic_path

SCHEMA_FILE = "schema.ini"
MOST_ROWS = 50_000
"""Longer tables get no workbook: those are for programs."""
_IDS = (columns.PARCEL_ID, BY_NAME[columns.PARCEL_ID].alias)
_NUMBERS = frozenset(
    name for field in FIELDS if field.kind in ("int", "real") for name in (field.name, field.alias)
)
_ACTION = "ACTION"
"""Column of deliveries to dispatch."""
_WIDEST = 60
"""Characters of the widest column of a workbook."""


def write_spreadsheets(folder: Path, *, today: date, without: tuple[str, ...] = ()) -> list[Path]:
    """Write a workbook beside each CSV with ids, and schema.ini for all of them.

    Args:
        folder: A department's folder; folders in it are left alone.
        today: Day of the export, in the properties of the workbooks.
        without: CSVs that a program alone reads, such as a vendor's.
    """
    schema = []
    written = []
    for path in sorted(folder.glob("*.csv")):
        names = _header(path)
        if path.name in without or not set(_IDS) & set(names):
            continue

        schema.append(_section(path.name, names))
        beside = path.with_suffix(".xlsx")
        # A delivery is for a program; the inspector's work list has a workbook of its own.
        is_for_people = _ACTION not in names and not beside.exists()
        if is_for_people and _write_workbook(path, beside, today):
            written.append(beside)

    if schema:
        with atomic_path(folder / SCHEMA_FILE) as temporary:
            temporary.write_text("\r\n".join(schema), encoding="utf-8", newline="")
        written.append(folder / SCHEMA_FILE)
    return written


def _header(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as stream:
        return next(csv.reader(stream), [])


def _section(name: str, names: list[str]) -> str:
    """Return the lines of one CSV: every column is text but for measured numbers."""
    lines = [
        f"[{name}]",
        "Format=CSVDelimited",
        "ColNameHeader=True",
        "CharacterSet=65001",
        "MaxScanRows=0",
    ]
    for number, column in enumerate(names, 1):
        kind = "Double" if column in _NUMBERS else "LongChar"
        lines.append(f'Col{number}="{column}" {kind}')
    return "\r\n".join([*lines, ""])


def _write_workbook(path: Path, beside: Path, today: date) -> bool:
    """Write a CSV as a workbook; return whether it was short enough."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if len(table) > MOST_ROWS:
        return False

    options = {"constant_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    with (
        atomic_path(beside) as temporary,
        xlsxwriter.Workbook(str(temporary), {**options, "strings_to_urls": False}) as book,
    ):
        book.set_properties({"created": datetime(today.year, today.month, today.day)})
        _fill_sheet(book, table, path.stem)
    return True


def _fill_sheet(book: xlsxwriter.Workbook, table: pd.DataFrame, title: str) -> None:
    sheet = book.add_worksheet(title[:31])
    head = book.add_format({"bold": True})
    # "@" is text: a cell that somebody types into stays as typed.
    text = book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, len(table)), len(table.columns) - 1)
    for column, name in enumerate(table.columns):
        longest = max([len(name), *(len(cell) for cell in table[name].head(500))])
        sheet.set_column(column, column, min(_WIDEST, longest + 2), text)
        sheet.write_string(0, column, name, head)

    is_number = [name in _NUMBERS for name in table.columns]
    for row, cells in enumerate(table.itertuples(index=False, name=None), 1):
        for column, cell in enumerate(cells):
            if is_number[column] and cell:
                sheet.write_number(row, column, float(cell))
            elif cell:
                sheet.write_string(row, column, cell, text)
