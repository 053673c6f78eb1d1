"""A flyover as the printed maps read it: gray, coarse, every tile decoded as few times as memory allows."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window

from gis_export.printing.frame import Box
from imagery.flyover.flyover import Flyover
from imagery.flyover.tiles import Tile

Gray = NDArray[np.uint8]
Seen = tuple[Gray, Gray]
"""Gray and what is known of it, `BLACK`, `DATA` or 0 for nothing, both (h, w)."""
Span = tuple[int, int, int, int]
"""First column, first row, columns and rows of a tile."""
BLACK, DATA = 1, 2
"""What is known of a pixel; black may be a border, so data of another tile goes over it."""
_DARKEST = 8
"""Brightest value of an undeclared black border."""
_WHOLE_PX = 4_000_000
"""A tile of fewer coarse pixels is read whole and serves the maps around too."""
_REMEMBERED_BYTES = 256_000_000
"""What whole tiles that are kept may take."""
_LIKE = 1.15
"""What is so little coarser is sampled from what is remembered as it is."""


class TileMemory:
    """Reads tiles and keeps whole ones, those that were used last.

    Maps of every scale share what is kept: it is as coarse as the next power of two, mostly an overview of the file.
    """

    def __init__(self, white: float, *, most_bytes: int = _REMEMBERED_BYTES) -> None:
        """Begin with nothing; `white` is the pixel value shown as 255."""
        self.white, self.most_bytes = white, most_bytes
        self.kept: OrderedDict[tuple[str, int], Seen | None] = OrderedDict()
        self.bytes = 0

    def read(self, tile: Tile, span: Span, step: float) -> tuple[Span, Seen] | None:
        """Read a span of a tile, or all of it where it is small.

        Args:
            tile: Header.
            span: What is asked for.
            step: Pixels of the tile per pixel of what is returned, 1 or more.

        Returns:
            The span that was read and what it shows; None where it cannot be read.
        """
        level = 2 ** int(math.log2(step))
        if tile.width * tile.height > _WHOLE_PX * level**2:
            found = _read_span(tile, span, _shape(span, step), self.white)
            return None if found is None else (span, found)
        whole = 0, 0, tile.width, tile.height
        found = self._remembered(tile, whole, level)
        return (
            None
            if found is None
            else (whole, found if step < level * _LIKE else _coarser(found, _shape(whole, step)))
        )

    def _remembered(self, tile: Tile, whole: Span, level: int) -> Seen | None:
        key = tile.path, level
        if key not in self.kept:
            self.kept[key] = _read_span(tile, whole, _shape(whole, level), self.white)
            self.bytes += _bytes(self.kept[key])
        self.kept.move_to_end(key)
        while len(self.kept) > 1 and self.bytes > self.most_bytes:
            self.bytes -= _bytes(self.kept.popitem(last=False)[1])
        return self.kept[key]


@dataclass(frozen=True, kw_only=True, eq=False)
class Photo:
    """A flyover, indexed for pictures in one CRS."""

    crs: CRS
    """Metric CRS of the frames."""
    tiles: tuple[Tile, ...]
    """Headers."""
    boxes: shapely.STRtree
    """Their boxes in `crs`, in the same order."""
    memory: TileMemory
    """What reads them."""


def photo_of(flyover: Flyover | None, crs: CRS) -> Photo | None:
    """Index a flyover; None where there is none."""
    if flyover is None:
        return None
    boxes = [shapely.box(*_box_in(tile, crs)) for tile in flyover.tiles]
    return Photo(
        crs=crs, tiles=flyover.tiles, boxes=shapely.STRtree(boxes), memory=TileMemory(flyover.white)
    )


@lru_cache(maxsize=64)
def transformer(source: str, target: str) -> Transformer:
    """Return what leads from one CRS to another, both WKT."""
    return Transformer.from_crs(CRS(source), CRS(target), always_xy=True)


def _shape(span: Span, step: float) -> tuple[int, int]:
    return max(1, math.ceil(span[3] / step)), max(1, math.ceil(span[2] / step))


def _bytes(found: Seen | None) -> int:
    return found[0].nbytes + found[1].nbytes if found is not None else 0


def _coarser(found: Seen, shape: tuple[int, int]) -> Seen:
    size = shape[1], shape[0]
    plain, known = (
        cv2.resize(found[0], size, interpolation=cv2.INTER_AREA),
        cv2.resize(found[1], size, interpolation=cv2.INTER_NEAREST),
    )
    return np.asarray(plain, np.uint8), np.asarray(known, np.uint8)


def _read_span(tile: Tile, span: Span, shape: tuple[int, int], white: float) -> Seen | None:
    """Read gray and what is known, both (h, w), of a span of a tile, coarsened to `shape`; None where it cannot be read."""
    try:
        color, covered = _read_color(tile, Window(*span), shape, white)
    except RasterioError:
        return None
    known = np.where(
        covered == 0, 0, np.where((color <= _DARKEST).all(axis=0), BLACK, DATA)
    ).astype(np.uint8)
    return np.asarray(
        cv2.cvtColor(np.ascontiguousarray(np.moveaxis(color, 0, -1)), cv2.COLOR_RGB2GRAY), np.uint8
    ), known


def _read_color(
    tile: Tile, window: Window, shape: tuple[int, int], white: float
) -> tuple[Gray, Gray]:
    """Read red, green, blue (3, h, w) and what is covered (h, w)."""
    with rasterio.open(tile.path) as source:
        covered = source.dataset_mask(window=window, out_shape=shape)
        if not tile.palette:
            color = source.read(
                list(tile.bands),
                window=window,
                out_shape=(3, *shape),
                resampling=Resampling.average,
            )
            if color.dtype != np.uint8:
                color = np.clip(
                    np.nan_to_num(color.astype(np.float32)) * (255 / white), 0, 255
                ).astype(np.uint8)
            return color, covered
        numbers = source.read(tile.bands[0], window=window, out_shape=shape)
        colors = source.colormap(tile.bands[0])
    table = np.array([colors.get(number, (0, 0, 0))[:3] for number in range(256)], np.uint8)
    return np.moveaxis(table[np.clip(numbers, 0, 255)], -1, 0), covered


def _box_in(tile: Tile, crs: CRS) -> Box:
    xs, ys = zip(*tile.corners, strict=True)
    west, south, east, north = transformer(tile.crs, crs.to_wkt()).transform_bounds(
        min(xs), min(ys), max(xs), max(ys)
    )
    return west, south, east, north
