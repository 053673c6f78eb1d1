"""Visits against finds: how many open roofs are found when labels are visited in the list's order.

The order is that of the scores at even odds, highest first, blocks left out: within a flyover that
of the list, and POSSIBLE begins at one place in it. An interval comes from drawing whole blocks
again and again.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.head import Floats
from training.figures import FigureSettings
from training.resample import INTERVAL_QUANTILES, draw_weights

MOST_POINTS = 200
"""Lengths of the list at which finds are told, at most."""
TABLE_ROWS = 10
"""Of these a table shows about so many."""


@dataclass(frozen=True, kw_only=True)
class FindPoint:
    """A list of some length."""

    visits: int
    """Labeled roofs on it, the highest scores first."""
    score: float
    """Score of the last of them at even odds; 1 for an empty list."""
    found: int
    """Failing roofs among them."""
    low: float
    """Lower end of the 90% interval of `found`."""
    high: float
    """Upper end."""
    by_chance: float
    """Failing roofs among as many visits in random order."""
    missed: int
    """Failing roofs that are not on it."""
    alarms: int
    """Roofs on it that do not fail."""


def measure_finds(scored: pd.DataFrame, rung: str, settings: FigureSettings) -> list[FindPoint]:
    """Return lists of increasing length, from none to all labels; equal scores stay together.

    Args:
        scored: Labels with columns failing, block, the rung and, where known, it at even odds.
        rung: Of `models.head.RUNGS`.
        settings: Bootstrap.
    """
    column = f"{rung}_even" if f"{rung}_even" in scored else rung
    ordered = scored.sort_values([column, "parcel_id", "year"], ascending=[False, True, True])
    scores = ordered[column].to_numpy(np.float64)
    failing = ordered["failing"].to_numpy(np.int64)
    lengths = list_lengths(scores)
    found = np.append(0, failing.cumsum())[lengths]
    low, high = _intervals(ordered, lengths, settings)
    total = int(failing.sum())

    return [
        FindPoint(
            visits=int(length),
            score=float(scores[length - 1]) if length else 1.0,
            found=int(hits),
            low=float(least),
            high=float(most),
            by_chance=total * int(length) / len(scores),
            missed=total - int(hits),
            alarms=int(length - hits),
        )
        for length, hits, least, most in zip(lengths, found, low, high, strict=True)
    ]


def list_lengths(scores: Floats) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    """Return lengths at which a list may end: 0, all, and between them where the score falls.

    Args:
        scores: From the highest down, (N,), N >= 1.
    """
    ends = np.append(np.flatnonzero(np.diff(scores)) + 1, len(scores))
    if len(ends) > MOST_POINTS:
        wanted = np.linspace(0, len(ends) - 1, MOST_POINTS).round().astype(np.intp)
        ends = ends[wanted]
    return np.append(0, ends).astype(np.intp)


def _intervals(
    ordered: pd.DataFrame,
    lengths: "np.ndarray[tuple[int], np.dtype[np.intp]]",
    settings: FigureSettings,
) -> tuple[Floats, Floats]:
    """Return the ends of the 90% interval of the finds of each list.

    A resample holds more or fewer roofs, so shares of its visits and of its finds are compared.
    """
    failing = ordered["failing"].to_numpy(np.float64)
    shares = lengths / len(ordered)
    curves = []
    rng = np.random.default_rng(settings.seed)
    for weights in draw_weights(ordered["block"].to_numpy(), settings.repeats, rng):
        visits = weights.cumsum(axis=1)
        finds = (weights * failing).cumsum(axis=1)
        for row_visits, row_finds in zip(visits, finds, strict=True):
            if row_finds[-1]:
                curve = np.append(0, row_finds / row_finds[-1])
                curves.append(np.interp(shares, np.append(0, row_visits / row_visits[-1]), curve))

    if not curves:
        nothing = np.zeros(len(lengths))
        return nothing, nothing
    low, high = np.quantile(curves, INTERVAL_QUANTILES, axis=0)
    return low * failing.sum(), high * failing.sum()


def table_points(points: list[FindPoint]) -> list[FindPoint]:
    """Return about `TABLE_ROWS` lists for a table, shorter ones nearer together."""
    most = points[-1].visits
    shares = np.linspace(0, 1, TABLE_ROWS + 1)[1:] ** 2
    visits = np.array([point.visits for point in points])
    places = dict.fromkeys(int(np.abs(visits - share * most).argmin()) for share in shares)
    return [points[place] for place in places if points[place].visits]
