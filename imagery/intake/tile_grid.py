"""The regular grid that most deliveries are cut by, and the cells of it where a tile is missing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagery.flyover.tiles import Tile

LEAST_TILES = 4
"""Fewer tiles make no grid."""
OFF_STEP = 0.05
"""How far a corner may be from the grid, in steps."""
REGULAR = 0.9
"""Least share of tiles on the grid."""
MOST_CELLS = 20_000
"""Larger grids are not searched: a stray tile far away, not a delivery."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class TileGrid:
    """A regular grid of tiles in one CRS."""

    rows: int
    """Rows from north to south."""
    columns: int
    """Columns from west to east."""
    empty: tuple[Tile, ...]
    """A stand-in for every cell without a tile; its path says the place."""
    between: Mask
    """Which of them have tiles on both sides in their row and in their column."""


def find_grid(tiles: tuple[Tile, ...]) -> TileGrid | None:
    """Return the grid of tiles that share CRS and pixel size, None where none is regular."""
    upright = [tile for tile in tiles if _is_north_up(tile)]
    if len(upright) < LEAST_TILES:
        return None

    corners = np.array([_east_south(tile) for tile in upright])
    sizes = np.array([_ground_size(tile) for tile in upright])
    usual = np.median(sizes, axis=0)
    steps = np.array([_step(corners[:, axis], usual[axis]) for axis in (0, 1)])
    origin = corners[np.abs(sizes / usual - 1).sum(axis=1).argmin()]
    places = (corners - origin) / steps
    is_on_grid = (np.abs(places - np.rint(places)) < OFF_STEP).all(axis=1)
    if is_on_grid.mean() < REGULAR:
        return None

    cells = np.floor((corners + sizes / 2 - origin) / steps).astype(np.int64)
    low = cells.min(axis=0)
    columns, rows = (int(side) for side in cells.max(axis=0) - low + 1)
    if rows * columns > MOST_CELLS:
        return None

    is_taken = np.zeros((rows, columns), bool)
    is_taken[cells[:, 1] - low[1], cells[:, 0] - low[0]] = True
    return _with_empty(is_taken, upright[0], origin + low * steps, steps)


def _is_north_up(tile: Tile) -> bool:
    a, b, _, d, e, _ = tile.transform
    return b == d == 0 and a > 0 > e


def _east_south(tile: Tile) -> tuple[float, float]:
    """Return the upper left corner, so that both numbers grow with column and row."""
    return tile.transform[2], -tile.transform[5]


def _ground_size(tile: Tile) -> tuple[float, float]:
    """Return width and height in CRS units."""
    return tile.transform[0] * tile.width, -tile.transform[4] * tile.height


def _step(edges: Floats, usual: float) -> float:
    """Return the usual distance of neighboring edges; the usual size where there is one row."""
    gaps = np.diff(np.unique(edges))
    gaps = gaps[(gaps > 0.5 * usual) & (gaps < 1.5 * usual)]
    return float(np.median(gaps)) if len(gaps) else usual


def _with_empty(is_taken: Mask, like: Tile, origin: Floats, steps: Floats) -> TileGrid:
    """Return the grid with its empty cells.

    Args:
        is_taken: Which cells have a tile, (rows, columns).
        like: A tile of the grid.
        origin: Upper left corner of the grid, east and south.
        steps: Width and height of a cell.
    """
    empty = []
    for row, column in np.argwhere(~is_taken).tolist():
        east = origin[0] + column * steps[0]
        south = origin[1] + row * steps[1]
        cell = Tile(
            path=f"row {row + 1} column {column + 1}",
            crs=like.crs,
            width=1,
            height=1,
            transform=(steps[0], 0, east, 0, -steps[1], -south),
        )
        empty.append(cell)

    is_between = _has_both_sides(is_taken, axis=0) & _has_both_sides(is_taken, axis=1)
    rows, columns = is_taken.shape
    return TileGrid(rows=rows, columns=columns, empty=tuple(empty), between=is_between[~is_taken])


def _has_both_sides(is_taken: Mask, *, axis: int) -> Mask:
    """Tell for every cell whether tiles are before and after it along an axis, or on it."""
    flipped = np.flip(is_taken, axis)
    after = np.flip(np.logical_or.accumulate(flipped, axis), axis)
    return np.logical_or.accumulate(is_taken, axis) & after
