"""A ranking, sorted once and weighted many times: the figures of every resample of the blocks in one go."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.hazard import Thresholds
from models.head import Floats

LEAST_BLOCKS = 8
"""With fewer blocks, single labels are resampled."""
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
Interval = tuple[float, float]
"""Ends of a 90% interval; NaN where it cannot be had."""
Classes = NDArray[np.int64]
"""1 failing, 0 intact, (N,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Labels from the highest score down, sorted once and weighted many times."""

    order: NDArray[np.intp]
    """Row numbers from the highest score down, (N,)."""
    ends: NDArray[np.intp]
    """Last place of each run of equal scores, (G,)."""
    scores: Floats
    """Distinct scores, (G,)."""
    failing: Floats
    """1 or 0, (N,)."""
    excess: Floats
    """Score less class, (N,); NaN when the score is no probability."""
    summed: Floats
    """Whether a label is LIKELY, is POSSIBLE or LIKELY, is called failing for F1; the same and failing; squared excess. (N, 7), NaN where not known."""
    top: int
    """Visits."""


def drawn_unit(blocks: NDArray[np.object_]) -> str:
    """Return what the bootstrap draws: "blocks", or "labels" where there are too few blocks."""
    return "blocks" if len(pd.unique(blocks)) >= LEAST_BLOCKS else "labels"


def draw_weights(
    blocks: NDArray[np.object_], repeats: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Draw blocks with replacement; yield how often each row was drawn, (R, N), a few resamples at a time."""
    codes = pd.factorize(blocks)[0] if drawn_unit(blocks) == "blocks" else np.arange(len(blocks))
    count = int(codes.max(initial=0)) + 1
    step = max(1, 200_000 // max(len(blocks), 1))
    for start in range(0, repeats, step):
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=min(step, repeats - start))
        yield np.take(drawn.astype(np.float64), codes, axis=1)


def rank_labels(
    scores: Floats,
    failing: Classes,
    called: Floats,
    *,
    thresholds: Thresholds | None,
    probability: bool,
    top: int,
) -> Ranking:
    """Sort labels by score.

    Args:
        scores: (N,), higher = more likely failing; N >= 1.
        failing: 0 or 1, (N,).
        called: Whether F1 counts a label as called failing, 0, 1 or NaN where not known, (N,).
        thresholds: Where LIKELY and POSSIBLE begin; without, figures of theirs are NaN.
        probability: The score is a calibrated probability; if not, figures of calibration are NaN.
        top: Visits.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    sorted_, classes = scores[order], failing[order].astype(np.float64)
    marks = (
        [sorted_ >= thresholds.likely, sorted_ >= thresholds.possible]
        if thresholds
        else [np.full(len(scores), np.nan)] * 2
    )
    excess = sorted_ - classes if probability else np.full(len(scores), np.nan)
    chosen = np.stack([*marks, called[order]]).astype(np.float64)
    return Ranking(
        order=order,
        ends=ends,
        scores=sorted_[ends],
        failing=classes,
        excess=excess,
        summed=np.vstack([chosen, chosen * classes, excess**2]).T,
        top=top,
    )


def weigh(ranking: Ranking, weights: Floats) -> Floats:
    """Return `STATISTICS` of weighted labels, (R, len(STATISTICS)); weights (R, N)."""
    weights = np.take(weights, ranking.order, axis=1)
    total, hits, gained = cumulate(ranking, weights)
    drawn, failing = total[:, -1], hits[:, -1]
    visits = np.minimum(ranking.top, drawn)
    at_top = _hits_at(total, hits, gained, visits)
    sums = weights @ ranking.summed
    flagged, caught = sums[:, :3], sums[:, 3:6]
    precision, recall = _ratio(caught, flagged), _ratio(caught, failing[:, None])
    area = np.einsum(
        "rg,rg->r", np.diff(total, axis=1, prepend=0) - gained, hits - gained / 2
    )  # intact labels, and failing ones ranked above them
    return np.stack(
        [
            _average_precision_of(total, hits, gained),
            _ratio(area, failing * (drawn - failing)),
            _ratio(at_top, visits),
            _ratio(at_top, failing),
            precision[:, 0],
            recall[:, 0],
            precision[:, 1],
            recall[:, 1],
            _ratio(sums[:, 6], drawn),
            _calibration_error(ranking, weights, total),
            _ratio(2 * caught[:, 2], flagged[:, 2] + failing),
        ],
        axis=1,
    )


def statistics_of(ranking: Ranking) -> dict[str, float]:
    """Return `STATISTICS` of the labels as they are."""
    return dict(
        zip(STATISTICS, weigh(ranking, np.ones((1, len(ranking.order))))[0].tolist(), strict=True)
    )


def cumulate(ranking: Ranking, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return weights and failing weights at or above each distinct score, and failing weights at it; all (R, G).

    Weights (R, N) are sorted as the ranking is.
    """
    hits = np.take((weights * ranking.failing).cumsum(axis=1), ranking.ends, axis=1)
    return (
        np.take(weights.cumsum(axis=1), ranking.ends, axis=1),
        hits,
        np.diff(hits, axis=1, prepend=0),
    )


def average_precision(ranking: Ranking, weights: Floats) -> Floats:
    """Return the average precision of weighted labels, (R,); weights (R, N), whole numbers."""
    return _average_precision_of(*cumulate(ranking, np.take(weights, ranking.order, axis=1)))


def interval_of(values: Floats) -> Interval:
    """Return the 5% and 95% quantiles of values (R,) that are not NaN."""
    values = values[~np.isnan(values)]
    low, high = np.quantile(values, (0.05, 0.95)) if len(values) else (np.nan, np.nan)
    return float(low), float(high)


def _hits_at(total: Floats, hits: Floats, gained: Floats, visits: Floats) -> Floats:
    """Return the failing weight among the first `visits`, (R,); a run of equal scores counts at its mean."""
    place = np.array(
        [np.searchsorted(line, most) for line, most in zip(total, visits, strict=True)]
    )
    lines = np.arange(len(total))
    before = np.where(place > 0, total[lines, place - 1], 0)
    share = _ratio(visits - before, total[lines, place] - before)
    hits_at: Floats = hits[lines, place] - (1 - share) * gained[lines, place]
    return hits_at


def _average_precision_of(total: Floats, hits: Floats, gained: Floats) -> Floats:
    return _ratio(
        np.einsum("rg,rg->r", gained, hits / np.maximum(total, 1)), hits[:, -1]
    )  # at most 1 is divided by where nothing was drawn


def _calibration_error(ranking: Ranking, weights: Floats, total: Floats) -> Floats:
    """Cut the ranking into bins of equal weight, equal scores spread evenly, and add up how far each is off."""
    if np.isnan(ranking.excess).any():
        return np.full(len(weights), np.nan)
    off = (weights * ranking.excess).cumsum(axis=1)[:, ranking.ends]
    cuts = np.linspace(0, 1, min(BINS, weights.shape[1]) + 1)
    rows = [
        np.abs(np.diff(np.interp(cuts * up[-1], np.append(0, up), np.append(0, sums)))).sum()
        / up[-1]
        for up, sums in zip(total, off, strict=True)
    ]
    return np.array(rows)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where there is nothing to divide by."""
    out: Floats = np.full(part.shape, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
