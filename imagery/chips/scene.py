"""One scene from its views: put together, averaged where the source is finer, warped, masked."""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from imagery.chips.affine import Affine6, Floats, Mask
from imagery.chips.fills import Fills, find_fills
from imagery.chips.grids import draw_mask
from imagery.chips.quality import Scene
from imagery.chips.tasks import ParcelCut, View
from imagery.flyover.pixels import DATA, NODATA, Pixels, black_blobs

LATER_VIEWS = 128
"""Owner number of the first tile of any view but the first."""
T = TypeVar("T", np.uint8, np.float32)


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Piece:
    """Pixels of one read."""

    pixels: Pixels
    """RGBX, (h, w, 4); X is what is known of each pixel (see `imagery.flyover.decode`)."""
    whole: bool
    """All of it is data."""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class ShownView:
    """One view on some grid: its own, and then that of the chip."""

    pixels: Pixels
    """RGBX, (H, W, 4)."""
    whole: bool
    """All of it is data."""
    owners: NDArray[np.uint8] | None
    """Rank of the tile that covers each pixel, (H, W); None where one tile covers all."""
    fills: Fills | None = None
    """Flat areas that nothing declares as missing, (H, W); None where there is none."""


def make_scene(parcel: ParcelCut, pieces: list[list[Piece]]) -> Scene:
    """Put a scene together.

    Args:
        parcel: What to cut.
        pieces: For every view, the pixels of its reads.
    """
    mask = draw_mask(shapely.from_wkb(parcel.shape), parcel.grid)
    first = _show(parcel.views[0], pieces[0], mask.shape)
    pixels = first.pixels
    owners = first.owners
    fills = first.fills
    whole = first.whole

    for view, parts in zip(parcel.views[1:], pieces[1:], strict=True):
        if whole:
            break

        other = _show(view, parts, mask.shape)
        better = other.pixels[..., 3] > pixels[..., 3]
        pixels[better] = other.pixels[better]
        if owners is None:
            owners = np.zeros(mask.shape, np.uint8)
        if other.owners is None:
            owners[better] = LATER_VIEWS
        else:
            owners[better] = LATER_VIEWS + other.owners[better]
        fills = _merge_fills(fills, other.fills, better)
        whole = bool((pixels[..., 3] == DATA).all())

    return Scene(pixels=pixels, mask=mask, whole=whole, owners=owners, fills=fills)


def _merge_fills(fills: Fills | None, others: Fills | None, better: Mask) -> Fills | None:
    """Return the flat areas of two views, of which the other one counts where it is better."""
    if fills is None and others is None:
        return None

    merged = np.zeros(better.shape, np.uint8) if fills is None else fills
    merged[better] = 0 if others is None else others[better]
    return merged


def _show(view: View, pieces: list[Piece], shape: tuple[int, ...]) -> ShownView:
    """Show one view on the grid of a chip of a shape (H, W)."""
    source = _assemble(view, pieces)
    height, width = shape
    fills = find_fills(source.pixels) if view.has_eight_bits else None
    if fills is not None:
        to_tile = _center_matrix(view.matrix, 1)
        fills = _warp(fills, to_tile, (width, height), nearest=True)
    if view.guess_black:
        source = _mark_black(source)
    if view.shrink > 1:
        source = _shrink(source, view.shrink)

    to_view = _center_matrix(view.matrix, view.shrink)
    owners = source.owners
    if owners is not None:
        owners = _warp(np.ascontiguousarray(owners), to_view, (width, height), nearest=True)

    if not source.whole:
        pixels = _warp_holes(source.pixels, to_view, (width, height))
        return ShownView(pixels=pixels, whole=False, owners=owners, fills=fills)

    pixels = _warp(source.pixels, to_view, (width, height))
    whole = _lies_inside(to_view, shape, source.pixels.shape)
    if not whole:
        pixels[_outside(to_view, shape, source.pixels.shape)] = 0
    return ShownView(pixels=pixels, whole=whole, owners=owners, fills=fills)


def _assemble(view: View, pieces: list[Piece]) -> ShownView:
    """Lay the pieces of a view side by side; the first one counts where two hold data."""
    if len(pieces) == 1 and pieces[0].pixels.shape[:2] == view.shape:
        return ShownView(pixels=pieces[0].pixels, whole=pieces[0].whole, owners=None)

    pixels = np.zeros((*view.shape, 4), np.uint8)
    for read, piece in zip(view.reads, pieces, strict=True):
        there = pixels[read.in_view.slices]
        if piece.whole and not there[..., 3].any():
            there[:] = piece.pixels
        else:
            better = piece.pixels[..., 3] > there[..., 3]
            there[better] = piece.pixels[better]

    whole = bool((pixels[..., 3] == DATA).all())
    return ShownView(pixels=pixels, whole=whole, owners=_find_owners(view))


