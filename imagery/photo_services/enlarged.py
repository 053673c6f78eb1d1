"""Whether a level only enlarges the one above it: then its pixels are no photo of their own.

Many tile caches go on below what was flown. Such a level looks blurred, and must not pass as
sharp. A tile that is an enlarged quarter of the tile above it is told by what it adds to it: next
to nothing, where a photo adds a good part of the detail that levels further up add to each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.photo_services.pictures import Pixels

LEAST_ADDED = 0.17
"""Share of the detail of coarser steps that a level of its own adds at least.

On photos of the demo city, as PNG and as JPEG, tiles with pixels of their own add 0.28 to 0.43 in
the median, enlarged by 1.3 they add 0.17 to 0.25, and enlarged by 2, 4 or 8 0.04 to 0.16."""
LEAST_DETAIL = 2.0
"""Detail above which a tile tells anything, gray levels."""
STEPS = 3
"""Levels above that of the tile above whose detail is compared."""
SAMPLES = 12
"""Tiles that are compared."""
_WAYS = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC)

Gray = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class TileAbove:
    """A tile, and the quarter of the tile above that shows the same ground."""

    tile: Pixels
    """The tile, (4, rows, columns)."""
    quarter: Pixels
    """The quarter, (4, rows / 2, columns / 2)."""


@dataclass(frozen=True, kw_only=True)
class OwnPixels:
    """What was found out about whether the pixels of a level are its own."""

    compared: int
    """Tiles that were compared with the level above."""
    added: float | None
    """Median of the shares of detail that they add to it; None where none tells."""
    taken_because: str = ""
    """Why the city takes an enlarged level for sharp all the same, in its own words."""

    @property
    def is_enlarged(self) -> bool:
        """Tell whether the tiles add next to nothing; False where none tells."""
        return self.added is not None and self.added < LEAST_ADDED

    @property
    def line(self) -> str:
        """Say that an enlarged level is taken for sharp, "" where none is."""
        if not (self.is_enlarged and self.taken_because):
            return ""
        return (
            f"taken as sharp although its tiles add {self.added:.2f} of detail to the level above, "
            f"want {LEAST_ADDED:g} (own_pixels in the city file: {self.taken_because!r})"
        )


def compare(pairs: Sequence[TileAbove]) -> OwnPixels:
    """Compare tiles with the level above."""
    shares = [share for share in map(added_share, pairs) if share is not None]
    added = round(float(np.median(shares)), 4) if shares else None
    return OwnPixels(compared=len(pairs), added=added)


def added_share(pair: TileAbove) -> float | None:
    """Return the detail that a tile adds, as a share of the most that a coarser step adds.

    The steps reach three levels up, so that a tile that is enlarged by eight is told too. None
    where a tile has no photo everywhere, or nothing to see.
    """
    if not (pair.tile[3].all() and pair.quarter[3].all()):
        return None
    quarter = _gray(pair.quarter)
    details = []
    fine = quarter
    for _ in range(STEPS):
        size = (fine.shape[1] // 2, fine.shape[0] // 2)
        coarse = np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.float32)
        details.append(_least_difference(fine, coarse))
        fine = coarse
    detail = max(details)
    if detail < LEAST_DETAIL:
        return None
    return _least_difference(_gray(pair.tile), quarter) / detail


def _least_difference(fine: Gray, coarse: Gray) -> float:
    """Return the RMS by which a picture differs from a coarser one, enlarged the best way."""
    size = (fine.shape[1], fine.shape[0])
    enlarged = [cv2.resize(coarse, size, interpolation=way) for way in _WAYS]
    return min(float(np.sqrt(np.mean((fine - each) ** 2))) for each in enlarged)


def _gray(pixels: Pixels) -> Gray:
    return np.asarray(pixels[:3].mean(axis=0), np.float32)
