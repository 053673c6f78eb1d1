"""One chip from its views: windows put together, averaged where the source is finer, warped once, masked."""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from imagery.chips.quality import Quality, Scene
from imagery.chips.tasks import ParcelCut, View
from imagery.chips.windows import Affine6, draw_mask
from imagery.flyover.decode import DATA, NODATA, Pixels, black_blobs

Piece = tuple[Pixels, bool]
"""RGBX (h, w, 4), X being what is known of each pixel (see `imagery.flyover.decode`), and whether all of it is data."""
T = TypeVar("T", np.uint8, np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Chip:
    """A parcel seen from above."""

    parcel_id: str
    """Raw parcel id."""
    year: int
    """Year of the flyover."""
    pixels: NDArray[np.uint8]
    """RGB, (3, H, W)."""
    mask: NDArray[np.bool_]
    """Inside of the parcel (and footprint), (H, W)."""
    transform: Affine6
    """Affine a..f from (column, row) to the metric CRS."""
    crs: str
    """The metric CRS."""
    gsd_m: float
    """Meters per pixel."""
    quality: Quality
    """Measures inside the mask."""

    def __post_init__(self) -> None:
        """Check shapes and types."""
        if self.pixels.dtype != np.uint8 or self.pixels.shape != (3, *self.mask.shape):
            raise ValueError(
                f"chip {self.parcel_id}: pixels {self.pixels.dtype} {self.pixels.shape}, mask {self.mask.shape}; want uint8 (3, H, W) and (H, W)"
            )


def make_scene(parcel: ParcelCut, pieces: list[list[Piece]]) -> Scene:
    """Put a chip together.

    Args:
        parcel: What to cut.
        pieces: For every view, the pixels of its reads.
    """
    mask = draw_mask(shapely.from_wkb(parcel.shape), parcel.grid)
    pixels, whole, owners = _show(parcel.views[0], pieces[0], mask.shape)
    for view, some in zip(parcel.views[1:], pieces[1:], strict=True):
        if whole:
            break
        other, _, theirs = _show(view, some, mask.shape)
        better = other[..., 3] > pixels[..., 3]
        pixels[better] = other[better]
        owners = np.zeros(mask.shape, np.uint8) if owners is None else owners
        owners[better] = 128 if theirs is None else 128 + theirs[better]
        whole = bool((pixels[..., 3] == DATA).all())
    return Scene(pixels=pixels, mask=mask, whole=whole, owners=owners)


def _show(
    view: View, pieces: list[Piece], shape: tuple[int, ...]
) -> tuple[Pixels, bool, Pixels | None]:
    """Return RGBX (H, W, 4) of one view on the chip's grid, whether all of it is data, and who each pixel belongs to (H, W)."""
    pixels, whole = _assemble(view, pieces)
    owners = _owners(view) if len(pieces) > 1 else None
    blobs = black_blobs(pixels) if view.guess_black else None
    if blobs is not None:
        pixels, whole = pixels.copy(), False
        pixels[blobs & (pixels[..., 3] == DATA), 3] = NODATA
    if view.shrink > 1:
        pixels, owners = (
            _shrink(pixels, whole, view.shrink),
            None if owners is None else owners[:: view.shrink, :: view.shrink],
        )
    to_view, size = _center_matrix(view.matrix, view.shrink), (shape[1], shape[0])
    if owners is not None:
        owners = _warp(np.ascontiguousarray(owners), to_view, size, nearest=True)
    if not whole:
        return _warp_holes(pixels, to_view, size), False, owners
    shown = _warp(pixels, to_view, size)
    if _lies_inside(to_view, shape, pixels.shape):
        return shown, True, owners
    shown[_outside(to_view, shape, pixels.shape)] = 0
    return shown, False, owners


def _assemble(view: View, pieces: list[Piece]) -> Piece:
    """Lay the pieces into one window; the first one counts where two hold data."""
    if len(pieces) == 1 and pieces[0][0].shape[:2] == view.shape:
        return pieces[0]
    pixels = np.zeros((*view.shape, 4), np.uint8)
    for read, (part, whole) in zip(view.reads, pieces, strict=True):
        there = pixels[
            read.at[0] : read.at[0] + part.shape[0], read.at[1] : read.at[1] + part.shape[1]
        ]
        if whole and not there[..., 3].any():
            there[:] = part
        else:
            better = part[..., 3] > there[..., 3]
            there[better] = part[better]
    return pixels, bool((pixels[..., 3] == DATA).all())


def _owners(view: View) -> NDArray[np.uint8] | None:
    """Return the rank of the tile that covers each pixel of the view; None where one tile does."""
    ranks = {
        tile: rank for rank, tile in enumerate(dict.fromkeys(read.tile for read in view.reads))
    }
    if len(ranks) == 1:
        return None
    owners = np.zeros(view.shape, np.uint8)
    for read in reversed(view.reads):
        r0, r1, c0, c1 = read.window
        owners[read.at[0] : read.at[0] + r1 - r0, read.at[1] : read.at[1] + c1 - c0] = ranks[
            read.tile
        ]
    return owners


def _shrink(pixels: Pixels, whole: bool, factor: int) -> Pixels:
    """Average squares of `factor` pixels; a square is known as well as its least known pixel."""
    rows, columns = -(-pixels.shape[0] // factor), -(-pixels.shape[1] // factor)
    padded = cv2.copyMakeBorder(
        pixels,
        0,
        rows * factor - pixels.shape[0],
        0,
        columns * factor - pixels.shape[1],
        cv2.BORDER_REPLICATE,
    )
    small = np.asarray(cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    if not whole:
        small[..., 3] = padded[..., 3].reshape(rows, factor, columns, factor).min(axis=(1, 3))
    return small


def _warp(
    pixels: NDArray[T],
    to_view: NDArray[np.float64],
    size: tuple[int, int],
    *,
    nearest: bool = False,
) -> NDArray[T]:
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR)
    return np.asarray(
        cv2.warpAffine(pixels, to_view, size, flags=flags, borderMode=cv2.BORDER_REPLICATE),
        pixels.dtype,
    )


def _center_matrix(matrix: Affine6, factor: int) -> NDArray[np.float64]:
    """Turn a map between pixel corners into OpenCV's map between pixel centers, in pixels `factor` times as large."""
    to_view = np.array(matrix).reshape(2, 3) / factor
    to_view[:, 2] += to_view[:, :2] @ (0.5, 0.5) - 0.5
    return to_view


def _lies_inside(
    to_view: NDArray[np.float64], shape: tuple[int, ...], view: tuple[int, ...]
) -> bool:
    """Tell whether every pixel center of the chip falls on the view."""
    ends = (
        np.array(
            [(0, 0, 1), (shape[1] - 1, 0, 1), (0, shape[0] - 1, 1), (shape[1] - 1, shape[0] - 1, 1)]
        )
        @ to_view.T
    )
    return bool((ends >= -0.5).all() and (ends < np.array([view[1] - 0.5, view[0] - 0.5])).all())


def _outside(
    to_view: NDArray[np.float64], shape: tuple[int, ...], view: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return which pixel centers of the chip (H, W) fall beside the view."""
    (a, b, c), (d, e, f) = to_view
    columns, rows = np.arange(shape[1])[None, :], np.arange(shape[0])[:, None]
    x, y = a * columns + b * rows + c, d * columns + e * rows + f
    return np.asarray((x < -0.5) | (x >= view[1] - 0.5) | (y < -0.5) | (y >= view[0] - 0.5))


def _warp_holes(pixels: Pixels, to_view: NDArray[np.float64], size: tuple[int, int]) -> Pixels:
    """Warp RGBX of which some is no data: that is left out of every mean, as in `rasterio.warp` with nodata."""
    held = (pixels[..., 3] == DATA).astype(np.float32)
    weight, color = _warp(held, to_view, size), _warp(pixels * held[..., None], to_view, size)
    known = _warp(np.ascontiguousarray(pixels[..., 3]), to_view, size, nearest=True)
    known[_outside(to_view, size[::-1], pixels.shape)] = 0
    shown: Pixels = (
        np.rint(color / np.maximum(weight, 1e-6)[..., None]) * (known == DATA)[..., None]
    ).astype(np.uint8)
    shown[..., 3] = known
    return shown
