"""From chip to network input, in one place for training and scoring."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.store import StoredChip
from models.spec import ModelSpec

GREY = 127
"""Grey level outside the outline in the third view."""


def chip_views(chip: StoredChip, spec: ModelSpec) -> NDArray[np.uint8]:
    """Return the views of one chip, uint8 (3 views, 3, P, P), in the order of `models.spec.VIEWS`: context, roof crop, roof crop with grey outside the outline."""
    pixels = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))
    if spec.stretch:
        low, high = np.percentile(pixels, (1, 99))
        pixels = np.clip((pixels - low) * (255.0 / max(high - low, 1.0)), 0, 255).astype(np.uint8)
    rows, columns = np.flatnonzero(chip.mask.any(axis=1)), np.flatnonzero(chip.mask.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    roof = pixels[box]
    grey = np.where(chip.mask[box][..., None], roof, np.uint8(GREY))
    views = np.stack([_square(view, spec.input_px) for view in (pixels, roof, grey)])
    return np.ascontiguousarray(views.transpose(0, 3, 1, 2))


def _square(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize (H, W, 3) to (side, side, 3)."""
    shrinking = pixels.shape[0] > side and pixels.shape[1] > side
    resized = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)
