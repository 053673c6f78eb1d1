"""Strong augmentation for overhead views: chips as another flight, another hour or another outline would have shown them.

Every function is pure in (chip, rng), takes and returns uint8 pixels (3, H, W) and a mask (H, W) that never becomes empty; pixels
without imagery stay 0, and no others become 0.
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
BLUR_PX, QUALITY = (0.3, 1.5), (25, 90)
"""Ranges of the blur's standard deviation and of the JPEG quality."""
SHADE, SOFT_PX = (0.3, 0.75), (0.5, 4.0)
"""Ranges of the light that a shadow takes away and of the width of its edge."""
CORNERS = 5
"""Most corners of a shadow that is no half-plane."""


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
    return StoredChip(
        pixels=np.ascontiguousarray(pixels),
        mask=np.ascontiguousarray(
            turn_image(chip.mask.view(np.uint8)[..., None], number)[..., 0]
        ).astype(bool),
    )


def light(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Show the chip in other light."""
    return _with_pixels(chip, relight(chip.pixels, int(rng.integers(2**63))).transpose(1, 2, 0))


def shadow(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Darken a half-plane or a polygon with a soft edge, as a neighbor's wall or a tree would."""
    height, width = chip.mask.shape
    soft_px, shade = rng.uniform(*SOFT_PX), rng.uniform(*SHADE)
    if rng.random() < 0.5:
        angle, (row, column) = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1, 2) * (height, width)
        rows, columns = np.mgrid[:height, :width]
        cast = (((rows - row) * np.sin(angle) + (columns - column) * np.cos(angle)) > 0).astype(
            np.float32
        )
    else:
        corners = rng.uniform(-0.25, 1.25, (int(rng.integers(3, CORNERS + 1)), 2)) * (width, height)
        cast = np.zeros((height, width), np.float32)
        cv2.fillPoly(cast, [np.rint(corners).astype(np.int32)], (1.0,))
    cast = np.asarray(cv2.GaussianBlur(cast, (0, 0), soft_px), np.float32)
    return _with_pixels(chip, _image(chip) * (1 - shade * cast)[..., None])


def blur(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Put the chip out of focus."""
    return _with_pixels(chip, cv2.GaussianBlur(_image(chip), (0, 0), rng.uniform(*BLUR_PX)))


def jpeg(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Compress the chip as flyovers are."""
    done, stream = cv2.imencode(
        ".jpg",
        _image(chip)[..., ::-1],
        (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(QUALITY[0], QUALITY[1] + 1))),
    )
    image = cv2.imdecode(stream, cv2.IMREAD_COLOR) if done else None
    return chip if image is None else _with_pixels(chip, image[..., ::-1])


def scale(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Resample the chip, as a flight with finer or coarser pixels would have; as it is where the mask would vanish."""
    factor = rng.uniform(*SCALE)
    size = tuple(max(round(side * factor), 1) for side in reversed(chip.mask.shape))
    mask = cv2.resize(chip.mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    if not mask.any():
        return chip
    known = cv2.resize(_known(chip).view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(
        bool
    )
    pixels = cv2.resize(
        _image(chip), size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    )
    return StoredChip(pixels=_sealed(pixels, known), mask=mask)


def shift_outline(chip: StoredChip, rng: np.random.Generator) -> StoredChip:
    """Move the mask by up to `SHIFT_PX` along each side, as parcels are off; as it is where it would leave the chip."""
    down, right = (int(step) for step in rng.integers(-SHIFT_PX, SHIFT_PX + 1, 2))
    height, width = chip.mask.shape
    mask = np.pad(chip.mask, SHIFT_PX)[SHIFT_PX - down :, SHIFT_PX - right :][:height, :width]
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


def _image(chip: StoredChip) -> NDArray[np.uint8]:
    return np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))


def _known(chip: StoredChip) -> NDArray[np.bool_]:
    return np.asarray(chip.pixels.any(axis=0), np.bool_)


def _with_pixels(chip: StoredChip, image: NDArray[np.generic]) -> StoredChip:
    """Return the chip with another image (H, W, 3)."""
    return replace(chip, pixels=_sealed(image, _known(chip)))


def _sealed(image: NDArray[np.generic], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return an image (H, W, 3) as pixels (3, H, W), black (0, 0, 0) exactly where nothing is known."""
    pixels = np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)).astype(np.uint8)
    return np.where(known, np.where(pixels.any(axis=0), pixels, np.uint8(1)), np.uint8(0)).astype(
        np.uint8
    )
