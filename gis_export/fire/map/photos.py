"""The photos on a card: this year's chip and the last one's, turned as the map is, north up."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image

from imagery.chips.picture import outlined
from imagery.chips.store import GRID_COLUMNS, ChipStore, StoredChip

A_FOLDER = 1000
"""Photos in one folder: file systems of memory sticks slow down with many, and FAT has a limit."""
NO_PHOTO = "0"
LONG_SIDE_ACROSS = "1"
NORTH_UP = "2"
_QUALITY = 72
_LONGEST_PX = 480
_ACROSS_AT_MOST = 0.7
"""Chips that are shrunk more than this are shrunk before they are turned."""


@dataclass(frozen=True, kw_only=True)
class NorthUp:
    """The picture of a card: a box of ground with north up."""

    transform: Affine
    """From its (column, row) to the metric CRS of the chips."""
    height: int
    """Rows."""
    width: int
    """Columns."""


def photo_name(row: int) -> str:
    """Return the place of a row's photo under chips/."""
    return f"{row // A_FOLDER}/{row}.webp"


def write_photos(
    chips: ChipStore | None,
    parcel_ids: list[str],
    folder: Path,
    *,
    frames: ChipStore | None = None,
) -> str:
    """Write a WebP photo for every parcel that has a chip.

    Args:
        chips: The chips of a year.
        parcel_ids: The parcels, one a row.
        folder: Where to write.
        frames: The chips whose ground is shown; those of `chips` itself where None.

    Returns:
        A letter for each parcel: `NO_PHOTO`, `LONG_SIDE_ACROSS` or `NORTH_UP`.
    """
    if chips is None:
        return NO_PHOTO * len(parcel_ids)

    paths = [folder / photo_name(row) for row in range(len(parcel_ids))]
    for subfolder in dict.fromkeys(path.parent for path in paths):
        subfolder.mkdir(parents=True)

    write = partial(_write_photo, chips, frames or chips)
    # Threads are enough: Python's lock is released while a photo is encoded.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return "".join(pool.map(write, parcel_ids, paths))


def _write_photo(chips: ChipStore, frames: ChipStore, parcel_id: str, path: Path) -> str:
    """Write the photo of a parcel; return how it is turned."""
    chip = chips.read(parcel_id)
    grid = _grid_of(chips, parcel_id)
    frame = _frame_of(frames, parcel_id)
    is_other_year = frames is not chips
    if chip is None or (is_other_year and (grid is None or frame is None)):
        return NO_PHOTO

    if grid is None or frame is None:
        picture = _shrink(chip)
    else:
        picture = _turn(chip, grid, frame)
    Image.fromarray(picture).save(path, "WEBP", quality=_QUALITY, method=1)
    return LONG_SIDE_ACROSS if grid is None or frame is None else NORTH_UP


def _grid_of(chips: ChipStore, parcel_id: str) -> Affine | None:
    """Return the affine of a chip, pixels to meters; None where the store does not tell."""
    number = chips.rows.get(parcel_id)
    if number is None or not set(GRID_COLUMNS) <= set(chips.manifest.columns):
        return None

    row = chips.manifest.iloc[number]
    values = [float(row[name]) for name in GRID_COLUMNS]
    return Affine(*values) if np.isfinite(values).all() else None


def _frame_of(chips: ChipStore, parcel_id: str) -> NorthUp | None:
    """Return the picture around a chip, with north up."""
    grid = _grid_of(chips, parcel_id)
    place = chips.place(parcel_id)
    if grid is None or place is None:
        return None

    corners = ((0, 0), (place.width, 0), (0, place.height), (place.width, place.height))
    xs, ys = np.array([grid * corner for corner in corners]).T
    gsd_m = max(float(np.hypot(grid.a, grid.d)), float(max(np.ptp(xs), np.ptp(ys))) / _LONGEST_PX)
    return NorthUp(
        transform=Affine(gsd_m, 0.0, float(xs.min()), 0.0, -gsd_m, float(ys.max())),
        height=max(1, round(float(np.ptp(ys)) / gsd_m)),
        width=max(1, round(float(np.ptp(xs)) / gsd_m)),
    )


def _turn(chip: StoredChip, grid: Affine, frame: NorthUp) -> NDArray[np.uint8]:
    """Return a chip turned into a picture with the outline of its parcel, (h, w, 3)."""
    pixels = np.asarray(cv2.merge(list(chip.pixels)), np.uint8)
    mask = chip.mask.astype(np.uint8)
    scale = float(np.hypot(grid.a, grid.d)) / frame.transform.a
    if scale < _ACROSS_AT_MOST:
        pixels, mask = _resize(pixels, mask, scale)
        height, width = mask.shape
        grid = grid @ Affine.scale(chip.mask.shape[1] / width, chip.mask.shape[0] / height)

    # OpenCV counts from the middle of a pixel.
    half = Affine.translation(0.5, 0.5)
    to_chip = ~half @ ~grid @ frame.transform @ half
    matrix = np.array(to_chip[:6], dtype=np.float64).reshape(2, 3)
    size = (frame.width, frame.height)
    nearest = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    linear = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = np.asarray(cv2.warpAffine(pixels, matrix, size, flags=linear), np.uint8)
    inside = cv2.warpAffine(mask, matrix, size, flags=nearest) > 0
    return outlined(turned, np.asarray(inside, np.bool_))


def _shrink(chip: StoredChip) -> NDArray[np.uint8]:
    """Return a chip with the outline of its parcel, (h, w, 3), at most `_LONGEST_PX` long."""
    pixels = np.moveaxis(chip.pixels, 0, -1)
    mask = chip.mask.astype(np.uint8)
    scale = _LONGEST_PX / max(mask.shape)
    if scale < 1:
        pixels, mask = _resize(pixels, mask, scale)
    return outlined(pixels, mask > 0)


def _resize(
    pixels: NDArray[np.uint8], mask: NDArray[np.uint8], scale: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return pixels (h, w, 3) and mask (h, w) at a smaller scale."""
    height, width = mask.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    small_mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return small, small_mask
