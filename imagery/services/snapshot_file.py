"""Snapshots: the file of one layer of one day in `sources/<day>/`, and which is the last."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyogrio
import shapely
from pyogrio.raw import write_arrow

from imagery.errors import InputError
from imagery.files import sha256_file
from imagery.services.layer import LayerRows
from imagery.services.service import Service
from imagery.tables.layers import READ_ERRORS
from imagery.workspace import Workspace

GEOMETRY = "geometry_of_snapshot"
"""A name that no column of a city has."""
ADDRESS = "roofwatch_address"
LAYER = "roofwatch_layer"
"""What the file says of the service, so that a snapshot of another one is not taken for its own."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The file of one layer of one day."""

    service: Service
    """Of which service."""
    path: Path
    """The file, a GeoPackage."""

    @property
    def day(self) -> str:
        """Return the day on which it was taken, YYYY-MM-DD."""
        return self.path.parent.name

    @property
    def sha256(self) -> str:
        """Return the checksum of the file."""
        return sha256_file(self.path)

    @property
    def count(self) -> int:
        """Return how many rows it has."""
        return int(pyogrio.read_info(self.path)["features"])


def snapshot_path(workspace: Workspace, service: Service, day: date) -> Path:
    """Return where the snapshot of a day is, or would be."""
    return workspace.sources / day.isoformat() / f"{service.section}.gpkg"


def find_snapshot(workspace: Workspace, service: Service) -> Snapshot | None:
    """Return the last snapshot of a service, None where there is none.

    A file that cannot be read, or is of another address or layer, is none of its snapshots.
    """
    days = sorted(path for path in workspace.sources.glob("*/") if _DAY.fullmatch(path.name))
    for day in reversed(days):
        path = day / f"{service.section}.gpkg"
        if path.is_file() and _is_of(path, service):
            return Snapshot(service=service, path=path)
    return None


def _is_of(path: Path, service: Service) -> bool:
    try:
        said = pyogrio.read_info(path)["layer_metadata"] or {}
    except READ_ERRORS:
        return False
    return (said.get(ADDRESS), said.get(LAYER, "")) == (service.identity, service.layer)


def write_snapshot(rows: LayerRows, service: Service, path: Path) -> None:
    """Write the rows of a layer as a GeoPackage.

    Args:
        rows: The rows.
        service: Of which service.
        path: A new file.

    Raises:
        InputError: GDAL cannot write them, such as two columns that differ in case only.
    """
    table = rows.table
    has_shapes = rows.shapes is not None
    if has_shapes:
        table = table.append_column(GEOMETRY, pa.array(shapely.to_wkb(rows.shapes), pa.binary()))
    try:
        write_arrow(
            table,
            path,
            layer=service.section,
            driver="GPKG",
            geometry_name=GEOMETRY if has_shapes else None,
            geometry_type="Unknown" if has_shapes else None,
            crs=rows.crs.to_wkt() if rows.crs else None,
            layer_metadata={ADDRESS: service.identity, LAYER: service.layer},
            layer_options={"FID": "row_of_snapshot", "GEOMETRY_NAME": GEOMETRY},
        )
    except (*READ_ERRORS, ValueError) as error:
        words = str(error).replace(str(path), path.name)
        raise InputError(
            f"[{service.section}] path: {service.shown}: its rows cannot be kept: {words}; "
            "ask those who run it for the layer as a file"
        ) from error
