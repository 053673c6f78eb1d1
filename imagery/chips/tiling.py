"""The chip stage: a plan, its tasks on some executor, one manifest. A killed or repeated run does only what is missing."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from imagery.chips.cutting import CutJob, Units, Work, cut_parcels, cut_task, piece_offsets
from imagery.chips.plan import plan_cuts
from imagery.chips.quality import Quality, QualityLimits
from imagery.chips.store import (
    MANIFEST_COLUMNS,
    ChipStore,
    CutRow,
    open_store,
    rows_path,
    shard_key,
    shard_path,
)
from imagery.chips.tasks import CutPlan, CutSettings, CutTask, ParcelCut, Read
from imagery.files import atomic_path
from imagery.flyover.decode import decoding, file_stamp
from imagery.flyover.flyover import Flyover
from imagery.flyover.guard import ImageLimits
from imagery.roll.files import FootprintFile
from imagery.roll.outlines import roofs_of
from imagery.roll.parcels import VacantRoll, read_footprints

CUTTER = 2
"""Raised when the same inputs would give other chips."""
USUAL_GROUND = 0.2
"""Median share of ground tint in roofs up to which the tint tells roofs from ground; above, sensor or roofs are of that tint themselves."""
REGISTRATIONS = ("correct", "quarantine", "report", "off")

Mapper = Callable[[Callable[[CutJob], Work], Sequence[CutJob]], Iterator[Work]]
"""Applies a batch function to batches, in any order and on any machine, and yields the results as they come."""


@dataclass(frozen=True, kw_only=True)
class TileSettings:
    """Keys of [tile] in the city file, and the model's scale."""

    gsd_m: float = 0.1
    """Meters per pixel of chips; set by [model] gsd_m."""
    margin_m: float = 10.0
    """Meters around the parcel; set by [model] margin_m."""
    max_side_m: float = 120.0
    """Longer chips are cut to this around the parcel's center, meters."""
    min_covered: float = 0.98
    """Least share of a roof inside tiles."""
    max_nodata: float = 0.02
    """Largest share of a roof without data."""
    min_sharpness: float = 0.0
    """Least standard deviation of the Laplacian inside a roof, gray levels; less is a blurred photo, or a roof without any texture; 0 lets all pass."""
    max_shadow: float = 0.9
    """Largest share of a roof in shadow so black that nothing can be made out."""
    max_canopy: float = 0.9
    """Largest share of a roof under green leaves."""
    max_ground: float = 0.8
    """Largest share of a roof with the tint of grass and soil; more is `no_building_seen`. Not applied to a flyover whose roofs
    have that tint as a rule."""
    registration: str = "correct"
    """What is done with tiles that lie off: "correct", "quarantine" (their parcels are not assessed), "report", or "off"."""
    max_block_mb: float = ImageLimits.max_block_mb
    """Largest part of an image file that must be decoded at once (a block, a strip, a whole JPEG), MB
    when unpacked; a file with a larger one is not used."""
    max_seconds: float = ImageLimits.max_seconds
    """Longest time that one read of JPEG 2000, VRT or a rarer format may take, seconds; a file that takes longer is unreadable."""
    max_shift: float = 0.2
    """How far a tile may lie off, as a share of the median lot width."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (self.max_side_m >= 1 and 0 < self.min_covered <= 1 and 0 <= self.max_nodata < 1):
            raise ValueError(
                f"{self}: want max_side_m >= 1, min_covered in (0, 1], max_nodata in [0, 1)"
            )
        if not (
            self.min_sharpness >= 0
            and 0 < self.max_shadow <= 1
            and 0 < self.max_canopy <= 1
            and 0 < self.max_ground <= 1
        ):
            raise ValueError(
                f"{self}: want min_sharpness >= 0; max_shadow, max_canopy and max_ground in (0, 1]"
            )
        if self.registration not in REGISTRATIONS or not self.max_shift > 0:
            raise ValueError(
                f"registration is {self.registration!r} and max_shift {self.max_shift}; want one of {', '.join(REGISTRATIONS)}, and a share above 0"
            )

        if not (self.max_block_mb > 0 and self.max_seconds > 0):
            raise ValueError(
                f"max_block_mb is {self.max_block_mb} and max_seconds {self.max_seconds}; want both above 0"
            )

    @property
    def image_limits(self) -> ImageLimits:
        """Return what one image file may cost."""
        return ImageLimits(max_block_mb=self.max_block_mb, max_seconds=self.max_seconds)

    @property
    def limits(self) -> QualityLimits:
        """Return what can be judged."""
        return QualityLimits(
            **{name: getattr(self, name) for name in QualityLimits.__dataclass_fields__}
        )


def tile_parcels(
    roll: VacantRoll,
    flyover: Flyover,
    folder: Path,
    *,
    settings: TileSettings,
    footprints: FootprintFile | None,
    mapper: Mapper,
) -> ChipStore:
    """Cut every vacant parcel of the roll out of one flyover.

    Args:
        roll: The vacant roll.
        flyover: The year's imagery.
        folder: The `chips/` folder; shards that need no change are kept.
        settings: Scale, margin and quality limits.
        footprints: Building outlines, intersected with the parcels.
        mapper: How batches are executed.
    """
    key = inputs_key(roll, flyover, settings, footprints)
    if _is_done(folder, key):
        return open_store(folder)
    (folder / "manifest.parquet").unlink(missing_ok=True)
    plan = plan_flyover(roll, flyover, settings=settings, footprints=footprints)
    with atomic_path(folder / "plan.json") as temporary:
        temporary.write_text(json.dumps({"key": key, "files": _file_names(plan, folder)}))
    units = 0
    for jobs in plan_jobs(plan, flyover, folder, settings.limits):
        units += sum(work.units for work in mapper(cut_task, jobs))
    _write_manifest(plan, flyover.year, folder, settings.max_ground)
    shutil.rmtree(folder / "pieces", ignore_errors=True)
    return replace(open_store(folder), units_touched=plan.units, units_decoded=units)


def plan_flyover(
    roll: VacantRoll, flyover: Flyover, *, settings: TileSettings, footprints: FootprintFile | None
) -> CutPlan:
    """Plan the cutting of a whole roll; no pixel is touched."""
    shapes, crs = roof_shapes(roll, read_footprints(footprints) if footprints else None)
    cut = CutSettings(
        gsd_m=settings.gsd_m,
        margin_m=settings.margin_m,
        max_side_m=settings.max_side_m,
        metric_crs=crs.to_wkt(),
    )
    return plan_cuts(roll.table["parcel_id"].to_numpy(), shapes, flyover.tiles, cut)


def plan_jobs(
    plan: CutPlan, flyover: Flyover, folder: Path, limits: QualityLimits
) -> tuple[list[CutJob], list[CutJob]]:
    """Return what is missing: first the jobs that decode, then those that cut parcels from pieces."""
    stamps = {tile.path: file_stamp(tile.path) for tile in flyover.tiles}
    shared = repr((CUTTER, plan.decoder, flyover.year, flyover.white, plan.settings, limits))

    def key(part: tuple[ParcelCut | Read, ...], task: CutTask) -> str:
        reads = (
            read
            for one in part
            for read in (
                [one]
                if isinstance(one, Read)
                else (read for view in one.views for read in view.reads)
            )
        )
        tiles = {
            number: task.tiles[number] for number in sorted({read.tile for read in reads})
        }  # pieces for others are no reason to cut anew
        return hashlib.sha256(
            repr((part, tiles, [stamps[tile.path] for tile in tiles.values()], shared)).encode()
        ).hexdigest()

    def job(
        task: CutTask,
        *,
        leave: Path | None,
        take: dict[int, Path],
        offsets: dict[tuple[int, int], int],
    ) -> CutJob:
        return CutJob(
            task=task,
            key=key(task.parcels, task),
            folder=folder,
            leave=leave,
            take=take,
            offsets=offsets,
            year=flyover.year,
            decoder=plan.decoder,
            white=flyover.white,
            settings=plan.settings,
            limits=limits,
        )

    def stale(task: CutTask) -> bool:
        return bool(task.parcels) and shard_key(folder, task.number) != key(task.parcels, task)

    seams = [task for task in plan.seams if stale(task)]
    wanted: dict[int, set[int]] = {}
    for place in (
        read.piece
        for task in seams
        for parcel in task.parcels
        for view in parcel.views
        for read in view.reads
        if read.piece
    ):
        wanted.setdefault(place[0], set()).add(place[1])
    first: list[CutJob] = []
    files: dict[int, Path] = {}
    offsets: dict[tuple[int, int], int] = {}
    for task in plan.inner:
        ranks, cut = sorted(wanted.get(task.number, ())), stale(task)
        whole = folder / "pieces" / f"{task.number:05d}_{key(task.spills, task)[:16]}.bin"
        if ranks and (cut or whole.exists()):
            ranks = list(range(len(task.spills)))
        spills = tuple(task.spills[rank] for rank in ranks)
        files[task.number] = folder / "pieces" / f"{task.number:05d}_{key(spills, task)[:16]}.bin"
        offsets.update(
            {
                (task.number, rank): place
                for rank, place in zip(ranks, piece_offsets(spills), strict=True)
            }
        )
        leave = files[task.number] if spills and not files[task.number].exists() else None
        if cut or leave:
            left = replace(
                task, parcels=task.parcels if cut else (), spills=spills if leave else ()
            )
            first.append(job(left, leave=leave, take={}, offsets={}))
    second = []
    for task in seams:
        places = {
            read.piece
            for parcel in task.parcels
            for view in parcel.views
            for read in view.reads
            if read.piece
        }
        second.append(
            job(
                task,
                leave=None,
                take={number: files[number] for number, _ in places},
                offsets={place: offsets[place] for place in places},
            )
        )
    return first, second


def cut_one(
    parcel_id: str, shape: BaseGeometry, flyover: Flyover, *, settings: TileSettings, crs: CRS
) -> CutRow:
    """Cut a single parcel in memory; nothing is written.

    Args:
        parcel_id: Raw id.
        shape: Outline in `crs`.
        flyover: The year's imagery.
        settings: Scale, margin and quality limits.
        crs: A CRS in meters.
    """
    cut = CutSettings(
        gsd_m=settings.gsd_m,
        margin_m=settings.margin_m,
        max_side_m=settings.max_side_m,
        metric_crs=crs.to_wkt(),
    )
    plan = plan_cuts(
        np.array([parcel_id], dtype=object), gpd.GeoSeries([shape], crs=crs), flyover.tiles, cut
    )
    if plan.absent:
        return CutRow(
            parcel_id=parcel_id, chip=None, quality=None, reason=plan.absent[0][1], tiles=""
        )
    (job,), _ = plan_jobs(plan, flyover, Path(os.devnull), settings.limits)
    with decoding():
        (row,) = cut_parcels(job, Units(job), None)
    return row


def metric_crs(roll: VacantRoll) -> CRS:
    """Return the UTM zone of the roll's center, in which chips are laid out."""
    return (
        CRS(roll.table.estimate_utm_crs())
        if roll.table.geometry.notna().any()
        else CRS("EPSG:3857")
    )


