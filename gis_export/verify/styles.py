"""Check the styles that draw the words: each word its own symbol, label and color.

A style that somebody has made nicer is no finding. One that lacks a word, gives it another name, or
draws it in the color of another word is: the map would say something else than its rows.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, iterparse

from gis_export.table.symbols import SYMBOLS
from gis_export.verify.finding import EXPORT_AGAIN, Finding
from gis_export.verify.reading import reading

DRAWING_INFO = ".drawingInfo.json"
PROJECT = ".qgs"
_FIELDS = ("RISK_LVL", "hazard_level")
_PUT_BACK = f"put it back, or {EXPORT_AGAIN}"
_WORDS = {symbol.code: symbol.word.value for symbol in SYMBOLS}
_COLORS = {
    symbol.code: [int(symbol.color[start : start + 2], 16) for start in (1, 3, 5)]
    for symbol in SYMBOLS
}


def check_style(path: Path) -> Iterator[Finding]:
    """Check a drawingInfo or a project of QGIS."""
    if path.name.endswith(DRAWING_INFO):
        yield from _check_drawing_info(path)
    elif path.suffix == PROJECT:
        yield from _check_project(path)


def _check_drawing_info(path: Path) -> Iterator[Finding]:
    """Compare values, labels and colors of the styles of hosted layers with the words."""
    with reading(path):
        document = json.loads(path.read_text(encoding="utf-8"))
        renderers = [layer["drawingInfo"]["renderer"] for layer in document["layers"]]
        for renderer in renderers:
            found = {str(entry["value"]): entry for entry in renderer["uniqueValueInfos"]}
            yield from _check_renderer(path, str(renderer.get("field1")), found)


def _check_renderer(
    path: Path, field: str, found: dict[str, dict[str, object]]
) -> Iterator[Finding]:
    if field not in _FIELDS:
        yield _finding(path, "draws by another field", repr(field), repr(_FIELDS[0]))
    for code, word in _WORDS.items():
        if code not in found:
            yield _finding(path, f"has no symbol for {word}", "nothing", repr(code))
            continue

        label = str(found[code].get("label", ""))
        if not label.startswith(word):
            yield _finding(path, f"gives {code} another label", repr(label), word)
        symbol = found[code].get("symbol")
        color = symbol.get("color") if isinstance(symbol, dict) else None
        if color is not None and color[:3] != _COLORS[code]:
            yield _finding(path, f"draws {code} in another color", str(color), str(_COLORS[code]))


def _check_project(path: Path) -> Iterator[Finding]:
    """Check the categories of every layer of a project that is drawn by the words."""
    with reading(path):
        categories = list(_categories(path))

    for names in categories:
        for code, word in _WORDS.items():
            if code not in names:
                yield _finding(path, f"has no symbol for {word}", "nothing", repr(code))
            elif not names[code].startswith(word):
                yield _finding(path, f"gives {code} another label", repr(names[code]), word)

    lost = _lost_sources(path)
    if lost:
        yield _finding(
            path, "names a file that is not beside it", repr(lost[0]), "the layer's file"
        )


def _categories(path: Path) -> Iterator[dict[str, str]]:
    """Yield value and label of the categories of each layer that is drawn by all words."""
    for _, element in iterparse(path):
        if element.tag != "renderer-v2" or element.get("attr") not in _FIELDS:
            continue

        shown = [each for each in _all(element) if each.get("render", "true") == "true"]
        names = {each.get("value", ""): each.get("label", "") for each in shown}
        # A layer of one word alone, such as not_assessed, has that one.
        if len(set(names) & set(_WORDS)) > 1:
            yield names


def _all(renderer: Element) -> list[Element]:
    return list(renderer.iter("category"))


def _lost_sources(path: Path) -> list[str]:
    """Return the files of a project's layers that are not beside it."""
    text = path.read_text(encoding="utf-8")
    sources = re.findall(r"<datasource>\./([^|<]+)", text)
    return [name for name in dict.fromkeys(sources) if not (path.parent / name).exists()]


def _finding(path: Path, what: str, got: str, want: str) -> Finding:
    return Finding(path=path, what=what, got=got, want=want, remedy=_PUT_BACK)
