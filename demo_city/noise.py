"""Seeded random streams, and ready-made fractal noise.

Noise is cut from a picture that is made once, so that painting a roof costs a crop and no FFT.
"""

from functools import lru_cache
from typing import Literal
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float32]
Grain = Literal["cloud", "rough", "white"]

ATLAS_PX = 1024
SPECTRAL_SLOPE: dict[Grain, float] = {"cloud": 1.7, "rough": 1.0, "white": 0.0}


def stream(seed: int, purpose: str, *keys: int) -> np.random.Generator:
    """Return the generator of one purpose and place, independent of all earlier draws."""
    return np.random.default_rng([seed, crc32(purpose.encode()), *keys])


@lru_cache(maxsize=3)
def atlas(grain: Grain) -> FloatImage:
    """Return a seamless square of noise, repeated twice each way; mean 0, deviation 1."""
    rng = stream(0, f"atlas-{grain}")
    spectrum = np.fft.rfft2(rng.standard_normal((ATLAS_PX, ATLAS_PX)))

    radius = np.hypot(np.fft.fftfreq(ATLAS_PX)[:, None], np.fft.rfftfreq(ATLAS_PX)[None, :])
    radius[0, 0] = 1.0
    spectrum *= radius ** -SPECTRAL_SLOPE[grain]
    spectrum[0, 0] = 0.0

    field = np.fft.irfft2(spectrum, s=(ATLAS_PX, ATLAS_PX))
    return np.tile((field / field.std()).astype(np.float32), (2, 2))


def sample(
    rng: np.random.Generator,
    grain: Grain,
    shape: tuple[int, int],
    *,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> FloatImage:
    """Cut a random piece of noise of `shape` (height, width), enlarged by `stretch` (y, x)."""
    height = max(2, round(shape[0] / stretch[0]))
    width = max(2, round(shape[1] / stretch[1]))
    y = rng.integers(0, 2 * ATLAS_PX - height)
    x = rng.integers(0, 2 * ATLAS_PX - width)

    piece = atlas(grain)[y : y + height, x : x + width]
    if (height, width) == shape:
        return piece.copy()

    enlarged = cv2.resize(piece, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged, dtype=np.float32)


def sample_at(grain: Grain, origin_xy: tuple[int, int], shape: tuple[int, int]) -> FloatImage:
    """Cut the noise of a fixed place, so that neighbors continue each other."""
    columns = (origin_xy[0] + np.arange(shape[1])) % ATLAS_PX
    rows = (origin_xy[1] + np.arange(shape[0])) % ATLAS_PX
    return atlas(grain)[np.ix_(rows, columns)]


def unit(field: FloatImage) -> FloatImage:
    """Rescale a piece of noise to mean 0 and standard deviation 1."""
    return np.asarray((field - field.mean()) / (field.std() + 1e-6), dtype=np.float32)
