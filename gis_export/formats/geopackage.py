"""The GeoPackage: long names, real nulls, and every layer with its style and field meanings."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pyogrio

from gis_export.formats.contents import CENTROIDS, NOT_ASSESSED, ROOFS, YEAR_TO_YEAR, layer_rows
from gis_export.formats.styles import style_qml, style_sld
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Field, Tier, fields_of
from gis_export.table.tables import arrow_table, with_geometry
from inference.hazard import USE_LIMIT

__all__ = ["CENTROIDS", "NOT_ASSESSED", "ROOFS", "YEAR_TO_YEAR", "write_geopackage"]

# Older readers, QGIS 3.22 among them, warn of later ones.
_VERSION = "1.2"

# The table QGIS looks for when it opens a layer: one row per stored style.
_STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256),
  f_table_schema TEXT(256),
  f_table_name TEXT(256),
  f_geometry_column TEXT(256),
  styleName TEXT(30),
  styleQML TEXT,
  styleSLD TEXT,
  useAsDefault BOOLEAN,
  description TEXT,
  owner TEXT(30),
  ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""

# The schema extension of OGC 12-128r15, annex F.9: a title and a description for every column.
_COLUMN_TABLE = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL,
  column_name TEXT NOT NULL,
  name TEXT,
  title TEXT,
  description TEXT,
  mime_type TEXT,
  constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name)
)"""
_CONSTRAINT_TABLE = """
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL,
  constraint_type TEXT NOT NULL,
  value TEXT,
  min NUMERIC,
  min_is_inclusive BOOLEAN,
  max NUMERIC,
  max_is_inclusive BOOLEAN,
  description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
)"""
_SCHEMA_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"

_STYLE_ENTRY = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description)
VALUES ('layer_styles', 'attributes', 'layer_styles', '')"""
_ADD_STYLE = """
INSERT INTO layer_styles (
  f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,
  styleQML, styleSLD, useAsDefault, description, owner
) VALUES ('', '', ?, 'geom', 'hazard words', ?, ?, 1, ?, '')"""
_ADD_EXTENSION = "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')"
_ADD_MEANING = """
INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description)
VALUES (?, ?, ?, ?, ?)"""
_CHANGE_COUNTERS = (24, 92)
_HAS_STYLES = "SELECT 1 FROM sqlite_master WHERE name = 'layer_styles'"
_TITLE = "UPDATE gpkg_contents SET identifier = ?, description = ? WHERE table_name = ?"


def write_geopackage(
    table: ExportTable, path: Path, *, tier: Tier, title: str, note: str = ""
) -> None:
    """Write the layers of a tier.

    These are `vacant_roofs`, `centroids`, `not_assessed` and, except for responders,
    `year_to_year`. Rows without a geometry are in their layers, with none. `note` is what every
    product says of the photos and of the model.
    """
    description = f"{USE_LIMIT} {note}".rstrip()
    fields = fields_of(tier)
    layers = layer_rows(table, tier)
    for layer, rows in layers.items():
        _write_layer(rows, path, fields, layer=layer)

    names = tuple(layers)
    with closing(sqlite3.connect(path)) as database, database:
        _store_styles(database, names, fields)
        _store_meanings(database, names, fields)
        for layer in names:
            database.execute(_TITLE, (f"{title}: {layer}", description, layer))


def set_day(path: Path, made: date) -> None:
    """Set the time of the last change of layers and styles to midnight of a day, UTC.

    Then the same rows give the same bytes, whatever the clock says. So that they also do however
    many transactions GDAL made of them, which depends on the clock, SQLite's counter of changes is
    set to 1, twice in the header (SQLite's database file format, 1.3.7 and 1.3.16).
    """
    stamp = f"{made.isoformat()}T00:00:00.000Z"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_contents SET last_change = ?", (stamp,))
        if database.execute(_HAS_STYLES).fetchone():
            database.execute("UPDATE layer_styles SET update_time = ?", (stamp,))
    with path.open("r+b") as file:
        for place in _CHANGE_COUNTERS:
            file.seek(place)
            file.write((1).to_bytes(4, "big"))


def _write_layer(table: ExportTable, path: Path, fields: tuple[Field, ...], *, layer: str) -> None:
    is_points = layer == CENTROIDS
    cells = arrow_table(table, fields, long_names=True)
    pyogrio.write_arrow(
        with_geometry(cells, table.shapes, multi=not is_points),
        path,
        layer=layer,
        driver="GPKG",
        geometry_name="geometry",
        geometry_type="Point" if is_points else "MultiPolygon",
        crs=table.crs.to_wkt(),
        append=path.exists(),
        dataset_options={"VERSION": _VERSION},
    )


def _store_styles(
    database: sqlite3.Connection, layers: tuple[str, ...], fields: tuple[Field, ...]
) -> None:
    database.execute(_STYLE_TABLE)
    database.execute(_STYLE_ENTRY)
    styles = [(layer, style_qml(layer, fields), style_sld(layer), USE_LIMIT) for layer in layers]
    database.executemany(_ADD_STYLE, styles)


def _store_meanings(
    database: sqlite3.Connection, layers: tuple[str, ...], fields: tuple[Field, ...]
) -> None:
    tables = {
        "gpkg_data_columns": _COLUMN_TABLE,
        "gpkg_data_column_constraints": _CONSTRAINT_TABLE,
    }
    for name, statement in tables.items():
        database.execute(statement)
        database.execute(_ADD_EXTENSION, (name, _SCHEMA_EXTENSION))

    for layer in layers:
        meanings = [_meaning(layer, field) for field in fields]
        database.executemany(_ADD_MEANING, meanings)


def _meaning(layer: str, field: Field) -> tuple[str, str, str, str, str]:
    """Return the cells of a field in gpkg_data_columns."""
    title = field.alias.replace("_", " ")
    return layer, field.alias, field.name, title, field.meaning
