"""From chip to network input, in one place for training and scoring."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.chips.store import StoredChip
from models.spec import ModelSpec

GREY = 127
"""Grey level outside the outline, and where there is no imagery."""
NEAR, AROUND = 0.25, 0.6
"""Share of the roof's box by which the views "near" and "around" reach beyond it on every side."""
Box = tuple[int, int, int, int]
"""top, bottom, left, right; in pixels, may reach beyond the chip."""
Image = NDArray[np.uint8]


def chip_views(chip: StoredChip, spec: ModelSpec, side_px: int) -> Image:
    """Return what the network looks at, uint8 (views * turns, 3, side_px, side_px).

    "roof" is the box of the roof, "roof_grey" the same with grey outside the outline (the mask), "near" the box grown by a
    quarter on every side, all three pulled to a square; "around" is a square around the roof that keeps its proportions, and
    "context" the whole chip. Where there is no imagery the views from "near" on are grey.

    Args:
        chip: Pixels and mask.
        spec: Views, turns and stretch.
        side_px: Side of the square images.
    """
    pixels = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))
    known: NDArray[np.bool_] = np.any(pixels, axis=2)
    if spec.stretch:
        pixels = stretch_colors(pixels, known)
    shown = np.where(known[..., None], pixels, np.uint8(GREY))
    views = [_square(_view(name, pixels, shown, chip.mask), side_px) for name in spec.views]
    turned = [turn_image(view, number) for view in views for number in range(spec.turns)]
    return np.ascontiguousarray(np.stack(turned).transpose(0, 3, 1, 2))


def stretch_colors(pixels: Image, known: NDArray[np.bool_]) -> Image:
    """Stretch each color from its 1st to its 99th percentile over the known pixels, (H, W, 3); others stay 0."""
    if not known.any():
        return pixels
    low, high = np.percentile(pixels[known], (1, 99), axis=0)
    table = np.clip(
        (np.arange(256)[:, None] - low) * (255.0 / np.maximum(high - low, 1.0)), 0, 255
    ).astype(np.uint8)
    stretched: Image = (
        np.asarray(cv2.LUT(pixels, np.ascontiguousarray(table[None])), np.uint8) * known[..., None]
    )
    return stretched


def turn_image(image: Image, number: int) -> Image:
    """Return one of the eight orientations of a square image (P, P, C): 0 to 3 turn it by 90° each, 4 to 7 mirror it first."""
    return np.rot90(image[:, ::-1] if number >= 4 else image, number % 4)


def roof_box(mask: NDArray[np.bool_]) -> Box:
    """Return the box of a mask."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    return top, top + height, left, left + width


def view_box(name: str, mask: NDArray[np.bool_]) -> Box:
    """Return the part of a chip that a view shows."""
    if name == "context":
        return 0, mask.shape[0], 0, mask.shape[1]
    top, bottom, left, right = roof_box(mask)
    if name in ("roof", "roof_grey"):
        return top, bottom, left, right
    grow = NEAR if name == "near" else AROUND
    high, wide = (bottom - top) * (0.5 + grow), (right - left) * (0.5 + grow)
    if name == "around":
        high = wide = max(high, wide)
    row, column = (top + bottom) / 2, (left + right) / 2
    return round(row - high), round(row + high), round(column - wide), round(column + wide)


def _view(name: str, pixels: Image, shown: Image, mask: NDArray[np.bool_]) -> Image:
    box = view_box(name, mask)
    if name == "roof_grey":
        return np.where(_cut(mask, box)[..., None], _cut(pixels, box), np.uint8(GREY))
    return _cut(pixels if name == "roof" else shown, box)


def _cut(image: NDArray[np.generic], box: Box) -> Image:
    """Cut a box out of an image; grey beyond its edges."""
    top, bottom, left, right = box
    height, width = image.shape[:2]
    inside = image[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    beyond = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
    if not any(beyond):
        return np.asarray(inside)
    return np.asarray(
        cv2.copyMakeBorder(
            np.ascontiguousarray(inside), *beyond, cv2.BORDER_CONSTANT, value=(GREY,) * 3
        ),
        np.uint8,
    )


def _square(pixels: Image, side: int) -> Image:
    """Resize (H, W, 3) to (side, side, 3)."""
    shrinking = pixels.shape[0] > side and pixels.shape[1] > side
    resized = cv2.resize(
        np.ascontiguousarray(pixels),
        (side, side),
        interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR,
    )
    return np.asarray(resized, dtype=np.uint8)
