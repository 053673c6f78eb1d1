"""Tiles as printed maps read them: gray, coarse, and decoded as few times as memory allows."""

import math
from collections import OrderedDict
from dataclasses import dataclass, replace

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray

from imagery.boxes import PixelBox
from imagery.flyover.coarse import read_coarse
from imagery.flyover.guard import READ_ERRORS, call_guarded
from imagery.flyover.tiles import Tile
from imagery.limits import refuse_no_handles

Gray = NDArray[np.uint8]
"""Gray values, (h, w)."""
BLACK = 1
"""Known of a pixel: it is black. That may be a border, so data of another tile is preferred."""
DATA = 2
"""Known of a pixel: it shows the ground."""
_DARKEST = 8
"""Brightest value of an undeclared black border."""
_WHOLE_PX = 4_000_000
"""A tile of fewer coarse pixels is read whole and serves the maps around too."""
_CELL_PX = 2_048
"""Side of the cells in which larger tiles are read, coarse pixels."""
_REMEMBERED_BYTES = 256_000_000
"""Memory that whole tiles and cells may take."""
_LIKE = 1.15
"""A picture that is less coarser than this is sampled from the remembered tile as it is."""
_FINEST_M = 0.17
"""Meters per pixel of the finest printed map, 1:1,000."""
_MUCH_COARSER = 4
"""Maps up to this much coarser than the finest are made from what the finest read.

Of a tile without overviews all are: to read it coarser still is to decode it whole once more.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class TilePart:
    """What a part of a tile shows, in gray."""

    box: PixelBox
    """The part, in pixels of the tile."""
    gray: Gray
    """Gray values, (h, w), coarser than the tile."""
    known: NDArray[np.uint8]
    """What is known of each pixel, (h, w): `BLACK`, `DATA`, or 0 for nothing."""

    @property
    def size_bytes(self) -> int:
        """Return the memory that it takes."""
        return self.gray.nbytes + self.known.nbytes

    @property
    def from_tile(self) -> Affine:
        """Return the affine from pixels of the tile to pixels of the part."""
        height, width = self.gray.shape
        scale = Affine.scale(width / self.box.width, height / self.box.height)
        return scale @ Affine.translation(-self.box.column_start, -self.box.row_start)


class TileMemory:
    """Reads tiles, whole or in cells, and remembers those that were used last.

    Maps of most scales share what is remembered: it is as coarse as the nearest power of two,
    which is mostly an overview of the file. What a map shows does not depend on which were drawn
    before it.
    """

    def __init__(self, white: float, *, most_bytes: int = _REMEMBERED_BYTES) -> None:
        """Create an empty memory.

        Args:
            white: Pixel value shown as 255.
            most_bytes: Memory that remembered tiles may take; the last one is always kept.
        """
        self.white = white
        self.most_bytes = most_bytes
        self.kept: OrderedDict[tuple[str, int, PixelBox], TilePart | None] = OrderedDict()
        self.bytes = 0

    def read(self, tile: Tile, box: PixelBox, step: float) -> TilePart | None:
        """Read a part of a tile, or all of it where it is small.

        Args:
            tile: Header.
            box: The part that is needed.
            step: Pixels of the tile per pixel of the result, 1 or more.

        Returns:
            What was read, at least the part; None when the tile cannot be read.
        """
        level = _nearest_level(step)
        if tile.width * tile.height > _WHOLE_PX * level**2:
            part = self._join(tile, box, level)
        else:
            finest = _finest_level(tile)
            is_costly = not tile.overviews or level <= finest * _MUCH_COARSER
            level = finest if level >= finest and is_costly else level
            part = self._remember(tile, PixelBox.whole(tile.height, tile.width), level)
        if part is None or step < level * _LIKE:
            return part
        return _make_coarser(part, step)

    def _join(self, tile: Tile, box: PixelBox, level: int) -> TilePart | None:
        """Return a part of a large tile, `level` times coarser, put together from its cells."""
        # Cells begin at multiples of `level`, so that all pixels lie in one grid.
        around = PixelBox(
            row_start=box.row_start // level * level,
            row_stop=-(-box.row_stop // level) * level,
            column_start=box.column_start // level * level,
            column_stop=-(-box.column_stop // level) * level,
        )
        shape = (around.height // level, around.width // level)
        joined = TilePart(
            box=around, gray=np.zeros(shape, np.uint8), known=np.zeros(shape, np.uint8)
        )
        for cell in PixelBox.whole(tile.height, tile.width).split(_CELL_PX * level):
            if not cell.overlap(around).is_empty:
                part = self._remember(tile, cell, level)
                if part is None:
                    return None
                _paste(part, joined, level)
        return joined

    def _remember(self, tile: Tile, box: PixelBox, level: int) -> TilePart | None:
        """Return a part of a tile, `level` times coarser; read it unless it is remembered."""
        key = (tile.path, level, box)
        if key not in self.kept:
            part = _read_part(tile, box, level, self.white)
            self.kept[key] = part
            self.bytes += part.size_bytes if part else 0

        self.kept.move_to_end(key)
        while len(self.kept) > 1 and self.bytes > self.most_bytes:
            _, oldest = self.kept.popitem(last=False)
            self.bytes -= oldest.size_bytes if oldest else 0
        return self.kept[key]


def _paste(part: TilePart, target: TilePart, level: int) -> None:
    """Copy what a part shows of the ground of a larger one, both `level` times coarser."""
    height, width = part.gray.shape
    row = (part.box.row_start - target.box.row_start) // level
    column = (part.box.column_start - target.box.column_start) // level
    place = PixelBox(
        row_start=row, row_stop=row + height, column_start=column, column_stop=column + width
    )
    shared = place.overlap(PixelBox.whole(*target.gray.shape))
    source = shared.relative_to(place).slices
    target.gray[shared.slices] = part.gray[source]
    target.known[shared.slices] = part.known[source]


def _nearest_level(step: float) -> int:
    """Return the power of two that is nearest to some pixels of a tile per pixel."""
    return int(2 ** round(math.log2(step)))


def _finest_level(tile: Tile) -> int:
    """Return the level that the finest printed map needs of a tile, or that fits in memory."""
    level = _nearest_level(max(1.0, _FINEST_M / tile.gsd_m)) if tile.gsd_m > 0 else 1
    while tile.width * tile.height > _WHOLE_PX * level**2:
        level *= 2
    return level


def _read_part(tile: Tile, box: PixelBox, step: float, white: float) -> TilePart | None:
    """Read a part of a tile, `step` times coarser; None when it cannot be read."""
    shape = _coarse_shape(box, step)
    # A JPEG 2000 file can be made so that it never ends.
    try:
        pixels = call_guarded(
            tile.path, tile.max_seconds, read_coarse, tile, box, shape, white=white
        )
    except READ_ERRORS as error:
        refuse_no_handles(error)
        return None

    red, green, blue = pixels.color
    is_black = cv2.max(cv2.max(red, green), blue) <= _DARKEST
    known = np.where(is_black, BLACK, DATA).astype(np.uint8)
    known[~pixels.is_data] = 0

    rgb = cv2.merge([red, green, blue])
    gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    return TilePart(box=box, gray=gray, known=known)


def _make_coarser(part: TilePart, step: float) -> TilePart:
    """Return a part with one pixel per `step` pixels of the tile."""
    height, width = _coarse_shape(part.box, step)
    size = (width, height)
    gray = cv2.resize(part.gray, size, interpolation=cv2.INTER_AREA)
    known = cv2.resize(part.known, size, interpolation=cv2.INTER_NEAREST)
    return replace(part, gray=np.asarray(gray, np.uint8), known=np.asarray(known, np.uint8))


def _coarse_shape(box: PixelBox, step: float) -> tuple[int, int]:
    """Return (height, width) of a part that is read `step` times coarser."""
    height = max(1, math.ceil(box.height / step))
    width = max(1, math.ceil(box.width / step))
    return height, width
