"""Jobs give the same bytes one by one, in processes, and on Dask."""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from cities import CityBuilder
from distributed import LocalCluster

import roofwatch
from imagery.chips import plan
from imagery.chips.cutting import Work, cut_task
from imagery.chips.inputs import CutInputs
from imagery.chips.settings import TileSettings
from imagery.chips.store import shard_path
from imagery.chips.tasks import CutJob
from imagery.chips.tiling import tile_parcels
from imagery.errors import UsageError
from imagery.flyover.flyover import open_flyover
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import read_roll
from roofwatch import dask_cluster
from roofwatch.dask_cluster import NoCluster
from roofwatch.executors import Execution, NoWorkers, map_batches, read_execution

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class CountingRunner:
    """Executes jobs where it is told and keeps the results."""

    execution: Execution
    """Where to execute."""
    done: list[Work] = field(default_factory=list)
    """Results so far."""

    def __call__(
        self, function: Callable[[CutJob], Work], jobs: Sequence[CutJob]
    ) -> Iterator[Work]:
        """Execute all jobs."""
        for work in map_batches(function, jobs, self.execution):
            self.done.append(work)
            yield work


def inputs_of(city: Path) -> CutInputs:
    """Read what the chips of a city are cut from."""
    folder = city.parent
    roll = read_roll(
        ParcelFile(path=folder / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=folder / "vacant.csv", id=("parcel_id",)),
    )
    flyover = open_flyover(2023, (str(folder / "flyover" / "2023"),))
    settings = TileSettings(gsd_m=0.5, margin_m=2)
    return CutInputs(roll=roll, flyover=flyover, settings=settings, footprints=None)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a store by name, but for the plan."""
    paths = [path for path in sorted(folder.iterdir()) if path.name != "plan.json"]
    return {path.name: path.read_bytes() for path in paths}


def shards(city: Path, folder: Path, execution: Execution) -> dict[str, bytes]:
    """Cut the city; return every file of the store by name."""
    inputs = inputs_of(city)
    runner = CountingRunner(execution=execution)

    tile_parcels(inputs, folder, runner)

    # One parcel has no outline, and so no work.
    assert sum(work.parcels for work in runner.done) == len(inputs.roll) - 1
    return contents(folder)


@pytest.fixture
def city(tmp_path: Path, tiny_city: CityBuilder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny city, cut five parcels at a time."""
    monkeypatch.setattr(plan, "TASK_PARCELS", 5)
    return tiny_city(tmp_path / "city")


def test_processes_write_the_same_bytes(city: Path, tmp_path: Path) -> None:
    """Two spawned workers leave what one process leaves."""
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    assert len([name for name in serial if name.endswith(".bin")]) == 6
    execution = Execution(executor="processes", workers=2)
    assert shards(city, tmp_path / "processes", execution) == serial


def local_cluster(workers: int) -> LocalCluster:
    """Return a Dask cluster of worker processes on this machine."""
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", processes=True
    )


