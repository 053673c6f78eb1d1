"""The work list's file and sheets, whose cells are text, numbers and dates, never formulas."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from gis_export.housing.worklist.styles import HAZARD, STYLES, hazard_formats, make_formats
from gis_export.table.symbols import BY_CODE
from inference.hazard import USE_LIMIT

TITLE_ROW = 0
LIMIT_ROW = 1
HEADER_ROW = 2
FIRST_ROW = 3
"""The first row of the table, below title, use limit and header."""
_PAPER_11_X_17 = 3


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a sheet."""

    title: str
    """Text of its header."""
    width: float
    """Characters."""
    style: str
    """How its cells look: `HAZARD` or a name in `STYLES`."""
    is_hidden: bool = False
    """Whether it is in the file alone, and neither shown nor printed."""

    def __post_init__(self) -> None:
        """Check the style."""
        if self.style != HAZARD and self.style not in STYLES:
            raise ValueError(f"column {self.title!r} has style {self.style!r}, want one of STYLES")


@dataclass(frozen=True, kw_only=True)
class TableLayout:
    """What a sheet with a table looks like, whatever its rows say."""

    name: str
    """Name of the sheet."""
    title: str
    """Text above the table."""
    columns: tuple[Column, ...]
    """From left to right."""
    row_count: int
    """Rows below the header."""
    frozen_columns: int
    """Columns on the left that stay in view."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """A workbook and its formats."""

    file: Workbook
    """Open for writing."""
    styles: dict[str, Format]
    """Format of every style in `STYLES`."""
    hazards: dict[str, Format]
    """Format of every RISK_LVL, in its color."""
    hazard_lines: dict[str, Format]
    """The same for a cell of one line."""

    def add_sheet(self, name: str) -> "Sheet":
        """Add an empty sheet."""
        return Sheet(book=self, page=self.file.add_worksheet(name))

    def close(self) -> None:
        """Write the file.

        Raises:
            OSError: the file cannot be written.
        """
        try:
            self.file.close()
        except FileCreateError as error:
            raise OSError(str(error)) from error


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """A sheet of a workbook; rows must be written from top to bottom."""

    book: Book
    """The workbook with its formats."""
    page: Worksheet
    """XlsxWriter's sheet."""

    def put(self, row: int, column: int, value: object, style: str) -> None:
        """Write a value by its type: a date, a number, or else text.

        Args:
            row: Counted from 0.
            column: Counted from 0.
            value: None and "" leave the cell empty.
            style: A RISK_LVL or a name in `STYLES`.
        """
        look = self.book.hazards.get(style) or self.book.styles[style]
        if value is None or value == "":
            self.page.write_blank(row, column, None, look)
        elif isinstance(value, date):
            self.page.write_datetime(row, column, value, look)
        elif isinstance(value, int | float):
            self.page.write_number(row, column, value, look)
        else:
            self.page.write_string(row, column, str(value), look)

    def put_hazard(self, row: int, column: int, code: str) -> None:
        """Write a hazard as the maps show it: a large letter above its word, on its color."""
        symbol = BY_CODE[code]
        styles = self.book.styles
        letter = (styles["letter"], symbol.letter)
        word = (styles["word"], f"\n{symbol.word.value}")
        self.page.write_rich_string(row, column, *letter, *word, self.book.hazards[code])

    def set_print(self) -> None:
        """Print on 11 x 17, landscape, one page wide."""
        self.page.set_paper(_PAPER_11_X_17)
        self.page.set_landscape()
        self.page.fit_to_pages(1, 0)
        self.page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        self.page.set_footer(f"&L&8{USE_LIMIT}&R&8&A, page &P of &N")


def open_book(path: Path, *, title: str, today: date) -> Book:
    """Open a workbook, dated `today` so that the same rows give the same bytes."""
    file = Workbook(str(path), _file_options())
    created = datetime(today.year, today.month, today.day, tzinfo=UTC)
    file.set_properties({"title": title, "author": "roofwatch", "created": created})
    file.set_size(2400, 1500)

    return Book(
        file=file,
        styles=make_formats(file),
        hazards=hazard_formats(file, "boxed"),
        hazard_lines=hazard_formats(file, "small"),
    )


def _file_options() -> dict[str, object]:
    """Return XlsxWriter's options, a new table each time: XlsxWriter writes into it."""
    return {
        # Rows are written one by one, so a city of any size fits in memory.
        "constant_memory": True,
        # No text is ever turned into a formula, a link or a number.
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_format_properties": {"font_name": "Arial", "font_size": 10},
    }


def add_table(book: Book, layout: TableLayout) -> Sheet:
    """Add a sheet with title, use limit, header, filters and print setup.

    Its rows begin at `FIRST_ROW`.
    """
    sheet = book.add_sheet(layout.name)
    page = sheet.page
    for number, column in enumerate(layout.columns):
        page.set_column(number, number, column.width, None, {"hidden": column.is_hidden})

    page.set_row(TITLE_ROW, 26)
    page.write_string(TITLE_ROW, 0, layout.title, book.styles["title"])
    page.set_row(LIMIT_ROW, 20)
    page.write_string(LIMIT_ROW, 0, USE_LIMIT, book.styles["limit"])
    _write_header(sheet, layout.columns)

    page.freeze_panes(FIRST_ROW, layout.frozen_columns)
    page.autofilter(HEADER_ROW, 0, HEADER_ROW + layout.row_count, len(layout.columns) - 1)
    sheet.set_print()
    page.repeat_rows(TITLE_ROW, HEADER_ROW)
    return sheet


def _write_header(sheet: Sheet, columns: tuple[Column, ...]) -> None:
    sheet.page.set_row(HEADER_ROW, 34)
    for number, column in enumerate(columns):
        style = "fill head" if column.style.startswith("fill") else "head"
        sheet.put(HEADER_ROW, number, column.title, style)
