"""Call a function once per distinct combination of values: a city has few of them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def by_distinct(function: Callable[..., object], *columns: pd.Series) -> NDArray[np.object_]:
    """Return `function(*cells)` of every row, (N,); missing cells arrive as None."""
    group = _number_rows(columns)
    first_rows = np.unique(group, return_index=True)[1]
    cells = [_cells(column.iloc[first_rows]) for column in columns]

    answers = np.empty(len(first_rows), dtype=object)
    answers[:] = [function(*row) for row in zip(*cells, strict=True)]

    found: NDArray[np.object_] = answers[group]
    return found


def _number_rows(columns: tuple[pd.Series, ...]) -> NDArray[np.int64]:
    """Return for every row the number of its combination of values, (N,)."""
    group = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        codes, values = pd.factorize(column.to_numpy(dtype=object), use_na_sentinel=False)
        combined = group * max(len(values), 1) + codes
        # Numbered anew after each column, so that the product stays small.
        group = np.unique(combined, return_inverse=True)[1]
    return group


def _cells(column: pd.Series) -> list[object]:
    return [None if pd.isna(cell) else cell for cell in column.tolist()]
