"""Copies of chips in other light.

From them a head learns to look past the sun, haze, color and focus of one flyover.
"""

import hashlib

import cv2
import numpy as np
from numpy.typing import NDArray

GAMMA = 0.4
"""Largest logarithm of the exponent of brightness."""
GAIN = 0.15
"""Largest logarithm of the gain of each color."""
LIFT = (-0.05, 0.1)
"""Range of what is added to brightness (haze), as a share of white."""
BLUR_PX = (0.3, 1.2)
"""Range of the standard deviation of the blur, pixels."""
CONTRAST = 0.85


def relight(pixels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Return a chip in other light: exponent, color cast, haze and blur.

    Args:
        pixels: RGB, (3, H, W); unknown pixels are 0 and stay 0.
        seed: What is drawn depends on it alone.
    """
    rng = np.random.default_rng(seed)
    exponent = np.exp(rng.uniform(-GAMMA, GAMMA))
    gains = np.exp(rng.uniform(-GAIN, GAIN, 3))
    lift = rng.uniform(*LIFT)
    blur_px = rng.uniform(*BLUR_PX)

    levels = np.linspace(0, 1, 256)[:, None] ** exponent * gains * CONTRAST + lift
    # 0 would mean that there is no imagery.
    table = np.clip(levels * 255, 1, 255).astype(np.uint8)

    image = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    lit = cv2.LUT(image, np.ascontiguousarray(table[None]))
    blurred = np.asarray(cv2.GaussianBlur(lit, (0, 0), blur_px), np.uint8)
    return np.ascontiguousarray(blurred.transpose(2, 0, 1)) * pixels.any(axis=0)


def light_seed(parcel_id: str) -> int:
    """Return the seed of a parcel's copy, the same in every run."""
    return int.from_bytes(hashlib.sha256(parcel_id.encode()).digest()[:8], "big")
