"""A Dask cluster that fails in any way is one line, in a limited time, and loses no work."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest
from cities import CityBuilder, Roofwatch
from distributed import LocalCluster
from test_executors import CountingRunner, contents, inputs_of

import roofwatch as roofwatch_package
from imagery.chips import plan
from imagery.chips.cutting import Work, cut_task
from imagery.chips.tasks import CutJob
from imagery.chips.tiling import tile_parcels
from roofwatch import dask_cluster
from roofwatch.dask_cluster import NoCluster, map_in_dask
from roofwatch.executors import Execution, map_batches

CLUSTER = """\
import threading
from distributed import LocalCluster
with LocalCluster(
    n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://", host="127.0.0.1",
    dashboard_address="127.0.0.1:0",
) as cluster:
    print(cluster.scheduler_address, flush=True)
    threading.Event().wait()
"""
"""A scheduler and a worker in one process, which prints the address."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a second where people wait a minute."""
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 1.0)
    monkeypatch.setattr(dask_cluster, "ANSWER_S", 5.0)
    monkeypatch.setattr(dask_cluster, "WORKERS_S", 1.0)
    monkeypatch.setattr(dask_cluster, "PULSE_S", 0.2)
    monkeypatch.setattr(dask_cluster, "CLOSE_S", 1.0)


@pytest.fixture
def mute_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a socket that accepts connections and never says a word."""
    monkeypatch.setattr(dask_cluster, "ANSWER_S", 1.0)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        yield f"tcp://127.0.0.1:{mute.getsockname()[1]}"


@dataclass(frozen=True, kw_only=True)
class ClusterProcess:
    """A cluster that can be killed."""

    process: subprocess.Popen[str]
    """Scheduler and worker."""
    address: str
    """Address of the scheduler."""


@contextmanager
def cluster_process() -> Iterator[ClusterProcess]:
    """Run a scheduler and a worker, which find the modules of these tests."""
    home = Path(roofwatch_package.__file__).parents[1]
    paths = os.pathsep.join((str(home), str(Path(__file__).parent)))
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield ClusterProcess(process=process, address=process.stdout.readline().strip())
        finally:
            process.kill()


def scheduler_alone() -> LocalCluster:
    """Return a scheduler that has no workers."""
    return LocalCluster(
        n_workers=0, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0"
    )


def test_a_mute_scheduler_is_one_line_in_a_limited_time(mute_address: str) -> None:
    """Dask's own client waits for it without end."""
    begin = time.monotonic()
    with pytest.raises(NoCluster, match="did not answer within 1 s") as stop:
        list(map_in_dask(len, ["a"], mute_address))
    assert time.monotonic() - begin < 10
    assert "\n" not in str(stop.value)


def test_the_command_ends_with_exit_code_3(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, mute_address: str
) -> None:
    """One line on stderr, and no chips that a later command would trust."""
    city = tiny_city(tmp_path / "city")
    options = ("--executor", "dask", "--scheduler", mute_address, "--quiet")
    ran = roofwatch("tile", city, "--year", 2023, *options)
    assert ran.code == 3
    assert ran.error.count("\n") == 0 and mute_address in ran.error

    assert roofwatch("tile", city, "--year", 2023, "--executor", "serial", "--quiet").code == 0


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("10.0.0.5", "missing port number"),
        ("tcp://127.0.0.1:port", "invalid literal"),
        ("smoke://127.0.0.1:1", "unknown address scheme"),
        ("tls://127.0.0.1:1", "tls:// and certificates"),
    ],
)
def test_addresses_that_lead_nowhere(address: str, words: str) -> None:
    """Each is one line that says what is wrong with it."""
    with pytest.raises(NoCluster, match=words):
        list(map_in_dask(len, ["a"], address))


def test_a_scheduler_without_workers(recwarn: pytest.WarningsRecorder) -> None:
    """The line says how to start some."""
    with (
        scheduler_alone() as cluster,
        pytest.raises(NoCluster, match=r"has had no workers for 1 s; start some with `dask worker"),
    ):
        list(map_in_dask(len, ["a"], cluster.scheduler_address))


def test_a_worker_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would write other bytes: it gets nothing to do."""

    def newer(package: str) -> str:
        return "99.1" if package == "roofwatch" else version(package)

    with cluster_process() as cluster:
        assert sorted(map_in_dask(len, ["a", "bb"], cluster.address)) == [1, 2]
        monkeypatch.setattr(dask_cluster, "version", newer)
        here = version("roofwatch")
        with pytest.raises(NoCluster, match=rf"has roofwatch {here}, want 99\.1; install"):
            list(map_in_dask(len, ["a"], cluster.address))


def test_a_scheduler_that_falls_silent_midway() -> None:
    """It is asked again while work goes on."""
    with cluster_process() as cluster:
        results = map_in_dask(time.sleep, [0.2] * 100, cluster.address)
        next(results)
        cluster.process.send_signal(signal.SIGSTOP)
        with pytest.raises(NoCluster, match="did not answer within 5 s"):
            list(results)


@dataclass(frozen=True, kw_only=True)
class LosingRunner:
    """Executes jobs on a cluster, and kills it after the second."""

    cluster: ClusterProcess
    """The victim."""
    done: list[Work] = field(default_factory=list)
    """Results so far."""

    def __call__(
        self, function: Callable[[CutJob], Work], jobs: Sequence[CutJob]
    ) -> Iterator[Work]:
        """Execute jobs until the cluster is gone."""
        execution = Execution(executor="dask", scheduler=self.cluster.address)
        for work in map_batches(cut_slowly, jobs, execution):
            self.done.append(work)
            if len(self.done) == 2:
                self.cluster.process.kill()
            yield work


def cut_slowly(job: CutJob) -> Work:
    """Cut, but not before the cluster can be killed."""
    time.sleep(0.5)
    return cut_task(job)


def test_what_a_lost_cluster_made_is_kept(
    tmp_path: Path, tiny_city: CityBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler is killed midway: one line, and the same command makes only the rest."""
    monkeypatch.setattr(plan, "TASK_PARCELS", 5)
    inputs = inputs_of(tiny_city(tmp_path / "city"))
    serial = CountingRunner(execution=Execution(executor="serial"))
    tile_parcels(inputs, tmp_path / "serial", serial)

    with cluster_process() as cluster:
        losing = LosingRunner(cluster=cluster)
        with pytest.raises(NoCluster, match=r"was lost|answer.*what was finished is kept"):
            tile_parcels(inputs, tmp_path / "lost", losing)
    assert len(losing.done) < len(serial.done)

    rest = CountingRunner(execution=Execution(executor="serial"))
    tile_parcels(inputs, tmp_path / "lost", rest)
    assert 0 < len(rest.done) <= len(serial.done) - 2
    assert contents(tmp_path / "lost") == contents(tmp_path / "serial")
