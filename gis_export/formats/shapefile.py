"""The shapefile pack: parcels and a light layer of points, with all companions, and a zip of it.

GDAL writes each layer in one pass: the Arrow schema carries the widths, so the spatial index is
built as the file closes. (Appending to a file that has an index would drop it.) File names and
schema are the same every year, so that a hosted layer can be overwritten.
"""

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pyogrio
from pyproj import CRS

from gis_export.formats.iso import iso_metadata
from gis_export.formats.metadata import Layer, Lineage, extent_of, layer_metadata
from gis_export.formats.qml import Geometry, layer_style
from gis_export.formats.shapefile_schema import ENCODING, Schema, check_schema
from gis_export.formats.sld import layer_sld
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Field, Tier, fields_of
from gis_export.table.tables import csv_frame, dbf_table, with_geometry

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".qml", ".sld", ".shp.xml", ".iso.xml")
"""Files of one layer."""
POINTS = "_points"
"""Ending of the name of the light layer: a point inside each parcel."""
NO_GEOMETRY = "no_geometry.csv"
"""Rows that have no geometry, with the same fields."""

# The first day that a zip file can tell.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_COPY_BYTES = 1 << 20
_LARGE_BYTES = 2**31
_FILE_MODE = 0o644


@dataclass(frozen=True, kw_only=True)
class Pack:
    """What a pack is called, who reads it and where it comes from."""

    name: str
    """Name of the layer and its files."""
    tier: Tier
    """Who reads it."""
    title: str
    """Title for people."""
    lineage: Lineage
    """Where the rows come from."""

    def layer(self, crs: CRS) -> Layer:
        """Return the layer of parcels, its extent not known yet."""
        return Layer(
            title=self.title,
            fields=fields_of(self.tier),
            crs=crs,
            extent=None,
            geometry="polygon",
        )


def write_pack(
    table: ExportTable, folder: Path, pack: Pack, *, also_crs: tuple[str, ...] = ()
) -> None:
    """Write a pack into a folder, and the same in a subfolder for every further CRS.

    Args:
        table: The rows of the export.
        folder: A folder that exists.
        pack: What is written.
        also_crs: CRSs such as "EPSG:4326", which goes to the folder epsg_4326.

    Raises:
        InputError: a parcel_id is wider than its field.
        WrongSchema: a shapefile did not get the fields that it must have.
        CrsMismatch: a shapefile cannot carry the CRS.
    """
    _write_one(table, folder, pack)
    for crs in also_crs:
        subfolder = folder / crs_folder(crs)
        subfolder.mkdir(exist_ok=True)
        _write_one(table.to_crs(crs), subfolder, pack)


def crs_folder(crs: str) -> str:
    """Return the name of the folder of a CRS, such as epsg_4326."""
    known = CRS(crs)
    words = known.to_authority() or (known.name,)
    return re.sub(r"\W+", "_", "_".join(words)).strip("_").lower()


def pack_files(folder: Path, name: str) -> tuple[Path, ...]:
    """Return every file of a pack but its zip, in the order of their names."""
    files = [folder / NO_GEOMETRY]
    for layer in (name, name + POINTS):
        files.extend(folder / f"{layer}{part}" for part in PARTS)
    return tuple(sorted(files))


def _write_one(table: ExportTable, folder: Path, pack: Pack) -> None:
    """Write the pack in the CRS of the table."""
    placed = table.placed
    layer = pack.layer(table.crs)
    parcels = replace(layer, extent=extent_of(placed.rows.geometry))
    _write_layer(placed, folder / f"{pack.name}.shp", parcels, pack.lineage)

    points = replace(parcels, title=f"{pack.title} (points)", geometry="point")
    path = folder / f"{pack.name}{POINTS}.shp"
    _write_layer(placed.inner_points(), path, points, pack.lineage)

    unplaced = csv_frame(table.unplaced.rows, layer.fields, long_names=False)
    unplaced.to_csv(folder / NO_GEOMETRY, index=False)
    _write_zip(folder / f"{pack.name}.zip", pack_files(folder, pack.name))


def _write_layer(table: ExportTable, path: Path, layer: Layer, lineage: Lineage) -> None:
    day = lineage.made.isoformat()
    write_shapes(table, path, layer.fields, geometry=layer.geometry, day=day)

    companions = {
        ".qml": layer_style(layer.fields, long_names=False, geometry=layer.geometry),
        ".sld": layer_sld(path.stem, long_names=False, geometry=layer.geometry),
        ".shp.xml": layer_metadata(layer, lineage),
        ".iso.xml": iso_metadata(layer, lineage),
    }
    for suffix, text in companions.items():
        path.with_suffix(suffix).write_text(text, encoding="utf-8")


def write_shapes(
    table: ExportTable, path: Path, fields: tuple[Field, ...], *, geometry: Geometry, day: str
) -> None:
    """Write .shp .shx .dbf .prj .cpg .qix, and check them with a second reader.

    Args:
        table: Rows that have a geometry.
        path: The .shp.
        fields: Fields in their order.
        geometry: What the geometry is.
        day: Day of the last change that the .dbf states, YYYY-MM-DD.

    Raises:
        InputError: a parcel_id is wider than its field.
        WrongSchema: the file did not get the fields that it must have.
        CrsMismatch: a shapefile cannot carry the CRS.
    """
    kind = "Polygon" if geometry == "polygon" else "Point"
    pyogrio.write_arrow(
        with_geometry(dbf_table(table, fields), table.shapes, multi=False),
        path,
        driver="ESRI Shapefile",
        encoding=ENCODING,
        geometry_name="geometry",
        geometry_type=kind,
        crs=table.crs.to_wkt(),
        layer_options={"SPATIAL_INDEX": "YES", "DBF_DATE_LAST_UPDATE": day},
    )
    check_schema(path, Schema(fields=fields, geometry=kind, crs=table.crs))


def _write_zip(path: Path, files: tuple[Path, ...]) -> None:
    """Zip files side by side, with the same bytes whenever they are the same."""
    with ZipFile(path, "w") as archive:
        for file in files:
            entry = ZipInfo(file.name, date_time=_EPOCH)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = _FILE_MODE << 16
            is_large = file.stat().st_size > _LARGE_BYTES

            with (
                file.open("rb") as source,
                archive.open(entry, "w", force_zip64=is_large) as target,
            ):
                shutil.copyfileobj(source, target, _COPY_BYTES)
