"""The chip store: uint8 shards that are memory-mapped, and a manifest with a row per vacant parcel."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.chips import Chip, Quality
from imagery.files import atomic_path

MANIFEST_COLUMNS = (
    "parcel_id", "year", "status", "reason", "shard", "index", "offset", "height", "width", "tiles", "decoder",
    "covered_share", "nodata_share", "sharpness", "dark_share",
)  # fmt: skip


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


def write_shard(folder: Path, shard: int, year: int, cut: list[CutRow]) -> None:
    """Write one batch: pixels first, rows last, so that rows never point at missing pixels."""
    records: list[dict[str, object]] = []
    offset = index = 0
    with atomic_path(shard_path(folder, shard)) as temporary, temporary.open("wb") as stream:
        for row in cut:
            shape = row.chip.mask.shape if row.chip else (0, 0)
            quality = row.quality or Quality(covered_share=0.0, nodata_share=0.0, sharpness=0.0, dark_share=0.0)
            status = "chip" if row.chip else "not_assessed"
            place = (shard, index, offset) if row.chip else (-1, -1, -1)
            records.append(dict(zip(MANIFEST_COLUMNS, (
                row.parcel_id, year, status, row.reason, *place, *shape, row.tiles, "gdal",
                quality.covered_share, quality.nodata_share, quality.sharpness, quality.dark_share,
            ), strict=True)))  # fmt: skip
            if row.chip:
                stream.write(row.chip.pixels.tobytes())
                stream.write(row.chip.mask.astype(np.uint8).tobytes())
                offset += 4 * row.chip.mask.size
                index += 1
    with atomic_path(rows_path(folder, shard)) as temporary:
        pd.DataFrame(records, columns=list(MANIFEST_COLUMNS)).to_parquet(temporary, index=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChipStore:
    """Read access to the chips of one year."""

    folder: Path
    """The `chips/` folder."""
    manifest: pd.DataFrame
    """Columns `MANIFEST_COLUMNS`, indexed 0..n-1, one row per vacant parcel."""
    rows: dict[str, int]
    """Row number by parcel id."""

    def read(self, parcel_id: str) -> StoredChip | None:
        """Return a parcel's chip, None when it has none."""
        number = self.rows.get(parcel_id)
        if number is None:
            return None
        row = self.manifest.iloc[number]
        if row["status"] != "chip":
            return None
        return read_chip(self.folder, int(row["shard"]), int(row["offset"]), int(row["height"]), int(row["width"]))


def read_chip(folder: Path, shard: int, offset: int, height: int, width: int) -> StoredChip:
    """Map one chip out of a shard; no copy is made of the pixels."""
    flat = np.memmap(shard_path(folder, shard), dtype=np.uint8, mode="r", offset=offset, shape=(4, height, width))
    return StoredChip(pixels=np.asarray(flat[:3]), mask=np.asarray(flat[3]).astype(bool))


def open_store(folder: Path) -> ChipStore:
    """Open the store that `tile` left."""
    manifest = pd.read_parquet(folder / "manifest.parquet")
    return ChipStore(folder=folder, manifest=manifest, rows={key: row for row, key in enumerate(manifest["parcel_id"])})
