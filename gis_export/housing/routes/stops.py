"""One stop of a route sheet: the building, its photos, boxes to tick and its QR code."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import shapely
from fpdf import FPDF
from pyproj import CRS

from gis_export.housing.roof_photos import RoofPhotos
from gis_export.housing.routes.tick_boxes import draw_tick_boxes
from gis_export.housing.viewer import viewer_links
from gis_export.printing.chip_photo import chip_jpeg, draw_chip
from gis_export.printing.frame import PageBox
from gis_export.printing.marks import MARK_MM, draw_mark
from gis_export.printing.qr import draw_qr
from gis_export.printing.sheet import INNER_MM, MARGIN_MM, RULE, rule
from gis_export.printing.text import INK, SOFT, TextStyle, put, put_lines, text_width, wrapped
from gis_export.table.fields import Tier, fields_of
from gis_export.table.symbols import BY_CODE, Symbol

STOP_MM = 39.4
"""Height of a stop: six fit on a page."""
_CHIP_WIDTH_MM = 26.0
_CHIP_HEIGHT_MM = 20.0
_QR_MM = 20.0
_GAP_MM = 2.0
_INDENT_MM = 9
"""Room at the left for the number."""
_TEXT_MM = INNER_MM - 2 * _CHIP_WIDTH_MM - _QR_MM - 3 * _GAP_MM - _INDENT_MM
_ADDRESS = TextStyle(size_pt=11, bold=True, max_width_mm=_TEXT_MM)
_PARCEL = TextStyle(size_pt=7, gray=SOFT, max_width_mm=_TEXT_MM)
_PRIORITY = TextStyle(size_pt=7.2, leading=1.16)
_CAPTION = TextStyle(size_pt=6.8, align="C", max_width_mm=_QR_MM)
_WORD = TextStyle(size_pt=9, bold=True)
_RISK_SIZES_PT = (7.5, 6.8, 6.2)
"""Sizes of the text after the hazard word; in the last it may take three lines."""
_RISK_LEADING = 1.2
_FIELDS = ("PARCEL_ID", "ADDRESS", "RISK_LVL", "RISK_TXT", "VISIT_TXT", "PRIORITY", "WHY")


@dataclass(frozen=True, kw_only=True, eq=False)
class Stop:
    """One building to visit."""

    number: int
    """Its position in the day's order, from 1."""
    parcel_id: str
    """PARCEL_ID with its blanks, as the QR code holds it."""
    address: str
    """ADDRESS."""
    symbol: Symbol
    """Of its hazard word."""
    risk: str
    """RISK_TXT, and what the latest visit found."""
    priority: str
    """PRIORITY and WHY in words."""
    link: str
    """Address in the city's own viewer, "" for none."""
    point: tuple[float, float] | None
    """Easting and northing on the map of the day, None without a geometry."""


def read_stops(rows: gpd.GeoDataFrame, crs: CRS | None, viewer: str) -> dict[str, Stop]:
    """Return rows as stops by parcel, all with number 0.

    Only columns of the housing tier are read.

    Args:
        rows: What `build_rows` returned, or some of it.
        crs: Metric CRS of the maps, None when no row has a geometry.
        viewer: Template of the address in the city's own viewer.
    """
    housing_fields = [field.name for field in fields_of(Tier.HOUSING)]
    rows = gpd.GeoDataFrame(rows[[*housing_fields, rows.geometry.name]])
    points = rows.geometry.representative_point()
    if crs is not None:
        points = points.to_crs(crs)
    links = viewer_links(rows, viewer)
    records = rows[list(_FIELDS)].to_dict("records")

    stops = {}
    for row, point, link in zip(records, points, links, strict=True):
        stop = Stop(
            number=0,
            parcel_id=row["PARCEL_ID"],
            address=row["ADDRESS"],
            symbol=BY_CODE[row["RISK_LVL"]],
            risk=f"{row['RISK_TXT']}; {row['VISIT_TXT']}" if row["VISIT_TXT"] else row["RISK_TXT"],
            priority=f"Priority {row['PRIORITY']}: {row['WHY']}",
            link=link,
            point=_xy(point) if crs is not None else None,
        )
        stops[stop.parcel_id] = stop
    return stops


