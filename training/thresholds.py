"""Where LIKELY and POSSIBLE begin, by stated aims on calibrated out-of-fold scores.

All bounds hold for new roofs that are exchangeable with the labeled ones. They are not quite:
neighbors share a block, next year's light differs, roofs may have been picked for labeling, and
the shipped head differs a little from the heads of the folds. So a bound is the best that the
labels can give, and it has to be compared with next year's labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.hazard import Thresholds
from models.head import Floats
from training.aims import Aims
from training.precision_bound import PrecisionBound, precision_bound
from training.recall_bound import RecallBound, average_recall_bound, recall_bound


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The two thresholds and what they rest on."""

    likely: float
    """Score at which LIKELY begins, in [possible, 1]."""
    possible: float
    """Score at which POSSIBLE begins, in (0, likely]."""
    recall: RecallBound
    """Of `possible`: holds with the confidence of the aims."""
    average_recall: RecallBound
    """The weaker bound that holds on average (conformal risk control); reported, not shipped."""
    precision: PrecisionBound
    """Of `likely`."""

    @property
    def thresholds(self) -> Thresholds:
        """Return the two thresholds as the hazard ladder takes them."""
        return Thresholds(likely=self.likely, possible=self.possible)


def choose_thresholds(scores: Floats, failing: NDArray[np.int64], aims: Aims) -> Chosen:
    """Choose where LIKELY and POSSIBLE begin.

    Args:
        scores: Calibrated out-of-fold probabilities, (N,).
        failing: 0 or 1, (N,).
        aims: What to keep.

    Raises:
        ValueError: a score outside [0, 1], or no failing label.
    """
    _check(scores, failing)
    positives = np.sort(scores[failing == 1])
    recall = recall_bound(positives, aims)
    precision = precision_bound(scores, failing, aims, at_least=recall.threshold)

    return Chosen(
        likely=precision.threshold,
        possible=recall.threshold,
        recall=recall,
        average_recall=average_recall_bound(positives, aims),
        precision=precision,
    )


def _check(scores: Floats, failing: NDArray[np.int64]) -> None:
    is_share = (scores >= 0) & (scores <= 1)
    if is_share.all() and failing.any():
        return

    spread = f"{scores.min(initial=np.inf)} to {scores.max(initial=-np.inf)}"
    raise ValueError(
        f"{int(failing.sum())} of {len(failing)} labels fail, scores run from {spread}; "
        "want a failing one, and scores from 0 to 1"
    )
