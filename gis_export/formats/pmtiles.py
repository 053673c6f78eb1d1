"""Vector tiles in one file for web maps (PMTiles 3): GDAL cuts the tiles, the pmtiles library puts them together.

Layer `centroids` has a point for every vacant at every zoom; `vacant_roofs` has the parcels where they are wide enough to
see. No row is ever dropped from a full tile: a missing symbol would read as a roof without damage. Far out the points
carry their hazard alone, near by all the attributes below; an attribute without a value is absent.
"""

import gzip
import heapq
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import geopandas as gpd
import pyarrow as pa
import pyogrio
from pmtiles.reader import MmapSource, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from pyproj import CRS

from gis_export.formats.contents import CENTROIDS, ROOFS, inner_points
from gis_export.table.fields import FIELDS, Field
from gis_export.table.tables import arrow_table, with_geometry
from inference.hazard import USE_LIMIT

FAR = ("RISK_LVL", "SCORED")
NEAR = ("RISK_LVL", "RISK_TXT", "PARCEL_ID", "ADDRESS", "IMG_DATE", "NA_REASON", "SCORED", "SCORE")
_NO_LIMIT = {"MAX_SIZE": "1000000000", "MAX_FEATURES": "100000000"}  # GDAL's own limits drop rows


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Tiles of one layer over some zooms."""

    layer: str
    """Layer in the tiles."""
    fields: tuple[str, ...]
    """Short names of its attributes; the tiles carry the long ones."""
    zooms: tuple[int, int]
    """First and last zoom."""


_PARTS = (
    _Part(layer=CENTROIDS, fields=FAR, zooms=(8, 11)),
    _Part(layer=CENTROIDS, fields=NEAR, zooms=(12, 15)),
    _Part(layer=ROOFS, fields=NEAR, zooms=(14, 15)),
)
MIN_ZOOM, MAX_ZOOM = min(part.zooms[0] for part in _PARTS), max(part.zooms[1] for part in _PARTS)
"""Viewers enlarge the last zoom further: its coordinates are 0.3 m apart."""

_EMPTY_TILE = gzip.compress(b"", mtime=0)


def write_pmtiles(rows: gpd.GeoDataFrame, path: Path, *, title: str) -> None:
    """Write the tiles; a city without a placed vacant gets one empty tile.

    Args:
        rows: The rows of the export; those without a geometry are counted in the description.
        path: File to write.
        title: Title for people.
    """
    placed = rows[rows.geometry.notna()]
    with (
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".tiles") as folder,
        path.open("wb") as target,
    ):
        sources = (
            [
                _cut(placed, part, Path(folder) / f"{number}.pmtiles")
                for number, part in enumerate(_PARTS)
            ]
            if len(placed)
            else []
        )
        writer = Writer(target)
        with ExitStack() as stack:
            for tile_id, data in _joined(
                [stack.enter_context(source.open("rb")) for source in sources]
            ):
                writer.write_tile(tile_id, data)
        if not sources:
            writer.write_tile(zxy_to_tileid(0, 0, 0), _EMPTY_TILE)
        writer.finalize(_header(placed), _metadata(title, left_out=len(rows) - len(placed)))


def _cut(rows: gpd.GeoDataFrame, part: _Part, path: Path) -> Path:
    """Let GDAL cut one layer into tiles."""
    points = part.layer == CENTROIDS
    table = arrow_table(rows, _fields(part), long_names=True)
    for number, name in enumerate(table.column_names):
        if pa.types.is_date(table.schema.types[number]):  # tiles know no dates: ISO text
            table = table.set_column(number, name, table[name].cast(pa.string()))
    pyogrio.write_arrow(
        with_geometry(table, inner_points(rows) if points else rows, multi=not points),
        path,
        layer=part.layer,
        driver="PMTiles",
        geometry_name="geometry",
        geometry_type="Point" if points else "MultiPolygon",
        crs=CRS(rows.crs).to_wkt(),
        dataset_options={"MINZOOM": str(part.zooms[0]), "MAXZOOM": str(part.zooms[1]), **_NO_LIMIT},
    )
    return path


def _joined(sources: list[BinaryIO]) -> Iterator[tuple[int, bytes]]:
    """Yield every tile once, in the order of a PMTiles file; its layers follow one another, as protocol buffers allow."""
    tiles = heapq.merge(*(_numbered(source) for source in sources), key=itemgetter(0))
    for tile_id, group in groupby(tiles, key=itemgetter(0)):
        layers = [data for _, data in group]
        yield (
            tile_id,
            layers[0]
            if len(layers) == 1
            else gzip.compress(b"".join(gzip.decompress(data) for data in layers), mtime=0),
        )


def _numbered(source: BinaryIO) -> Iterator[tuple[int, bytes]]:
    for tile, data in all_tiles(MmapSource(source)):
        yield zxy_to_tileid(*tile), data


def _header(rows: gpd.GeoDataFrame) -> dict[str, object]:
    west, south, east, north = (
        rows.to_crs("EPSG:4326").total_bounds if len(rows) else (-180.0, -85.0, 180.0, 85.0)
    )
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": _e7(west),
        "min_lat_e7": _e7(south),
        "max_lon_e7": _e7(east),
        "max_lat_e7": _e7(north),
        "center_zoom": 12 if len(rows) else 0,
        "center_lon_e7": _e7((west + east) / 2),
        "center_lat_e7": _e7((south + north) / 2),
    }


def _metadata(title: str, *, left_out: int) -> dict[str, object]:
    missing = f" {left_out} vacants have no place and stand in no tile." if left_out else ""
    layers = [
        {
            "id": layer,
            "description": USE_LIMIT,
            "minzoom": min(part.zooms[0] for part in parts),
            "maxzoom": max(part.zooms[1] for part in parts),
            "fields": {
                field.alias: "Number" if field.kind == "real" else "String"
                for part in parts
                for field in _fields(part)
            },
        }
        for layer in (CENTROIDS, ROOFS)
        if (parts := [part for part in _PARTS if part.layer == layer])
    ]
    return {
        "name": title,
        "description": USE_LIMIT + missing,
        "type": "overlay",
        "vector_layers": layers,
    }


def _fields(part: _Part) -> tuple[Field, ...]:
    return tuple(field for field in FIELDS if field.name in part.fields)


def _e7(degrees: float) -> int:
    return round(float(degrees) * 10_000_000)
