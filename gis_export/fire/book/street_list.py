"""The list of a district by street: what is in which column of which page, and its drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from fpdf import FPDF

from gis_export.fire.book.entries import Entry
from gis_export.printing.marks import draw_mark
from gis_export.printing.sheet import BOTTOM_MM, INNER_MM, MARGIN_MM, RULE, TOP_MM, rule
from gis_export.printing.text import SOFT, TextStyle, put, put_lines, wrapped
from inference.hazard import HazardWord

COLUMN_MM = (INNER_MM - 6) / 2
"""Width of a column."""
_GAP_MM = 6
_HEAD_MM = 6.0
_STOPS_MM = {"number": 6.5, "word": 20.5, "as_of": 53.5, "sides": 71.5, "sign": 79.5, "map": 86.5}
"""Where the cells of a line begin, from the left edge of its column."""
_WIDTHS_MM = {
    "number": 13.5,
    "word": 33,
    "as_of": 17.5,
    "sides": 7.6,
    "sign": 0,
    "map": COLUMN_MM - _STOPS_MM["map"],
}
"""Widest that their texts may be, 0 for any width."""
_TITLES = {
    "number": "no.",
    "word": "hazard",
    "as_of": "as of",
    "sides": "occ.",
    "sign": "sign",
    "map": "map",
}
"""Titles of the cells."""
_LONGEST_SIDES = 5
"""Characters of the sides that fit into their cell; longer ones are a note."""
_STREET = TextStyle(size_pt=9, bold=True)
_NOTE = TextStyle(size_pt=7.0, leading=1.25)
NO_ADDRESS = "No address known"


@dataclass(frozen=True, kw_only=True)
class StreetLine:
    """A street's name, above its entries."""

    texts: tuple[str, ...]
    """Lines of the name."""

    @property
    def height_mm(self) -> float:
        """Return the height that it takes."""
        return 2.6 + 4.2 * len(self.texts)

    @property
    def continued(self) -> "StreetLine":
        """Return the name as it is repeated at the top of the next column."""
        *first, last = self.texts
        return StreetLine(texts=(*first, f"{last} (continued)"))


@dataclass(frozen=True, kw_only=True, eq=False)
class EntryLine:
    """A building, with its notes below."""

    street: StreetLine
    """The street under which it is listed."""
    entry: Entry
    """The building."""
    notes: tuple[str, ...]
    """Lines below the entry."""

    @property
    def is_small(self) -> bool:
        """Tell whether it is set small, as NOT SEEN IN PHOTO is."""
        return self.entry.symbol.word is HazardWord.NOT_SEEN

    @property
    def height_mm(self) -> float:
        """Return the height that it takes."""
        return (4.1 if self.is_small else 5.6) + 3.2 * len(self.notes)


Line = StreetLine | EntryLine
Column = list[Line]
ListPage = list[Column]
"""One or two columns."""


def list_pages(pdf: FPDF, entries: Sequence[Entry]) -> list[ListPage]:
    """Return the pages of a list by street. Nothing is drawn."""
    lines = _make_lines(pdf, entries)
    columns = _fill_columns(lines, BOTTOM_MM - TOP_MM - _HEAD_MM)
    return [columns[first : first + 2] for first in range(0, len(columns), 2)]


def _make_lines(pdf: FPDF, entries: Sequence[Entry]) -> list[Line]:
    lines: list[Line] = []
    street: str | None = None
    heading = StreetLine(texts=())

    for entry in sorted(entries, key=lambda entry: entry.key):
        if entry.address.street != street:
            street = entry.address.street
            texts = wrapped(pdf, street or NO_ADDRESS, COLUMN_MM - 2, _STREET)
            heading = StreetLine(texts=tuple(texts))
            lines.append(heading)

        lines.append(EntryLine(street=heading, entry=entry, notes=_note_lines(pdf, entry)))

    return lines


