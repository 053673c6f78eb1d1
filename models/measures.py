"""A dozen named measures of a roof: what a person could point at in the photo.

They are the second rung of the ladder of models.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.boxes import PixelBox
from imagery.chips.store import StoredChip
from models.preprocess import roof_box

DARK = 60
"""Gray level at and below which a pixel counts as dark."""
BRIGHT = 200
"""Gray level at and above which a pixel counts as bright."""
TENSOR_PX = 2.0
"""Standard deviation of the neighborhood of the structure tensor, pixels."""
REACH_PX = 10
"""How far beyond a roof its edges depend on: the blur's radius is four standard deviations."""
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
    whole = cv2.cvtColor(cv2.merge(list(chip.pixels)), cv2.COLOR_RGB2GRAY)
    around = whole[chip.known & ~chip.mask]

    # Nothing else reaches farther beyond the roof than the edges' neighborhood.
    near = roof_box(chip.mask).grown(REACH_PX).overlap(PixelBox.whole(*chip.mask.shape))
    mask = chip.mask[near.slices]
    gray = whole[near.slices].astype(np.float32)
    inside = gray[mask]
    yield float((inside <= DARK).mean())
    yield float((inside >= BRIGHT).mean())
    yield float(inside.mean())
    yield float(inside.std())

    yield from _colors([band[near.slices][mask] for band in chip.pixels], inside)
    yield from _edges(gray, mask)
    yield float(inside.mean() - around.mean()) if around.size else 0.0


def _colors(roof: Sequence[NDArray[np.uint8]], gray: Gray) -> Iterator[float]:
    """Yield saturation, warmth, greenness and spread of the colors of a roof.

    Args:
        roof: Red, green and blue, (n,) each.
        gray: Gray levels of the same pixels, (n,).
    """
    red, green, blue = roof
    strongest = np.maximum(np.maximum(red, green), blue)
    weakest = np.minimum(np.minimum(red, green), blue)
    saturation = (strongest - weakest) / np.maximum(strongest, 1).astype(np.float32)
    yield float(saturation.mean())

    yield float(red.mean() - blue.mean())
    yield float(green.mean() - (red.mean() + blue.mean()) / 2)
    yield float(np.stack([band - gray for band in roof]).std())


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
