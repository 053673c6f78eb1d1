"""Hide the small counts of a table with totals, and enough others to keep them hidden.

Counts under `SMALL` are hidden (primary suppression). A reader who knows the totals could subtract
the rest, or find that a hidden count lies within a few of its true value. So further cells are
hidden until every hidden one could be any of `SMALL` counts or more (complementary suppression).

How far a hidden count could be from its true value is found as a largest flow (Gusfield 1988, "A
graph theoretic approach to statistical data security", SIAM Journal on Computing 17): rows and
columns are nodes, a hidden cell is an arc between them, and what one cell gains, others of its row
and column lose. Counts are whole, and so are the flows.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

SMALL = 10
"""Counts under this are not shown, and a hidden count could be so many different ones."""

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
Cell = tuple[int, int]
_ENOUGH = 1_000_000
"""More than any count that matters: nothing limits how far a count could rise."""
_TOTAL_COST = 1e9
"""Makes totals the last to be hidden."""
_MOST_TRIED = 12
"""Cells of the same row or column that are tried, the cheapest ones."""


def with_totals(counts: Counts) -> Counts:
    """Append a row and a column of totals, (n + 1, m + 1)."""
    rows = np.vstack([counts, counts.sum(axis=0, keepdims=True)])
    return np.hstack([rows, rows.sum(axis=1, keepdims=True)])


def hidden_cells(counts: Counts, worth: Sequence[float] = ()) -> Mask:
    """Return which cells of a table and its totals must not be shown, (n + 1, m + 1).

    Args:
        counts: (n, m), none negative.
        worth: How much a count of each column is worth to readers, m numbers; empty for all alike.
    """
    table = with_totals(counts)
    hidden = np.asarray(table < SMALL, dtype=bool)
    if not len(counts):
        return hidden

    cost: NDArray[np.float64] = table.astype(np.float64) + 1
    if len(worth):
        cost[:, :-1] *= np.asarray(worth)
    cost[-1] += _TOTAL_COST
    cost[:, -1] += _TOTAL_COST

    # What is hidden later only makes ranges wider: each cell is done once.
    waiting = deque(_cells(hidden))
    while waiting:
        cell = waiting.popleft()
        if possible_counts(table, hidden, cell) >= SMALL:
            continue
        further = _one_more(table, hidden, cell, cost) or _rectangle(table, hidden, cell, cost)
        for place in further:
            hidden[place] = True
        waiting += further
    return hidden


def possible_counts(table: Counts, hidden: Mask, cell: Cell) -> int:
    """Return how many different counts a hidden cell could hold by all that is shown.

    Args:
        table: Counts with totals, (n + 1, m + 1).
        hidden: What is not shown.
        cell: Row and column of a hidden cell.
    """
    row, column = cell
    height, width = table.shape
    gains, losses = _moves(table)
    own = min(int(gains[cell]), _ENOUGH), min(int(losses[cell]), _ENOUGH)

    # What the cell gains, others of its column lose, whose rows gain elsewhere, back to its row.
    others = hidden.copy()
    others[cell] = False
    rows, columns = np.nonzero(others)
    amounts = np.concatenate([gains[others], losses[others]]).astype(np.int32)
    starts = np.concatenate([rows, columns + height])
    ends = np.concatenate([columns + height, rows])
    graph = csr_array((amounts, (starts, ends)), shape=(height + width, height + width))
    up = maximum_flow(graph, column + height, row).flow_value
    down = maximum_flow(graph, row, column + height).flow_value
    return int(min(up, own[0]) + min(down, own[1])) + 1


def _moves(table: Counts) -> tuple[Counts, Counts]:
    """Return how much each entry could gain and lose if it were hidden, (n + 1, m + 1) each.

    Totals count with a minus, so that every row and column sums to 0: what a total loses as a
    count, its entry gains.
    """
    is_minus = np.zeros(table.shape, bool)
    is_minus[-1] ^= True
    is_minus[:, -1] ^= True
    most = np.minimum(table, _ENOUGH)
    return np.where(is_minus, most, _ENOUGH), np.where(is_minus, _ENOUGH, most)


def _one_more(table: Counts, hidden: Mask, cell: Cell, cost: NDArray[np.float64]) -> list[Cell]:
    """Return the cheapest cell of the same row or column that suffices; none where none does."""
    row, column = cell
    in_row = [(row, other) for other in range(table.shape[1])]
    in_column = [(other, column) for other in range(table.shape[0])]
    shown = [place for place in {*in_row, *in_column} if not hidden[place]]
    for place in sorted(shown, key=lambda place: (cost[place], place))[:_MOST_TRIED]:
        tried = hidden.copy()
        tried[place] = True
        if possible_counts(table, tried, cell) >= SMALL:
            return [place]
    return []


def _rectangle(table: Counts, hidden: Mask, cell: Cell, cost: NDArray[np.float64]) -> list[Cell]:
    """Return what is shown of the cheapest rectangle that suffices by itself.

    One through the totals always does: they can rise without end.
    """
    row, column = cell
    gains, losses = _moves(table)
    up = _least(gains[cell], losses[row], losses[:, column], gains)
    down = _least(losses[cell], gains[row], gains[:, column], losses)
    price = np.where(hidden, 0.0, cost)
    total = price + price[row] + price[:, column][:, None]
    total[up + down + 1 < SMALL] = np.inf
    total[row] = total[:, column] = np.inf

    far = np.unravel_index(int(np.argmin(total)), table.shape)
    far_row, far_column = int(far[0]), int(far[1])
    corners = [(row, far_column), (far_row, column), (far_row, far_column)]
    return [corner for corner in corners if not hidden[corner]]


def _least(own: np.int64, in_row: Counts, in_column: Counts, far: Counts) -> Counts:
    """Return how far the corners of each rectangle let each other move, (n + 1, m + 1)."""
    between = np.minimum(in_row[None, :], in_column[:, None])
    return np.minimum(np.minimum(own, between), far)


def _cells(mask: Mask) -> list[Cell]:
    return [(int(row), int(column)) for row, column in np.argwhere(mask)]
