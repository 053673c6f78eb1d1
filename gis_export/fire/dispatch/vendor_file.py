"""Write a delivery into a file: under our own names, or in the columns of a vendor."""

import csv
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Formatter

import pandas as pd

from gis_export.fire.dispatch.cad_words import BETWEEN, CAD_WORDS, cad_head
from gis_export.fire.dispatch.columns import ColumnMap, FileFormat, names_in
from gis_export.fire.dispatch.file_format import ENDINGS, QUOTING
from gis_export.fire.dispatch.rows import DATES, DELIVERY_COLUMNS, premise_key, records
from gis_export.fire.dispatch.texts import one_line
from gis_export.table.symbols import BY_CODE
from imagery.errors import ConfigError
from imagery.values.formulas import harmless

Values = dict[str, str]
"""What is filled into a template, by the names that it uses."""
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
"""Values whose meaning changes when they are cut, and what a message calls them.

Of texts with hazard words, only those words must be whole.
"""


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """A template that was filled in."""

    text: str
    """What goes into the file."""
    ends: dict[str, int]
    """Characters up to the end of what must be whole, by the name of its value."""


def write_delivery(table: pd.DataFrame, path: Path, columns: ColumnMap | None) -> None:
    """Write rows with `DELIVERY_COLUMNS`, in the vendor's columns or else under our own names.

    Raises:
        ConfigError: a column is too narrow for a value that must be whole, such as the hazard
            words, an id or an address.
    """
    if columns is None:
        table.to_csv(path, index=False)
        return

    layout = columns.format
    lines = []
    if layout.header:
        lines.append([_plain(layout, column) for column in columns.columns])
    for row in records(table):
        lines.append(_line(columns, row))

    with path.open("w", newline="", encoding=layout.encoding) as stream:
        writer = csv.writer(
            stream,
            delimiter=layout.delimiter,
            lineterminator=ENDINGS[layout.line_ending],
            quoting=QUOTING[layout.quoting],
            quotechar=None if layout.quoting == "none" else '"',
        )
        writer.writerows(lines)


def find_too_wide(
    columns: ColumnMap, ids: Iterable[str], addresses: Iterable[str], *, with_fires: bool = False
) -> list[str]:
    """Say which parcels of a roll the vendor's columns are too narrow for, a line each.

    Args:
        columns: The vendor's columns.
        ids: Every parcel.
        addresses: The address of each.
        with_fires: Whether the words may name a fire.
    """
    fire = "2000-01-01" if with_fires else ""
    heads = {each: cad_head(each, "2000-01-01", fire) for each in CAD_WORDS}
    code, head = max(heads.items(), key=lambda pair: len(pair[1]))

    lines = []
    for parcel, address in zip(ids, addresses, strict=True):
        row = dict.fromkeys(DELIVERY_COLUMNS, "")
        row |= {"ACTION": "ADD", "ADDRESS": address, "PARCEL_ID": parcel}
        row |= {"RISK_LVL": code, "TEXT": head}
        row["PREMISE"] = premise_key(parcel)
        try:
            _line(columns, row)
        except ConfigError as error:
            lines.append(str(error))
    return lines


def _line(columns: ColumnMap, row: dict[str, str]) -> list[str]:
    """Return the cells of one row."""
    values = _values(columns, row)
    symbol = BY_CODE[row["RISK_LVL"]]
    head, _, _ = row["TEXT"].partition(BETWEEN)
    words = {"TEXT": head, "RISK_TXT": symbol.word.value, "RISK_LVL": symbol.code}

    return [_cell_text(columns, column, values, words) for column in columns.columns]


def _values(columns: ColumnMap, row: dict[str, str]) -> Values:
    """Return the values of a row as the vendor wants them."""
    layout = columns.format
    values = dict(row)
    if layout.uppercase:
        values |= {name: text.upper() for name, text in row.items() if name not in _IDS}
    for name in DATES:
        if row[name]:
            values[name] = date.fromisoformat(row[name]).strftime(layout.date)

    values |= columns.constants
    values["ACTION"] = columns.actions.get(row["ACTION"], row["ACTION"])
    return values


def _cell_text(columns: ColumnMap, column: str, values: Values, words: Values) -> str:
    """Return one cell, no wider than its column.

    Parts of TEXT that do not fit are left out whole. Nothing of `_WHOLE` is ever cut.

    Args:
        columns: The vendor's columns.
        column: The column of the cell.
        values: The values of the row.
        words: The hazard words of the row, by the values that carry them.
    """
    template = columns.columns[column]
    width = columns.widths.get(column)
    cell = _fill(columns.format, template, values, words)
    if width is None or len(cell.text) <= width:
        return cell.text

    has_text = "TEXT" in names_in(template, column)
    while len(cell.text) > width and has_text and BETWEEN in values["TEXT"]:
        shorter, _, _ = values["TEXT"].rpartition(BETWEEN)
        values = values | {"TEXT": shorter}
        cell = _fill(columns.format, template, values, words)

    if len(cell.text) <= width:
        return cell.text
    _check_cut(cell, width, column)
    return cell.text[:width]


def _check_cut(cell: _Cell, width: int, column: str) -> None:
    """Refuse to cut a cell inside or before what must be whole."""
    if not cell.ends:
        return

    last = max(cell.ends, key=lambda name: cell.ends[name])
    if cell.ends[last] > width:
        raise ConfigError(
            f"[widths] {column} is {width} and would cut {_WHOLE[last]} of {cell.text!r}; "
            f"want {cell.ends[last]} or more"
        )


def _fill(layout: FileFormat, template: str, values: Values, words: Values) -> _Cell:
    """Fill in a template.

    The ends are counted, not searched for: a code such as NA is also part of other words.
    """
    text = ""
    ends: dict[str, int] = {}
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

    # A text that begins like a formula gets a character in front.
    cell = harmless(text)
    added = len(cell) - len(text)
    return _Cell(text=cell, ends={name: end + added for name, end in ends.items()})


def _plain(layout: FileFormat, text: str) -> str:
    """Return what a file can hold of a text: one line, in the encoding of the file.

    Where nothing is quoted, the delimiter becomes a blank.
    """
    plain = one_line(text)
    if layout.quoting == "none":
        plain = plain.replace(layout.delimiter, " ")
    return _encodable(plain, layout.encoding)


def _encodable(text: str, encoding: str) -> str:
    """Return what an encoding can hold of a text.

    Letters that it lacks lose their accents; others become "?".
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        letters = unicodedata.normalize("NFKD", text)
        bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
        return bare.encode(encoding, errors="replace").decode(encoding)
    return text
