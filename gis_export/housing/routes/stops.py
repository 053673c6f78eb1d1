"""One stop of a route sheet: what is known of the building, its photos, boxes to tick, its QR code."""

from dataclasses import dataclass
from urllib.parse import quote

import geopandas as gpd
import numpy as np
import shapely
from fpdf import FPDF
from pyproj import Transformer

from gis_export.housing.findings import DISPOSITIONS, ROOF_OPEN
from gis_export.printing.chip_photo import chip_jpeg, draw_chip
from gis_export.printing.frame import PageBox
from gis_export.printing.marks import MARK_MM, draw_mark
from gis_export.printing.qr import draw_qr
from gis_export.printing.sheet import INNER_MM, MARGIN_MM, RULE, rule
from gis_export.printing.text import (
    INK,
    MM_PER_PT,
    SOFT,
    TextStyle,
    put,
    put_lines,
    set_font,
    text_width,
    wrapped,
)
from gis_export.table.symbols import Symbol
from imagery.chips.store import ChipStore

STOP_MM = 39.4
"""Height of a stop: six fit on a page."""
_CHIP_MM = (26.0, 20.0)
_QR_MM, _GAP_MM = 20.0, 2.0
_TEXT_MM = INNER_MM - 2 * _CHIP_MM[0] - _QR_MM - 3 * _GAP_MM - 9
_BOX_MM, _TICK_PT = 2.8, 7.2
_RISK_PT = (7.5, 6.8, 6.2)
"""Sizes of what follows the hazard word; in the last it may take three lines."""
_RISK_LEADING = 1.2
YES_NO = ("Y", "N")


@dataclass(frozen=True, kw_only=True, eq=False)
class Stop:
    """One building to visit."""

    number: int
    """Place in the day's order."""
    parcel_id: str
    """PARCEL_ID with its blanks, as the QR code holds it."""
    address: str
    """ADDRESS."""
    symbol: Symbol
    """Of its hazard word."""
    risk: str
    """RISK_TXT."""
    priority: str
    """PRIORITY and WHY in words."""
    link: str
    """Address in the city's own viewer, "" for none."""
    point: tuple[float, float] | None
    """Easting and northing on the map of the day."""


def viewer_link(
    template: str, *, parcel_id: str, address: str, lon_lat: tuple[float, float] | None
) -> str:
    """Fill in the address of the city's own map viewer; "" where there is no template or it needs a place that is not known.

    >>> viewer_link("https://city.example/?p={parcel_id}", parcel_id="0216 001", address="", lon_lat=None)
    'https://city.example/?p=0216%20001'
    """
    if not template or (lon_lat is None and ("{lon}" in template or "{lat}" in template)):
        return ""
    lon, lat = lon_lat or (0.0, 0.0)
    values = {
        "parcel_id": quote(parcel_id, safe=""),
        "address": quote(address, safe=""),
        "lon": f"{lon:.6f}",
        "lat": f"{lat:.6f}",
    }
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def lon_lats(rows: gpd.GeoDataFrame) -> list[tuple[float, float] | None]:
    """Return a point inside each row in degrees, None without a place."""
    inside = rows.geometry.representative_point().to_numpy()
    transform = Transformer.from_crs(rows.crs, "EPSG:4326", always_xy=True)
    degrees = np.column_stack(
        transform.transform(shapely.get_x(inside), shapely.get_y(inside))
    )  # (n, 2), not finite without a place
    return [
        (lon, lat) if known else None
        for (lon, lat), known in zip(
            degrees.tolist(), np.isfinite(degrees).all(axis=1), strict=True
        )
    ]


def draw_stop(
    pdf: FPDF, stop: Stop, top: float, *, chips: tuple[tuple[str, ChipStore | None], ...]
) -> None:
    """Draw a stop.

    Args:
        pdf: A document with a page begun.
        stop: What is known.
        top: Upper edge on the page.
        chips: Caption and photos of this year and of the flyover before, in the order of the work list.
    """
    left = MARGIN_MM + 9
    draw_number(pdf, stop.number, MARGIN_MM + 3.4, top + 5)
    put(
        pdf,
        (left, top + 6),
        stop.address or "no address known",
        TextStyle(size_pt=11, bold=True, max_width_mm=_TEXT_MM),
    )
    _draw_risk(pdf, stop, left, top + 12.2)
    said = f"parcel {stop.parcel_id}" + (f"  ·  {stop.link}" if stop.link else "")
    put(pdf, (left, top + 16.6), said, TextStyle(size_pt=7, gray=SOFT, max_width_mm=_TEXT_MM))
    if stop.link:
        pdf.link(left, top + 14, _TEXT_MM, 3.2, stop.link)
    put_lines(
        pdf,
        (left, top + 20.1),
        wrapped(pdf, stop.priority, _TEXT_MM, TextStyle(size_pt=7.2), most=3),
        TextStyle(size_pt=7.2, leading=1.16),
    )
    _draw_pictures(pdf, stop, top + 1.2, chips)
    _draw_boxes(pdf, left, top + 28.6)
    rule(pdf, top + STOP_MM, width_mm=0.25, gray=RULE)


