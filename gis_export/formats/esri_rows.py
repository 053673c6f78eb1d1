"""Rows as a feature layer holds them, and what differs between those there and those wanted.

No service is asked here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis_export.formats.esri_target import YEAR, EsriTarget
from gis_export.table import columns
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import BY_NAME
from gis_export.table.tables import arrow_table, fit
from imagery.crs import meters_per_unit
from imagery.services.client import Json
from imagery.services.esri_shapes import read_shape
from imagery.services.json_values import object_of, text_of, whole_of

NEAR_M = 0.005
"""Outlines that differ by less are the same: a layer keeps coordinates rounded, meters."""
NOON = time(12, tzinfo=UTC)
"""A day is written as noon in UTC, which is the same day in every time zone of the country."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EsriRow:
    """One row, without its object id."""

    parcel_id: str
    """Its parcel."""
    attributes: Json
    """Values of our fields, as the layer spells them."""
    shape: BaseGeometry | None
    """Outline in the CRS of the layer; None leaves the outline that is there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptRow:
    """One row that the layer has."""

    object_id: int
    """Its object id."""
    row: EsriRow
    """What it holds."""


Wanted = Mapping[str, EsriRow | None]
"""By parcel the row that the year should have; None for no row."""
Kept = Mapping[str, Sequence[KeptRow]]
"""By parcel the rows that the year has; more than one only after a lost answer."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Edits:
    """What makes the rows of a layer what is wanted."""

    adds: tuple[EsriRow, ...] = ()
    """New rows."""
    updates: tuple[KeptRow, ...] = ()
    """New values of rows that are there."""
    deletes: tuple[int, ...] = ()
    """Object ids of rows that go."""

    def __len__(self) -> int:
        """Return how many rows change."""
        return len(self.adds) + len(self.updates) + len(self.deletes)


def wanted_rows(table: ExportTable, target: EsriTarget, year: int) -> dict[str, EsriRow]:
    """Return the rows of a year as the layer should have them, by parcel."""
    moved = table.to_crs(target.crs.to_wkt()) if table.crs != target.crs else table
    cells = arrow_table(moved, target.fields, long_names=False).to_pylist()

    rows = {}
    for values, shape in zip(cells, moved.shapes, strict=True):
        attributes: Json = {target.names[YEAR]: year}
        for name, value in values.items():
            attributes[target.names[name]] = _as_esri(name, value, target)
        parcel_id = str(values[columns.PARCEL_ID])
        rows[parcel_id] = EsriRow(parcel_id=parcel_id, attributes=attributes, shape=shape)
    return rows


def _as_esri(name: str, value: object, target: EsriTarget) -> object:
    if isinstance(value, str):
        return fit(value, BY_NAME[name])
    if isinstance(value, date):
        moment = datetime.combine(value, NOON)
        is_day = name in target.days_only
        return value.isoformat() if is_day else int(moment.timestamp() * 1000)
    return value


def kept_row(feature: Json, target: EsriTarget, id_field: str) -> KeptRow:
    """Return a row that the layer gave; fields that are not ours are left out."""
    given = object_of(feature, "attributes")
    attributes = {name: given.get(name) for name in target.names.values()}
    row = EsriRow(
        parcel_id=text_of(given, target.names[columns.PARCEL_ID]),
        attributes=attributes,
        shape=read_shape(object_of(feature, "geometry")),
    )
    return KeptRow(object_id=whole_of(given, id_field) or 0, row=row)


def find_edits(kept: Kept, wanted: Wanted, target: EsriTarget) -> Edits:
    """Return what makes the rows of a year what is wanted; other parcels are left alone."""
    near = NEAR_M / meters_per_unit(target.crs)
    adds = []
    updates = []
    deletes = []
    for parcel_id, row in wanted.items():
        there = kept.get(parcel_id, ())
        if row is None:
            deletes += [found.object_id for found in there]
        elif not there:
            adds.append(row)
        elif not _is_same(there[0].row, row, near):
            updates.append(KeptRow(object_id=there[0].object_id, row=row))
    return Edits(adds=tuple(adds), updates=tuple(updates), deletes=tuple(deletes))


def _is_same(there: EsriRow, row: EsriRow, near: float) -> bool:
    values = zip(there.attributes.values(), row.attributes.values(), strict=True)
    return all(_is_equal(*pair) for pair in values) and _is_near(there.shape, row.shape, near)


def _is_equal(there: object, wanted: object) -> bool:
    """Tell whether two values are the same; a layer may hold an empty text for none."""
    if isinstance(there, int | float) and isinstance(wanted, int | float):
        return math.isclose(there, wanted, rel_tol=1e-9, abs_tol=1e-9)
    return (there or None) == (wanted or None) if _is_text(there, wanted) else there == wanted


def _is_text(*values: object) -> bool:
    return all(value is None or isinstance(value, str) for value in values)


def _is_near(there: BaseGeometry | None, wanted: BaseGeometry | None, near: float) -> bool:
    if wanted is None:
        return True
    if there is None or there.is_empty:
        return False
    return bool(shapely.hausdorff_distance(there.boundary, wanted.boundary) <= near)


def edits_form(edits: Edits, target: EsriTarget, id_field: str) -> dict[str, list[object]]:
    """Return edits as applyEdits takes them."""
    return {
        "adds": [_feature(row, target) for row in edits.adds],
        "updates": [
            _feature(kept.row, target, {id_field: kept.object_id}) for kept in edits.updates
        ],
        "deletes": list(edits.deletes),
    }


def _feature(row: EsriRow, target: EsriTarget, ids: Json | None = None) -> Json:
    feature: Json = {"attributes": {**(ids or {}), **row.attributes}}
    if row.shape is not None:
        feature["geometry"] = {"rings": _rings(row.shape), "spatialReference": target.reference}
    return feature


def _rings(shape: BaseGeometry) -> list[list[list[float]]]:
    """Return the rings of polygons: outer ones clockwise, holes counterclockwise."""
    rings = []
    for polygon in shapely.get_parts(shape):
        oriented = shapely.geometry.polygon.orient(polygon, sign=-1.0)
        for ring in (oriented.exterior, *oriented.interiors):
            rings.append(np.asarray(ring.coords)[:, :2].tolist())
    return rings
