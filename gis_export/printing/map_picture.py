"""The photo under a printed map: a piece of the flyover in light gray, read at the paper's resolution."""

import io
import math

import cv2
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from PIL import Image

from gis_export.printing.frame import Box, Frame
from gis_export.printing.photo import BLACK, DATA, Gray, Photo, Seen, Span, transformer
from imagery.flyover.decode import decoding
from imagery.flyover.tiles import Tile

_LIGHTEN = 0.42
"""Share of the photo's contrast that is printed: symbols stand out, streets and roofs stay."""
_BRIGHT = 226
"""Gray of the photo's middle."""
_SHADOW_M = 12.0
"""Black that is wider in every direction is no shadow."""
_JPEG_QUALITY = 55


def picture(photo: Photo | None, frame: Frame) -> bytes | None:
    """Return the ground of a frame as a JPEG in light gray; None where no photo shows it."""
    if photo is None:
        return None
    gray, seen = read_gray(photo, frame)
    if not seen.any():
        return None
    stream = io.BytesIO()
    Image.fromarray(lightened(gray, seen)).save(
        stream, "JPEG", quality=_JPEG_QUALITY, optimize=True
    )
    return stream.getvalue()


def lightened(gray: Gray, seen: NDArray[np.bool_]) -> Gray:
    """Return the photo with less contrast around a light gray, whatever its exposure; white where nothing is seen."""
    counts = cv2.calcHist([gray], [0], seen.astype(np.uint8), [256], [0, 256]).ravel()
    middle = float(
        np.searchsorted(np.cumsum(counts, dtype=np.float64), seen.sum() / 2)
    )  # the median
    shown = np.clip(
        _BRIGHT + (np.arange(256, dtype=np.float32) - middle) * _LIGHTEN, 120, 250
    ).astype(np.uint8)
    return np.where(seen, cv2.LUT(gray, shown), 255).astype(np.uint8)


def read_gray(photo: Photo, frame: Frame) -> tuple[Gray, NDArray[np.bool_]]:
    """Read the ground of a frame.

    Tiles that cannot be read are left out: the picture is a help to find one's way, not evidence.

    Returns:
        Gray values and which of them a tile shows, both (H, W).
    """
    gray = np.zeros(frame.shape_px, np.uint8)
    known = np.zeros(frame.shape_px, np.uint8)
    boxes = photo.boxes.geometries
    with decoding():
        for hit in sorted(int(hit) for hit in photo.boxes.query(shapely.box(*frame.bounds))):
            tile, (rows, columns) = photo.tiles[hit], _part(frame, boxes[hit].bounds)
            there = gray[rows, columns], known[rows, columns]
            found = _read_tile(photo, tile, frame, (rows, columns)) if there[0].size else None
            if found is not None:
                better = found[1] > there[1]
                there[0][better], there[1][better] = found[0][better], found[1][better]
    black = known == BLACK
    return gray, (known == DATA) | (black & ~_wide(black, frame.gsd_m))


def _read_tile(photo: Photo, tile: Tile, frame: Frame, part: tuple[slice, slice]) -> Seen | None:
    """Return what a tile shows of a part of a frame: gray and what is known of it, both (h, w); None where it cannot be read."""
    span = _span(tile, frame)
    found = (
        photo.memory.read(tile, span, max(1.0, frame.gsd_m / tile.gsd_m) if tile.gsd_m > 0 else 1.0)
        if span is not None
        else None
    )
    if found is None:
        return None
    (left, top, columns, rows), (plain, known) = found
    height, width = plain.shape
    to_read = _fit(
        tile,
        frame,
        part,
        Affine.scale(width / columns, height / rows) @ Affine.translation(-left, -top),
    )
    size = part[1].stop - part[1].start, part[0].stop - part[0].start
    out = cv2.warpAffine(
        plain,
        to_read,
        size,
        flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    out_known = cv2.warpAffine(
        known,
        to_read,
        size,
        flags=cv2.WARP_INVERSE_MAP | cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.asarray(out, np.uint8), np.asarray(out_known, np.uint8)


def _fit(
    tile: Tile, frame: Frame, part: tuple[slice, slice], to_read: Affine
) -> NDArray[np.float64]:
    """Return the affine, (2, 3), from pixel centers of a part of a frame to those of what was read of a tile.

    Over a few kilometers two map projections differ from an affine by less than a pixel of paper.

    Args:
        tile: Header.
        frame: The map.
        part: Rows and columns of its picture.
        to_read: From pixels of the tile to pixels of what was read.
    """
    rows, columns = part
    ends = np.array(
        [(x, y) for x in (columns.start, columns.stop) for y in (rows.start, rows.stop)],
        dtype=np.float64,
    )
    ground = np.array([frame.transform * (x, y) for x, y in ends])
    xs, ys = transformer(frame.crs.to_wkt(), tile.crs).transform(ground[:, 0], ground[:, 1])
    inverse = to_read @ ~Affine(*tile.transform)
    there = np.array([inverse * (x, y) for x, y in zip(xs, ys, strict=True)])
    here = np.column_stack([ends - (columns.start, rows.start), np.ones(len(ends))])
    matrix = np.linalg.lstsq(here, there, rcond=None)[0].T
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return np.asarray(matrix)


def _wide(black: NDArray[np.bool_], gsd_m: float) -> NDArray[np.bool_]:
    """Return the black patches that are somewhere wider than any shadow: an undeclared border."""
    side = 2 * round(_SHADOW_M / gsd_m / 2) + 1
    if not black.any():
        return black
    padded = cv2.copyMakeBorder(
        black.astype(np.uint8), side, side, side, side, cv2.BORDER_REPLICATE
    )
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))[
        side:-side, side:-side
    ]
    _, patches = cv2.connectedComponents(black.astype(np.uint8))
    return np.asarray(np.isin(patches, np.unique(patches[(opened > 0) & black])) & black)


def _part(frame: Frame, box: Box) -> tuple[slice, slice]:
    """Return the rows and columns of a frame's picture that a box may touch."""
    inverse, (height, width) = ~frame.transform, frame.shape_px
    (left, top), (right, bottom) = inverse * (box[0], box[3]), inverse * (box[2], box[1])
    rows = slice(
        min(height, max(0, math.floor(top) - 1)), max(0, min(height, math.ceil(bottom) + 1))
    )
    columns = slice(
        min(width, max(0, math.floor(left) - 1)), max(0, min(width, math.ceil(right) + 1))
    )
    return rows, columns


def _span(tile: Tile, frame: Frame) -> Span | None:
    """Return the pixels of a tile that a frame shows, None when it shows none."""
    inverse = ~Affine(*tile.transform)
    west, south, east, north = transformer(frame.crs.to_wkt(), tile.crs).transform_bounds(
        *frame.bounds
    )
    columns, rows = zip(
        *(
            inverse * corner
            for corner in ((west, north), (east, north), (east, south), (west, south))
        ),
        strict=True,
    )
    left, right = max(0, math.floor(min(columns)) - 1), min(tile.width, math.ceil(max(columns)) + 1)
    top, bottom = max(0, math.floor(min(rows)) - 1), min(tile.height, math.ceil(max(rows)) + 1)
    return (left, top, right - left, bottom - top) if left < right and top < bottom else None
