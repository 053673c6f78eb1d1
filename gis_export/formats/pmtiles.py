"""Vector tiles in one file for web maps (PMTiles 3).

GDAL cuts the tiles, the pmtiles library puts them together. Layer `centroids` has a point for
every vacant at every zoom; `vacant_roofs` has the parcels where they are wide enough to see. No
row is ever dropped from a full tile: a missing symbol would read as a roof without damage. At
small scales the points carry only their hazard, at large scales all the attributes below; an
attribute without a value is absent.
"""

import gzip
import heapq
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyogrio
from pmtiles.reader import MmapSource, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from gis_export.formats.contents import CENTROIDS, ROOFS
from gis_export.table import columns
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import FIELDS, Field
from gis_export.table.tables import arrow_table, with_geometry
from imagery.boxes import GroundBox
from inference.hazard import USE_LIMIT

FAR = (columns.RISK_LVL, columns.SCORED)
NEAR = (
    columns.RISK_LVL,
    columns.RISK_TXT,
    columns.PARCEL_ID,
    columns.ADDRESS,
    columns.IMG_DATE,
    columns.NA_REASON,
    columns.SCORED,
    columns.SCORE,
)

# GDAL's own limits drop rows.
_NO_LIMIT = {"MAX_SIZE": "1000000000", "MAX_FEATURES": "100000000"}


@dataclass(frozen=True, kw_only=True)
class _ZoomRange:
    """Tiles of one layer over some zooms."""

    layer: str
    """Layer in the tiles."""
    names: tuple[str, ...]
    """Short names of its attributes; the tiles carry the long ones."""
    first: int
    """First zoom."""
    last: int
    """Last zoom."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return its attributes, in the order of the field table."""
        return tuple(field for field in FIELDS if field.name in self.names)


_RANGES = (
    _ZoomRange(layer=CENTROIDS, names=FAR, first=8, last=11),
    _ZoomRange(layer=CENTROIDS, names=NEAR, first=12, last=15),
    _ZoomRange(layer=ROOFS, names=NEAR, first=14, last=15),
)
MIN_ZOOM = min(zooms.first for zooms in _RANGES)
MAX_ZOOM = max(zooms.last for zooms in _RANGES)
"""Viewers enlarge the last zoom further: its coordinates are 0.3 m apart."""

_EMPTY_TILE = gzip.compress(b"", mtime=0)
_WORLD = GroundBox(west=-180.0, south=-85.0, east=180.0, north=85.0)


def write_pmtiles(table: ExportTable, path: Path, *, title: str, note: str = "") -> None:
    """Write the tiles; a city without a vacant that has a geometry gets one empty tile.

    Args:
        table: The rows of the export; those without a geometry are counted in the description.
        path: File to write.
        title: Title for people.
        note: What every product says of the photos and of the model.
    """
    placed = table.placed
    with (
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".tiles") as folder,
        path.open("wb") as target,
    ):
        sources = _cut_all(placed, Path(folder))
        writer = Writer(target)
        _write_tiles(writer, sources)

        left_out = len(table) - len(placed)
        writer.finalize(_header(placed), _metadata(title, note, left_out=left_out))


def _cut_all(table: ExportTable, folder: Path) -> list[Path]:
    """Cut every range of zooms into a file of its own; without rows there are none."""
    if not len(table):
        return []

    sources = []
    for number, zooms in enumerate(_RANGES):
        path = folder / f"{number}.pmtiles"
        _cut(table, zooms, path)
        sources.append(path)
    return sources


def _cut(table: ExportTable, zooms: _ZoomRange, path: Path) -> None:
    """Let GDAL cut one layer into tiles."""
    is_points = zooms.layer == CENTROIDS
    drawn = table.inner_points() if is_points else table
    cells = _dates_as_text(arrow_table(table, zooms.fields, long_names=True))

    pyogrio.write_arrow(
        with_geometry(cells, drawn.shapes, multi=not is_points),
        path,
        layer=zooms.layer,
        driver="PMTiles",
        geometry_name="geometry",
        geometry_type="Point" if is_points else "MultiPolygon",
        crs=table.crs.to_wkt(),
        dataset_options={"MINZOOM": str(zooms.first), "MAXZOOM": str(zooms.last), **_NO_LIMIT},
    )


def _dates_as_text(cells: pa.Table) -> pa.Table:
    """Return a table with ISO text in place of dates, which tiles do not know."""
    for number, field in enumerate(cells.schema):
        if pa.types.is_date(field.type):
            texts = cells[field.name].cast(pa.string())
            cells = cells.set_column(number, field.name, texts)
    return cells


def _write_tiles(writer: Writer, sources: list[Path]) -> None:
    if not sources:
        writer.write_tile(zxy_to_tileid(0, 0, 0), _EMPTY_TILE)
        return

    with ExitStack() as stack:
        streams = [stack.enter_context(source.open("rb")) for source in sources]
        for tile_id, data in _join(streams):
            writer.write_tile(tile_id, data)


def _join(streams: Sequence[BinaryIO]) -> Iterator[tuple[int, bytes]]:
    """Yield every tile once, in the order of a PMTiles file.

    The layers of a tile follow one another, as protocol buffers allow.
    """
    tiles = heapq.merge(*(_numbered(stream) for stream in streams), key=itemgetter(0))
    for tile_id, same_tile in groupby(tiles, key=itemgetter(0)):
        layers = [data for _, data in same_tile]
        yield tile_id, _join_layers(layers)


def _join_layers(layers: list[bytes]) -> bytes:
    if len(layers) == 1:
        return layers[0]

    plain = b"".join(gzip.decompress(layer) for layer in layers)
    return gzip.compress(plain, mtime=0)


def _numbered(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the tiles of a file with their numbers."""
    for tile, data in all_tiles(MmapSource(stream)):
        yield zxy_to_tileid(*tile), data


def _header(placed: ExportTable) -> dict[str, object]:
    extent = _WORLD
    if len(placed):
        west, south, east, north = placed.rows.to_crs("EPSG:4326").total_bounds
        extent = GroundBox(west=west, south=south, east=east, north=north)

    center_lon, center_lat = extent.center
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": _e7(extent.west),
        "min_lat_e7": _e7(extent.south),
        "max_lon_e7": _e7(extent.east),
        "max_lat_e7": _e7(extent.north),
        "center_zoom": 12 if len(placed) else 0,
        "center_lon_e7": _e7(center_lon),
        "center_lat_e7": _e7(center_lat),
    }


def _metadata(title: str, note: str, *, left_out: int) -> dict[str, object]:
    missing = f" {left_out} vacants have no location and are in no tile." if left_out else ""
    return {
        "name": title,
        "description": f"{USE_LIMIT}{missing} {note}".rstrip(),
        "type": "overlay",
        "vector_layers": [_describe(layer) for layer in (CENTROIDS, ROOFS)],
    }


def _describe(layer: str) -> dict[str, object]:
    """Return the entry of a layer in the metadata."""
    ranges = [zooms for zooms in _RANGES if zooms.layer == layer]
    kinds = {}
    for zooms in ranges:
        for field in zooms.fields:
            kinds[field.alias] = "Number" if field.kind == "real" else "String"

    return {
        "id": layer,
        "description": USE_LIMIT,
        "minzoom": min(zooms.first for zooms in ranges),
        "maxzoom": max(zooms.last for zooms in ranges),
        "fields": kinds,
    }


def _e7(degrees: float) -> int:
    """Return degrees as PMTiles stores them: whole ten-millionths."""
    return round(float(degrees) * 10_000_000)
