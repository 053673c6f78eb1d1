"""Read any product as a table under short names, and its geometry."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pyogrio

from gis_export.table.tables import whole
from gis_export.verify.dbf import read_dbf
from gis_export.verify.finding import short_name
from gis_export.verify.names import OWN_TABLES, PAGE_START, csv_header
from gis_export.verify.reading import reading
from gis_export.verify.rows import NUMBERS, TEXTS

_WANTED = frozenset(TEXTS) | frozenset(NUMBERS)


def layer_names(path: Path) -> list[str]:
    """Return the layers of a vector file."""
    with reading(path):
        return [str(name) for name, _ in pyogrio.list_layers(path) if name not in OWN_TABLES]


def read_layer(
    path: Path, layer: str | None = None, *, columns: bool = True, shapes: bool = True
) -> tuple[pa.Table, pa.Array]:
    """Return the checked columns of a vector layer under short names, and its geometry as WKB; either may be left out."""
    with reading(path):
        names = (
            [str(name) for name in pyogrio.read_info(path, layer=layer)["fields"]]
            if columns
            else []
        )
        kept = [name for name in names if short_name(name) in _WANTED]
        meta, table = pyogrio.read_arrow(path, layer=layer, columns=kept, read_geometry=shapes)
        geometry = meta["geometry_name"] or "wkb_geometry"
        return _typed(table.select(kept)), _wkb(table, geometry)


def read_shape(path: Path, *, columns: bool = True) -> tuple[pa.Table, pa.Array]:
    """Return the checked columns of a shapefile, from the bytes of its table, and its geometry as WKB, by GDAL."""
    with reading(path):
        _, shapes = read_layer(path, columns=False)
        table = read_dbf(path.with_suffix(".dbf")).table(_WANTED) if columns else pa.table({})
        return _typed(table), shapes


def read_csv(path: Path) -> pa.Table:
    """Return the checked columns of a CSV under short names."""
    with reading(path):
        with path.open("rb") as stream:
            names = csv_header(stream.readline())
        kept = [name for name in names if short_name(name) in _WANTED]
        if not kept:
            return pa.table({})
        parse = pyarrow.csv.ParseOptions(
            newlines_in_values=True, delimiter="\t" if path.suffix.lower() == ".tsv" else ","
        )
        convert = pyarrow.csv.ConvertOptions(
            include_columns=kept,
            column_types=dict.fromkeys(kept, pa.string()),
            strings_can_be_null=False,
        )
        return _typed(pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert))


def read_parquet(path: Path) -> tuple[pa.Table, pa.Array]:
    """Return the checked columns of a GeoParquet under short names, and its geometry as WKB."""
    with reading(path):
        names = pyarrow.parquet.read_schema(path).names
        kept = [name for name in names if short_name(name) in _WANTED]
        table = pyarrow.parquet.read_table(
            path, columns=[*kept, *(["geometry"] if "geometry" in names else [])]
        )
        return _typed(table.select(kept)), _wkb(table, "geometry")


def read_page(path: Path) -> pa.Table:
    """Return the columns of a page's data under short names; no columns where it holds none."""
    with reading(path):
        text = path.read_text(encoding="utf-8")
        start = PAGE_START.match(text)
        data = json.JSONDecoder().raw_decode(text, start.end())[0] if start else {}
        columns = data.get("columns") if isinstance(data, dict) else None
        if not isinstance(columns, dict):
            return pa.table({})
        return _typed(
            pa.table(
                {
                    name: pa.array(cells, pa.string())
                    for name, cells in columns.items()
                    if short_name(name) in _WANTED
                }
            )
        )


def _wkb(table: pa.Table, name: str) -> pa.Array:
    return (
        whole(table[name]).cast(pa.binary())
        if name in table.column_names
        else pa.array([], pa.binary())
    )


def _typed(table: pa.Table) -> pa.Table:
    """Give columns their short names, text as text with "" for null, numbers as numbers."""
    columns: dict[str, pa.Array] = {}
    for name in table.column_names:
        short, column = short_name(name), whole(table[name])
        if short not in NUMBERS:
            columns[short] = pc.fill_null(column.cast(pa.string()), "")
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            columns[short] = _numbers(column)
        else:
            columns[short] = column.cast(pa.float64())
    return pa.table(columns)


def _numbers(texts: pa.Array) -> pa.Array:
    """Return numbers that are written as text; an empty cell, or one full of stars as a .dbf has it, is null."""
    bare = pc.utf8_trim(texts, characters=" \x00*")
    return pc.if_else(pc.equal(bare, ""), None, bare).cast(pa.float64())
