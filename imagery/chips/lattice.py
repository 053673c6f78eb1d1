"""Tiles that share one pixel grid, so that a seam between them is no seam."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagery.chips.windows import Floats, xy_to_pixel
from imagery.flyover.tiles import Tile

OFF_GRID_PX = 0.02
"""How far a tile's corner may lie off the grid of its lattice, pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lattices:
    """Which tile lies on which pixel grid."""

    of_tile: NDArray[np.int64]
    """Lattice of every tile, (tiles,)."""
    windows: NDArray[np.int64]
    """Where every tile lies on its lattice: (row from, row to, column from, column to), (tiles, 4)."""
    crs: tuple[str, ...]
    """CRS of every lattice."""
    transforms: Floats
    """Affine a..f of every lattice from (column, row) to its CRS, (lattices, 6)."""


def find_lattices(tiles: tuple[Tile, ...]) -> Lattices:
    """Sort tiles into lattices: same CRS, same pixels to 1/50 pixel over a whole tile, corners on the grid to 1/50 pixel."""
    founders: dict[tuple[object, ...], list[int]] = {}
    of_tile: list[int] = []
    windows: list[tuple[int, int, int, int]] = []
    first: list[Tile] = []
    for tile in tiles:
        for lattice in founders.setdefault(_kind(tile), []):
            column, row = xy_to_pixel(
                first[lattice].transform, np.array([[tile.transform[2], tile.transform[5]]])
            )[0]
            if (
                abs(column - round(column)) < OFF_GRID_PX
                and abs(row - round(row)) < OFF_GRID_PX
                and _same_pixels(first[lattice], tile)
            ):
                break
        else:
            lattice, column, row = len(first), 0.0, 0.0
            founders[_kind(tile)].append(lattice)
            first.append(tile)
        of_tile.append(lattice)
        windows.append(
            (round(row), round(row) + tile.height, round(column), round(column) + tile.width)
        )
    return Lattices(
        of_tile=np.array(of_tile, np.int64),
        windows=np.array(windows, np.int64).reshape(-1, 4),
        crs=tuple(tile.crs for tile in first),
        transforms=np.array([tile.transform for tile in first], np.float64).reshape(-1, 6),
    )


def _kind(tile: Tile) -> tuple[object, ...]:
    """Return what tiles of one lattice must share; pixel sides to four digits."""
    return tile.crs, *(
        f"{side:.3e}"
        for side in (tile.transform[0], tile.transform[1], tile.transform[3], tile.transform[4])
    )


def _same_pixels(first: Tile, second: Tile) -> bool:
    """Tell whether pixel sides agree so well that the far corner of a tile is off by less than `OFF_GRID_PX`."""
    a, b, _, d, e, _ = (
        one - other for one, other in zip(first.transform, second.transform, strict=True)
    )
    side = (
        abs(first.transform[0])
        + abs(first.transform[1])
        + abs(first.transform[3])
        + abs(first.transform[4])
    ) / 2
    return (
        max(abs(a), abs(d)) * second.width + max(abs(b), abs(e)) * second.height
        < OFF_GRID_PX * side
    )
