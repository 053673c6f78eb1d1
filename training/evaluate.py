"""Figures that can be trusted: out of fold, with intervals over blocks, rungs side by side, by district and by size."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.hazard import Thresholds
from models.head import RUNGS, Floats

TOP = 50
"""Visits of a week and a bit: precision and recall are reported among this many."""
LEAST_FAILING = 5
"""A district or size class with fewer failing roofs gets no figures of its own."""
LEAST_BLOCKS = 8
"""With fewer blocks, single labels are resampled."""
BINS = 10
"""Equal-count bins of the calibration error."""
RUNG_NAMES = {"dark_share": "B0 dark-pixel share", "measures": "B1 named measures", "network": "C network"}
"""What people call them."""
STATISTICS = (
    "average_precision", "auroc", "precision_top", "recall_top", "precision_likely", "recall_likely", "precision_possible", "recall_possible", "brier", "calibration_error", "f1",
)  # fmt: skip
"""Fields of `Figures` that have an interval."""
Interval = tuple[float, float]
"""Ends of a 90% interval; NaN where it cannot be had."""
Classes = NDArray[np.int64]
"""1 failing, 0 intact, (N,)."""


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


@dataclass(frozen=True, kw_only=True)
class Ships:
    """The rung that ships."""

    name: str
    """Of its figures."""
    sentence: str
    """Why."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Average precision of a less that of b, on the same labels."""

    difference: float
    """Above 0: a is better."""
    interval: Interval
    """90% bootstrap interval."""
    share_better: float
    """Share of resamples in which a is better; ties count half."""
    resampled: str
    """What the bootstrap draws: "blocks" or "labels"."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ranking:
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


def measure(
    name: str, scores: Floats, labels: pd.DataFrame, folds: NDArray[np.int64], *,
    repeats: int, rng: np.random.Generator, top: int = TOP, thresholds: Thresholds | None = None, probability: bool = True,
) -> Figures:  # fmt: skip
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
    ranking = _rank(scores, failing, called, thresholds=thresholds, probability=probability, top=top)
    point = dict(zip(STATISTICS, _statistics(ranking, np.ones((1, len(failing))))[0].tolist(), strict=True))
    drawn = np.concatenate([_statistics(ranking, weights) for weights in draw_weights(blocks, repeats, rng)])
    intervals = {name: _interval(values) for name, values in zip(STATISTICS, drawn.T, strict=True)}
    by_fold = _by_fold(scores, failing, called, folds)
    return Figures(
        name=name, labels=len(failing), failing=int(failing.sum()), blocks=len(pd.unique(blocks)), top=top, resampled=drawn_unit(blocks),
        average_precision=point["average_precision"], interval=intervals["average_precision"], auroc=point["auroc"], auroc_folds=by_fold[1].mean,
        precision_top=point["precision_top"], recall_top=point["recall_top"], precision_likely=point["precision_likely"], recall_likely=point["recall_likely"],
        precision_possible=point["precision_possible"], recall_possible=point["recall_possible"], brier=point["brier"], calibration_error=point["calibration_error"],
        f1=point["f1"], intervals=intervals, average_precision_by_fold=by_fold[0], auroc_by_fold=by_fold[1], f1_by_fold=by_fold[2], precision_n_by_fold=by_fold[3],
    )  # fmt: skip


def measure_rungs(scored: pd.DataFrame, thresholds: Mapping[str, Thresholds], *, repeats: int, seed: int, top: int = TOP) -> list[Figures]:
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
            rung, scored[rung].to_numpy(np.float64), scored, folds, repeats=repeats, rng=np.random.default_rng(seed), top=top,
            thresholds=thresholds.get(rung),
        )
        for rung in RUNGS
    ]  # fmt: skip


def measure_folds(scored: pd.DataFrame, rung: str) -> dict[int, dict[str, float]]:
    """Return average precision, AUROC, Brier score and calibration error of a rung, fold by fold, without intervals; NaN is left out."""
    found = {}
    for fold, rows in scored.groupby("fold"):
        failing = rows["failing"].to_numpy(np.int64)
        ranking = _rank(rows[rung].to_numpy(np.float64), failing, np.full(len(rows), np.nan), thresholds=None, probability=True, top=len(rows))
        figures = dict(zip(STATISTICS, _statistics(ranking, np.ones((1, len(rows))))[0].tolist(), strict=True))
        found[int(str(fold))] = {name: figures[name] for name in ("average_precision", "auroc", "brier", "calibration_error") if not np.isnan(figures[name])}
    return found


def measure_slices(scored: pd.DataFrame, thresholds: Mapping[str, Thresholds], *, repeats: int, seed: int, top: int = TOP) -> list[Slice]:
    """Measure every rung by district and by third of the lot areas, where `LEAST_FAILING` roofs or more fail.

    Args:
        scored: As for `measure_rungs`, with columns district ("" if unknown) and area_m2.
        thresholds: As for `measure_rungs`.
        repeats: Bootstrap repetitions.
        seed: Of the bootstrap.
        top: Visits.
    """
    found: list[Slice] = []
    for kind, groups in (("district", scored["district"].replace("", np.nan)), ("size", _size_classes(scored["area_m2"]))):
        for group, rows in scored.groupby(groups, observed=True):
            if rows["failing"].sum() >= LEAST_FAILING:
                figures = measure_rungs(rows, thresholds, repeats=repeats, seed=seed, top=top)
                found.extend(Slice(kind=kind, group=str(group), figures=one) for one in figures)
    return found


def rung_that_ships(figures: Sequence[Figures], margin: float) -> Ships:
    """Choose the simplest rung whose average precision is within `margin` of the best.

    Args:
        figures: Simplest first, one or more.
        margin: Average precision that simplicity is worth.
    """
    best = max(figures, key=lambda one: one.average_precision)
    near = next((one for one in figures if one.average_precision >= best.average_precision - margin), best)
    if near.name != best.name:
        why = f"its average precision {near.average_precision:.3f} is within {margin:.3f} of the best ({_name(best)}, {best.average_precision:.3f}), and it is simpler"
        return Ships(name=near.name, sentence=f"{_name(near)} ships: {why}.")
    simpler = [f"{_name(one)} has {one.average_precision:.3f}" for one in figures[: figures.index(best)]]
    rest = f"; no simpler one comes within {margin:.3f} of it ({', '.join(simpler)})" if simpler else ", and it is the simplest"
    return Ships(name=best.name, sentence=f"{_name(best)} ships: it has the best average precision, {best.average_precision:.3f}{rest}.")


def paired_difference(a: Floats, b: Floats, failing: Classes, blocks: NDArray[np.object_], repeats: int, rng: np.random.Generator) -> Difference:
    """Compare the average precision of two scores of the same labels, drawing the same blocks for both.

    Args:
        a: Scores, (N,).
        b: Scores, (N,).
        failing: 0 or 1, (N,).
        blocks: Block of each label, (N,).
        repeats: Bootstrap repetitions.
        rng: Source of randomness.
    """
    first, second = (_rank(scores, failing, np.full(len(failing), np.nan), thresholds=None, probability=False, top=TOP) for scores in (a, b))
    point = float(_average_precision(first, np.ones((1, len(a))))[0] - _average_precision(second, np.ones((1, len(a))))[0])
    drawn = np.concatenate([_average_precision(first, weights) - _average_precision(second, weights) for weights in draw_weights(blocks, repeats, rng)])
    drawn = drawn[~np.isnan(drawn)]
    share = float(((drawn > 0) + 0.5 * (drawn == 0)).mean()) if len(drawn) else float("nan")
    return Difference(difference=point, interval=_interval(drawn), share_better=share, resampled=drawn_unit(blocks))


def drawn_unit(blocks: NDArray[np.object_]) -> str:
    """Return what the bootstrap draws: "blocks", or "labels" where there are too few blocks."""
    return "blocks" if len(pd.unique(blocks)) >= LEAST_BLOCKS else "labels"


def draw_weights(blocks: NDArray[np.object_], repeats: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Draw blocks with replacement; yield how often each row was drawn, (R, N), a few resamples at a time."""
    codes = pd.factorize(blocks)[0] if drawn_unit(blocks) == "blocks" else np.arange(len(blocks))
    count = int(codes.max(initial=0)) + 1
    step = max(1, 200_000 // max(len(blocks), 1))
    for start in range(0, repeats, step):
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=min(step, repeats - start))
        yield np.take(drawn.astype(np.float64), codes, axis=1)


