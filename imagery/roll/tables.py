"""Tables as cities keep them: vector files and CSVs read whole, columns as text, parcel keys however they are spelled."""

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from imagery.errors import InputError, MissingInput

_PUNCTUATION = {code: None for code in range(128) if not chr(code).isalnum()}


def read_table(path: Path, *, layer: str = "", what: str) -> gpd.GeoDataFrame:
    """Read a vector file or CSV with every CSV field as text.

    Raises:
        MissingInput: no such file or layer.
        InputError: GDAL cannot read it.
    """
    if not str(path).startswith("/vsi") and not path.exists():
        raise MissingInput(f"[{what}] path: no file at {path}; put it there or mend the path")
    try:
        if path.suffix.lower() in (".csv", ".tsv", ".txt"):
            table = pd.read_csv(
                path, dtype=str, keep_default_na=False, sep=_separator(path), encoding="utf-8-sig"
            )
            return gpd.GeoDataFrame(table)
        # An outline that cannot be parsed, such as an open ring, reads as None: it costs its row.
        with np.errstate(invalid="ignore"):  # GEOS meets a NaN
            read = pyogrio.read_dataframe(path, layer=layer or None, on_invalid="ignore")
    except (
        DataSourceError,
        DataLayerError,
        UnicodeDecodeError,
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
    ) as error:
        raise InputError(
            f"[{what}] path: {path.name} cannot be read: {error}; convert it to GeoPackage or CSV (UTF-8)"
        ) from error
    return gpd.GeoDataFrame(read)


def text_column(table: pd.DataFrame, names: tuple[str, ...], *, what: str) -> pd.Series:
    """Join columns as text; missing values are "".

    Raises:
        MissingInput: a column that is not there.
    """
    for name in names:
        if name not in table.columns:
            have = ", ".join(str(column) for column in table.columns[:20])
            raise MissingInput(
                f"{what}: no column {name!r}; the file has {have}; mend the column name in the city file"
            )
    parts = [table[name].map(_as_text) for name in names]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + " " + part
    return joined.str.strip() if len(parts) > 1 else joined


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
    odd = ~plain.str.isascii()
    keys = (
        plain.str.strip()
        .str.removesuffix(".0")
        .str.upper()
        .str.replace(r"[^0-9A-Z]", "", regex=True)
    )
    keys[odd] = plain[odd].map(normalize_key)
    return keys


def _separator(path: Path) -> str:
    """Return the separator that the header line of a CSV uses most; a comma when it holds none."""
    with path.open(encoding="utf-8-sig") as stream:
        header = stream.readline()
    return max((",", ";", "\t", "|"), key=header.count)


def _as_text(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return (
        ""
        if value is pd.NaT or value is pd.NA
        else str(value).replace("\r\n", "\n").replace("\r", "\n")
    )
