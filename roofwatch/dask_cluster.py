"""Batches on a Dask cluster that is there already, which is asked whether it still works.

A client of Dask waits without end for a scheduler that accepts a connection and says nothing, and
for workers that never come. So the scheduler is asked before anything is sent and every few seconds
after that, always with a time limit.
"""

import asyncio
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker
from distributed.core import rpc
from distributed.security import Security

from imagery.errors import RoofwatchError, first_line

Batch = TypeVar("Batch")
Done = TypeVar("Done")
CONNECT_S = 10.0
"""Seconds to reach a scheduler."""
ANSWER_S = 20.0
"""Seconds until it must have answered, connecting included."""
WORKERS_S = 60.0
"""Seconds that a cluster may be without any worker."""
PULSE_S = 5.0
"""Seconds between two questions to the scheduler."""
CLOSE_S = 3.0
"""Seconds to say goodbye to a scheduler."""
DEATHS = 3
"""Workers that one batch may kill."""
BATCH_SIZE = 64
"""Batches that are sent to the scheduler in one message."""
PACKAGES = ("roofwatch", "dask", "distributed", "numpy", "opencv-python-headless", "openvino")
"""What must be the same on every worker: it sends the batches, or makes the bytes."""
AGAIN = "what was finished is kept, so start the same command again"


class NoCluster(RoofwatchError):
    """A Dask cluster does not do the work; it is no input that could be done without."""

    exit_code = 3


def map_in_dask(
    function: Callable[[Batch], Done], batches: Sequence[Batch], address: str
) -> Iterator[Done]:
    """Apply a batch function to every batch on a cluster and yield its results as they come.

    Args:
        function: Takes a batch that pickles small, writes its own file, returns a small result.
        batches: What to do.
        address: Address of the scheduler, tcp://host:port or tls://host:port.

    Raises:
        NoCluster: the scheduler does not answer or no longer, there are no workers or they die, or
            they run another version.
    """
    watch = ClusterWatch(address=address)
    watch.look()
    with _connected(address) as client:
        futures = client.map(
            function, list(batches), pure=False, retries=DEATHS, batch_size=BATCH_SIZE
        )
        finished: SimpleQueue[Future] = SimpleQueue()
        for future in futures:
            future.add_done_callback(finished.put)

        for _ in futures:
            future = _next_finished(finished, watch)
            with _told_in_one_line(address):
                _wait_for_result(future, watch)
                done: Done = future.result()
            yield done


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a scheduler answers."""

    workers: frozenset[str]
    """Addresses of its workers."""
    packages: dict[str, dict[str, str | None]]
    """Versions by package, for the address of each worker that is new; None where it is missing."""


@dataclass(kw_only=True)
class ClusterWatch:
    """What is known of a cluster while it works."""

    address: str
    """Address of its scheduler."""
    known: set[str] = field(default_factory=set)
    """Addresses of the workers whose version is right."""
    looked_s: float = 0.0
    """When the scheduler was asked last, on the monotonic clock."""
    worked_s: float = field(default_factory=time.monotonic)
    """When it last had a worker."""

    def look(self) -> None:
        """Ask the scheduler, but not more often than every `PULSE_S`.

        Raises:
            NoCluster: it does not answer, has had no workers for `WORKERS_S`, or one of them runs
                another version.
        """
        now = time.monotonic()
        if now - self.looked_s < PULSE_S:
            return
        seen = _ask(self.address, self.known)
        self.looked_s = time.monotonic()

        for worker, packages in seen.packages.items():
            _refuse_other_version(worker, packages)
            self.known.add(worker)
        if seen.workers:
            self.worked_s = self.looked_s
        elif self.looked_s - self.worked_s > WORKERS_S:
            raise NoCluster(
                f"--scheduler: {self.address} has had no workers for {WORKERS_S:.0f} s; start some "
                f"with `dask worker {self.address} --nthreads 1`; {AGAIN}"
            )


def _next_finished(finished: "SimpleQueue[Future]", watch: ClusterWatch) -> Future:
    """Return the next future that is done, and look after the cluster until then."""
    while True:
        watch.look()
        try:
            return finished.get(timeout=PULSE_S)
        except Empty:
            continue


def _wait_for_result(future: Future, watch: ClusterWatch) -> None:
    """Fetch the result of a future that is done; if its worker is gone, it is done again."""
    while True:
        try:
            future.result(timeout=PULSE_S)
            return
        except TimeoutError:
            if future.status == "error":
                raise
            watch.look()


@contextmanager
def _told_in_one_line(address: str) -> Iterator[None]:
    """Say what became of a cluster that has lost a batch."""
    try:
        yield
    except KilledWorker as error:
        raise NoCluster(
            f"workers of {address} died again and again ({first_line(error)}); "
            f"give them more memory; {AGAIN}"
        ) from error
    except CancelledError as error:
        raise NoCluster(
            f"--scheduler: the connection to {address} was lost; see whether the scheduler still "
            f"runs; {AGAIN}"
        ) from error


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler that has just answered; leave it in a limited time."""
    try:
        client = Client(address, timeout=ANSWER_S)
    except (OSError, ValueError, ImportError) as error:
        raise _no_answer(address, error) from error
    try:
        yield client
    finally:
        client.close(timeout=CLOSE_S)


