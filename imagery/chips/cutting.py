"""Executing one task of the plan: every unit is decoded once, every parcel is cut from memory."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import BinaryIO

import cv2
import numpy as np

from imagery.chips.chip import Chip
from imagery.chips.kept import KeptPlace, KeptRow, read_kept
from imagery.chips.quality import Quality, Scene, measure_quality, why_not
from imagery.chips.scene import Piece, make_scene
from imagery.chips.shards import CutRow, ShardOrigin, write_shard
from imagery.chips.tasks import CutJob, ParcelCut, Read, Unit, piece_offsets
from imagery.chips.units import Units
from imagery.files import atomic_path
from imagery.flyover.gdal_env import decoding
from imagery.flyover.pixels import UNREADABLE


@dataclass(frozen=True, kw_only=True)
class Work:
    """Result of one job."""

    parcels: int
    """Parcels that got a row."""
    units: int
    """Units decoded."""

    def __int__(self) -> int:
        """Return the parcels, for progress."""
        return self.parcels


@dataclass(frozen=True, kw_only=True)
class Step:
    """One parcel to cut, or one piece to leave."""

    unit: Unit
    """Where its first read begins."""
    parcel: ParcelCut | None = None
    """What to cut; None for a piece, and for a parcel that need not be cut."""
    kept: KeptPlace | None = None
    """Where such a parcel is."""
    spill: Read | None = None
    """What to leave; None for a parcel."""
    offset: int = 0
    """Where the piece begins in its file, bytes."""

    @property
    def reads(self) -> list[Read]:
        """Return the reads that are used."""
        reads = self.parcel.reads if self.parcel else []
        return [*reads, self.spill] if self.spill else reads


def cut_task(job: CutJob) -> Work:
    """Cut one task into its shard, and leave the pieces that others want. Runs in a worker."""
    # Workers share the cores already.
    cv2.setNumThreads(1)

    units = Units(job)
    with (
        decoding(),
        atomic_path(job.leave) if job.leave else nullcontext() as temporary,
        temporary.open("wb") if temporary else nullcontext() as spill,
    ):
        rows = cut_parcels(job, units, spill)
        if job.task.parcels:
            origin = ShardOrigin(year=job.year, decoder=job.decoder, key=job.key, recipe=job.recipe)
            write_shard(job.folder, job.task.number, rows, origin=origin)

        # Without parcels there are only pieces, and no rows.
        for _ in rows:
            pass
    return Work(parcels=len(job.task.parcels), units=units.decoded)


def cut_parcels(job: CutJob, units: Units, spill: BinaryIO | None) -> Iterator[CutRow | KeptRow]:
    """Yield the row of every parcel of a job, in the order of its units.

    Args:
        job: The job.
        units: Its units.
        spill: Takes the pieces, which are written on the way; None where there are none.
    """
    for step in order_steps(job, units):
        if step.kept is not None:
            yield read_kept(step.kept)
        elif step.parcel is not None:
            pieces = [[units.piece(read) for read in view.reads] for view in step.parcel.views]
            yield cut_parcel(job, step.parcel, pieces)
        elif step.spill is not None and spill is not None:
            spill.seek(step.offset)
            spill.write(np.ascontiguousarray(units.piece(step.spill).pixels).data)
        units.release(step.reads)


def order_steps(job: CutJob, units: Units) -> list[Step]:
    """Return the parcels and pieces of a job so that every unit is soon done with."""
    steps = []
    for parcel in job.task.parcels:
        first_read = parcel.views[0].reads[0]
        unit = units.first(first_read)
        kept = job.kept.get(parcel.key)
        steps.append(Step(unit=unit, kept=kept) if kept else Step(unit=unit, parcel=parcel))

    offsets = piece_offsets(job.task.spills)
    for read, offset in zip(job.task.spills, offsets, strict=True):
        steps.append(Step(unit=units.first(read), spill=read, offset=offset))

    return sorted(steps, key=lambda step: step.unit)


def cut_parcel(job: CutJob, parcel: ParcelCut, pieces: list[list[Piece]]) -> CutRow:
    """Cut one parcel from the pixels of its reads."""
    scene = make_scene(parcel, pieces)
    quality = measure_quality(scene)
    if parcel.inside_share < 1:
        covered = quality.covered_share * parcel.inside_share
        quality = replace(quality, covered_share=covered)
    reason = why_not(quality, job.limits, unreadable=has_damage(scene))

    tiles = [job.task.tiles[read.tile] for read in parcel.reads]
    gsd_m = max((tile.gsd_m for tile in tiles), default=0.0)
    quality = replace(quality, photo_gsd_m=max(gsd_m, job.settings.gsd_m))
    if not reason and any(tile.displaced for tile in tiles):
        reason = "tile_shifted"

    return CutRow(
        parcel_id=parcel.parcel_id,
        chip=None if reason else make_chip(job, parcel, scene, quality),
        quality=quality,
        reason=reason,
        tiles="|".join(dict.fromkeys(tile.name for tile in tiles)),
        key=parcel.key,
    )


def has_damage(scene: Scene) -> bool:
    """Tell whether some of the roof lies in a damaged part of a file."""
    if scene.whole:
        return False
    return bool((scene.pixels[scene.mask, 3] == UNREADABLE).any())


def make_chip(job: CutJob, parcel: ParcelCut, scene: Scene, quality: Quality) -> Chip:
    """Return the chip of a scene that can be judged."""
    # Colors and mask share one array, plane by plane, as the store holds them.
    planes = np.empty((4, *scene.mask.shape), np.uint8)
    cv2.split(scene.pixels, [*planes])
    planes[3] = scene.mask

    return Chip(
        parcel_id=parcel.parcel_id,
        year=job.year,
        pixels=planes[:3],
        mask=planes[3].view(np.bool_),
        transform=parcel.grid.transform,
        crs=job.settings.metric_crs,
        gsd_m=job.settings.gsd_m,
        quality=quality,
    )
