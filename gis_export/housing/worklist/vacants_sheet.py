"""The sheet "All vacants": a row per vacant building, of any number, without photos."""

from datetime import date

import geopandas as gpd
import pandas as pd
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from gis_export.housing.worklist.styles import HAZARD
from gis_export.housing.worklist.workbook import FIRST_ROW, Book, Column, TableLayout, add_table
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_CODE
from gis_export.table.visits import by_priority, visited

_COLUMNS: dict[str, Column] = {
    "VISIT": Column(title="On the list", width=8, style="row center"),
    "INSP_DIST": Column(title="District", width=11, style="row"),
    "RISK_LVL": Column(title="Hazard", width=22, style=HAZARD),
    "ADDRESS": Column(title="Address", width=27, style="row"),
    "PARCEL_ID": Column(title="Parcel", width=14, style="row"),
    "NBHD": Column(title="Neighborhood", width=20, style="row"),
    "PRIORITY": Column(title="Priority", width=10, style="row number"),
    "SCORE": Column(title="Score", width=8, style="row score"),
    "RANK": Column(title="Rank by score", width=10, style="row number"),
    "NA_REASON": Column(title="Why not assessed", width=20, style="row"),
    "PREV_LVL": Column(title="Hazard before", width=22, style="row"),
    "CHANGE": Column(title="Change", width=12, style="row"),
    "IMG_DATE": Column(title="Photo flown", width=12, style="row date"),
    "VBN_DATE": Column(title="Notice date", width=12, style="row date"),
    "REVIEW_BY": Column(title="Review by", width=12, style="row date"),
    "VISIT_TXT": Column(title="Visited", width=44, style="row"),
    "DISPUTED": Column(title="Disputed", width=24, style="row"),
    "WHY": Column(title="Why this priority", width=125, style="row"),
}
"""Columns of the sheet by the name of their field."""
_HAZARD_FIELDS = ("RISK_LVL", "PREV_LVL")
_SCORED_FIELDS = ("SCORE", "RANK")
_DAY_ZERO = date(1899, 12, 30)
"""Day 0 of a spreadsheet."""


def add_vacants(
    book: Book, rows: gpd.GeoDataFrame, inputs: ExportInputs, settings: ExportSettings
) -> None:
    """Add the sheet, the most urgent first."""
    is_visit = visited(rows, settings.visits)
    order = by_priority(rows.assign(VISIT=is_visit.map({True: "yes", False: ""})))
    layout = TableLayout(
        name="All vacants",
        title=(
            f"{inputs.city}: every vacant building, the most urgent first, "
            f"from the photos of {inputs.year}"
        ),
        columns=tuple(_COLUMNS.values()),
        row_count=len(order),
        frozen_columns=4,
    )
    page = add_table(book, layout).page
    page.set_default_row(17)

    codes = order["RISK_LVL"].tolist()
    cells = [_plain_cells(order, field, column) for field, column in _COLUMNS.items()]
    looks = [book.styles.get(column.style) for column in layout.columns]
    for row, (code, *values) in enumerate(zip(codes, *cells, strict=True), start=FIRST_ROW):
        _put_row(page, row, values, looks, book.hazard_lines[code])


def _plain_cells(rows: gpd.GeoDataFrame, field: str, column: Column) -> list[object]:
    """Return a column as texts and numbers, None where it is empty."""
    cells = rows[field]
    if field in _HAZARD_FIELDS:
        return [hazard_cell(str(code)) if code else None for code in cells]
    if column.style == "row date":
        return [None if pd.isna(day) else (day - _DAY_ZERO).days for day in cells]

    # A row that was not scored never gets a score.
    if field in _SCORED_FIELDS:
        cells = cells.where(rows["SCORED"] == "Y")
    return [None if cell == "" or pd.isna(cell) else cell for cell in cells.tolist()]


def hazard_cell(code: str) -> str:
    """Return letter and word of a hazard, as on every map.

    >>> hazard_cell("NA")
    '?  NOT ASSESSED'
    """
    symbol = BY_CODE[code]
    return f"{symbol.letter}  {symbol.word.value}"


def _put_row(
    page: Worksheet, row: int, values: list[object], looks: list[Format | None], hazard: Format
) -> None:
    """Write texts as text and numbers as numbers; empty cells stay empty.

    A city has millions of cells, so nothing else is checked.

    Args:
        page: XlsxWriter's sheet.
        row: Counted from 0.
        values: The cells, from left to right.
        looks: Their formats; None for the format of the row's hazard.
        hazard: Format of the row's hazard.
    """
    for column, value in enumerate(values):
        if isinstance(value, str):
            page.write_string(row, column, value, looks[column] or hazard)
        elif value is not None:
            page.write_number(row, column, value, looks[column])
