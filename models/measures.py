"""A dozen named measures of a roof: what a person could point at in the photo.

They are the second rung of the ladder of models.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.chips.store import StoredChip

DARK = 60
"""Gray level at and below which a pixel counts as dark."""
BRIGHT = 200
"""Gray level at and above which a pixel counts as bright."""
TENSOR_PX = 2.0
"""Standard deviation of the neighborhood of the structure tensor, pixels."""
MEASURES = (
    "dark_share",
    "bright_share",
    "brightness",
    "contrast",
    "saturation",
    "warmth",
    "greenness",
    "color_spread",
    "edge_density",
    "edge_spread",
    "fine_texture",
    "disorder",
    "contrast_to_ground",
)
"""Names of the measures, in the order of `roof_measures`."""
Gray = NDArray[np.float32]
Mask = NDArray[np.bool_]


def roof_measures(chip: StoredChip) -> NDArray[np.float32]:
    """Measure a roof inside its outline.

    Brightness, contrast and edges are in gray levels; shares, saturation and disorder are between
    0 and 1. `fine_texture` is the logarithm of the variance of the Laplacian.

    `disorder` is one minus the coherence of the structure tensor (Bigün and Granlund, 1987),
    weighted by its trace: a roof of straight lines has little, rubble has much.

    Returns:
        `MEASURES`, float32 (13,).
    """
    return np.fromiter(_measure(chip), np.float32, count=len(MEASURES))


def _measure(chip: StoredChip) -> Iterator[float]:
    """Yield the measures in their order."""
    mask = chip.mask
    pixels = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)

    inside = gray[mask]
    yield float((inside <= DARK).mean())
    yield float((inside >= BRIGHT).mean())
    yield float(inside.mean())
    yield float(inside.std())

    yield from _colors(pixels[mask].astype(np.float32), inside)
    yield from _edges(gray, mask)

    ground = gray[~mask & pixels.any(axis=2)]
    yield float(inside.mean() - ground.mean()) if ground.size else 0.0


def _colors(roof: NDArray[np.float32], gray: Gray) -> Iterator[float]:
    """Yield saturation, warmth, greenness and spread of the colors of a roof.

    Args:
        roof: RGB, (n, 3).
        gray: Gray levels of the same pixels, (n,).
    """
    strongest = roof.max(axis=1)
    saturation = (strongest - roof.min(axis=1)) / np.maximum(strongest, 1)
    yield float(saturation.mean())

    red, green, blue = roof.mean(axis=0)
    yield float(red - blue)
    yield float(green - (red + blue) / 2)
    yield float((roof - gray[:, None]).std())


def _edges(gray: Gray, mask: Mask) -> Iterator[float]:
    """Yield mean and spread of the gradient, fine texture and disorder inside the mask."""
    dx = cv2.Sobel(gray, cv2.CV_32F, 1, 0, scale=0.125)
    dy = cv2.Sobel(gray, cv2.CV_32F, 0, 1, scale=0.125)
    strength = np.hypot(dx, dy)[mask]
    yield float(strength.mean())
    yield float(strength.std())

    laplacian = cv2.Laplacian(gray, cv2.CV_32F)[mask]
    yield float(np.log1p(laplacian.var()))

    # The structure tensor: products of the gradient, averaged over a neighborhood.
    xx = cv2.GaussianBlur(dx * dx, (0, 0), TENSOR_PX)[mask]
    yy = cv2.GaussianBlur(dy * dy, (0, 0), TENSOR_PX)[mask]
    xy = cv2.GaussianBlur(dx * dy, (0, 0), TENSOR_PX)[mask]
    trace = xx + yy
    coherent = np.hypot(xx - yy, 2 * xy)
    yield float(1 - coherent.sum() / max(float(trace.sum()), 1e-6))
