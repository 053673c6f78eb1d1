"""What the pixels of a chip allow: measures inside the roof, and the limits of what is assessed."""

from dataclasses import dataclass, field, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.chips.fills import Fills, filled_share
from imagery.chips.surface import LEAST_LIT, SHADE, Surface, measure_surface
from imagery.flyover.pixels import DATA, NODATA, Pixels

DARK = 60
"""Gray level below which a pixel counts for the baseline's cue."""
BLACK = 16
"""Gray level up to which nothing can be made out."""
LEAF = np.array([(-1.1, 1.9, -1.1, 0), (1 / 3, 1 / 3, 1 / 3, 0)])
"""From RGB and an idle channel to excess green (above 0 on leaves) and brightness."""
GROUND = np.array([(-10.2, 19.8, -10.2, 0), (10.0, 0, -10.0, 0)])
"""From RGB and an idle channel to excess green and to red over blue.

Both are above 0 on grass and soil (green paint has more blue than red). They are ten times as
large, so that rounding to a byte does not matter.
"""
ROUGH = 2.0
"""Mean absolute Laplacian around a pixel above which it may be leaves, grass or soil.

What is smoother is paint. Gray levels.
"""

Gray = NDArray[np.uint8]
"""(h, w): gray levels, or 0 and more for false and true, as OpenCV takes masks."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What the pixels inside the roof allow. All shares are 0-1, of roof pixels."""

    covered_share: float = 0.0
    """Share inside the chip and inside some tile that can be read."""
    nodata_share: float = 0.0
    """Share inside a tile but without data, or under a flat fill."""
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
    """Share of the lit roof that has the tint of grass and soil; near 1 without a building."""
    surface: Surface = field(default_factory=Surface)
    """What is seen inside the outline, away from its walls."""
    photo_gsd_m: float = 0.0
    """Meters per pixel of the coarsest photo of the roof, or of the chip if it is coarser."""


QUALITY_COLUMNS = (
    "covered_share",
    "nodata_share",
    "sharpness",
    "dark_share",
    "shadow_share",
    "canopy_share",
    "seam_share",
    "ground_share",
)
SURFACE_COLUMNS = tuple(measure.name for measure in fields(Surface))


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
    fills: Fills | None = None
    """Flat areas that nothing declares as missing, (H, W); None where there is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RoofPixels:
    """The box around a roof, and what can be seen of the roof in it."""

    pixels: Pixels
    """RGBX, (h, w, 4)."""
    gray: Gray
    """Gray levels, (h, w)."""
    edges: NDArray[np.float32]
    """Laplacian of gray, (h, w)."""
    rough: Gray
    """Where it may be leaves, grass or soil, (h, w)."""
    shown: Gray
    """Roof with data, (h, w)."""


def measure_quality(scene: Scene) -> Quality:
    """Measure a chip inside its roof."""
    left, top, width, height = cv2.boundingRect(scene.mask.view(np.uint8))
    box = (slice(top, top + height), slice(left, left + width))
    inside = scene.mask[box]
    pixels = scene.pixels[box]

    covered = 1.0
    missing = 0.0
    is_shown = inside
    if not scene.whole:
        known = pixels[..., 3][inside]
        missing = float((known == NODATA).mean())
        covered = float(((known == NODATA) | (known == DATA)).mean())
        is_shown = inside & (pixels[..., 3] == DATA)
    if scene.fills is not None:
        seen = scene.fills[box] * (pixels[..., 3] == DATA)
        missing += filled_share(seen[inside])
    shown = is_shown.view(np.uint8)
    if not cv2.countNonZero(shown):
        return Quality(covered_share=covered, nodata_share=missing)

    roof = _prepare_roof(pixels, shown)
    levels = cv2.calcHist([roof.gray], [0], shown, [256], [0, 256]).ravel()
    _, deviation = cv2.meanStdDev(roof.edges, mask=shown)
    owners = None if scene.owners is None else scene.owners[box][inside]
    return Quality(
        covered_share=covered,
        nodata_share=missing,
        sharpness=float(deviation[0, 0]),
        dark_share=float(levels[:DARK].sum() / levels.sum()),
        shadow_share=float(levels[: BLACK + 1].sum() / levels.sum()),
        canopy_share=_leaf_share(roof),
        seam_share=_seam_share(owners),
        ground_share=_ground_share(roof),
        surface=measure_surface(pixels, shown),
    )


def _prepare_roof(pixels: Pixels, shown: Gray) -> RoofPixels:
    """Find gray levels and edges of a roof, once for all measures."""
    gray = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2GRAY), np.uint8)
    edges = np.asarray(cv2.Laplacian(gray, cv2.CV_32F), np.float32)
    is_rough = np.asarray(cv2.blur(np.abs(edges), (9, 9)) > ROUGH)
    return RoofPixels(
        pixels=pixels, gray=gray, edges=edges, rough=is_rough.view(np.uint8), shown=shown
    )


def _leaf_share(roof: RoofPixels) -> float:
    """Return the share of leaves: excess green, neither black nor smooth as paint.

    Excess green is 2g - r - b > 0.1 (r + g + b) (Woebbecke et al. 1995).
    """
    is_green = cv2.inRange(cv2.transform(roof.pixels, LEAF), (1, 31), (255, 255))
    leaf = cv2.bitwise_and(is_green, roof.shown, mask=roof.rough)
    return float(cv2.countNonZero(leaf) / cv2.countNonZero(roof.shown))


def _seam_share(owners: NDArray[np.uint8] | None) -> float:
    """Return the share of roof pixels (n,) from other tiles than the one with the most."""
    if owners is None:
        return 0.0
    return 1 - float(np.bincount(owners).max() / len(owners))


def _ground_share(roof: RoofPixels) -> float:
    """Return the share of lit pixels with the tint of ground and with texture.

    The tint is 2g - r - b > 0.02 (r + g + b) and r > b. Where less than a tenth of the roof is
    lit, the share is that of all its pixels.
    """
    smooth = cv2.blur(roof.pixels, (5, 5))
    tint = cv2.inRange(cv2.transform(smooth, GROUND), (1, 1), (255, 255))

    lit = cv2.bitwise_and(roof.shown, (roof.gray > SHADE).view(np.uint8))
    if cv2.countNonZero(lit) < LEAST_LIT * cv2.countNonZero(roof.shown):
        lit = roof.shown

    ground = cv2.bitwise_and(tint, lit, mask=roof.rough)
    return float(cv2.countNonZero(ground) / cv2.countNonZero(lit))


def why_not(quality: Quality, limits: QualityLimits, *, unreadable: bool) -> str:
    """Return the reason why a parcel cannot be judged, "" when it can.

    Args:
        quality: Its measures.
        limits: What is allowed.
        unreadable: Some of its pixels lie in a damaged part of a file.
    """
    is_partial = quality.covered_share < limits.min_covered
    is_missing = quality.nodata_share > limits.max_nodata

    reasons = {
        "unreadable_tile": unreadable and (is_partial or is_missing),
        "no_imagery": quality.covered_share == 0,
        "partial_imagery": is_partial,
        "nodata": is_missing,
        "blurred": quality.sharpness < limits.min_sharpness,
        "black_shadow": quality.shadow_share > limits.max_shadow,
        "canopy": quality.canopy_share > limits.max_canopy,
    }
    for reason, applies in reasons.items():
        if applies:
            return reason
    return ""
