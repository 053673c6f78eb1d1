"""Choose the columns of a tier from the rows and give them the types of a format.

No file is opened here. Arrow works on whole columns. Python handles only the few cells that are
too long or that a spreadsheet would run as a formula.
"""

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_export.table import columns
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Field, arrow_type
from imagery.errors import InputError
from imagery.shapes import Shapes
from imagery.values.formulas import harmless

_FORMULA = "^[ \u00a0]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_SIX_DIGITS = pa.decimal128(38, 6)
# Where GDAL looks for the width of a field in an Arrow schema.
_OGR_WIDTH = "GDAL:OGR:width"


def arrow_table(table: ExportTable, fields: tuple[Field, ...], *, long_names: bool) -> pa.Table:
    """Return the fields as an Arrow table with real nulls; empty text is null."""
    cells = {
        field.column(long_names=long_names): _arrow_column(table.rows[field.name], field)
        for field in fields
    }
    return pa.table(cells)


def dbf_table(table: ExportTable, fields: tuple[Field, ...]) -> pa.Table:
    """Return the fields as a shapefile can hold them.

    Only dates are null. Text is cut to the width of its field in bytes. A shapefile reads a
    missing number as 0, which would say "lowest risk", so a missing number is -1. The schema
    tells GDAL the width of every field.

    Raises:
        InputError: a parcel_id is wider than its field.
    """
    cells = [_dbf_column(table.rows[field.name], field) for field in fields]
    schema = [
        pa.field(field.name, _dbf_arrow_type(field), metadata={_OGR_WIDTH: str(field.width)})
        for field in fields
    ]
    return pa.table(cells, schema=pa.schema(schema))


def with_geometry(cells: pa.Table, shapes: Shapes, *, multi: bool) -> pa.Table:
    """Append shapes as WKB in the column 'geometry'.

    Args:
        cells: The attributes.
        shapes: Geometries or None, in the order of the rows.
        multi: Whether polygons become multipolygons.
    """
    wkb = shapely.to_wkb(as_multi(shapes) if multi else shapes, flavor="iso")
    return cells.append_column(columns.GEOMETRY, pa.array(wkb, type=pa.binary()))


def as_multi(shapes: Shapes) -> Shapes:
    """Return polygons as multipolygons, other shapes as they are."""
    is_single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    numbers = np.arange(is_single.sum())

    multi = shapes.copy()
    multi[is_single] = shapely.multipolygons(shapes[is_single], indices=numbers)
    return multi


def csv_frame(rows: pd.DataFrame, fields: tuple[Field, ...], *, long_names: bool) -> pd.DataFrame:
    """Return the fields as text for a CSV.

    Dates are ISO dates, whole numbers have no point, formulas are made harmless, null is "".
    """
    cells = {}
    for field in fields:
        texts = _csv_column(rows[field.name], field)
        cells[field.column(long_names=long_names)] = texts.to_pandas().astype(object)
    return pd.DataFrame(cells)


def csv_texts(cells: Iterable[object]) -> list[str]:
    """Return values as a CSV spells them: ISO dates, six digits after the point, "" for null."""
    return [_csv_text(cell) for cell in cells]


def _csv_text(cell: object) -> str:
    if is_null(cell):
        return ""
    return f"{cell:.6f}" if isinstance(cell, float) else str(cell)


def is_null(cell: object) -> bool:
    """Return whether a cell is empty: None, NaN, NaT or NA."""
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return True
    return isinstance(cell, float) and math.isnan(cell)


def harmless_texts(texts: pa.Array) -> pa.Array:
    """Return a column of text with `harmless` applied to every cell; nulls are kept."""
    is_risky = pc.fill_null(pc.match_substring_regex(texts, _FORMULA), False)
    if not pc.any(is_risky).as_py():
        return texts

    changed = [harmless(text) for text in texts.filter(is_risky).to_pylist()]
    return pc.replace_with_mask(texts, is_risky, pa.array(changed, pa.string()))


def whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def fit(text: str, field: Field) -> str:
    """Cut a text to the bytes of its field, at a whole character.

    Raises:
        InputError: an id would be cut.
    """
    raw = text.replace("\x00", "").encode()
    if len(raw) > field.width and field.name == columns.PARCEL_ID:
        raise InputError(
            f"parcel_id {text!r} has {len(raw)} bytes, a shapefile field of {field.width} cannot "
            "hold it; shorten the key"
        )
    return raw[: field.width].decode(errors="ignore")


def _arrow_column(cells: pd.Series, field: Field) -> pa.Array:
    """Return a column with real nulls; empty text is null."""
    kind = arrow_type(field)
    if field.kind == "date":
        return whole(pa.array(cells, type=kind, from_pandas=True))

    column = whole(pa.array(cells, from_pandas=True))
    if field.kind == "text":
        texts = column.cast(kind)
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, kind), texts)

    numbers = column.cast(pa.float64())
    return pc.round(numbers).cast(kind) if field.kind == "int" else numbers


def _dbf_column(cells: pd.Series, field: Field) -> pa.Array:
    column = _arrow_column(cells, field)
    if field.kind == "date":
        return column
    if field.kind == "text":
        return _fit_texts(pc.fill_null(column, ""), field)
    return pc.fill_null(column, -1).cast(_dbf_arrow_type(field))


def _csv_column(cells: pd.Series, field: Field) -> pa.Array:
    column = _arrow_column(cells, field)
    if field.kind == "real":
        column = column.cast(_SIX_DIGITS)

    texts = pc.fill_null(column.cast(pa.string()), "")
    return harmless_texts(texts) if field.kind == "text" else texts


def _fit_texts(texts: pa.Array, field: Field) -> pa.Array:
    """Return a column of text with `fit` applied to every cell that needs it."""
    is_long = pc.greater(pc.binary_length(texts), field.width)
    is_odd = pc.or_(is_long, pc.match_substring(texts, "\x00"))
    if not pc.any(is_odd).as_py():
        return texts

    changed = [fit(text, field) for text in texts.filter(is_odd).to_pylist()]
    return pc.replace_with_mask(texts, is_odd, pa.array(changed, pa.string()))


def _dbf_arrow_type(field: Field) -> pa.DataType:
    """Return the type whose width GDAL writes as the width of the field."""
    if field.kind != "real":
        return arrow_type(field)

    # Only a decimal carries its digits after the point. It takes two more places, for sign and
    # point.
    return pa.decimal128(field.width - 2, field.precision)
