"""The chip store: uint8 shards that are memory-mapped, and a manifest with a row per parcel."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.chips.chip import chip_checksum
from imagery.chips.quality import QUALITY_COLUMNS, SURFACE_COLUMNS
from imagery.errors import InputError
from imagery.parquet import DamagedTable, read_metadata, read_whole
from imagery.workspace import ChipFiles

PLANES = 4
"""Red, green, blue and mask."""
GRID_COLUMNS = ("grid_a", "grid_b", "grid_c", "grid_d", "grid_e", "grid_f")
"""The affine a..f from chip (column, row) to the metric CRS."""
MANIFEST_COLUMNS = (
    "parcel_id",
    "year",
    "status",
    "reason",
    "note",
    "shard",
    "index",
    "offset",
    "height",
    "width",
    "chip_sha256",
    "tiles",
    "decoder",
    *QUALITY_COLUMNS,
    *SURFACE_COLUMNS,
    "photo_gsd_m",
    *GRID_COLUMNS,
)
"""Of the manifest, with a row per vacant parcel.

`offset` is in bytes. `chip_sha256` is the checksum of the chip's size, pixels and mask, "" for no
chip: what was made from it stays good as long as it does not change, whatever becomes of its shard.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredChip:
    """Pixels and mask of one parcel as the store holds them."""

    pixels: NDArray[np.uint8]
    """RGB, (3, H, W)."""
    mask: NDArray[np.bool_]
    """(H, W)."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """Tell where there is imagery, (H, W); where there is none, all colors are 0."""
        red, green, blue = self.pixels
        return np.asarray((red | green | blue) > 0)

    @property
    def sha256(self) -> str:
        """Return the checksum of the photo: its size and pixels, without the outline."""
        height, width = self.mask.shape
        size = f"{height} {width} ".encode()
        return hashlib.sha256(size + self.pixels.tobytes()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ChipPlace:
    """Where a chip is stored."""

    folder: Path
    """The `chips/` folder of its year."""
    shard: int
    """Number of the shard."""
    offset: int
    """Bytes from the start of the shard."""
    height: int
    """Rows."""
    width: int
    """Columns."""
    sha256: str = ""
    """Checksum of the chip, as `chip_sha256` of the manifest; "" where it is not known."""


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
        """Return the median short side of the parcels that have a chip, meters; 0 for none."""
        chips = self.manifest[self.manifest["status"] == "chip"]
        if not len(chips):
            return 0.0

        gsd_m = np.hypot(chips["grid_a"], chips["grid_d"])
        return float((chips["height"] * gsd_m - 2 * margin_m).median())

    def place(self, parcel_id: str) -> ChipPlace | None:
        """Return where a parcel's chip is stored, None when it has none."""
        number = self.rows.get(parcel_id)
        if number is None:
            return None

        row = self.manifest.iloc[number]
        if row["status"] != "chip":
            return None

        return ChipPlace(
            folder=self.folder,
            shard=int(row["shard"]),
            offset=int(row["offset"]),
            height=int(row["height"]),
            width=int(row["width"]),
            sha256=str(row.get("chip_sha256", "")),
        )

    def places(self, rows: pd.DataFrame) -> tuple[ChipPlace, ...]:
        """Return where the chips of some rows of the manifest are stored."""
        # Manifests of early versions hold no checksums.
        known = rows.assign(sha256=rows.get("chip_sha256", ""))
        columns = [
            known[name].tolist() for name in ("shard", "offset", "height", "width", "sha256")
        ]
        places = []
        for shard, offset, height, width, sha256 in zip(*columns, strict=True):
            place = ChipPlace(
                folder=self.folder,
                shard=shard,
                offset=offset,
                height=height,
                width=width,
                sha256=sha256,
            )
            places.append(place)
        return tuple(places)

    def read(self, parcel_id: str) -> StoredChip | None:
        """Return a parcel's chip, None when it has none."""
        place = self.place(parcel_id)
        return read_chip(place) if place else None


def open_store(folder: Path) -> ChipStore:
    """Open the store that `tile` left.

    Raises:
        InputError: the manifest is damaged.
    """
    try:
        manifest = read_whole(ChipFiles(folder=folder).manifest)
    except DamagedTable as error:
        raise InputError(f"{error}; tile the year again") from error
    rows = {parcel_id: row for row, parcel_id in enumerate(manifest["parcel_id"])}
    return ChipStore(folder=folder, manifest=manifest, rows=rows)


def read_chip(place: ChipPlace) -> StoredChip:
    """Map one chip out of a shard, and compare it with its checksum; its pixels are not copied.

    Raises:
        InputError: the shard is gone, ends before the chip does, or holds other pixels.
    """
    path = shard_path(place.folder, place.shard)
    try:
        planes = map_planes(path, place.offset, place.height, place.width)
    except (FileNotFoundError, ValueError) as error:
        raise InputError(f"{path}: it is gone or cut short; tile the year again") from error
    if place.sha256 and chip_checksum(planes[:3], planes[3]) != place.sha256:
        raise InputError(
            f"{path}: the chip at byte {place.offset} is not the one that was cut; "
            "roofwatch audit --repair cuts it again"
        )
    return StoredChip(pixels=np.asarray(planes[:3]), mask=np.asarray(planes[3]).astype(bool))


def map_planes(path: Path, offset: int, height: int, width: int) -> NDArray[np.uint8]:
    """Map red, green, blue and mask (4, H, W) of a chip; nothing of it is read yet.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it ends before the chip does.
    """
    shape = (PLANES, height, width)
    return np.memmap(path, dtype=np.uint8, mode="r", offset=offset, shape=shape)


def shard_path(folder: Path, shard: int) -> Path:
    """Return the path of a shard's pixels."""
    return folder / f"shard_{shard:05d}.bin"


def rows_path(folder: Path, shard: int) -> Path:
    """Return the path of a shard's rows; it exists once the shard is whole."""
    return folder / f"shard_{shard:05d}.parquet"


def shard_key(folder: Path, shard: int) -> str:
    """Return the key of a whole shard, "" when there is none or one of its files is damaged."""
    path = rows_path(folder, shard)
    pixels = shard_path(folder, shard)
    if not path.exists() or not pixels.exists():
        return ""

    try:
        metadata = read_metadata(path)
    except DamagedTable:
        return ""
    # Rows of early versions do not say how many bytes of pixels belong to them.
    if str(pixels.stat().st_size).encode() != metadata.get(b"bytes"):
        return ""
    return str(metadata.get(b"key", b"").decode())
