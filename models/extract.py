"""Features of the chips of one shard: what a worker does.

It starts without torch where OpenVINO runs the networks, which saves a worker several seconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from imagery.chips.store import ChipPlace, StoredChip, read_chip
from imagery.files import atomic_path
from models.feature_cache import Features, Matrix
from models.light import relight
from models.measures import MEASURES, roof_measures
from models.openvino_engine import Engines, MapEngine, compile_maps, compile_openvino
from models.preprocess import chip_views
from models.spec import ModelSpec

CHIPS_AT_ONCE = 4
"""Chips per forward pass."""


@dataclass(frozen=True, kw_only=True)
class NetworkSource:
    """Networks, and where their weights are."""

    spec: ModelSpec
    """Networks and preprocessing."""
    weights: str = ""
    """Local weights file, "" for the packaged ones; see `models.network.load_backbones`."""
    converted: tuple[Path, ...] = ()
    """The networks as OpenVINO's files, made by this run; empty where torch runs them."""
    precision: str = ""
    """Of the converted networks: "bf16" or "fp32"."""


Converter = Callable[[NetworkSource], NetworkSource]
"""Returns networks with OpenVINO's files of them, or as they are where another engine runs them."""


@dataclass(frozen=True, kw_only=True)
class KnownRows:
    """What the last cache holds of the chips of a task: they have not changed since."""

    cache: Features
    """The last cache."""
    places: tuple[tuple[int, int] | None, ...]
    """Row group, and row in it, of each chip; None where it is not known."""

    def fill(self, values: Matrix) -> None:
        """Write what is known into its rows of `values`, (chips, measures + features)."""
        by_group: dict[int, list[tuple[int, int]]] = {}
        for row, place in enumerate(self.places):
            if place is not None:
                by_group.setdefault(place[0], []).append((row, place[1]))

        for group, pairs in by_group.items():
            known = self.cache.group_values(group)
            for row, source in pairs:
                values[row] = known[source]


@dataclass(frozen=True, kw_only=True)
class FeatureBatch:
    """One task: the chips of one shard."""

    chips: tuple[ChipPlace, ...]
    """Where every chip is stored."""
    seeds: tuple[int, ...]
    """Seed of the other light of every chip; empty for chips as they are."""
    known: KnownRows
    """What is known of them."""
    network: NetworkSource
    """What looks at the others."""
    target: Path
    """Where the measures and features go, float32 (chips, measures + features) as .npy."""
    threads: int
    """Threads of this worker."""

    @property
    def unknown(self) -> list[int]:
        """Return the numbers of the chips that must be looked at."""
        return [number for number, place in enumerate(self.known.places) if place is None]

    def read(self, number: int) -> StoredChip:
        """Read a chip, in the light in which it is wanted."""
        chip = read_chip(self.chips[number])
        if not self.seeds:
            return chip
        return StoredChip(pixels=relight(chip.pixels, self.seeds[number]), mask=chip.mask)


def extract_batch(batch: FeatureBatch) -> int:
    """Compute measures and features of one shard; return the number of chips. Runs in a worker."""
    spec = batch.network.spec
    values = np.empty((len(batch.chips), len(MEASURES) + spec.features), np.float32)
    batch.known.fill(values)

    unknown = batch.unknown
    for start in range(0, len(unknown), CHIPS_AT_ONCE):
        numbers = unknown[start : start + CHIPS_AT_ONCE]
        chips = [batch.read(number) for number in numbers]
        engines = open_engines(batch.network, batch.threads)
        values[numbers, : len(MEASURES)] = [roof_measures(chip) for chip in chips]
        values[numbers, len(MEASURES) :] = engine_features(spec, engines, chips)

    with atomic_path(batch.target) as temporary, temporary.open("wb") as stream:
        np.save(stream, values, allow_pickle=False)
    return len(batch.chips)


@lru_cache(maxsize=1)
def open_engines(network: NetworkSource, threads: int) -> Engines:
    """Prepare the networks for this process; those of the last call are kept."""
    if network.converted:
        return tuple(
            compile_openvino(path, threads, network.precision) for path in network.converted
        )

    import torch

    from models.network import backbone_engines, load_backbones

    torch.set_num_threads(threads)
    backbones = load_backbones(network.spec, network.weights)
    return backbone_engines(backbones, network.spec, threads=threads)


@lru_cache(maxsize=1)
def open_maps(network: NetworkSource, threads: int) -> tuple[MapEngine, ...]:
    """Prepare what gives the feature maps of the networks; those of the last call are kept.

    Args:
        network: Where `converted`, the files' outputs are the feature maps.
        threads: Threads that they may use.
    """
    if network.converted:
        return tuple(compile_maps(path, threads) for path in network.converted)

    import torch

    from models.network import load_backbones, map_engines

    torch.set_num_threads(threads)
    return map_engines(load_backbones(network.spec, network.weights), network.spec, threads=threads)


def engine_features(spec: ModelSpec, engines: Engines, chips: Sequence[StoredChip]) -> Matrix:
    """Return the features of chips, averaged over the turns, (N, spec.features)."""
    parts = []
    for name, engine in zip(spec.backbones, engines, strict=True):
        side_px = spec.side_px(name)
        images = np.concatenate([chip_views(chip, spec, side_px) for chip in chips])
        pooled = engine(images)

        by_turn = pooled.reshape(len(chips), len(spec.views), spec.turns, -1)
        parts.append(by_turn.mean(axis=2).reshape(len(chips), -1))
    return np.concatenate(parts, axis=1)
