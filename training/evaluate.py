"""Figures that can be trusted: out of fold, with intervals over blocks, rungs side by side, by district and by size."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.hazard import Thresholds
from models.head import RUNGS, Floats
from training.resample import (
    STATISTICS,
    Classes,
    Interval,
    cumulate,
    draw_weights,
    drawn_unit,
    interval_of,
    rank_labels,
    statistics_of,
    weigh,
)

TOP = 50
"""Visits of a week and a bit: precision and recall are reported among this many."""
LEAST_FAILING = 5
"""A district or size class with fewer failing roofs gets no figures of its own."""
RUNG_NAMES = {
    "dark_share": "B0 dark-pixel share",
    "measures": "B1 named measures",
    "network": "C network",
}
"""What people call them."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A figure over the folds that hold both classes."""

    mean: float
    """NaN when no fold does."""
    std: float
    """Sample standard deviation; NaN with fewer than two such folds."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Quality of one ranking. Figures that make no sense for it are NaN."""

    name: str
    """What was ranked by."""
    labels: int
    """Labeled roofs."""
    failing: int
    """Failing ones among them."""
    blocks: int
    """Blocks they lie in."""
    top: int
    """Visits: k of the precision and recall among the first k."""
    resampled: str
    """What the bootstrap draws: "blocks", or "labels" with fewer than `LEAST_BLOCKS` blocks."""
    average_precision: float
    """Area under the precision-recall curve."""
    interval: Interval
    """90% interval of the average precision; as in `intervals`."""
    auroc: float
    """Area under the ROC curve, all folds pooled; NaN with one class."""
    auroc_folds: float
    """Mean over the folds that hold both classes; NaN when none does."""
    precision_top: float
    """Share failing among the first `top`; ties are counted at their mean."""
    recall_top: float
    """Share of all failing roofs among the first `top`."""
    precision_likely: float
    """Share failing among LIKELY."""
    recall_likely: float
    """Share of failing roofs that are LIKELY."""
    precision_possible: float
    """Share failing among LIKELY and POSSIBLE together."""
    recall_possible: float
    """Share of failing roofs that are LIKELY or POSSIBLE."""
    brier: float
    """Mean squared error of the probability."""
    calibration_error: float
    """Expected calibration error over `BINS` equal-count bins."""
    f1: float
    """F1, each fold at the threshold that is best on the other folds; NaN with one fold."""
    intervals: dict[str, Interval]
    """90% interval of every field in `STATISTICS`; thresholds are held fixed while blocks are resampled."""
    average_precision_by_fold: Spread
    """Average precision."""
    auroc_by_fold: Spread
    """AUROC."""
    f1_by_fold: Spread
    """F1 at the threshold of the other folds."""
    precision_n_by_fold: Spread
    """Precision among the first n, n = failing roofs of the fold."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One ranking within a district or a size class."""

    kind: str
    """"district" or "size"."""
    group: str
    """Name of the district, or of the third of lot areas."""
    figures: Figures
    """The ranking there."""


def measure(
    name: str,
    scores: Floats,
    labels: pd.DataFrame,
    folds: NDArray[np.int64],
    *,
    repeats: int,
    rng: np.random.Generator,
    top: int = TOP,
    thresholds: Thresholds | None = None,
    probability: bool = True,
) -> Figures:
    """Measure one ranking.

    Args:
        name: What was ranked by.
        scores: (N,), higher = more likely failing; N >= 1.
        labels: Columns failing and block, N rows.
        folds: Fold numbers, (N,).
        repeats: Bootstrap repetitions.
        rng: Source of randomness; the same seed draws the same blocks for every ranking.
        top: Visits.
        thresholds: Where LIKELY and POSSIBLE begin.
        probability: The score is a calibrated probability.
    """
    failing, blocks = labels["failing"].to_numpy(np.int64), labels["block"].to_numpy()
    called = _called_failing(scores, failing, folds)
    ranking = rank_labels(
        scores, failing, called, thresholds=thresholds, probability=probability, top=top
    )
    point = statistics_of(ranking)
    drawn = np.concatenate(
        [weigh(ranking, weights) for weights in draw_weights(blocks, repeats, rng)]
    )
    intervals = {
        name: interval_of(values) for name, values in zip(STATISTICS, drawn.T, strict=True)
    }
    by_fold = _by_fold(scores, failing, called, folds)
    return Figures(
        name=name,
        labels=len(failing),
        failing=int(failing.sum()),
        blocks=len(pd.unique(blocks)),
        top=top,
        resampled=drawn_unit(blocks),
        average_precision=point["average_precision"],
        interval=intervals["average_precision"],
        auroc=point["auroc"],
        auroc_folds=by_fold[1].mean,
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
        average_precision_by_fold=by_fold[0],
        auroc_by_fold=by_fold[1],
        f1_by_fold=by_fold[2],
        precision_n_by_fold=by_fold[3],
    )