def _rank(scores: Floats, failing: Classes, called: Floats, *, thresholds: Thresholds | None, probability: bool, top: int) -> _Ranking:
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    sorted_, classes = scores[order], failing[order].astype(np.float64)
    marks = [sorted_ >= thresholds.likely, sorted_ >= thresholds.possible] if thresholds else [np.full(len(scores), np.nan)] * 2
    excess = sorted_ - classes if probability else np.full(len(scores), np.nan)
    chosen = np.stack([*marks, called[order]]).astype(np.float64)
    return _Ranking(order=order, ends=ends, scores=sorted_[ends], failing=classes, excess=excess, summed=np.vstack([chosen, chosen * classes, excess**2]).T, top=top)


def _statistics(ranking: _Ranking, weights: Floats) -> Floats:
    """Return `STATISTICS` of weighted labels, (R, len(STATISTICS)); weights (R, N)."""
    weights = np.take(weights, ranking.order, axis=1)
    total, hits, gained = _cumulate(ranking, weights)
    drawn, failing = total[:, -1], hits[:, -1]
    visits = np.minimum(ranking.top, drawn)
    at_top = _hits_at(total, hits, gained, visits)
    sums = weights @ ranking.summed
    flagged, caught = sums[:, :3], sums[:, 3:6]
    precision, recall = _ratio(caught, flagged), _ratio(caught, failing[:, None])
    area = np.einsum("rg,rg->r", np.diff(total, axis=1, prepend=0) - gained, hits - gained / 2)  # intact labels, and failing ones ranked above them
    return np.stack([
        _average_precision_of(total, hits, gained), _ratio(area, failing * (drawn - failing)), _ratio(at_top, visits), _ratio(at_top, failing),
        precision[:, 0], recall[:, 0], precision[:, 1], recall[:, 1],
        _ratio(sums[:, 6], drawn), _calibration_error(ranking, weights, total),
        _ratio(2 * caught[:, 2], flagged[:, 2] + failing),
    ], axis=1)  # fmt: skip


