"""Labeled chips as torch wants them: places on disk in, images out, in whatever process reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from imagery.chips.store import ChipPlace, ChipStore, read_chip
from imagery.errors import InputError
from models.preprocess import chip_views
from models.spec import ModelSpec
from training.augment import augment

Images = tuple[Tensor, ...]
"""Per network: uint8 (B, views * turns, 3, P, P)."""
Batch = tuple[Images, Tensor]
"""Images of some chips, and their rows (B,)."""


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
        place = store.place(parcel_id)
        if place is None:
            reason = store.manifest["reason"].iloc[store.rows[parcel_id]]
            raise InputError(
                f"[labels]: parcel {parcel_id} has no chip in {year} ({reason}); "
                "remove its label of that year"
            )
        places.append(place)

    return tuple(places)


class LabeledChips(Dataset[tuple[Images, int]]):
    """Chips by number `epoch * rows + row`.

    Those of epoch 0 come as they are in all turns, those of later epochs augmented.
    """

    def __init__(self, places: Sequence[ChipPlace], spec: ModelSpec, seed: int) -> None:
        """Keep places only; what a chip becomes depends on seed, epoch and row alone."""
        self.places = tuple(places)
        self.spec = spec
        self.seed = seed

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.places)

    def __getitem__(self, number: int) -> tuple[Images, int]:
        """Return the views of a chip for every network, and its row.

        Returns:
            Per network uint8 (views * turns, 3, P, P), and the row.
        """
        epoch, row = divmod(number, len(self.places))
        place = self.places[row]
        chip = read_chip(place)
        spec = self.spec
        if epoch:
            chip = augment(chip, np.random.default_rng((self.seed, epoch, row)))
            spec = replace(spec, turns=1)

        images = []
        for backbone in spec.backbones:
            views = chip_views(chip, spec, spec.side_px(backbone))
            images.append(torch.from_numpy(views))
        return tuple(images), row


class Batches(Sampler[list[int]]):
    """Batches of numbers, set before each pass, so that one loader and its workers serve all."""

    def __init__(self, batch: int, *, rank: int, world: int) -> None:
        """Share batches of `batch` chips among `world` processes; this is number `rank`."""
        super().__init__()
        self.rank = rank
        self.world = world
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
        """Set the batches of an epoch, each dealt out to the processes.

        Args:
            rows: Row numbers, put into random order. They begin again to fill the last batch.
            epoch: From 1; with it the chips are augmented in another way.
            length: Rows of the whole dataset.
            seed: Of the order.
        """
        order = np.random.default_rng((seed, epoch)).permutation(rows)
        whole = np.resize(order, (self.steps(len(rows)), self.batch)) + epoch * length
        self.numbers = whole[:, self.rank :: self.world].tolist()

    def in_order(self, rows: NDArray[np.int64]) -> None:
        """Set the batches that show rows as they are, dealt out to the processes."""
        mine = rows[self.rank :: self.world].tolist()
        size = self.batch // self.world
        self.numbers = [mine[start : start + size] for start in range(0, len(mine), size)]


def load_chips(
    chips: LabeledChips, batches: Batches, *, workers: int, pin: bool
) -> "DataLoader[Batch]":
    """Return a loader whose workers live as long as it does; with no workers this process reads."""
    loader: DataLoader[Batch] = DataLoader(
        chips,  # type: ignore[arg-type]  # single chips are collated into batches
        batch_sampler=batches,
        num_workers=workers,
        pin_memory=pin,
        multiprocessing_context="spawn" if workers else None,
        persistent_workers=workers > 0,
    )
    return loader
