"""Compare a vendor's delivery with ours: it must tell dispatch the same of the same buildings.

Which column holds what only the city's column map knows. So each value that most lines of a file
carry must be in every line of it: whoever edits one line leaves the others as they were.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from gis_export.fire.dispatch.cad_words import BETWEEN
from gis_export.verify.finding import EXPORT_AGAIN, Finding, and_more
from gis_export.verify.reading import reading

_VALUES = ("PREMISE", "PARCEL_ID", "ADDRESS", "RISK_TXT", "TEXT", "LON", "LAT", "SOURCE")
_WORDS = ("RISK_TXT", "TEXT")
_CODE = "RISK_LVL"
"""Looked for only where the file carries no words: it is part of them."""
_MOST = 0.5
"""Share of the lines from which on a value counts as carried."""
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
"""How files in other encodings begin that are not read byte by byte."""
_FEWEST = 3
"""Lines that tell what a file carries."""


def check_vendor(path: Path, ours: Path) -> Iterator[Finding]:
    """Compare cad_add.csv and so on with dispatch_add.csv beside it."""
    if not ours.is_file():
        return
    with reading(path):
        lines = _lines(path)
    with reading(ours):
        rows = pd.read_csv(ours, dtype=str, keep_default_na=False)

    # A file may be without a header.
    extra = len(lines) - len(rows)
    if extra not in (0, 1):
        yield _finding(path, "holds other rows than the delivery", str(len(lines)), len(rows), ours)
        return
    if len(rows) < _FEWEST:
        return

    lines = lines[extra:]
    names = [name for name in _VALUES if _is_carried(lines, rows, name)]
    if not set(names) & set(_WORDS) and _is_carried(lines, rows, _CODE):
        names.append(_CODE)
    for name in names:
        yield from _check_value(path, lines, rows[name].tolist(), name, ours)


def _is_carried(lines: list[str], rows: pd.DataFrame, name: str) -> bool:
    """Tell whether most lines hold the value of their row."""
    if name not in rows.columns:
        return False

    values = rows[name].tolist()
    found = [
        _carries(line, value) for line, value in zip(lines, values, strict=True) if _plain(value)
    ]
    return bool(found) and sum(found) / len(found) > _MOST


def _lines(path: Path) -> list[str]:
    """Return the lines of a file in capitals, in whatever encoding."""
    raw = path.read_bytes()
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    text = raw.decode(encoding, errors="replace")
    return [line.upper() for line in text.splitlines() if line.strip()]


def _check_value(
    path: Path, lines: list[str], values: list[str], name: str, ours: Path
) -> Iterator[Finding]:
    wrong = [
        value
        for line, value in zip(lines, values, strict=True)
        if _plain(value) and not _carries(line, value)
    ]
    if wrong:
        got = f"a line without {wrong[0]!r}{and_more(len(wrong) - 1)}"
        yield _finding(path, f"says another {name} than the delivery", got, wrong[0], ours)


def _plain(value: str) -> str:
    """Return what every encoding and every width keeps of a value; "" for nothing certain."""
    head, _, _ = value.partition(BETWEEN)
    return head.upper() if head.isascii() and "|" not in head else ""


def _carries(line: str, value: str) -> bool:
    """Tell whether a line holds a value between its delimiters, not inside another word."""
    plain = _plain(value)
    pattern = rf"(?<![A-Z0-9]){re.escape(plain)}(?![A-Z0-9])"
    return bool(plain) and re.search(pattern, line) is not None


def _finding(path: Path, what: str, got: str, want: object, ours: Path) -> Finding:
    return Finding(
        path=path,
        what=what,
        got=got,
        want=f"{want}, as in {ours.name}",
        remedy=f"put the line back, or {EXPORT_AGAIN}",
    )
