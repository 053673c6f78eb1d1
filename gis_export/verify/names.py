"""Read only the names of the fields of a product, in whatever format."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import iterparse
from zipfile import ZipFile

import pyarrow.parquet
import pyogrio

from gis_export.verify.reading import reading

VECTOR = frozenset(
    {".shp", ".gpkg", ".fgb", ".geojson", ".pmtiles", ".dbf", ".gdb", ".kml", ".gml"}
)
TABLES = frozenset({".csv", ".tsv", ".parquet", ".xlsx", ".js", ".json", ".zip"})
OWN_TABLES = frozenset({"layer_styles", "qgis_projects"})  # of QGIS, with a column "owner"
_KEY_END = re.compile(r'"\s*:')
PAGE_START = re.compile(r"\s*(?:window\.\w+\s*=\s*)?(?=[\[{])")
_HEADER_ROWS = 12  # a header may stand below a title and the use limit
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def field_names(path: Path) -> list[str]:
    """Return the name of every field in a file, as it spells them; [] for a file of no known kind."""
    kind = path.suffix.lower()
    with reading(path):
        if kind in VECTOR:
            return _vector_fields(str(path))
        if kind in (".csv", ".tsv"):
            with path.open("rb") as stream:
                return csv_header(stream.readline())
        if kind == ".parquet":
            return list(pyarrow.parquet.read_schema(path).names)
        if kind in (".js", ".json"):
            return _json_keys(path)
        if kind == ".xlsx":
            return _xlsx_headers(path)
        if kind == ".zip":
            return _zip_fields(path)
    return []


def csv_header(line: bytes) -> list[str]:
    """Return the names in the first line of a CSV."""
    text = line.decode("utf-8-sig")
    return next(csv.reader([text], delimiter="\t" if "\t" in text and "," not in text else ","), [])


def _vector_fields(source: str) -> list[str]:
    layers = [str(name) for name, _ in pyogrio.list_layers(source) if name not in OWN_TABLES]
    return [
        str(name) for layer in layers for name in pyogrio.read_info(source, layer=layer)["fields"]
    ]


def _json_keys(path: Path) -> list[str]:
    """Return every key of a JSON text, at any depth; a quote inside a value is escaped, so none can pass for a key."""
    text = path.read_text(encoding="utf-8")
    if not PAGE_START.match(text):
        return []
    ends = [end.start() for end in _KEY_END.finditer(text) if text[end.start() - 1] != "\\"]
    return sorted({text[text.rfind('"', 0, end) + 1 : end] for end in ends})


def _xlsx_headers(path: Path) -> list[str]:
    """Return the texts of the first rows of every sheet; a blank form has none."""
    with ZipFile(path) as book:
        shared = _shared_texts(book) if "xl/sharedStrings.xml" in book.namelist() else []
        sheets = [
            name for name in book.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)
        ]
        return [text for sheet in sheets for text in _first_cells(book, sheet, shared)]


def _shared_texts(book: ZipFile) -> list[str]:
    with book.open("xl/sharedStrings.xml") as stream:
        return [
            "".join(part.text or "" for part in item.iter(f"{_MAIN}t"))
            for _, item in iterparse(stream)
            if item.tag == f"{_MAIN}si"
        ]


def _first_cells(book: ZipFile, sheet: str, shared: list[str]) -> Iterator[str]:
    with book.open(sheet) as stream:
        rows = 0
        for _, item in iterparse(stream):
            if item.tag == f"{_MAIN}c":
                value = item.findtext(f"{_MAIN}v") or ""
                yield (
                    shared[int(value)]
                    if item.get("t") == "s"
                    else "".join(part.text or "" for part in item.iter(f"{_MAIN}t"))
                )
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
                    names += csv_header(stream.read())
    return names
