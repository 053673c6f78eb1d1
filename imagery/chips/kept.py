"""Chips that stay good while others of their shard come and go: they are copied, not cut again.

Shards that have to be written again are set aside first. What is in them is told by the key of
each parcel; a killed run finds them where they were set aside.
"""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagery.chips.chip import chip_checksum
from imagery.chips.store import map_planes, shard_key
from imagery.errors import InputError
from imagery.parquet import DamagedTable, read_metadata, read_whole
from imagery.workspace import ChipFiles

CUT_KEY = "cut_key"
"""Column of a shard's rows: key of the parcel, see `imagery.chips.cut_keys`."""


class KeptPlace(NamedTuple):
    """Where a parcel's row and chip are, in a shard that was set aside."""

    rows: Path
    """The shard's rows; its pixels lie beside them."""
    number: int
    """Number of the row."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptRow:
    """A parcel that was cut before, from the same."""

    record: dict[str, object]
    """Its row then."""
    planes: tuple[NDArray[np.generic], ...]
    """What is stored: pixels and mask, (4, H, W); nothing where there is no chip."""


def set_aside(
    folder: Path, keep: Collection[str], *, wanted: Collection[str], recipe: str
) -> dict[str, KeptPlace]:
    """Move shards out of the way of those that are to be written.

    Args:
        folder: The `chips/` folder.
        keep: Stems of the shards that stay where they are, such as "shard_00003".
        wanted: Keys of the parcels that are wanted.
        recipe: What all chips depend on; nothing of another one is used.

    Returns:
        Where the parcels are that need not be cut, by key.
    """
    aside = ChipFiles(folder=folder).aside
    for rows in sorted(folder.glob("shard_*.parquet")):
        whole = shard_key(folder, int(rows.stem.partition("_")[2]))
        if rows.stem not in keep and whole:
            aside.mkdir(exist_ok=True)
            pixels = rows.with_suffix(".bin")
            pixels.replace(aside / f"{whole}.bin")
            rows.replace(aside / f"{whole}.parquet")

    places: dict[str, KeptPlace] = {}
    for rows in sorted(aside.glob("*.parquet")):
        found = {key: place for key, place in _places(rows, recipe) if key in wanted}
        if not found:
            rows.unlink()
            rows.with_suffix(".bin").unlink(missing_ok=True)
        places |= found
    return places


def remove_aside(folder: Path) -> None:
    """Remove the shards that were set aside."""
    shutil.rmtree(ChipFiles(folder=folder).aside, ignore_errors=True)


def read_kept(place: KeptPlace) -> KeptRow:
    """Read a parcel that need not be cut, and compare its chip with its checksum.

    Raises:
        InputError: it is damaged; then its shard is removed, so that the next run cuts it.
    """
    row = _read_rows(place.rows)[place.number]
    record = dict(row)  # the shard that takes it writes its own place into it
    if row["status"] != "chip":
        return KeptRow(record=record, planes=())

    pixels = place.rows.with_suffix(".bin")
    try:
        planes = map_planes(pixels, row["offset"], row["height"], row["width"])
    except (FileNotFoundError, ValueError) as error:
        raise _damaged(place) from error
    if chip_checksum(planes[:3], planes[3]) != row["chip_sha256"]:
        raise _damaged(place)
    return KeptRow(record=record, planes=(planes,))


def _damaged(place: KeptPlace) -> InputError:
    place.rows.unlink(missing_ok=True)
    return InputError(
        f"{place.rows}: a chip in it is damaged; start the same command again, which cuts it again"
    )


@lru_cache(maxsize=8)
def _read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a shard by column: numbers, texts and NaN."""
    try:
        rows = read_whole(path).to_dict("records")
    except DamagedTable as error:
        path.unlink()
        raise InputError(f"{error}; start the same command again, which cuts it again") from error
    return [{str(name): value for name, value in row.items()} for row in rows]


def _places(rows: Path, recipe: str) -> Iterator[tuple[str, KeptPlace]]:
    """Yield the keys of the parcels of a shard, and where they are."""
    try:
        is_ours = read_metadata(rows).get(b"recipe") == recipe.encode()
        table = read_whole(rows)
    except DamagedTable:
        return
    if is_ours:
        for number, key in enumerate(table[CUT_KEY]):
            yield key, KeptPlace(rows=rows, number=number)
