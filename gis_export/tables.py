"""Choose the columns of a tier from the rows and give them the types of a format. No file is opened here."""

import math
from collections.abc import Iterable

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import shapely

from gis_export.fields import Field, arrow_type
from imagery.errors import InputError

_FORMULA_STARTS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"


def arrow_table(rows: gpd.GeoDataFrame, fields: tuple[Field, ...], *, long_names: bool) -> pa.Table:
    """Return the fields as an Arrow table with real nulls; empty text is null."""
    columns = {field.alias if long_names else field.name: pa.array(_cells(rows[field.name], field), type=arrow_type(field)) for field in fields}
    return pa.table(columns)


def dbf_table(rows: gpd.GeoDataFrame, fields: tuple[Field, ...]) -> pa.Table:
    """Return the fields as a shapefile can hold them: no null but in dates, text cut to the width in bytes.

    A shapefile reads a missing number as 0, which would say "lowest risk"; so a missing number is -1.

    Raises:
        InputError: a parcel_id is wider than its field.
    """
    columns: dict[str, pa.Array] = {}
    for field in fields:
        cells = _cells(rows[field.name], field)
        if field.kind == "text":
            cells = [fit(str(cell or ""), field) for cell in cells]
        elif field.kind != "date":
            cells = [-1 if cell is None else cell for cell in cells]
        columns[field.name] = pa.array(cells, type=arrow_type(field))
    return pa.table(columns)


def with_geometry(table: pa.Table, rows: gpd.GeoDataFrame, *, multi: bool) -> pa.Table:
    """Append the geometry as WKB in the column 'geometry'."""
    shapes = rows.geometry.to_numpy()
    if multi:
        shapes = [shapely.MultiPolygon([shape]) if shape is not None and shape.geom_type == "Polygon" else shape for shape in shapes]
    return table.append_column("geometry", pa.array(shapely.to_wkb(shapes, flavor="iso"), type=pa.binary()))


def csv_frame(rows: pd.DataFrame, fields: tuple[Field, ...], *, long_names: bool) -> pd.DataFrame:
    """Return the fields as text for a CSV: ISO dates, whole numbers whole, formulas made harmless, "" for null."""
    return pd.DataFrame(
        {field.alias if long_names else field.name: pd.Series([harmless(text) for text in csv_texts(_cells(rows[field.name], field))], dtype=object) for field in fields}
    )


def csv_texts(cells: Iterable[object]) -> list[str]:
    """Return values as a CSV spells them: ISO dates, six digits after the point, "" for null."""
    return ["" if is_null(cell) else f"{cell:.6f}" if isinstance(cell, float) else str(cell) for cell in cells]


def is_null(cell: object) -> bool:
    """Return whether a cell is empty: None, NaN, NaT or NA."""
    return cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell))


def harmless(text: str) -> str:
    """Keep a spreadsheet from running a text as a formula: an apostrophe goes in front of it.

    See OWASP, "CSV Injection". Numbers such as -1 stay as they are.
    """
    start = text.lstrip(" \u00a0")[:1]
    if not start or start not in _FORMULA_STARTS:
        return text
    return text if _is_number(text) else f"'{text}"


def fit(text: str, field: Field) -> str:
    """Cut a text to the bytes of its field, at a whole character.

    Raises:
        InputError: an id would be cut.
    """
    raw = text.replace("\x00", "").encode()
    if len(raw) > field.width and field.name == "PARCEL_ID":
        raise InputError(f"parcel_id {text!r} has {len(raw)} bytes, a shapefile field of {field.width} cannot hold it; shorten the key")
    return raw[: field.width].decode(errors="ignore")


def _cells(column: pd.Series, field: Field) -> list[object]:
    cells: list[object] = [None if is_null(cell) else cell for cell in column.tolist()]
    if field.kind == "text":
        return [cell or None for cell in cells]
    if field.kind == "int":
        return [round(cell) if isinstance(cell, float) else cell for cell in cells]
    return cells


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
