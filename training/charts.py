"""The two pictures of the evaluation page: precision and recall, and calibration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from labels.intervals import clopper_pearson
from models.head import Floats
from training.figures import RUNG_NAMES
from training.ranking import Classes

STROKES = {
    "dark_share": ("#000000", ":"),
    "measures": ("#D55E00", "--"),
    "network": ("#0072B2", "-"),
    "joined": ("#009E73", "-."),
}
"""Color (Okabe and Ito, 2008) and dash of each rung."""
SCORE_BINS = 10
"""Bins of equal width of the calibration."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibrationBins:
    """Labels in bins of their score; empty bins have a count only."""

    edges: Floats
    """Of all bins, (SCORE_BINS + 1,)."""
    counts: NDArray[np.int64]
    """Labels in each bin, (SCORE_BINS,)."""
    mean_score: Floats
    """Of the bins that hold labels, (B,)."""
    share_failing: Floats
    """Of the bins that hold labels, (B,)."""
    low: Floats
    """Lower end of the 90% Clopper-Pearson interval of the share, (B,)."""
    high: Floats
    """Upper end, (B,)."""


def draw_curves(
    path: Path,
    scores: Mapping[str, Floats],
    failing: Classes,
    average_precision: Mapping[str, float],
) -> None:
    """Draw the precision-recall curves of all rungs."""
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    for rung, values in scores.items():
        precision, recall, _ = precision_recall_curve(failing, values, drop_intermediate=True)
        color, dash = STROKES[rung]
        axes.step(
            recall[:-1],
            precision[:-1],
            where="post",
            color=color,
            linestyle=dash,
            linewidth=2,
            label=f"{RUNG_NAMES[rung]}: average precision {average_precision[rung]:.3f}",
        )
    chance = failing.mean()
    axes.axhline(chance, color="0.55", linewidth=1, label=f"by chance: {chance:.3f}")

    axes.set(
        xlabel="recall: share of failing roofs found",
        ylabel="precision: share failing among those named",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    axes.set_title("Precision and recall, out of fold", loc="left", fontweight="bold")
    axes.grid(color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    _save(figure, path)


def draw_calibration(path: Path, scores: Mapping[str, Floats], failing: Classes) -> None:
    """Draw the share failing by score over the number of labels, one column for each rung.

    The lines through the points are 90% Clopper-Pearson intervals.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    grid = figure.subplots(
        2, len(scores), squeeze=False, sharex=True, sharey="row", height_ratios=(3, 1)
    )
    for (rung, values), (upper, lower) in zip(scores.items(), grid.T, strict=True):
        bins = bin_labels(values, failing)
        color = STROKES[rung][0]
        upper.set_title(RUNG_NAMES[rung], loc="left", fontweight="bold", fontsize=8)
        _draw_shares(upper, bins, color)
        _draw_counts(lower, bins, color)

    grid[0, 0].set(ylabel="share failing", ylim=(0, 1.02))
    grid[1, 0].set(ylabel="labels (log scale)")
    _save(figure, path)


def bin_labels(scores: Floats, failing: Classes) -> CalibrationBins:
    """Put labels into bins of their score, both (N,)."""
    edges = np.linspace(0, 1, SCORE_BINS + 1)
    places = np.clip(np.digitize(scores, edges) - 1, 0, SCORE_BINS - 1)
    counts = np.bincount(places, minlength=SCORE_BINS)

    is_filled = counts > 0
    labels = counts[is_filled]
    hits = np.bincount(places[failing == 1], minlength=SCORE_BINS)[is_filled]
    sums = np.bincount(places, weights=scores, minlength=SCORE_BINS)[is_filled]

    ends = [clopper_pearson(*pair) for pair in zip(hits.tolist(), labels.tolist(), strict=True)]
    low, high = np.array(ends).reshape(-1, 2).T

    return CalibrationBins(
        edges=edges,
        counts=counts,
        mean_score=sums / labels,
        share_failing=hits / labels,
        low=low,
        high=high,
    )


def _draw_shares(axes: Axes, bins: CalibrationBins, color: str) -> None:
    axes.plot([0, 1], [0, 1], color="0.55", linewidth=1)
    axes.vlines(bins.mean_score, bins.low, bins.high, color=color, linewidth=1.5)
    axes.plot(bins.mean_score, bins.share_failing, "o", color=color, markersize=7, clip_on=False)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_counts(axes: Axes, bins: CalibrationBins, color: str) -> None:
    centers = (bins.edges[:-1] + bins.edges[1:]) / 2
    bars = axes.bar(centers, bins.counts, width=0.09, color=color)
    axes.bar_label(
        bars,
        labels=[f"{count:,}" if count else "" for count in bins.counts],
        fontsize=7,
    )
    axes.set(
        xlabel="calibrated score", xlim=(0, 1), yscale="log", ylim=(0.5, 4 * bins.counts.max())
    )
    axes.spines[["top", "right"]].set_visible(False)


def _save(figure: Figure, path: Path) -> None:
    # Without the name of the software, equal figures give equal bytes.
    figure.savefig(path, dpi=200, metadata={"Software": None})
