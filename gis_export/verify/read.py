"""Read any product as a table under short names, its geometry, or only the names of its fields."""

import csv
import io
import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import ParseError, iterparse
from zipfile import BadZipFile, ZipFile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from gis_export.tables import whole
from gis_export.verify.dbf import read_dbf
from gis_export.verify.finding import Finding, short_name
from gis_export.verify.rows import NUMBERS, TEXTS

VECTOR = frozenset({".shp", ".gpkg", ".fgb", ".geojson", ".pmtiles", ".dbf", ".gdb", ".kml", ".gml"})
TABLES = frozenset({".csv", ".tsv", ".parquet", ".xlsx", ".js", ".json", ".zip"})
_WANTED = frozenset(TEXTS) | frozenset(NUMBERS)
_OWN_TABLES = frozenset({"layer_styles", "qgis_projects"})  # of QGIS, with a column "owner"
_KEY_END = re.compile(r'"\s*:')
_PAGE = re.compile(r"\s*(?:window\.\w+\s*=\s*)?(?=[\[{])")
_HEADER_ROWS = 12  # a header may stand below a title and the use limit
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_BROKEN = (DataSourceError, DataLayerError, pa.ArrowException, OSError, UnicodeError, csv.Error, BadZipFile, ParseError, ValueError, KeyError)


class Unreadable(Exception):
    """A product that its reader refuses; holds the finding."""

    def __init__(self, finding: Finding) -> None:
        """Keep the finding."""
        super().__init__(str(finding))
        self.finding = finding


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a reader raises into `Unreadable`; its warnings are left to the checks."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except _BROKEN as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unreadable(Finding(path=path, what="cannot be read", got=said, want="a whole file", remedy="export again")) from error


def field_names(path: Path) -> list[str]:
    """Return the name of every field in a file, as it spells them; [] for a file of no known kind."""
    kind = path.suffix.lower()
    with reading(path):
        if kind in VECTOR:
            return _vector_fields(str(path))
        if kind in (".csv", ".tsv"):
            with path.open("rb") as stream:
                return _csv_header(stream.readline())
        if kind == ".parquet":
            return list(pyarrow.parquet.read_schema(path).names)
        if kind in (".js", ".json"):
            return _json_keys(path)
        if kind == ".xlsx":
            return _xlsx_headers(path)
        if kind == ".zip":
            return _zip_fields(path)
    return []


def layer_names(path: Path) -> list[str]:
    """Return the layers of a vector file."""
    with reading(path):
        return [str(name) for name, _ in pyogrio.list_layers(path) if name not in _OWN_TABLES]


def read_layer(path: Path, layer: str | None = None, *, columns: bool = True, shapes: bool = True) -> tuple[pa.Table, pa.Array]:
    """Return the checked columns of a vector layer under short names, and its geometry as WKB; either may be left out."""
    with reading(path):
        names = [str(name) for name in pyogrio.read_info(path, layer=layer)["fields"]] if columns else []
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
            names = _csv_header(stream.readline())
        kept = [name for name in names if short_name(name) in _WANTED]
        if not kept:
            return pa.table({})
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        convert = pyarrow.csv.ConvertOptions(include_columns=kept, column_types=dict.fromkeys(kept, pa.string()), strings_can_be_null=False)
        return _typed(pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert))


def read_parquet(path: Path) -> tuple[pa.Table, pa.Array]:
    """Return the checked columns of a GeoParquet under short names, and its geometry as WKB."""
    with reading(path):
        names = pyarrow.parquet.read_schema(path).names
        kept = [name for name in names if short_name(name) in _WANTED]
        table = pyarrow.parquet.read_table(path, columns=[*kept, *(["geometry"] if "geometry" in names else [])])
        return _typed(table.select(kept)), _wkb(table, "geometry")


def read_page(path: Path) -> pa.Table:
    """Return the columns of a page's data under short names; no columns where it holds none."""
    with reading(path):
        text = path.read_text(encoding="utf-8")
        start = _PAGE.match(text)
        data = json.JSONDecoder().raw_decode(text, start.end())[0] if start else {}
        columns = data.get("columns") if isinstance(data, dict) else None
        if not isinstance(columns, dict):
            return pa.table({})
        return _typed(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items() if short_name(name) in _WANTED}))


def _wkb(table: pa.Table, name: str) -> pa.Array:
    return whole(table[name]).cast(pa.binary()) if name in table.column_names else pa.array([], pa.binary())


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


def _vector_fields(source: str) -> list[str]:
    layers = [str(name) for name, _ in pyogrio.list_layers(source) if name not in _OWN_TABLES]
    return [str(name) for layer in layers for name in pyogrio.read_info(source, layer=layer)["fields"]]


def _csv_header(line: bytes) -> list[str]:
    text = line.decode("utf-8-sig")
    return next(csv.reader([text], delimiter="\t" if "\t" in text and "," not in text else ","), [])


def _json_keys(path: Path) -> list[str]:
    """Return every key of a JSON text, at any depth; a quote inside a value is escaped, so none can pass for a key."""
    text = path.read_text(encoding="utf-8")
    if not _PAGE.match(text):
        return []
    ends = [end.start() for end in _KEY_END.finditer(text) if text[end.start() - 1] != "\\"]
    return sorted({text[text.rfind('"', 0, end) + 1 : end] for end in ends})


def _xlsx_headers(path: Path) -> list[str]:
    """Return the texts of the first rows of every sheet; a blank form has none."""
    with ZipFile(path) as book:
        shared = _shared_texts(book) if "xl/sharedStrings.xml" in book.namelist() else []
        sheets = [name for name in book.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]
        return [text for sheet in sheets for text in _first_cells(book, sheet, shared)]


def _shared_texts(book: ZipFile) -> list[str]:
    with book.open("xl/sharedStrings.xml") as stream:
        return ["".join(part.text or "" for part in item.iter(f"{_MAIN}t")) for _, item in iterparse(stream) if item.tag == f"{_MAIN}si"]


def _first_cells(book: ZipFile, sheet: str, shared: list[str]) -> Iterator[str]:
    with book.open(sheet) as stream:
        rows = 0
        for _, item in iterparse(stream):
            if item.tag == f"{_MAIN}c":
                value = item.findtext(f"{_MAIN}v") or ""
                yield shared[int(value)] if item.get("t") == "s" else "".join(part.text or "" for part in item.iter(f"{_MAIN}t"))
            elif item.tag == f"{_MAIN}row":
                rows += 1
                if rows == _HEADER_ROWS:
                    return


def _zip_fields(path: Path) -> list[str]:
    names: list[str] = []
    with ZipFile(path) as archive:
        for entry in archive.namelist():
            if entry.lower().endswith((".dbf", ".gpkg")):
                names += _vector_fields(f"/vsizip/{path.resolve()}/{entry}")
            elif entry.lower().endswith(".csv"):
                with io.BytesIO(archive.open(entry).readline()) as stream:
                    names += _csv_header(stream.read())
    return names
