"""Flat fills: areas of one value that nothing declares as missing, and that no camera gives."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.flyover.pixels import DATA, Pixels

FLAT_PX = 9
"""Side of the smallest square that counts as flat, pixels of the tile; JPEG blocks have 8."""
GRAIN = 1
"""Gray levels by which values inside such a square may differ, as 254 and 255 in JPEG."""
STEP_PX = 3
"""Step of the sample that shows whether there may be a flat square: each holds three by three."""
WIDE = 0.25
"""Share of all that is seen from which a flat area is a blank, whatever its shape."""
LEAST_WIDE = 0.05
"""Share of all that is seen from which a box, or what goes on beyond the edge, is a collar."""
BOX = 0.85
"""Share of the box around it that an area fills when it was cut by a machine."""
EDGE = 0.15
"""Share of the edge of all that is seen which a collar takes up."""
MOST_BLOWN = 0.5
"""Share of a roof from which flat areas of any shape leave nothing to judge."""
LEAST_BOX = 0.25
"""Share of a roof from which flat boxes are a fill; a window or a panel is smaller."""
BLOWN_FILL = 1
BOX_FILL = 2
WIDE_FILL = 3

Fills = NDArray[np.uint8]
"""`BLOWN_FILL`, `BOX_FILL` or `WIDE_FILL` where pixels lie in a flat area, 0 elsewhere, (h, w)."""


def find_fills(pixels: Pixels) -> Fills | None:
    """Find where pixels have one value over squares of `FLAT_PX`.

    Args:
        pixels: RGBX as they lie in the tiles, (h, w, 4).

    Returns:
        The flat areas, None where there is none.
    """
    if not _may_be_flat(pixels):
        return None

    is_flat = cv2.dilate(_flat(pixels, FLAT_PX), np.ones((FLAT_PX, FLAT_PX), np.uint8))
    is_flat[pixels[..., 3] != DATA] = 0
    if not cv2.countNonZero(is_flat):
        return None

    _, found, facts, _ = cv2.connectedComponentsWithStats(is_flat, connectivity=4)
    labels = np.asarray(found, np.int32)
    area = facts[:, cv2.CC_STAT_AREA]
    box = facts[:, cv2.CC_STAT_WIDTH] * facts[:, cv2.CC_STAT_HEIGHT]
    is_box = area >= BOX * box
    reaches_out = _edge_shares(labels) >= EDGE
    is_large = area >= LEAST_WIDE * labels.size
    is_wide = (area >= WIDE * labels.size) | (is_large & (is_box | reaches_out))

    kinds = np.where(is_box, BOX_FILL, BLOWN_FILL).astype(np.uint8)
    kinds[is_wide] = WIDE_FILL
    kinds[0] = 0
    return np.asarray(kinds[labels], np.uint8)


def filled_share(fills: NDArray[np.uint8]) -> float:
    """Return the share of a roof that shows a fill, from the values of its pixels (n,)."""
    any_share = float((fills > 0).mean())
    if any_share >= MOST_BLOWN:
        return any_share

    box_share = float((fills >= BOX_FILL).mean())
    return box_share if box_share >= LEAST_BOX else float((fills == WIDE_FILL).mean())


def _edge_shares(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return which share of the edge of a picture each label takes up, (labels,)."""
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.bincount(edge, minlength=int(labels.max()) + 1) / edge.size


def _may_be_flat(pixels: Pixels) -> bool:
    """Tell whether there may be a flat square: first by a sparse sample, then by all of green.

    One band of the sample is a thirty-sixth of all four bands.
    """
    sample = np.ascontiguousarray(pixels[::STEP_PX, ::STEP_PX, 1])
    if not _has_flat_square(sample, FLAT_PX // STEP_PX):
        return False
    return _has_flat_square(cv2.extractChannel(pixels, 1), FLAT_PX)


def _has_flat_square(values: cv2.typing.MatLike, side_px: int) -> bool:
    """Tell whether one band (h, w) is flat over a square."""
    square = np.ones((side_px, side_px), np.uint8)
    spread = cv2.subtract(cv2.dilate(values, square), cv2.erode(values, square))
    return bool(cv2.minMaxLoc(spread)[0] <= GRAIN)


def _flat(pixels: Pixels, side_px: int) -> Fills:
    """Return 255 where the square around a pixel has one value, (h, w)."""
    square = np.ones((side_px, side_px), np.uint8)
    spread = cv2.subtract(cv2.dilate(pixels, square), cv2.erode(pixels, square))
    return np.asarray(cv2.inRange(spread, (0, 0, 0, 0), (GRAIN, GRAIN, GRAIN, 255)), np.uint8)
