"""The inspector's list as a workbook: visits with photos, every vacant, and how to read it."""

from pathlib import Path

import geopandas as gpd

from gis_export.housing.worklist.drop_downs import add_lists
from gis_export.housing.worklist.readme_sheet import add_readme
from gis_export.housing.worklist.vacants_sheet import add_vacants
from gis_export.housing.worklist.visits_sheet import add_visits, listed_visits
from gis_export.housing.worklist.workbook import open_book
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from imagery.files import atomic_path


def write_worklist_xlsx(
    rows: gpd.GeoDataFrame, path: Path, inputs: ExportInputs, settings: ExportSettings
) -> None:
    """Write the workbook: sheets "Work list", "All vacants", "Read me" and the hidden "Lists"."""
    title = f"{inputs.city}: vacant roofs to visit, from the photos of {inputs.year}"
    with atomic_path(path) as temporary:
        book = open_book(temporary, title=title, today=inputs.today)
        try:
            listed = listed_visits(rows, settings.visits)
            add_visits(book, listed, inputs, settings, title=title)
            add_vacants(book, rows, inputs, settings)
            add_readme(book, rows, inputs, settings)
            add_lists(book)
        finally:
            book.close()
