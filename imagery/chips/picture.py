"""A chip as people see it: the photo with the outline of the parcel."""

import cv2
import numpy as np
from numpy.typing import NDArray

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def outlined(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Draw the outline of the parcel just outside its edge, white around black.

    It shows on any roof and hides none of it.

    Args:
        pixels: (H, W, 3), RGB.
        mask: (H, W), true inside the parcel.
    """
    black_edge = _grow(mask)
    white_edge = _grow(black_edge)

    picture = pixels.copy()
    picture[black_edge & ~mask] = 0
    picture[white_edge & ~black_edge] = 255
    return picture


def _grow(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask with one more pixel on every side."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _CROSS), np.bool_)
