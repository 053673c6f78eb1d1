"""What executes the batches of one stage, and shows how far it is."""

from collections.abc import Callable, Iterator, Sequence
from typing import SupportsInt, TypeVar

from roofwatch.executors import Execution, map_batches
from roofwatch.progress import Progress

Batch = TypeVar("Batch")
Done = TypeVar("Done", bound=SupportsInt)
BatchRunner = Callable[[Callable[[Batch], Done], Sequence[Batch]], Iterator[Done]]
"""Applies a batch function to batches, and yields results as they come."""


def batch_runner(execution: Execution, progress: Progress) -> BatchRunner[Batch, Done]:
    """Return what executes batches.

    Args:
        execution: Where.
        progress: Counts what the results are as numbers.
    """

    def run(function: Callable[[Batch], Done], batches: Sequence[Batch]) -> Iterator[Done]:
        with progress:
            for done in map_batches(function, batches, execution):
                progress.advance(int(done))
                yield done

    return run
