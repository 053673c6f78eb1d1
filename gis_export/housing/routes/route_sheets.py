"""Route sheets: a day of one inspector on paper, with a map of the stops. Housing tier."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path

import geopandas as gpd
from fpdf import FPDF
from pyproj import CRS

from gis_export.housing.roof_photos import RoofPhotos, earlier_photos, this_years_photos
from gis_export.housing.routes.route_map import draw_route_map, route_map_mm
from gis_export.housing.routes.routing import Route
from gis_export.housing.routes.stops import STOP_MM, Stop, draw_stop, read_stops
from gis_export.printing.map_edge import FOOT_M
from gis_export.printing.photo import Photo, photo_of
from gis_export.printing.sheet import (
    BOTTOM_MM,
    INNER_MM,
    MARGIN_MM,
    TOP_MM,
    Heading,
    add_sheet,
    new_document,
    save,
)
from gis_export.printing.text import TextStyle, put
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from imagery.crs import utm_zone
from imagery.file_names import safe_names

NO_DISTRICT = "no_district"
"""File of the stops that are in no district."""
_AUDIENCE = "for the housing department"
_FEET_PER_MILE = 5280
_FIRST_MM = TOP_MM - 1
"""Where the first stop of a page begins."""
_LAST_MM = BOTTOM_MM + 1.5
"""Where its last one ends."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SheetSources:
    """What every sheet of a run is made from."""

    city: str
    """Name and year of the city, for the heading."""
    made: str
    """Day and run, for the last line."""
    today: date
    """Day of the export."""
    crs: CRS | None
    """Metric CRS of the maps, None when no row has a geometry."""
    ground: Photo | None
    """The photo below the maps."""
    roofs: tuple[RoofPhotos, ...]
    """Photos of the roofs: this year's, and earlier ones if there are any."""
    stops: dict[str, Stop]
    """Every building of a route, without its number, by parcel."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _DaySheet:
    """A day of one inspector."""

    heading: Heading
    """Heading of its pages."""
    stops: tuple[Stop, ...]
    """In visiting order."""


def write_route_sheets(routes: Sequence[Route], sources: SheetSources, folder: Path) -> list[Path]:
    """Write a PDF per inspection district, its days one after the other.

    Args:
        routes: Days with their stops in visiting order.
        sources: What `read_sources` returned for them.
        folder: Where the PDFs go, such as housing/route_sheets.

    Returns:
        The files, sorted by district.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = file_names(routes)

    paths = []
    ordered = sorted(routes, key=lambda route: (route.district, route.day))
    for district, days in groupby(ordered, key=lambda route: route.district):
        path = folder / f"{names[district]}.pdf"
        paths.append(_write_district(list(days), sources, path))
    return paths


def read_sources(
    routes: Sequence[Route],
    rows: gpd.GeoDataFrame,
    inputs: ExportInputs,
    settings: ExportSettings,
    *,
    ground: Photo | None = None,
) -> SheetSources:
    """Return what every sheet and phone list of a run is made from.

    Args:
        routes: Days with their stops.
        rows: What `build_rows` returned; every stop is among them.
        inputs: City, flyover and chips.
        settings: The city's choices.
        ground: The flyover, if it was indexed before in the UTM zone of the rows.
    """
    crs = utm_zone(rows.geometry)
    now = this_years_photos(inputs)
    before = earlier_photos(inputs)

    parcels: set[str] = set()
    for route in routes:
        parcels.update(route.parcels)
    visits = gpd.GeoDataFrame(rows[rows["PARCEL_ID"].isin(parcels)])

    return SheetSources(
        city=f"{inputs.city} {inputs.year}",
        made=inputs.foot,
        today=inputs.today,
        crs=crs,
        ground=ground or (photo_of(inputs.flyover, crs) if crs is not None else None),
        roofs=(now, before) if before is not None else (now,),
        stops=read_stops(visits, crs, settings.visits.viewer),
    )


def file_names(routes: Sequence[Route]) -> dict[str, str]:
    """Return the file of every district, without its suffix."""
    districts = {route.district for route in routes if route.district}
    return {"": NO_DISTRICT, **safe_names(districts, taken=(NO_DISTRICT,))}


def _write_district(days: Sequence[Route], sources: SheetSources, path: Path) -> Path:
    name = _district_title(days[0])
    pdf = new_document(
        f"{sources.city}: route sheets, {name.lower()}",
        subject="A day of visits to vacant buildings per sheet",
        today=sources.today,
    )

    sheets = [_day_sheet(name, day, len(days), sources) for day in days]
    pages = sum(_count_pages(sheet, sources) for sheet in sheets)
    for sheet in sheets:
        _draw_day(pdf, sheet, sources, pages=pages)
    return save(pdf, path)


def _district_title(route: Route) -> str:
    return f"Inspection district {route.district}" if route.district else "No inspection district"


def day_title(route: Route) -> str:
    """Return the title of a day's pages."""
    return f"{_district_title(route)}, day {route.day}"


def _day_sheet(name: str, day: Route, days: int, sources: SheetSources) -> _DaySheet:
    stops = []
    for number, parcel_id in enumerate(day.parcels, start=1):
        stops.append(replace(sources.stops[parcel_id], number=number))

    heading = Heading(
        title=day_title(day),
        subtitle=summary_of(day),
        place=sources.city,
        audience=_AUDIENCE,
        foot=f"{name}, day {day.day} of {days}  ·  {sources.made}",
    )
    return _DaySheet(heading=heading, stops=tuple(stops))


def summary_of(day: Route) -> str:
    """Return the number of stops and the way between them."""
    count = len(day.parcels)
    stops = f"{count} stop" if count == 1 else f"{count} stops"
    if not day.length_m:
        return stops

    kilometers = day.length_m / 1000
    miles = day.length_m / FOOT_M / _FEET_PER_MILE
    return f"{stops}, {kilometers:.1f} km ({miles:.1f} miles) straight from stop to stop"


def _count_pages(sheet: _DaySheet, sources: SheetSources) -> int:
    """Return the pages of a day: its first one has the map."""
    first = _stops_in(_LAST_MM - _FIRST_MM - route_map_mm(sheet.stops, sources.crs))
    others = _stops_in(_LAST_MM - _FIRST_MM)
    return 1 + max(0, -(-(len(sheet.stops) - first) // others))


def _stops_in(height_mm: float) -> int:
    """Return how many stops a height holds."""
    return int(height_mm / STOP_MM + 1e-9)


def _draw_day(pdf: FPDF, sheet: _DaySheet, sources: SheetSources, *, pages: int) -> None:
    _begin_page(pdf, sheet.heading, pages)
    pdf.start_section(sheet.heading.title)
    map_mm = draw_route_map(pdf, sheet.stops, sources.crs, sources.ground)

    y_mm = _FIRST_MM + map_mm
    for stop in sheet.stops:
        if y_mm + STOP_MM > _LAST_MM + 1e-6:
            _begin_page(pdf, sheet.heading, pages)
            y_mm = _FIRST_MM
        draw_stop(pdf, stop, y_mm, photos=sources.roofs)
        y_mm += STOP_MM


def _begin_page(pdf: FPDF, heading: Heading, pages: int) -> None:
    add_sheet(pdf, heading, pages=pages)
    date_mm = (MARGIN_MM + INNER_MM, 24.6)
    put(pdf, date_mm, "Date ________________", TextStyle(size_pt=8, align="R"))
