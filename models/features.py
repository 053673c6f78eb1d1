"""Pooled features of chips, computed once per model spec and year and cached beside the chips."""

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

from imagery.files import atomic_path, sha256_file
from imagery.store import ChipStore, read_chip
from models.network import FEATURES, PooledBackbone, backbone_checksum, load_backbone, pooled_features
from models.preprocess import chip_views
from models.spec import VIEWS, ModelSpec, spec_to_json

CHIPS_AT_ONCE = 8
"""Chips per forward pass (three views each)."""

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
    """Where the features go, float32 (chips, views * FEATURES) as .npy."""
    threads: int
    """Torch threads of this worker."""


def store_features(store: ChipStore, spec: ModelSpec, *, weights: str, threads: int, mapper: Mapper) -> pd.DataFrame:
    """Return parcel_id and features of every chip in the store; computed shard by shard, resumed by shard.

    Returns:
        Columns parcel_id and `features` (float32 array of views * FEATURES).
    """
    key = _features_key(store, spec, backbone_checksum(_backbone(spec, weights)))
    cache = store.folder / "features.parquet"
    if cache.exists() and (pq.read_schema(cache).metadata or {}).get(b"key") == key.encode():
        return _read_cache(cache)
    chips = store.manifest[store.manifest["status"] == "chip"].sort_values(["shard", "index"])
    batches = [
        FeatureBatch(
            folder=store.folder, shard=shard, chips=tuple(zip(rows["offset"], rows["height"], rows["width"], strict=True)),
            spec=spec, weights=weights, target=store.folder / f"features_{key[:12]}_{shard:05d}.npy", threads=threads,
        )
        for shard, rows in ((int(number), chips[chips["shard"] == number]) for number in chips["shard"].unique())
    ]  # fmt: skip
    for _ in mapper(extract_batch, [batch for batch in batches if not batch.target.exists()]):
        pass
    parts = [np.load(batch.target, allow_pickle=False) for batch in batches]
    matrix = np.concatenate(parts) if parts else np.zeros((0, len(VIEWS) * FEATURES), np.float32)
    _write_cache(cache, key, chips["parcel_id"].tolist(), matrix)
    for batch in batches:
        batch.target.unlink()
    return _read_cache(cache)


def extract_batch(batch: FeatureBatch) -> int:
    """Compute the features of one shard; return the number of chips. Runs in a worker."""
    torch.set_num_threads(batch.threads)
    backbone = _backbone(batch.spec, batch.weights)
    parts = []
    for start in range(0, len(batch.chips), CHIPS_AT_ONCE):
        chosen = batch.chips[start : start + CHIPS_AT_ONCE]
        views = np.concatenate([chip_views(read_chip(batch.folder, batch.shard, *place), batch.spec) for place in chosen])
        parts.append(pooled_features(backbone, views).reshape(len(chosen), -1))
    with atomic_path(batch.target) as temporary, temporary.open("wb") as stream:
        np.save(stream, np.concatenate(parts), allow_pickle=False)
    return len(batch.chips)


def feature_matrix(table: pd.DataFrame) -> NDArray[np.float32]:
    """Stack the `features` column into (N, F)."""
    if not len(table):
        return np.zeros((0, len(VIEWS) * FEATURES), np.float32)
    return np.stack(table["features"].to_list()).astype(np.float32)


@lru_cache(maxsize=1)
def _backbone(spec: ModelSpec, weights: str) -> PooledBackbone:
    return load_backbone(spec, weights)


def _features_key(store: ChipStore, spec: ModelSpec, weights_sha256: str) -> str:
    digest = hashlib.sha256(spec_to_json(spec).encode())
    digest.update(weights_sha256.encode())
    digest.update(sha256_file(store.folder / "plan.json").encode())
    return digest.hexdigest()


def _write_cache(path: Path, key: str, ids: list[str], matrix: NDArray[np.float32]) -> None:
    values = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel(), pa.float32()), matrix.shape[1])
    table = pa.table({"parcel_id": pa.array(ids, pa.string()), "features": values}).replace_schema_metadata({"key": key})
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary)


def _read_cache(path: Path) -> pd.DataFrame:
    table = pq.read_table(path)
    column = table["features"].combine_chunks()
    matrix = column.flatten().to_numpy().reshape(len(table), len(VIEWS) * FEATURES)
    return pd.DataFrame({"parcel_id": table["parcel_id"].to_pylist(), "features": list(matrix)})
