"""The field form for findings as an XLSForm: one workbook for Survey123, ODK Collect, KoboToolbox.

See https://xlsform.org. Its answers are a label file with the columns parcel_id, year, visited_on
and roof_pct.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.format import Format

from gis_export.housing.question import ENGLISH, SPANISH
from gis_export.housing.survey import LISTS, SURVEY
from gis_export.table.tables import csv_texts
from gis_export.table.visits import by_priority
from imagery.files import atomic_path
from imagery.values.formulas import harmless

MEDIA_FOLDER = "findings_form_media"
MEDIA_FILE = "worklist.csv"
"""Upload this file beside the form: it fills in address and hazard."""
_MEDIA_COLUMNS = {
    "PARCEL_ID": "parcel_id",
    "ADDRESS": "address",
    "RISK_TXT": "hazard",
    "INSP_DIST": "district",
    "PRIORITY": "priority",
    "WHY": "why",
}
"""Column of the media file by the name of its field."""
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)
"""Always the same day, so that the same form has the same bytes."""


def write_xlsform(path: Path, *, city: str) -> None:
    """Write the workbook with its sheets survey, choices and settings."""
    title = f"{city}: findings on vacant roofs"
    with atomic_path(path) as temporary, Workbook(str(temporary)) as file:
        file.set_properties({"title": title, "author": "roofwatch", "created": _CREATED})
        bold = file.add_format({"bold": True})

        _write_sheet(file, "survey", _survey_rows(), bold)
        _write_sheet(file, "choices", _choice_rows(), bold)
        _write_sheet(file, "settings", _settings_rows(title), bold)


def _survey_rows() -> list[Sequence[str]]:
    header = tuple(SURVEY[0].cells())
    return [header, *(tuple(question.cells().values()) for question in SURVEY)]


def _choice_rows() -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        ("list_name", "name", f"label::{ENGLISH}", f"label::{SPANISH}", "roof_pct")
    ]
    for list_name, choices in LISTS.items():
        for choice in choices:
            row = (list_name, choice.name, choice.label, choice.spanish, choice.roof_pct)
            rows.append(row)
    return rows


def _settings_rows(title: str) -> list[Sequence[str]]:
    settings = {
        "form_title": title,
        "form_id": "roofwatch_findings",
        "version": "1",
        "default_language": ENGLISH,
        "instance_name": "concat(${parcel_id}, ' ', ${visited_on})",
    }
    return [tuple(settings), tuple(settings.values())]


def _write_sheet(file: Workbook, name: str, rows: Sequence[Sequence[str]], bold: Format) -> None:
    """Write a sheet whose first row is its header; all cells are text."""
    sheet = file.add_worksheet(name)
    sheet.freeze_panes(1, 2)
    sheet.set_column(0, 14, 28)

    for row_number, row in enumerate(rows):
        look = bold if row_number == 0 else None
        for column_number, text in enumerate(row):
            if text:
                sheet.write_string(row_number, column_number, text, look)


def write_form_media(rows: gpd.GeoDataFrame, folder: Path) -> Path:
    """Write the CSV where the form looks up addresses and hazards, a row per vacant building."""
    path = folder / MEDIA_FOLDER / MEDIA_FILE
    order = by_priority(rows)
    columns = {}
    for field, column in _MEDIA_COLUMNS.items():
        columns[column] = [harmless(text) for text in csv_texts(order[field].tolist())]

    with atomic_path(path) as temporary:
        pd.DataFrame(columns).to_csv(temporary, index=False)
    return path
