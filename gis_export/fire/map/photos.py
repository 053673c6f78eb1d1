"""The photo on a card: this year's chip with the outline of the parcel."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from imagery.chips.picture import outlined
from imagery.chips.store import ChipStore

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
    for part in range(-(-len(parcel_ids) // A_FOLDER)):
        (folder / str(part)).mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # encoding lets go of Python's lock
        return list(
            pool.map(
                lambda row: _write_photo(chips, parcel_ids[row], folder / photo_name(row)),
                range(len(parcel_ids)),
            )
        )


def _write_photo(chips: ChipStore, parcel_id: str, path: Path) -> bool:
    chip = chips.read(parcel_id)
    if chip is None:
        return False
    pixels, mask = np.moveaxis(chip.pixels, 0, -1), chip.mask
    shrink = _LONGEST_PX / max(mask.shape)
    if shrink < 1:
        size = max(1, round(mask.shape[1] * shrink)), max(1, round(mask.shape[0] * shrink))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    Image.fromarray(outlined(pixels, mask)).save(path, "WEBP", quality=_QUALITY, method=1)
    return True
