"""One by one, by processes, or by Dask: the same bytes."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cities import CityBuilder
import pytest
from distributed import LocalCluster

from imagery.chips import plan
from imagery.chips.cutting import Work, cut_task
from imagery.chips.inputs import CutInputs
from imagery.chips.settings import TileSettings
from imagery.chips.store import shard_path
from imagery.chips.tasks import CutJob
from imagery.chips.tiling import tile_parcels
from imagery.errors import InputError, RoofwatchError
from imagery.flyover.flyover import open_flyover
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import read_roll
from roofwatch.executors import Execution, map_batches


def shards(city: Path, folder: Path, execution: Execution) -> dict[str, bytes]:
    """Cut the city; return every file of the store by name."""
    place = city.parent
    roll = read_roll(
        ParcelFile(path=place / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=place / "vacant.csv", id=("parcel_id",)),
    )
    done: list[int] = []

    def runner(function: Callable[[CutJob], Work], batches: Sequence[CutJob]) -> Iterator[Work]:
        for work in map_batches(function, batches, execution):
            done.append(work.parcels)
            yield work

    inputs = CutInputs(
        roll=roll,
        flyover=open_flyover(2023, (str(place / "flyover" / "2023"),)),
        settings=TileSettings(gsd_m=0.5, margin_m=2),
        footprints=None,
    )
    tile_parcels(inputs, folder, runner)
    assert sum(done) == len(roll) - 1  # one has no outline, and so no work
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.name != "plan.json"
    }


@pytest.fixture
def city(tmp_path: Path, tiny_city: CityBuilder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny city, cut seven parcels at a time."""
    monkeypatch.setattr(plan, "TASK_PARCELS", 5)
    return tiny_city(tmp_path / "city")


def test_processes_write_the_same_bytes(city: Path, tmp_path: Path) -> None:
    """Two spawned workers leave what one process leaves."""
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    assert len([name for name in serial if name.endswith(".bin")]) == 6
    assert (
        shards(city, tmp_path / "processes", Execution(executor="processes", workers=2)) == serial
    )


def test_dask_writes_the_same_bytes(city: Path, tmp_path: Path) -> None:
    """An existing Dask cluster leaves them too."""
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        execution = Execution(executor="dask", scheduler=cluster.scheduler_address)
        assert shards(city, tmp_path / "dask", execution) == serial


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_an_error_in_a_batch_stops_the_run(executor: str) -> None:
    """No batch is dropped in silence."""
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_batches(int, ["1", "two"], Execution(executor=executor, workers=2)))


def test_nobody_answers() -> None:
    """A wrong scheduler address is named."""
    with pytest.raises(InputError, match=r"--scheduler: nothing answers at tcp://127\.0\.0\.1:9"):
        list(map_batches(int, ["1"], Execution(executor="dask", scheduler="tcp://127.0.0.1:9")))


def test_counts() -> None:
    """Workers and their threads share the cores."""
    assert Execution(executor="serial", workers=7).count == 1
    assert Execution(workers=3).count == 3
    assert Execution(workers=1000).threads == 1
    assert list(map_batches(int, [], Execution())) == []


@dataclass(frozen=True, kw_only=True)
class Deadly:
    """A job whose worker is killed once, when it comes to it."""

    job: CutJob
    """What to cut."""
    flag: Path
    """Taken away by the worker that dies."""


def cut_or_die(deadly: Deadly) -> Work:
    """Cut; the first worker that finds the flag kills itself with a half-written shard on disk."""
    try:
        deadly.flag.unlink()
    except FileNotFoundError:
        return cut_task(deadly.job)
    shard_path(deadly.job.folder, deadly.job.task.number).write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed worker goes on")


def shards_with_a_death(city: Path, folder: Path, execution: Execution) -> dict[str, bytes]:
    """Cut the city while one worker is killed midway."""
    place = city.parent
    roll = read_roll(
        ParcelFile(path=place / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=place / "vacant.csv", id=("parcel_id",)),
    )
    flag = place / "flag"
    flag.touch()
    units = []

    def runner(function: Callable[[CutJob], Work], jobs: Sequence[CutJob]) -> Iterator[Work]:
        nobody = place / "nobody"
        deadly = [
            Deadly(job=job, flag=flag if number == len(jobs) // 2 else nobody)
            for number, job in enumerate(jobs)
        ]
        for work in map_batches(cut_or_die, deadly, execution):
            units.append(work.units)
            yield work

    inputs = CutInputs(
        roll=roll,
        flyover=open_flyover(2023, (str(place / "flyover" / "2023"),)),
        settings=TileSettings(gsd_m=0.5, margin_m=2),
        footprints=None,
    )
    store = tile_parcels(inputs, folder, runner)
    assert not flag.exists()
    assert sum(units) == store.units_decoded == store.units_touched
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.name != "plan.json"
    }


def test_a_killed_process_costs_its_batch(city: Path, tmp_path: Path) -> None:
    """One of two workers dies midway: the same bytes, every unit counted once."""
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    assert (
        shards_with_a_death(city, tmp_path / "killed", Execution(executor="processes", workers=2))
        == serial
    )


@pytest.mark.filterwarnings("ignore")  # a cluster that loses a worker warns of it in many ways
def test_a_killed_dask_worker_costs_its_task(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two Dask worker processes dies midway: the same bytes."""
    monkeypatch.setenv(
        "PYTHONPATH", str(Path(__file__).parent), prepend=":"
    )  # workers import this file by its name
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        assert (
            shards_with_a_death(
                city,
                tmp_path / "killed",
                Execution(executor="dask", scheduler=cluster.scheduler_address),
            )
            == serial
        )


def test_workers_that_die_again_and_again(tmp_path: Path) -> None:
    """A batch that kills every worker ends the run with one line, not in a loop."""
    with pytest.raises(RoofwatchError, match="workers died 3 times in a row"):
        list(map_batches(die, [1, 2], Execution(executor="processes", workers=2)))


def die(batch: int) -> int:
    """Kill the worker."""
    os.kill(os.getpid(), signal.SIGKILL)
    return batch
