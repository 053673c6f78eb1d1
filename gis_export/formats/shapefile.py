"""The shapefile pack: parcels and a light layer of points, each with all its companions, and all of it zipped.

GDAL writes each layer in one pass: the Arrow schema carries the widths, so the spatial index is built as the file closes.
(Appending to a file that has one drops it.) File names and schema are the same every year, so that an overwrite keeps a
hosted layer.
"""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS

from gis_export.formats.iso import iso_metadata
from gis_export.formats.metadata import Layer, Lineage, extent_of, layer_metadata
from gis_export.formats.qml import Geometry, layer_style
from gis_export.formats.sld import layer_sld
from gis_export.table.fields import Field, Tier, fields_of
from gis_export.table.rows import mended
from gis_export.table.tables import csv_frame, dbf_table, with_geometry

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".qml", ".sld", ".shp.xml", ".iso.xml")
"""Files of one layer."""
POINTS = "_points"
"""Ending of the name of the light layer: a point inside each parcel."""
NO_GEOMETRY = "no_geometry.csv"
"""Rows that have no place, with the same fields."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time a zip file can tell


def write_pack(
    rows: gpd.GeoDataFrame,
    folder: Path,
    *,
    name: str,
    tier: Tier,
    title: str,
    lineage: Lineage,
    also_crs: tuple[str, ...] = (),
) -> None:
    """Write the pack `name` of a tier into `folder`, and the same in a subfolder for every further CRS.

    Args:
        rows: The rows of the export.
        folder: A folder that is there.
        name: Name of the layer and its files.
        tier: Who reads it.
        title: Title for people.
        lineage: Where the rows come from.
        also_crs: CRSs such as "EPSG:4326": it goes to the folder epsg_4326.
    """
    layer = Layer(
        title=title, fields=fields_of(tier), crs=CRS(rows.crs), extent=None, geometry="polygon"
    )
    _write_one(rows, folder, name, layer, lineage)
    for crs in also_crs:
        beside = folder / crs_folder(crs)
        beside.mkdir(exist_ok=True)
        _write_one(mended(rows.to_crs(crs)), beside, name, replace(layer, crs=CRS(crs)), lineage)


def crs_folder(crs: str) -> str:
    """Return the name of the folder of a CRS, such as epsg_4326."""
    known = CRS(crs)
    return re.sub(r"\W+", "_", "_".join(known.to_authority() or (known.name,))).strip("_").lower()


def pack_files(folder: Path, name: str) -> tuple[Path, ...]:
    """Return every file of a pack but its zip, in the order of their names."""
    return tuple(
        sorted(
            [
                folder / NO_GEOMETRY,
                *(folder / f"{layer}{part}" for layer in (name, name + POINTS) for part in PARTS),
            ]
        )
    )


def _write_one(
    rows: gpd.GeoDataFrame, folder: Path, name: str, layer: Layer, lineage: Lineage
) -> None:
    placed, unplaced = rows[rows.geometry.notna()], rows[rows.geometry.isna()]
    parcels = replace(layer, extent=extent_of(placed.geometry))
    _write_layer(placed, folder / f"{name}.shp", parcels, lineage)
    points = placed.set_geometry(
        gpd.GeoSeries(
            shapely.point_on_surface(placed.geometry.to_numpy()), index=placed.index, crs=rows.crs
        )
    )
    _write_layer(
        points,
        folder / f"{name}{POINTS}.shp",
        replace(parcels, title=f"{layer.title} (points)", geometry="point"),
        lineage,
    )
    csv_frame(pd.DataFrame(unplaced), layer.fields, long_names=False).to_csv(
        folder / NO_GEOMETRY, index=False
    )
    _write_zip(folder / f"{name}.zip", pack_files(folder, name))


def _write_layer(rows: gpd.GeoDataFrame, path: Path, layer: Layer, lineage: Lineage) -> None:
    write_shapes(rows, path, layer.fields, geometry=layer.geometry, day=lineage.made.isoformat())
    companions = {
        ".qml": layer_style(layer.fields, long_names=False, geometry=layer.geometry),
        ".sld": layer_sld(path.stem, long_names=False, geometry=layer.geometry),
        ".shp.xml": layer_metadata(layer, lineage),
        ".iso.xml": iso_metadata(layer, lineage),
    }
    for suffix, text in companions.items():
        path.with_suffix(suffix).write_text(text, encoding="utf-8")


def write_shapes(
    rows: gpd.GeoDataFrame, path: Path, fields: tuple[Field, ...], *, geometry: Geometry, day: str
) -> None:
    """Write .shp .shx .dbf .prj .cpg .qix; `day` (YYYY-MM-DD) stands in the .dbf as the day of the last change."""
    pyogrio.write_arrow(
        with_geometry(dbf_table(rows, fields), rows, multi=False),
        path,
        driver="ESRI Shapefile",
        encoding="UTF-8",
        geometry_name="geometry",
        geometry_type="Polygon" if geometry == "polygon" else "Point",
        crs=CRS(rows.crs).to_wkt(),
        layer_options={"SPATIAL_INDEX": "YES", "DBF_DATE_LAST_UPDATE": day},
    )


def _write_zip(path: Path, files: tuple[Path, ...]) -> None:
    """Zip files side by side, with the same bytes whenever they are the same."""
    with ZipFile(path, "w") as archive:
        for file in files:
            entry = ZipInfo(file.name, date_time=_EPOCH)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            with (
                file.open("rb") as source,
                archive.open(entry, "w", force_zip64=file.stat().st_size > 2**31) as target,
            ):
                shutil.copyfileobj(source, target, 1 << 20)
