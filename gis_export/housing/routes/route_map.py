"""The map of a route sheet: the stops of a day and the way between them over the photo."""

from collections.abc import Sequence

import numpy as np
from fpdf import FPDF
from numpy.typing import NDArray
from pyproj import CRS

from gis_export.housing.routes.stops import Stop, draw_number
from gis_export.printing.frame import Frame, PageBox, frame_around
from gis_export.printing.map_edge import draw_border, draw_north, draw_scale_bar
from gis_export.printing.map_picture import draw_photo
from gis_export.printing.photo import Photo
from gis_export.printing.sheet import INNER_MM, MARGIN_MM, TOP_MM
from gis_export.printing.spread import spread
from gis_export.printing.text import INK, SOFT, TextStyle, put
from imagery.boxes import GroundBox

Points = NDArray[np.float64]
"""x and y, (n, 2)."""

_PAGE = PageBox(left_mm=MARGIN_MM, top_mm=TOP_MM, width_mm=INNER_MM, height_mm=62.0)
_BELOW_MM = 12.5
"""Height of the scale bar and the note below the map."""
_DISC_MM = 6.4
"""Size of a stop's number with its rim."""
_FINEST = 1000
"""Finest scale."""
_ROOM = 0.84
"""Share of the map that the stops may take."""
_NOTE = TextStyle(size_pt=7.5, gray=SOFT, max_width_mm=110)


def route_map_mm(stops: Sequence[Stop], crs: CRS | None) -> float:
    """Return the height that the map of some stops takes, 0 when no stop has a geometry."""
    has_place = crs is not None and any(stop.point is not None for stop in stops)
    return _PAGE.height_mm + _BELOW_MM if has_place else 0.0


def draw_route_map(pdf: FPDF, stops: Sequence[Stop], crs: CRS | None, photo: Photo | None) -> float:
    """Draw the stops of a day at the top of a page.

    Args:
        pdf: A document with a page begun.
        stops: In visiting order.
        crs: Metric CRS of their points.
        photo: The ground, None for none.

    Returns:
        The height that the map takes, 0 when no stop has a geometry.
    """
    height_mm = route_map_mm(stops, crs)
    if crs is None or height_mm == 0:
        return 0.0

    numbers = [stop.number for stop in stops if stop.point is not None]
    points = np.array([stop.point for stop in stops if stop.point is not None], dtype=np.float64)
    frame = frame_around(_ground_around(points), crs, _PAGE, finest=_FINEST, room=_ROOM)
    has_photo = draw_photo(pdf, photo, frame)

    homes_mm = frame.place(points)
    _draw_way(pdf, homes_mm)
    _draw_numbers(pdf, numbers, homes_mm)
    draw_border(pdf, frame)
    _draw_below(pdf, frame, has_photo=has_photo)
    return height_mm


def _ground_around(points: Points) -> GroundBox:
    west, south = points.min(axis=0).tolist()
    east, north = points.max(axis=0).tolist()
    return GroundBox(west=west, south=south, east=east, north=north)


def _draw_way(pdf: FPDF, homes_mm: Points) -> None:
    """Draw a black line with a white rim from stop to stop."""
    if len(homes_mm) < 2:
        return

    line = [(float(x), float(y)) for x, y in homes_mm]
    for gray, width_mm in ((255, 1.6), (INK, 0.7)):
        pdf.set_draw_color(gray)
        pdf.set_line_width(width_mm)
        pdf.polyline(line)


def _draw_numbers(pdf: FPDF, numbers: Sequence[int], homes_mm: Points) -> None:
    """Draw the numbers side by side, each tied to its building; the first stop comes on top."""
    sizes_mm = np.full_like(homes_mm, _DISC_MM)
    places_mm = spread(homes_mm, sizes_mm, most=2 * _DISC_MM)

    stops = zip(numbers, homes_mm.tolist(), places_mm.tolist(), strict=True)
    for number, home_mm, place_mm in reversed(list(stops)):
        pdf.set_line_width(0.4)
        pdf.set_draw_color(INK)
        pdf.line(*home_mm, *place_mm)
        draw_number(pdf, number, *place_mm)


def _draw_below(pdf: FPDF, frame: Frame, *, has_photo: bool) -> None:
    """Draw note, scale bar and north arrow below the map, where they hide no stop."""
    page = frame.page
    note = "Stops in visiting order. The line is straight; streets go around."
    if not has_photo:
        note = f"{note} No photo of the ground."

    put(pdf, (page.left_mm, page.bottom_mm + 5), note, _NOTE)
    draw_scale_bar(pdf, frame, page.right_mm - 9, page.bottom_mm + 2.5)
    draw_north(pdf, page.right_mm - 3, page.bottom_mm + 1.5)
