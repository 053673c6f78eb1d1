"""Where POSSIBLE begins: the score that keeps enough of the failing roofs."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincc

from models.head import LEAST_SCORE, Floats
from training.aims import Aims
from training.wording import nth, percent

ROUNDING = 1e-9
"""Keeps whole numbers whole where they come from a division."""


@dataclass(frozen=True, kw_only=True)
class RecallBound:
    """What a threshold for POSSIBLE keeps of the failing roofs."""

    threshold: float
    """Probability at even odds, in (0, 1]."""
    failing: int
    """Failing labels it rests on."""
    rank: int
    """The threshold is the rank-th smallest score of a failing label; 0 when too few labels allow
    none."""
    expected: float
    """Expected recall of new roofs, at least; NaN when rank is 0."""
    confidence: float
    """Probability that the recall of new roofs reaches the aim; NaN when rank is 0."""
    sentence: str
    """The same in words."""


def recall_bound(positives: Floats, aims: Aims) -> RecallBound:
    """Take the largest rank k whose score keeps the recall with confidence.

    At the k-th smallest of n exchangeable scores the recall of new roofs is distributed as
    Beta(n + 1 - k, k), or better where scores are tied (Wilks, 1941, "Determination of sample
    sizes for setting tolerance limits", Annals of Mathematical Statistics 12; Vovk, 2012,
    "Conditional validity of inductive conformal predictors", proposition 2).

    Args:
        positives: Scores of the failing labels, ascending, (n,), n >= 1.
        aims: Recall and confidence.
    """
    count = len(positives)
    ranks = np.arange(1, count + 1)
    # The confidence falls as the rank rises.
    confidences = np.asarray(betaincc(count + 1 - ranks, ranks, aims.recall))
    rank = int((confidences >= aims.confidence).sum())
    threshold = _score_at(positives, rank)

    if rank == 0 or threshold <= 0:
        return _no_recall_bound(threshold, count, rank, aims)

    expected = (count + 1 - rank) / (count + 1)
    return RecallBound(
        threshold=threshold,
        failing=count,
        rank=rank,
        expected=expected,
        confidence=float(confidences[rank - 1]),
        sentence=(
            f"POSSIBLE begins at {threshold:.3g} at even odds: "
            f"with {percent(aims.confidence)} confidence at least {percent(aims.recall)} of "
            f"failing roofs score there or above ({nth(rank)} smallest score of {count} "
            f"failing labels; {percent(expected)} expected)."
        ),
    )


def average_recall_bound(positives: Floats, aims: Aims) -> RecallBound:
    """Choose by conformal risk control of the share of failing roofs that is missed.

    The largest rank is taken at which n / (n + 1) * missed + 1 / (n + 1) <= 1 - recall
    (Angelopoulos, Bates, Fisch, Lei and Schuster, 2022, "Conformal risk control", arXiv
    2208.02814, theorem 1). The guarantee is for the average over draws of labels: about every
    other draw keeps less.

    Args:
        positives: Scores of the failing labels, ascending, (n,), n >= 1.
        aims: Recall.
    """
    count = len(positives)
    rank = int(np.floor((1 - aims.recall) * (count + 1) + ROUNDING))
    threshold = max(_score_at(positives, rank), LEAST_SCORE)

    if rank == 0:
        needed = int(np.ceil(1 / (1 - aims.recall) - 1 - ROUNDING))
        return _without_guarantee(
            threshold,
            count,
            "On average over draws of labels: no guarantee; "
            f"that takes {needed} failing labels, there are {count}.",
        )

    confidence = float(betaincc(count + 1 - rank, rank, aims.recall))
    return RecallBound(
        threshold=threshold,
        failing=count,
        rank=rank,
        expected=(count + 1 - rank) / (count + 1),
        confidence=confidence,
        sentence=(
            f"At {threshold:.3g} at least {percent(aims.recall)} would be kept on average over "
            f"draws of labels, but in one draw with {percent(confidence)} confidence."
        ),
    )


def _score_at(positives: Floats, rank: int) -> float:
    """Return the rank-th smallest score; the smallest for rank 0."""
    return float(positives[max(rank - 1, 0)])


def _no_recall_bound(threshold: float, count: int, rank: int, aims: Aims) -> RecallBound:
    """Return the bound of labels that allow none: they are too few, or their scores are 0."""
    why = "failing labels score 0"
    if rank == 0:
        needed = int(np.ceil(np.log(1 - aims.confidence) / np.log(aims.recall)))
        why = f"that takes {needed} failing labels, there are {count}"

    return _without_guarantee(
        max(threshold, LEAST_SCORE),
        count,
        f"POSSIBLE begins at {threshold:.3g} at even odds: "
        f"no guarantee that {percent(aims.recall)} of failing roofs score there or above; {why}.",
    )


def _without_guarantee(threshold: float, failing: int, sentence: str) -> RecallBound:
    return RecallBound(
        threshold=threshold,
        failing=failing,
        rank=0,
        expected=float("nan"),
        confidence=float("nan"),
        sentence=sentence,
    )
