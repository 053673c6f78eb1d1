"""Hide the small counts of a table with totals, and as many others as it takes that no hidden one can be computed.

Counts under `SMALL` are hidden (primary suppression). A reader who knows the totals could subtract the rest, so further cells
are hidden until every hidden cell stands at a corner of a rectangle whose four corners are hidden and can move up and down
by turns without changing any sum: then at least one other table fits what is published (complementary suppression; Cox
1980, "Suppression methodology and statistical disclosure control"). A count of 0 can only move up.
"""

import numpy as np
from numpy.typing import NDArray

SMALL = 10
"""Counts under this are not shown."""

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
_TOTAL_COST = 1_000_000
"""Totals are hidden last."""


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
    hidden = table < SMALL
    while len(counts):
        open_cells = np.argwhere(hidden & ~protected(table, hidden))
        if not len(open_cells):
            break
        row, column = open_cells[0]
        other_row, other_column = _cheapest_rectangle(table, hidden, int(row), int(column))
        hidden[np.ix_([row, other_row], [column, other_column])] = True
    return np.asarray(hidden, dtype=bool)


def protected(table: Counts, hidden: Mask) -> Mask:
    """Return which hidden cells of a table with totals stand at a corner of a rectangle that can move."""
    up, down = _moves(table)
    return np.asarray(
        hidden & (_corner(up & hidden, down & hidden) | _corner(down & hidden, up & hidden)),
        dtype=bool,
    )


def _moves(table: Counts) -> tuple[Mask, Mask]:
    """Return which entries can rise and which can fall, where totals count with a minus: every row and column then sums to 0."""
    sign = np.ones(table.shape, dtype=np.int64)
    sign[-1] *= -1
    sign[:, -1] *= -1
    return np.asarray((sign > 0) | (table > 0), dtype=bool), np.asarray(
        (sign < 0) | (table > 0), dtype=bool
    )


def _corner(first: Mask, second: Mask) -> Mask:
    """Return which cells can make the first move while the next two corners make the second and the far one the first."""
    one, two = first.astype(np.int64), second.astype(np.int64)
    all_ways = two @ one.T @ two
    same_row = (two * one).sum(axis=1, keepdims=True) * two
    same_column = (two * one).sum(axis=0, keepdims=True) * two
    return np.asarray(first & (all_ways - same_row - same_column + two * one * two > 0), dtype=bool)


def _cheapest_rectangle(table: Counts, hidden: Mask, row: int, column: int) -> tuple[int, int]:
    """Return the far corner of the rectangle that hides the fewest and smallest further counts."""
    cost = np.where(hidden, 0.0, table + 1.0)
    cost[-1] += np.where(hidden[-1], 0, _TOTAL_COST)
    cost[:, -1] += np.where(hidden[:, -1], 0, _TOTAL_COST)
    whole = cost[row][None, :] + cost[:, column][:, None] + cost
    up, down = _moves(table)
    fits = np.zeros(table.shape, dtype=bool)
    for first, second in ((up, down), (down, up)):
        fits |= first[row, column] & second[row][None, :] & second[:, column][:, None] & first
    fits[row] = fits[:, column] = False
    other_row, other_column = np.unravel_index(
        np.argmin(np.where(fits, whole, np.inf)), table.shape
    )
    return int(other_row), int(other_column)
