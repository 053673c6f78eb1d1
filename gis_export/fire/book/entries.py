"""One vacant building as the fire map book shows it, from columns of the responder tier alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from gis_export.fire.book.streets import Address, SortKey, split_address
from gis_export.printing.marks import mark_height_mm
from gis_export.printing.spread import Points
from gis_export.table import columns
from gis_export.table.aging import as_date
from gis_export.table.fields import Tier, fields_of
from gis_export.table.symbols import BY_CODE, Symbol


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """What the book says of one building."""

    parcel_id: str
    """PARCEL_ID."""
    district: str
    """Fire district, "" when not known."""
    address: Address
    """Street and number."""
    symbol: Symbol
    """Of its hazard word."""
    as_of: date | None
    """Day a person saw it, else day of the flight; None when there is neither."""
    sides: str
    """Sides with an occupied attached neighbor in words."""
    sign: str
    """Warning sign posted: Y, N or ?."""
    notes: tuple[str, ...]
    """What the latest visit found, reason, review due, no place known."""
    shape: BaseGeometry | None
    """Outline in the book's CRS."""
    point: tuple[float, float] | None
    """A point inside, in the book's CRS."""

    @property
    def key(self) -> tuple[SortKey, str]:
        """Return what sorts entries by street."""
        return self.address.key, self.parcel_id

    @property
    def box_mm(self) -> tuple[float, float]:
        """Return width and height of the symbol on a sheet, with its rim."""
        height = mark_height_mm(self.symbol)
        width = height * 1.36 if self.symbol.shape == "tag" else height * 1.12
        return width + 0.3, height + 0.3


def responder_rows(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the columns that responders may see: what is not there cannot leak."""
    names = [field.name for field in fields_of(Tier.RESPONDER)]
    return gpd.GeoDataFrame(rows[[*names, rows.geometry.name]])


def entries_of(rows: gpd.GeoDataFrame, crs: CRS | None, *, today: date) -> list[Entry]:
    """Return an entry per row, in their order, with outlines in `crs`."""
    rows = responder_rows(rows)
    shapes = list(rows.geometry.to_crs(crs)) if crs is not None else [None] * len(rows)
    records = rows.drop(columns=rows.geometry.name).to_dict("records")
    return [
        _entry(record, shape, today=today) for record, shape in zip(records, shapes, strict=True)
    ]


def _entry(record: Mapping[str, object], shape: BaseGeometry | None, *, today: date) -> Entry:
    sign = str(record[columns.SIGN_POST])
    review_by = as_date(record[columns.REVIEW_BY])
    is_due = review_by is not None and review_by < today

    return Entry(
        parcel_id=str(record[columns.PARCEL_ID]),
        district=str(record[columns.FIRE_DIST]),
        address=split_address(str(record[columns.ADDRESS])),
        symbol=BY_CODE[str(record[columns.RISK_LVL])],
        as_of=as_date(record[columns.VER_DATE]) or as_date(record[columns.IMG_DATE]),
        sides=_sides_in_words(str(record[columns.OCC_SIDES])),
        sign="?" if sign in ("U", "") else sign,
        notes=_notes(
            str(record[columns.NA_REASON]),
            [_fire_note(record), str(record[columns.VISIT_TXT])],
            has_place=shape is not None,
            is_due=is_due,
        ),
        shape=shape,
        point=_point_inside(shape),
    )


def _sides_in_words(sides: str) -> str:
    """Return OCC_SIDES as the list shows it: "E W", "none", or "?" where nobody knows."""
    return sides.replace("U", "?").replace(",", " ") or "none"


def _fire_note(record: Mapping[str, object]) -> str:
    """Return that there was a fire and that nobody has seen the roof since, "" for none."""
    fire = as_date(record[columns.FIRE_DATE])
    return f"fire {fire.isoformat()}, roof not seen since" if fire else ""


def _notes(reason: str, found: list[str], *, has_place: bool, is_due: bool) -> tuple[str, ...]:
    notes = [text for text in found if text]
    if reason:
        notes.append(reason.replace("_", " "))
    if not has_place and reason != "no_geometry":
        notes.append("no place known")
    if is_due:
        notes.append("REVIEW DUE")

    return tuple(notes)


def _point_inside(shape: BaseGeometry | None) -> tuple[float, float] | None:
    """Return the middle of a shape, or another point where the middle is outside of it."""
    if shape is None or shape.is_empty:
        return None

    middle = shape.centroid
    point = middle if shape.contains(middle) else shape.representative_point()
    return point.x, point.y


def places_of(entries: Sequence[Entry]) -> Points:
    """Return the points of entries that have one, (n, 2)."""
    points = [entry.point for entry in entries if entry.point is not None]
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def sizes_of(entries: Sequence[Entry]) -> Points:
    """Return the sizes on paper of the entries, (n, 2)."""
    return np.array([entry.box_mm for entry in entries], dtype=np.float64).reshape(-1, 2)
