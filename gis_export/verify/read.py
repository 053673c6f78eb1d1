"""Read any product as a table under short names, and its geometry."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pyogrio

from gis_export.table import columns
from gis_export.table.tables import whole
from gis_export.verify.audience import short_name
from gis_export.verify.dbf import read_dbf
from gis_export.verify.names import OWN_TABLES, PAGE_START, csv_header
from gis_export.verify.reading import reading
from gis_export.verify.rows import NUMBERS, TEXTS

_WANTED = frozenset(TEXTS) | frozenset(NUMBERS)

# What GDAL calls a geometry column that has no name.
_UNNAMED_GEOMETRY = "wkb_geometry"


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """The rows of a product, and their shapes."""

    table: pa.Table
    """The checked columns under short names; without columns when they were not asked for."""
    shapes: pa.Array
    """WKB, (rows,); empty when there is no geometry, or it was not asked for."""


def layer_names(path: Path) -> list[str]:
    """Return the layers of a vector file."""
    with reading(path):
        return [str(name) for name, _ in pyogrio.list_layers(path) if name not in OWN_TABLES]


def read_layer(path: Path, layer: str | None = None, *, shapes: bool = True) -> Layer:
    """Return a vector layer; its geometry may be left out."""
    with reading(path):
        kept = _wanted(pyogrio.read_info(path, layer=layer)["fields"])
        meta, table = pyogrio.read_arrow(path, layer=layer, columns=kept, read_geometry=shapes)
        geometry = meta["geometry_name"] or _UNNAMED_GEOMETRY
        return Layer(table=_typed(table.select(kept)), shapes=_wkb(table, geometry))


def read_shape(path: Path, *, with_table: bool = True) -> Layer:
    """Return a shapefile: its columns from the bytes of its table, its geometry by GDAL."""
    with reading(path):
        meta, found = pyogrio.read_arrow(path, columns=[])
        shapes = _wkb(found, meta["geometry_name"] or _UNNAMED_GEOMETRY)

        table = pa.table({})
        if with_table:
            table = read_dbf(path.with_suffix(".dbf")).table(_WANTED)
        return Layer(table=_typed(table), shapes=shapes)


def read_csv(path: Path) -> pa.Table:
    """Return the checked columns of a CSV under short names."""
    with reading(path):
        with path.open("rb") as stream:
            kept = _wanted(csv_header(stream.readline()))
        if not kept:
            return pa.table({})

        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True, delimiter=delimiter)
        convert = pyarrow.csv.ConvertOptions(
            include_columns=kept,
            column_types=dict.fromkeys(kept, pa.string()),
            strings_can_be_null=False,
        )
        return _typed(pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert))


def read_parquet(path: Path) -> Layer:
    """Return a GeoParquet."""
    with reading(path):
        names = pyarrow.parquet.read_schema(path).names
        kept = _wanted(names)
        geometry = [name for name in names if name == columns.GEOMETRY]
        table = pyarrow.parquet.read_table(path, columns=kept + geometry)
        return Layer(table=_typed(table.select(kept)), shapes=_wkb(table, columns.GEOMETRY))


def read_page(path: Path) -> pa.Table:
    """Return the columns of a page's data under short names; no columns when it holds none."""
    with reading(path):
        text = path.read_text(encoding="utf-8")
        start = PAGE_START.match(text)
        if start is None:
            return pa.table({})

        data, _ = json.JSONDecoder().raw_decode(text, start.end())
        cells = data.get("columns") if isinstance(data, dict) else None
        if not isinstance(cells, dict):
            return pa.table({})

        texts = {name: pa.array(cells[name], pa.string()) for name in _wanted(cells)}
        return _typed(pa.table(texts))


def _wanted(names: Iterable[str]) -> list[str]:
    """Return the names of the columns that are checked, as the file spells them."""
    return [str(name) for name in names if short_name(str(name)) in _WANTED]


def _wkb(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.array([], pa.binary())
    return whole(table[name]).cast(pa.binary())


def _typed(table: pa.Table) -> pa.Table:
    """Give columns their short names, text as text with "" for null, numbers as numbers."""
    typed: dict[str, pa.Array] = {}
    for name in table.column_names:
        short = short_name(name)
        column = whole(table[name])
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        if short not in NUMBERS:
            typed[short] = pc.fill_null(column.cast(pa.string()), "")
        elif is_text:
            typed[short] = _numbers(column)
        else:
            typed[short] = column.cast(pa.float64())
    return pa.table(typed)


def _numbers(texts: pa.Array) -> pa.Array:
    """Return numbers that are written as text.

    An empty cell is null, and so is one full of stars, as a .dbf may have it.
    """
    bare = pc.utf8_trim(texts, characters=" \x00*")
    return pc.if_else(pc.equal(bare, ""), None, bare).cast(pa.float64())
