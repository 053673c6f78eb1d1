"""One by one, by processes, or by Dask: the same bytes."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from distributed import LocalCluster

from imagery import plan
from imagery.cutting import CutJob, Work
from imagery.errors import InputError
from imagery.flyover import open_flyover
from imagery.parcels import ParcelFile, VacantFile, read_roll
from imagery.tiling import TileSettings, tile_parcels
from roofwatch.executors import Execution, map_batches


def shards(city: Path, folder: Path, execution: Execution) -> dict[str, bytes]:
    """Cut the city; return every file of the store by name."""
    place = city.parent
    roll = read_roll(ParcelFile(path=place / "parcels.gpkg", id=("parcel_id",)), VacantFile(path=place / "vacant.csv", id=("parcel_id",)))
    done: list[int] = []

    def mapper(function: Callable[[CutJob], Work], batches: Sequence[CutJob]) -> Iterator[Work]:
        for work in map_batches(function, batches, execution):
            done.append(work.parcels)
            yield work

    flyover = open_flyover(2023, (str(place / "flyover" / "2023"),))
    tile_parcels(roll, flyover, folder, settings=TileSettings(gsd_m=0.5, margin_m=2), footprints=None, mapper=mapper)
    assert sum(done) == len(roll) - 1  # one has no outline, and so no work
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "plan.json"}


@pytest.fixture
def city(tmp_path: Path, tiny_city: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny city, cut seven parcels at a time."""
    monkeypatch.setattr(plan, "TASK_PARCELS", 5)
    return tiny_city(tmp_path / "city")


def test_processes_write_the_same_bytes(city: Path, tmp_path: Path) -> None:
    """Two spawned workers leave what one process leaves."""
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    assert len([name for name in serial if name.endswith(".bin")]) == 6
    assert shards(city, tmp_path / "processes", Execution(executor="processes", workers=2)) == serial


def test_dask_writes_the_same_bytes(city: Path, tmp_path: Path) -> None:
    """An existing Dask cluster leaves them too."""
    serial = shards(city, tmp_path / "serial", Execution(executor="serial"))
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, processes=True) as cluster:
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
