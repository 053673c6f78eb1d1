"""Labeled chips as torch wants them: places on disk in, images out, in whatever process opens the store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from imagery.chips.store import ChipStore, read_chip
from imagery.errors import InputError
from models.preprocess import chip_views
from models.spec import ModelSpec
from training.augment import augment

Images = tuple[Tensor, ...]
"""Per network: uint8 (B, views * turns, 3, P, P)."""
Batch = tuple[Images, Tensor]
"""Images of some chips, and their rows (B,)."""


@dataclass(frozen=True, kw_only=True)
class ChipPlace:
    """Where a chip lies."""

    folder: Path
    """The `chips/` folder of its year."""
    shard: int
    """Shard number."""
    offset: int
    """Bytes from the start of the shard."""
    height: int
    """Rows."""
    width: int
    """Columns."""


def chip_places(labels: pd.DataFrame, stores: Mapping[int, ChipStore]) -> tuple[ChipPlace, ...]:
    """Return where the chip of every label lies.

    Args:
        labels: Columns parcel_id and year.
        stores: The chips by year.

    Raises:
        InputError: a label without a chip.
    """
    places = []
    for parcel_id, year in zip(labels["parcel_id"], labels["year"], strict=True):
        store = stores[int(year)]
        row = store.manifest.iloc[store.rows[parcel_id]]
        if row["status"] != "chip":
            raise InputError(
                f"[labels]: parcel {parcel_id} has no chip in {year} ({row['reason']}); remove its label of that year"
            )
        places.append(
            ChipPlace(
                folder=store.folder,
                shard=int(row["shard"]),
                offset=int(row["offset"]),
                height=int(row["height"]),
                width=int(row["width"]),
            )
        )
    return tuple(places)


class LabeledChips(Dataset[tuple[Images, int]]):
    """Chips by number `epoch * rows + row`: those of epoch 0 as they are in all turns, those of later epochs augmented."""

    def __init__(self, places: Sequence[ChipPlace], spec: ModelSpec, seed: int) -> None:
        """Keep places only; what a chip becomes hangs on seed, epoch and row alone."""
        self.places, self.spec, self.seed = tuple(places), spec, seed

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.places)

    def __getitem__(self, number: int) -> tuple[Images, int]:
        """Return the views of a chip for every network, uint8 (views * turns, 3, P, P), and its row."""
        epoch, row = divmod(number, len(self.places))
        place, spec = self.places[row], self.spec
        chip = read_chip(place.folder, place.shard, place.offset, place.height, place.width)
        if epoch:
            chip, spec = (
                augment(chip, np.random.default_rng((self.seed, epoch, row))),
                replace(spec, turns=1),
            )
        return tuple(
            torch.from_numpy(chip_views(chip, spec, spec.side_px(name))) for name in spec.backbones
        ), row


class Batches(Sampler[list[int]]):
    """Batches of numbers, set anew before each pass, so that one loader and its workers serve all passes."""

    def __init__(self, batch: int, *, rank: int, world: int) -> None:
        """Share batches of `batch` chips among `world` processes, of which this is number `rank`."""
        super().__init__()
        self.rank, self.world = rank, world
        self.batch = -(-batch // world) * world
        self.numbers: list[list[int]] = []

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the batches of this process."""
        return iter(self.numbers)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.numbers)

    def steps(self, rows: int) -> int:
        """Return the number of training steps that `rows` take."""
        return -(-rows // self.batch)

    def shuffle(self, rows: NDArray[np.int64], *, epoch: int, length: int, seed: int) -> None:
        """Set the batches of an epoch: rows in random order, begun again to fill the last batch, each batch dealt out to the processes."""
        order = np.random.default_rng((seed, epoch)).permutation(rows)
        whole = np.resize(order, (self.steps(len(rows)), self.batch)) + epoch * length
        self.numbers = whole[:, self.rank :: self.world].tolist()

    def in_order(self, rows: NDArray[np.int64]) -> None:
        """Set the batches of a look at rows as they are, dealt out to the processes."""
        mine, size = rows[self.rank :: self.world].tolist(), self.batch // self.world
        self.numbers = [mine[start : start + size] for start in range(0, len(mine), size)]


def load_chips(
    chips: LabeledChips, batches: Batches, *, workers: int, pin: bool
) -> "DataLoader[Batch]":
    """Return a loader whose workers live as long as it does; with no workers this process reads."""
    spawn = {"multiprocessing_context": "spawn", "persistent_workers": True} if workers else {}
    loader: DataLoader[Batch] = DataLoader(
        chips, batch_sampler=batches, num_workers=workers, pin_memory=pin, **spawn
    )  # type: ignore[arg-type]  # collated
    return loader
