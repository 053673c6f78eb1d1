"""The shapefile pack: .shp .shx .dbf .prj .cpg .qml .shp.xml.

fiona writes the empty file, since it alone takes an explicit schema; pyogrio appends the rows, since it is fast.
"""

from pathlib import Path

import fiona
import geopandas as gpd
import pandas as pd
import pyogrio
from pyproj import CRS

from gis_export.fields import Field, Tier, dbf_type, fields_of
from gis_export.metadata import layer_metadata
from gis_export.qml import layer_style
from gis_export.tables import csv_frame, dbf_table, with_geometry


def write_shapefile(rows: gpd.GeoDataFrame, folder: Path, *, name: str, tier: Tier, title: str) -> None:
    """Write the pack `name`.* of a tier, and the rows without a geometry to no_geometry.csv beside it."""
    fields = fields_of(tier)
    path = folder / f"{name}.shp"
    placed = rows[rows.geometry.notna()]
    _write_empty(path, fields, crs=CRS(rows.crs))
    if len(placed):
        table = with_geometry(dbf_table(placed, fields), placed, multi=False)
        crs = CRS(rows.crs).to_wkt()
        pyogrio.write_arrow(table, path, driver="ESRI Shapefile", geometry_name="geometry", geometry_type="Polygon", crs=crs, append=True)
    (folder / f"{name}.cpg").write_text("UTF-8", encoding="ascii")
    (folder / f"{name}.qml").write_text(layer_style(fields, long_names=False), encoding="utf-8")
    (folder / f"{name}.shp.xml").write_text(layer_metadata(fields, title=title), encoding="utf-8")
    unplaced: pd.DataFrame = rows[rows.geometry.isna()]
    csv_frame(unplaced, fields, long_names=False).to_csv(folder / "no_geometry.csv", index=False)


def _write_empty(path: Path, fields: tuple[Field, ...], *, crs: CRS) -> None:
    schema = {"geometry": "Polygon", "properties": [(field.name, dbf_type(field)) for field in fields]}
    with fiona.open(path, "w", driver="ESRI Shapefile", schema=schema, crs_wkt=crs.to_wkt(), encoding="UTF-8"):
        pass
