"""The bootstrap: whole blocks are drawn again and again, single labels where blocks are few."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.head import Floats

LEAST_BLOCKS = 8
"""With fewer blocks, single labels are resampled."""
WEIGHTS_AT_ONCE = 200_000
"""Most weights that are held in memory at a time."""
Interval = tuple[float, float]
"""Ends of a 90% interval; NaN where there is none."""
INTERVAL_QUANTILES = (0.05, 0.95)


def drawn_unit(blocks: NDArray[np.object_]) -> str:
    """Return what the bootstrap draws: "blocks", or "labels" where there are too few blocks."""
    return "blocks" if len(pd.unique(blocks)) >= LEAST_BLOCKS else "labels"


def draw_weights(
    blocks: NDArray[np.object_], repeats: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Draw blocks with replacement.

    Args:
        blocks: Block of each row, (N,).
        repeats: How many resamples to draw.
        rng: Source of randomness.

    Yields:
        How often each row was drawn, (R, N), a few resamples at a time.
    """
    if drawn_unit(blocks) == "blocks":
        unit = pd.factorize(blocks)[0]
    else:
        unit = np.arange(len(blocks))
    count = int(unit.max(initial=0)) + 1
    chances = np.full(count, 1 / count)

    step = max(1, WEIGHTS_AT_ONCE // max(len(blocks), 1))
    for start in range(0, repeats, step):
        drawn = rng.multinomial(count, chances, size=min(step, repeats - start))
        yield np.take(drawn.astype(np.float64), unit, axis=1)


def interval_of(values: Floats) -> Interval:
    """Return the 5% and 95% quantiles of values (R,) that are not NaN."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan

    low, high = np.quantile(known, INTERVAL_QUANTILES)
    return float(low), float(high)
