"""The GeoPackage: long names, real nulls, polygons and centroids, and the style stored inside."""

import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely
from pyproj import CRS

from gis_export.fields import Field, Tier, fields_of
from gis_export.qml import layer_style
from gis_export.tables import arrow_table, with_geometry
from inference.hazard import USE_LIMIT

ROOFS = "vacant_roofs"
CENTROIDS = "centroids"
_VERSION = "1.2"  # older readers, QGIS 3.22 among them, warn of later ones

# The table QGIS looks for when it opens a layer: one row per stored style.
_STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""


def write_geopackage(rows: gpd.GeoDataFrame, path: Path, *, tier: Tier, title: str) -> None:
    """Write the layers `vacant_roofs` and `centroids`; rows without a geometry stand in both, with none."""
    fields = fields_of(tier)
    _write_layer(rows, path, fields, layer=ROOFS, kind="MultiPolygon")
    centroids = rows.set_geometry(gpd.GeoSeries(shapely.centroid(rows.geometry.to_numpy()), index=rows.index, crs=rows.crs))
    _write_layer(centroids, path, fields, layer=CENTROIDS, kind="Point")
    with closing(sqlite3.connect(path)) as database, database:
        _store_styles(database, fields)
        for layer in (ROOFS, CENTROIDS):
            database.execute(
                "UPDATE gpkg_contents SET identifier = ?, description = ? WHERE table_name = ?",
                (f"{title}: {layer}", USE_LIMIT, layer),
            )


def _write_layer(rows: gpd.GeoDataFrame, path: Path, fields: tuple[Field, ...], *, layer: str, kind: str) -> None:
    table = with_geometry(arrow_table(rows, fields, long_names=True), rows, multi=kind == "MultiPolygon")
    pyogrio.write_arrow(
        table, path, layer=layer, driver="GPKG", geometry_name="geometry", geometry_type=kind, crs=CRS(rows.crs).to_wkt(),
        append=path.exists(), dataset_options={"VERSION": _VERSION},
    )  # fmt: skip


def _store_styles(database: sqlite3.Connection, fields: tuple[Field, ...]) -> None:
    database.execute(_STYLE_TABLE)
    database.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES ('layer_styles', 'attributes', 'layer_styles', '')")
    for layer, geometry in ((ROOFS, "polygon"), (CENTROIDS, "point")):
        style = layer_style(fields, long_names=True, geometry="polygon" if geometry == "polygon" else "point")
        database.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD,"
            " useAsDefault, description, owner) VALUES ('', '', ?, 'geom', 'hazard words', ?, '', 1, ?, '')",
            (layer, style, USE_LIMIT),
        )