def roof_shapes(roll: VacantRoll, footprints: gpd.GeoSeries | None) -> tuple[gpd.GeoSeries, CRS]:
    """Return the outline to look at, parcel by parcel, in meters: the parcel, intersected with its building where there is one."""
    crs = metric_crs(roll)
    lots = roll.table.geometry.to_crs(crs)
    if footprints is None:
        return lots, crs
    return roofs_of(lots, footprints.dropna().reset_index(drop=True)), crs


def _write_manifest(plan: CutPlan, year: int, folder: Path, max_ground: float) -> None:
    """Join the rows of all shards, and remove shards of another plan."""
    shards = [task.number for task in (*plan.inner, *plan.seams) if task.parcels]
    rows = [
        (
            parcel_id,
            year,
            "not_assessed",
            reason,
            -1,
            -1,
            -1,
            0,
            0,
            "",
            plan.decoder,
            *astuple(Quality()),
            *(np.nan,) * 6,
        )
        for parcel_id, reason in plan.absent
    ]
    parts = [pd.read_parquet(rows_path(folder, shard)) for shard in shards]
    parts += [pd.DataFrame(rows, columns=list(MANIFEST_COLUMNS))] if rows or not parts else []
    manifest = pd.concat(parts, ignore_index=True).sort_values("parcel_id", ignore_index=True)
    chips = manifest["status"] == "chip"
    if chips.any() and manifest.loc[chips, "ground_share"].median() <= USUAL_GROUND:
        manifest.loc[chips & (manifest["ground_share"] > max_ground), ["status", "reason"]] = [
            "not_assessed",
            "no_building_seen",
        ]
    with atomic_path(folder / "manifest.parquet") as temporary:
        manifest.to_parquet(temporary, index=False)
    ours = set(_file_names(plan, folder))
    for path in (
        *folder.glob("shard_*"),
        *folder.glob(".*.shard_*"),
    ):  # the latter by workers that were killed while writing
        if path.name not in ours:
            path.unlink()


