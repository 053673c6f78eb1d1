"""From chip to network input, in one place for training and scoring."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imagery.boxes import PixelBox
from imagery.chips.store import StoredChip
from models.spec import ModelSpec

GRAY = 127
"""Gray level outside the outline, and where there is no imagery."""
NEAR = 0.25
"""Share of the roof's box by which the view "near" reaches beyond it on every side."""
AROUND = 0.6
"""The same of the view "around", as a share of the longer side."""
Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def chip_views(chip: StoredChip, spec: ModelSpec, side_px: int) -> Image:
    """Return what the network looks at.

    - "roof" is the box of the roof, pulled to a square.
    - "roof_grey" is the same, with gray outside the outline (the mask).
    - "near" is the box grown by a quarter on every side, pulled to a square.
    - "around" is a square around the roof, which keeps its proportions.
    - "context" is the whole chip, pulled to a square.

    Where there is no imagery the views "near", "around" and "context" are gray.

    Args:
        chip: Pixels and mask.
        spec: Views, turns and stretch.
        side_px: Side of the square images, pixels.

    Returns:
        Images, uint8 (views * turns, 3, side_px, side_px).
    """
    pixels = np.asarray(cv2.merge(list(chip.pixels)), np.uint8)
    known = chip.known
    if spec.stretch:
        pixels = stretch_colors(pixels, known)
    filled = pixels if known.all() else np.where(known[..., None], pixels, np.uint8(GRAY))

    images = np.empty((len(spec.views), spec.turns, 3, side_px, side_px), np.uint8)
    for place, name in enumerate(spec.views):
        view = _square(_view(name, pixels, filled, chip.mask), side_px)
        for number in range(spec.turns):
            images[place, number] = turn_image(view, number).transpose(2, 0, 1)
    return images.reshape(-1, 3, side_px, side_px)


def stretch_colors(pixels: Image, known: Mask) -> Image:
    """Stretch each color from its 1st to its 99th percentile over the known pixels.

    Args:
        pixels: RGB, (H, W, 3).
        known: Where there is imagery, (H, W); all other pixels become 0.
    """
    if not known.any():
        return pixels

    low, high = np.percentile(pixels[known], (1, 99), axis=0)
    gain = 255.0 / np.maximum(high - low, 1.0)
    levels = (np.arange(256)[:, None] - low) * gain
    table = np.clip(levels, 0, 255).astype(np.uint8)

    stretched = np.asarray(cv2.LUT(pixels, np.ascontiguousarray(table[None])), np.uint8)
    return stretched * known[..., None]


def turn_image(image: Image, number: int) -> Image:
    """Return one of the eight orientations of a square image (P, P, C).

    Numbers 0 to 3 turn it by 90° each; 4 to 7 mirror it first.
    """
    turned = image[:, ::-1] if number >= 4 else image
    return np.rot90(turned, number % 4)


def roof_box(mask: Mask) -> PixelBox:
    """Return the box of a mask."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    return PixelBox(
        row_start=top, row_stop=top + height, column_start=left, column_stop=left + width
    )


def view_box(name: str, mask: Mask) -> PixelBox:
    """Return the part of a chip that a view shows; it may reach beyond the chip."""
    if name == "context":
        return PixelBox.whole(*mask.shape)

    roof = roof_box(mask)
    if name in ("roof", "roof_grey"):
        return roof

    grow = 0.5 + (NEAR if name == "near" else AROUND)
    half_height = roof.height * grow
    half_width = roof.width * grow
    if name == "around":
        half_height = max(half_height, half_width)
        half_width = half_height

    row = (roof.row_start + roof.row_stop) / 2
    column = (roof.column_start + roof.column_stop) / 2
    return PixelBox(
        row_start=round(row - half_height),
        row_stop=round(row + half_height),
        column_start=round(column - half_width),
        column_stop=round(column + half_width),
    )


def _view(name: str, pixels: Image, filled: Image, mask: Mask) -> Image:
    box = view_box(name, mask)
    if name == "roof":
        return _cut(pixels, box)
    if name == "roof_grey":
        inside = _cut(mask, box)[..., None]
        return np.where(inside, _cut(pixels, box), np.uint8(GRAY))
    return _cut(filled, box)


def _cut(image: NDArray[np.generic], box: PixelBox) -> Image:
    """Cut a box out of an image; gray beyond its edges."""
    height, width = image.shape[:2]
    shared = box.overlap(PixelBox.whole(height, width))
    inside = image[shared.slices]
    if shared == box:
        return np.asarray(inside)

    framed = cv2.copyMakeBorder(
        np.ascontiguousarray(inside),
        top=shared.row_start - box.row_start,
        bottom=box.row_stop - shared.row_stop,
        left=shared.column_start - box.column_start,
        right=box.column_stop - shared.column_stop,
        borderType=cv2.BORDER_CONSTANT,
        value=(GRAY, GRAY, GRAY),
    )
    return np.asarray(framed, np.uint8)


def _square(pixels: Image, side_px: int) -> Image:
    """Resize (H, W, 3) to (side_px, side_px, 3)."""
    height, width = pixels.shape[:2]
    is_shrinking = height > side_px and width > side_px
    resized = cv2.resize(
        np.ascontiguousarray(pixels),
        (side_px, side_px),
        interpolation=cv2.INTER_AREA if is_shrinking else cv2.INTER_LINEAR,
    )
    return np.asarray(resized, dtype=np.uint8)
