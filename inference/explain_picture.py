"""The picture of why a roof has its score: photo, heat or measures beside it, and the labeled roofs that look most alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imagery.chips.store import StoredChip
from inference.explain import NEAREST, Heat
from inference.hazard import USE_LIMIT

WIDTH_PX, PAD_PX, TITLE_PX, HEADING_PX, CAPTION_PX, TOP_PX, NEAR_PX = 1000, 16, 36, 30, 30, 420, 240
"""Layout of the picture; the last two are the greatest heights of the panels above and below."""
PAPER, INK = (250, 250, 250), (20, 20, 20)
FAINT = 0.2
"""Share of the hottest that is left see-through."""
HEAT_CAPTION = "where the photo speaks for failing: brighter is more"
MEASURES_CAPTION = "what speaks for failing, compared with the labeled roofs"


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """A chip with what is written below it."""

    chip: StoredChip
    """Pixels and outline."""
    caption: str
    """One line."""


def draw_explanation(
    roof: Panel, heat: Heat | None, near: Sequence[Panel], *, title: str, lines: Sequence[str] = ()
) -> Image.Image:
    """Draw one roof, what speaks for failing, and the labeled roofs that look most alike, with captions.

    Args:
        roof: The chip that was scored.
        heat: Drawn over the chip a second time; None draws `lines` in its place.
        near: Labeled roofs; none leaves their row out.
        title: Stands on top.
        lines: The named measures that speak for failing, in words.
    """
    half = (WIDTH_PX - 3 * PAD_PX) // 2
    third = (WIDTH_PX - (NEAREST + 1) * PAD_PX) // NEAREST
    photo = _framed(roof.chip, None, (half, TOP_PX))
    other = (
        _written(lines, photo.size) if heat is None else _framed(roof.chip, heat, (half, TOP_PX))
    )
    small = [_framed(one.chip, None, (third, NEAR_PX)) for one in near]
    second = 2 * PAD_PX + TITLE_PX + photo.height + CAPTION_PX
    below = HEADING_PX + max(one.height for one in small) + CAPTION_PX + PAD_PX if small else 0
    sheet = Image.new("RGB", (WIDTH_PX, second + below + CAPTION_PX), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((PAD_PX, PAD_PX), title, INK, ImageFont.load_default(22))
    for place, (image, caption) in enumerate(
        ((photo, roof.caption), (other, MEASURES_CAPTION if heat is None else HEAT_CAPTION))
    ):
        _place(sheet, image, caption, (PAD_PX + place * (half + PAD_PX), PAD_PX + TITLE_PX))
    if small:
        pen.text(
            (PAD_PX, second), "Labeled roofs that look most alike", INK, ImageFont.load_default(18)
        )
    for place, (image, one) in enumerate(zip(small, near, strict=True)):
        _place(sheet, image, one.caption, (PAD_PX + place * (third + PAD_PX), second + HEADING_PX))
    pen.text((PAD_PX, sheet.height - CAPTION_PX), USE_LIMIT, INK, ImageFont.load_default(15))
    return sheet


def _place(sheet: Image.Image, image: Image.Image, caption: str, left_top: tuple[int, int]) -> None:
    sheet.paste(image, left_top)
    ImageDraw.Draw(sheet).text(
        (left_top[0], left_top[1] + image.height + 5), caption, INK, ImageFont.load_default(15)
    )


def _written(lines: Sequence[str], size: tuple[int, int]) -> Image.Image:
    panel = Image.new("RGB", size, PAPER)
    ImageDraw.Draw(panel).multiline_text(
        (PAD_PX, PAD_PX), "\n".join(lines), INK, ImageFont.load_default(20), spacing=12
    )
    return panel


def _framed(chip: StoredChip, heat: Heat | None, room_px: tuple[int, int]) -> Image.Image:
    """Scale a chip into (width, height) `room_px`, lay the heat over it, and draw the outline: white around black."""
    height, width = chip.mask.shape
    scale = min(room_px[0] / width, room_px[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))
    image = np.asarray(
        cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA),
        np.uint8,
    )
    if heat is not None:
        image = _glow(
            image,
            np.asarray(cv2.resize(heat.values, size, interpolation=cv2.INTER_LINEAR), np.float32),
        )
    mask = np.asarray(
        cv2.resize(chip.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), np.uint8
    )
    rings, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for thick, tone in ((4, 0), (2, 255)):
        cv2.polylines(
            image, rings, isClosed=True, color=(tone,) * 3, thickness=thick, lineType=cv2.LINE_AA
        )
    return Image.fromarray(image)


def _glow(image: NDArray[np.uint8], values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay what speaks for failing over an image (H, W, 3): from see-through to opaque, dark red to pale yellow."""
    top = float(np.quantile(values, 0.998))
    if top <= 0:
        return image
    strength = np.clip(values / top, 0, 1)
    level = np.clip((strength - FAINT) / (1 - FAINT), 0, 1)
    color = cv2.applyColorMap((90 + 140 * level).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    alpha = (0.75 * np.sqrt(level))[..., None]
    return np.asarray(np.rint(image * (1 - alpha) + color * alpha), np.uint8)
