"""Say something of every row by saying it once of each distinct combination of values: a city has few of them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def by_distinct(function: Callable[..., object], *columns: pd.Series) -> NDArray[np.object_]:
    """Return `function(*cells)` of every row, (N,), called once for each distinct combination; missing cells arrive as None."""
    count = len(columns[0])
    combined = np.zeros(count, np.int64)
    for column in columns:
        codes, values = pd.factorize(column.to_numpy(dtype=object), use_na_sentinel=False)
        combined = np.unique(combined * max(len(values), 1) + codes, return_inverse=True)[1]
    firsts = np.unique(combined, return_index=True)[1]
    cells = [
        [None if pd.isna(cell) else cell for cell in column.iloc[firsts].tolist()]
        for column in columns
    ]
    answers = np.empty(len(firsts), dtype=object)
    answers[:] = [function(*row) for row in zip(*cells, strict=True)]
    found: NDArray[np.object_] = answers[combined]
    return found