def test_dask_writes_the_same_bytes(city: Path, tmp_path: Path) -> None:
    """An existing Dask cluster leaves them too."""
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    with local_cluster(1) as cluster:
        execution = Execution(executor="dask", scheduler=cluster.scheduler_address)
        assert shards(city, tmp_path / "dask", execution) == serial


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_an_error_in_a_batch_stops_the_run(executor: str) -> None:
    """No batch is dropped in silence."""
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_batches(int, ["1", "two"], Execution(executor=executor, workers=2)))


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong scheduler address is named."""
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 1.0)
    with pytest.raises(NoCluster, match=r"--scheduler: nothing answers at tcp://127\.0\.0\.1:9"):
        list(map_batches(int, ["1"], Execution(executor="dask", scheduler="tcp://127.0.0.1:9")))


def test_counts() -> None:
    """Workers and their threads share the cores."""
    assert Execution(executor="serial", workers=7).count == 1
    assert Execution(workers=3).count == 3
    assert Execution(workers=1000).threads == 1
    assert list(map_batches(int, [], Execution())) == []


@dataclass(frozen=True, kw_only=True)
class Deadly:
    """A job whose worker is killed once."""

    job: CutJob
    """What to cut."""
    flag: Path
    """Removed by the worker that dies."""


def cut_or_die(deadly: Deadly) -> Work:
    """Cut; the first worker that finds the flag kills itself with a half-written shard on disk."""
    try:
        deadly.flag.unlink()
    except FileNotFoundError:
        return cut_task(deadly.job)

    shard_path(deadly.job.folder, deadly.job.task.number).write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed worker goes on")


@dataclass(frozen=True, kw_only=True)
class DeadlyRunner:
    """Executes jobs, one of which kills its worker, and keeps the results."""

    execution: Execution
    """Where to execute."""
    flag: Path
    """A file that is there until the worker dies."""
    done: list[Work] = field(default_factory=list)
    """Results so far."""

    def __call__(
        self, function: Callable[[CutJob], Work], jobs: Sequence[CutJob]
    ) -> Iterator[Work]:
        """Execute all jobs; the worker of the middle one dies if the flag is there."""
        nothing = self.flag.with_name("nothing")
        deadly = [Deadly(job=job, flag=nothing) for job in jobs]
        if deadly:
            middle = len(jobs) // 2
            deadly[middle] = Deadly(job=jobs[middle], flag=self.flag)

        for work in map_batches(cut_or_die, deadly, self.execution):
            self.done.append(work)
            yield work


def shards_with_a_death(city: Path, folder: Path, execution: Execution) -> dict[str, bytes]:
    """Cut the city while one worker is killed midway."""
    flag = city.parent / "flag"
    flag.touch()
    runner = DeadlyRunner(execution=execution, flag=flag)

    store = tile_parcels(inputs_of(city), folder, runner)

    assert not flag.exists()
    units = sum(work.units for work in runner.done)
    assert units == store.units_decoded == store.units_touched
    return contents(folder)


def test_a_killed_process_costs_its_batch(city: Path, tmp_path: Path) -> None:
    """One of two workers dies midway: the same bytes, every unit counted once."""
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    execution = Execution(executor="processes", workers=2)
    assert shards_with_a_death(city, tmp_path / "killed", execution) == serial


@pytest.mark.filterwarnings("ignore")  # a cluster that loses a worker warns of it in many ways
def test_a_killed_dask_worker_costs_its_task(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two Dask worker processes dies midway: the same bytes."""
    # Workers import this file by its name.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    with local_cluster(2) as cluster:
        execution = Execution(executor="dask", scheduler=cluster.scheduler_address)
        assert shards_with_a_death(city, tmp_path / "killed", execution) == serial


def test_workers_that_die_again_and_again(tmp_path: Path) -> None:
    """A batch that kills every worker ends the run with one line, not in a loop."""
    with pytest.raises(NoWorkers, match="workers died 3 times in a row") as caught:
        list(map_batches(die, [1, 2], Execution(executor="processes", workers=2)))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("executor", "scheduler", "message"),
    [
        ("dask", "", "--executor dask needs --scheduler tcp://host:port"),
        ("processes", "tcp://a:8786", "--scheduler tcp://a:8786 needs --executor dask"),
    ],
)
def test_a_scheduler_and_dask_go_together(executor: str, scheduler: str, message: str) -> None:
    options = argparse.Namespace(executor=executor, workers=0, scheduler=scheduler)
    with pytest.raises(UsageError, match=re.escape(message)):
        read_execution(options)


def die(batch: int) -> int:
    """Kill the worker."""
    os.kill(os.getpid(), signal.SIGKILL)
    return batch


SLEEPERS = """\
import subprocess
from roofwatch.executors import Execution, map_batches
for _ in map_batches(subprocess.run, [["sleep", "20"]] * 2, Execution(workers=2)):
    pass
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent(how: signal.Signals) -> None:
    """However it ends: no worker sleeps on with a gigabyte of memory."""
    home = Path(roofwatch.__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", SLEEPERS], cwd=home) as parent:
        workers = wait_for(lambda: both(busy_workers(parent.pid)))
        assert len(workers) == 2
        parent.send_signal(how)
        parent.wait()
    assert wait_for(lambda: not any(map(is_alive, workers)))


def busy_workers(pid: int) -> list[int]:
    """Return the workers of a process that have begun their batch, which is a process too."""
    return [child for child in children_of(pid) if children_of(child)]


def both(workers: list[int]) -> list[int]:
    return workers if len(workers) == 2 else []


def children_of(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that waits to be buried does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(ask: Callable[[], Found], seconds: float = 30) -> Found:
    """Ask until the answer is true, or the time is over; return the last answer."""
    end = time.monotonic() + seconds
    while not (found := ask()) and time.monotonic() < end:
        time.sleep(0.05)
    return found
