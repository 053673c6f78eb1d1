"""One map of the book: photo, outlines, street names, symbols moved apart, house numbers."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from fpdf import FPDF
from numpy.typing import NDArray

from gis_export.fire.book.entries import Entry, sizes_of
from gis_export.fire.book.streets import StreetLabel, street_labels
from gis_export.printing.frame import Frame
from gis_export.printing.map_picture import picture
from gis_export.printing.marks import draw_halo_text, draw_mark, draw_outline, mark_height_mm
from gis_export.printing.photo import Photo
from gis_export.printing.spread import spread
from gis_export.printing.text import INK, MM_PER_PT, set_font, text_width
from gis_export.table.symbols import SYMBOLS
from inference.hazard import HazardWord

NUMBER_PT = 5.0
STREET_PT = 7.0
_FARTHEST_MM = 9.0
"""Farthest that a symbol is moved."""
_LEADER_MM = 2.6
"""A symbol moved farther is tied to its building by a line."""
_STREET_ASIDE_M = 16.0
_ORDER = {symbol.code: number for number, symbol in enumerate(reversed(SYMBOLS))}
"""Worst drawn last, on top."""

Points = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Where a symbol stands."""

    entry: Entry
    """Whose."""
    home: tuple[float, float]
    """Place of the building on the page."""
    at: tuple[float, float]
    """Place of the symbol on the page."""


def draw_photo(pdf: FPDF, photo: Photo | None, frame: Frame, *, alt_text: str) -> bool:
    """Draw the ground of a frame; return whether a photo shows it."""
    found = picture(photo, frame)
    if found is None:
        pdf.set_fill_color(245)
        pdf.rect(frame.left_mm, frame.top_mm, frame.width_mm, frame.height_mm, style="F")
        return False
    pdf.image(
        io.BytesIO(found),
        x=frame.left_mm,
        y=frame.top_mm,
        w=frame.width_mm,
        h=frame.height_mm,
        alt_text=alt_text,
    )
    return True


def draw_buildings(pdf: FPDF, frame: Frame, entries: Sequence[Entry]) -> list[Drawn]:
    """Draw outlines, street names, symbols and house numbers of entries that have a place."""
    entries = sorted(entries, key=lambda entry: (_ORDER[entry.symbol.code], entry.key))
    homes = frame.place(
        np.array([entry.point for entry in entries], dtype=np.float64).reshape(-1, 2)
    )
    labels = [_number(entry) for entry in entries]
    boxes = _boxes(pdf, entries, labels)
    by_street = sorted(range(len(entries)), key=lambda row: _side_key(entries[row]))
    moved = np.empty_like(homes)
    moved[by_street] = spread(homes[by_street], boxes[by_street], most=_FARTHEST_MM)
    places = moved
    with pdf.rect_clip(frame.left_mm, frame.top_mm, frame.width_mm, frame.height_mm):
        for entry in entries:
            _outline(pdf, frame, entry)
        _leaders(pdf, homes, places)
        for entry, label, place, box in zip(entries, labels, places, boxes, strict=True):
            _draw_entry(pdf, entry, label, place, box)
        for street in street_labels(
            [entry.address for entry in entries], homes, aside=_STREET_ASIDE_M / frame.scale * 1000
        ):
            written = _draw_street(pdf, frame, street, places, boxes)
            places, boxes = (
                np.vstack([places, written]),
                np.vstack([boxes, np.full_like(written, STREET_PT * MM_PER_PT)]),
            )
    return [
        Drawn(entry=entry, home=(float(h[0]), float(h[1])), at=(float(p[0]), float(p[1])))
        for entry, h, p in zip(entries, homes, moved, strict=True)
    ]


def _side_key(entry: Entry) -> tuple[str, int, int, str]:
    """Return what puts the houses of one side of a street behind each other, as they stand."""
    _, street, number, _ = entry.address.key
    return street, number % 2, number, entry.parcel_id


def _number(entry: Entry) -> str:
    return "" if entry.symbol.word is HazardWord.NOT_SEEN else entry.address.number


def _boxes(pdf: FPDF, entries: Sequence[Entry], labels: list[str]) -> Points:
    set_font(pdf, NUMBER_PT, bold=True, text="".join(labels))
    boxes = sizes_of(entries)
    for row, label in enumerate(labels):
        if label:
            boxes[row] = (
                max(boxes[row, 0], text_width(pdf, label) + 0.6),
                boxes[row, 1] + NUMBER_PT * MM_PER_PT,
            )
    return boxes


def _outline(pdf: FPDF, frame: Frame, entry: Entry) -> None:
    for part in shapely.get_parts(entry.shape):
        if part.geom_type == "Polygon":
            seen = entry.symbol.word is not HazardWord.NOT_SEEN
            draw_outline(
                pdf,
                frame.place(np.asarray(part.exterior.coords)[:, :2]),
                entry.symbol.outline,
                width_mm=0.4 if seen else 0.2,
            )


def _leaders(pdf: FPDF, homes: Points, places: Points) -> None:
    for home, place in zip(homes, places, strict=True):
        if np.hypot(*(place - home)) > _LEADER_MM:
            for gray, width in ((255, 0.7), (INK, 0.25)):
                pdf.set_draw_color(gray)
                pdf.set_line_width(width)
                pdf.line(float(home[0]), float(home[1]), float(place[0]), float(place[1]))
            pdf.set_fill_color(INK)
            pdf.circle(float(home[0]), float(home[1]), 0.45, style="F")


def _draw_entry(pdf: FPDF, entry: Entry, label: str, place: Points, box: Points) -> None:
    height = mark_height_mm(entry.symbol)
    x, top = float(place[0]), float(place[1] - box[1] / 2)
    draw_mark(pdf, entry.symbol, x, top + 0.15 + height / 2, height)
    if label:
        draw_halo_text(
            pdf, (x, top + height + 0.55 + NUMBER_PT * MM_PER_PT / 2), label, size_pt=NUMBER_PT
        )


def _draw_street(
    pdf: FPDF, frame: Frame, street: StreetLabel, places: Points, boxes: Points
) -> Points:
    """Write a street's name where it covers no symbol and no other name; return the points that it covers, none where there is no room."""
    set_font(pdf, STREET_PT, bold=True, text=street.text)
    half = text_width(pdf, street.text) / 2
    turn = np.radians(street.angle)
    along, across = np.array([np.cos(turn), -np.sin(turn)]), np.array([np.sin(turn), np.cos(turn)])
    steps = np.linspace(-half, half, max(3, int(half)))[:, None] * along
    for slide in (0, 4, -4, 8, -8, 14, -14, 20, -20):
        for aside in (0, 1.5, -1.5, 3, -3, 5, -5):
            middle = np.array([street.x, street.y]) + along * slide + across * aside
            if _is_free(middle + steps, frame, places, boxes):
                draw_halo_text(
                    pdf,
                    (float(middle[0]), float(middle[1])),
                    street.text,
                    size_pt=STREET_PT,
                    angle=street.angle,
                )
                return np.asarray(middle + steps)
    return np.empty((0, 2))


def _is_free(points: Points, frame: Frame, places: Points, boxes: Points) -> bool:
    edge = np.array(
        [
            [frame.left_mm + 4, frame.top_mm + 4],
            [frame.left_mm + frame.width_mm - 4, frame.top_mm + frame.height_mm - 4],
        ]
    )
    if (points < edge[0]).any() or (points > edge[1]).any():
        return False
    gap = np.abs(points[:, None] - places[None])
    return not (gap < boxes[None] / 2 + STREET_PT * MM_PER_PT / 2).all(axis=2).any()
