"""The photo under a printed map: a piece of the flyover in light gray, read at the paper's resolution."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import cv2
import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window

from gis_export.paper.frame import Box, Frame
from imagery.decode import decoding
from imagery.flyover import Flyover
from imagery.tiles import Tile

Gray = NDArray[np.uint8]
Span = tuple[int, int, int, int]
"""First column, first row, columns and rows of a tile."""
_WHOLE_PX = 2_000_000
"""A tile of fewer coarse pixels is read whole and serves the maps around too."""
_REMEMBERED = 64
"""Tiles that are remembered, a quarter of a gigabyte at most."""
_LIGHTEN = 0.42
"""Share of the photo's contrast that is printed: symbols stand out, streets and roofs stay."""
_BRIGHT = 226
"""Gray of the photo's middle."""
_SHADOW_M = 12.0
"""Black that is wider in every direction is no shadow."""
_BLACK, _DATA = 1, 2
"""What is known of a pixel, 0 for nothing; black may be a border, so data of another tile goes over it."""
_DARKEST = 8
"""Brightest value of an undeclared black border."""
_JPEG_QUALITY = 55


@dataclass(frozen=True, kw_only=True, eq=False)
class Photo:
    """A flyover, indexed for pictures in one CRS."""

    crs: CRS
    """Metric CRS of the frames."""
    tiles: tuple[Tile, ...]
    """Headers."""
    boxes: shapely.STRtree
    """Their boxes in `crs`, in the same order."""
    read: Callable[[Tile, Span, tuple[int, int]], tuple[Gray, Gray] | None]
    """`_read_span`, which remembers what it read last: neighboring maps share tiles."""


def photo_of(flyover: Flyover | None, crs: CRS) -> Photo | None:
    """Index a flyover; None where there is none."""
    if flyover is None:
        return None
    boxes = [shapely.box(*_box_in(tile, crs)) for tile in flyover.tiles]
    return Photo(crs=crs, tiles=flyover.tiles, boxes=shapely.STRtree(boxes), read=lru_cache(maxsize=_REMEMBERED)(partial(_read_span, white=flyover.white)))


