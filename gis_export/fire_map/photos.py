"""The photo on a card: this year's chip with the outline of the parcel."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagery.store import ChipStore

_QUALITY = 78
_LONGEST_PX = 480


def write_photos(chips: ChipStore | None, parcel_ids: list[str], folder: Path) -> list[bool]:
    """Write chips/<row>.webp for every parcel that has a chip; return which have one."""
    if chips is None:
        return [False] * len(parcel_ids)
    folder.mkdir()
    return [_write_photo(chips, parcel, folder / f"{row}.webp") for row, parcel in enumerate(parcel_ids)]


def _write_photo(chips: ChipStore, parcel_id: str, path: Path) -> bool:
    chip = chips.read(parcel_id)
    if chip is None:
        return False
    image = Image.fromarray(outlined(np.moveaxis(chip.pixels, 0, -1), chip.mask))
    image.thumbnail((_LONGEST_PX, _LONGEST_PX))
    image.save(path, "WEBP", quality=_QUALITY, method=2)
    return True


def outlined(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Draw the parcel just outside its edge, white around black, so that it shows on any roof and hides none of it.

    Args:
        pixels: (H, W, 3), RGB.
        mask: (H, W), true inside the parcel.
    """
    inner = _grown(mask)
    outer = _grown(inner)
    out = pixels.copy()
    out[inner & ~mask] = 0
    out[outer & ~inner] = 255
    return out


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(mask, 1)
    grown = padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return grown.astype(np.bool_)
