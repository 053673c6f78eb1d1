"""Read only the names of the fields of a product, in whatever format."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, iterparse
from zipfile import ZipFile

import pyarrow.parquet
import pyogrio

from gis_export.verify.reading import reading

VECTOR = frozenset(
    {".shp", ".gpkg", ".fgb", ".geojson", ".pmtiles", ".dbf", ".gdb", ".kml", ".gml"}
)
TABLES = frozenset({".csv", ".tsv", ".parquet", ".xlsx", ".js", ".json", ".zip"})
OWN_TABLES = frozenset({"layer_styles", "qgis_projects"})
"""Tables of QGIS, whose column "owner" is not ours."""
PAGE_START = re.compile(r"\s*(?:window\.\w+\s*=\s*)?(?=[\[{])")
"""What comes before the data of a page."""

_KEY_END = re.compile(r'"\s*:')
_SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml")
_SHARED_TEXTS = "xl/sharedStrings.xml"
# The header of a sheet may come below a title and the use limit.
_HEADER_ROWS = 12
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def field_names(path: Path) -> list[str]:
    """Return the name of every field in a file, as it spells them.

    A file of no known kind has none.
    """
    kind = path.suffix.lower()
    if kind in VECTOR:
        read: Callable[[Path], list[str]] = _vector_fields
    elif kind in _READERS:
        read = _READERS[kind]
    else:
        return []

    with reading(path):
        return read(path)


def csv_header(line: bytes) -> list[str]:
    """Return the names in the first line of a CSV."""
    text = line.decode("utf-8-sig")
    delimiter = "\t" if "\t" in text and "," not in text else ","
    return next(csv.reader([text], delimiter=delimiter), [])


def _vector_fields(source: Path | str) -> list[str]:
    names: list[str] = []
    for layer, _ in pyogrio.list_layers(source):
        if layer not in OWN_TABLES:
            fields = pyogrio.read_info(source, layer=layer)["fields"]
            names += [str(field) for field in fields]
    return names


def _csv_fields(path: Path) -> list[str]:
    with path.open("rb") as stream:
        return csv_header(stream.readline())


def _parquet_fields(path: Path) -> list[str]:
    return list(pyarrow.parquet.read_schema(path).names)


def _json_keys(path: Path) -> list[str]:
    """Return every key of a JSON text, at any depth.

    A quote inside a value is escaped, so no value can pass for a key.
    """
    text = path.read_text(encoding="utf-8")
    if not PAGE_START.match(text):
        return []

    keys = set()
    for found in _KEY_END.finditer(text):
        end = found.start()
        if text[end - 1] != "\\":
            keys.add(text[text.rfind('"', 0, end) + 1 : end])
    return sorted(keys)


def _xlsx_headers(path: Path) -> list[str]:
    """Return the texts of the first rows of every sheet; a blank form has none."""
    headers: list[str] = []
    with ZipFile(path) as book:
        names = book.namelist()
        shared = _shared_texts(book) if _SHARED_TEXTS in names else []
        for name in names:
            if _SHEET.fullmatch(name):
                headers += _first_cells(book, name, shared)
    return headers


def _shared_texts(book: ZipFile) -> list[str]:
    with book.open(_SHARED_TEXTS) as stream:
        return [_text_in(item) for _, item in iterparse(stream) if item.tag == f"{_MAIN}si"]


def _first_cells(book: ZipFile, sheet: str, shared: list[str]) -> Iterator[str]:
    """Yield the texts of the first rows of a sheet."""
    with book.open(sheet) as stream:
        rows = 0
        for _, item in iterparse(stream):
            if item.tag == f"{_MAIN}c":
                yield _cell_text(item, shared)
            elif item.tag == f"{_MAIN}row":
                rows += 1
                if rows == _HEADER_ROWS:
                    return


def _cell_text(cell: Element, shared: list[str]) -> str:
    if cell.get("t") == "s":
        return shared[int(cell.findtext(f"{_MAIN}v") or "")]
    return _text_in(cell)


def _text_in(item: Element) -> str:
    return "".join(text.text or "" for text in item.iter(f"{_MAIN}t"))


def _zip_fields(path: Path) -> list[str]:
    names: list[str] = []
    with ZipFile(path) as archive:
        for entry in archive.namelist():
            kind = Path(entry).suffix.lower()
            if kind in (".dbf", ".gpkg"):
                names += _vector_fields(f"/vsizip/{path.resolve()}/{entry}")
            elif kind == ".csv":
                with archive.open(entry) as stream:
                    names += csv_header(stream.readline())
    return names


_READERS: dict[str, Callable[[Path], list[str]]] = {
    ".csv": _csv_fields,
    ".tsv": _csv_fields,
    ".parquet": _parquet_fields,
    ".js": _json_keys,
    ".json": _json_keys,
    ".xlsx": _xlsx_headers,
    ".zip": _zip_fields,
}
