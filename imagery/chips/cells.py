"""Cells: rectangles of whole decode units that are worked on together."""

import numpy as np
from numpy.typing import NDArray

Cell = tuple[int, int, int, int]
"""Pixels of a tile: (row from, row to, column from, column to)."""


def split_cells(
    shape: tuple[int, int], unit: tuple[int, int], centers: NDArray[np.float64], most: int
) -> list[Cell]:
    """Halve a tile between its units until no cell holds more than `most` centers, or is one unit.

    Args:
        shape: (rows, columns) of the tile.
        unit: (rows, columns) of its units.
        centers: Where the parcels lie, (n, 2) as (row, column) pixels.
        most: Parcels per cell.
    """
    counts = -(-shape[0] // unit[0]), -(-shape[1] // unit[1])
    places = np.clip(np.floor(centers / np.array(unit)).astype(np.int64), 0, np.array(counts) - 1)
    leaves = _halve((0, counts[0], 0, counts[1]), unit, places, most)
    return [
        (
            top * unit[0],
            min(bottom * unit[0], shape[0]),
            left * unit[1],
            min(right * unit[1], shape[1]),
        )
        for top, bottom, left, right in leaves
    ]


def _halve(box: Cell, unit: tuple[int, int], places: NDArray[np.int64], most: int) -> list[Cell]:
    """Split a box of units along its longer side at the median; boxes with few places stay whole."""
    top, bottom, left, right = box
    if len(places) <= most or (bottom - top == 1 and right - left == 1):
        return [box]
    by_row = right - left == 1 or (
        bottom - top > 1 and (bottom - top) * unit[0] >= (right - left) * unit[1]
    )
    axis, low, high = (0, top, bottom) if by_row else (1, left, right)
    cut = int(np.clip(np.round(np.median(places[:, axis]) + 0.5), low + 1, high - 1))
    before = places[:, axis] < cut
    boxes = (
        ((top, cut, left, right), (cut, bottom, left, right))
        if by_row
        else ((top, bottom, left, cut), (top, bottom, cut, right))
    )
    return _halve(boxes[0], unit, places[before], most) + _halve(
        boxes[1], unit, places[~before], most
    )