def _draw_risk(pdf: FPDF, stop: Stop, left: float, y: float) -> None:
    """Draw the hazard word, and beside it all that RISK_TXT says of it: on lines and in a size that fit, for date and REVIEW DUE must not be cut."""
    word = stop.symbol.word.value
    draw_mark(pdf, stop.symbol, left + 2.6, y - 1.2, MARK_MM)
    put(pdf, (left + 6.5, y), word, TextStyle(size_pt=9, bold=True))
    used = 7.5 + text_width(pdf, word)
    said = stop.risk.removeprefix(word).removeprefix(":")
    for size_pt in _RISK_PT:
        lines = wrapped(pdf, said, _TEXT_MM - used, TextStyle(size_pt=size_pt))
        if len(lines) <= 2:
            break
    step = size_pt * MM_PER_PT * _RISK_LEADING
    put_lines(
        pdf,
        (left + used, y - step * (len(lines) - 1) / 2),
        lines,
        TextStyle(size_pt=size_pt, leading=_RISK_LEADING),
    )


def draw_number(pdf: FPDF, number: int, x_mm: float, y_mm: float) -> None:
    """Draw the number of a stop, white on a black disc."""
    pdf.set_dash_pattern()
    pdf.set_draw_color(255)
    pdf.set_line_width(0.5)
    pdf.set_fill_color(INK)
    pdf.circle(x_mm, y_mm, 3.1, style="DF")
    put(
        pdf,
        (x_mm, y_mm + 1.2),
        str(number),
        TextStyle(size_pt=9 if number < 100 else 6.5, bold=True, align="C", gray=255),
    )


def _draw_pictures(
    pdf: FPDF, stop: Stop, top: float, chips: tuple[tuple[str, ChipStore | None], ...]
) -> None:
    left = MARGIN_MM + INNER_MM - _QR_MM - len(chips) * (_CHIP_MM[0] + _GAP_MM)
    for caption, store in chips:
        alt_text = f"Roof of {stop.address or stop.parcel_id} from above, {caption}"
        draw_chip(
            pdf,
            chip_jpeg(store, stop.parcel_id),
            PageBox(left_mm=left, top_mm=top, width_mm=_CHIP_MM[0], height_mm=_CHIP_MM[1]),
            caption=caption,
            alt_text=alt_text,
        )
        left += _CHIP_MM[0] + _GAP_MM
    draw_qr(pdf, stop.parcel_id, left, top, _QR_MM)
    put(
        pdf,
        (left + _QR_MM / 2, top + _CHIP_MM[1] + 2.9),
        stop.parcel_id,
        TextStyle(size_pt=6.8, align="C", max_width_mm=_QR_MM),
    )


def _draw_boxes(pdf: FPDF, left: float, y: float) -> None:
    """Draw three lines of boxes: roof and state; sides and sign; disposition."""
    x = _draw_group(pdf, left, y, "Roof open", tuple(choice.label for choice in ROOF_OPEN))
    _draw_group(pdf, x + 1.5, y, "Sign posted", YES_NO)
    x = _draw_group(pdf, left, y + 4.3, "Secured", YES_NO)
    x = _draw_group(pdf, x + 1.5, y + 4.3, "Occupied", YES_NO)
    x = _draw_group(pdf, x + 1.5, y + 4.3, "Wall or floor failing", YES_NO)
    x = _draw_group(pdf, x + 1.5, y + 4.3, "Sides occupied", ("N", "E", "S", "W", "none"))
    rule(pdf, y + 4.6, ends_mm=(x + 1, MARGIN_MM + INNER_MM))
    _draw_group(pdf, left, y + 8.6, "", tuple(choice.label for choice in DISPOSITIONS), size_pt=6.4)


def _draw_group(
    pdf: FPDF,
    left: float,
    y: float,
    title: str,
    choices: tuple[str, ...],
    *,
    size_pt: float = _TICK_PT,
) -> float:
    """Draw a title and its boxes; return where they end."""
    x = left
    if title:
        put(pdf, (x, y), title, TextStyle(size_pt=size_pt, bold=True))
        x += text_width(pdf, title) + 1.5
    for choice in choices:
        pdf.set_draw_color(INK)
        pdf.set_line_width(0.25)
        pdf.rect(x, y - _BOX_MM + 0.5, _BOX_MM, _BOX_MM)
        put(pdf, (x + _BOX_MM + 0.8, y), choice, TextStyle(size_pt=size_pt))
        set_font(pdf, size_pt)
        x += _BOX_MM + 2.2 + text_width(pdf, choice)
    return x
