"""A ranking, sorted once and weighted many times: the figures of all resamples in one go."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.head import Floats

BINS = 10
"""Equal-count bins of the calibration error."""
STATISTICS = (
    "average_precision",
    "auroc",
    "precision_top",
    "recall_top",
    "precision_likely",
    "recall_likely",
    "precision_possible",
    "recall_possible",
    "brier",
    "calibration_error",
    "f1",
)
"""Fields of `Figures` that have an interval."""
Classes = NDArray[np.int64]
"""1 failing, 0 intact, (N,)."""


class Begins(Protocol):
    """Where the words begin."""

    @property
    def likely(self) -> float:
        """Return the score at which LIKELY begins."""

    @property
    def possible(self) -> float:
        """Return the score at which POSSIBLE begins; at even odds where such scores are given."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredLabels:
    """One score for each of N >= 1 labels."""

    scores: Floats
    """Higher is more likely failing, (N,)."""
    failing: Classes
    """0 or 1, (N,)."""
    even: Floats | None = None
    """The scores if half of the roofs failed, for POSSIBLE, (N,); None: `scores` serve."""
    called: Floats | None = None
    """Whether F1 counts a label as called failing: 0, 1 or NaN where not known, (N,)."""

    def take(self, chosen: NDArray[np.bool_]) -> "ScoredLabels":
        """Return some labels."""
        return ScoredLabels(
            scores=self.scores[chosen],
            failing=self.failing[chosen],
            even=None if self.even is None else self.even[chosen],
            called=None if self.called is None else self.called[chosen],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Labels from the highest score down, in G runs of equal scores."""

    order: NDArray[np.intp]
    """Row numbers from the highest score down, (N,)."""
    ends: NDArray[np.intp]
    """Last place of each run, (G,)."""
    scores: Floats
    """Score of each run, (G,)."""
    failing: Floats
    """1 or 0, (N,)."""
    excess: Floats
    """Score less class, (N,); NaN when the score is no probability."""
    summed: Floats
    """What `weigh` sums, (N, 7). Columns 0 to 2: whether a label is LIKELY, is POSSIBLE or LIKELY,
    is called failing for F1. Columns 3 to 5: the same, and failing. Column 6: squared excess.
    NaN where not known."""
    top: int
    """Visits: k of the precision and recall among the first k."""

    def __len__(self) -> int:
        """Return the number of labels."""
        return len(self.order)


@dataclass(frozen=True, kw_only=True, eq=False)
class Cumulated:
    """Weights added up from the highest score down, for R resamples and G runs of equal scores."""

    total: Floats
    """Weight of all labels at or above each score, (R, G)."""
    hits: Floats
    """Weight of the failing ones among them, (R, G)."""
    gained: Floats
    """Weight of the failing labels at each score, (R, G)."""


def rank_labels(
    labels: ScoredLabels,
    *,
    top: int,
    thresholds: Begins | None = None,
    probability: bool = False,
) -> Ranking:
    """Sort labels by score.

    Args:
        labels: Scores and classes.
        top: Visits.
        thresholds: Where LIKELY and POSSIBLE begin; without them their figures are NaN.
        probability: The score is a calibrated probability; if not, figures of calibration are NaN.
    """
    unknown = np.full(len(labels.scores), np.nan)
    order = np.argsort(-labels.scores, kind="stable")
    scores = labels.scores[order]
    failing = labels.failing[order].astype(np.float64)
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)

    is_likely = unknown
    is_possible = unknown
    if thresholds:
        is_likely = (scores >= thresholds.likely).astype(np.float64)
        even = scores if labels.even is None else labels.even[order]
        is_possible = np.maximum(even >= thresholds.possible, is_likely)
    is_called = unknown if labels.called is None else labels.called[order]
    named = np.stack([is_likely, is_possible, is_called])  # (3, N)
    excess = scores - failing if probability else unknown

    return Ranking(
        order=order,
        ends=ends,
        scores=scores[ends],
        failing=failing,
        excess=excess,
        summed=np.vstack([named, named * failing, excess**2]).T,
        top=top,
    )


def weigh(ranking: Ranking, weights: Floats) -> Floats:
    """Return `STATISTICS` of weighted labels, (R, len(STATISTICS)); weights (R, N)."""
    weights = np.take(weights, ranking.order, axis=1)
    cumulated = cumulate(ranking, weights)
    drawn = cumulated.total[:, -1]
    failing = cumulated.hits[:, -1]

    visits = np.minimum(ranking.top, drawn)
    hits_at_top = _hits_among_first(cumulated, visits)

    sums = weights @ ranking.summed  # (R, 7)
    named = sums[:, :3]
    caught = sums[:, 3:6]
    precision = _ratio(caught, named)
    recall = _ratio(caught, failing[:, None])

    return np.stack(
        [
            _average_precision(cumulated),
            _ratio(_pairs_in_order(cumulated), failing * (drawn - failing)),
            _ratio(hits_at_top, visits),
            _ratio(hits_at_top, failing),
            precision[:, 0],
            recall[:, 0],
            precision[:, 1],
            recall[:, 1],
            _ratio(sums[:, 6], drawn),
            _calibration_error(ranking, weights, cumulated.total),
            _ratio(2 * caught[:, 2], named[:, 2] + failing),
        ],
        axis=1,
    )


def statistics_of(ranking: Ranking) -> dict[str, float]:
    """Return `STATISTICS` of the labels as they are."""
    values = weigh(ranking, np.ones((1, len(ranking))))[0]
    return dict(zip(STATISTICS, values.tolist(), strict=True))


def average_precision(ranking: Ranking, weights: Floats) -> Floats:
    """Return the average precision of weighted labels, (R,); weights (R, N), whole numbers."""
    return _average_precision(cumulate(ranking, np.take(weights, ranking.order, axis=1)))


def cumulate(ranking: Ranking, weights: Floats) -> Cumulated:
    """Add weights (R, N) up, which are sorted as the ranking is."""
    hits = np.take((weights * ranking.failing).cumsum(axis=1), ranking.ends, axis=1)
    return Cumulated(
        total=np.take(weights.cumsum(axis=1), ranking.ends, axis=1),
        hits=hits,
        gained=np.diff(hits, axis=1, prepend=0),
    )


def _hits_among_first(cumulated: Cumulated, visits: Floats) -> Floats:
    """Return the failing weight among the first `visits`, (R,).

    A run of equal scores that the visits cut counts at its mean.
    """
    total = cumulated.total
    cut_runs = [np.searchsorted(line, most) for line, most in zip(total, visits, strict=True)]
    run = np.array(cut_runs)
    line = np.arange(len(total))

    before = np.where(run > 0, total[line, run - 1], 0)
    share = _ratio(visits - before, total[line, run] - before)
    hits: Floats = cumulated.hits[line, run] - (1 - share) * cumulated.gained[line, run]
    return hits


def _average_precision(cumulated: Cumulated) -> Floats:
    # Where nothing was drawn, nothing is divided by 1 instead of by 0.
    precision = cumulated.hits / np.maximum(cumulated.total, 1)
    return _ratio(np.einsum("rg,rg->r", cumulated.gained, precision), cumulated.hits[:, -1])


def _pairs_in_order(cumulated: Cumulated) -> Floats:
    """Return the weight of pairs of an intact label and a failing one ranked above it, (R,).

    Ties count half. Divided by the weight of all pairs this is the area under the ROC curve.
    """
    intact = np.diff(cumulated.total, axis=1, prepend=0) - cumulated.gained
    failing_above = cumulated.hits - cumulated.gained / 2
    return np.asarray(np.einsum("rg,rg->r", intact, failing_above))


def _calibration_error(ranking: Ranking, weights: Floats, total: Floats) -> Floats:
    """Return the expected calibration error of R resamples, (R,).

    The ranking is cut into bins of equal weight, equal scores spread evenly over their run.
    """
    if np.isnan(ranking.excess).any():
        return np.full(len(weights), np.nan)

    excess = (weights * ranking.excess).cumsum(axis=1)[:, ranking.ends]  # (R, G)
    cuts = np.linspace(0, 1, min(BINS, weights.shape[1]) + 1)
    errors = np.empty(len(weights))
    for number, (weight_to, excess_to) in enumerate(zip(total, excess, strict=True)):
        known_at = np.append(0, weight_to)
        at_cuts = np.interp(cuts * weight_to[-1], known_at, np.append(0, excess_to))
        errors[number] = np.abs(np.diff(at_cuts)).sum() / weight_to[-1]

    return errors


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where there is nothing to divide by."""
    out: Floats = np.full(part.shape, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
