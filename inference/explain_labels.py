"""Labeled roofs that a picture may show beside the one that it explains."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imagery.chips.store import ChipStore, open_store
from imagery.parquet import DamagedTable, read_metadata
from imagery.workspace import ChipFiles
from labels.files import Labels
from models.feature_cache import Features

COLUMNS = ["parcel_id", "year", "failing"]
MAKER = 4
"""Increase this when the same inputs would give another picture."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabeledRoofs:
    """Roofs that a person called failing or intact, and that have the model's features."""

    table: pd.DataFrame
    """Columns parcel_id, year, failing, sorted; only roofs that have a chip."""
    labels_sha256: str
    """Checksum of the labels; "" where there are none."""
    caches: dict[int, Features]
    """Features by year."""
    stores: dict[int, ChipStore]
    """Chips by year."""

    @cached_property
    def key(self) -> str:
        """Return the checksum of labels, features and chips."""
        parts = [self.labels_sha256, *map(str, self.caches)]
        for features in self.caches.values():
            shards = pq.read_table(features.path, columns=["shard_key"])["shard_key"]
            parts += shards.unique().to_pylist()
        return checksum(*parts)

    def seen(self, year: int, rung: str) -> Iterator[tuple[pd.DataFrame, NDArray[np.float32]]]:
        """Yield the rows of one year and what a rung looks at of them (n, F), shard by shard."""
        of_year = self.table[self.table["year"] == year].set_index("parcel_id", drop=False)
        for parcel_ids, matrix in self.caches[year].rung(rung):
            # -1 where there is no label.
            places = of_year.index.get_indexer(pd.Index(parcel_ids, dtype=object))
            rows = of_year.iloc[places[places >= 0]]
            yield rows.reset_index(drop=True), matrix[places >= 0]


def checksum(*parts: str) -> str:
    """Return a short checksum of some texts."""
    text = "\0".join((str(MAKER), *parts))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def find_labeled_roofs(
    labels: Labels | None, chips: dict[int, ChipFiles], features: Features
) -> LabeledRoofs:
    """Collect the labeled roofs of all years whose features are of the same network.

    Args:
        labels: None where the city has none, or they are kept elsewhere.
        chips: The `chips/` folder of every year.
        features: What the model saw of the year that is explained.
    """
    if labels is None:
        empty = pd.DataFrame({name: [] for name in COLUMNS})
        return LabeledRoofs(table=empty, labels_sha256="", caches={}, stores={})

    network = network_of(features)
    caches = {}
    for year in sorted(set(labels.table["year"]) & set(chips)):
        files = chips[year]
        cache = Features(path=files.features)
        if files.manifest.exists() and files.features.exists() and network_of(cache) == network:
            caches[year] = cache

    stores = {year: open_store(chips[year].folder) for year in caches}
    return LabeledRoofs(
        table=_with_chip(labels.table[COLUMNS], stores),
        labels_sha256=labels.sha256,
        caches=caches,
        stores=stores,
    )


def network_of(features: Features) -> bytes:
    """Return what identifies the network that computed some features."""
    try:
        return read_metadata(features.path).get(b"network", b"")
    except DamagedTable:
        return b""


def _with_chip(table: pd.DataFrame, stores: dict[int, ChipStore]) -> pd.DataFrame:
    """Return the labels of roofs that have a chip in their year."""
    parts = []
    for year, store in stores.items():
        manifest = store.manifest
        cut = manifest.loc[manifest["status"] == "chip", "parcel_id"]
        parts.append(table[(table["year"] == year) & table["parcel_id"].isin(cut)])
    return pd.concat(parts, ignore_index=True) if parts else table.iloc[:0]
