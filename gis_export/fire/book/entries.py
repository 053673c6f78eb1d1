"""One vacant building as the fire map book speaks of it: from columns of the responder tier and from nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from gis_export.fire.book.streets import Address, SortKey, split_address
from gis_export.printing.marks import mark_height_mm
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
    """Reason, review due, no place known."""
    shape: BaseGeometry | None
    """Outline in the book's CRS."""
    point: tuple[float, float] | None
    """A point inside, in the book's CRS."""

    @property
    def key(self) -> tuple[SortKey, str]:
        """Return what puts entries in street order."""
        return self.address.key, self.parcel_id

    @property
    def box_mm(self) -> tuple[float, float]:
        """Return width and height of symbol and house number on a sheet."""
        height = mark_height_mm(self.symbol)
        return (height * 1.36 if self.symbol.shape == "tag" else height * 1.12) + 0.3, height + 0.3


def responder_rows(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the columns that responders may see: what is not there cannot leak."""
    return gpd.GeoDataFrame(
        rows[[*(field.name for field in fields_of(Tier.RESPONDER)), rows.geometry.name]]
    )


def metric_crs(rows: gpd.GeoDataFrame) -> CRS | None:
    """Return the UTM zone of the rows, None when none has a place."""
    placed = rows.geometry[rows.geometry.notna()]
    return CRS(placed.to_crs("EPSG:4326").estimate_utm_crs()) if len(placed) else None


def entries_of(rows: gpd.GeoDataFrame, crs: CRS | None, *, today: date) -> list[Entry]:
    """Return an entry per row, in their order, with outlines in `crs`."""
    rows = responder_rows(rows)
    shapes = list(rows.geometry.to_crs(crs)) if crs is not None else [None] * len(rows)
    cells = (
        rows[name].tolist()
        for name in (
            "PARCEL_ID",
            "ADDRESS",
            "FIRE_DIST",
            "RISK_LVL",
            "NA_REASON",
            "IMG_DATE",
            "VER_DATE",
            "REVIEW_BY",
            "OCC_SIDES",
            "SIGN_POST",
        )
    )
    return [
        Entry(
            parcel_id=parcel,
            district=district,
            address=split_address(address),
            symbol=BY_CODE[code],
            as_of=as_date(verified) or as_date(flown),
            sides=sides_in_words(sides),
            sign="?" if sign in ("U", "") else sign,
            notes=_notes(
                reason, placed=shape is not None, review_due=(as_date(due) or today) < today
            ),
            shape=shape,
            point=_point(shape),
        )
        for parcel, address, district, code, reason, flown, verified, due, sides, sign, shape in zip(
            *cells, shapes, strict=True
        )
    ]


def sides_in_words(sides: str) -> str:
    """Return OCC_SIDES as the list shows it: "E W", "none", or "?" when nobody knows."""
    return "?" if sides == "U" else sides.replace(",", " ") or "none"


def places_of(entries: Sequence[Entry]) -> NDArray[np.float64]:
    """Return the points of entries that have one, (n, 2)."""
    return np.array(
        [entry.point for entry in entries if entry.point is not None], dtype=np.float64
    ).reshape(-1, 2)


def sizes_of(entries: Sequence[Entry]) -> NDArray[np.float64]:
    """Return the sizes on paper of the entries, (n, 2)."""
    return np.array([entry.box_mm for entry in entries], dtype=np.float64).reshape(-1, 2)


def _notes(reason: str, *, placed: bool, review_due: bool) -> tuple[str, ...]:
    said = (
        reason.replace("_", " "),
        "" if placed or reason == "no_geometry" else "no place known",
        "REVIEW DUE" if review_due else "",
    )
    return tuple(note for note in said if note)


def _point(shape: BaseGeometry | None) -> tuple[float, float] | None:
    if shape is None or shape.is_empty:
        return None
    inside = shape.representative_point() if not shape.contains(shape.centroid) else shape.centroid
    return inside.x, inside.y
