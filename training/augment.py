"""Strong augmentation for overhead views.

Chips become what another flight, another hour or another outline would have shown. Every function
is pure in (chip, rng), takes and returns uint8 pixels (3, H, W) and a mask (H, W) that never
becomes empty. Pixels without imagery stay 0, and no others become 0.
"""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.chips.store import StoredChip
from models.light import relight
from models.preprocess import turn_image

SCALE = (0.8, 1.25)
"""Range of the resampling: a finer or coarser flight."""
SHIFT_PX = 3
"""Farthest that the outline is moved along each side."""
BLUR_PX = (0.3, 1.5)
"""Range of the standard deviation of the blur."""
JPEG_QUALITY = (25, 90)
"""Range of the quality of the compression."""
SHADE = (0.3, 0.75)
"""Range of the share of light that a shadow takes away."""
SOFT_PX = (0.5, 4.0)
"""Range of the width of a shadow's edge."""
CORNERS = 5
"""Most corners of a shadow that is a polygon."""
AROUND = (-0.25, 1.25)
"""Range of these corners, as a share of the chip's sides: they may lie outside."""


def augment(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Return a chip turned at random, and changed by each of `CHANGES` with its probability."""
    chip = turn(chip, rng)
    for change, chance in CHANGES:
        if rng.random() < chance:
            chip = change(chip, rng)

    return chip


def turn(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Flip and turn pixels and mask into one of the eight orientations."""
    number = int(rng.integers(8))
    pixels = turn_image(chip.pixels.transpose(1, 2, 0), number).transpose(2, 0, 1)
    mask = turn_image(chip.mask.view(np.uint8)[..., None], number)[..., 0]

    return StoredChip(
        pixels=np.ascontiguousarray(pixels), mask=np.ascontiguousarray(mask).astype(bool)
    )


def light(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Show the chip in other light."""
    seed = int(rng.integers(2**63))
    return _with_pixels(chip, relight(chip.pixels, seed).transpose(1, 2, 0))


def shadow(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Darken a half-plane or a polygon with a soft edge, as a neighbor's wall or a tree would."""
    height, width = chip.mask.shape
    soft_px = rng.uniform(*SOFT_PX)
    shade = rng.uniform(*SHADE)
    if rng.random() < 0.5:
        sharp = _half_plane(height, width, rng)
    else:
        sharp = _polygon(height, width, rng)

    soft = np.asarray(cv2.GaussianBlur(sharp, (0, 0), soft_px), np.float32)
    return _with_pixels(chip, _image(chip) * (1 - shade * soft)[..., None])


def blur(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Put the chip out of focus."""
    return _with_pixels(chip, cv2.GaussianBlur(_image(chip), (0, 0), rng.uniform(*BLUR_PX)))


def jpeg(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Compress the chip as flyovers are."""
    worst, best = JPEG_QUALITY
    quality = int(rng.integers(worst, best + 1))
    bgr = _image(chip)[..., ::-1]
    is_done, stream = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, quality))
    image = cv2.imdecode(stream, cv2.IMREAD_COLOR) if is_done else None
    if image is None:
        return chip

    return _with_pixels(chip, image[..., ::-1])


def scale(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Resample the chip, as a flight with finer or coarser pixels would have shown it.

    It stays as it is where the mask would vanish.
    """
    factor = rng.uniform(*SCALE)
    height, width = chip.mask.shape
    size = (max(round(width * factor), 1), max(round(height * factor), 1))

    mask = _resize_mask(chip.mask, size)
    if not mask.any():
        return chip

    known = _resize_mask(_known(chip), size)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    pixels = cv2.resize(_image(chip), size, interpolation=how)
    return StoredChip(pixels=_seal(pixels, known), mask=mask)


def shift_outline(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Move the mask by up to `SHIFT_PX` along each side, as parcels are displaced.

    It stays as it is where it would leave the chip.
    """
    down, right = rng.integers(-SHIFT_PX, SHIFT_PX + 1, 2).tolist()
    height, width = chip.mask.shape
    padded = np.pad(chip.mask, SHIFT_PX)
    mask = padded[SHIFT_PX - down :, SHIFT_PX - right :][:height, :width]

    return replace(chip, mask=mask) if mask.any() else chip


Change = Callable[[StoredChip, np.random.Generator], StoredChip]
CHANGES: tuple[tuple[Change, float], ...] = (
    (shift_outline, 0.5),
    (scale, 0.5),
    (light, 0.5),
    (shadow, 0.3),
    (blur, 0.2),
    (jpeg, 0.3),
)
"""What may happen to a chip, in this order, and how often."""


def _half_plane(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return 1 on one side of a random line, 0 on the other, (H, W)."""
    angle = rng.uniform(0, 2 * np.pi)
    row, column = rng.uniform(0, 1, 2) * (height, width)
    rows, columns = np.mgrid[:height, :width]
    distance_px = (rows - row) * np.sin(angle) + (columns - column) * np.cos(angle)
    return np.asarray(distance_px > 0, np.float32)


def _polygon(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return 1 in a random polygon, 0 around it, (H, W)."""
    count = int(rng.integers(3, CORNERS + 1))
    corners = rng.uniform(*AROUND, (count, 2)) * (width, height)
    inside = np.zeros((height, width), np.float32)
    cv2.fillPoly(inside, [np.rint(corners).astype(np.int32)], (1.0,))
    return inside


def _resize_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Resize a mask to (width, height)."""
    resized = cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(resized, np.bool_)


def _image(chip: StoredChip) -> NDArray[np.uint8]:
    return np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))


def _known(chip: StoredChip) -> NDArray[np.bool_]:
    return np.asarray(chip.pixels.any(axis=0), np.bool_)


def _with_pixels(chip: StoredChip, image: NDArray[np.generic]) -> StoredChip:
    """Return the chip with another image (H, W, 3)."""
    return replace(chip, pixels=_seal(image, _known(chip)))


def _seal(image: NDArray[np.generic], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return an image (H, W, 3) as pixels (3, H, W), (0, 0, 0) exactly where nothing is known."""
    pixels = np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)).astype(np.uint8)
    never_black = np.where(pixels.any(axis=0), pixels, np.uint8(1))
    return np.where(known, never_black, np.uint8(0)).astype(np.uint8)
