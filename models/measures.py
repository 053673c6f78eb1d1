"""A dozen named measures of a roof: what a person could point at in the photo. The second rung of the ladder of models."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.chips.store import StoredChip

DARK = 60
"""Gray level at and below which a pixel counts as dark."""
BRIGHT = 200
"""Gray level at and above which a pixel counts as bright."""
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


def roof_measures(chip: StoredChip) -> NDArray[np.float32]:
    """Measure a roof inside its outline.

    Brightness, contrast and edges are in gray levels; shares, saturation and disorder lie between 0 and 1. `disorder` is one
    minus the coherence of the structure tensor (Bigün and Granlund, 1987), weighted by its trace: a roof of straight lines has
    little, rubble has much. `fine_texture` is the logarithm of the variance of the Laplacian.

    Returns:
        `MEASURES`, float32 (13,).
    """
    return np.fromiter(_measure(chip), np.float32, count=len(MEASURES))


def _measure(chip: StoredChip) -> Iterator[float]:
    pixels, mask = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0)), chip.mask
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    roof, inside = pixels[mask].astype(np.float32), gray[mask]
    red, green, blue = roof.mean(axis=0)
    yield float((inside <= DARK).mean())
    yield float((inside >= BRIGHT).mean())
    yield float(inside.mean())
    yield float(inside.std())
    yield float(((roof.max(axis=1) - roof.min(axis=1)) / np.maximum(roof.max(axis=1), 1)).mean())
    yield float(red - blue)
    yield float(green - (red + blue) / 2)
    yield float((roof - inside[:, None]).std())
    yield from _edges(gray, mask)
    ground = gray[~mask & pixels.any(axis=2)]
    yield float(inside.mean() - ground.mean()) if ground.size else 0.0


def _edges(gray: NDArray[np.float32], mask: NDArray[np.bool_]) -> Iterator[float]:
    """Yield mean and spread of the gradient, fine texture and disorder inside the mask."""
    dx, dy = (
        cv2.Sobel(gray, cv2.CV_32F, 1, 0, scale=0.125),
        cv2.Sobel(gray, cv2.CV_32F, 0, 1, scale=0.125),
    )
    strength = np.hypot(dx, dy)[mask]
    yield float(strength.mean())
    yield float(strength.std())
    yield float(np.log1p(cv2.Laplacian(gray, cv2.CV_32F)[mask].var()))
    xx, yy, xy = (cv2.GaussianBlur(part, (0, 0), 2.0)[mask] for part in (dx * dx, dy * dy, dx * dy))
    trace, coherent = xx + yy, np.hypot(xx - yy, 2 * xy)
    yield float(1 - coherent.sum() / max(float(trace.sum()), 1e-6))
