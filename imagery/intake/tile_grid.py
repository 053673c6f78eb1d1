"""The regular grid that most deliveries are cut by, and the cells of it where a tile is missing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagery.flyover.tiles import Tile

LEAST_TILES = 4
"""Fewer tiles make no grid."""
OFF_STEP = 0.05
"""How far a corner may lie off the grid, in steps."""
REGULAR = 0.9
"""Least share of tiles on the grid."""
MOST_CELLS = 20_000
"""Larger grids are not searched: a stray tile far away, not a delivery."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileGrid:
    """A regular grid of tiles in one CRS."""

    rows: int
    """Rows from north to south."""
    columns: int
    """Columns from west to east."""
    empty: tuple[Tile, ...]
    """A stand-in for every cell without a tile; its path says the place."""
    between: NDArray[np.bool_]
    """Which of them have tiles on both sides in their row and in their column."""


def find_grid(tiles: tuple[Tile, ...]) -> TileGrid | None:
    """Return the grid of tiles that share CRS and pixel size, None where there is no regular one."""
    upright = [
        tile
        for tile in tiles
        if tile.transform[1] == tile.transform[3] == 0 and tile.transform[0] > 0 > tile.transform[4]
    ]
    if len(upright) < LEAST_TILES:
        return None
    corners = np.array(
        [(tile.transform[2], -tile.transform[5]) for tile in upright]
    )  # east and south grow
    sizes = np.array(
        [(tile.transform[0] * tile.width, -tile.transform[4] * tile.height) for tile in upright]
    )
    usual = np.median(sizes, axis=0)
    steps = np.array([_step(corners[:, axis], usual[axis]) for axis in (0, 1)])
    origin = corners[np.abs(sizes / usual - 1).sum(axis=1).argmin()]
    places = (corners - origin) / steps
    if (np.abs(places - np.rint(places)) < OFF_STEP).all(axis=1).mean() < REGULAR:
        return None
    cells = np.floor((corners + sizes / 2 - origin) / steps).astype(np.int64)
    low = cells.min(axis=0)
    columns, rows = (int(side) for side in cells.max(axis=0) - low + 1)
    if rows * columns > MOST_CELLS:
        return None
    taken = np.zeros((rows, columns), bool)
    taken[cells[:, 1] - low[1], cells[:, 0] - low[0]] = True
    return _with_empty(taken, upright[0], origin + low * steps, steps)


def _step(edges: NDArray[np.float64], usual: float) -> float:
    """Return the usual distance of neighboring edges; the usual size where there is one row only."""
    gaps = np.diff(np.unique(edges))
    gaps = gaps[(gaps > 0.5 * usual) & (gaps < 1.5 * usual)]
    return float(np.median(gaps)) if len(gaps) else usual


def _with_empty(
    taken: NDArray[np.bool_], like: Tile, origin: NDArray[np.float64], steps: NDArray[np.float64]
) -> TileGrid:
    between = _hemmed(taken, 0) & _hemmed(taken, 1) & ~taken
    where = np.argwhere(~taken)
    empty = tuple(
        Tile(
            path=f"row {row + 1} column {column + 1}",
            crs=like.crs,
            width=1,
            height=1,
            transform=(
                steps[0],
                0,
                origin[0] + column * steps[0],
                0,
                -steps[1],
                -(origin[1] + row * steps[1]),
            ),
        )
        for row, column in where.tolist()
    )
    rows, columns = taken.shape
    return TileGrid(rows=rows, columns=columns, empty=empty, between=between[~taken])


def _hemmed(taken: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Tell for every cell whether tiles lie before and after it along an axis, or on it."""
    after = np.flip(np.logical_or.accumulate(np.flip(taken, axis), axis), axis)
    return np.logical_or.accumulate(taken, axis) & after
