"""Measure rankings out of fold: with intervals over blocks, by fold, by district and by size."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labels.intervals import clopper_pearson
from models.head import RUNGS, Floats
from training.figures import LEAST_FAILING, TOP, Figures, FigureSettings, Slice, Spread
from training.ranking import (
    STATISTICS,
    Begins,
    Ranking,
    ScoredLabels,
    cumulate,
    rank_labels,
    statistics_of,
    weigh,
)
from training.resample import Interval, draw_weights, drawn_unit, interval_of

FOLD_STATISTICS = ("average_precision", "auroc", "brier", "calibration_error")
"""What `measure_folds` returns."""
SPREAD_STATISTICS = ("average_precision", "auroc", "f1", "precision_top")
"""What is reported with its mean and deviation over the folds."""


def measure(
    name: str,
    scores: Floats,
    labels: pd.DataFrame,
    settings: FigureSettings,
    thresholds: Begins | None = None,
) -> Figures:
    """Measure one ranking.

    Args:
        name: What was ranked by.
        scores: Calibrated probabilities, (N,), N >= 1.
        labels: Columns failing, block and fold, N rows; `name`_even where POSSIBLE is called at
            even odds.
        settings: Bootstrap and visits.
        thresholds: Where LIKELY and POSSIBLE begin; without them their figures are NaN.
    """
    blocks = labels["block"].to_numpy()
    scored = _scored_labels(name, scores, labels)
    ranking = rank_labels(scored, thresholds=thresholds, probability=True, top=settings.top)
    point = statistics_of(ranking)
    intervals = _intervals(ranking, blocks, settings)
    spreads = _spreads(scored, labels["fold"].to_numpy(np.int64))

    return Figures(
        name=name,
        labels=len(labels),
        failing=int(scored.failing.sum()),
        blocks=len(pd.unique(blocks)),
        top=settings.top,
        resampled=drawn_unit(blocks),
        average_precision=point["average_precision"],
        interval=intervals["average_precision"],
        auroc=point["auroc"],
        auroc_folds=spreads["auroc"].mean,
        precision_top=point["precision_top"],
        recall_top=point["recall_top"],
        precision_likely=point["precision_likely"],
        recall_likely=point["recall_likely"],
        precision_possible=point["precision_possible"],
        recall_possible=point["recall_possible"],
        brier=point["brier"],
        calibration_error=point["calibration_error"],
        f1=point["f1"],
        intervals=intervals,
        average_precision_by_fold=spreads["average_precision"],
        auroc_by_fold=spreads["auroc"],
        f1_by_fold=spreads["f1"],
        precision_n_by_fold=spreads["precision_top"],
    )


def _scored_labels(name: str, scores: Floats, labels: pd.DataFrame) -> ScoredLabels:
    """Return labels with their scores, and with who is called failing; see `measure`."""
    failing = labels["failing"].to_numpy(np.int64)
    folds = labels["fold"].to_numpy(np.int64)
    even = labels[f"{name}_even"].to_numpy(np.float64) if f"{name}_even" in labels else None
    called = _called_failing(ScoredLabels(scores=scores, failing=failing), folds)
    return ScoredLabels(scores=scores, failing=failing, even=even, called=called)


def measure_rungs(
    scored: pd.DataFrame, thresholds: Mapping[str, Begins], settings: FigureSettings
) -> list[Figures]:
    """Measure every rung of a table of scored labels, on the same resamples.

    Args:
        scored: Columns block, failing, fold, and those of `RUNGS`.
        thresholds: Where LIKELY and POSSIBLE begin, by rung; rungs without have no figures there.
        settings: Bootstrap and visits.
    """
    figures = []
    for rung in RUNGS:
        scores = scored[rung].to_numpy(np.float64)
        figures.append(measure(rung, scores, scored, settings, thresholds.get(rung)))

    return figures


def measure_folds(scored: pd.DataFrame, rung: str) -> dict[int, dict[str, float]]:
    """Return `FOLD_STATISTICS` of a rung, fold by fold, without intervals; NaN is left out."""
    found = {}
    for fold, rows in scored.groupby("fold"):
        labels = ScoredLabels(
            scores=rows[rung].to_numpy(np.float64), failing=rows["failing"].to_numpy(np.int64)
        )
        point = statistics_of(rank_labels(labels, probability=True, top=len(rows)))
        known = {name: point[name] for name in FOLD_STATISTICS if not np.isnan(point[name])}
        found[int(str(fold))] = known

    return found


def measure_slices(
    scored: pd.DataFrame, thresholds: Mapping[str, Begins], settings: FigureSettings
) -> list[Slice]:
    """Measure every rung by district and by third of the lot areas.

    Only where `LEAST_FAILING` roofs or more fail.

    Args:
        scored: As for `measure_rungs`, with columns district ("" if unknown) and area_m2.
        thresholds: As for `measure_rungs`.
        settings: As for `measure_rungs`.
    """
    groups_by_kind = {
        "district": scored["district"].replace("", np.nan),
        "size": _size_classes(scored["area_m2"]),
    }

    slices: list[Slice] = []
    for kind, groups in groups_by_kind.items():
        for group, rows in scored.groupby(groups, observed=True):
            if rows["failing"].sum() < LEAST_FAILING:
                continue
            for figures in measure_rungs(rows, thresholds, settings):
                slices.append(Slice(kind=kind, group=str(group), figures=figures))

    return slices


def _called_failing(labels: ScoredLabels, folds: NDArray[np.int64]) -> Floats:
    """Return 1 for labels at or above the threshold whose F1 is best on the other folds, (N,).

    NaN with one fold.
    """
    called = np.full(len(labels.scores), np.nan)
    numbers = np.unique(folds)
    if len(numbers) < 2:
        return called

    for fold in numbers:
        is_mine = folds == fold
        others = rank_labels(labels.take(~is_mine), top=TOP)
        called[is_mine] = labels.scores[is_mine] >= _best_threshold(others)

    return called


def _best_threshold(ranking: Ranking) -> float:
    """Return the score at which F1 is best, the highest such score."""
    cumulated = cumulate(ranking, np.ones((1, len(ranking))))
    # F1 is twice this.
    f1_half = cumulated.hits / (cumulated.total + cumulated.hits[:, -1:])
    return float(ranking.scores[int(f1_half.argmax())])


def _intervals(
    ranking: Ranking, blocks: NDArray[np.object_], settings: FigureSettings
) -> dict[str, Interval]:
    """Return the 90% interval of every one of `STATISTICS`.

    The bootstrap's; of a share at a threshold it is never narrower than the exact binomial one.
    """
    rng = np.random.default_rng(settings.seed)
    resamples = draw_weights(blocks, settings.repeats, rng)
    values = np.concatenate([weigh(ranking, weights) for weights in resamples])

    intervals = {}
    counts = _counts(ranking)
    for statistic, column in zip(STATISTICS, values.T, strict=True):
        intervals[statistic] = interval_of(column)
        if statistic in counts:
            intervals[statistic] = _widen(intervals[statistic], *counts[statistic])
    return intervals


def _counts(ranking: Ranking) -> dict[str, tuple[float, float]]:
    """Return hits, and of how many, of each share at a threshold; NaN without thresholds."""
    likely, possible, _, likely_hits, possible_hits, _, _ = ranking.summed.sum(axis=0)
    failing = ranking.failing.sum()
    return {
        "precision_likely": (likely_hits, likely),
        "recall_likely": (likely_hits, failing),
        "precision_possible": (possible_hits, possible),
        "recall_possible": (possible_hits, failing),
    }


def _widen(interval: Interval, hits: float, count: float) -> Interval:
    """Return an interval of a share that is no narrower than the exact one of single labels.

    Where all are hits, or none is, every resample says the same, however few they are.
    """
    if np.isnan(hits) or not count:
        return interval
    low, high = clopper_pearson(int(hits), int(count))
    return float(np.fmin(interval[0], low)), float(np.fmax(interval[1], high))


def _spreads(labels: ScoredLabels, folds: NDArray[np.int64]) -> dict[str, Spread]:
    """Return the spread of `SPREAD_STATISTICS` over the folds with both classes.

    The visits of a fold are as many as it has failing roofs.
    """
    values: dict[str, list[float]] = {name: [] for name in SPREAD_STATISTICS}
    for fold in np.unique(folds):
        mine = labels.take(folds == fold)
        failing = int(mine.failing.sum())
        if 0 < failing < len(mine.failing):
            point = statistics_of(rank_labels(mine, top=failing))
            for name, column in values.items():
                column.append(point[name])

    return {name: _spread(np.array(column)) for name, column in values.items()}


def _spread(values: Floats) -> Spread:
    return Spread(
        mean=float(values.mean()) if len(values) else float("nan"),
        std=float(values.std(ddof=1)) if len(values) > 1 else float("nan"),
    )


def _size_classes(area_m2: pd.Series) -> pd.Series:
    """Return the third of the areas each lot is in, named by its limits."""
    first, second = area_m2.quantile([1 / 3, 2 / 3])
    names = {
        0: f"small: up to {first:.0f} m²",
        1: f"middle: {first:.0f} to {second:.0f} m²",
        2: f"large: over {second:.0f} m²",
    }

    third = (area_m2 > first).astype(int) + (area_m2 > second).astype(int)
    classes = pd.Categorical(
        third.map(names).where(area_m2.notna()),
        # Limits that are equal give equal names.
        categories=list(dict.fromkeys(names.values())),
        ordered=True,
    )
    return pd.Series(classes, index=area_m2.index)
