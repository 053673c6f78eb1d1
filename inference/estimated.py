"""How good the list of a flyover is, told from its calibrated scores: nobody has to look first.

It holds if the scores do. A look at the flyover is worth more.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from labels.intervals import Interval
from models.head import Floats, log_odds


@dataclass(frozen=True, kw_only=True)
class EstimatedFigures:
    """What the list is worth if the scores hold."""

    recall: Interval
    """Share of the failing roofs that are LIKELY or POSSIBLE; its ends are those of the share."""
    average_precision: Interval
    """Of the order by score."""

    @property
    def sentence(self) -> str:
        """Say it to people."""
        if np.isnan(self.recall.value):
            return ""
        return (
            f"If the scores hold, LIKELY and POSSIBLE hold {_percent(self.recall)} of the failing "
            f"roofs, and the average precision is {_number(self.average_precision)}."
        )


def estimate_figures(
    even: Floats, shares: tuple[float, float, float], listed_from: float
) -> EstimatedFigures:
    """Estimate what the list of a flyover is worth.

    Args:
        even: Probability of failing of each roof at even odds, (N,).
        shares: Share failing and the ends of its interval, each in (0, 1).
        listed_from: Score at the first share at which POSSIBLE, or else LIKELY, begins.
    """
    at_shares = [expit(log_odds(even) + log_odds(np.array([share]))) for share in shares]
    is_listed = at_shares[0] >= listed_from
    recalls = [_recall(scores, is_listed) for scores in at_shares]
    precisions = [expected_average_precision(scores) for scores in at_shares]
    return EstimatedFigures(recall=_figure(recalls), average_precision=_figure(precisions))


def expected_average_precision(scores: Floats) -> float:
    """Return the average precision that is expected of an order by calibrated scores.

    The k-th roof fails with its score, and then the k first hold it and what is expected of those
    before: the sum of score * (1 + sum of the scores before) / k, over the sum of the scores.

    Args:
        scores: Probabilities of failing, (N,).

    Returns:
        NaN where nothing is expected to fail.
    """
    ordered = np.sort(scores)[::-1]
    if not ordered.sum():
        return float("nan")
    held = 1 + ordered.cumsum() - ordered
    places = np.arange(1, len(ordered) + 1)
    return float((ordered * held / places).sum() / ordered.sum())


def _recall(scores: Floats, is_listed: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> float:
    return float(scores[is_listed].sum() / scores.sum()) if scores.sum() else float("nan")


def _figure(values: list[float]) -> Interval:
    return Interval(value=values[0], low=min(values), high=max(values))


def _percent(figure: Interval) -> str:
    return f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%})"


def _number(figure: Interval) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"
