"""The cache of features: what the model saw of every chip of a year, beside the chips.

It is read and written a shard at a time, so that a city of any size fits into memory.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imagery.errors import InputError, first_line
from imagery.files import atomic_path
from imagery.parquet import DamagedTable, read_metadata
from imagery.workspace import ChipFiles
from models.flyover_stats import FlyoverStats, measure_flyover, read_stats, write_stats
from models.measures import MEASURES

PARTS = {
    "dark_share": slice(0, 1),
    "measures": slice(0, len(MEASURES)),
    "network": slice(len(MEASURES), None),
    "joined": slice(0, None),
}
"""What each rung looks at: a part of the measures followed by the features of the network."""
COLUMNS = {
    "dark_share": ("measures",),
    "measures": ("measures",),
    "network": ("features",),
    "joined": ("measures", "features"),
}
"""Columns of the cache that hold it."""
Matrix = NDArray[np.float32]
ChipKey = tuple[str, str]
"""Parcel and checksum of its chip."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """Measures and features of chips of one year, on disk."""

    path: Path
    """Parquet: parcel_id, shard_key, chip_sha256, measures, features; a row group per shard."""

    def rung(self, rung: str) -> Iterator[tuple[list[str], Matrix]]:
        """Yield ids and what a rung looks at (n, F), shard by shard."""
        with self.opened() as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["parcel_id", *COLUMNS[rung]])
                parts = [_matrix(rows, column) for column in COLUMNS[rung]]
                yield rows["parcel_id"].to_pylist(), _join(rung, parts)

    def stats(self, year: int) -> FlyoverStats:
        """Return the statistics of the flyover, over all chips; they are kept beside the cache."""
        path = ChipFiles(folder=self.path.parent).flyover_stats
        with self.opened() as file:
            width = file.schema_arrow.field("features").type.list_size + len(MEASURES)
            chips = file.metadata.num_rows
        kept = read_stats(path)
        if kept and (kept.year, kept.chips, len(kept.center)) == (year, chips, width):
            return kept

        try:
            stats = measure_flyover(year, _Looks(features=self), width)
        except ValueError as error:
            raise InputError(
                f"{self.path}: features hold NaN or infinity; "
                "remove the year's chips/ folder and run tile again"
            ) from error
        write_stats(path, stats)
        return stats

    def of(self, parcel_ids: Collection[str]) -> pd.DataFrame:
        """Return parcel_id, `measures` and `features` (float32 arrays) of some parcels."""
        wanted = set(parcel_ids)
        ids: list[str] = []
        measures: list[Matrix] = []
        features: list[Matrix] = []

        with self.opened() as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["parcel_id", "measures", "features"])
                is_wanted = [parcel_id in wanted for parcel_id in rows["parcel_id"].to_pylist()]
                rows = rows.filter(pa.array(is_wanted, pa.bool_()))
                ids += rows["parcel_id"].to_pylist()
                measures += list(_matrix(rows, "measures"))
                features += list(_matrix(rows, "features"))

        return pd.DataFrame(
            {
                "parcel_id": pd.Series(ids, dtype=object),
                "measures": pd.Series(measures, dtype=object),
                "features": pd.Series(features, dtype=object),
            }
        )

    def groups(self, network: str) -> dict[str, int] | None:
        """Return the row group of every shard by shard key, in the order of the file.

        Args:
            network: Checksum of the network.

        Returns:
            None when there is no cache, or when it is damaged or of another network.
        """
        if not self.path.exists():
            return None
        try:
            metadata = read_metadata(self.path)
        except DamagedTable:
            return None
        if metadata.get(b"network") != network.encode():
            return None

        groups = {}
        with self.opened() as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["shard_key"])
                groups[str(rows["shard_key"][0])] = group
        return groups

    def chips(self) -> dict[ChipKey, tuple[int, int]]:
        """Return the row group, and the row in it, of what was seen of each chip."""
        places: dict[ChipKey, tuple[int, int]] = {}
        with self.opened() as file:
            if "chip_sha256" not in file.schema_arrow.names:  # of an earlier version
                return {}
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["parcel_id", "chip_sha256"])
                keys = zip(
                    rows["parcel_id"].to_pylist(), rows["chip_sha256"].to_pylist(), strict=True
                )
                places |= {key: (group, row) for row, key in enumerate(keys)}
        return places

    def group_values(self, group: int) -> Matrix:
        """Return measures and features of a row group, (n, F)."""
        with self.opened() as file:
            rows = file.read_row_group(group, columns=["measures", "features"])
            return np.concatenate([_matrix(rows, "measures"), _matrix(rows, "features")], axis=1)

    @contextmanager
    def opened(self) -> Iterator[pq.ParquetFile]:
        """Open the cache; each page that is read is compared with its checksum.

        Raises:
            InputError: a page is damaged.
        """
        try:
            with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
                yield file
        except (OSError, pa.ArrowException) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise InputError(
                f"{self.path} is damaged ({first_line(error)}); remove it and start again"
            ) from error


@dataclass(frozen=True, kw_only=True)
class _Looks:
    """What the model sees of the chips, shard by shard, as often as it is asked."""

    features: Features
    """On disk."""

    def __iter__(self) -> Iterator[Matrix]:
        """Yield measures and features (n, F)."""
        return (looks for _, looks in self.features.rung("joined"))


@dataclass(frozen=True, kw_only=True)
class CacheGroup:
    """A row group that the cache is to have: the chips of one shard."""

    key: str
    """Checksum of the shard and of the parcels."""
    parcel_ids: tuple[str, ...]
    """Parcels, in the order of the shard."""
    chips: tuple[str, ...]
    """Checksum of the chip of each."""
    values: Path
    """Where a worker leaves float32 (chips, measures + features) as .npy."""


def write_cache(
    features: Features, groups: Sequence[CacheGroup], kept: dict[str, int], schema: pa.Schema
) -> None:
    """Rewrite the cache; the statistics of what it held before are removed.

    Args:
        features: The cache.
        groups: What it is to hold, in order.
        kept: Row groups of the present file that are still good, by key.
        schema: What `cache_schema` returns.
    """
    files = ChipFiles(folder=features.path.parent)
    if features.path == files.features:
        files.flyover_stats.unlink(missing_ok=True)
    with ExitStack() as stack:
        old = stack.enter_context(features.opened()) if kept else None
        temporary = stack.enter_context(atomic_path(features.path))
        writer = stack.enter_context(
            pq.ParquetWriter(
                temporary,
                schema,
                compression="none",
                use_dictionary=["shard_key"],
                write_page_checksum=True,
            )
        )
        for group in groups:
            if old is not None and group.key in kept:
                writer.write_table(old.read_row_group(kept[group.key]).cast(schema))
            else:
                writer.write_table(_read_values(group, schema))


def cache_schema(network: str, features: int) -> pa.Schema:
    """Return the columns of the cache of a network with some number of features."""
    return pa.schema(
        [
            ("parcel_id", pa.string()),
            ("shard_key", pa.string()),
            ("chip_sha256", pa.string()),
            ("measures", pa.list_(pa.float32(), len(MEASURES))),
            ("features", pa.list_(pa.float32(), features)),
        ],
        metadata={"network": network},
    )


def feature_matrix(table: pd.DataFrame, rung: str) -> Matrix:
    """Stack what a rung looks at into (N, F); `table` has columns measures and features."""
    if not len(table):
        return np.zeros((0, 0), np.float32)

    parts = [np.stack(table[column].to_list()).astype(np.float32) for column in COLUMNS[rung]]
    return _join(rung, parts)


def _join(rung: str, parts: Sequence[Matrix]) -> Matrix:
    """Put columns side by side; of the measures the darkest rung takes the first only."""
    joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    return joined[:, :1] if rung == "dark_share" else joined


def _read_values(group: CacheGroup, schema: pa.Schema) -> pa.Table:
    """Return what a worker computed, as rows of the cache."""
    try:
        values = np.load(group.values, allow_pickle=False)
    except (ValueError, EOFError) as error:
        group.values.unlink()
        raise InputError(f"{group.values} is damaged; start the same command again") from error
    measures, features = np.split(values, [len(MEASURES)], axis=1)
    keys = [group.key] * len(group.parcel_ids)

    return pa.table(
        [
            pa.array(group.parcel_ids, pa.string()),
            pa.array(keys, pa.string()),
            pa.array(group.chips, pa.string()),
            _vectors(measures),
            _vectors(features),
        ],
        schema=schema,
    )


def _vectors(matrix: Matrix) -> pa.FixedSizeListArray:
    flat = pa.array(np.ascontiguousarray(matrix).ravel(), pa.float32())
    return pa.FixedSizeListArray.from_arrays(flat, matrix.shape[1])


def _matrix(rows: pa.Table, column: str) -> Matrix:
    length = rows.schema.field(column).type.list_size
    flat = rows[column].combine_chunks().flatten().to_numpy()
    matrix: Matrix = flat.reshape(-1, length)
    return matrix
