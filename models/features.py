"""Pooled features of chips, computed once per network and chip and cached beside the chips.

The cache is read and written a shard at a time, so that a city of any size fits into memory; shards that have not changed keep theirs.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from imagery.files import atomic_path
from imagery.store import ChipStore, read_chip, shard_key
from models.engine import engine_name
from models.network import FEATURES, PooledBackbone, backbone_checksum, load_backbone, pooled_features
from models.preprocess import chip_views
from models.spec import VIEWS, ModelSpec, spec_to_json

CHIPS_AT_ONCE = 8
"""Chips per forward pass (three views each)."""
LENGTH = len(VIEWS) * FEATURES
"""Features per chip."""

Mapper = Callable[[Callable[["FeatureBatch"], int], Sequence["FeatureBatch"]], Iterator[int]]


@dataclass(frozen=True, kw_only=True)
class FeatureBatch:
    """One task: the chips of one shard."""

    folder: Path
    """The `chips/` folder."""
    shard: int
    """Shard number."""
    chips: tuple[tuple[int, int, int], ...]
    """(offset, height, width) of every chip."""
    spec: ModelSpec
    """Network and preprocessing."""
    weights: str
    """Local weights file, "" for the packaged ones."""
    target: Path
    """Where the features go, float32 (chips, LENGTH) as .npy."""
    threads: int
    """Threads of this worker."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """The features of all chips of one year, on disk."""

    path: Path
    """features.parquet: parcel_id, shard_key, features; a row group per shard."""

    def __iter__(self) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
        """Yield ids and features (n, LENGTH), shard by shard."""
        with pq.ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):
                part = file.read_row_group(group, columns=["parcel_id", "features"])
                yield part["parcel_id"].to_pylist(), part["features"].combine_chunks().flatten().to_numpy().reshape(-1, LENGTH)

    def of(self, parcel_ids: set[str]) -> pd.DataFrame:
        """Return parcel_id and `features` (float32 array of LENGTH) of some parcels."""
        chosen: list[tuple[str, NDArray[np.float32]]] = []
        for ids, matrix in self:
            chosen += [(parcel_id, row.copy()) for parcel_id, row in zip(ids, matrix, strict=True) if parcel_id in parcel_ids]
        return pd.DataFrame({"parcel_id": pd.Series([one for one, _ in chosen], dtype=object), "features": pd.Series([row for _, row in chosen], dtype=object)})


def store_features(store: ChipStore, spec: ModelSpec, *, weights: str, threads: int, mapper: Mapper) -> Features:
    """Compute the features of every chip in the store, and keep those of shards that have not changed; resumed by shard."""
    features = Features(path=store.folder / "features.parquet")
    network = _network_key(spec, backbone_checksum(_backbone(spec, weights)))
    chips = store.manifest[store.manifest["status"] == "chip"].sort_values(["shard", "index"])
    shards = {number: chips[chips["shard"] == number] for number in chips["shard"].unique().tolist()}
    keys = {number: _short(shard_key(store.folder, number) + "|".join(rows["parcel_id"])) for number, rows in shards.items()}
    have = _groups(features.path, network)
    if have is not None and list(have) == list(keys.values()):
        return features
    have = have or {}
    batches = {
        number: FeatureBatch(
            folder=store.folder, shard=number, chips=tuple(zip(rows["offset"], rows["height"], rows["width"], strict=True)),
            spec=spec, weights=weights, target=store.folder / f"features_{_short(network + keys[number])}.npy", threads=threads,
        )
        for number, rows in shards.items() if keys[number] not in have
    }  # fmt: skip
    for _ in mapper(extract_batch, [batch for batch in batches.values() if not batch.target.exists()]):
        pass
    _join(features.path, network, {number: (keys[number], shards[number]["parcel_id"].tolist()) for number in shards}, have, batches)
    for leftover in (*store.folder.glob("features_*.npy"), *store.folder.glob(".*.features_*.npy")):
        leftover.unlink()
    return features


def extract_batch(batch: FeatureBatch) -> int:
    """Compute the features of one shard; return the number of chips. Runs in a worker."""
    torch.set_num_threads(batch.threads)
    backbone = _backbone(batch.spec, batch.weights)
    parts = []
    for start in range(0, len(batch.chips), CHIPS_AT_ONCE):
        chosen = batch.chips[start : start + CHIPS_AT_ONCE]
        views = np.concatenate([chip_views(read_chip(batch.folder, batch.shard, *place), batch.spec) for place in chosen])
        parts.append(pooled_features(backbone, views, threads=batch.threads).reshape(len(chosen), -1))
    with atomic_path(batch.target) as temporary, temporary.open("wb") as stream:
        np.save(stream, np.concatenate(parts), allow_pickle=False)
    return len(batch.chips)


def feature_matrix(table: pd.DataFrame) -> NDArray[np.float32]:
    """Stack the `features` column into (N, F)."""
    if not len(table):
        return np.zeros((0, LENGTH), np.float32)
    return np.stack(table["features"].to_list()).astype(np.float32)


def _groups(path: Path, network: str) -> dict[str, int] | None:
    """Return the row group of every shard in the cache, in their order, by shard key; None when there is no cache of this network."""
    if not path.exists() or (pq.read_schema(path).metadata or {}).get(b"network") != network.encode():
        return None
    with pq.ParquetFile(path) as file:
        return {str(file.read_row_group(group, columns=["shard_key"])["shard_key"][0]): group for group in range(file.num_row_groups)}


def _join(path: Path, network: str, shards: dict[int, tuple[str, list[str]]], have: dict[str, int], batches: dict[int, FeatureBatch]) -> None:
    """Write the cache anew: row groups that are still good from the old one, the others from their batches."""
    schema = pa.schema([("parcel_id", pa.string()), ("shard_key", pa.string()), ("features", pa.list_(pa.float32(), LENGTH))], metadata={"network": network})
    old = pq.ParquetFile(path) if have else None
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, schema, compression="none", use_dictionary=["shard_key"]) as writer:
        for number, (key, ids) in shards.items():
            if old is not None and key in have:
                writer.write_table(old.read_row_group(have[key]).cast(schema))
                continue
            values = pa.FixedSizeListArray.from_arrays(pa.array(np.load(batches[number].target, allow_pickle=False).ravel(), pa.float32()), LENGTH)
            writer.write_table(pa.table([pa.array(ids, pa.string()), pa.array([key] * len(ids), pa.string()), values], schema=schema))
    if old is not None:
        old.close()


@lru_cache(maxsize=1)
def _backbone(spec: ModelSpec, weights: str) -> PooledBackbone:
    return load_backbone(spec, weights)


def _network_key(spec: ModelSpec, weights_sha256: str) -> str:
    return hashlib.sha256(f"{spec_to_json(spec)} {weights_sha256} {engine_name()}".encode()).hexdigest()


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