def measure_rungs(
    scored: pd.DataFrame,
    thresholds: Mapping[str, Thresholds],
    *,
    repeats: int,
    seed: int,
    top: int = TOP,
) -> list[Figures]:
    """Measure every rung of a table of scored labels, on the same resamples.

    Args:
        scored: Columns block, failing, fold, and those of `RUNGS`.
        thresholds: Where LIKELY and POSSIBLE begin, by rung; rungs without have no figures there.
        repeats: Bootstrap repetitions.
        seed: Of the bootstrap.
        top: Visits.
    """
    folds = scored["fold"].to_numpy(np.int64)
    return [
        measure(
            rung,
            scored[rung].to_numpy(np.float64),
            scored,
            folds,
            repeats=repeats,
            rng=np.random.default_rng(seed),
            top=top,
            thresholds=thresholds.get(rung),
        )
        for rung in RUNGS
    ]


def measure_folds(scored: pd.DataFrame, rung: str) -> dict[int, dict[str, float]]:
    """Return average precision, AUROC, Brier score and calibration error of a rung, fold by fold, without intervals; NaN is left out."""
    found = {}
    for fold, rows in scored.groupby("fold"):
        failing = rows["failing"].to_numpy(np.int64)
        ranking = rank_labels(
            rows[rung].to_numpy(np.float64),
            failing,
            np.full(len(rows), np.nan),
            thresholds=None,
            probability=True,
            top=len(rows),
        )
        figures = statistics_of(ranking)
        found[int(str(fold))] = {
            name: figures[name]
            for name in ("average_precision", "auroc", "brier", "calibration_error")
            if not np.isnan(figures[name])
        }
    return found


def measure_slices(
    scored: pd.DataFrame,
    thresholds: Mapping[str, Thresholds],
    *,
    repeats: int,
    seed: int,
    top: int = TOP,
) -> list[Slice]:
    """Measure every rung by district and by third of the lot areas, where `LEAST_FAILING` roofs or more fail.

    Args:
        scored: As for `measure_rungs`, with columns district ("" if unknown) and area_m2.
        thresholds: As for `measure_rungs`.
        repeats: Bootstrap repetitions.
        seed: Of the bootstrap.
        top: Visits.
    """
    found: list[Slice] = []
    for kind, groups in (
        ("district", scored["district"].replace("", np.nan)),
        ("size", _size_classes(scored["area_m2"])),
    ):
        for group, rows in scored.groupby(groups, observed=True):
            if rows["failing"].sum() >= LEAST_FAILING:
                figures = measure_rungs(rows, thresholds, repeats=repeats, seed=seed, top=top)
                found.extend(Slice(kind=kind, group=str(group), figures=one) for one in figures)
    return found


def _called_failing(scores: Floats, failing: Classes, folds: NDArray[np.int64]) -> Floats:
    """Return 1 for rows at or above the threshold whose F1 is best on the other folds, (N,); NaN with one fold."""
    called = np.full(len(scores), np.nan)
    numbers = np.unique(folds)
    for fold in numbers if len(numbers) > 1 else []:
        mine, others = folds == fold, folds != fold
        ranking = rank_labels(
            scores[others],
            failing[others],
            called[others],
            thresholds=None,
            probability=False,
            top=TOP,
        )
        total, hits, _ = cumulate(ranking, np.ones((1, len(ranking.order))))
        best = int((hits / (total + hits[:, -1:])).argmax())
        called[mine] = scores[mine] >= ranking.scores[best]
    return called


def _by_fold(
    scores: Floats, failing: Classes, called: Floats, folds: NDArray[np.int64]
) -> list[Spread]:
    """Return the spread of average precision, AUROC, F1 and precision among the first n over the folds with both classes."""
    rows = []
    for fold in np.unique(folds):
        mine = folds == fold
        if 0 < failing[mine].mean() < 1:
            ranking = rank_labels(
                scores[mine],
                failing[mine],
                called[mine],
                thresholds=None,
                probability=False,
                top=int(failing[mine].sum()),
            )
            figures = statistics_of(ranking)
            rows.append(
                [figures[name] for name in ("average_precision", "auroc", "f1", "precision_top")]
            )
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return [
        Spread(
            mean=float(column.mean()) if len(column) else float("nan"),
            std=float(column.std(ddof=1)) if len(column) > 1 else float("nan"),
        )
        for column in columns
    ]


def _size_classes(area_m2: pd.Series) -> pd.Series:
    """Return the third of the areas each lot is in, named by its limits."""
    first, second = area_m2.quantile([1 / 3, 2 / 3])
    names = {
        0: f"small: up to {first:.0f} m²",
        1: f"middle: {first:.0f} to {second:.0f} m²",
        2: f"large: over {second:.0f} m²",
    }
    place = (area_m2 > first).astype(int) + (area_m2 > second).astype(int)
    return pd.Series(
        pd.Categorical(
            place.map(names).where(area_m2.notna()),
            categories=list(dict.fromkeys(names.values())),
            ordered=True,
        ),
        index=area_m2.index,
    )
