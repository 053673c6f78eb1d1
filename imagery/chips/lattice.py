"""Tiles that share one pixel grid, so that a chip may cross the seam between them."""

from dataclasses import dataclass

import numpy as np

from imagery.boxes import PixelBox
from imagery.chips.affine import Floats, Ints, xy_to_pixel
from imagery.chips.windows import Windows
from imagery.flyover.tiles import Tile

OFF_GRID_PX = 0.02
"""Largest distance of a tile's corner from the grid of its lattice, pixels."""
TileKind = tuple[str, tuple[str, ...]]
"""CRS, and the sides of a pixel to four digits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lattices:
    """Which tile lies on which pixel grid."""

    of_tile: Ints
    """Lattice of every tile, (tiles,)."""
    windows: Windows
    """Where every tile lies on its lattice, (tiles,)."""
    crs: tuple[str, ...]
    """CRS of every lattice, WKT."""
    transforms: Floats
    """Affine a..f of every lattice from (column, row) to its CRS, (lattices, 6)."""


def find_lattices(tiles: tuple[Tile, ...]) -> Lattices:
    """Sort tiles into lattices.

    Tiles of one lattice have the same CRS, pixels that agree to 1/50 pixel over a whole tile, and
    corners on the grid to 1/50 pixel. The first tile of a lattice is its origin.
    """
    origins: list[Tile] = []
    alike: dict[TileKind, list[int]] = {}
    of_tile: list[int] = []
    boxes: list[PixelBox] = []

    for tile in tiles:
        candidates = alike.setdefault(_kind(tile), [])
        lattice = _find_match(tile, candidates, origins)
        if lattice is None:
            lattice = len(origins)
            origins.append(tile)
            candidates.append(lattice)
        of_tile.append(lattice)
        boxes.append(_box_on_grid(origins[lattice], tile))

    transforms = np.array([tile.transform for tile in origins], np.float64)
    return Lattices(
        of_tile=np.array(of_tile, np.int64),
        windows=Windows.of(boxes),
        crs=tuple(tile.crs for tile in origins),
        transforms=transforms.reshape(-1, 6),
    )


def _kind(tile: Tile) -> TileKind:
    """Return what tiles of one lattice must share."""
    a, b, _, d, e, _ = tile.transform
    return tile.crs, tuple(f"{side:.3e}" for side in (a, b, d, e))


def _find_match(tile: Tile, candidates: list[int], origins: list[Tile]) -> int | None:
    """Return the first lattice whose grid a tile lies on, None when there is none."""
    for number in candidates:
        if _is_on_grid(origins[number], tile):
            return number
    return None


def _is_on_grid(origin: Tile, tile: Tile) -> bool:
    """Tell whether a tile's corner lies on the grid of an origin, and its pixels agree."""
    column, row = _corner_px(origin, tile)
    column_error = abs(column - round(column))
    row_error = abs(row - round(row))
    return max(column_error, row_error) < OFF_GRID_PX and _has_same_pixels(origin, tile)


def _has_same_pixels(origin: Tile, tile: Tile) -> bool:
    """Tell whether pixel sides agree so well that the far corner of a tile is on the grid too."""
    a, b, _, d, e, _ = origin.transform
    other_a, other_b, _, other_d, other_e, _ = tile.transform

    column_error = max(abs(a - other_a), abs(d - other_d))
    row_error = max(abs(b - other_b), abs(e - other_e))
    side = (abs(a) + abs(b) + abs(d) + abs(e)) / 2
    return column_error * tile.width + row_error * tile.height < OFF_GRID_PX * side


def _box_on_grid(origin: Tile, tile: Tile) -> PixelBox:
    """Return where a tile lies on the grid of an origin."""
    column, row = _corner_px(origin, tile)
    row_start = round(row)
    column_start = round(column)
    return PixelBox(
        row_start=row_start,
        row_stop=row_start + tile.height,
        column_start=column_start,
        column_stop=column_start + tile.width,
    )


def _corner_px(origin: Tile, tile: Tile) -> tuple[float, float]:
    """Return column and row of a tile's upper left corner on the grid of an origin."""
    corner_xy = np.array([tile.transform[2], tile.transform[5]])
    column, row = xy_to_pixel(origin.transform, corner_xy).tolist()
    return column, row
