"""The chip stage: parcels to batches by tile, batches to shards, shards to one manifest. Killed runs resume by shard."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from imagery.chips import CutSettings, cut_chip
from imagery.files import atomic_path
from imagery.flyover import Flyover, Tile
from imagery.parcels import VacantRoll, read_table
from imagery.store import MANIFEST_COLUMNS, ChipStore, CutRow, open_store, rows_path, write_shard

BATCH_PARCELS = 200
"""Parcels per batch and shard."""

Mapper = Callable[[Callable[["CutBatch"], int], Sequence["CutBatch"]], Iterator[int]]
"""Applies a batch function to batches, in any order and on any machine, and yields the results as they come."""


@dataclass(frozen=True, kw_only=True)
class TileSettings:
    """Keys of [tile] in the city file, and the model's scale."""

    gsd_m: float = 0.1
    """Metres per pixel of chips; set by [model] gsd_m."""
    margin_m: float = 10.0
    """Metres around the parcel; set by [model] margin_m."""
    max_side_m: float = 120.0
    """Longer chips are cut to this around the parcel's center, metres."""
    min_covered: float = 0.98
    """Least share of a parcel inside tiles."""
    max_nodata: float = 0.02
    """Largest share of a parcel without data."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (self.max_side_m >= 1 and 0 < self.min_covered <= 1 and 0 <= self.max_nodata < 1):
            raise ValueError(f"{self}: want max_side_m >= 1, min_covered in (0, 1], max_nodata in [0, 1)")


@dataclass(frozen=True, kw_only=True)
class CutBatch:
    """One task: parcels to cut into one shard. Everything in it pickles small."""

    folder: Path
    """Where the shard goes."""
    shard: int
    """Number of the shard."""
    year: int
    """Year of the flyover."""
    parcel_ids: tuple[str, ...]
    """Raw ids."""
    shapes: tuple[bytes | None, ...]
    """Outlines as WKB in the metric CRS; None without geometry."""
    tiles: tuple[Tile, ...]
    """The tiles that some parcel of the batch touches."""
    touches: tuple[tuple[int, ...], ...]
    """For every parcel, positions in `tiles`."""
    settings: CutSettings
    """How to cut."""


def tile_parcels(roll: VacantRoll, flyover: Flyover, folder: Path, *, settings: TileSettings, footprints: gpd.GeoSeries | None, mapper: Mapper) -> ChipStore:
    """Cut every vacant parcel of the roll out of one flyover.

    Args:
        roll: The vacant roll.
        flyover: The year's imagery.
        folder: The `chips/` folder; finished shards of the same plan are kept.
        settings: Scale, margin and quality limits.
        footprints: Building outlines, intersected with the parcels.
        mapper: How batches are executed.
    """
    batches, key = plan_batches(roll, flyover, folder, settings=settings, footprints=footprints)
    if _recorded_key(folder) != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with atomic_path(folder / "plan.json") as temporary:
            temporary.write_text(json.dumps({"key": key, "batches": len(batches)}))
    elif (folder / "manifest.parquet").exists():
        return open_store(folder)
    left = [batch for batch in batches if not rows_path(folder, batch.shard).exists()]
    for _ in mapper(cut_batch, left):
        pass
    parts = [pd.read_parquet(rows_path(folder, batch.shard)) for batch in batches]
    manifest = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(MANIFEST_COLUMNS))
    manifest = manifest.sort_values("parcel_id", ignore_index=True)
    with atomic_path(folder / "manifest.parquet") as temporary:
        manifest.to_parquet(temporary, index=False)
    return open_store(folder)


def plan_batches(roll: VacantRoll, flyover: Flyover, folder: Path, *, settings: TileSettings, footprints: gpd.GeoSeries | None) -> tuple[list[CutBatch], str]:
    """Sort parcels by tile and place into batches; return them with a key that changes when any input does."""
    shapes, crs = roof_shapes(roll, footprints)
    cut = CutSettings(**asdict(settings), white=flyover.white, metric_crs=crs.to_wkt())
    touches = touched_tiles(shapes, flyover.tiles, crs, reach_m=settings.margin_m)
    center = shapely.get_coordinates(shapely.centroid(shapes.to_numpy()))
    place = pd.DataFrame({"tile": [min(hit, default=-1) for hit in touches], "number": range(len(shapes))})
    seen = shapes.notna().to_numpy()
    place.loc[seen, "y"] = center[:, 1] // 50
    place.loc[seen, "x"] = center[:, 0]
    order = place.sort_values(["tile", "y", "x", "number"])["number"].to_numpy()
    ids = roll.table["parcel_id"].to_numpy()
    batches = []
    for shard, start in enumerate(range(0, len(order), BATCH_PARCELS)):
        chosen = order[start : start + BATCH_PARCELS]
        used = sorted({tile for number in chosen for tile in touches[number]})
        position = {tile: spot for spot, tile in enumerate(used)}
        batches.append(CutBatch(
            folder=folder, shard=shard, year=flyover.year, parcel_ids=tuple(ids[chosen]),
            shapes=tuple(None if shapes.iloc[number] is None else shapely.to_wkb(shapes.iloc[number]) for number in chosen),
            tiles=tuple(flyover.tiles[tile] for tile in used),
            touches=tuple(tuple(position[tile] for tile in touches[number]) for number in chosen), settings=cut,
        ))  # fmt: skip
    return batches, _plan_key(batches)


def roof_shapes(roll: VacantRoll, footprints: gpd.GeoSeries | None) -> tuple[gpd.GeoSeries, CRS]:
    """Return the outline to look at, parcel by parcel, in metres: the parcel, intersected with its building where there is one."""
    table = roll.table
    crs = CRS(table.estimate_utm_crs()) if table.geometry.notna().any() else CRS("EPSG:3857")
    lots = table.geometry.to_crs(crs)
    if footprints is None:
        return lots, crs
    houses = footprints.dropna().to_crs(crs).reset_index(drop=True)
    rows, hits = houses.sindex.query(lots.to_numpy(), predicate="intersects")
    parts: dict[int, list[BaseGeometry]] = {}
    for row, hit in zip(rows, hits, strict=True):
        parts.setdefault(int(row), []).append(houses.iloc[hit])
    roofs = lots.to_numpy().copy()
    for row, pieces in parts.items():
        roof = shapely.intersection(roofs[row], shapely.union_all([shapely.make_valid(piece) for piece in pieces]))
        solid = [part for part in getattr(roof, "geoms", [roof]) if part.geom_type in ("Polygon", "MultiPolygon")]
        if solid and sum(part.area for part in solid) >= 4:  # square metres; less is an outline that grazes the lot
            roofs[row] = shapely.union_all(solid)
    return gpd.GeoSeries(roofs, crs=crs), crs


def touched_tiles(shapes: gpd.GeoSeries, tiles: tuple[Tile, ...], crs: CRS, *, reach_m: float) -> list[tuple[int, ...]]:
    """For every shape, return the positions of the tiles within reach; () for no geometry or no tile."""
    outlines = []
    for tile in tiles:
        to_metric = Transformer.from_crs(tile.crs, crs, always_xy=True)
        x, y = to_metric.transform(*np.array(tile.corners).T)
        outlines.append(shapely.Polygon(np.column_stack([x, y])).buffer(0.5))
    tree = shapely.STRtree(outlines)
    touches: list[list[int]] = [[] for _ in range(len(shapes))]
    known = np.flatnonzero(shapes.notna().to_numpy())
    wide = shapely.buffer(shapes.iloc[known].to_numpy(), reach_m)
    for row, tile in zip(*tree.query(wide, predicate="intersects"), strict=True):
        touches[known[row]].append(int(tile))
    return [tuple(sorted(hit)) for hit in touches]


def cut_batch(batch: CutBatch) -> int:
    """Cut one batch into its shard; return the number of parcels. Runs in a worker."""
    rows = []
    for parcel_id, wkb, hit in zip(batch.parcel_ids, batch.shapes, batch.touches, strict=True):
        if wkb is None:
            rows.append(CutRow(parcel_id=parcel_id, chip=None, quality=None, reason="no_geometry", tiles=""))
            continue
        tiles = tuple(batch.tiles[spot] for spot in hit)
        chip, quality, reason = cut_chip(parcel_id, batch.year, shapely.from_wkb(wkb), tiles=tiles, settings=batch.settings)
        names = "|".join(Path(tile.path).name for tile in tiles)
        rows.append(CutRow(parcel_id=parcel_id, chip=chip, quality=quality, reason=reason, tiles=names))
    write_shard(batch.folder, batch.shard, batch.year, rows)
    return len(rows)


def read_footprints(path: Path, layer: str) -> gpd.GeoSeries:
    """Read building outlines; any vector format, any CRS."""
    return read_table(path, layer=layer, what="footprints").geometry


def _plan_key(batches: list[CutBatch]) -> str:
    digest = hashlib.sha256()
    for batch in batches:
        for tile in batch.tiles:
            file = Path(tile.path)
            stamp = file.stat() if file.exists() else None
            digest.update(repr((tile, stamp and (stamp.st_size, stamp.st_mtime_ns))).encode())
        digest.update(repr((batch.parcel_ids, batch.touches, batch.settings)).encode())
        for shape in batch.shapes:
            digest.update(shape or b"-")
    return digest.hexdigest()


def _recorded_key(folder: Path) -> str:
    plan = folder / "plan.json"
    return str(json.loads(plan.read_text())["key"]) if plan.exists() else ""
