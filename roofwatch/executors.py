"""How batches are executed: one by one, by local processes, or by a Dask cluster. Same function, same bytes.

A worker that dies costs its batch, which is done again elsewhere; a batch that kills `DEATHS` workers in a row ends the run.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

from imagery.errors import InputError, RoofwatchError

Batch = TypeVar("Batch")
Done = TypeVar("Done")
EXECUTORS = ("serial", "processes", "dask")
DEATHS = 3
"""Pools of workers that may die without one batch done in between."""


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
        return 1 if self.executor == "serial" else self.workers or _cores()

    @property
    def threads(self) -> int:
        """Return the torch threads per worker."""
        return max(1, _cores() // self.count)


def _cores() -> int:
    """Return the cores this process may use; all of them where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_batches(
    function: Callable[[Batch], Done], batches: Sequence[Batch], execution: Execution
) -> Iterator[Done]:
    """Apply a batch function to every batch and yield its results as they come.

    Args:
        function: Takes a batch that pickles small, writes its own file, returns what it came to.
        batches: What to do.
        execution: Where.

    Raises:
        InputError: no Dask scheduler answers at the address.
        RoofwatchError: workers die again and again.
    """
    if execution.executor == "serial" or (len(batches) <= 1 and execution.executor == "processes"):
        yield from map(function, batches)
    elif execution.executor == "processes":
        yield from _processes(function, batches, execution)
    elif batches:
        yield from _dask(function, batches, execution)


def _processes(
    function: Callable[[Batch], Done], batches: Sequence[Batch], execution: Execution
) -> Iterator[Done]:
    left, deaths = dict(enumerate(batches)), 0
    while left:
        try:
            for number, done in _one_pool(function, left, execution):
                del left[number]
                deaths = 0
                yield done
        except BrokenProcessPool as error:
            deaths += 1
            if deaths == DEATHS:
                raise RoofwatchError(
                    f"workers died {DEATHS} times in a row ({error}); give --workers 1 or more memory, then start again"
                ) from error


def _one_pool(
    function: Callable[[Batch], Done], batches: dict[int, Batch], execution: Execution
) -> Iterator[tuple[int, Done]]:
    """Yield number and result of each batch until all are done or a worker dies."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        max_workers=min(execution.count, len(batches)), mp_context=spawn
    ) as pool:
        pending = {pool.submit(function, batch): number for number, batch in batches.items()}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        finally:
            for future in pending:
                future.cancel()


def _dask(
    function: Callable[[Batch], Done], batches: Sequence[Batch], execution: Execution
) -> Iterator[Done]:
    from distributed import Client, KilledWorker
    from distributed import as_completed as dask_completed

    try:
        client = Client(execution.scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(
            f"--scheduler: nothing answers at {execution.scheduler} ({error}); start a Dask scheduler there"
        ) from error
    with client:
        futures = client.map(function, list(batches), pure=False, retries=DEATHS, batch_size=64)
        try:
            for future in dask_completed(futures):
                yield future.result()
        except KilledWorker as error:
            raise RoofwatchError(
                f"workers of {execution.scheduler} died again and again ({error}); give them more memory, then start again"
            ) from error
