"""The photo under a printed map: the flyover in light gray, at the resolution of the paper."""

import io

import cv2
import numpy as np
from fpdf import FPDF
from numpy.typing import NDArray
from PIL import Image

from gis_export.printing.frame import Frame
from gis_export.printing.frame_fit import fit_matrix, frame_box, tile_box
from gis_export.printing.photo import Photo
from gis_export.printing.tile_memory import BLACK, DATA, Gray, TilePart
from imagery.boxes import PixelBox
from imagery.flyover.gdal_env import decoding
from imagery.flyover.tiles import Tile

_LIGHTEN = 0.42
"""Share of the photo's contrast that is printed: symbols stand out, streets and roofs stay."""
_BRIGHT = 226
"""Gray of the photo's median."""
_DARKEST_SHOWN = 120
_BRIGHTEST_SHOWN = 250
_SHADOW_M = 12.0
"""Black that is wider in every direction is no shadow."""
_JPEG_QUALITY = 55
_NO_PHOTO_GRAY = 245


def draw_photo(pdf: FPDF, photo: Photo | None, frame: Frame) -> bool:
    """Draw the ground of a frame; return whether a photo shows it."""
    page = frame.page
    jpeg = picture(photo, frame)
    if jpeg is None:
        pdf.set_fill_color(_NO_PHOTO_GRAY)
        pdf.rect(page.left_mm, page.top_mm, page.width_mm, page.height_mm, style="F")
        return False

    pdf.image(
        io.BytesIO(jpeg),
        x=page.left_mm,
        y=page.top_mm,
        w=page.width_mm,
        h=page.height_mm,
    )
    return True


def picture(photo: Photo | None, frame: Frame) -> bytes | None:
    """Return the ground of a frame as a JPEG in light gray; None where no photo shows it."""
    if photo is None:
        return None

    gray, is_seen = read_gray(photo, frame)
    if not is_seen.any():
        return None

    stream = io.BytesIO()
    image = Image.fromarray(lightened(gray, is_seen))
    image.save(stream, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return stream.getvalue()


def lightened(gray: Gray, is_seen: NDArray[np.bool_]) -> Gray:
    """Return the photo with less contrast around a light gray, whatever its exposure.

    Args:
        gray: The photo, (H, W).
        is_seen: Which pixels show something, (H, W); the others become white.
    """
    counts = cv2.calcHist([gray], [0], is_seen.astype(np.uint8), [256], [0, 256]).ravel()
    cumulative = np.cumsum(counts, dtype=np.float64)
    median = float(np.searchsorted(cumulative, is_seen.sum() / 2))

    light = _BRIGHT + (np.arange(256, dtype=np.float32) - median) * _LIGHTEN
    table = np.clip(light, _DARKEST_SHOWN, _BRIGHTEST_SHOWN).astype(np.uint8)
    return np.where(is_seen, cv2.LUT(gray, table), 255).astype(np.uint8)


def read_gray(photo: Photo, frame: Frame) -> tuple[Gray, NDArray[np.bool_]]:
    """Read the ground of a frame.

    Tiles that cannot be read are left out: the picture helps to find one's way and is no evidence.

    Returns:
        Gray values and which of them a tile shows, both (H, W).
    """
    gray = np.zeros(frame.shape_px, np.uint8)
    known = np.zeros(frame.shape_px, np.uint8)
    with decoding():
        for tile, ground in photo.tiles_on(frame.ground):
            box = frame_box(frame, ground)
            part = None if box.is_empty else _read_tile(photo, tile, frame)
            if part is not None:
                _lay_over(gray[box.slices], known[box.slices], _warp(tile, part, frame, box))

    is_black = known == BLACK
    is_shadow = is_black & ~_find_borders(is_black, frame.gsd_m)
    return gray, (known == DATA) | is_shadow


def _read_tile(photo: Photo, tile: Tile, frame: Frame) -> TilePart | None:
    """Read what a frame shows of a tile; None for nothing, or when it cannot be read."""
    box = tile_box(tile, frame)
    if box.is_empty:
        return None

    step = max(1.0, frame.gsd_m / tile.gsd_m) if tile.gsd_m > 0 else 1.0
    return photo.memory.read(tile, box, step)


def _warp(tile: Tile, part: TilePart, frame: Frame, box: PixelBox) -> TilePart:
    """Return what a tile shows of a part of a frame's picture."""
    matrix = fit_matrix(tile, part.from_tile, frame, box)
    size = (box.width, box.height)
    gray = cv2.warpAffine(
        part.gray,
        matrix,
        size,
        flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )

    known = cv2.warpAffine(
        part.known,
        matrix,
        size,
        flags=cv2.WARP_INVERSE_MAP | cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )

    return TilePart(box=box, gray=np.asarray(gray, np.uint8), known=np.asarray(known, np.uint8))


def _lay_over(gray: Gray, known: NDArray[np.uint8], part: TilePart) -> None:
    """Write into `gray` and `known`, (h, w), where a part of a tile shows more than they do."""
    is_better = part.known > known
    gray[is_better] = part.gray[is_better]
    known[is_better] = part.known[is_better]


def _find_borders(is_black: NDArray[np.bool_], gsd_m: float) -> NDArray[np.bool_]:
    """Return the black patches that are somewhere wider than any shadow: undeclared borders."""
    if not is_black.any():
        return is_black

    # Black at the edge of the picture may go on beyond it, so the edge is repeated outward.
    black = is_black.astype(np.uint8)
    side_px = 2 * round(_SHADOW_M / gsd_m / 2) + 1
    padded = cv2.copyMakeBorder(
        black, side_px, side_px, side_px, side_px, borderType=cv2.BORDER_REPLICATE
    )
    square = np.ones((side_px, side_px), np.uint8)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, square)
    is_wide = opened[side_px:-side_px, side_px:-side_px] > 0

    _, patches = cv2.connectedComponents(black)
    wide_patches = np.unique(patches[is_wide & is_black])
    return np.asarray(np.isin(patches, wide_patches) & is_black)
