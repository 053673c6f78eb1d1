"""Hide the small counts of a table with totals, and enough others to keep them hidden.

Counts under `SMALL` are hidden (primary suppression). A reader who knows the totals could
subtract the rest. So further cells are hidden until every hidden cell is at a corner of a
rectangle whose four corners are hidden and can move up and down by turns without changing any
sum: then at least one other table fits what is published (complementary suppression; Cox 1980,
"Suppression methodology and statistical disclosure control"). A count of 0 can only move up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALL = 10
"""Counts under this are not shown."""

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
_TOTAL_COST = 1_000_000
"""Makes totals the last to be hidden."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Moves:
    """Which entries of a table with totals can move, (n + 1, m + 1) each.

    Totals count with a minus, so that every row and column sums to 0.
    """

    up: Mask
    """Entries that can rise."""
    down: Mask
    """Entries that can fall."""


def with_totals(counts: Counts) -> Counts:
    """Append a row and a column of totals, (n + 1, m + 1)."""
    rows = np.vstack([counts, counts.sum(axis=0, keepdims=True)])
    return np.hstack([rows, rows.sum(axis=1, keepdims=True)])


def hidden_cells(counts: Counts) -> Mask:
    """Return which cells of a table and its totals must not be shown, (n + 1, m + 1).

    Args:
        counts: (n, m), none negative.
    """
    table = with_totals(counts)
    hidden = np.asarray(table < SMALL, dtype=bool)
    if not len(counts):
        return hidden

    exposed = np.argwhere(hidden & ~protected(table, hidden))
    while len(exposed):
        row, column = (int(place) for place in exposed[0])
        far_row, far_column = _cheapest_rectangle(table, hidden, row, column)
        hidden[np.ix_([row, far_row], [column, far_column])] = True
        exposed = np.argwhere(hidden & ~protected(table, hidden))
    return hidden


def protected(table: Counts, hidden: Mask) -> Mask:
    """Return which hidden cells of a table with totals no reader can compute.

    Each is at a corner of a rectangle of hidden cells that can move.
    """
    moves = _find_moves(table)
    up = moves.up & hidden
    down = moves.down & hidden
    return np.asarray(hidden & (_is_corner(up, down) | _is_corner(down, up)), dtype=bool)


def _find_moves(table: Counts) -> _Moves:
    sign = np.ones(table.shape, dtype=np.int64)
    sign[-1] *= -1
    sign[:, -1] *= -1

    is_positive = table > 0
    return _Moves(
        up=np.asarray((sign > 0) | is_positive, dtype=bool),
        down=np.asarray((sign < 0) | is_positive, dtype=bool),
    )


def _is_corner(first: Mask, second: Mask) -> Mask:
    """Return which cells begin a rectangle that can move.

    Args:
        first: Cells that can make the move of this corner and of the far one.
        second: Cells that can make the opposite move, of the two corners between.
    """
    near = first.astype(np.int64)
    between = second.astype(np.int64)

    # Ways from a cell along its row, to the far corner, and back along its column. Those that
    # stay in the row or in the column are no rectangles.
    all_ways = between @ near.T @ between
    both = between * near
    same_row = both.sum(axis=1, keepdims=True) * between
    same_column = both.sum(axis=0, keepdims=True) * between
    ways = all_ways - same_row - same_column + both * between
    return np.asarray(first & (ways > 0), dtype=bool)


def _cheapest_rectangle(table: Counts, hidden: Mask, row: int, column: int) -> tuple[int, int]:
    """Return the far corner of the rectangle that hides the fewest and smallest further counts."""
    moves = _find_moves(table)
    fits = _far_corners(moves.up, moves.down, row, column)
    fits |= _far_corners(moves.down, moves.up, row, column)
    fits[row] = False
    fits[:, column] = False

    cost = np.where(hidden, 0.0, table + 1.0)
    cost[-1] += np.where(hidden[-1], 0, _TOTAL_COST)
    cost[:, -1] += np.where(hidden[:, -1], 0, _TOTAL_COST)
    total_cost = cost[row][None, :] + cost[:, column][:, None] + cost

    cheapest = np.argmin(np.where(fits, total_cost, np.inf))
    far_row, far_column = np.unravel_index(cheapest, table.shape)
    return int(far_row), int(far_column)


def _far_corners(first: Mask, second: Mask, row: int, column: int) -> Mask:
    """Return the far corners of the rectangles that a cell can begin with the first move."""
    in_row = second[row][None, :]
    in_column = second[:, column][:, None]
    return np.asarray(first[row, column] & in_row & in_column & first, dtype=bool)
