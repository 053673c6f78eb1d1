"""The chip store: uint8 shards that are memory-mapped, and a manifest with a row per vacant parcel."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imagery.chips.chip import Chip
from imagery.chips.quality import QUALITY_COLUMNS, Quality
from imagery.files import atomic_path

GRID_COLUMNS = ("grid_a", "grid_b", "grid_c", "grid_d", "grid_e", "grid_f")
MANIFEST_COLUMNS = (
    "parcel_id",
    "year",
    "status",
    "reason",
    "shard",
    "index",
    "offset",
    "height",
    "width",
    "tiles",
    "decoder",
    *QUALITY_COLUMNS,
    *GRID_COLUMNS,
)
"""A row per vacant parcel; `offset` is in bytes, the grid is the affine a..f from chip (column, row) to the metric CRS."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredChip:
    """Pixels and mask of one parcel as the store holds them."""

    pixels: NDArray[np.uint8]
    """RGB, (3, H, W)."""
    mask: NDArray[np.bool_]
    """(H, W)."""


@dataclass(frozen=True, kw_only=True)
class CutRow:
    """What came of one parcel."""

    parcel_id: str
    """Raw id."""
    chip: Chip | None
    """None when there is no chip."""
    quality: Quality | None
    """None without geometry."""
    reason: str
    """Why there is no chip; "" when there is one."""
    tiles: str
    """File names of the tiles it touches, joined by "|"."""


def shard_path(folder: Path, shard: int) -> Path:
    """Return the path of a shard's pixels."""
    return folder / f"shard_{shard:05d}.bin"


def rows_path(folder: Path, shard: int) -> Path:
    """Return the path of a shard's rows; it exists once the shard is whole."""
    return folder / f"shard_{shard:05d}.parquet"


def write_shard(
    folder: Path, shard: int, year: int, cut: Iterable[CutRow], *, decoder: str, key: str
) -> None:
    """Write one shard as its rows come: pixels first, rows last, so that rows never point at missing pixels.

    Args:
        folder: The `chips/` folder.
        shard: Number of the shard.
        year: Year of the flyover.
        cut: What came of every parcel; one is held in memory at a time.
        decoder: What decoded the tiles.
        key: Checksum of all that the shard depends on.
    """
    records: list[tuple[object, ...]] = []
    offset = index = 0
    with atomic_path(shard_path(folder, shard)) as temporary, temporary.open("wb") as stream:
        for row in cut:
            shape = row.chip.mask.shape if row.chip else (0, 0)
            place = (shard, index, offset) if row.chip else (-1, -1, -1)
            status = "chip" if row.chip else "not_assessed"
            quality = (getattr(row.quality or Quality(), name) for name in QUALITY_COLUMNS)
            grid = row.chip.transform if row.chip else (np.nan,) * 6
            records.append(
                (
                    row.parcel_id,
                    year,
                    status,
                    row.reason,
                    *place,
                    *shape,
                    row.tiles,
                    decoder,
                    *quality,
                    *grid,
                )
            )
            if row.chip:
                stream.write(row.chip.pixels.data)
                stream.write(row.chip.mask.data)
                offset += 4 * row.chip.mask.size
                index += 1
    table = pa.Table.from_pandas(
        pd.DataFrame(records, columns=list(MANIFEST_COLUMNS)), preserve_index=False
    )
    with atomic_path(rows_path(folder, shard)) as temporary:
        pq.write_table(
            table.replace_schema_metadata({**(table.schema.metadata or {}), "key": key}), temporary
        )


def shard_key(folder: Path, shard: int) -> str:
    """Return the key of a whole shard, "" when there is none."""
    path = rows_path(folder, shard)
    if not path.exists() or not shard_path(folder, shard).exists():
        return ""
    return str((pq.read_schema(path).metadata or {}).get(b"key", b"").decode())


@dataclass(frozen=True, kw_only=True, eq=False)
class ChipStore:
    """Read access to the chips of one year."""

    folder: Path
    """The `chips/` folder."""
    manifest: pd.DataFrame
    """Columns `MANIFEST_COLUMNS`, indexed 0..n-1, one row per vacant parcel."""
    rows: dict[str, int]
    """Row number by parcel id."""
    units_touched: int = 0
    """Distinct decode units under all chips; 0 when the store was only opened."""
    units_decoded: int = 0
    """Decode units that this run decoded."""

    def lot_width_m(self, margin_m: float) -> float:
        """Return the median short side of the parcels that have a chip, meters; 0 where none has."""
        chips = self.manifest[self.manifest["status"] == "chip"]
        gsd_m = np.hypot(chips["grid_a"], chips["grid_d"])
        return float((chips["height"] * gsd_m - 2 * margin_m).median()) if len(chips) else 0.0

    def read(self, parcel_id: str) -> StoredChip | None:
        """Return a parcel's chip, None when it has none."""
        number = self.rows.get(parcel_id)
        if number is None:
            return None
        row = self.manifest.iloc[number]
        if row["status"] != "chip":
            return None
        return read_chip(
            self.folder,
            int(row["shard"]),
            int(row["offset"]),
            int(row["height"]),
            int(row["width"]),
        )


def read_chip(folder: Path, shard: int, offset: int, height: int, width: int) -> StoredChip:
    """Map one chip out of a shard; no copy is made of the pixels."""
    flat = np.memmap(
        shard_path(folder, shard), dtype=np.uint8, mode="r", offset=offset, shape=(4, height, width)
    )
    return StoredChip(pixels=np.asarray(flat[:3]), mask=np.asarray(flat[3]).astype(bool))


def open_store(folder: Path) -> ChipStore:
    """Open the store that `tile` left."""
    manifest = pd.read_parquet(folder / "manifest.parquet")
    return ChipStore(
        folder=folder,
        manifest=manifest,
        rows={key: row for row, key in enumerate(manifest["parcel_id"])},
    )
