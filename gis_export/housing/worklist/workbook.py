"""How the work list looks: formats, columns, and cells that are only ever text, numbers and dates, never formulas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from gis_export.table.symbols import BY_CODE, SYMBOLS

Style: TypeAlias = Literal[
    "text",
    "bold",
    "center",
    "points",
    "score",
    "date",
    "hazard",
    "picture",
    "fill",
    "fill date",
    "fill note",
    "row",
    "row center",
    "row number",
    "row score",
    "row date",
]

TITLE, LIMIT, HEADER, FIRST = 0, 1, 2, 3
"""Rows of a sheet: title, use limit, header, first row of the table."""
_INK, _LINE, _HEAD, _FILL_HEAD, _FILL = "#1A1A1A", "#C8CCD2", "#22303F", "#7A4300", "#FFF6E0"
_PAPER_11_X_17 = 3


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a sheet."""

    title: str
    """What stands in the header."""
    width: float
    """Characters."""
    style: Style
    """How its cells look; "fill..." cells are the inspector's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """A workbook and its formats."""

    file: Workbook
    """Open for writing."""
    styles: dict[str, Format]
    """Format of every `Style`, and of "title", "limit", "head", "fill head", "heading", "line", "count", "link", "letter" and "word"."""
    hazards: dict[str, Format]
    """Format of every RISK_LVL: its color."""
    hazard_lines: dict[str, Format]
    """The same for a cell of one line."""


def open_book(path: Path, *, title: str, today: date) -> Book:
    """Open a workbook that is written row by row, so that a city of any size fits in memory, with the same bytes every time."""
    file = Workbook(
        str(path),
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": "Arial", "font_size": 10},
        },
    )
    file.set_properties(
        {
            "title": title,
            "author": "roofwatch",
            "created": datetime(today.year, today.month, today.day, tzinfo=UTC),
        }
    )
    file.set_size(2400, 1500)
    cell = {"font_name": "Arial", "font_size": 11, "font_color": _INK, "valign": "vcenter"}
    boxed = cell | {"border": 1, "border_color": _LINE, "text_wrap": True}
    fill = boxed | {"bg_color": _FILL}
    head = boxed | {"bold": True, "font_color": "#FFFFFF", "align": "center"}
    looks: dict[str, dict[str, object]] = {
        "text": boxed | {"indent": 1},
        "bold": boxed | {"bold": True, "indent": 1},
        "center": boxed | {"align": "center"},
        "number": boxed | {"num_format": "0", "align": "center"},
        "points": boxed | {"num_format": "0", "bold": True, "font_size": 16, "align": "center"},
        "score": boxed | {"num_format": "0.00", "align": "center"},
        "date": boxed | {"num_format": "yyyy-mm-dd", "align": "center"},
        "picture": boxed | {"align": "center", "font_color": "#5A5A5A"},
        "fill": fill | {"num_format": "@"},
        "fill date": fill | {"num_format": "yyyy-mm-dd", "align": "center"},
        "fill note": fill | {"num_format": "@", "valign": "top"},
        "title": cell | {"bold": True, "font_size": 16},
        "limit": cell | {"bold": True},
        "head": head | {"bg_color": _HEAD},
        "fill head": head | {"bg_color": _FILL_HEAD},
        "heading": cell | {"bold": True, "font_size": 12, "bottom": 2, "bottom_color": _HEAD},
        "line": cell,
        "count": boxed | {"num_format": "0", "align": "left", "indent": 1},
        "link": boxed | {"num_format": "@", "indent": 1, "font_color": "#0B4F8A", "underline": 1},
    }
    colored = {"bold": True, "align": "center", "font_color": "#000000"}
    hazards = {
        symbol.code: file.add_format(boxed | colored | {"bg_color": symbol.color})
        for symbol in SYMBOLS
    }
    lines = {
        symbol.code: file.add_format(cell | colored | {"font_size": 10, "bg_color": symbol.color})
        for symbol in SYMBOLS
    }
    small = cell | {"font_size": 10}
    looks |= {
        "row": small | {"indent": 1},
        "row center": small | {"align": "center"},
        "row number": small | {"num_format": "0", "align": "center"},
        "row score": small | {"num_format": "0.00", "align": "center"},
        "row date": small | {"num_format": "yyyy-mm-dd", "align": "center"},
    }
    looks["letter"] = cell | {"bold": True, "font_size": 20, "font_color": "#000000"}
    looks["word"] = cell | {"bold": True, "font_color": "#000000"}
    return Book(
        file=file,
        styles={name: file.add_format(look) for name, look in looks.items()},
        hazards=hazards,
        hazard_lines=lines,
    )


def add_table(
    book: Book,
    name: str,
    columns: Sequence[Column],
    *,
    title: str,
    limit: str,
    rows: int,
    frozen: int,
) -> Worksheet:
    """Add a sheet with title, use limit, header, filters and print setup; its rows begin at `FIRST`."""
    sheet: Worksheet = book.file.add_worksheet(name)
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
    sheet.set_row(TITLE, 26)
    sheet.write_string(TITLE, 0, title, book.styles["title"])
    sheet.set_row(LIMIT, 20)
    sheet.write_string(LIMIT, 0, limit, book.styles["limit"])
    sheet.set_row(HEADER, 34)
    for number, column in enumerate(columns):
        sheet.write_string(
            HEADER,
            number,
            column.title,
            book.styles["fill head" if column.style.startswith("fill") else "head"],
        )
    sheet.freeze_panes(FIRST, frozen)
    sheet.autofilter(HEADER, 0, max(HEADER, HEADER + rows), len(columns) - 1)
    print_setup(sheet, limit=limit)
    sheet.repeat_rows(TITLE, HEADER)
    return sheet


def print_setup(sheet: Worksheet, *, limit: str) -> None:
    """Print on 11 x 17, landscape, one page wide."""
    sheet.set_paper(_PAPER_11_X_17)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer(f"&L&8{limit}&R&8&A, page &P of &N")


def put_cell(
    book: Book, sheet: Worksheet, place: tuple[int, int], value: object, style: str
) -> None:
    """Write a value as what it is: a date as a date, a number as a number, all else as text; None leaves the cell empty."""
    look = book.hazards.get(style) or book.styles[style]
    if value is None or value == "":
        sheet.write_blank(*place, None, look)
    elif isinstance(value, date):
        sheet.write_datetime(*place, value, look)
    elif isinstance(value, int | float):
        sheet.write_number(*place, value, look)
    else:
        sheet.write_string(*place, str(value), look)


def put_hazard(book: Book, sheet: Worksheet, place: tuple[int, int], code: str) -> None:
    """Write a hazard as the maps show it: a large letter, the word below it, on its color."""
    symbol = BY_CODE[code]
    sheet.write_rich_string(
        *place,
        book.styles["letter"],
        symbol.letter,
        book.styles["word"],
        f"\n{symbol.word.value}",
        book.hazards[code],
    )
