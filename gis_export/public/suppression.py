"""Hide the small counts of a table with totals, and enough others to keep them hidden.

Counts under `SMALL` are hidden (primary suppression). A reader who knows the totals could
subtract the rest. So further cells are hidden until every hidden cell is at a corner of a
rectangle whose four corners are hidden and can move up and down by turns without changing any
sum (complementary suppression; Cox 1980, "Suppression methodology and statistical disclosure
control"). A count of 0 can only move up. What a hidden count can be, by all that is shown, must
span at least `SMALL` values: subtraction tells no more than "under 10" does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_export.public.narrowing import Cell, Counts, Mask, Published

SMALL = 10
"""Counts under this are not shown."""

Room = NDArray[np.int64]
_FREE = 1_000_000_000
"""More than any count."""
_TOTAL_COST = 1_000_000
"""Makes totals the last to be hidden."""
_CITY_COST = 1_000_000_000
"""Makes those of the whole city come after all others."""
_WIDTH_WORTH = 20
"""How many buildings more it may cost that a hidden count can move by one more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Moves:
    """How far the entries of a table with totals can move, (n + 1, m + 1) each.

    Totals count with a minus, so that every row and column sums to 0.
    """

    up: Room
    """How far each can rise; `_FREE` for any distance."""
    down: Room
    """How far each can fall."""


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

    moves = _find_moves(table)
    for least in (1, SMALL - 1):
        for cell in _by_place(hidden):
            _protect(table, hidden, moves, cell, least=least)

    return hidden


def _by_place(hidden: Mask) -> Iterator[Cell]:
    """Yield the hidden cells, also those that are hidden meanwhile."""
    done: set[Cell] = set()
    while True:
        cells = [(int(row), int(column)) for row, column in np.argwhere(hidden)]
        waiting = [cell for cell in cells if cell not in done]
        if not waiting:
            return
        for cell in waiting:
            done.add(cell)
            yield cell


def _protect(table: Counts, hidden: Mask, moves: _Moves, cell: Cell, *, least: int) -> None:
    """Hide further cells until a hidden one can move by at least so much; changes `hidden`.

    The totals of the whole city are hidden only where nothing else will do.
    """
    while not _moves_within(hidden, moves, cell, least=least):
        published = Published(table=table, hidden=hidden)
        if least > 1 and not published.is_narrow(cell, values=least + 1):
            return

        costs = _costs(table, hidden, cell)
        widths = np.minimum(_widths(moves, cell), least)
        is_open = (widths >= 1) & np.isfinite(costs)
        is_open[-1] &= widths[-1] >= least
        far = _best(np.where(is_open, costs - widths * _WIDTH_WORTH, np.inf))
        hidden[np.ix_([cell[0], far[0]], [cell[1], far[1]])] = True


def _best(costs: NDArray[np.float64]) -> Cell:
    """Return the place of the least cost."""
    row, column = np.unravel_index(np.argmin(costs), costs.shape)
    return int(row), int(column)


def _moves_within(hidden: Mask, moves: _Moves, cell: Cell, *, least: int) -> bool:
    """Tell whether one rectangle of hidden cells lets a cell move by at least so much."""
    row, column = cell
    fits = hidden & hidden[row][None, :] & hidden[:, column][:, None]
    fits &= _widths(moves, cell) >= least
    fits[row] = False
    fits[:, column] = False
    return bool(fits.any())


def _find_moves(table: Counts) -> _Moves:
    sign = np.ones(table.shape, dtype=np.int64)
    sign[-1] *= -1
    sign[:, -1] *= -1

    return _Moves(
        up=np.where(sign > 0, _FREE, table),
        down=np.where(sign > 0, table, _FREE),
    )


def _widths(moves: _Moves, cell: Cell) -> Room:
    """Return how far a cell moves up and down in the rectangle with each far corner.

    A corner and the far one move together, the two between move against them.
    """
    return _reach(moves.up, moves.down, cell) + _reach(moves.down, moves.up, cell)


def _reach(first: Room, second: Room, cell: Cell) -> Room:
    """Return how far a cell can make its move in the rectangle with each far corner."""
    row, column = cell
    between = np.minimum(second[row][None, :], second[:, column][:, None])
    return np.asarray(np.minimum(np.minimum(first, first[row, column]), between))


def _costs(table: Counts, hidden: Mask, cell: Cell) -> NDArray[np.float64]:
    """Return what the rectangle with each far corner hides: few and small counts cost least.

    Infinite where it hides nothing new, or is none.
    """
    row, column = cell
    cost = np.where(hidden, 0.0, table + 1.0)
    cost[:, -1] += np.where(hidden[:, -1], 0, _TOTAL_COST)
    cost[-1] += np.where(hidden[-1], 0, _CITY_COST)

    total_cost = cost[row][None, :] + cost[:, column][:, None] + cost
    total_cost[total_cost == 0] = np.inf
    total_cost[row] = np.inf
    total_cost[:, column] = np.inf
    return np.asarray(total_cost)