def _note_lines(pdf: FPDF, entry: Entry) -> tuple[str, ...]:
    notes = list(entry.notes)
    if len(entry.sides) > _LONGEST_SIDES:
        notes.insert(0, f"occupied sides {entry.sides}")
    if not entry.address.number:
        notes.insert(0, f"parcel {entry.parcel_id}")
    return tuple(wrapped(pdf, ", ".join(notes), COLUMN_MM - _STOPS_MM["word"], _NOTE))


def _fill_columns(lines: Sequence[Line], room_mm: float) -> list[Column]:
    """Distribute lines over columns.

    A street's name is never last in a column, and is repeated at the top of the next one.
    """
    columns: list[Column] = [[]]
    used_mm = 0.0
    for number, line in enumerate(lines):
        needed_mm = line.height_mm
        if isinstance(line, StreetLine):
            needed_mm += lines[number + 1].height_mm

        if used_mm + needed_mm > room_mm and columns[-1]:
            columns.append([])
            used_mm = 0.0
            if isinstance(line, EntryLine):
                columns[-1].append(line.street.continued)
                used_mm = line.street.continued.height_mm

        columns[-1].append(line)
        used_mm += line.height_mm
    return [column for column in columns if column]


def draw_list(pdf: FPDF, page: ListPage, references: Mapping[str, str]) -> None:
    """Draw one page of a list.

    Args:
        pdf: A document with a page begun.
        page: What is on it.
        references: Where each parcel is on the maps, such as "2 B3".
    """
    for number, column in enumerate(page):
        left = MARGIN_MM + number * (COLUMN_MM + _GAP_MM)
        _draw_head(pdf, left)

        y = TOP_MM + _HEAD_MM
        for line in column:
            if isinstance(line, StreetLine):
                put_lines(pdf, (left, y + 5), list(line.texts), _STREET)
            else:
                reference = references.get(line.entry.parcel_id, "–")
                _draw_entry(pdf, line, reference, left, y)
            y += line.height_mm


def _draw_head(pdf: FPDF, left: float) -> None:
    for name, title in _TITLES.items():
        at_mm = (left + _STOPS_MM[name], TOP_MM + 3.6)
        put(pdf, at_mm, title, TextStyle(size_pt=7, gray=SOFT))
    rule(pdf, TOP_MM + 5.2, ends_mm=(left, left + COLUMN_MM), width_mm=0.3)


def _draw_entry(pdf: FPDF, line: EntryLine, reference: str, left: float, top: float) -> None:
    baseline = top + (2.9 if line.is_small else 4.0)
    mark_mm = 2.3 if line.is_small else 3.6
    draw_mark(pdf, line.entry.symbol, left + 2.8, baseline - 1.05, mark_mm)
    _draw_cells(pdf, line, reference, left, baseline)

    notes_at_mm = (left + _STOPS_MM["word"], baseline + 3.2)
    put_lines(pdf, notes_at_mm, list(line.notes), _NOTE)

    bottom = top + line.height_mm
    rule(pdf, bottom, ends_mm=(left, left + COLUMN_MM), width_mm=0.1, gray=RULE + 50)


def _draw_cells(pdf: FPDF, line: EntryLine, reference: str, left: float, baseline: float) -> None:
    for name, text in _cell_texts(line.entry, reference).items():
        style = _cell_style(name, is_small=line.is_small)
        put(pdf, (left + _STOPS_MM[name], baseline), text, style)


def _cell_texts(entry: Entry, reference: str) -> dict[str, str]:
    """Return the text of each cell."""
    return {
        "number": entry.address.number or "–",
        "word": entry.symbol.word.value,
        "as_of": entry.as_of.isoformat() if entry.as_of else "unknown",
        "sides": entry.sides if len(entry.sides) <= _LONGEST_SIDES else "below",
        "sign": entry.sign,
        "map": reference,
    }


@cache
def _cell_style(name: str, *, is_small: bool) -> TextStyle:
    """Return how a cell is set: large number and word, small facts."""
    width_mm = _WIDTHS_MM[name]
    if name in ("number", "word"):
        size_pt = 7.0 if is_small else 8.5
        return TextStyle(size_pt=size_pt, bold=not is_small, max_width_mm=width_mm)
    return TextStyle(size_pt=7, bold=name == "map", max_width_mm=width_mm)
