"""The street-ordered list of a district: what stands in which column of which page, and its drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fpdf import FPDF

from gis_export.fire.book.entries import Entry
from gis_export.printing.marks import draw_mark
from gis_export.printing.sheet import BOTTOM_MM, INNER_MM, MARGIN_MM, RULE, TOP_MM, rule
from gis_export.printing.text import SOFT, TextStyle, put, put_lines, wrapped
from inference.hazard import HazardWord

COLUMN_MM = (INNER_MM - 6) / 2
_HEAD_MM = 6.0
_STOPS_MM = {"number": 6.5, "word": 20.5, "as_of": 53.5, "sides": 71.5, "sign": 79.5, "map": 86.5}
"""Where the cells of a line begin, from the left edge of its column."""
_NOTE_PT = 7.0
NO_ADDRESS = "No address known"


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """A street's name, or an entry below it."""

    street: tuple[str, ...]
    """Lines of the street's name; for an entry the street it stands under."""
    entry: Entry | None
    """None for a street's name."""
    notes: tuple[str, ...]
    """Lines below the entry."""
    height_mm: float
    """What it takes."""


def list_pages(pdf: FPDF, entries: Sequence[Entry]) -> list[list[list[Line]]]:
    """Return the lines of a list in street order: pages, each of up to two columns. Nothing is drawn."""
    lines: list[Line] = []
    street: str | None = None
    for entry in sorted(entries, key=lambda entry: entry.key):
        if entry.address.street != street:
            street = entry.address.street
            lines.append(
                _heading(
                    tuple(
                        wrapped(
                            pdf,
                            street or NO_ADDRESS,
                            COLUMN_MM - 2,
                            TextStyle(size_pt=9, bold=True),
                        )
                    )
                )
            )
        lines.append(_line(pdf, entry, lines[-1].street))
    columns = _columns(lines, BOTTOM_MM - TOP_MM - _HEAD_MM)
    return [columns[first : first + 2] for first in range(0, len(columns), 2)]


def draw_list(pdf: FPDF, columns: Sequence[Sequence[Line]], references: Mapping[str, str]) -> None:
    """Draw one page of a list below its head.

    Args:
        pdf: A document with a page begun.
        columns: One or two.
        references: Where each parcel stands on the maps, such as "2 B3".
    """
    for number, lines in enumerate(columns):
        left = MARGIN_MM + number * (COLUMN_MM + 6)
        _draw_head(pdf, left)
        y = TOP_MM + _HEAD_MM
        for line in lines:
            if line.entry is None:
                put_lines(pdf, (left, y + 5), list(line.street), TextStyle(size_pt=9, bold=True))
            else:
                _draw_entry(
                    pdf, line, line.entry, references.get(line.entry.parcel_id, "–"), left, y
                )
            y += line.height_mm


def _heading(street: tuple[str, ...]) -> Line:
    return Line(street=street, entry=None, notes=(), height_mm=2.6 + 4.2 * len(street))


def _line(pdf: FPDF, entry: Entry, street: tuple[str, ...]) -> Line:
    notes = list(entry.notes)
    if len(entry.sides) > 5:
        notes.insert(0, f"occupied sides {entry.sides}")
    if not entry.address.number:
        notes.insert(0, f"parcel {entry.parcel_id}")
    below = wrapped(
        pdf, ", ".join(notes), COLUMN_MM - _STOPS_MM["word"], TextStyle(size_pt=_NOTE_PT)
    )
    small = entry.symbol.word is HazardWord.NOT_SEEN
    return Line(
        street=street,
        entry=entry,
        notes=tuple(below),
        height_mm=(4.1 if small else 5.6) + 3.2 * len(below),
    )


def _columns(lines: Sequence[Line], room_mm: float) -> list[list[Line]]:
    """Fill columns; a street's name never stands last, and comes again on top of the next column."""
    columns: list[list[Line]] = [[]]
    used = 0.0
    for number, line in enumerate(lines):
        needs = line.height_mm + (lines[number + 1].height_mm if line.entry is None else 0)
        if used + needs > room_mm and columns[-1]:
            again = (
                _heading((*line.street[:-1], f"{line.street[-1]} (continued)"))
                if line.entry is not None
                else None
            )
            columns.append([again] if again else [])
            used = again.height_mm if again else 0.0
        columns[-1].append(line)
        used += line.height_mm
    return [column for column in columns if column]


def _draw_head(pdf: FPDF, left: float) -> None:
    titles = {
        "number": "no.",
        "word": "hazard",
        "as_of": "as of",
        "sides": "occ.",
        "sign": "sign",
        "map": "map",
    }
    for name, title in titles.items():
        put(pdf, (left + _STOPS_MM[name], TOP_MM + 3.6), title, TextStyle(size_pt=7, gray=SOFT))
    rule(pdf, TOP_MM + 5.2, ends_mm=(left, left + COLUMN_MM), width_mm=0.3)


def _draw_entry(
    pdf: FPDF, line: Line, entry: Entry, reference: str, left: float, top: float
) -> None:
    small = entry.symbol.word is HazardWord.NOT_SEEN
    size, base = (7.0, top + 2.9) if small else (8.5, top + 4.0)
    draw_mark(pdf, entry.symbol, left + 2.8, base - 1.05, 2.3 if small else 3.6)
    put(
        pdf,
        (left + _STOPS_MM["number"], base),
        entry.address.number or "–",
        TextStyle(size_pt=size, bold=not small, max_width_mm=13.5),
    )
    put(
        pdf,
        (left + _STOPS_MM["word"], base),
        entry.symbol.word.value,
        TextStyle(size_pt=size, bold=not small, max_width_mm=33),
    )
    put(
        pdf,
        (left + _STOPS_MM["as_of"], base),
        entry.as_of.isoformat() if entry.as_of else "unknown",
        TextStyle(size_pt=7, max_width_mm=17.5),
    )
    put(
        pdf,
        (left + _STOPS_MM["sides"], base),
        entry.sides if len(entry.sides) <= 5 else "below",
        TextStyle(size_pt=7, max_width_mm=7.6),
    )
    put(pdf, (left + _STOPS_MM["sign"], base), entry.sign, TextStyle(size_pt=7))
    put(
        pdf,
        (left + _STOPS_MM["map"], base),
        reference,
        TextStyle(size_pt=7, bold=True, max_width_mm=COLUMN_MM - _STOPS_MM["map"]),
    )
    put_lines(
        pdf,
        (left + _STOPS_MM["word"], base + 3.2),
        list(line.notes),
        TextStyle(size_pt=_NOTE_PT, leading=1.25),
    )
    rule(pdf, top + line.height_mm, ends_mm=(left, left + COLUMN_MM), width_mm=0.1, gray=RULE + 50)
