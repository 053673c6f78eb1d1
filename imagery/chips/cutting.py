"""Executing one task of the plan: every unit is decoded once, every parcel is cut from memory."""

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.chips.chip import Chip, Piece, make_scene
from imagery.chips.quality import QualityLimits, measure_quality, why_not
from imagery.chips.store import CutRow, write_shard
from imagery.chips.tasks import CutSettings, CutTask, ParcelCut, Read, units_of
from imagery.files import atomic_path
from imagery.flyover.decode import DATA, UNREADABLE, decode_unit, decoding, read_unit
from imagery.flyover.guard import READ_ERRORS

Unit = tuple[int, int, int]
"""Tile, and row and column in its grid of units."""


@dataclass(frozen=True, kw_only=True)
class CutJob:
    """One task, and everything a worker needs for it; pickles small."""

    task: CutTask
    """What to cut."""
    key: str
    """Checksum of all that the shard depends on."""
    folder: Path
    """The `chips/` folder."""
    leave: Path | None
    """Where the task leaves its pieces; None where nobody wants any."""
    take: dict[int, Path]
    """Files of the pieces that the task reads, by the task that left them."""
    offsets: dict[tuple[int, int], int]
    """Where every such piece begins in its file, bytes; by task and rank."""
    year: int
    """Year of the flyover."""
    decoder: str
    """Decoder of the flyover."""
    white: float
    """Pixel value shown as 255."""
    settings: CutSettings
    """How chips lie."""
    limits: QualityLimits
    """What can be judged."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one job came to."""

    parcels: int
    """Parcels that got a row."""
    units: int
    """Units decoded."""

    def __int__(self) -> int:
        """Return the parcels, for progress."""
        return self.parcels


def cut_task(job: CutJob) -> Work:
    """Cut one task into its shard, and leave the pieces that others want. Runs in a worker."""
    cv2.setNumThreads(1)  # workers share the cores already
    units = Units(job)
    with (
        decoding(),
        atomic_path(job.leave) if job.leave else nullcontext() as temporary,
        temporary.open("wb") if temporary else nullcontext() as spill,
    ):
        rows = cut_parcels(job, units, spill)
        if job.task.parcels:
            write_shard(
                job.folder, job.task.number, job.year, rows, decoder=job.decoder, key=job.key
            )
        for _ in rows:  # pieces alone
            pass
    return Work(parcels=len(job.task.parcels), units=units.decoded)


def cut_parcels(job: CutJob, units: "Units", spill: BinaryIO | None) -> Iterator[CutRow]:
    """Yield the row of every parcel of a job, in the order of its units; write pieces on the way."""
    places = piece_offsets(job.task.spills)
    work: list[tuple[Unit, ParcelCut | None, Read | None, int]] = [
        (units.first(parcel.views[0].reads[0]), parcel, None, 0) for parcel in job.task.parcels
    ]
    work += [
        (units.first(read), None, read, place)
        for read, place in zip(job.task.spills, places, strict=True)
    ]
    for _, parcel, read, place in sorted(work, key=lambda item: item[0]):
        if parcel is not None:
            reads = [read for view in parcel.views for read in view.reads]
            yield cut_parcel(
                job, parcel, [[units.piece(one) for one in view.reads] for view in parcel.views]
            )
            units.release(reads)
        elif read is not None and spill is not None:
            spill.seek(place)
            spill.write(np.ascontiguousarray(units.piece(read)[0]).data)
            units.release([read])


def cut_parcel(job: CutJob, parcel: ParcelCut, pieces: list[list[Piece]]) -> CutRow:
    """Cut one parcel from the pixels of its reads."""
    scene = make_scene(parcel, pieces)
    quality = measure_quality(scene)
    reason = why_not(
        quality,
        job.limits,
        unreadable=not scene.whole and bool((scene.pixels[scene.mask, 3] == UNREADABLE).any()),
    )
    tiles = [job.task.tiles[read.tile] for view in parcel.views for read in view.reads]
    names = "|".join(dict.fromkeys(tile.name for tile in tiles))
    if any(tile.displaced for tile in tiles):
        reason = reason or "tile_shifted"
    if reason:
        return CutRow(
            parcel_id=parcel.parcel_id, chip=None, quality=quality, reason=reason, tiles=names
        )
    planes = np.empty((4, *scene.mask.shape), np.uint8)
    cv2.split(scene.pixels, [*planes])
    planes[3] = scene.mask
    chip = Chip(
        parcel_id=parcel.parcel_id,
        year=job.year,
        pixels=planes[:3],
        mask=planes[3].view(np.bool_),
        transform=parcel.grid.transform,
        crs=job.settings.metric_crs,
        gsd_m=job.settings.gsd_m,
        quality=quality,
    )
    return CutRow(parcel_id=parcel.parcel_id, chip=chip, quality=quality, reason="", tiles=names)


