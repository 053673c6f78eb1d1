"""The figures of a ranking, and what people call the rankings."""

from dataclasses import dataclass

from training.resample import Interval

TOP = 50
"""Visits of a week and a bit: precision and recall are reported among this many."""
LEAST_FAILING = 5
"""A district or size class with fewer failing roofs gets no figures of its own."""
RUNG_NAMES = {
    "dark_share": "B0 dark-pixel share",
    "measures": "B1 named measures",
    "network": "C network",
    "joined": "D network and measures",
}
"""What people call the rungs."""


@dataclass(frozen=True, kw_only=True)
class FigureSettings:
    """How figures are measured."""

    repeats: int
    """Bootstrap repetitions."""
    seed: int
    """Of the bootstrap; the same seed draws the same blocks for every ranking."""
    top: int = TOP
    """Visits: k of the precision and recall among the first k."""


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
    """90% interval of every field in `STATISTICS`; thresholds stay fixed while blocks are drawn."""
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
