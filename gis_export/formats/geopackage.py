"""The GeoPackage: long names, real nulls, every layer with its style and the meaning of its fields inside."""

import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pyogrio
from pyproj import CRS

from gis_export.formats.contents import CENTROIDS, NOT_ASSESSED, ROOFS, YEAR_TO_YEAR, layer_rows
from gis_export.formats.styles import style_qml, style_sld
from gis_export.table.fields import Field, Tier, fields_of
from gis_export.table.tables import arrow_table, with_geometry
from inference.hazard import USE_LIMIT

__all__ = ["CENTROIDS", "NOT_ASSESSED", "ROOFS", "YEAR_TO_YEAR", "write_geopackage"]

_VERSION = "1.2"  # older readers, QGIS 3.22 among them, warn of later ones

# The table QGIS looks for when it opens a layer: one row per stored style.
_STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""

# The schema extension of OGC 12-128r15, annex F.9: a title and a description for every column.
_COLUMN_TABLE = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name)
)"""
_CONSTRAINT_TABLE = """
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN,
  description TEXT, CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
)"""
_SCHEMA_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"


def write_geopackage(rows: gpd.GeoDataFrame, path: Path, *, tier: Tier, title: str) -> None:
    """Write the layers of a tier: `vacant_roofs`, `centroids`, `not_assessed`, and `year_to_year` but for responders.

    Rows without a geometry stand in their layers, with none.
    """
    fields, layers = fields_of(tier), layer_rows(rows, tier)
    for layer, part in layers.items():
        _write_layer(part, path, fields, layer=layer)
    with closing(sqlite3.connect(path)) as database, database:
        _store_styles(database, tuple(layers), fields)
        _store_meanings(database, tuple(layers), fields)
        for layer in layers:
            database.execute(
                "UPDATE gpkg_contents SET identifier = ?, description = ? WHERE table_name = ?",
                (f"{title}: {layer}", USE_LIMIT, layer),
            )


def _write_layer(
    rows: gpd.GeoDataFrame, path: Path, fields: tuple[Field, ...], *, layer: str
) -> None:
    kind = "Point" if layer == CENTROIDS else "MultiPolygon"
    table = with_geometry(
        arrow_table(rows, fields, long_names=True), rows, multi=kind == "MultiPolygon"
    )
    pyogrio.write_arrow(
        table,
        path,
        layer=layer,
        driver="GPKG",
        geometry_name="geometry",
        geometry_type=kind,
        crs=CRS(rows.crs).to_wkt(),
        append=path.exists(),
        dataset_options={"VERSION": _VERSION},
    )


def _store_styles(
    database: sqlite3.Connection, layers: tuple[str, ...], fields: tuple[Field, ...]
) -> None:
    database.execute(_STYLE_TABLE)
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES ('layer_styles', 'attributes', 'layer_styles', '')"
    )
    database.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD,"
        " useAsDefault, description, owner) VALUES ('', '', ?, 'geom', 'hazard words', ?, ?, 1, ?, '')",
        [(layer, style_qml(layer, fields), style_sld(layer), USE_LIMIT) for layer in layers],
    )


def _store_meanings(
    database: sqlite3.Connection, layers: tuple[str, ...], fields: tuple[Field, ...]
) -> None:
    for name, statement in (
        ("gpkg_data_columns", _COLUMN_TABLE),
        ("gpkg_data_column_constraints", _CONSTRAINT_TABLE),
    ):
        database.execute(statement)
        database.execute(
            "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
            (name, _SCHEMA_EXTENSION),
        )
    database.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description) VALUES (?, ?, ?, ?, ?)",
        [
            (layer, field.alias, field.name, field.alias.replace("_", " "), field.meaning)
            for layer in layers
            for field in fields
        ],
    )