def _hits_at(total: Floats, hits: Floats, gained: Floats, visits: Floats) -> Floats:
    """Return the failing weight among the first `visits`, (R,); a run of equal scores counts at its mean."""
    place = np.array([np.searchsorted(line, most) for line, most in zip(total, visits, strict=True)])
    lines = np.arange(len(total))
    before = np.where(place > 0, total[lines, place - 1], 0)
    share = _ratio(visits - before, total[lines, place] - before)
    hits_at: Floats = hits[lines, place] - (1 - share) * gained[lines, place]
    return hits_at


def _cumulate(ranking: _Ranking, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return weights and failing weights at or above each distinct score, and failing weights at it; all (R, G).

    Weights (R, N) are sorted as the ranking is.
    """
    hits = np.take((weights * ranking.failing).cumsum(axis=1), ranking.ends, axis=1)
    return np.take(weights.cumsum(axis=1), ranking.ends, axis=1), hits, np.diff(hits, axis=1, prepend=0)


def _average_precision(ranking: _Ranking, weights: Floats) -> Floats:
    return _average_precision_of(*_cumulate(ranking, np.take(weights, ranking.order, axis=1)))


def _average_precision_of(total: Floats, hits: Floats, gained: Floats) -> Floats:
    return _ratio(np.einsum("rg,rg->r", gained, hits / np.maximum(total, 1)), hits[:, -1])  # weights are whole numbers


def _calibration_error(ranking: _Ranking, weights: Floats, total: Floats) -> Floats:
    """Cut the ranking into bins of equal weight, equal scores spread evenly, and add up how far each is off."""
    if np.isnan(ranking.excess).any():
        return np.full(len(weights), np.nan)
    off = (weights * ranking.excess).cumsum(axis=1)[:, ranking.ends]
    cuts = np.linspace(0, 1, min(BINS, weights.shape[1]) + 1)
    rows = [np.abs(np.diff(np.interp(cuts * up[-1], np.append(0, up), np.append(0, sums)))).sum() / up[-1] for up, sums in zip(total, off, strict=True)]
    return np.array(rows)


def _called_failing(scores: Floats, failing: Classes, folds: NDArray[np.int64]) -> Floats:
    """Return 1 for rows at or above the threshold whose F1 is best on the other folds, (N,); NaN with one fold."""
    called = np.full(len(scores), np.nan)
    numbers = np.unique(folds)
    for fold in numbers if len(numbers) > 1 else []:
        mine, others = folds == fold, folds != fold
        ranking = _rank(scores[others], failing[others], called[others], thresholds=None, probability=False, top=TOP)
        total, hits, _ = _cumulate(ranking, np.ones((1, len(ranking.order))))
        best = int((hits / (total + hits[:, -1:])).argmax())
        called[mine] = scores[mine] >= ranking.scores[best]
    return called


def _by_fold(scores: Floats, failing: Classes, called: Floats, folds: NDArray[np.int64]) -> list[Spread]:
    """Return the spread of average precision, AUROC, F1 and precision among the first n over the folds with both classes."""
    rows = []
    for fold in np.unique(folds):
        mine = folds == fold
        if 0 < failing[mine].mean() < 1:
            ranking = _rank(scores[mine], failing[mine], called[mine], thresholds=None, probability=False, top=int(failing[mine].sum()))
            figures = dict(zip(STATISTICS, _statistics(ranking, np.ones((1, int(mine.sum()))))[0], strict=True))
            rows.append([figures[name] for name in ("average_precision", "auroc", "f1", "precision_top")])
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return [Spread(mean=float(column.mean()) if len(column) else float("nan"), std=float(column.std(ddof=1)) if len(column) > 1 else float("nan")) for column in columns]


def _size_classes(area_m2: pd.Series) -> pd.Series:
    """Return the third of the areas each lot is in, named by its limits."""
    first, second = area_m2.quantile([1 / 3, 2 / 3])
    names = {0: f"small: up to {first:.0f} m²", 1: f"middle: {first:.0f} to {second:.0f} m²", 2: f"large: over {second:.0f} m²"}
    place = (area_m2 > first).astype(int) + (area_m2 > second).astype(int)
    return pd.Series(pd.Categorical(place.map(names).where(area_m2.notna()), categories=list(dict.fromkeys(names.values())), ordered=True), index=area_m2.index)


def _name(one: Figures) -> str:
    return RUNG_NAMES.get(one.name, one.name)


def _interval(values: Floats) -> Interval:
    values = values[~np.isnan(values)]
    low, high = np.quantile(values, (0.05, 0.95)) if len(values) else (np.nan, np.nan)
    return float(low), float(high)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where there is nothing to divide by."""
    out: Floats = np.full(part.shape, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
