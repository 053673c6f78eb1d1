"""Tables as cities keep them: files read whole, columns as text."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from imagery.errors import InputError, MissingInput
from imagery.tables.arrow_table import FEATHER, PARQUET, read_arrow_table
from imagery.tables.layers import READ_ERRORS, read_layer, telling_damage, why_unread
from imagery.tables.table_file import GEOMETRY_TEXT, Table, TableFile
from imagery.tables.text_shapes import place_shapes
from imagery.tables.text_table import read_text_table
from imagery.tables.workbooks import WORKBOOKS, read_workbook
from imagery.troubles import Trouble

__all__ = ["Table", "optional_column", "read_table", "text_column"]

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".psv")
MOST_NAMED = 20
"""Columns of a file that a message names."""
SHAPE_TABLES = ("parcels", "footprints")
"""Sections of the city file whose tables are outlines."""

_ZIP = b"PK\x03\x04"
_GZIP = b"\x1f\x8b"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_EXACT_FLOATS = 2.0**53
"""From here on a floating-point number may have lost its last digits."""


def read_table(
    path: Path,
    *,
    layer: str = "",
    what: str,
    key: tuple[str, ...] = (),
    columns: tuple[str, ...] = (),
) -> Table:
    """Read a table of the city; cells of text files and workbooks are text.

    Args:
        path: The file, or a GDAL virtual path.
        layer: Layer or sheet; "" where the file holds only one that could be meant.
        what: Section of the city file, for messages.
        key: Columns of the id.
        columns: Other columns that the city file names; they tell the header from a title, and
            the layer from others.

    Raises:
        MissingInput: no such file or layer.
        InputError: the file cannot be read, or not for certain.
    """
    file = TableFile(
        path=path,
        what=what,
        layer=layer,
        key=key,
        columns=columns,
        must_have_shapes=what in SHAPE_TABLES,
    )
    is_virtual = str(path).startswith("/vsi")
    if not is_virtual and not path.exists():
        raise MissingInput(f"[{what}] path: no file at {path}; put it there or correct the path")

    try:
        with telling_damage():
            return _read_vector(file) if is_virtual or path.is_dir() else _read_file(file)
    except (*READ_ERRORS, pd.errors.ParserError) as error:
        raise InputError(
            f"[{what}] path: {path.name} cannot be read: {why_unread(error, path)}; "
            "convert it to GeoPackage or CSV (UTF-8)"
        ) from error


def _read_file(file: TableFile) -> Table:
    """Read a file by what it holds, whatever its suffix says."""
    with file.path.open("rb") as stream:
        start = stream.read(64)

    suffix = file.path.suffix.lower()
    if start.startswith(_GZIP):
        raise InputError(f"[{file.what}] path: {file.name} is compressed (gzip); unpack it first")
    if start.startswith(_OLD_OFFICE):
        raise InputError(
            f"[{file.what}] path: {file.name} is a workbook of Excel 97 to 2003; "
            "save it as .xlsx or CSV (UTF-8)"
        )
    if suffix in (*PARQUET, *FEATHER):
        return _table_of(read_arrow_table(file))
    if suffix in WORKBOOKS and start.startswith(_ZIP):
        return read_workbook(file)
    if suffix in (*TEXT_SUFFIXES, *WORKBOOKS, ".xls"):
        return _read_text(file, start)
    return _read_vector(file)


def _read_text(file: TableFile, start: bytes) -> Table:
    """Read a text file.

    Raises:
        InputError: it holds something else.
    """
    kinds = {
        _ZIP: "a workbook or an archive; give it its own suffix, such as .xlsx or .zip",
        b"<": "a web page or XML; open it in a spreadsheet and save it as CSV (UTF-8)",
        b"{": "JSON; give it the suffix .geojson or save it as CSV (UTF-8)",
        b"%PDF": "a PDF; ask for the table as CSV (UTF-8)",
    }
    for sign, words in kinds.items():
        if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(sign):
            raise InputError(f"[{file.what}] path: {file.name} is no table of text but {words}")

    table = read_text_table(file.path.read_bytes(), file)
    return place_shapes(table, file) if file.must_have_shapes else table


def _read_vector(file: TableFile) -> Table:
    table, troubles = read_layer(file)
    return _table_of(table, troubles=troubles)


def _table_of(table: pd.DataFrame, troubles: tuple[Trouble, ...] = ()) -> Table:
    rows = gpd.GeoDataFrame(table)
    numbers = pd.Series(np.arange(len(rows)) + 1, index=rows.index)
    return Table(rows=rows, row_numbers=numbers, troubles=troubles)


def text_column(table: pd.DataFrame, names: tuple[str, ...], *, what: str) -> pd.Series:
    """Join columns as text; missing values are "".

    Args:
        table: Any table.
        names: Columns that are joined by a blank.
        what: Key of the city file, for messages.

    Raises:
        MissingInput: a column that is not there.
    """
    columns = [_texts(table[_find_column(table, name, what)]) for name in names]
    if len(columns) == 1:
        return columns[0]

    joined = columns[0]
    for column in columns[1:]:
        joined = joined + " " + column
    return joined.str.strip()


def optional_column(raw: pd.DataFrame, name: str, *, what: str) -> pd.Series:
    """Return a column as text, "" all over where the city file names none."""
    return text_column(raw, (name,), what=what) if name else pd.Series("", index=raw.index)


def _find_column(table: pd.DataFrame, name: str, what: str) -> str:
    """Return the name that a column has in the table.

    Raises:
        MissingInput: there is no such column.
    """
    if name == "geometry" and GEOMETRY_TEXT in table.columns:
        return GEOMETRY_TEXT
    for spelled in (name, name.strip()):
        if spelled in table.columns:
            return spelled

    have = ", ".join(str(column) for column in table.columns[:MOST_NAMED])
    raise MissingInput(
        f"{what}: no column {name!r}; the file has {have}; correct the column name in the city file"
    )


def _texts(column: pd.Series) -> pd.Series:
    """Return a column as text."""
    kind = column.dtype
    if isinstance(kind, pd.StringDtype):
        texts = column.fillna("")
    elif pd.api.types.is_bool_dtype(kind) or pd.api.types.is_integer_dtype(kind):
        texts = column.astype("str").fillna("").where(column.notna(), "")
    else:
        texts = column.map(_as_text).astype("str")

    if texts.str.contains("\r", regex=False).any():
        texts = texts.str.replace("\r\n", "\n", regex=False).str.replace("\r", "\n", regex=False)
    return texts


def _as_text(value: object) -> str:
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, float) and np.isnan(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return _whole_text(value)
    return str(value)


def _whole_text(value: float) -> str:
    """Return a whole number by its digits, or with an exponent where digits may be lost."""
    return str(int(value)) if abs(value) < _EXACT_FLOATS else f"{value:.15e}"
