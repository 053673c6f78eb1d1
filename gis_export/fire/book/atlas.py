"""Cut a district into map sheets: as coarse as its symbols stay legible, as fine as they need. Arithmetic only."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_export.printing.frame import Box
from gis_export.printing.spread import crowding

FINEST = 1250
"""Finest scale of a sheet: a row house 5 m wide is as wide as its symbol."""
LEVELS = 3
"""Scales, each twice as coarse: 1:1,250, 1:2,500, 1:5,000."""
_CROWD = 0.12
"""Most symbols of which a neighbor may cover a fifth; they are moved apart."""
_MOST = 110
"""Most symbols that one sheet may hold unless it is the finest."""

Points = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The ground of one sheet."""

    box: Box
    """West, south, east, north, meters."""
    scale: int
    """1250 for 1:1,250."""

    def holds(self, points: Points) -> NDArray[np.bool_]:
        """Return which points, (n, 2), belong to it: west and south edge included, so each belongs to one cell."""
        west, south, east, north = self.box
        inside: NDArray[np.bool_] = (
            (points[:, 0] >= west)
            & (points[:, 0] < east)
            & (points[:, 1] >= south)
            & (points[:, 1] < north)
        )
        return inside


def cut_cells(points: Points, sizes_mm: Points, *, side_mm: float) -> tuple[Cell, ...]:
    """Cut the ground of some points into square cells, every point in one of them.

    Cells of the finest scale lie on a grid around the middle of all points; four neighbors become one of half the
    scale as long as its symbols would not cover each other.

    Args:
        points: Meters east and north, (n, 2).
        sizes_mm: Width and height of each symbol on paper, (n, 2).
        side_mm: Side of a cell on paper.

    Returns:
        Cells that hold a point, by row from the north, then from the west.
    """
    if not len(points):
        return ()
    side_m = side_mm / 1000 * FINEST
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    columns, rows = (
        max(1, math.ceil((east - west + 1e-6) / side_m)),
        max(1, math.ceil((north - south + 1e-6) / side_m)),
    )
    left, bottom = (west + east - columns * side_m) / 2, (south + north - rows * side_m) / 2
    cells = [
        cell
        for block in _blocks(points, left, bottom, side_m * 2 ** (LEVELS - 1))
        for cell in _split(block, points, sizes_mm, LEVELS - 1, side_m)
    ]
    return tuple(sorted(cells, key=lambda cell: (-round(cell.box[3], 3), round(cell.box[0], 3))))


def _blocks(points: Points, left: float, bottom: float, side_m: float) -> list[Box]:
    """Return the coarsest cells that hold a point."""
    places = np.unique(np.floor((points - (left, bottom)) / side_m).astype(int), axis=0)
    return [
        _square(left + column * side_m, bottom + row * side_m, side_m) for column, row in places
    ]


def _split(box: Box, points: Points, sizes_mm: Points, level: int, side_m: float) -> list[Cell]:
    scale = FINEST * 2**level
    cell = Cell(box=box, scale=scale)
    inside = cell.holds(points)
    count = int(inside.sum())
    if not count:
        return []
    if level == 0 or (
        count <= _MOST and crowding(points[inside] * (1000 / scale), sizes_mm[inside]) <= _CROWD
    ):
        return [cell]
    half = side_m * 2 ** (level - 1)
    west, south = box[0], box[1]
    quarters = [
        _square(west + right * half, south + up * half, half) for right in (0, 1) for up in (0, 1)
    ]
    return [
        found
        for quarter in quarters
        for found in _split(quarter, points, sizes_mm, level - 1, side_m)
    ]


def _square(west: float, south: float, side_m: float) -> Box:
    return west, south, west + side_m, south + side_m