def _find_owners(view: View) -> NDArray[np.uint8] | None:
    """Return the rank of the tile that covers each pixel of a view; None where one tile does."""
    tiles = list(dict.fromkeys(read.tile for read in view.reads))
    if len(tiles) == 1:
        return None

    rank_of = {tile: rank for rank, tile in enumerate(tiles)}
    owners = np.zeros(view.shape, np.uint8)
    for read in reversed(view.reads):
        owners[read.in_view.slices] = rank_of[read.tile]
    return owners


def _mark_black(source: ShownView) -> ShownView:
    """Return a view with large black blobs as no data."""
    blobs = black_blobs(source.pixels)
    if blobs is None:
        return source

    pixels = source.pixels.copy()
    pixels[blobs & (pixels[..., 3] == DATA), 3] = NODATA
    return ShownView(pixels=pixels, whole=False, owners=source.owners)


def _shrink(source: ShownView, factor: int) -> ShownView:
    """Average squares of `factor` pixels; a square is known as well as its least known pixel."""
    height, width = source.pixels.shape[:2]
    rows = -(-height // factor)
    columns = -(-width // factor)
    more_rows = rows * factor - height
    more_columns = columns * factor - width
    padded = cv2.copyMakeBorder(source.pixels, 0, more_rows, 0, more_columns, cv2.BORDER_REPLICATE)

    small = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)
    pixels = np.asarray(small, np.uint8)
    if not source.whole:
        squares = padded[..., 3].reshape(rows, factor, columns, factor)
        pixels[..., 3] = squares.min(axis=(1, 3))

    owners = source.owners
    if owners is not None:
        owners = owners[::factor, ::factor]
    return ShownView(pixels=pixels, whole=source.whole, owners=owners)


def _center_matrix(matrix: Affine6, factor: int) -> Floats:
    """Turn a map between pixel corners into OpenCV's map between pixel centers.

    Args:
        matrix: From chip pixel corners to those of the view.
        factor: By how much the pixels of the view have grown.
    """
    to_view = np.array(matrix).reshape(2, 3) / factor
    to_view[:, 2] += to_view[:, :2] @ (0.5, 0.5) - 0.5
    return to_view


def _warp(
    pixels: NDArray[T], to_view: Floats, size: tuple[int, int], *, nearest: bool = False
) -> NDArray[T]:
    """Warp pixels to a size (width, height); beyond the edge the last pixel is repeated."""
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR)
    warped = cv2.warpAffine(pixels, to_view, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, pixels.dtype)


def _warp_holes(pixels: Pixels, to_view: Floats, size: tuple[int, int]) -> Pixels:
    """Warp RGBX of which some is no data.

    That is left out of every mean, as in `rasterio.warp` with nodata.
    """
    is_data = (pixels[..., 3] == DATA).astype(np.float32)
    weight = _warp(is_data, to_view, size)
    color = _warp(pixels * is_data[..., None], to_view, size)
    known = _warp(np.ascontiguousarray(pixels[..., 3]), to_view, size, nearest=True)
    known[_outside(to_view, size[::-1], pixels.shape)] = 0

    mean = np.rint(color / np.maximum(weight, 1e-6)[..., None])
    shown: Pixels = (mean * (known == DATA)[..., None]).astype(np.uint8)
    shown[..., 3] = known
    return shown


def _lies_inside(to_view: Floats, shape: tuple[int, ...], view: tuple[int, ...]) -> bool:
    """Tell whether every pixel center of a chip (H, W) falls on a view (h, w)."""
    right = shape[1] - 1
    bottom = shape[0] - 1
    corners = np.array([(0, 0, 1), (right, 0, 1), (0, bottom, 1), (right, bottom, 1)]) @ to_view.T
    limit = np.array([view[1] - 0.5, view[0] - 0.5])
    return bool((corners >= -0.5).all() and (corners < limit).all())


def _outside(to_view: Floats, shape: tuple[int, ...], view: tuple[int, ...]) -> Mask:
    """Return which pixel centers of a chip (H, W) fall beside a view (h, w)."""
    (a, b, c), (d, e, f) = to_view
    columns = np.arange(shape[1])[None, :]
    rows = np.arange(shape[0])[:, None]
    x = a * columns + b * rows + c
    y = d * columns + e * rows + f

    is_left_or_above = (x < -0.5) | (y < -0.5)
    is_right_or_below = (x >= view[1] - 0.5) | (y >= view[0] - 0.5)
    return np.asarray(is_left_or_above | is_right_or_below)
