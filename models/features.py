"""Features of chips, computed once per network and chip.

What is computed is cached beside the chips. Chips that have not changed keep their features.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from imagery.chips.store import ChipStore, shard_key
from imagery.workspace import ChipFiles
from models.engine_name import engine_name
from models.extract import Converter, FeatureBatch, KnownRows, NetworkSource, extract_batch
from models.feature_cache import CacheGroup, ChipKey, Features, cache_schema, write_cache
from models.light import light_seed
from models.spec import spec_to_json
from models.weight_sums import weights_checksum

if TYPE_CHECKING:
    from models.network import Backbones

MAKER = 2
"""Increase this when the same chips would give other features."""
Mapper = Callable[[Callable[[FeatureBatch], int], Sequence[FeatureBatch]], Iterator[int]]
"""Executes batches."""
FEW = 64
"""Chips that this process looks at itself: other processes take longer to start."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Workers:
    """Who looks at chips."""

    threads: int
    """Threads of a worker."""
    mapper: Mapper
    """Executes batches."""
    convert: Converter
    """Converts the networks for the workers, where a chip must be looked at."""
    few: int = FEW
    """So many chips are not worth a mapper."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ShardChips:
    """Chips of one shard whose features are wanted."""

    shard: int
    """Shard number."""
    key: str
    """Checksum of the shard and of the parcels."""
    rows: pd.DataFrame
    """Rows of the manifest, in the order of the shard."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureRun:
    """One computation of features: the chips, the network, and where the results are kept."""

    store: ChipStore
    """The chips of one year."""
    network: NetworkSource
    """What looks at them."""
    threads: int
    """Threads of a worker."""
    relit: Collection[str] | None
    """Only these parcels, in other light, in a cache of their own; None for all as they are."""

    @cached_property
    def features(self) -> Features:
        """Return the cache."""
        files = ChipFiles(folder=self.store.folder)
        return Features(path=files.features if self.relit is None else files.relit_features)

    @cached_property
    def network_key(self) -> str:
        """Return the checksum of all that features depend on, but for the chips."""
        return features_key(self.network)

    def shards(self) -> list[ShardChips]:
        """Return the chips of every shard."""
        manifest = self.store.manifest
        chips = manifest[manifest["status"] == "chip"].sort_values(["shard", "index"])
        if self.relit is not None:
            chips = chips[chips["parcel_id"].isin(set(self.relit))]

        shards = []
        for number in chips["shard"].unique().tolist():
            rows = chips[chips["shard"] == number]
            shard = shard_key(self.store.folder, number)
            key = _short(shard + "|".join(rows["parcel_id"]))
            shards.append(ShardChips(shard=number, key=key, rows=rows))
        return shards

    def group(self, shard: ShardChips) -> CacheGroup:
        """Return the row group of a shard."""
        name = f"{self.features.path.stem}_{_short(self.network_key + shard.key)}.npy"
        return CacheGroup(
            key=shard.key,
            parcel_ids=tuple(shard.rows["parcel_id"]),
            chips=tuple(shard.rows["chip_sha256"]),
            values=self.store.folder / name,
        )

    def batch(self, shard: ShardChips, seen: Mapping[ChipKey, tuple[int, int]]) -> FeatureBatch:
        """Return the task of a shard.

        Args:
            shard: Its chips.
            seen: Where the last cache holds what was seen of chips.
        """
        group = self.group(shard)
        seeds = () if self.relit is None else tuple(map(light_seed, group.parcel_ids))
        keys = zip(group.parcel_ids, group.chips, strict=True)

        return FeatureBatch(
            chips=self.store.places(shard.rows),
            seeds=seeds,
            known=KnownRows(cache=self.features, places=tuple(seen.get(key) for key in keys)),
            network=self.network,
            target=group.values,
            threads=self.threads,
        )


def store_features(
    store: ChipStore,
    network: NetworkSource,
    workers: Workers,
    *,
    relit: Collection[str] | None = None,
) -> Features:
    """Compute the features of every chip in the store.

    Those of chips that have not changed are kept, whatever became of their shards, and a killed run
    continues where it stopped.

    Args:
        store: The chips of one year.
        network: What looks at them.
        workers: Who does.
        relit: Only these parcels, in other light, in a cache of their own.
    """
    run = FeatureRun(store=store, network=network, threads=workers.threads, relit=relit)
    shards = run.shards()
    kept = run.features.groups(run.network_key)
    if kept is not None and list(kept) == [shard.key for shard in shards]:
        return run.features

    seen = run.features.chips() if kept else {}
    kept = kept or {}
    batches = [run.batch(shard, seen) for shard in shards if shard.key not in kept]
    fresh = [batch for batch in batches if not batch.target.exists()]
    unknown = sum(len(batch.unknown) for batch in fresh)
    ready = workers.convert(network) if unknown else network
    look = workers.mapper if unknown > workers.few else map
    for _ in look(extract_batch, [replace(batch, network=ready) for batch in fresh]):
        pass

    groups = [run.group(shard) for shard in shards]
    write_cache(run.features, groups, kept, cache_schema(run.network_key, network.spec.features))
    _remove_batches(store.folder)
    return run.features


def cached_features(store: ChipStore, network: NetworkSource) -> Features | None:
    """Return the features of every chip in the store; None where they would have to be computed."""
    run = FeatureRun(store=store, network=network, threads=1, relit=None)
    kept = run.features.groups(run.network_key)
    is_whole = kept is not None and list(kept) == [shard.key for shard in run.shards()]
    return run.features if is_whole else None


def features_key(network: NetworkSource) -> str:
    """Return the checksum of all that features depend on, but for the chips."""
    weights = weights_checksum(network.weights)
    if not weights:
        from models.network import backbone_checksum

        weights = backbone_checksum(load_networks(network))
    return _short(f"{MAKER} {spec_to_json(network.spec)} {weights} {engine_name()}")


@lru_cache(maxsize=1)
def load_networks(network: NetworkSource) -> "Backbones":
    """Return networks that nothing in this process changes: those loaded before."""
    from models.network import load_backbones

    return load_backbones(network.spec, network.weights)


def _remove_batches(folder: Path) -> None:
    """Remove what workers left, whole or not."""
    for leftover in (*folder.glob("features_*.npy"), *folder.glob(".*.features_*.npy")):
        leftover.unlink()


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