def inputs_key(
    roll: VacantRoll, flyover: Flyover, settings: TileSettings, footprints: FootprintFile | None
) -> str:
    """Return a checksum that changes when anything does that chips depend on."""
    cut = replace(settings, registration="off", max_shift=1.0, max_block_mb=1.0, max_seconds=1.0)
    digest = hashlib.sha256(
        repr(
            (
                CUTTER,
                flyover.year,
                flyover.white,
                cut,
                footprints,
                file_stamp(str(footprints.path)) if footprints else None,
            )
        ).encode()
    )
    for tile in flyover.tiles:
        digest.update(repr((tile, file_stamp(tile.path))).encode())
    digest.update("\0".join(roll.table["parcel_id"]).encode())
    digest.update(repr(roll.table.crs).encode())
    for shape in shapely.to_wkb(roll.table.geometry.to_numpy()):
        digest.update(shape or b"-")
    return digest.hexdigest()


def _file_names(plan: CutPlan, folder: Path) -> list[str]:
    """Return the names of all shards of a plan."""
    return [
        place(folder, task.number).name
        for task in (*plan.inner, *plan.seams)
        if task.parcels
        for place in (shard_path, rows_path)
    ]


def _is_done(folder: Path, key: str) -> bool:
    """Tell whether a folder holds the manifest and every shard of these very inputs."""
    plan = folder / "plan.json"
    if not (plan.exists() and (folder / "manifest.parquet").exists()):
        return False
    recorded = json.loads(plan.read_text())
    return bool(
        recorded["key"] == key
        and all((folder / name).exists() for name in recorded.get("files", ["older"]))
    )
