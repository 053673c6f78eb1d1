"""Choose the columns of a tier from the rows and give them the types of a format. No file is opened here.

Columns are worked on whole, by Arrow; Python sees only the few cells that are too long or read as a formula.
"""

import math
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_export.table.fields import Field, arrow_type
from imagery.errors import InputError

_FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_FORMULA = "^[ \u00a0]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_SIX_DIGITS = pa.decimal128(38, 6)
# Where GDAL looks for the width of a field in an Arrow schema.
_OGR_WIDTH = "GDAL:OGR:width"


def arrow_table(rows: gpd.GeoDataFrame, fields: tuple[Field, ...], *, long_names: bool) -> pa.Table:
    """Return the fields as an Arrow table with real nulls; empty text is null."""
    return pa.table(
        {
            field.alias if long_names else field.name: _column(rows[field.name], field)
            for field in fields
        }
    )


def dbf_table(rows: gpd.GeoDataFrame, fields: tuple[Field, ...]) -> pa.Table:
    """Return the fields as a shapefile can hold them: no null but in dates, text cut to the width in bytes.

    A shapefile reads a missing number as 0, which would say "lowest risk"; so a missing number is -1. The schema tells
    GDAL the width of every field; a real number is a decimal, since only a decimal carries its digits after the point.

    Raises:
        InputError: a parcel_id is wider than its field.
    """
    columns = []
    for field in fields:
        column = _column(rows[field.name], field)
        if field.kind == "text":
            column = _fitted(pc.fill_null(column, ""), field)
        elif field.kind != "date":
            column = pc.fill_null(column, -1).cast(_dbf_arrow_type(field))
        columns.append(column)
    return pa.table(
        columns,
        schema=pa.schema(
            [
                pa.field(
                    field.name, _dbf_arrow_type(field), metadata={_OGR_WIDTH: str(field.width)}
                )
                for field in fields
            ]
        ),
    )


def with_geometry(table: pa.Table, rows: gpd.GeoDataFrame, *, multi: bool) -> pa.Table:
    """Append the geometry as WKB in the column 'geometry'."""
    shapes = rows.geometry.to_numpy()
    if multi:
        single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
        shapes = shapes.copy()
        shapes[single] = shapely.multipolygons(shapes[single], indices=np.arange(single.sum()))
    return table.append_column(
        "geometry", pa.array(shapely.to_wkb(shapes, flavor="iso"), type=pa.binary())
    )


def csv_frame(rows: pd.DataFrame, fields: tuple[Field, ...], *, long_names: bool) -> pd.DataFrame:
    """Return the fields as text for a CSV: ISO dates, whole numbers whole, formulas made harmless, "" for null."""
    return pd.DataFrame(
        {
            field.alias if long_names else field.name: _csv_column(rows[field.name], field)
            .to_pandas()
            .astype(object)
            for field in fields
        }
    )


def csv_texts(cells: Iterable[object]) -> list[str]:
    """Return values as a CSV spells them: ISO dates, six digits after the point, "" for null."""
    return [
        "" if is_null(cell) else f"{cell:.6f}" if isinstance(cell, float) else str(cell)
        for cell in cells
    ]


def is_null(cell: object) -> bool:
    """Return whether a cell is empty: None, NaN, NaT or NA."""
    return (
        cell is None
        or cell is pd.NaT
        or cell is pd.NA
        or (isinstance(cell, float) and math.isnan(cell))
    )


def harmless(text: str) -> str:
    """Keep a spreadsheet from running a text as a formula: an apostrophe goes in front of it.

    See OWASP, "CSV Injection". Numbers such as -1 stay as they are.
    """
    start = text.lstrip(" \u00a0")[:1]
    if not start or start not in _FORMULA_STARTS:
        return text
    return text if _is_number(text) else f"'{text}"


def harmless_texts(texts: pa.Array) -> pa.Array:
    """Return a column of text as `harmless` leaves it; nulls stay."""
    risky = pc.fill_null(pc.match_substring_regex(texts, _FORMULA), False)
    if not pc.any(risky).as_py():
        return texts
    return pc.replace_with_mask(
        texts,
        risky,
        pa.array([harmless(text) for text in texts.filter(risky).to_pylist()], pa.string()),
    )


def whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def fit(text: str, field: Field) -> str:
    """Cut a text to the bytes of its field, at a whole character.

    Raises:
        InputError: an id would be cut.
    """
    raw = text.replace("\x00", "").encode()
    if len(raw) > field.width and field.name == "PARCEL_ID":
        raise InputError(
            f"parcel_id {text!r} has {len(raw)} bytes, a shapefile field of {field.width} cannot hold it; shorten the key"
        )
    return raw[: field.width].decode(errors="ignore")


def _column(cells: pd.Series, field: Field) -> pa.Array:
    """Return a column with real nulls; empty text is null."""
    kind = arrow_type(field)
    if field.kind == "text":
        texts = whole(pa.array(cells, from_pandas=True)).cast(kind)
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, kind), texts)
    if field.kind == "date":
        return whole(pa.array(cells, type=kind, from_pandas=True))
    numbers = whole(pa.array(cells, from_pandas=True)).cast(pa.float64())
    return pc.round(numbers).cast(kind) if field.kind == "int" else numbers


def _csv_column(cells: pd.Series, field: Field) -> pa.Array:
    column = _column(cells, field)
    if field.kind == "real":
        column = column.cast(_SIX_DIGITS)
    texts = pc.fill_null(column.cast(pa.string()), "")
    return harmless_texts(texts) if field.kind == "text" else texts


def _fitted(texts: pa.Array, field: Field) -> pa.Array:
    odd = pc.or_(
        pc.greater(pc.binary_length(texts), field.width), pc.match_substring(texts, "\x00")
    )
    if not pc.any(odd).as_py():
        return texts
    return pc.replace_with_mask(
        texts,
        odd,
        pa.array([fit(text, field) for text in texts.filter(odd).to_pylist()], pa.string()),
    )


def _dbf_arrow_type(field: Field) -> pa.DataType:
    """Return the type whose width GDAL writes as the field's: a decimal takes two more places, for sign and point."""
    return (
        pa.decimal128(field.width - 2, field.precision)
        if field.kind == "real"
        else arrow_type(field)
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
