"""Copies of chips in other light, from which a head learns to look past sun, haze, color and focus of one flyover."""

import hashlib

import cv2
import numpy as np
from numpy.typing import NDArray

GAMMA, GAIN = 0.4, 0.15
"""Largest logarithm of the exponent of brightness, and of the gain of each color."""
LIFT, BLUR_PX = (-0.05, 0.1), (0.3, 1.2)
"""Range of what is added to brightness (haze), as a share of white, and of the blur."""
CONTRAST = 0.85


def relight(pixels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Return a chip (3, H, W) in other light: exponent, color cast, haze and blur drawn from `seed`; unknown pixels stay 0."""
    rng = np.random.default_rng(seed)
    exponent, gains, lift = (
        np.exp(rng.uniform(-GAMMA, GAMMA)),
        np.exp(rng.uniform(-GAIN, GAIN, 3)),
        rng.uniform(*LIFT),
    )
    levels = np.linspace(0, 1, 256)[:, None] ** exponent * gains * CONTRAST + lift
    table = np.ascontiguousarray(
        np.clip(levels * 255, 1, 255).astype(np.uint8)[None]
    )  # 0 would mean that there is no imagery
    lit = cv2.GaussianBlur(
        cv2.LUT(np.ascontiguousarray(pixels.transpose(1, 2, 0)), table),
        (0, 0),
        rng.uniform(*BLUR_PX),
    )
    return np.ascontiguousarray(np.asarray(lit, np.uint8).transpose(2, 0, 1)) * pixels.any(axis=0)


def light_seed(parcel_id: str) -> int:
    """Return the seed of a parcel's copy, the same in every run."""
    return int.from_bytes(hashlib.sha256(parcel_id.encode()).digest()[:8], "big")
