"""How far a reader of a table with totals can narrow a hidden count down by subtraction.

The reader knows every count that is shown, that counts are whole, and that none is negative. What a
hidden count can then be is a linear program: the rows and columns of a table make a network, whose
programs have whole solutions (Hoffman and Kruskal 1956).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
Cell = tuple[int, int]
"""Row and column."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Published:
    """A table with totals as a reader sees it."""

    table: Counts
    """Counts, the totals in the last row and column, (n, m)."""
    hidden: Mask
    """Which of them are not shown, (n, m)."""

    @cached_property
    def _equations(self) -> NDArray[np.float64]:
        """Coefficients of the hidden cells in the sums of rows and columns, (n + m, hidden)."""
        rows, columns = np.nonzero(self.hidden)
        height, width = self.table.shape
        places = np.arange(len(rows))
        in_row = np.where(columns == width - 1, -1.0, 1.0)
        in_column = np.where(rows == height - 1, -1.0, 1.0)

        equations = np.zeros((height + width, len(rows)))
        equations[rows, places] = in_row
        equations[height + columns, places] = in_column
        return equations

    @cached_property
    def _places(self) -> Counts:
        """Number of each hidden cell among them, (n, m)."""
        return np.cumsum(self.hidden.ravel()).reshape(self.hidden.shape) - 1

    @cached_property
    def _sums(self) -> NDArray[np.float64]:
        """What the hidden cells of each row and column sum to, (n + m,)."""
        return np.asarray(self._equations @ self.table[self.hidden], dtype=np.float64)

    def is_narrow(self, cell: Cell, *, values: int) -> bool:
        """Tell whether a hidden count can be fewer than some number of values."""
        place = int(self._places[cell])
        count = self._equations.shape[1]
        sums = LinearConstraint(self._equations, self._sums, self._sums)
        goal = np.zeros(count)
        goal[place] = 1.0

        least = milp(goal, constraints=sums, bounds=Bounds(0, np.inf))
        low = int(np.rint(np.asarray(least.x, np.float64)[place]))
        if self.table[cell] - low >= values - 1:
            return False

        from_here = np.zeros(count)
        from_here[place] = low + values - 1
        higher = milp(np.zeros(count), constraints=sums, bounds=Bounds(from_here, np.inf))
        return not higher.success
