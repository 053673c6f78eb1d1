"""The sheet "All vacants": a row per vacant building, of any number, without photos."""

from datetime import date

import geopandas as gpd
import pandas as pd
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from gis_export.housing.worklist.workbook import FIRST, Book, Column, add_table
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_CODE
from gis_export.table.visits import by_priority, visited
from inference.hazard import USE_LIMIT

_COLUMNS: tuple[tuple[str, Column], ...] = (
    ("VISIT", Column(title="On the list", width=8, style="row center")),
    ("INSP_DIST", Column(title="District", width=11, style="row")),
    ("RISK_LVL", Column(title="Hazard", width=22, style="hazard")),
    ("ADDRESS", Column(title="Address", width=27, style="row")),
    ("PARCEL_ID", Column(title="Parcel", width=14, style="row")),
    ("NBHD", Column(title="Neighborhood", width=20, style="row")),
    ("PRIORITY", Column(title="Priority", width=10, style="row number")),
    ("SCORE", Column(title="Score", width=8, style="row score")),
    ("RANK", Column(title="Rank by score", width=10, style="row number")),
    ("NA_REASON", Column(title="Why not assessed", width=20, style="row")),
    ("PREV_LVL", Column(title="Hazard before", width=22, style="row")),
    ("CHANGE", Column(title="Change", width=12, style="row")),
    ("IMG_DATE", Column(title="Photo flown", width=12, style="row date")),
    ("VBN_DATE", Column(title="Notice date", width=12, style="row date")),
    ("REVIEW_BY", Column(title="Review by", width=12, style="row date")),
    ("WHY", Column(title="Why this priority", width=125, style="row")),
)
_DAY_ZERO = date(1899, 12, 30)
"""Day 0 of a spreadsheet."""


def add_vacants(
    book: Book, rows: gpd.GeoDataFrame, inputs: ExportInputs, settings: ExportSettings
) -> None:
    """Add the sheet, the most urgent first."""
    order = by_priority(
        rows.assign(VISIT=visited(rows, settings.visits).map({True: "yes", False: ""}))
    )
    title = f"{inputs.city}: every vacant building, the most urgent first, from the photos of {inputs.year}"
    columns = [column for _, column in _COLUMNS]
    sheet = add_table(
        book, "All vacants", columns, title=title, limit=USE_LIMIT, rows=len(order), frozen=4
    )
    sheet.set_default_row(17)
    cells = [_plain(order, name, column) for name, column in _COLUMNS]
    looks = [book.styles.get(column.style) for column in columns]
    for place, (code, *values) in enumerate(
        zip(order["RISK_LVL"].tolist(), *cells, strict=True), start=FIRST
    ):
        _put_row(sheet, place, values, looks, book.hazard_lines[code])


def _put_row(
    sheet: Worksheet, place: int, values: list[object], looks: list[Format | None], hazard: Format
) -> None:
    """Write texts as text and numbers as numbers; empty cells stay empty. A city has millions of cells, so nothing else is asked."""
    for across, value in enumerate(values):
        if isinstance(value, str):
            sheet.write_string(place, across, value, looks[across] or hazard)
        elif value is not None:
            sheet.write_number(place, across, value, looks[across])


def _plain(rows: gpd.GeoDataFrame, name: str, column: Column) -> list[object]:
    """Return a column as texts and numbers, None where empty; a row that was not scored never gets a score."""
    cells = rows[name]
    if name in ("RISK_LVL", "PREV_LVL"):
        return [hazard_cell(str(code)) if code else None for code in cells]
    if column.style == "row date":
        return [None if pd.isna(day) else (day - _DAY_ZERO).days for day in cells]
    if name in ("SCORE", "RANK"):
        cells = cells.where(rows["SCORED"] == "Y")
    return [None if cell == "" or pd.isna(cell) else cell for cell in cells.tolist()]


def hazard_cell(code: str) -> str:
    """Return letter and word of a hazard, as they stand on every map.

    >>> hazard_cell("NA")
    '?  NOT ASSESSED'
    """
    symbol = BY_CODE[code]
    return f"{symbol.letter}  {symbol.word.value}"
