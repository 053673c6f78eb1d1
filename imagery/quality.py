"""What the pixels of a chip allow: measures inside the roof, and the limits beyond which nobody should judge it."""

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.decode import DATA, NODATA, UNREADABLE

DARK, BLACK = 60, 16
"""Gray levels: darker than DARK is the baseline's cue; up to BLACK nothing can be made out."""
LEAF_EDGE = 2.0
"""Mean absolute Laplacian around a pixel above which green is leaves and not paint, gray levels."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What the pixels inside the roof allow. All shares are 0-1, of roof pixels."""

    covered_share: float = 0.0
    """Share inside some tile that can be read."""
    nodata_share: float = 0.0
    """Share inside a tile but without data."""
    sharpness: float = 0.0
    """Standard deviation of the Laplacian of gray, gray levels."""
    dark_share: float = 0.0
    """Share darker than gray 60 (a baseline, never a feature)."""
    shadow_share: float = 0.0
    """Share so black that nothing can be made out."""
    canopy_share: float = 0.0
    """Share covered by green leaves."""
    seam_share: float = 0.0
    """Share that comes from another tile than most of the roof."""
    outline_edge: float = 0.0
    """How much stronger gray changes across the outline than across the same outline moved or shrunk; about 1 where no building is."""


QUALITY_COLUMNS = tuple(part.name for part in fields(Quality))


@dataclass(frozen=True, kw_only=True)
class QualityLimits:
    """Beyond these a parcel is not assessed."""

    min_covered: float
    """Least share of the roof that must lie inside tiles."""
    max_nodata: float
    """Largest share of the roof without data."""
    min_sharpness: float
    """Least sharpness, gray levels."""
    max_shadow: float
    """Largest share of the roof in black shadow."""
    max_canopy: float
    """Largest share of the roof under leaves."""


def measure_quality(pixels: NDArray[np.uint8], mask: NDArray[np.bool_], *, states: NDArray[np.uint8] | None, owners: NDArray[np.uint8] | None) -> Quality:
    """Measure a chip inside its roof.

    Args:
        pixels: RGB, (H, W, 3).
        mask: Inside of the roof, (H, W).
        states: What is known of each pixel, (H, W); None where all of it is data.
        owners: Number of the tile that each pixel comes from, (H, W); None where all come from one.
    """
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    box = slice(top, top + height), slice(left, left + width)
    inside = mask[box]
    count = cv2.countNonZero(inside.view(np.uint8))
    seen = inside if states is None else inside & (states[box] == DATA)
    held = states[box][inside] if states is not None else None
    covered = 1.0 if held is None else float(((held == NODATA) | (held == DATA)).sum() / count)
    missing = 0.0 if held is None else float((held == NODATA).sum() / count)
    if not seen.any():
        return Quality(covered_share=covered, nodata_share=missing)
    roof, shown = pixels[box], seen.view(np.uint8)
    gray = cv2.cvtColor(roof, cv2.COLOR_RGB2GRAY)
    levels = cv2.calcHist([gray], [0], shown, [256], [0, 256]).ravel()
    edges = cv2.Laplacian(gray, cv2.CV_32F)
    _, spread = cv2.meanStdDev(edges, mask=shown)
    return Quality(
        covered_share=covered, nodata_share=missing, sharpness=float(spread[0, 0]),
        dark_share=float(levels[:DARK].sum() / levels.sum()), shadow_share=float(levels[: BLACK + 1].sum() / levels.sum()),
        canopy_share=_leaf_share(roof, edges, seen), seam_share=0.0 if owners is None else 1 - float(np.bincount(owners[box][inside]).max() / count),
        outline_edge=0.0,
    )  # fmt: skip


def unreadable_share(mask: NDArray[np.bool_], states: NDArray[np.uint8] | None) -> float:
    """Return the share of the roof that lies in damaged parts of a file."""
    return 0.0 if states is None else float((states[mask] == UNREADABLE).mean())


def why_not(quality: Quality, limits: QualityLimits, *, unreadable: bool) -> str:
    """Return the reason why a parcel cannot be judged, "" when it can.

    Args:
        quality: Its measures.
        limits: What is allowed.
        unreadable: Some of its pixels lie in a damaged part of a file.
    """
    if unreadable and (quality.covered_share < limits.min_covered or quality.nodata_share > limits.max_nodata):
        return "unreadable_tile"
    if quality.covered_share == 0:
        return "no_imagery"
    if quality.covered_share < limits.min_covered:
        return "partial_imagery"
    if quality.nodata_share > limits.max_nodata:
        return "nodata"
    if quality.sharpness < limits.min_sharpness:
        return "blurred"
    if quality.shadow_share > limits.max_shadow:
        return "black_shadow"
    return "canopy" if quality.canopy_share > limits.max_canopy else ""


def _leaf_share(roof: NDArray[np.uint8], edges: NDArray[np.float32], seen: NDArray[np.bool_]) -> float:
    """Return the share of leaf pixels: excess green 2g - r - b > 0.1 of chromatic coordinates (Woebbecke et al. 1995), neither black nor smooth as paint."""
    total, green = roof.astype(np.float32).sum(axis=2), roof[..., 1].astype(np.float32)
    leaf = (3 * green - total > 0.1 * total) & (total > 90)
    if np.count_nonzero(leaf & seen) < 0.02 * seen.size:
        return 0.0
    rough = cv2.blur(np.abs(edges), (9, 9)) > LEAF_EDGE
    return float(np.count_nonzero(leaf & rough & seen) / np.count_nonzero(seen))
