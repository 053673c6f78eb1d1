"""Tables as cities keep them: files read whole, columns as text, parcel keys however spelled."""

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from imagery.errors import InputError, MissingInput

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SEPARATORS = (",", ";", "\t", "|")
MOST_NAMED = 20
"""Columns of a file that a message names."""

_PUNCTUATION = {code: None for code in range(128) if not chr(code).isalnum()}
_READ_ERRORS = (
    DataSourceError,
    DataLayerError,
    UnicodeDecodeError,
    pd.errors.ParserError,
    pd.errors.EmptyDataError,
)


def read_table(path: Path, *, layer: str = "", what: str) -> gpd.GeoDataFrame:
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
    return gpd.GeoDataFrame(table)


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


def normalize_key(raw: str) -> str:
    """Normalize a parcel key: upper case, blanks and punctuation gone, a float tail ".0" gone.

    >>> normalize_key("0216 001") == normalize_key("0216001 ")
    True
    """
    text = str(raw).strip().removesuffix(".0").upper()
    return text.translate(_PUNCTUATION) if text.isascii() else re.sub(r"[^0-9A-Z]", "", text)


def normalize_keys(raw: pd.Series) -> pd.Series:
    """Normalize a column of text as `normalize_key` does."""
    plain = raw.astype("str")
    trimmed = plain.str.strip().str.removesuffix(".0").str.upper()
    keys = trimmed.str.replace(r"[^0-9A-Z]", "", regex=True)

    is_odd = ~plain.str.isascii()
    keys[is_odd] = plain[is_odd].map(normalize_key)
    return keys


def _as_text(value: object) -> str:
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, float) and np.isnan(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("\r\n", "\n").replace("\r", "\n")