def picture(photo: Photo | None, frame: Frame) -> bytes | None:
    """Return the ground of a frame as a JPEG in light gray; None where no photo shows it."""
    if photo is None:
        return None
    gray, seen = read_gray(photo, frame)
    if not seen.any():
        return None
    light = np.full(gray.shape, 255, np.uint8)
    light[seen] = lightened(gray, seen)[seen]
    stream = io.BytesIO()
    Image.fromarray(light).save(stream, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return stream.getvalue()


def lightened(gray: Gray, seen: NDArray[np.bool_]) -> Gray:
    """Return the photo with less contrast around a light gray, whatever its exposure."""
    middle = float(np.median(gray[seen]))
    light: Gray = np.clip(_BRIGHT + (gray.astype(np.float32) - middle) * _LIGHTEN, 120, 250).astype(np.uint8)
    return light


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
    return gray, (known == _DATA) | ((known == _BLACK) & ~_wide(known == _BLACK, frame.gsd_m))


def _read_tile(photo: Photo, tile: Tile, frame: Frame, part: tuple[slice, slice]) -> tuple[Gray, Gray] | None:
    """Return what a tile shows of a part of a frame: gray and what is known of it, both (h, w); None where it cannot be read."""
    step = max(1.0, frame.gsd_m / tile.gsd_m) if tile.gsd_m > 0 else 1.0
    span = _span(tile, frame)
    if span is not None and tile.width * tile.height <= _WHOLE_PX * step**2:
        span = 0, 0, tile.width, tile.height
    if span is None:
        return None
    shape = max(1, math.ceil(span[3] / step)), max(1, math.ceil(span[2] / step))
    found = photo.read(tile, span, shape)
    if found is None:
        return None
    plain, known = found
    to_read = _fit(tile, frame, part, Affine.scale(shape[1] / span[2], shape[0] / span[3]) @ Affine.translation(-span[0], -span[1]))
    size = part[1].stop - part[1].start, part[0].stop - part[0].start
    out = cv2.warpAffine(plain, to_read, size, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    out_known = cv2.warpAffine(known, to_read, size, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(out, np.uint8), np.asarray(out_known, np.uint8)


def _fit(tile: Tile, frame: Frame, part: tuple[slice, slice], to_read: Affine) -> NDArray[np.float64]:
    """Return the affine, (2, 3), from pixel centers of a part of a frame to those of what was read of a tile.

    Over a few kilometers two map projections differ from an affine by less than a pixel of paper.

    Args:
        tile: Header.
        frame: The map.
        part: Rows and columns of its picture.
        to_read: From pixels of the tile to pixels of what was read.
    """
    rows, columns = part
    ends = np.array([(x, y) for x in (columns.start, columns.stop) for y in (rows.start, rows.stop)], dtype=np.float64)
    ground = np.array([frame.transform * (x, y) for x, y in ends])
    xs, ys = _transformer(frame.crs.to_wkt(), tile.crs).transform(ground[:, 0], ground[:, 1])
    inverse = to_read @ ~Affine(*tile.transform)
    there = np.array([inverse * (x, y) for x, y in zip(xs, ys, strict=True)])
    here = np.column_stack([ends - (columns.start, rows.start), np.ones(len(ends))])
    matrix = np.linalg.lstsq(here, there, rcond=None)[0].T
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return np.asarray(matrix)


def _wide(black: NDArray[np.bool_], gsd_m: float) -> NDArray[np.bool_]:
    """Return the black patches that are somewhere wider than any shadow: an undeclared border."""
    side = 2 * round(_SHADOW_M / gsd_m / 2) + 1
    padded = cv2.copyMakeBorder(black.astype(np.uint8), side, side, side, side, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))[side:-side, side:-side]
    _, patches = cv2.connectedComponents(black.astype(np.uint8))
    return np.asarray(np.isin(patches, np.unique(patches[(opened > 0) & black])) & black)


def _part(frame: Frame, box: Box) -> tuple[slice, slice]:
    """Return the rows and columns of a frame's picture that a box may touch."""
    inverse, (height, width) = ~frame.transform, frame.shape_px
    (left, top), (right, bottom) = inverse * (box[0], box[3]), inverse * (box[2], box[1])
    rows = slice(min(height, max(0, math.floor(top) - 1)), max(0, min(height, math.ceil(bottom) + 1)))
    columns = slice(min(width, max(0, math.floor(left) - 1)), max(0, min(width, math.ceil(right) + 1)))
    return rows, columns


def _read_span(tile: Tile, span: Span, shape: tuple[int, int], *, white: float) -> tuple[Gray, Gray] | None:
    """Read gray and what is known, both (h, w), of a span of a tile, coarsened to `shape`; None where it cannot be read."""
    try:
        color, covered = _read_color(tile, Window(*span), shape, white)
    except RasterioError:
        return None
    known = np.where(covered == 0, 0, np.where((color <= _DARKEST).all(axis=0), _BLACK, _DATA)).astype(np.uint8)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(np.moveaxis(color, 0, -1)), cv2.COLOR_RGB2GRAY), np.uint8), known


def _read_color(tile: Tile, window: Window, shape: tuple[int, int], white: float) -> tuple[Gray, Gray]:
    """Read red, green, blue (3, h, w) and what is covered (h, w)."""
    with rasterio.open(tile.path) as source:
        covered = source.dataset_mask(window=window, out_shape=shape)
        if not tile.palette:
            color = source.read(list(tile.bands), window=window, out_shape=(3, *shape), resampling=Resampling.average)
            if color.dtype != np.uint8:
                color = np.clip(np.nan_to_num(color.astype(np.float32)) * (255 / white), 0, 255).astype(np.uint8)
            return color, covered
        numbers = source.read(tile.bands[0], window=window, out_shape=shape)
        colors = source.colormap(tile.bands[0])
    table = np.array([colors.get(number, (0, 0, 0))[:3] for number in range(256)], np.uint8)
    return np.moveaxis(table[np.clip(numbers, 0, 255)], -1, 0), covered


def _span(tile: Tile, frame: Frame) -> Span | None:
    """Return the pixels of a tile that a frame shows, None when it shows none."""
    inverse = ~Affine(*tile.transform)
    west, south, east, north = _transformer(frame.crs.to_wkt(), tile.crs).transform_bounds(*frame.bounds)
    columns, rows = zip(*(inverse * corner for corner in ((west, north), (east, north), (east, south), (west, south))), strict=True)
    left, right = max(0, math.floor(min(columns)) - 1), min(tile.width, math.ceil(max(columns)) + 1)
    top, bottom = max(0, math.floor(min(rows)) - 1), min(tile.height, math.ceil(max(rows)) + 1)
    return (left, top, right - left, bottom - top) if left < right and top < bottom else None


def _box_in(tile: Tile, crs: CRS) -> Box:
    xs, ys = zip(*tile.corners, strict=True)
    west, south, east, north = _transformer(tile.crs, crs.to_wkt()).transform_bounds(min(xs), min(ys), max(xs), max(ys))
    return west, south, east, north


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(CRS(source), CRS(target), always_xy=True)