def _xy(point: shapely.Point | None) -> tuple[float, float] | None:
    if point is None or point.is_empty:
        return None
    return point.x, point.y


def draw_stop(pdf: FPDF, stop: Stop, top_mm: float, *, photos: Sequence[RoofPhotos]) -> None:
    """Draw a stop.

    Args:
        pdf: A document with a page begun.
        stop: What is known of the building.
        top_mm: Upper edge on the page.
        photos: This year's photos and earlier ones, in the order of the work list.
    """
    left_mm = MARGIN_MM + _INDENT_MM
    draw_number(pdf, stop.number, MARGIN_MM + 3.4, top_mm + 5)
    put(pdf, (left_mm, top_mm + 6), stop.address or "no address known", _ADDRESS)
    _draw_risk(pdf, stop, left_mm, top_mm + 12.2)

    parcel = f"parcel {stop.parcel_id}"
    if stop.link:
        parcel = f"{parcel}  ·  {stop.link}"
        pdf.link(left_mm, top_mm + 14, _TEXT_MM, 3.2, stop.link)
    put(pdf, (left_mm, top_mm + 16.6), parcel, _PARCEL)

    priority_lines = wrapped(pdf, stop.priority, _TEXT_MM, _PRIORITY, most=3)
    put_lines(pdf, (left_mm, top_mm + 20.1), priority_lines, _PRIORITY)

    _draw_pictures(pdf, stop, top_mm + 1.2, photos)
    draw_tick_boxes(pdf, left_mm, top_mm + 28.6)
    rule(pdf, top_mm + STOP_MM, width_mm=0.25, gray=RULE)


def draw_number(pdf: FPDF, number: int, x_mm: float, y_mm: float) -> None:
    """Draw the number of a stop, white on a black disc."""
    pdf.set_dash_pattern()
    pdf.set_draw_color(255)
    pdf.set_line_width(0.5)
    pdf.set_fill_color(INK)
    pdf.circle(x_mm, y_mm, 3.1, style="DF")

    size_pt = 9 if number < 100 else 6.5
    style = TextStyle(size_pt=size_pt, bold=True, align="C", gray=255)
    put(pdf, (x_mm, y_mm + 1.2), str(number), style)


def _draw_risk(pdf: FPDF, stop: Stop, left_mm: float, y_mm: float) -> None:
    """Draw the hazard word, and beside it the rest of RISK_TXT in a size that fits.

    Date and REVIEW DUE must not be cut.
    """
    word = stop.symbol.word.value
    draw_mark(pdf, stop.symbol, left_mm + 2.6, y_mm - 1.2, MARK_MM)
    put(pdf, (left_mm + 6.5, y_mm), word, _WORD)
    used_mm = 7.5 + text_width(pdf, word)

    rest = stop.risk.removeprefix(word).removeprefix(":")
    for size_pt in _RISK_SIZES_PT:
        style = TextStyle(size_pt=size_pt, leading=_RISK_LEADING)
        lines = wrapped(pdf, rest, _TEXT_MM - used_mm, style)
        if len(lines) <= 2:
            break

    first_mm = y_mm - style.step_mm * (len(lines) - 1) / 2
    put_lines(pdf, (left_mm + used_mm, first_mm), lines, style)


def _draw_pictures(pdf: FPDF, stop: Stop, top_mm: float, photos: Sequence[RoofPhotos]) -> None:
    """Draw the photos, and the QR code at their right."""
    left_mm = MARGIN_MM + INNER_MM - _QR_MM - len(photos) * (_CHIP_WIDTH_MM + _GAP_MM)
    for year_photos in photos:
        caption = f"photo {year_photos.year}"
        place = PageBox(
            left_mm=left_mm, top_mm=top_mm, width_mm=_CHIP_WIDTH_MM, height_mm=_CHIP_HEIGHT_MM
        )
        jpeg = chip_jpeg(year_photos.chips, stop.parcel_id)
        draw_chip(pdf, jpeg, place, caption=caption)
        left_mm += _CHIP_WIDTH_MM + _GAP_MM

    draw_qr(pdf, stop.parcel_id, left_mm, top_mm, _QR_MM)
    caption_mm = (left_mm + _QR_MM / 2, top_mm + _CHIP_HEIGHT_MM + 2.9)
    put(pdf, caption_mm, stop.parcel_id, _CAPTION)
