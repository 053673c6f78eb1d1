"""The photo on a card: this year's chip with the outline of the parcel."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagery.chips.picture import outlined
from imagery.chips.store import ChipStore, StoredChip

A_FOLDER = 1000
"""Photos in one folder: file systems of memory sticks slow down with many, and FAT has a limit."""
_QUALITY = 72
_LONGEST_PX = 480


def photo_name(row: int) -> str:
    """Return the place of a row's photo under chips/."""
    return f"{row // A_FOLDER}/{row}.webp"


def write_photos(chips: ChipStore | None, parcel_ids: list[str], folder: Path) -> list[bool]:
    """Write a WebP photo for every parcel that has a chip; return which have one."""
    if chips is None:
        return [False] * len(parcel_ids)

    paths = [folder / photo_name(row) for row in range(len(parcel_ids))]
    for subfolder in dict.fromkeys(path.parent for path in paths):
        subfolder.mkdir(parents=True)

    stores = [chips] * len(parcel_ids)
    # Threads are enough: Python's lock is released while a photo is encoded.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(_write_photo, stores, parcel_ids, paths))


def _write_photo(chips: ChipStore, parcel_id: str, path: Path) -> bool:
    """Write the photo of a parcel; return whether it has one."""
    chip = chips.read(parcel_id)
    if chip is None:
        return False

    Image.fromarray(_draw_photo(chip)).save(path, "WEBP", quality=_QUALITY, method=1)
    return True


def _draw_photo(chip: StoredChip) -> NDArray[np.uint8]:
    """Return a chip with the outline of its parcel, (h, w, 3), at most `_LONGEST_PX` long."""
    pixels = np.moveaxis(chip.pixels, 0, -1)
    mask = chip.mask
    height, width = mask.shape

    scale = _LONGEST_PX / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return outlined(pixels, mask)
