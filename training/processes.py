"""The processes that `torchrun` starts, one for each card; without it there is one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

LONGEST_WAIT = timedelta(hours=12)
"""How long a process waits for the others."""


def pick_device(device: str = "") -> str:
    """Return `device`; for "" CUDA where there is a card, else the CPU."""
    return device or ("cuda" if torch.cuda.is_available() else "cpu")


def place_among() -> tuple[int, int]:
    """Return the number of this process and how many there are."""
    if not dist.is_initialized():
        return 0, 1

    return dist.get_rank(), dist.get_world_size()


def add_up(values: Tensor) -> Tensor:
    """Add values of any shape up over the processes, in place."""
    if dist.is_initialized():
        dist.all_reduce(values)
    return values


@contextmanager
def processes(device: str = "") -> Iterator[None]:
    """Join the processes that `torchrun` started; nothing without it, or when joined already."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if dist.is_initialized() or count < 2:
        yield
        return

    has_cards = pick_device(device) == "cuda"
    if has_cards:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if has_cards else "gloo", timeout=LONGEST_WAIT)
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def first_alone() -> Iterator[None]:
    """Let the first process through alone, then the others, as when chips are cut.

    Call it within `processes`.
    """
    rank, _ = place_among()
    if dist.is_initialized() and rank > 0:
        dist.barrier()
    yield
    if dist.is_initialized() and rank == 0:
        dist.barrier()
