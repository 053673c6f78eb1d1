"""Where the header of a text table is, and what separates its cells. No file is opened."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from imagery.errors import InputError
from imagery.tables.table_file import TableFile

csv.field_size_limit(2**31 - 1)  # outlines as text are longer than what csv allows by itself

SEPARATORS = (",", ";", "\t", "|")
HEAD_RECORDS = 60
"""Records from the top among which the header is looked for."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a text table is laid out."""

    separator: str
    """What separates cells."""
    names: tuple[str, ...]
    """Names of the columns, without blanks around them."""
    first: int
    """Place of the first line below the header, from 0."""


@dataclass(frozen=True, kw_only=True)
class HeadRecord:
    """A record near the top of a file."""

    cells: tuple[str, ...]
    """Its cells, without blanks around them and without the empty last ones."""
    width: int
    """How many cells it has, with the empty ones."""
    end: int
    """Place of the line below it, from 0."""


def find_layout(lines: Sequence[str], file: TableFile) -> Layout:
    """Find separator and header from the first lines of a file.

    The header is the first record that holds every column that the city file names. Where there
    is none, it is the first record as wide as most.

    Raises:
        InputError: there is no text at all.
    """
    if not any(line.strip() for line in lines):
        raise InputError(f"[{file.what}] path: {file.name} is empty; put the table there")

    heads = {separator: _read_head(lines, separator) for separator in _separators(lines)}
    named = []
    for separator, records in heads.items():
        named += [_layout(record, separator) for record in _records_with(records, file.wanted)]
    if named:
        return max(named, key=lambda layout: (len(layout.names), -layout.first))

    separator = max(heads, key=lambda each: _evenness(heads[each]))
    return _layout(_likely_header(heads[separator]), separator)


def find_header(records: Sequence[Sequence[str]], wanted: tuple[str, ...]) -> int:
    """Return the place of the header among rows of cells; the first row that could be one."""
    named = [_head_record(cells, place) for place, cells in enumerate(records)]
    found = _records_with(named, wanted)
    return (found[0] if found else _likely_header(named)).end


def clean_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return names of columns without blanks around them and without the empty last ones."""
    names = [cell.strip().strip("\ufeff\u200b").strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _separators(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the separators that a file may have; a first line such as "sep=;" names it."""
    first = lines[0].strip()
    if first.lower().startswith("sep=") and len(first) == len("sep=") + 1:
        return (first[-1],)
    return SEPARATORS


def _read_head(lines: Sequence[str], separator: str) -> list[HeadRecord]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator)
    return [_head_record(cells, reader.line_num) for cells in islice(reader, HEAD_RECORDS)]


def _head_record(cells: Sequence[str], end: int) -> HeadRecord:
    return HeadRecord(cells=clean_names(cells), width=len(cells), end=end)


def _records_with(records: Sequence[HeadRecord], wanted: tuple[str, ...]) -> list[HeadRecord]:
    """Return the first record that holds all wanted names, if there is one."""
    if not wanted:
        return []
    found = [record for record in records if set(wanted) <= set(record.cells)]
    return found[:1]


def _layout(record: HeadRecord, separator: str) -> Layout:
    return Layout(separator=separator, names=record.cells, first=record.end)


def _evenness(records: Sequence[HeadRecord]) -> tuple[float, int]:
    """Return the share of records that are as wide as most, and how wide they are."""
    widths = [record.width for record in records if any(record.cells)]
    width = _most_common(widths)
    if width < 2:
        return 0.0, width
    return widths.count(width) / len(widths), width


def _most_common(widths: Sequence[int]) -> int:
    """Return the width that most records have, the larger of two that are as common."""
    counts = Counter(widths)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _likely_header(records: Sequence[HeadRecord]) -> HeadRecord:
    """Return the first record with a name for every column, or the first that is not empty."""
    width = _most_common([len(record.cells) for record in records if any(record.cells)])
    for record in records:
        if len(record.cells) >= width and all(record.cells):
            return record
    return next(record for record in records if any(record.cells))
