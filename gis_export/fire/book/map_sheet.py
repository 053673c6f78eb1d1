"""The buildings on one map of the book: outlines, symbols moved apart, house numbers, streets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from fpdf import FPDF

from gis_export.fire.book.entries import Entry, places_of, sizes_of
from gis_export.fire.book.street_names import Covered, draw_lone_names, draw_street_names
from gis_export.fire.book.streets import lone_labels, street_labels
from gis_export.printing.frame import Frame
from gis_export.printing.marks import draw_halo_text, draw_mark, draw_outline, mark_height_mm
from gis_export.printing.spread import Points, spread
from gis_export.printing.text import INK, MM_PER_PT, set_font, text_width
from gis_export.table.symbols import SYMBOLS
from inference.hazard import HazardWord

NUMBER_PT = 5.0
_FARTHEST_MM = 9.0
"""Farthest that a symbol is moved."""
_LEADER_MM = 2.6
"""A symbol moved farther is tied to its building by a line."""
_STREET_ASIDE_M = 16.0
"""Distance of a street's name from a row of houses."""
_ORDER = {symbol.code: number for number, symbol in enumerate(reversed(SYMBOLS))}
"""The worst are drawn last, on top."""


@dataclass(frozen=True, kw_only=True)
class DrawnSymbol:
    """Where a symbol was drawn."""

    entry: Entry
    """Its building."""
    x_mm: float
    """Middle, from the left edge of the page."""
    y_mm: float
    """Middle, from the upper edge of the page."""


@dataclass(frozen=True, kw_only=True)
class DrawnMap:
    """What was drawn on a map."""

    symbols: list[DrawnSymbol]
    """Its symbols."""
    unnamed: list[str]
    """Streets of its own buildings for whose names there was no room."""


def draw_buildings(
    pdf: FPDF, frame: Frame, entries: Sequence[Entry], *, own: frozenset[str]
) -> DrawnMap:
    """Draw outlines, street names, symbols and house numbers of entries that have a place.

    Args:
        pdf: A document with a page begun.
        frame: The map.
        entries: The buildings.
        own: Parcels that the map is for: the streets of all of them are named on it.
    """
    entries = sorted(entries, key=lambda entry: (_ORDER[entry.symbol.code], entry.key))
    labels = [_house_number(entry) for entry in entries]
    homes = frame.place(places_of(entries))
    boxes = _boxes_with_numbers(pdf, entries, labels)
    places = _move_apart(entries, homes, boxes)

    page = frame.page
    with pdf.rect_clip(page.left_mm, page.top_mm, page.width_mm, page.height_mm):
        for entry in entries:
            _draw_outlines(pdf, frame, entry)
        for home, place in zip(homes, places, strict=True):
            _draw_leader(pdf, home, place)
        for entry, label, place, box in zip(entries, labels, places, boxes, strict=True):
            _draw_symbol(pdf, entry, label, place, box)

        addresses = [entry.address for entry in entries]
        streets = street_labels(addresses, homes, aside=_STREET_ASIDE_M / frame.scale * 1000)
        covered = Covered(page=page, centers=places, sizes=boxes)
        named = draw_street_names(pdf, streets, covered)

        wanted = {entry.address.street for entry in entries if entry.parcel_id in own} - {""}
        lone = lone_labels(addresses, homes, wanted - named.streets)
        unnamed = draw_lone_names(pdf, lone, named.covered)

    symbols = [
        DrawnSymbol(entry=entry, x_mm=float(place[0]), y_mm=float(place[1]))
        for entry, place in zip(entries, places, strict=True)
    ]
    return DrawnMap(symbols=symbols, unnamed=unnamed)


def _house_number(entry: Entry) -> str:
    """Return the number below a symbol; NOT SEEN IN PHOTO has none."""
    return "" if entry.symbol.word is HazardWord.NOT_SEEN else entry.address.number


def _boxes_with_numbers(pdf: FPDF, entries: Sequence[Entry], labels: list[str]) -> Points:
    """Return width and height of the symbols with their house numbers, (n, 2)."""
    set_font(pdf, NUMBER_PT, bold=True, text="".join(labels))
    boxes = sizes_of(entries)

    for row, label in enumerate(labels):
        if label:
            boxes[row, 0] = max(boxes[row, 0], text_width(pdf, label) + 0.6)
            boxes[row, 1] += NUMBER_PT * MM_PER_PT
    return boxes


def _move_apart(entries: Sequence[Entry], homes: Points, boxes: Points) -> Points:
    """Return where the symbols are drawn so that they overlap less, (n, 2)."""
    # In street order neighbors follow each other, so that a crowded row opens into two.
    by_street = sorted(range(len(entries)), key=lambda row: _side_key(entries[row]))
    places = np.empty_like(homes)
    places[by_street] = spread(homes[by_street], boxes[by_street], most=_FARTHEST_MM)
    return places


def _side_key(entry: Entry) -> tuple[str, int, int, str]:
    """Return what sorts houses by street, side of the street and number."""
    _, _, street, number, _ = entry.address.key
    return street, number % 2, number, entry.parcel_id


def _draw_outlines(pdf: FPDF, frame: Frame, entry: Entry) -> None:
    is_seen = entry.symbol.word is not HazardWord.NOT_SEEN
    width_mm = 0.4 if is_seen else 0.2
    for polygon in shapely.get_parts(entry.shape):
        if polygon.geom_type == "Polygon":
            ring = np.asarray(polygon.exterior.coords)[:, :2]
            draw_outline(pdf, frame.place(ring), entry.symbol.outline, width_mm=width_mm)


def _draw_leader(pdf: FPDF, home: Points, place: Points) -> None:
    """Tie a symbol that was moved far to its building, both (2,)."""
    if np.hypot(*(place - home)) <= _LEADER_MM:
        return

    home_x, home_y = home.tolist()
    place_x, place_y = place.tolist()
    for gray, width_mm in ((255, 0.7), (INK, 0.25)):
        pdf.set_draw_color(gray)
        pdf.set_line_width(width_mm)
        pdf.line(home_x, home_y, place_x, place_y)
    pdf.set_fill_color(INK)
    pdf.circle(home_x, home_y, 0.45, style="F")


def _draw_symbol(pdf: FPDF, entry: Entry, label: str, place: Points, box: Points) -> None:
    """Draw a symbol and its house number below, in the box (2,) around a place (2,)."""
    height_mm = mark_height_mm(entry.symbol)
    x = float(place[0])
    top = float(place[1] - box[1] / 2)
    draw_mark(pdf, entry.symbol, x, top + 0.15 + height_mm / 2, height_mm)

    if label:
        y = top + height_mm + 0.55 + NUMBER_PT * MM_PER_PT / 2
        draw_halo_text(pdf, (x, y), label, size_pt=NUMBER_PT)