def piece_offsets(spills: tuple[Read, ...]) -> list[int]:
    """Return where each piece begins in a file of pieces, bytes: color and what is known, 4 bytes a pixel."""
    areas = [(r1 - r0) * (c1 - c0) for r0, r1, c0, c1 in (read.window for read in spills)]
    return [4 * total for total in itertools.accumulate(areas[:-1], initial=0)] if areas else []


class Units:
    """The units in memory: decoded when first wanted, dropped when nobody in the task wants them any more."""

    def __init__(self, job: CutJob) -> None:
        """Count how often every unit will be wanted."""
        self.job, self.decoded = job, 0
        self.live: dict[Unit, Piece] = {}
        self.used: list[NDArray[np.uint8]] = []  # arrays of dropped units, to be written over
        reads = [
            *(read for parcel in job.task.parcels for view in parcel.views for read in view.reads),
            *job.task.spills,
        ]
        self.wanted = Counter(
            unit for read in reads if read.piece is None for unit in self._under(read)
        )

    def first(self, read: Read) -> Unit:
        """Return where a read begins."""
        return self._under(read)[0]

    def piece(self, read: Read) -> Piece:
        """Return the pixels of a read; they hold until it is released."""
        if read.piece is not None:
            return self._stored(read)
        under = self._under(read)
        if len(under) > 1:
            return self._across(read, under)
        (top, left), (pixels, whole) = self._corner(under[0]), self._decode(under[0])
        r0, r1, c0, c1 = read.window
        return pixels[r0 - top : r1 - top, c0 - left : c1 - left], whole

    def release(self, reads: list[Read]) -> None:
        """Let go of the units under some reads that have been used."""
        for unit in (unit for read in reads if read.piece is None for unit in self._under(read)):
            self.wanted[unit] -= 1
            if not self.wanted[unit]:
                self.used = [*self.used[-7:], self.live.pop(unit)[0]]

    def _under(self, read: Read) -> list[Unit]:
        return units_of(read, self.job.task.tiles[read.tile], self.job.decoder)

    def _across(self, read: Read, under: list[Unit]) -> Piece:
        """Copy the parts of several units side by side."""
        r0, r1, c0, c1 = read.window
        pixels, whole = np.empty((r1 - r0, c1 - c0, 4), np.uint8), True
        for unit in under:
            (top, left), (part, full) = self._corner(unit), self._decode(unit)
            rows, columns = (
                (max(r0, top), min(r1, top + part.shape[0])),
                (max(c0, left), min(c1, left + part.shape[1])),
            )
            pixels[rows[0] - r0 : rows[1] - r0, columns[0] - c0 : columns[1] - c0] = part[
                rows[0] - top : rows[1] - top, columns[0] - left : columns[1] - left
            ]
            whole &= full
        return pixels, whole

    def _corner(self, unit: Unit) -> tuple[int, int]:
        rows, columns = decode_unit(self.job.task.tiles[unit[0]], self.job.decoder)
        return unit[1] * rows, unit[2] * columns

    def _decode(self, unit: Unit) -> Piece:
        if unit not in self.live:
            tile, row, column = self.job.task.tiles[unit[0]], unit[1], unit[2]
            self.decoded += 1
            try:
                self.live[unit] = read_unit(
                    tile,
                    row,
                    column,
                    decoder=self.job.decoder,
                    white=self.job.white,
                    out=self.used.pop() if self.used else None,
                )
            except READ_ERRORS:
                rows, columns = decode_unit(tile, self.job.decoder)
                shape = (
                    min(rows, tile.height - row * rows),
                    min(columns, tile.width - column * columns),
                )
                self.live[unit] = np.full((*shape, 4), (0, 0, 0, UNREADABLE), np.uint8), False
        return self.live[unit]

    def _stored(self, read: Read) -> Piece:
        """Map a piece that another task left."""
        task, rank = read.piece or (0, 0)
        r0, r1, c0, c1 = read.window
        pixels = np.memmap(
            self.job.take[task],
            dtype=np.uint8,
            mode="r",
            offset=self.job.offsets[task, rank],
            shape=(r1 - r0, c1 - c0, 4),
        )
        return np.asarray(pixels), bool(pixels[..., 3].min() == DATA)
