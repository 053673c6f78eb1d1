"""Features of the chips of one shard: what a worker does.

It starts without torch where OpenVINO runs the networks, which saves a worker several seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imagery.chips.store import ChipPlace, StoredChip, read_chip
from imagery.files import atomic_path
from models.light import relight
from models.measures import roof_measures
from models.openvino_engine import Engine, MapEngine, compile_maps, compile_openvino
from models.preprocess import chip_views
from models.spec import ModelSpec

CHIPS_AT_ONCE = 4
"""Chips per forward pass."""
Matrix = NDArray[np.float32]
Engines = tuple[Engine, ...]
"""What runs each network of a spec, in its order."""


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


@dataclass(frozen=True, kw_only=True)
class FeatureBatch:
    """One task: the chips of one shard."""

    chips: tuple[ChipPlace, ...]
    """Where every chip is stored."""
    seeds: tuple[int, ...]
    """Seed of the other light of every chip; empty for chips as they are."""
    network: NetworkSource
    """What looks at the chips."""
    target: Path
    """Where the measures and features go, float32 (chips, measures + features) as .npy."""
    threads: int
    """Threads of this worker."""

    def read(self, start: int, stop: int) -> list[StoredChip]:
        """Read some chips, in the light in which they are wanted."""
        chips = [read_chip(place) for place in self.chips[start:stop]]
        if not self.seeds:
            return chips

        relit = []
        for chip, seed in zip(chips, self.seeds[start:stop], strict=True):
            relit.append(StoredChip(pixels=relight(chip.pixels, seed), mask=chip.mask))
        return relit


def extract_batch(batch: FeatureBatch) -> int:
    """Compute measures and features of one shard; return the number of chips. Runs in a worker."""
    spec = batch.network.spec
    engines = open_engines(batch.network, batch.threads)

    parts = []
    for start in range(0, len(batch.chips), CHIPS_AT_ONCE):
        chips = batch.read(start, start + CHIPS_AT_ONCE)
        measures = np.stack([roof_measures(chip) for chip in chips])
        parts.append(np.concatenate([measures, engine_features(spec, engines, chips)], axis=1))

    with atomic_path(batch.target) as temporary, temporary.open("wb") as stream:
        np.save(stream, np.concatenate(parts), allow_pickle=False)
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
