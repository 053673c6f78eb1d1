"""The jobs that are still to do: what a killed or repeated run needs, and no more."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from imagery.chips.inputs import CUTTER
from imagery.chips.kept import KeptPlace, set_aside
from imagery.chips.quality import QualityLimits
from imagery.chips.store import rows_path, shard_key
from imagery.chips.tasks import (
    CutJob,
    CutPlan,
    CutTask,
    PieceId,
    Read,
    find_reads,
    piece_offsets,
)
from imagery.flyover.flyover import Flyover
from imagery.workspace import ChipFiles


@dataclass(frozen=True, kw_only=True)
class PieceFile:
    """Pieces that one task leaves on disk for parcels on its seams."""

    path: Path
    """Named by the checksum of the pieces; the file may not exist yet."""
    pieces: tuple[Read, ...]
    """What is in it, in order."""
    offsets: dict[PieceId, int]
    """Where each piece begins, bytes."""

    @property
    def must_be_written(self) -> bool:
        """Tell whether pieces are wanted that are not on disk."""
        return bool(self.pieces) and not self.path.exists()


@dataclass(frozen=True, kw_only=True)
class CutRun:
    """One run of the chip stage: the whole plan, and where its results are kept."""

    plan: CutPlan
    """All the work of the flyover, done or not."""
    flyover: Flyover
    """The year's imagery."""
    folder: Path
    """The `chips/` folder."""
    limits: QualityLimits
    """What can be judged."""
    kept: Mapping[str, KeptPlace] = field(default_factory=dict)
    """Where the parcels are that need not be cut, by key."""

    @cached_property
    def recipe(self) -> str:
        """Return the checksum of what all shards depend on, beside parcels and tiles."""
        plan = self.plan
        facts = (CUTTER, plan.decoder, self.flyover.year, self.flyover.white, plan.settings)
        return _checksum((*facts, self.limits))

    def task_key(self, task: CutTask) -> str:
        """Return the checksum of all that the shard of a task depends on.

        Its rows are in the order of their first reads.
        """
        rows = [(parcel.key, parcel.views[0].reads[0].in_tile) for parcel in task.parcels]
        return _checksum((rows, self.recipe))

    def is_stale(self, task: CutTask) -> bool:
        """Tell whether the shard of a task is missing or was cut from other inputs."""
        if not task.parcels:
            return False

        return shard_key(self.folder, task.number) != self.task_key(task)

    def piece_file(self, task: CutTask, ranks: Sequence[int]) -> PieceFile:
        """Return the file with some pieces of a task."""
        pieces = tuple(task.spills[rank] for rank in ranks)
        # Only tiles that are read count: a change elsewhere is no reason to decode again.
        numbers = sorted({read.tile for read in pieces})
        tiles = [(number, task.tiles[number].facts) for number in numbers]
        name = f"{task.number:05d}_{_checksum((pieces, tiles, self.recipe))[:16]}.bin"
        ids = [PieceId(task=task.number, rank=rank) for rank in ranks]

        return PieceFile(
            path=ChipFiles(folder=self.folder).pieces / name,
            pieces=pieces,
            offsets=dict(zip(ids, piece_offsets(pieces), strict=True)),
        )

    def choose_pieces(self, task: CutTask, ranks: Sequence[int]) -> PieceFile:
        """Return the file from which seams read the pieces that they want of a task.

        It is that with all pieces of the task where a run has left it, before it was killed.
        """
        everything = self.piece_file(task, range(len(task.spills)))
        return everything if ranks and everything.path.exists() else self.piece_file(task, ranks)

    def due(self, task: CutTask) -> CutTask:
        """Return a task with the parcels only that must be cut."""
        due = tuple(parcel for parcel in task.parcels if parcel.key not in self.kept)
        return replace(task, parcels=due)

    def decode_job(self, task: CutTask, pieces: PieceFile, *, is_cut: bool) -> CutJob:
        """Return the job that decodes tiles, to cut parcels, to leave pieces, or for both."""
        must_leave = pieces.must_be_written
        due = replace(
            task,
            parcels=task.parcels if is_cut else (),
            spills=pieces.pieces if must_leave else (),
        )
        return self._job(due, leave=pieces.path if must_leave else None, take={}, offsets={})

    def seam_job(self, task: CutTask, files: dict[int, PieceFile]) -> CutJob:
        """Return the job that cuts parcels on seams from the pieces of other tasks."""
        take: dict[int, Path] = {}
        offsets: dict[PieceId, int] = {}
        for piece in find_pieces(self.due(task)):
            take[piece.task] = files[piece.task].path
            offsets[piece] = files[piece.task].offsets[piece]

        return self._job(task, leave=None, take=take, offsets=offsets)

    def _job(
        self,
        task: CutTask,
        *,
        leave: Path | None,
        take: dict[int, Path],
        offsets: dict[PieceId, int],
    ) -> CutJob:
        keys = {parcel.key for parcel in task.parcels}
        return CutJob(
            task=task,
            kept={key: place for key, place in self.kept.items() if key in keys},
            key=self.task_key(task),
            folder=self.folder,
            leave=leave,
            take=take,
            offsets=offsets,
            year=self.flyover.year,
            decoder=self.plan.decoder,
            white=self.flyover.white,
            settings=self.plan.settings,
            limits=self.limits,
            recipe=self.recipe,
        )


def plan_jobs(run: CutRun) -> tuple[list[CutJob], list[CutJob]]:
    """Find what is still to do.

    Returns:
        First the jobs that decode tiles; then those that cut parcels on seams, which need the
        pieces that the first ones leave.
    """
    seams = [task for task in run.plan.seams if run.is_stale(task)]
    wanted = find_wanted([run.due(task) for task in seams])

    decode_jobs = []
    files: dict[int, PieceFile] = {}
    for task in run.plan.inner:
        is_cut = run.is_stale(task)
        pieces = run.choose_pieces(task, wanted.get(task.number, ()))
        files[task.number] = pieces
        if is_cut or pieces.must_be_written:
            decode_jobs.append(run.decode_job(task, pieces, is_cut=is_cut))

    seam_jobs = [run.seam_job(task, files) for task in seams]
    return decode_jobs, seam_jobs


def find_kept(run: CutRun) -> dict[str, KeptPlace]:
    """Set aside what is not a shard of the run; return what in it need not be cut, by key."""
    keep: set[str] = set()
    wanted: set[str] = set()
    for task in run.plan.tasks:
        if run.is_stale(task):
            wanted |= {parcel.key for parcel in task.parcels}
        elif task.parcels:
            keep.add(rows_path(run.folder, task.number).stem)
    return set_aside(run.folder, keep, wanted=wanted, recipe=run.recipe)


def find_wanted(seams: list[CutTask]) -> dict[int, list[int]]:
    """Return the ranks of the pieces that tasks on seams want, sorted, by the task they want."""
    pieces: set[PieceId] = set()
    for task in seams:
        pieces.update(find_pieces(task))

    wanted: dict[int, list[int]] = {}
    for piece in sorted(pieces):
        wanted.setdefault(piece.task, []).append(piece.rank)
    return wanted


def find_pieces(task: CutTask) -> list[PieceId]:
    """Return the pieces that the parcels of a task are made of, in order."""
    return [read.piece for read in find_reads(task.parcels) if read.piece]


def _checksum(facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()
