"""Sheets of workbooks, every cell as text."""

import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.parsers import expat

import pandas as pd
import pyogrio

from imagery.errors import InputError
from imagery.tables.cell_grids import finish_table, make_cells
from imagery.tables.layers import check_layer, choose_layer, list_layers
from imagery.tables.layouts import clean_names, find_header
from imagery.tables.quoted_rows import Row
from imagery.tables.table_file import Table, TableFile
from imagery.troubles import Trouble, only_troubles, shown, trouble_of

WORKBOOKS = (".xlsx", ".xlsm", ".ods")
_DAMAGED = (expat.ExpatError, zlib.error, zipfile.BadZipFile, EOFError, RuntimeError)
"""What reading a part raises; RuntimeError where it is locked with a password."""
_UNNAMED = re.compile(r"Field\d+")
_CELLS = re.compile(r"(xl/(worksheets|sharedStrings).*|content)\.xml")
"""Parts of a workbook that hold cells."""


def read_workbook(file: TableFile) -> Table:
    """Read a sheet of a workbook.

    Raises:
        MissingInput: no such sheet.
        InputError: several sheets could be meant, or none holds anything.
    """
    sheets = list_sheets(file.path)
    if file.layer:
        check_layer(file, sheets)
        sheets = [file.layer]

    read = {sheet: read_sheet(file, sheet) for sheet in sheets}
    filled = {sheet: rows for sheet, rows in read.items() if rows}
    if not filled:
        raise InputError(f"[{file.what}] path: {file.name} is empty; put the table there")
    fitting = [sheet for sheet, rows in filled.items() if _has_columns(rows, file)]
    sheet = choose_layer(file, fitting or list(filled))
    return _make_table(filled[sheet], file)


def list_sheets(path: Path) -> list[str]:
    """Return the names of a workbook's sheets.

    Raises:
        BadZipFile: a part that holds cells is damaged; GDAL reads the rows before the damage, and
            says nothing of those behind it.
    """
    with _open(path) as archive:
        for name in filter(_CELLS.fullmatch, archive.namelist()):
            try:
                with archive.open(name) as part:
                    expat.ParserCreate().ParseFile(part)
            except _DAMAGED as error:
                raise zipfile.BadZipFile(f"it is damaged in {name}") from error
    return [name for name, _ in list_layers(path)]


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except NotImplementedError as error:  # zip of a version that nothing writes
        raise zipfile.BadZipFile(str(error)) from error


def read_sheet(file: TableFile, sheet: str, *, most: int | None = None) -> list[Row]:
    """Return the rows of a sheet that has any; their numbers are those of the sheet.

    Args:
        file: The workbook.
        sheet: Name of the sheet.
        most: Read only so many rows from the top.
    """
    frame: pd.DataFrame = pyogrio.read_dataframe(
        file.path,
        layer=sheet,
        max_features=most,
        fid_as_index=True,
        use_arrow=True,
        HEADERS="DISABLE",
        FIELD_TYPES="STRING",
    )
    texts = frame.fillna("").astype("str")
    rows = _taken_header(texts)
    for number, cells in zip(texts.index, texts.itertuples(index=False), strict=True):
        rows.append(Row(cells=[str(cell) for cell in cells], line=int(number)))
    return rows if any("".join(row.cells).strip() for row in rows) else []


def _taken_header(texts: pd.DataFrame) -> list[Row]:
    """Return the first row where GDAL has taken it for names all the same.

    It does so in later sheets whose columns have other types than their header, such as days.
    """
    names = [str(name) for name in texts.columns]
    if not len(texts) or names == [f"Field{place}" for place in range(1, len(names) + 1)]:
        return []
    cells = ["" if _UNNAMED.fullmatch(name) else name for name in names]
    return [Row(cells=cells, line=int(texts.index[0]) - 1)]


def _has_columns(rows: Sequence[Row], file: TableFile) -> bool:
    """Tell whether a sheet has the columns that are named, and a row below them."""
    header = find_header([row.cells for row in rows], file.wanted)
    is_filled = any("".join(row.cells).strip() for row in rows[header + 1 :])
    return is_filled and set(file.wanted) <= set(clean_names(rows[header].cells))


def _make_table(rows: Sequence[Row], file: TableFile) -> Table:
    header = find_header([row.cells for row in rows], file.wanted)
    names = clean_names(rows[header].cells)
    below = list(rows[header + 1 :])
    while below and not "".join(below[-1].cells).strip():
        below.pop()
    cells = make_cells([_cut(row, len(names)) for row in below], names, file)
    outside = _outside(below, len(names), file)
    troubles = only_troubles([*cells.troubles, outside])
    return finish_table(replace(cells, troubles=troubles), file)


def _cut(row: Row, width: int) -> Row:
    """Return a row without the cells beyond the header: in a sheet every cell has its column."""
    return Row(cells=row.cells[:width], line=row.line)


def _outside(rows: Sequence[Row], width: int, file: TableFile) -> Trouble | None:
    """Name the cells in columns that have no name."""
    named = []
    for row in rows:
        filled = [cell.strip() for cell in row.cells[width:] if cell.strip()]
        if filled:
            named.append(f"row {row.line} {shown(' | '.join(filled))}")
    return trouble_of(
        named,
        what=f"{file.name}: cells to the right of the last column with a name, not used",
        remedy="name their column if they belong to the table",
    )
