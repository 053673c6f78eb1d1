"""Features of chips, computed once per network and chip and cached beside the chips.

The cache is read and written a shard at a time, so that a city of any size fits into memory; shards that have not changed keep theirs.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from imagery.chips.store import ChipStore, StoredChip, read_chip, shard_key
from imagery.files import atomic_path
from models.engine import engine_name
from models.light import light_seed, relight
from models.measures import MEASURES, roof_measures
from models.network import Backbones, backbone_checksum, load_backbones, pooled_features
from models.preprocess import chip_views
from models.spec import ModelSpec, spec_to_json

CHIPS_AT_ONCE = 4
"""Chips per forward pass."""
COLUMNS = {
    "dark_share": ("measures", slice(0, 1)),
    "measures": ("measures", slice(None)),
    "network": ("features", slice(None)),
}
"""Column of the cache, and part of it, that each rung looks at."""
MAKER = 2
"""Raised when the same chips would give other features."""

Mapper = Callable[[Callable[["FeatureBatch"], int], Sequence["FeatureBatch"]], Iterator[int]]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class FeatureBatch:
    """One task: the chips of one shard."""

    folder: Path
    """The `chips/` folder."""
    shard: int
    """Shard number."""
    chips: tuple[tuple[int, int, int], ...]
    """(offset, height, width) of every chip."""
    seeds: tuple[int, ...]
    """Seed of the other light of every chip; empty for chips as they are."""
    spec: ModelSpec
    """Network and preprocessing."""
    weights: str
    """Local weights file, "" for the packaged ones."""
    target: Path
    """Where the measures and features go, float32 (chips, measures + features) as .npy."""
    threads: int
    """Threads of this worker."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """Measures and features of chips of one year, on disk."""

    path: Path
    """Parquet: parcel_id, shard_key, measures, features; a row group per shard."""

    def rung(self, rung: str) -> Iterator[tuple[list[str], Matrix]]:
        """Yield ids and what a rung looks at (n, F), shard by shard."""
        column, part = COLUMNS[rung]
        with pq.ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["parcel_id", column])
                yield rows["parcel_id"].to_pylist(), _matrix(rows, column)[:, part]

    def of(self, parcel_ids: Collection[str]) -> pd.DataFrame:
        """Return parcel_id, `measures` and `features` (float32 arrays) of some parcels."""
        wanted, ids, parts = set(parcel_ids), [], []
        with pq.ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["parcel_id", "measures", "features"])
                rows = rows.filter(
                    pa.array([one in wanted for one in rows["parcel_id"].to_pylist()], pa.bool_())
                )
                ids += rows["parcel_id"].to_pylist()
                parts += list(
                    zip(_matrix(rows, "measures"), _matrix(rows, "features"), strict=True)
                )
        columns = {
            name: pd.Series([part[place] for part in parts], dtype=object)
            for place, name in enumerate(("measures", "features"))
        }
        return pd.DataFrame({"parcel_id": pd.Series(ids, dtype=object), **columns})


def store_features(
    store: ChipStore,
    spec: ModelSpec,
    *,
    weights: str,
    threads: int,
    mapper: Mapper,
    relit: Collection[str] | None = None,
) -> Features:
    """Compute the features of every chip in the store, and keep those of shards that have not changed; resumed by shard.

    Args:
        store: The chips of one year.
        spec: Networks and preprocessing.
        weights: Local weights file, "" for the packaged ones.
        threads: Threads of a worker.
        mapper: How batches are executed.
        relit: Only these parcels, in other light, in a cache of their own.
    """
    features = Features(
        path=store.folder / ("features.parquet" if relit is None else "features_relit.parquet")
    )
    network = _network_key(spec, backbone_checksum(_backbones(spec, weights)))
    chips = store.manifest[store.manifest["status"] == "chip"].sort_values(["shard", "index"])
    if relit is not None:
        chips = chips[chips["parcel_id"].isin(set(relit))]
    shards = {
        number: chips[chips["shard"] == number] for number in chips["shard"].unique().tolist()
    }
    keys = {
        number: _short(shard_key(store.folder, number) + "|".join(rows["parcel_id"]))
        for number, rows in shards.items()
    }
    have = _groups(features.path, network)
    if have is not None and list(have) == list(keys.values()):
        return features
    have = have or {}
    batches = {
        number: FeatureBatch(
            folder=store.folder,
            shard=number,
            chips=tuple(zip(rows["offset"], rows["height"], rows["width"], strict=True)),
            seeds=() if relit is None else tuple(map(light_seed, rows["parcel_id"])),
            spec=spec,
            weights=weights,
            target=store.folder / f"{features.path.stem}_{_short(network + keys[number])}.npy",
            threads=threads,
        )
        for number, rows in shards.items()
        if keys[number] not in have
    }
    for _ in mapper(
        extract_batch, [batch for batch in batches.values() if not batch.target.exists()]
    ):
        pass
    _join(
        features.path,
        network,
        spec.features,
        {number: (keys[number], shards[number]["parcel_id"].tolist()) for number in shards},
        have,
        batches,
    )
    for leftover in (*store.folder.glob("features_*.npy"), *store.folder.glob(".*.features_*.npy")):
        leftover.unlink()
    return features


def extract_batch(batch: FeatureBatch) -> int:
    """Compute measures and features of one shard; return the number of chips. Runs in a worker."""
    torch.set_num_threads(batch.threads)
    backbones = _backbones(batch.spec, batch.weights)
    parts = []
    for start in range(0, len(batch.chips), CHIPS_AT_ONCE):
        chips = [
            read_chip(batch.folder, batch.shard, *place)
            for place in batch.chips[start : start + CHIPS_AT_ONCE]
        ]
        seeds = batch.seeds[start : start + CHIPS_AT_ONCE]
        chips = (
            [
                StoredChip(pixels=relight(chip.pixels, seed), mask=chip.mask)
                for chip, seed in zip(chips, seeds, strict=True)
            ]
            if seeds
            else chips
        )
        measures = np.stack([roof_measures(chip) for chip in chips])
        parts.append(
            np.concatenate(
                [measures, chip_features(batch.spec, backbones, chips, threads=batch.threads)],
                axis=1,
            )
        )
    with atomic_path(batch.target) as temporary, temporary.open("wb") as stream:
        np.save(stream, np.concatenate(parts), allow_pickle=False)
    return len(batch.chips)


def chip_features(
    spec: ModelSpec, backbones: Backbones, chips: Sequence[StoredChip], *, threads: int = 0
) -> Matrix:
    """Return the features of chips, averaged over the turns, (N, spec.features)."""
    parts = []
    for backbone in backbones:
        images = np.concatenate(
            [chip_views(chip, spec, spec.side_px(backbone.name)) for chip in chips]
        )
        pooled = pooled_features(backbone, images, threads=threads).reshape(
            len(chips), len(spec.views), spec.turns, -1
        )
        parts.append(pooled.mean(axis=2).reshape(len(chips), -1))
    return np.concatenate(parts, axis=1)


def feature_matrix(table: pd.DataFrame, rung: str) -> Matrix:
    """Stack what a rung looks at into (N, F); `table` has columns measures and features."""
    column, part = COLUMNS[rung]
    matrix: Matrix = (
        np.stack(table[column].to_list()).astype(np.float32)
        if len(table)
        else np.zeros((0, 0), np.float32)
    )
    return matrix[:, part]


def _matrix(rows: pa.Table, column: str) -> Matrix:
    length = rows.schema.field(column).type.list_size
    matrix: Matrix = rows[column].combine_chunks().flatten().to_numpy().reshape(-1, length)
    return matrix


def _groups(path: Path, network: str) -> dict[str, int] | None:
    """Return the row group of every shard in the cache, in their order, by shard key; None when there is no cache of this network."""
    if (
        not path.exists()
        or (pq.read_schema(path).metadata or {}).get(b"network") != network.encode()
    ):
        return None
    with pq.ParquetFile(path) as file:
        return {
            str(file.read_row_group(group, columns=["shard_key"])["shard_key"][0]): group
            for group in range(file.num_row_groups)
        }


def _join(
    path: Path,
    network: str,
    length: int,
    shards: dict[int, tuple[str, list[str]]],
    have: dict[str, int],
    batches: dict[int, FeatureBatch],
) -> None:
    """Write the cache anew: row groups that are still good from the old one, the others from their batches."""
    kinds = {
        "measures": pa.list_(pa.float32(), len(MEASURES)),
        "features": pa.list_(pa.float32(), length),
    }
    schema = pa.schema(
        [("parcel_id", pa.string()), ("shard_key", pa.string()), *kinds.items()],
        metadata={"network": network},
    )
    old = pq.ParquetFile(path) if have else None
    with (
        atomic_path(path) as temporary,
        pq.ParquetWriter(
            temporary, schema, compression="none", use_dictionary=["shard_key"]
        ) as writer,
    ):
        for number, (key, ids) in shards.items():
            if old is not None and key in have:
                writer.write_table(old.read_row_group(have[key]).cast(schema))
                continue
            values = np.load(batches[number].target, allow_pickle=False)
            parts = np.split(values, [len(MEASURES)], axis=1)
            lists = [
                pa.FixedSizeListArray.from_arrays(
                    pa.array(np.ascontiguousarray(part).ravel(), pa.float32()), part.shape[1]
                )
                for part in parts
            ]
            writer.write_table(
                pa.table(
                    [pa.array(ids, pa.string()), pa.array([key] * len(ids), pa.string()), *lists],
                    schema=schema,
                )
            )
    if old is not None:
        old.close()


@lru_cache(maxsize=1)
def _backbones(spec: ModelSpec, weights: str) -> Backbones:
    return load_backbones(spec, weights)


def _network_key(spec: ModelSpec, weights_sha256: str) -> str:
    return _short(f"{MAKER} {spec_to_json(spec)} {weights_sha256} {engine_name()}")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
