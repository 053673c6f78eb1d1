"""The surface inside a roof's outline: its tint and how much stands out of it.

Grass and soil have less blue than roofs, and no edges. Both are only told against the roofs of
the same flyover (see `imagery.chips.bare_lots`), so that white balance and haze do not matter.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SCALE = 45.0
"""Steps of a byte per unit of the natural logarithm of brightness."""
FLOOR = 6.0
"""Added to gray levels before the logarithm, so that noise in black does not count."""
LOGARITHM = np.rint(SCALE * np.log(np.arange(256) + FLOOR)).astype(np.uint8)
"""Gray level to logarithm."""
TINT = np.array([(1, -1, 0, 0, 128), (0, -1, 1, 0, 128)], np.float64)
"""From the logarithms of RGBX to those of red and blue against green, around 128."""
WALL_PX = 3
"""Pixels, of half the resolution, that the outline is drawn in: neighbors' walls lie there."""
SHADE = 55
"""Gray level up to which a tint cannot be told."""
LEAST_LIT = 0.1
"""Share of a roof that must be brighter; otherwise all of it is looked at."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What is seen inside the outline, away from its walls."""

    lit_share: float = 0.0
    """Share brighter than `SHADE`."""
    tint_red: float = 0.0
    """Median logarithm of red over green, of what is lit."""
    tint_blue: float = 0.0
    """Median logarithm of blue over green, of what is lit."""
    relief: float = 0.0
    """Median step of the logarithm of brightness from pixel to pixel: edges, rubble, fixtures."""


def measure_surface(pixels: Bytes, shown: Bytes) -> Surface:
    """Measure the surface of a roof.

    Args:
        pixels: RGBX of the box around the roof, (h, w, 4).
        shown: The roof with data, above 0 inside, (h, w).
    """
    if min(shown.shape) < 2:
        return Surface()

    # Halves of an even box are means of four pixels, which is quick.
    height, width = (side // 2 * 2 for side in shown.shape)
    size = (width // 2, height // 2)
    box = pixels[:height, :width]
    small = np.asarray(cv2.resize(box, size, interpolation=cv2.INTER_AREA), np.uint8)
    inside = _draw_in(np.ascontiguousarray(shown[:height:2, :width:2]))
    count = cv2.countNonZero(inside)
    if not count:
        return Surface()

    gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGBA2GRAY), np.uint8)
    lit = cv2.bitwise_and(inside, (gray > SHADE).view(np.uint8))
    lit_share = cv2.countNonZero(lit) / count
    told = np.asarray(lit if lit_share >= LEAST_LIT else inside, np.uint8)

    tints = cv2.transform(cv2.LUT(small, LOGARITHM), TINT)
    return Surface(
        lit_share=lit_share,
        tint_red=(_median(tints, 0, told) - 128) / SCALE,
        tint_blue=(_median(tints, 1, told) - 128) / SCALE,
        relief=_median(_steps(gray), 0, inside) / SCALE,
    )


def _draw_in(roof: Bytes) -> Bytes:
    """Return the roof without a strip along its outline; a narrow one is left whole."""
    side = 2 * WALL_PX + 1
    kernel = np.ones((side, side), np.uint8)
    inner = cv2.erode(roof, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    is_narrow = cv2.countNonZero(inner) < 0.2 * cv2.countNonZero(roof)
    return roof if is_narrow else np.asarray(inner, np.uint8)


def _steps(gray: Bytes) -> Bytes:
    """Return the steps of the logarithm of brightness from pixel to pixel, (h, w)."""
    logarithm = cv2.LUT(gray, LOGARITHM)
    across = cv2.convertScaleAbs(cv2.Sobel(logarithm, cv2.CV_16S, 1, 0))
    down = cv2.convertScaleAbs(cv2.Sobel(logarithm, cv2.CV_16S, 0, 1))
    return np.asarray(cv2.add(across, down), np.uint8)


def _median(values: NDArray[np.generic], channel: int, mask: Bytes) -> float:
    """Return the median of bytes under a mask, between the steps of a byte."""
    counts = cv2.calcHist([np.asarray(values, np.uint8)], [channel], mask, [256], [0, 256])
    below = np.cumsum(counts.ravel())
    half = below[-1] / 2
    step = int(np.searchsorted(below, half))
    before = float(below[step - 1]) if step else 0.0
    return step - 0.5 + (float(half) - before) / float(below[step] - before)
