"""The rows of a text table, whatever its quotation marks do. No file is opened.

A cell in quotation marks may span lines. A mark that is left open swallows rows up to the next
mark: such rows are read line by line where every line is a row by itself, and refused otherwise.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from imagery.errors import InputError
from imagery.tables.layouts import Layout
from imagery.tables.signatures import PROBED, Signatures, learn_signatures
from imagery.tables.table_file import TableFile
from imagery.troubles import Trouble, only_troubles, shown, trouble_of

MOST_LINES = 10
"""Lines of one record, from which on it has rather swallowed rows."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of cells."""

    cells: list[str]
    """Its cells."""
    line: int
    """Line in which it begins, from 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class QuotedLines:
    """The lines of a text table below its header."""

    lines: Sequence[str]
    """Every line of the file, without its end."""
    layout: Layout
    """Where its header is, and what separates cells."""
    file: TableFile
    """The file."""

    @property
    def width(self) -> int:
        """Return how many cells a row has."""
        return len(self.layout.names)

    @cached_property
    def signatures(self) -> Signatures:
        """Return the forms of the ids, or else of another column that the city file names."""
        # Lines within a cell are no rows, so the records tell first what an id looks like.
        body = self.lines[self.layout.first :]
        reader = csv.reader((line + "\n" for line in body), delimiter=self.layout.separator)
        records = list(islice(reader, PROBED))
        for key in (self.file.key, *((name,) for name in self.file.columns)):
            learned = learn_signatures(records, self.layout.names, key)
            if learned.known:
                return learned

        alone = [self.split(line) for line in body]
        return learn_signatures(alone, self.layout.names, self.file.key)

    def split(self, line: str) -> list[str]:
        """Return the cells of a line as if it were alone."""
        if '"' not in line:
            return line.split(self.layout.separator)
        return next(csv.reader([line], delimiter=self.layout.separator))

    def may_be_row(self, line: str) -> bool:
        """Tell whether a line may be a row: as wide as the header, with an id of a known form."""
        cells = self.split(line)
        if len(cells) != self.width:
            return False
        return not self.signatures.known or self.signatures.fits(cells)

    def unwrapped(self, cells: list[str]) -> list[str]:
        """Return the cells of a row that stands in quotation marks as a whole."""
        if len(cells) != 1 or self.width == 1 or not self.signatures.known:
            return cells
        return self.split(cells[0]) if self.may_be_row(cells[0]) else cells

    def read_record(self, first: int) -> tuple[list[str], int]:
        """Return the cells from a line on, and the number of lines that they span."""
        reader = csv.reader(self._from(first), delimiter=self.layout.separator)
        return next(reader), reader.line_num

    def is_well_closed(self, first: int, count: int) -> bool:
        """Tell whether every quotation mark of some lines opens or closes a whole cell."""
        lines = [line + "\n" for line in self.lines[first : first + count]]
        try:
            list(csv.reader(lines, delimiter=self.layout.separator, strict=True))
        except csv.Error:
            return False
        return True

    def split_open(self, line: str) -> list[str]:
        """Return the cells of a line in which a mark is left open; none where that is unclear."""
        if not line.replace('"', "").replace(self.layout.separator, "").strip():
            return [""] * self.width
        closed = next(csv.reader([line + '"'], delimiter=self.layout.separator))
        if len(closed) == self.width:
            return closed
        literal = [_without_marks(cell) for cell in line.split(self.layout.separator)]
        return literal if len(literal) == self.width else []

    def _from(self, first: int) -> Iterator[str]:
        for place in range(first, len(self.lines)):
            yield self.lines[place] + "\n"


def read_rows(lines: QuotedLines) -> tuple[list[Row], tuple[Trouble, ...]]:
    """Return the rows below the header, and what was noticed of their quotation marks.

    Raises:
        InputError: rows were swallowed, and it is not certain which.
    """
    rows = []
    opened = []
    spanning = []
    place = lines.layout.first
    separator = lines.layout.separator
    while place < len(lines.lines):
        line = lines.lines[place]
        count = 1
        if '"' not in line:
            cells = line.split(separator)
        else:
            cells, count = lines.read_record(place)
            is_doubtful = _is_doubtful(lines, cells, place, count)
            if is_doubtful and _may_span(lines, cells, place, count):
                spanning.append(f"line {place + 1} {shown(line)}")
            elif is_doubtful:
                cells = _read_open(lines, place, count)
                opened.append(f"line {place + 1} {shown(line)}")
                count = 1
        rows.append(Row(cells=lines.unwrapped(cells), line=place + 1))
        place += count
    return rows, only_troubles([_opened(opened, lines.file), _spanning(spanning, lines.file)])


def _opened(named: Sequence[str], file: TableFile) -> Trouble | None:
    return trouble_of(
        named,
        what=f"{file.name}: quotation marks that are left open",
        remedy="every line was read as a row of its own; close the marks or take them out",
    )


def _spanning(named: Sequence[str], file: TableFile) -> Trouble | None:
    return trouble_of(
        named,
        what=f"{file.name}: cells in quotation marks with lines that could be rows",
        remedy="see that no row is missing; write each cell on one line if that is wrong",
    )


def _is_doubtful(lines: QuotedLines, cells: list[str], first: int, count: int) -> bool:
    """Tell whether a record may have swallowed rows, or lost cells to a mark left open."""
    if count == 1 and len(cells) == lines.width:
        return False
    if not lines.is_well_closed(first, count):
        return count > 1 or bool(lines.split_open(lines.lines[first]))
    return any(lines.may_be_row(line) for line in lines.lines[first + 1 : first + count])


def _may_span(lines: QuotedLines, cells: list[str], first: int, count: int) -> bool:
    """Tell whether a record is rather one of cells with some lines than swallowed rows.

    Only of a list without other columns, or without an id, is that read where it is not certain.
    """
    is_list = lines.width == 1 or not lines.file.key
    if not is_list or lines.signatures.known:
        return False
    if count > MOST_LINES or len(cells) != lines.width:
        return False
    below = lines.lines[first + 1 : first + count]
    return lines.is_well_closed(first, count) and not _are_rows(lines, below)


def _read_open(lines: QuotedLines, first: int, count: int) -> list[str]:
    """Return the cells of the line in which a mark is left open.

    Raises:
        InputError: it is not certain that the lines below are rows.
    """
    cells = lines.split_open(lines.lines[first])
    below = lines.lines[first + 1 : first + count]
    if cells and (_are_rows(lines, below) or not lines.is_well_closed(first, count)):
        return cells

    file = lines.file
    raise InputError(
        f"[{file.what}] path: {file.name}: a quotation mark in line {first + 1} "
        f"({shown(lines.lines[first])}) is left open and swallows lines up to {first + count}; "
        "close it or take it out"
    )


def _are_rows(lines: QuotedLines, below: Sequence[str]) -> bool:
    """Tell whether the lines below an open mark are surely rows."""
    count = sum(lines.may_be_row(line) for line in below)
    if lines.signatures.known:
        return 2 * count >= len(below)
    return lines.width >= 3 and count == len(below) >= 2


def _without_marks(cell: str) -> str:
    """Return a cell without the marks around it."""
    if len(cell) >= 2 and cell.startswith('"') and cell.endswith('"'):
        return cell[1:-1].replace('""', '"')
    return cell
