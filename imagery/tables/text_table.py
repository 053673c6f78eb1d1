"""Text tables: CSV and its kin, with every cell as text."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.tables.cell_grids import Cells, finish_table, make_cells
from imagery.tables.encodings import decode
from imagery.tables.layouts import Layout, find_layout
from imagery.tables.quoted_rows import QuotedLines, read_rows
from imagery.tables.table_file import Table, TableFile

HEAD_LINES = 200
"""Lines from the top in which the header is looked for."""
_QUOTE = ord('"')
_END = ord("\n")


def read_text_table(data: bytes, file: TableFile) -> Table:
    """Read the bytes of a text table.

    Raises:
        InputError: see `find_layout`, `read_rows`, `finish_table`.
        UnicodeDecodeError: the encoding that the file declares is wrong.
    """
    decoded = decode(data, file.name)
    text = _with_plain_ends(decoded.text).rstrip("\n")
    layout = find_layout(text.split("\n", HEAD_LINES)[:HEAD_LINES], file)

    cells = _read_even(text, layout)
    if cells is None:
        cells = _read_uneven(text.split("\n"), layout, file)
    return finish_table(replace(cells, troubles=(*decoded.troubles, *cells.troubles)), file)


def _with_plain_ends(text: str) -> str:
    """Return the text with every line ended as on Unix.

    A carriage return within a line of a file of other line ends is a blank.
    """
    if "\r" not in text:
        return text
    plain = text.replace("\r\n", "\n")
    return plain.replace("\r", " " if "\n" in plain else "\n")


def _read_uneven(lines: Sequence[str], layout: Layout, file: TableFile) -> Cells:
    """Read line by line."""
    rows, opened = read_rows(QuotedLines(lines=lines, layout=layout, file=file))
    cells = make_cells(rows, layout.names, file)
    return replace(cells, troubles=(*opened, *cells.troubles))


def _read_even(text: str, layout: Layout) -> Cells | None:
    """Read a text whose every line is a row as wide as the header, None where one is not."""
    width = len(layout.names)
    data = text.encode("utf-8", "surrogatepass")
    if b"\0" in data:
        return None

    body = _skip_lines(data, layout.first)
    has_marks = b'"' in body
    if not body or not _is_even(body, ord(layout.separator), width, has_marks=has_marks):
        return None
    frame = pd.read_csv(
        io.BytesIO(body),
        sep=layout.separator,
        header=None,
        names=list(range(width)),
        index_col=False,
        dtype="str",
        keep_default_na=False,
        na_filter=False,
        skip_blank_lines=False,
        quoting=csv.QUOTE_MINIMAL if has_marks else csv.QUOTE_NONE,
    )
    lines = np.arange(len(frame)) + layout.first + 1
    is_bare = np.zeros(len(frame), dtype=bool)
    return Cells(frame=frame, names=layout.names, lines=lines, is_bare=is_bare)


def _skip_lines(data: bytes, count: int) -> bytes:
    """Return the bytes below some lines."""
    start = 0
    for _ in range(count):
        end = data.find(b"\n", start)
        if end < 0:
            return b""
        start = end + 1
    return data[start:]


def _is_even(body: bytes, separator: int, width: int, *, has_marks: bool) -> bool:
    """Tell whether every line is a row of its own with as many cells as the header."""
    text = np.frombuffer(body + b"\n", dtype=np.uint8)
    ends = np.flatnonzero(text == _END)
    is_separator = text == separator
    if has_marks:
        is_inside = np.bitwise_xor.accumulate(text == _QUOTE)
        if is_inside[ends].any() or not _are_at_borders(text, is_inside, separator):
            return False
        is_separator &= ~is_inside

    places = np.flatnonzero(is_separator)
    if len(places) != len(ends) * (width - 1):
        return False
    by_line = places.reshape(len(ends), width - 1)
    is_below = by_line < ends[:, None]
    is_above = by_line[1:] > ends[:-1, None]
    return bool(is_below.all() and is_above.all())


def _are_at_borders(text: NDArray[np.uint8], is_inside: NDArray[np.bool_], separator: int) -> bool:
    """Tell whether every quotation mark opens a cell, closes one, or is doubled."""
    marks = np.flatnonzero(text == _QUOTE)
    borders = np.array([separator, _END, _QUOTE], dtype=np.uint8)
    before = np.where(marks > 0, text[marks - 1], _END)
    after = text[marks + 1]  # the last character is a line end

    opens = is_inside[marks]
    return bool(np.isin(before[opens], borders).all() and np.isin(after[~opens], borders).all())
