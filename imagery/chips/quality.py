"""What the pixels of a chip allow: measures inside the roof, and the limits beyond which nobody should judge it."""

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.flyover.decode import DATA, NODATA, Pixels

DARK, BLACK = 60, 16
"""Gray levels: darker than DARK is the baseline's cue; up to BLACK nothing can be made out."""
LEAF = np.array([(-1.1, 1.9, -1.1, 0), (1 / 3, 1 / 3, 1 / 3, 0)])
"""From RGB and an idle channel to excess green (above 0 on leaves) and brightness."""
GROUND = np.array([(-10.2, 19.8, -10.2, 0), (10.0, 0, -10.0, 0)])
"""From RGB and an idle channel to excess green and to red over blue, both above 0 on grass and soil (green paint has more blue than red);
ten times, so that rounding to a byte does not matter."""
SHADE = 55
"""Gray level up to which the tint of a roof cannot be told."""
ROUGH = 2.0
"""Mean absolute Laplacian around a pixel above which it may be leaves, grass or soil; smoother is paint. Gray levels."""


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
    ground_share: float = 0.0
    """Share of the lit roof that has the tint of grass and soil; near 1 where no building is left."""


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A chip before anybody asks whether it can be judged."""

    pixels: Pixels
    """RGBX, (H, W, 4); X is what is known of each pixel (see `imagery.flyover.decode`)."""
    mask: NDArray[np.bool_]
    """Inside of the roof, (H, W)."""
    whole: bool
    """All of it is data."""
    owners: NDArray[np.uint8] | None
    """Number of the tile that each pixel comes from, (H, W); None where all come from one."""


def measure_quality(scene: Scene) -> Quality:
    """Measure a chip inside its roof."""
    left, top, width, height = cv2.boundingRect(scene.mask.view(np.uint8))
    box = slice(top, top + height), slice(left, left + width)
    roof, inside = scene.pixels[box], scene.mask[box]
    count, covered, missing = cv2.countNonZero(inside.view(np.uint8)), 1.0, 0.0
    if not scene.whole:
        known = roof[..., 3][inside]
        covered, missing = (
            float(((known == NODATA) | (known == DATA)).mean()),
            float((known == NODATA).mean()),
        )
    shown = (inside if scene.whole else inside & (roof[..., 3] == DATA)).view(np.uint8)
    if not cv2.countNonZero(shown):
        return Quality(covered_share=covered, nodata_share=missing)
    gray = np.asarray(cv2.cvtColor(roof, cv2.COLOR_RGBA2GRAY), np.uint8)
    levels = cv2.calcHist([gray], [0], shown, [256], [0, 256]).ravel()
    edges = np.asarray(cv2.Laplacian(gray, cv2.CV_32F), np.float32)
    _, spread = cv2.meanStdDev(edges, mask=shown)
    rough = np.asarray(cv2.blur(np.abs(edges), (9, 9)) > ROUGH).view(np.uint8)
    return Quality(
        covered_share=covered,
        nodata_share=missing,
        sharpness=float(spread[0, 0]),
        dark_share=float(levels[:DARK].sum() / levels.sum()),
        shadow_share=float(levels[: BLACK + 1].sum() / levels.sum()),
        canopy_share=_leaf_share(roof, rough, shown),
        seam_share=0.0
        if scene.owners is None
        else 1 - float(np.bincount(scene.owners[box][inside]).max() / count),
        ground_share=_ground_share(roof, gray, rough, shown),
    )


def _ground_share(
    roof: Pixels, gray: NDArray[np.uint8], rough: NDArray[np.uint8], shown: NDArray[np.uint8]
) -> float:
    """Return the share of lit pixels with 2g - r - b > 0.02 (r + g + b) and r > b and texture; of all pixels where less than a tenth is lit."""
    tint = cv2.inRange(cv2.transform(cv2.blur(roof, (5, 5)), GROUND), (1, 1), (255, 255))
    lit = cv2.bitwise_and(shown, (gray > SHADE).view(np.uint8))
    if cv2.countNonZero(lit) < 0.1 * cv2.countNonZero(shown):
        lit = shown
    return float(cv2.countNonZero(cv2.bitwise_and(tint, lit, mask=rough)) / cv2.countNonZero(lit))


def why_not(quality: Quality, limits: QualityLimits, *, unreadable: bool) -> str:
    """Return the reason why a parcel cannot be judged, "" when it can.

    Args:
        quality: Its measures.
        limits: What is allowed.
        unreadable: Some of its pixels lie in a damaged part of a file.
    """
    if unreadable and (
        quality.covered_share < limits.min_covered or quality.nodata_share > limits.max_nodata
    ):
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


def _leaf_share(roof: Pixels, rough: NDArray[np.uint8], shown: NDArray[np.uint8]) -> float:
    """Return the share of leaf pixels: excess green 2g - r - b > 0.1 (r + g + b) (Woebbecke et al. 1995), neither black nor smooth as paint."""
    leaf = cv2.bitwise_and(
        cv2.inRange(cv2.transform(roof, LEAF), (1, 31), (255, 255)), shown, mask=rough
    )
    return float(cv2.countNonZero(leaf) / cv2.countNonZero(shown))
