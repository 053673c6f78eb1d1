"""Writing a shard of the chip store: pixels as they come, then the rows that point at them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imagery.chips.chip import Chip
from imagery.chips.kept import CUT_KEY, KeptRow
from imagery.chips.quality import QUALITY_COLUMNS, SURFACE_COLUMNS, Quality
from imagery.chips.store import GRID_COLUMNS, MANIFEST_COLUMNS, rows_path, shard_path
from imagery.files import atomic_path


@dataclass(frozen=True, kw_only=True)
class CutRow:
    """Result of one parcel."""

    parcel_id: str
    """Raw id."""
    chip: Chip | None
    """None when there is no chip."""
    quality: Quality | None
    """None when the parcel has no geometry."""
    reason: str
    """Why there is no chip; "" when there is one."""
    tiles: str
    """File names of the tiles it touches, joined by "|"."""
    key: str = ""
    """Key of the parcel; "" for rows that come from no shard."""

    @property
    def planes(self) -> tuple[NDArray[np.generic], ...]:
        """Return what is stored: pixels and mask; nothing where there is no chip."""
        return (self.chip.pixels, self.chip.mask) if self.chip else ()


@dataclass(frozen=True, kw_only=True)
class ShardOrigin:
    """What the rows of a shard have in common."""

    year: int
    """Year of the flyover."""
    decoder: str
    """What decoded the tiles."""
    key: str = ""
    """Checksum of all that the shard depends on; "" for rows that come from no shard."""
    recipe: str = ""
    """Checksum of what all shards depend on, beside parcels and tiles."""


def write_shard(
    folder: Path, shard: int, cut: Iterable[CutRow | KeptRow], *, origin: ShardOrigin
) -> None:
    """Write one shard as its rows come.

    Pixels are written first and rows last, so that rows never point at missing pixels.

    Args:
        folder: The `chips/` folder.
        shard: Number of the shard.
        cut: Result of every parcel, cut now or before; one is held in memory at a time.
        origin: What it was cut from.
    """
    records = []
    chips = 0
    offset = 0
    with atomic_path(shard_path(folder, shard)) as temporary, temporary.open("wb") as stream:
        for row in cut:
            record = row.record if isinstance(row, KeptRow) else describe_row(row, origin)
            if row.planes:
                record |= {"shard": shard, "index": chips, "offset": offset}
                chips += 1
                for planes in row.planes:
                    offset += stream.write(planes.data)
            records.append(record)

    rows = pd.DataFrame(records, columns=[*MANIFEST_COLUMNS, CUT_KEY])
    table = pa.Table.from_pandas(rows, preserve_index=False)
    facts = {"key": origin.key, "recipe": origin.recipe, "bytes": str(offset)}
    metadata = {**(table.schema.metadata or {}), **facts}
    with atomic_path(rows_path(folder, shard)) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary)


def describe_row(row: CutRow, origin: ShardOrigin) -> dict[str, object]:
    """Return the row of a parcel in the manifest; its place is -1 until it has one."""
    chip = row.chip
    height, width = chip.mask.shape if chip else (0, 0)
    transform = chip.transform if chip else (np.nan,) * len(GRID_COLUMNS)
    quality = row.quality or Quality()

    return {
        "parcel_id": row.parcel_id,
        "year": origin.year,
        "status": "chip" if chip else "not_assessed",
        "reason": row.reason,
        "note": "",
        "shard": -1,
        "index": -1,
        "offset": -1,
        "height": height,
        "width": width,
        "chip_sha256": chip.sha256 if chip else "",
        "tiles": row.tiles,
        "decoder": origin.decoder,
        **{name: getattr(quality, name) for name in QUALITY_COLUMNS},
        **{name: getattr(quality.surface, name) for name in SURFACE_COLUMNS},
        "photo_gsd_m": quality.photo_gsd_m,
        **dict(zip(GRID_COLUMNS, transform, strict=True)),
        CUT_KEY: row.key,
    }
