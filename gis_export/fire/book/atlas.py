"""Cut a district into map sheets, as coarse as its symbols stay legible. Arithmetic only."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_export.printing.spread import Points, crowding
from imagery.boxes import GroundBox

FINEST = 1250
"""Finest scale of a sheet: a row house 5 m wide is as wide as its symbol."""
LEVELS = 3
"""Scales, each twice as coarse: 1:1,250, 1:2,500, 1:5,000."""
_CROWD = 0.12
"""Greatest share of symbols of which a neighbor may cover a fifth; they are moved apart."""
_MOST = 110
"""Most symbols that one sheet may hold unless it is the finest."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The ground of one sheet."""

    ground: GroundBox
    """A square, meters."""
    scale: int
    """1250 for 1:1,250."""

    def holds(self, points: Points) -> NDArray[np.bool_]:
        """Tell which points, (n, 2), belong to it.

        Its west and south edges are part of it, so that each point belongs to one cell.
        """
        x = points[:, 0]
        y = points[:, 1]
        ground = self.ground
        is_inside: NDArray[np.bool_] = (
            (x >= ground.west) & (x < ground.east) & (y >= ground.south) & (y < ground.north)
        )
        return is_inside


@dataclass(frozen=True, kw_only=True)
class _Square:
    """A square of ground that may become one sheet or several."""

    west: float
    """Western edge, meters."""
    south: float
    """Southern edge, meters."""
    side_m: float
    """Width and height."""
    level: int
    """0 for the finest scale; every level is twice as coarse as the one below."""

    @property
    def cell(self) -> Cell:
        """Return it as one sheet."""
        ground = GroundBox(
            west=self.west,
            south=self.south,
            east=self.west + self.side_m,
            north=self.south + self.side_m,
        )

        return Cell(ground=ground, scale=FINEST * 2**self.level)

    @property
    def quarters(self) -> "list[_Square]":
        """Return the four squares of the next finer level."""
        half_m = self.side_m / 2
        corners = [
            (self.west, self.south),
            (self.west, self.south + half_m),
            (self.west + half_m, self.south),
            (self.west + half_m, self.south + half_m),
        ]

        return [
            _Square(west=west, south=south, side_m=half_m, level=self.level - 1)
            for west, south in corners
        ]


def cut_cells(points: Points, sizes_mm: Points, *, side_mm: float) -> tuple[Cell, ...]:
    """Cut the ground of some points into square cells, every point in one of them.

    Cells of the finest scale form a grid around the middle of all points. Four neighbors become
    one of half the scale as long as its symbols would not cover each other.

    Args:
        points: Meters east and north, (n, 2).
        sizes_mm: Width and height of each symbol on paper, (n, 2).
        side_mm: Side of a cell on paper.

    Returns:
        Cells that hold a point, by row from the north, then from the west.
    """
    if not len(points):
        return ()

    cells: list[Cell] = []
    for square in _coarsest_squares(points, side_m=side_mm / 1000 * FINEST):
        cells.extend(_split(square, points, sizes_mm))
    return tuple(sorted(cells, key=_reading_order))


def _reading_order(cell: Cell) -> tuple[float, float]:
    """Return what sorts cells by row from the north, then from the west."""
    return -round(cell.ground.north, 3), round(cell.ground.west, 3)


def _coarsest_squares(points: Points, *, side_m: float) -> list[_Square]:
    """Return the squares of the coarsest scale that hold a point.

    Args:
        points: Meters east and north, (n, 2).
        side_m: Side of a cell of the finest scale.
    """
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    columns = max(1, math.ceil((east - west + 1e-6) / side_m))
    rows = max(1, math.ceil((north - south + 1e-6) / side_m))
    left = (west + east - columns * side_m) / 2
    bottom = (south + north - rows * side_m) / 2

    level = LEVELS - 1
    coarsest_m = side_m * 2**level
    places = np.unique(np.floor((points - (left, bottom)) / coarsest_m).astype(int), axis=0)

    squares = []
    for column, row in places:
        square = _Square(
            west=left + column * coarsest_m,
            south=bottom + row * coarsest_m,
            side_m=coarsest_m,
            level=level,
        )
        squares.append(square)
    return squares


def _split(square: _Square, points: Points, sizes_mm: Points) -> list[Cell]:
    """Return the cells of a square: itself, or those of its quarters where it is too crowded."""
    cell = square.cell
    is_inside = cell.holds(points)
    if not is_inside.any():
        return []
    if square.level == 0 or _is_legible(cell, points[is_inside], sizes_mm[is_inside]):
        return [cell]

    cells: list[Cell] = []
    for quarter in square.quarters:
        cells.extend(_split(quarter, points, sizes_mm))
    return cells


def _is_legible(cell: Cell, points: Points, sizes_mm: Points) -> bool:
    """Tell whether the symbols of a cell leave each other enough room."""
    places_mm = points * (1000 / cell.scale)
    return len(points) <= _MOST and crowding(places_mm, sizes_mm) <= _CROWD
