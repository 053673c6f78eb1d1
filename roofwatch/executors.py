"""How batches are executed: one by one, by local processes, or by a Dask cluster.

Each executor runs the same function and leaves the same bytes. A worker that dies costs its batch,
which is done again elsewhere. A batch that kills `DEATHS` workers in a row ends the run.
"""

import argparse
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

from imagery.errors import RoofwatchError, UsageError

Batch = TypeVar("Batch")
Done = TypeVar("Done")
EXECUTORS = ("serial", "processes", "dask")
DEATHS = 3
"""Pools of workers that may die without one batch done in between."""
_END_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class NoWorkers(RoofwatchError):
    """Workers die again and again; mostly memory is short."""

    exit_code = 3


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Options --executor, --workers and --scheduler."""

    executor: str = "processes"
    """One of `EXECUTORS`."""
    workers: int = 0
    """Worker processes; 0 is one per core."""
    scheduler: str = ""
    """Address of a Dask scheduler, tcp://host:port."""

    @property
    def count(self) -> int:
        """Return the number of workers."""
        if self.executor == "serial":
            return 1
        return self.workers or count_cores()

    @property
    def threads(self) -> int:
        """Return the torch threads per worker."""
        return max(1, count_cores() // self.count)


def count_cores() -> int:
    """Return the cores this process may use; all of them where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_batches(
    function: Callable[[Batch], Done], batches: Sequence[Batch], execution: Execution
) -> Iterator[Done]:
    """Apply a batch function to every batch and yield its results as they come.

    Args:
        function: Takes a batch that pickles small, writes its own file, returns a small result.
        batches: What to do.
        execution: Where.

    Raises:
        NoCluster: the Dask cluster does not do the work.
        NoWorkers: workers die again and again.
    """
    is_single = len(batches) <= 1 and execution.executor == "processes"
    if execution.executor == "serial" or is_single:
        yield from map(function, batches)
    elif execution.executor == "processes":
        yield from _map_in_processes(function, batches, execution)
    elif batches:
        from roofwatch.dask_cluster import map_in_dask

        yield from map_in_dask(function, batches, execution.scheduler)


def _map_in_processes(
    function: Callable[[Batch], Done], batches: Sequence[Batch], execution: Execution
) -> Iterator[Done]:
    waiting = dict(enumerate(batches))
    deaths = 0
    while waiting:
        try:
            for number, done in _map_in_one_pool(function, waiting, execution):
                del waiting[number]
                deaths = 0
                yield done
        except BrokenProcessPool as error:
            deaths += 1
            if deaths == DEATHS:
                raise NoWorkers(
                    f"workers died {DEATHS} times in a row ({error}); "
                    "give --workers 1 or more memory, then start again"
                ) from error


def _map_in_one_pool(
    function: Callable[[Batch], Done], batches: dict[int, Batch], execution: Execution
) -> Iterator[tuple[int, Done]]:
    """Yield number and result of each batch until all are done or a worker dies."""
    # A fork with open datasets fails, hence spawn.
    spawn = multiprocessing.get_context("spawn")
    workers = min(execution.count, len(batches))
    pool = ProcessPoolExecutor(
        max_workers=workers,
        mp_context=spawn,
        initializer=end_with_parent,
        initargs=(os.getpid(),),
    )
    with pool:
        pending = {pool.submit(function, batch): number for number, batch in batches.items()}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        finally:
            for future in pending:
                future.cancel()


def end_with_parent(parent: int) -> None:
    """Let the system end this process as soon as its parent has ended, killed or not (Linux).

    Args:
        parent: Process id of the parent.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGTERM)
    if os.getppid() != parent:  # it ended meanwhile
        sys.exit(1)


def read_execution(options: argparse.Namespace) -> Execution:
    """Return how batches are executed.

    Raises:
        UsageError: Dask without the address of its scheduler, or that address without Dask.
    """
    if options.scheduler and options.executor != "dask":
        raise UsageError(f"--scheduler {options.scheduler} needs --executor dask")
    if options.executor == "dask" and not options.scheduler:
        raise UsageError("--executor dask needs --scheduler tcp://host:port")
    return Execution(
        executor=options.executor, workers=options.workers, scheduler=options.scheduler
    )
