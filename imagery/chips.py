"""One chip from its views: windows put together, averaged where the source is finer, warped once, masked."""

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from imagery.decode import DATA, NODATA, black_blobs
from imagery.plan import ParcelCut, View
from imagery.quality import Quality
from imagery.windows import Affine6, draw_mask

Piece = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
"""RGB (h, w, 3), and what is known of each pixel (h, w); None where all of it is data."""


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
            raise ValueError(f"chip {self.parcel_id}: pixels {self.pixels.dtype} {self.pixels.shape}, mask {self.mask.shape}; want uint8 (3, H, W) and (H, W)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A chip before anybody asks whether it can be judged."""

    pixels: NDArray[np.uint8]
    """RGB, (H, W, 3); 0 where nothing is known."""
    mask: NDArray[np.bool_]
    """Inside of the parcel, (H, W)."""
    states: NDArray[np.uint8] | None
    """What is known of each pixel, (H, W); None where all of it is data."""
    owners: NDArray[np.uint8] | None
    """Rank of the read that each pixel comes from, (H, W); None where there is one."""


def make_scene(parcel: ParcelCut, pieces: list[list[Piece]]) -> Scene:
    """Put a chip together.

    Args:
        parcel: What to cut.
        pieces: For every view, the pixels of its reads.
    """
    mask = draw_mask(shapely.from_wkb(parcel.shape), parcel.grid)
    pixels, states, owners = _show(parcel.views[0], pieces[0], mask.shape)
    for view, some in zip(parcel.views[1:], pieces[1:], strict=True):
        if states is None:
            break
        other, known, theirs = _show(view, some, mask.shape)
        known = np.full(mask.shape, DATA, np.uint8) if known is None else known
        fresh = (known == DATA) & (states < DATA)
        pixels[fresh] = other[fresh]
        owners = np.zeros(mask.shape, np.uint8) if owners is None else owners
        owners[fresh] = 128 if theirs is None else 128 + theirs[fresh]
        states = np.maximum(states, known)
    return Scene(pixels=pixels, mask=mask, states=states, owners=owners)


def _show(view: View, pieces: list[Piece], shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
    """Return pixels (H, W, 3), states and owners (H, W) of one view on the chip's grid."""
    pixels, states = _assemble(view, pieces)
    owners = _owners(view) if len(pieces) > 1 else None
    if view.guess_black:
        blobs = black_blobs(pixels)
        if blobs is not None:
            states = np.full(view.shape, DATA, np.uint8) if states is None else states
            states = np.where(blobs & (states == DATA), np.uint8(NODATA), states)
    if view.shrink > 1:
        pixels, states, owners = _shrink(pixels, states, owners, view.shrink)
    to_view = _center_matrix(view.matrix, view.shrink)
    size, flags = (shape[1], shape[0]), cv2.WARP_INVERSE_MAP
    if owners is not None:
        owners = np.asarray(cv2.warpAffine(owners, to_view, size, flags=flags | cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    if states is None and _lies_inside(to_view, shape, pixels.shape):
        return np.asarray(cv2.warpAffine(pixels, to_view, size, flags=flags | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8), None, owners
    return *_warp_holes(pixels, np.full(pixels.shape[:2], DATA, np.uint8) if states is None else states, to_view, size), owners


def _assemble(view: View, pieces: list[Piece]) -> Piece:
    """Lay the pieces into one window; the first one counts where two hold data."""
    if len(pieces) == 1 and pieces[0][0].shape[:2] == view.shape:
        return pieces[0]
    pixels, states = np.zeros((*view.shape, 3), np.uint8), np.zeros(view.shape, np.uint8)
    for read, (part, known) in zip(view.reads, pieces, strict=True):
        box = slice(read.at[0], read.at[0] + part.shape[0]), slice(read.at[1], read.at[1] + part.shape[1])
        before = states[box]
        better = (DATA if known is None else known) > before
        if known is None and not before.any():
            pixels[box], states[box] = part, DATA
        else:
            pixels[box][better] = part[better]
            states[box] = np.where(better, DATA if known is None else known, before)
    return pixels, None if (states == DATA).all() else states


def _owners(view: View) -> NDArray[np.uint8] | None:
    """Return the rank of the tile that covers each pixel of the view; None where one tile does."""
    ranks = {tile: rank for rank, tile in enumerate(dict.fromkeys(read.tile for read in view.reads))}
    if len(ranks) == 1:
        return None
    owners = np.zeros(view.shape, np.uint8)
    for read in reversed(view.reads):
        r0, r1, c0, c1 = read.window
        owners[read.at[0] : read.at[0] + r1 - r0, read.at[1] : read.at[1] + c1 - c0] = ranks[read.tile]
    return owners


def _shrink(
    pixels: NDArray[np.uint8], states: NDArray[np.uint8] | None, owners: NDArray[np.uint8] | None, factor: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
    """Average squares of `factor` pixels; a square counts as data when all of it is."""
    rows, columns = -(-pixels.shape[0] // factor) * factor, -(-pixels.shape[1] // factor) * factor
    down, right = rows - pixels.shape[0], columns - pixels.shape[1]
    whole = cv2.copyMakeBorder(pixels, 0, down, 0, right, cv2.BORDER_REPLICATE)
    small = np.asarray(cv2.resize(whole, (columns // factor, rows // factor), interpolation=cv2.INTER_AREA), np.uint8)
    squares = [None if part is None else np.pad(part, ((0, down), (0, right)), mode="edge").reshape(rows // factor, factor, columns // factor, factor) for part in (states, owners)]
    return small, None if squares[0] is None else squares[0].min(axis=(1, 3)), None if squares[1] is None else squares[1].min(axis=(1, 3))


def _center_matrix(matrix: Affine6, factor: int) -> NDArray[np.float64]:
    """Turn a map between pixel corners into OpenCV's map between pixel centers, in pixels `factor` times as large."""
    to_view = np.array(matrix).reshape(2, 3) / factor
    to_view[:, 2] += to_view[:, :2] @ (0.5, 0.5) - 0.5
    return to_view


def _lies_inside(to_view: NDArray[np.float64], shape: tuple[int, ...], view: tuple[int, ...]) -> bool:
    """Tell whether every pixel center of the chip falls on the view."""
    ends = np.array([(0, 0, 1), (shape[1] - 1, 0, 1), (0, shape[0] - 1, 1), (shape[1] - 1, shape[0] - 1, 1)]) @ to_view.T
    return bool((ends >= -0.5).all() and (ends < np.array([view[1] - 0.5, view[0] - 0.5])).all())


def _warp_holes(pixels: NDArray[np.uint8], states: NDArray[np.uint8], to_view: NDArray[np.float64], size: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Warp pixels of which some hold no data: those are left out of every mean, as in `rasterio.warp` with nodata."""
    held = (states == DATA).astype(np.float32)
    flags = cv2.WARP_INVERSE_MAP
    weight = cv2.warpAffine(held, to_view, size, flags=flags | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    color = cv2.warpAffine(pixels * held[..., None], to_view, size, flags=flags | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    known = np.asarray(cv2.warpAffine(states, to_view, size, flags=flags | cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)
    shown = np.rint(color / np.maximum(weight, 1e-6)[..., None]) * (known == DATA)[..., None]
    return shown.astype(np.uint8), known