def _ask(address: str, known: set[str]) -> Seen:
    """Ask a scheduler for its workers, and those that are not known for their versions."""
    try:
        return asyncio.run(asyncio.wait_for(_look_at(address, known), ANSWER_S))
    except TimeoutError as error:
        raise NoCluster(
            f"--scheduler: {address} did not answer within {ANSWER_S:.0f} s; see whether a Dask "
            f"scheduler runs there and the firewall lets it answer; {AGAIN}"
        ) from error
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise _no_answer(address, error) from error


def _no_answer(address: str, error: Exception) -> NoCluster:
    return NoCluster(
        f"--scheduler: nothing answers at {address} ({first_line(error)}); start a Dask scheduler "
        f"there, or give tls:// and certificates where it wants them; {AGAIN}"
    )


async def _look_at(address: str, known: set[str]) -> Seen:
    arguments = Security().get_connection_args("client")
    async with rpc(address, timeout=CONNECT_S, connection_args=arguments) as scheduler:
        identity = await scheduler.identity()
        workers = frozenset(identity["workers"])
        new = sorted(workers - known)
        versions = await _versions_of(scheduler, new) if new else {}
    packages = {worker: answer["packages"] for worker, answer in versions.items()}
    return Seen(workers=workers, packages=packages)


async def _versions_of(scheduler: rpc, workers: list[str]) -> dict[str, dict[str, Any]]:
    """Ask workers for their versions; one that is slow keeps all for the next time."""
    question = {"op": "versions", "packages": list(PACKAGES)}
    asking = scheduler.broadcast(msg=question, workers=workers, on_error="ignore")
    try:
        return await asyncio.wait_for(asking, ANSWER_S / 2)
    except TimeoutError:
        return {}


def _refuse_other_version(worker: str, packages: dict[str, str | None]) -> None:
    """Refuse a worker that would write other bytes, or none.

    Args:
        worker: Its address.
        packages: Version of each package there; None where it is missing.
    """
    python = ".".join(str(packages["python"]).split(".")[:2])
    wanted = {"python": ".".join(platform.python_version_tuple()[:2])}
    wanted |= {package: version(package) for package in PACKAGES}
    got = {package: packages.get(package) or "none" for package in PACKAGES} | {"python": python}

    for package, want in wanted.items():
        if got[package] != want:
            raise NoCluster(
                f"--scheduler: worker {worker} has {package} {got[package]}, want {want}; "
                "install the same requirements.lock there and restart the worker"
            )
