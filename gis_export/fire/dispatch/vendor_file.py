"""Write a delivery into a file: under our own names, or filled into the columns that a vendor wants."""

import csv
import unicodedata
from datetime import date
from pathlib import Path
from string import Formatter

import pandas as pd

from gis_export.fire.dispatch.columns import ColumnMap, FileFormat, names_in
from gis_export.fire.dispatch.file_format import ENDINGS, QUOTING
from gis_export.fire.dispatch.rows import DATES, records
from gis_export.fire.dispatch.texts import one_line
from gis_export.table.symbols import BY_CODE
from gis_export.table.tables import harmless
from imagery.errors import ConfigError

_IDS = ("PREMISE", "PARCEL_ID")
_WHOLE = {
    **dict.fromkeys(("TEXT", "RISK_TXT", "RISK_LVL"), "the hazard words"),
    **dict.fromkeys(_IDS, "the id"),
    **dict.fromkeys(DATES, "the date"),
    "ADDRESS": "the address",
    "LON": "the longitude",
    "LAT": "the latitude",
    "USE_LIMIT": "the use limit",
    "ACTION": "the action",
    "OCC_SIDES": "the occupied sides",
}
"""Values that say something else when they are cut, of texts with hazard words those words; what a message calls them."""


def write_delivery(table: pd.DataFrame, path: Path, columns: ColumnMap | None) -> None:
    """Write rows with `DELIVERY_COLUMNS`, under the vendor's columns or else our own names.

    Raises:
        ConfigError: a column is too narrow for what must stand whole in it, such as the hazard words, an id or an address.
    """
    if columns is None:
        table.to_csv(path, index=False)
        return
    layout = columns.format
    rows = [[_cell(columns, column, row) for column in columns.columns] for row in records(table)]
    header = [_plain(layout, name) for name in columns.columns]
    with path.open("w", newline="", encoding=layout.encoding) as stream:
        quotes = {
            "quoting": QUOTING[layout.quoting],
            "quotechar": None if layout.quoting == "none" else '"',
        }
        writer = csv.writer(
            stream, delimiter=layout.delimiter, lineterminator=ENDINGS[layout.line_ending], **quotes
        )  # type: ignore[arg-type]  # a plain dict
        writer.writerows([header] * layout.header + rows)


def read_delivery(path: Path, columns: ColumnMap | None) -> pd.DataFrame:
    """Read a delivery back, every value as text, under the names it was written with."""
    if columns is None:
        return pd.read_csv(path, dtype="str", keep_default_na=False)
    layout = columns.format
    with path.open(newline="", encoding=layout.encoding) as stream:
        rows = list(csv.reader(stream, delimiter=layout.delimiter, quoting=QUOTING[layout.quoting]))
    header = rows[0] if layout.header and rows else list(columns.columns)
    return pd.DataFrame(rows[layout.header :], columns=header, dtype="str")


def _cell(columns: ColumnMap, column: str, row: dict[str, str]) -> str:
    """Fill in one cell; parts of TEXT that do not fit are left out whole, and nothing of `_WHOLE` is ever cut."""
    template, width = columns.columns[column], columns.widths.get(column)
    values, words = _values(columns, row), _words(row)
    cell, ends = _filled(columns.format, template, values, words)
    if width is None or len(cell) <= width:
        return cell
    names, parts = names_in(template, column), values["TEXT"].split(" / ")
    while len(cell) > width and "TEXT" in names and len(parts) > 1:
        del parts[-1]
        cell, ends = _filled(columns.format, template, values | {"TEXT": " / ".join(parts)}, words)
    last = max(ends, key=lambda name: ends[name], default="")
    if last and ends[last] > width:
        raise ConfigError(
            f"[widths] {column} is {width} and would cut {_WHOLE[last]} of {cell!r}; want {ends[last]} or more"
        )
    return cell[:width]


def _values(columns: ColumnMap, row: dict[str, str]) -> dict[str, str]:
    layout = columns.format
    values = {
        name: text.upper() if layout.uppercase and name not in _IDS else text
        for name, text in row.items()
    }
    values |= {
        name: date.fromisoformat(row[name]).strftime(layout.date) for name in DATES if row[name]
    }
    return (
        values | columns.constants | {"ACTION": columns.actions.get(row["ACTION"], row["ACTION"])}
    )


def _words(row: dict[str, str]) -> dict[str, str]:
    """Return the hazard words of a row by the values that carry them."""
    symbol = BY_CODE[row["RISK_LVL"]]
    return {"TEXT": symbol.word.value, "RISK_TXT": symbol.word.value, "RISK_LVL": symbol.code}


def _filled(
    layout: FileFormat, template: str, values: dict[str, str], words: dict[str, str]
) -> tuple[str, dict[str, int]]:
    """Fill in a template; also return where what must stand whole ends, by the name of its value.

    The place is counted, not looked for: a code such as NA also stands inside other words.
    """
    text, ends = "", dict[str, int]()
    for literal, name, _, _ in Formatter().parse(template):
        text += _plain(layout, literal)
        if name is None:
            continue
        value = _plain(layout, values[name])
        whole = words.get(name, value)
        start = value.find(whole)
        if name in _WHOLE and whole and start >= 0:
            ends[name] = len(text) + start + len(whole)
        text += value
    cell = harmless(text)
    return cell, {name: end + len(cell) - len(text) for name, end in ends.items()}


def _plain(layout: FileFormat, text: str) -> str:
    """Return what a file can hold of a text: one line, in its encoding, without the delimiter where nothing is quoted."""
    plain = one_line(text)
    if layout.quoting == "none":
        plain = plain.replace(layout.delimiter, " ")
    return _encodable(plain, layout.encoding)


def _encodable(text: str, encoding: str) -> str:
    """Return what an encoding can hold of a text: letters that it lacks lose their accents, others become "?"."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        bare = "".join(
            char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
        )
        return bare.encode(encoding, errors="replace").decode(encoding)
    return text
