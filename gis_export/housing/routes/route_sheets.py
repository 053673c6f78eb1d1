"""Route sheets: a day of one inspector on paper, with a map of the stops, boxes to tick and QR codes. Housing tier."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path

import geopandas as gpd
import numpy as np
from fpdf import FPDF
from pyproj import CRS

from gis_export.housing.routes.routing import Route
from gis_export.housing.routes.stops import (
    STOP_MM,
    Stop,
    draw_number,
    draw_stop,
    lon_lats,
    viewer_link,
)
from gis_export.printing.frame import Frame, PageBox, frame_around
from gis_export.printing.map_edge import FOOT_M, draw_border, draw_north, draw_scale_bar
from gis_export.printing.map_picture import draw_photo
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
from gis_export.printing.spread import spread
from gis_export.printing.text import INK, SOFT, TextStyle, put
from gis_export.table.fields import Tier, fields_of
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_CODE
from imagery.boxes import GroundBox
from imagery.chips.store import ChipStore
from imagery.crs import utm_zone
from imagery.file_names import safe_names

MAP_MM = (INNER_MM, 62.0)
"""Width and height of the map strip."""
_BELOW_MM = 12.5
"""What stands below it takes."""
_DISC_MM = 6.4
_FINEST = 1000
NO_DISTRICT = "no_district"
"""File of the stops that are in no district."""
_AUDIENCE = "for the housing department"


@dataclass(frozen=True, kw_only=True, eq=False)
class Desk:
    """What every sheet of a run needs."""

    city: str
    """Name and year of the city, for the head."""
    made: str
    """Day and run, for the foot."""
    today: date
    """Day of the export."""
    crs: CRS | None
    """Metric CRS of the maps, None without a place."""
    photo: Photo | None
    """The ground."""
    chips: tuple[tuple[str, ChipStore | None], ...]
    """Caption and photos of the roofs: last year's where there are any, and this year's."""
    stops: dict[str, Stop]
    """Every building of a route, without its number, by parcel."""


def write_route_sheets(
    routes: Sequence[Route],
    rows: gpd.GeoDataFrame,
    folder: Path,
    inputs: ExportInputs,
    settings: ExportSettings,
) -> list[Path]:
    """Write a PDF per inspection district, its days one after the other.

    Args:
        routes: Days with their stops in visiting order.
        rows: What `build_rows` returned; every stop is among them.
        folder: Where the PDFs go, such as housing/route_sheets.
        inputs: City, flyover and chips.
        settings: The city's choices.

    Returns:
        The files, sorted by district.
    """
    folder.mkdir(parents=True, exist_ok=True)
    crs = utm_zone(rows.geometry)
    before = next((one for one in inputs.earlier if one.chips is not None), None)
    desk = Desk(
        city=f"{inputs.city} {inputs.year}",
        made=f"made {inputs.today.isoformat()}  ·  run {inputs.run_id}",
        today=inputs.today,
        crs=crs,
        photo=photo_of(inputs.flyover, crs) if crs is not None else None,
        chips=(
            (f"photo {inputs.year}", inputs.chips),
            *(((f"photo {before.year}", before.chips),) if before else ()),
        ),
        stops=_stops(
            gpd.GeoDataFrame(
                rows[
                    rows["PARCEL_ID"].isin({parcel for route in routes for parcel in route.parcels})
                ]
            ),
            crs,
            settings,
        ),
    )
    ordered = sorted(routes, key=lambda route: (route.district, route.day))
    names = {"": NO_DISTRICT} | safe_names(
        {route.district for route in routes if route.district}, taken=(NO_DISTRICT,)
    )
    return [
        _write_district(list(days), desk, folder / f"{names[district]}.pdf")
        for district, days in groupby(ordered, key=lambda route: route.district)
    ]


def _stops(rows: gpd.GeoDataFrame, crs: CRS | None, settings: ExportSettings) -> dict[str, Stop]:
    """Return some rows as stops without their number, by parcel; only columns of the housing tier are looked at."""
    rows = gpd.GeoDataFrame(
        rows[[*(field.name for field in fields_of(Tier.HOUSING)), rows.geometry.name]]
    )
    points = rows.geometry.representative_point()
    placed = list(points.to_crs(crs)) if crs is not None else [None] * len(rows)
    cells = (
        rows[name].tolist()
        for name in ("PARCEL_ID", "ADDRESS", "RISK_LVL", "RISK_TXT", "PRIORITY", "WHY")
    )
    return {
        parcel: Stop(
            number=0,
            parcel_id=parcel,
            address=address,
            symbol=BY_CODE[code],
            risk=risk,
            priority=f"Priority {priority}: {why}",
            link=viewer_link(
                settings.visits.viewer, parcel_id=parcel, address=address, lon_lat=degrees
            ),
            point=None if point is None or point.is_empty else (point.x, point.y),
        )
        for parcel, address, code, risk, priority, why, degrees, point in zip(
            *cells, lon_lats(rows), placed, strict=True
        )
    }


def _write_district(days: Sequence[Route], desk: Desk, path: Path) -> Path:
    district = days[0].district
    name = f"Inspection district {district}" if district else "No inspection district"
    pdf = new_document(
        f"{desk.city}: route sheets, {name.lower()}",
        subject="A day of visits to vacant buildings per sheet",
        today=desk.today,
    )
    for day in days:
        stops = [
            replace(desk.stops[parcel], number=number)
            for number, parcel in enumerate(day.parcels, 1)
        ]
        way = (
            f", {day.length_m / 1000:.1f} km ({day.length_m / FOOT_M / 5280:.1f} miles) straight from stop to stop"
            if day.length_m
            else ""
        )
        heading = Heading(
            title=f"{name}, day {day.day}",
            subtitle=f"{len(stops)} {'stop' if len(stops) == 1 else 'stops'}{way}",
            place=desk.city,
            audience=_AUDIENCE,
            foot=f"{name}, day {day.day} of {len(days)}  ·  {desk.made}",
        )
        _draw_day(pdf, heading, stops, desk)
    return save(pdf, path)


def _draw_day(pdf: FPDF, heading: Heading, stops: Sequence[Stop], desk: Desk) -> None:
    _begin(pdf, heading)
    pdf.start_section(heading.title)
    y = TOP_MM - 1 + _draw_map(pdf, heading, stops, desk)
    for stop in stops:
        if y + STOP_MM > BOTTOM_MM + 1.5:
            _begin(pdf, heading)
            y = TOP_MM - 1
        draw_stop(pdf, stop, y, chips=desk.chips)
        y += STOP_MM


def _begin(pdf: FPDF, heading: Heading) -> None:
    add_sheet(pdf, heading)
    put(pdf, (MARGIN_MM + INNER_MM, 24.6), "Date ________________", TextStyle(size_pt=8, align="R"))


def _draw_map(pdf: FPDF, heading: Heading, stops: Sequence[Stop], desk: Desk) -> float:
    """Draw the stops and the way between them over the photo; return the height that it takes, 0 where no stop has a place."""
    placed = [(stop.number, stop.point) for stop in stops if stop.point is not None]
    if not placed or desk.crs is None:
        return 0.0
    points = np.array([point for _, point in placed], dtype=np.float64)
    (west, south), (east, north) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    frame = frame_around(
        GroundBox(west=west, south=south, east=east, north=north),
        desk.crs,
        PageBox(left_mm=MARGIN_MM, top_mm=TOP_MM, width_mm=MAP_MM[0], height_mm=MAP_MM[1]),
        finest=_FINEST,
        room=0.84,
    )
    shown = draw_photo(
        pdf,
        desk.photo,
        frame,
        alt_text=f"{heading.title}: map of {len(placed)} stops in visiting order",
    )
    homes = frame.place(points)
    places = spread(homes, np.full_like(homes, _DISC_MM), most=2 * _DISC_MM)
    for gray, width in ((255, 1.6), (INK, 0.7)) if len(placed) > 1 else ():
        pdf.set_draw_color(gray)
        pdf.set_line_width(width)
        pdf.polyline([(float(x), float(y)) for x, y in homes])
    for (number, _), home, place in reversed(
        list(zip(placed, homes.tolist(), places.tolist(), strict=True))
    ):
        pdf.set_line_width(0.4)
        pdf.set_draw_color(INK)
        pdf.line(*home, *place)
        draw_number(pdf, number, *place)
    draw_border(pdf, frame)
    _draw_below(pdf, frame, shown=shown)
    return MAP_MM[1] + _BELOW_MM


def _draw_below(pdf: FPDF, frame: Frame, *, shown: bool) -> None:
    """Draw scale bar and north arrow below the map, where they hide no stop."""
    right = frame.page.right_mm
    y = frame.page.bottom_mm
    note = "Stops in visiting order. The line is straight; streets go around." + (
        "" if shown else " No photo of the ground."
    )
    put(pdf, (frame.page.left_mm, y + 5), note, TextStyle(size_pt=7.5, gray=SOFT, max_width_mm=110))
    draw_scale_bar(pdf, frame, right - 9, y + 2.5)
    draw_north(pdf, right - 3, y + 1.5)
