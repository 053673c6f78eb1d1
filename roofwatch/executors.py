"""How batches are executed: one by one, by local processes, or by a Dask cluster. Same function, same bytes."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeVar

from imagery.errors import InputError

Batch = TypeVar("Batch")
EXECUTORS = ("serial", "processes", "dask")


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


def map_batches(function: Callable[[Batch], int], batches: Sequence[Batch], execution: Execution, advance: Callable[[int], None]) -> Iterator[int]:
    """Apply a batch function to every batch and yield its results as they come.

    Args:
        function: Takes a batch that pickles small, writes its own file, returns the number of parcels done.
        batches: What to do.
        execution: Where.
        advance: Told the number of parcels after each batch.

    Raises:
        InputError: no Dask scheduler answers at the address.
    """
    run = {"serial": _serial, "processes": _processes, "dask": _dask}[execution.executor]
    if len(batches) <= 1 and execution.executor == "processes":
        run = _serial
    for done in run(function, batches, execution):
        advance(done)
        yield done


def _serial(function: Callable[[Batch], int], batches: Sequence[Batch], execution: Execution) -> Iterator[int]:
    for batch in batches:
        yield function(batch)


def _processes(function: Callable[[Batch], int], batches: Sequence[Batch], execution: Execution) -> Iterator[int]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(execution.count, len(batches)), mp_context=spawn) as pool:
        pending = [pool.submit(function, batch) for batch in batches]
        try:
            for future in as_completed(pending):
                yield future.result()
        finally:
            for future in pending:
                future.cancel()


def _dask(function: Callable[[Batch], int], batches: Sequence[Batch], execution: Execution) -> Iterator[int]:
    from distributed import Client
    from distributed import as_completed as dask_completed

    try:
        client = Client(execution.scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(f"--scheduler: nothing answers at {execution.scheduler} ({error}); start a Dask scheduler there") from error
    with client:
        futures = client.map(function, list(batches), pure=False, retries=3)
        for future in dask_completed(futures):
            yield future.result()
