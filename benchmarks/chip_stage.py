"""The chip stage taken apart: the whole of it, decoding alone, and putting windows together."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.fixture import BenchCity
from benchmarks.table import OUT
from imagery.chips.cutting import Work, order_steps
from imagery.chips.inputs import CutInputs
from imagery.chips.jobs import CutRun, plan_jobs
from imagery.chips.settings import TileSettings
from imagery.chips.store import ChipStore
from imagery.chips.tasks import CutJob, CutPlan, find_reads, units_of
from imagery.chips.tiling import plan_flyover, tile_parcels
from imagery.chips.units import Units
from imagery.flyover.decode import read_unit
from imagery.flyover.gdal_env import decoding
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


def plan(city: BenchCity) -> Stage:
    """Plan the chip stage of a city."""
    whole = plan_flyover(_inputs(city))
    nowhere = OUT / "nowhere"
    run = CutRun(plan=whole, flyover=city.flyover, folder=nowhere, limits=SETTINGS.limits)
    jobs, _ = plan_jobs(run)
    return Stage(plan=whole, jobs=jobs, city=city)


def cut(city: BenchCity, execution: Execution | None = None) -> ChipStore:
    """Run the whole chip stage from the beginning; in this process unless told otherwise."""
    shutil.rmtree(CHIPS, ignore_errors=True)
    return cut_again(city, execution)


def cut_again(city: BenchCity, execution: Execution | None = None) -> ChipStore:
    """Run the chip stage on what is there."""
    runner = partial(_run_jobs, execution=execution or Execution(executor="serial"))
    return tile_parcels(_inputs(city), CHIPS, runner)


def _inputs(city: BenchCity) -> CutInputs:
    return CutInputs(roll=city.roll, flyover=city.flyover, settings=SETTINGS, footprints=None)


def decode(stage: Stage) -> None:
    """Decode every touched unit once, and nothing else; buffers are used again, as in cutting."""
    tiles = {}
    units = set()
    for task in stage.plan.tasks:
        tiles.update(task.tiles)
        for read in [*find_reads(task.parcels), *task.spills]:
            units.update(units_of(read, task.tiles[read.tile], stage.decoder))

    white = stage.city.flyover.white
    used: NDArray[np.uint8] | None = None
    with decoding():
        for unit in sorted(units):
            used, _ = read_unit(
                tiles[unit.tile],
                (unit.row, unit.column),
                decoder=stage.decoder,
                white=white,
                out=used,
            )


def gather(stage: Stage) -> None:
    """Decode and put the windows of every parcel together; nothing is turned or stored."""
    with decoding():
        for job in stage.jobs:
            _gather_job(job)


def _gather_job(job: CutJob) -> None:
    units = Units(job)
    for step in order_steps(job, units):
        for read in step.reads:
            units.piece(read)
        units.release(step.reads)


def _run_jobs(
    function: Callable[[CutJob], Work], jobs: Sequence[CutJob], *, execution: Execution
) -> Iterator[Work]:
    return map_batches(function, list(jobs), execution)
