"""The chip: a parcel seen from above."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagery.chips.affine import Affine6
from imagery.chips.quality import Quality


@dataclass(frozen=True, kw_only=True, eq=False)
class Chip:
    """A parcel seen from above."""

    parcel_id: str
    """Raw parcel id."""
    year: int
    """Year of the flyover."""
    pixels: NDArray[np.uint8]
    """RGB, (3, H, W)."""
    mask: NDArray[np.bool_]
    """Inside of the parcel (and footprint), (H, W)."""
    transform: Affine6
    """Affine a..f from (column, row) to the metric CRS."""
    crs: str
    """The metric CRS."""
    gsd_m: float
    """Meters per pixel."""
    quality: Quality
    """Measures inside the mask."""

    @property
    def sha256(self) -> str:
        """Return the checksum of its size, pixels and mask."""
        return chip_checksum(self.pixels, self.mask.view(np.uint8))

    def __post_init__(self) -> None:
        """Check shapes and types."""
        if self.pixels.dtype != np.uint8 or self.pixels.shape != (3, *self.mask.shape):
            raise ValueError(
                f"chip {self.parcel_id}: pixels {self.pixels.dtype} {self.pixels.shape}, "
                f"mask {self.mask.shape}; want uint8 (3, H, W) and (H, W)"
            )


def chip_checksum(pixels: NDArray[np.uint8], mask: NDArray[np.uint8]) -> str:
    """Return the sha256 of a chip's size, pixels (3, H, W) and mask (H, W), 1 inside."""
    height, width = mask.shape
    digest = hashlib.sha256(f"{height} {width} ".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    digest.update(np.ascontiguousarray(mask).data)
    return digest.hexdigest()
