"""Tables as cities keep them: files read whole, columns as text."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from imagery.errors import InputError, MissingInput
from imagery.roll.troubles import Trouble

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SEPARATORS = (",", ";", "\t", "|")
MOST_NAMED = 20
"""Columns of a file that a message names."""

_READ_ERRORS = (
    DataSourceError,
    DataLayerError,
    UnicodeDecodeError,
    pd.errors.ParserError,
    pd.errors.EmptyDataError,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table of the city as it was read."""

    rows: gpd.GeoDataFrame
    """Its rows; texts are as in the file."""
    row_numbers: pd.Series
    """The row (of a text file the line) in which each stands as a person counts them, from 1."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed."""

    def name_row(self, place: int) -> str:
        """Return the name of the row at a place, as messages use it."""
        return f"row {self.row_numbers.iloc[place]}"


def read_table(path: Path, *, layer: str = "", what: str) -> Table:
    """Read a vector file or CSV with every CSV field as text.

    Args:
        path: The file, or a GDAL virtual path.
        layer: Layer name; "" is the first.
        what: Section of the city file, for messages.

    Raises:
        MissingInput: no such file or layer.
        InputError: GDAL cannot read it.
    """
    if not str(path).startswith("/vsi") and not path.exists():
        raise MissingInput(f"[{what}] path: no file at {path}; put it there or correct the path")

    try:
        table = _read_text(path) if path.suffix.lower() in TEXT_SUFFIXES else _read(path, layer)
    except _READ_ERRORS as error:
        raise InputError(
            f"[{what}] path: {path.name} cannot be read: {error}; "
            "convert it to GeoPackage or CSV (UTF-8)"
        ) from error
    rows = gpd.GeoDataFrame(table)
    return Table(rows=rows, row_numbers=pd.Series(np.arange(len(rows)) + 2, index=rows.index))


def _read_text(path: Path) -> pd.DataFrame:
    return pd.read_csv(
        path, dtype=str, keep_default_na=False, sep=_separator(path), encoding="utf-8-sig"
    )


def _separator(path: Path) -> str:
    """Return the separator that the header line of a CSV uses most; a comma when it holds none."""
    with path.open(encoding="utf-8-sig") as stream:
        header = stream.readline()
    return max(SEPARATORS, key=header.count)


def _read(path: Path, layer: str) -> pd.DataFrame:
    # An outline that cannot be parsed, such as an open ring, reads as None: it costs its row.
    with np.errstate(invalid="ignore"):  # GEOS meets a NaN
        table: pd.DataFrame = pyogrio.read_dataframe(path, layer=layer or None, on_invalid="ignore")
    return table


def text_column(table: pd.DataFrame, names: tuple[str, ...], *, what: str) -> pd.Series:
    """Join columns as text; missing values are "".

    Args:
        table: Any table.
        names: Columns that are joined by a blank.
        what: Key of the city file, for messages.

    Raises:
        MissingInput: a column that is not there.
    """
    for name in names:
        if name not in table.columns:
            have = ", ".join(str(column) for column in table.columns[:MOST_NAMED])
            raise MissingInput(
                f"{what}: no column {name!r}; the file has {have}; "
                "correct the column name in the city file"
            )

    columns = [table[name].map(_as_text) for name in names]
    if len(columns) == 1:
        return columns[0]

    joined = columns[0]
    for column in columns[1:]:
        joined = joined + " " + column
    return joined.str.strip()


def optional_column(raw: pd.DataFrame, name: str, *, what: str) -> pd.Series:
    """Return a column as text, "" all over where the city file names none."""
    return text_column(raw, (name,), what=what) if name else pd.Series("", index=raw.index)


def _as_text(value: object) -> str:
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, float) and np.isnan(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("\r\n", "\n").replace("\r", "\n")
