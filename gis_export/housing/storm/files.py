"""The folder of one storm: the list, what is not on it, and the route sheets. Housing tier."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gis_export.formats.spreadsheets import write_spreadsheets
from gis_export.housing.routes.route_sheets import read_sources, write_route_sheets
from gis_export.housing.routes.routing import Route, route_visits
from gis_export.housing.storm.storm_list import (
    NEAR,
    NUMBER,
    PEOPLE,
    PEOPLE_NEAR,
    REASON,
    STORM,
    StormList,
)
from gis_export.housing.worklist.drop_downs import add_lists
from gis_export.housing.worklist.visits_sheet import add_visits
from gis_export.housing.worklist.workbook import open_book
from gis_export.table import columns
from gis_export.table.fields import BY_NAME
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.tables import csv_frame
from gis_export.table.visits import CHOSEN
from imagery.files import atomic_folder
from imagery.values.formulas import harmless
from inference.hazard import USE_LIMIT

LIST = "storm_list"
"""Name of the list's CSV and workbook."""
OTHERS = "not_listed.csv"
"""All vacants that are not on the list, with the reason."""
SHEETS = "route_sheets"
_FIELDS = (
    columns.INSP_DIST,
    columns.PARCEL_ID,
    columns.ADDRESS,
    columns.NBHD,
    columns.RISK_LVL,
    columns.RISK_TXT,
    columns.IMG_DATE,
    columns.PRIORITY,
    columns.WHY,
    columns.VISIT_TXT,
    columns.LAST_VISIT,
    columns.RUN_ID,
)
"""Fields of the list; what is of the storm comes before them, USE_LIMIT and CHOSEN after them."""
_OTHER_FIELDS = (
    columns.PARCEL_ID,
    columns.ADDRESS,
    columns.INSP_DIST,
    columns.RISK_LVL,
    columns.RISK_TXT,
)


def write_storm(
    storm: StormList, folder: Path, inputs: ExportInputs, settings: ExportSettings
) -> list[Path]:
    """Write the folder of a storm, whole or not at all; a list of the same storm is replaced.

    Args:
        storm: The list.
        folder: Where it goes, such as 2024/storm/2024-05-20.
        inputs: City, flyover and chips.
        settings: The city's choices.

    Returns:
        The files, sorted.
    """
    with atomic_folder(folder) as temporary:
        _list_frame(storm).to_csv(temporary / f"{LIST}.csv", index=False)
        _others_frame(storm).to_csv(temporary / OTHERS, index=False)
        _write_workbook(storm, temporary / f"{LIST}.xlsx", inputs, settings)
        _write_sheets(storm, temporary / SHEETS, inputs, settings)
        write_spreadsheets(temporary, today=inputs.today)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _list_frame(storm: StormList) -> pd.DataFrame:
    listed = storm.listed
    fields = tuple(BY_NAME[name] for name in _FIELDS)
    own = {
        NUMBER: listed[NUMBER].to_numpy(),
        STORM: listed[STORM].to_numpy(),
        PEOPLE: listed[PEOPLE].to_numpy(),
        NEAR: [harmless(text) for text in listed[NEAR]],
    }
    frame = csv_frame(listed, fields, long_names=False)
    frame = pd.concat([pd.DataFrame(own, index=frame.index), frame], axis=1)
    return frame.assign(USE_LIMIT=USE_LIMIT, CHOSEN=listed[CHOSEN].to_numpy())


def _others_frame(storm: StormList) -> pd.DataFrame:
    others = storm.others.sort_values(columns.PARCEL_ID)
    frame = csv_frame(others, tuple(BY_NAME[name] for name in _OTHER_FIELDS), long_names=False)
    return frame.assign(REASON=others[REASON].to_numpy(), USE_LIMIT=USE_LIMIT)


def _write_workbook(
    storm: StormList, path: Path, inputs: ExportInputs, settings: ExportSettings
) -> None:
    """Write the list as the work list is, to be filled in and read by `findings`."""
    title = (
        f"{inputs.city}: roofs to look at again after the storm of {storm.day.isoformat()}, "
        f"from the photos of {inputs.year}"
    )
    book = open_book(path, title=title, today=inputs.today)
    try:
        add_visits(book, _with_people(storm), inputs, settings, title=title)
        add_lists(book)
    finally:
        book.close()


def _with_people(storm: StormList) -> gpd.GeoDataFrame:
    """Return the rows with who is near in front of the reasons of their priority."""
    listed = storm.listed
    why = [
        "; ".join(text for text in (f"people {people}", near, priority) if text)
        for people, near, priority in zip(
            listed[PEOPLE], listed[NEAR], listed[columns.WHY], strict=True
        )
    ]
    return gpd.GeoDataFrame(listed.assign(**{columns.WHY: why}))


def _write_sheets(
    storm: StormList, folder: Path, inputs: ExportInputs, settings: ExportSettings
) -> None:
    """Write the route sheets, the days with people near first."""
    rows = _with_people(storm)
    routes = plan_storm_routes(storm, per_day=settings.visits.per_day)
    sources = read_sources(routes, rows, inputs, settings)
    # The storm comes first: a long name of a city may be cut.
    place = f"Storm of {storm.day.isoformat()}, {inputs.city}"
    write_route_sheets(routes, replace(sources, city=place), folder)


def plan_storm_routes(storm: StormList, *, per_day: int) -> list[Route]:
    """Return the days of each district: first those with people near, then all others."""
    is_first = storm.listed[PEOPLE] == PEOPLE_NEAR
    first = route_visits(gpd.GeoDataFrame(storm.listed[is_first]), per_day=per_day)
    rest = route_visits(gpd.GeoDataFrame(storm.listed[~is_first]), per_day=per_day)
    return [*first, *_after(first, rest)]


def _after(first: Sequence[Route], rest: Sequence[Route]) -> Iterator[Route]:
    """Yield routes with their days counted on after those of the same district."""
    for route in rest:
        before = sum(earlier.district == route.district for earlier in first)
        yield replace(route, day=before + route.day)
