"""Check that the sentence that rides on every product still does, whole and in every place."""

import csv
import html
import re
from collections.abc import Iterator
from pathlib import Path

from gis_export.verify.finding import EXPORT_AGAIN, Finding, and_more
from gis_export.verify.reading import reading
from inference.hazard import USE_LIMIT

_BEGINS = USE_LIMIT.split(". ")[0]
_COLUMN = "USE_LIMIT"
_ENDINGS = (".drawingInfo.json", ".iso.xml", ".shp.xml", ".qgs", ".sld")
_NAMES = frozenset({"data_dictionary.html"})
_PLACES = (
    ("fire", "guide.html"),
    ("fire_map", "index.html"),
    ("fire_map", "README.txt"),
    ("fire_map", "data.js"),
    ("public", "index.html"),
)
_PAGES = frozenset({"evidence", "phone_lists"})
_PUT_BACK = f"put the whole sentence back, or {EXPORT_AGAIN}"
_BLANKS = re.compile(r"\s+")


def must_carry(path: Path) -> bool:
    """Tell whether every copy of a file carries the sentence."""
    is_page = path.parent.name in _PAGES and path.suffix == ".html"
    is_place = (path.parent.name, path.name) in _PLACES
    return is_page or is_place or path.name in _NAMES or path.name.endswith(_ENDINGS)


def check_sentence(path: Path) -> Iterator[Finding]:
    """Check a text file that carries the sentence."""
    with reading(path):
        text = _BLANKS.sub(" ", html.unescape(path.read_text(encoding="utf-8")))

    whole = text.count(USE_LIMIT)
    begun = text.count(_BEGINS)
    if whole and begun == whole:
        return

    yield Finding(
        path=path,
        what="does not carry the whole sentence on what no symbol means",
        got=f"{whole} whole of {begun}" if begun else "none",
        want=repr(USE_LIMIT),
        remedy=_PUT_BACK,
    )


def check_sentence_column(path: Path) -> Iterator[Finding]:
    """Check the column USE_LIMIT of a CSV, if it has one."""
    with reading(path), path.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader(stream)
        if _COLUMN not in (rows.fieldnames or ()):
            return
        cells = [row[_COLUMN] or "" for row in rows]

    wrong = [number for number, cell in enumerate(cells, 1) if cell != USE_LIMIT]
    if wrong:
        yield Finding(
            path=path,
            what="USE_LIMIT is not the sentence on what no symbol means",
            got=f"{cells[wrong[0] - 1]!r} in row {wrong[0]}{and_more(len(wrong) - 1)}",
            want=repr(USE_LIMIT),
            remedy=_PUT_BACK,
        )
