"""The processes that `torchrun` starts, one for each card: who may go first, and sums over all of them. Without it there is one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

PATIENT = timedelta(hours=12)
"""How long a process waits for the others."""


def pick_device(device: str = "") -> str:
    """Return `device`; for "" CUDA where it is there, else the CPU."""
    return device or ("cuda" if torch.cuda.is_available() else "cpu")


def place_among() -> tuple[int, int]:
    """Return the number of this process and how many there are."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def add_up(values: Tensor) -> Tensor:
    """Add values of any shape up over the processes, in place."""
    if dist.is_initialized():
        dist.all_reduce(values)
    return values


@contextmanager
def processes(device: str = "") -> Iterator[None]:
    """Join the processes that `torchrun` started; nothing without it, or when joined already."""
    if dist.is_initialized() or int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    cuda = pick_device(device) == "cuda"
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if cuda else "gloo", timeout=PATIENT)
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def first_alone() -> Iterator[None]:
    """Let the first process go through alone, the others after it, as when chips are cut; within `processes`."""
    if dist.is_initialized() and dist.get_rank() > 0:
        dist.barrier()
    yield
    if dist.is_initialized() and dist.get_rank() == 0:
        dist.barrier()
