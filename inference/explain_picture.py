"""The picture of why a roof has its score.

It shows the photo, beside it the heat map or the measures, and labeled roofs that look like it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imagery.chips.store import StoredChip
from inference.explain_heat import Heat
from inference.explain_nearest import NEAREST
from inference.hazard import USE_LIMIT

WIDTH_PX = 1000
PAD_PX = 16
TITLE_PX = 36
HEADING_PX = 30
CAPTION_PX = 30
CAPTION_GAP_PX = 5
"""Between an image and its caption."""
PHOTO_PX = 420
"""Greatest height of the photo and of what is beside it."""
NEAR_PX = 240
"""Greatest height of a labeled roof."""
HALF_PX = (WIDTH_PX - 3 * PAD_PX) // 2
"""Greatest width of the photo and of what is beside it."""
THIRD_PX = (WIDTH_PX - (NEAREST + 1) * PAD_PX) // NEAREST
"""Greatest width of a labeled roof."""

TITLE_SIZE = 22
HEADING_SIZE = 18
LINE_SIZE = 20
CAPTION_SIZE = 15

PAPER = (250, 250, 250)
INK = (20, 20, 20)
OUTLINE = ((4, (0, 0, 0)), (2, (255, 255, 255)))
"""Widths in pixels and colors of the outline: white on black."""
FAINT = 0.2
"""Share of the hottest below which heat is transparent."""
HOTTEST = 0.998
"""Quantile of the pixels from which on heat is shown at its strongest."""

HEADING = "Labeled roofs that look most like this one"
HEAT_CAPTION = "where the photo suggests a failing roof: brighter is more"
MEASURES_CAPTION = "what suggests a failing roof, compared with the labeled roofs"

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """A chip with what is written below it."""

    chip: StoredChip
    """Pixels and outline."""
    caption: str
    """One line."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """An image on the sheet with what is written below it."""

    image: Image.Image
    """The image, at the size at which it is shown."""
    caption: str
    """One line."""


def draw_explanation(
    roof: Panel, heat: Heat | None, near: Sequence[Panel], *, title: str, lines: Sequence[str] = ()
) -> Image.Image:
    """Draw one roof, what suggests that it is failing, and labeled roofs that look most like it.

    Args:
        roof: The chip that was scored.
        heat: Drawn over the chip a second time; None writes `lines` in its place.
        near: Labeled roofs; without any, there is no row of them.
        title: Written at the top.
        lines: The named measures that suggest a failing roof, in words.
    """
    photo = draw_chip(roof.chip, None, (HALF_PX, PHOTO_PX))
    if heat is None:
        reason = Figure(image=write_lines(lines, photo.size), caption=MEASURES_CAPTION)
    else:
        glowing = draw_chip(roof.chip, heat, (HALF_PX, PHOTO_PX))
        reason = Figure(image=glowing, caption=HEAT_CAPTION)

    first_row = [Figure(image=photo, caption=roof.caption), reason]
    second_row = []
    for panel in near:
        image = draw_chip(panel.chip, None, (THIRD_PX, NEAR_PX))
        second_row.append(Figure(image=image, caption=panel.caption))
    return compose(title, first_row, second_row)


def compose(title: str, first_row: Sequence[Figure], second_row: Sequence[Figure]) -> Image.Image:
    """Put title, both rows and the limit of use on one sheet."""
    first_top = PAD_PX + TITLE_PX
    second_top = first_top + first_row[0].image.height + CAPTION_PX + PAD_PX
    bottom = second_top
    if second_row:
        tallest = max(figure.image.height for figure in second_row)
        bottom += HEADING_PX + tallest + CAPTION_PX + PAD_PX

    sheet = Image.new("RGB", (WIDTH_PX, bottom + CAPTION_PX), PAPER)
    write(sheet, (PAD_PX, PAD_PX), title, TITLE_SIZE)
    place_row(sheet, first_row, first_top, HALF_PX)
    if second_row:
        write(sheet, (PAD_PX, second_top), HEADING, HEADING_SIZE)
        place_row(sheet, second_row, second_top + HEADING_PX, THIRD_PX)
    write(sheet, (PAD_PX, bottom), USE_LIMIT, CAPTION_SIZE)
    return sheet


def place_row(sheet: Image.Image, figures: Sequence[Figure], top: int, width_px: int) -> None:
    """Put figures side by side, each in a column of some width, with their captions below."""
    for number, figure in enumerate(figures):
        left = PAD_PX + number * (width_px + PAD_PX)
        sheet.paste(figure.image, (left, top))

        below = top + figure.image.height + CAPTION_GAP_PX
        write(sheet, (left, below), figure.caption, CAPTION_SIZE)


def write(sheet: Image.Image, left_top: tuple[int, int], text: str, size: int) -> None:
    """Write one line."""
    ImageDraw.Draw(sheet).text(left_top, text, INK, ImageFont.load_default(size))


def write_lines(lines: Sequence[str], size_px: tuple[int, int]) -> Image.Image:
    """Return an image of some (width, height) with lines of text."""
    image = Image.new("RGB", size_px, PAPER)
    font = ImageFont.load_default(LINE_SIZE)
    text = "\n".join(lines)
    ImageDraw.Draw(image).multiline_text((PAD_PX, PAD_PX), text, INK, font, spacing=12)
    return image


def draw_chip(chip: StoredChip, heat: Heat | None, room_px: tuple[int, int]) -> Image.Image:
    """Scale a chip into a room, with the heat map and the outline drawn over it.

    Args:
        chip: Pixels and outline.
        heat: The heat map; None for none.
        room_px: Greatest width and height.
    """
    height, width = chip.mask.shape
    scale = min(room_px[0] / width, room_px[1] / height)
    size_px = (max(1, round(width * scale)), max(1, round(height * scale)))

    pixels = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    image = np.asarray(cv2.resize(pixels, size_px, interpolation=method), np.uint8)
    if heat is not None:
        values = cv2.resize(heat.values, size_px, interpolation=cv2.INTER_LINEAR)
        image = glow(image, np.asarray(values, np.float32))

    flags = chip.mask.astype(np.uint8)
    mask = np.asarray(cv2.resize(flags, size_px, interpolation=cv2.INTER_NEAREST), np.uint8)
    draw_outline(image, mask)
    return Image.fromarray(image)


def draw_outline(image: Pixels, mask: Pixels) -> None:
    """Draw the outline of a mask (H, W) into an image (H, W, 3)."""
    rings, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for thickness, color in OUTLINE:
        cv2.polylines(
            image, rings, isClosed=True, color=color, thickness=thickness, lineType=cv2.LINE_AA
        )


def glow(image: Pixels, values: NDArray[np.float32]) -> Pixels:
    """Lay heat over an image, from transparent to opaque and from dark red to pale yellow.

    Args:
        image: RGB, (H, W, 3).
        values: What suggests a failing roof, (H, W).
    """
    top = float(np.quantile(values, HOTTEST))
    if top <= 0:
        return image

    strength = np.clip(values / top, 0, 1)
    level = np.clip((strength - FAINT) / (1 - FAINT), 0, 1)
    # The middle of the color map: its lower part is black, its upper part white.
    shade = (90 + 140 * level).astype(np.uint8)
    color = cv2.applyColorMap(shade, cv2.COLORMAP_INFERNO)[..., ::-1]

    alpha = (0.75 * np.sqrt(level))[..., None]
    return np.asarray(np.rint(image * (1 - alpha) + color * alpha), np.uint8)
