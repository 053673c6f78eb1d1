"""The chip stage taken apart: the whole of it, decoding alone, and putting windows together."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.fixture import BenchCity
from benchmarks.table import OUT
from imagery.chips.cutting import CutJob, Units, Work
from imagery.chips.store import ChipStore
from imagery.chips.tasks import CutPlan, CutTask, ParcelCut, Read, units_of
from imagery.chips.tiling import TileSettings, plan_flyover, plan_jobs, tile_parcels
from imagery.flyover.decode import decoding, read_unit
from roofwatch.executors import Execution, map_batches

CHIPS = OUT / "chips"
SETTINGS = TileSettings(registration="off")


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """The work of a city's chip stage, nothing of it done."""

    plan: CutPlan
    """All tasks."""
    jobs: list[CutJob]
    """The jobs that decode tiles."""
    city: BenchCity
    """The city."""

    @property
    def decoder(self) -> str:
        """Decoder of the flyover."""
        return self.plan.decoder

    @property
    def tasks(self) -> tuple[CutTask, ...]:
        """All tasks, those that decode first."""
        return (*self.plan.inner, *self.plan.seams)


def plan(city: BenchCity) -> Stage:
    """Plan the chip stage of a city."""
    whole = plan_flyover(city.roll, city.flyover, settings=SETTINGS, footprints=None)
    jobs, _ = plan_jobs(whole, city.flyover, OUT / "nowhere", SETTINGS.limits)
    return Stage(plan=whole, jobs=jobs, city=city)


def cut(city: BenchCity, execution: Execution | None = None) -> ChipStore:
    """Run the whole chip stage from the beginning; in this process unless told otherwise."""
    shutil.rmtree(CHIPS, ignore_errors=True)
    return cut_again(city, execution)


def cut_again(city: BenchCity, execution: Execution | None = None) -> ChipStore:
    """Run the chip stage on what is there."""
    return tile_parcels(
        city.roll,
        city.flyover,
        CHIPS,
        settings=SETTINGS,
        footprints=None,
        mapper=partial(_run_jobs, execution=execution or Execution(executor="serial")),
    )


def decode(stage: Stage) -> None:
    """Decode every touched unit once, and nothing else; buffers are used again, as in cutting."""
    tiles = {}
    units = set()
    for task in stage.tasks:
        tiles.update(task.tiles)
        for read in _reads(task):
            units.update(units_of(read, task.tiles[read.tile], stage.decoder))

    white = stage.city.flyover.white
    used: NDArray[np.uint8] | None = None
    with decoding():
        for number, row, column in sorted(units):
            tile = tiles[number]
            used, _ = read_unit(tile, row, column, decoder=stage.decoder, white=white, out=used)


def gather(stage: Stage) -> None:
    """Decode and put the windows of every parcel together; nothing is turned or stored."""
    with decoding():
        for job in stage.jobs:
            _gather_job(job)


def _gather_job(job: CutJob) -> None:
    units = Units(job)
    windows = [_reads_of_parcel(parcel) for parcel in job.task.parcels]
    windows += [[read] for read in job.task.spills]
    windows.sort(key=lambda reads: units.first(reads[0]))

    for reads in windows:
        for read in reads:
            units.piece(read)
        units.release(reads)


def _run_jobs(
    function: Callable[[CutJob], Work], jobs: Sequence[CutJob], *, execution: Execution
) -> Iterator[Work]:
    return map_batches(function, list(jobs), execution)


def _reads(task: CutTask) -> list[Read]:
    """Return all reads of a task, for its parcels and for the pieces that it leaves."""
    reads = list(task.spills)
    for parcel in task.parcels:
        reads += _reads_of_parcel(parcel)
    return reads


def _reads_of_parcel(parcel: ParcelCut) -> list[Read]:
    reads: list[Read] = []
    for view in parcel.views:
        reads += view.reads
    return reads
