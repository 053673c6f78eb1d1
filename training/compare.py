"""Which of two rankings is better, and by more than chance: for choosing a rung, and the gate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.head import Floats
from training.figures import RUNG_NAMES, TOP, Figures
from training.ranking import ScoredLabels, average_precision, rank_labels
from training.resample import Interval, draw_weights, drawn_unit, interval_of


@dataclass(frozen=True, kw_only=True)
class Ships:
    """The rung that ships."""

    name: str
    """Of its figures."""
    sentence: str
    """Why."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Average precision of one score less that of another, on the same labels."""

    difference: float
    """Above 0: the first is better."""
    interval: Interval
    """90% bootstrap interval."""
    share_better: float
    """Share of resamples in which the first is better; ties count half."""
    resampled: str
    """What the bootstrap draws: "blocks" or "labels"."""


def rung_that_ships(figures: Sequence[Figures], margin: float) -> Ships:
    """Choose the simplest rung whose average precision is within `margin` of the best.

    Args:
        figures: Simplest first, one or more.
        margin: Average precision that simplicity is worth.
    """
    best = max(figures, key=lambda rung: rung.average_precision)
    least = best.average_precision - margin
    is_near = [rung.average_precision >= least for rung in figures]
    simplest = figures[is_near.index(True)] if any(is_near) else best

    if simplest.name == best.name:
        return Ships(name=best.name, sentence=_best_ships(figures, best, margin))
    return Ships(
        name=simplest.name,
        sentence=(
            f"{_name(simplest)} ships: its average precision {simplest.average_precision:.3f} "
            f"is within {margin:.3f} of the best ({_name(best)}, {best.average_precision:.3f}), "
            "and it is simpler."
        ),
    )


def paired_difference(
    first: Floats, second: Floats, labels: pd.DataFrame, repeats: int, rng: np.random.Generator
) -> Difference:
    """Compare the average precision of two scores of the same labels.

    The bootstrap draws the same blocks for both.

    Args:
        first: Scores, (N,).
        second: Scores, (N,).
        labels: Columns failing and block, N rows.
        repeats: Bootstrap repetitions.
        rng: Source of randomness.
    """
    failing = labels["failing"].to_numpy(np.int64)
    blocks = labels["block"].to_numpy(object)
    ours = rank_labels(ScoredLabels(scores=first, failing=failing), top=TOP)
    theirs = rank_labels(ScoredLabels(scores=second, failing=failing), top=TOP)

    as_they_are = np.ones((1, len(failing)))
    point = average_precision(ours, as_they_are) - average_precision(theirs, as_they_are)
    differences = [
        average_precision(ours, weights) - average_precision(theirs, weights)
        for weights in draw_weights(blocks, repeats, rng)
    ]
    drawn = np.concatenate(differences)
    drawn = drawn[~np.isnan(drawn)]

    return Difference(
        difference=float(point[0]),
        interval=interval_of(drawn),
        share_better=_share_better(drawn),
        resampled=drawn_unit(blocks),
    )


def _best_ships(figures: Sequence[Figures], best: Figures, margin: float) -> str:
    """Say why the best rung ships and no simpler one."""
    simpler = [
        f"{_name(rung)} has {rung.average_precision:.3f}" for rung in figures[: figures.index(best)]
    ]
    if simpler:
        rest = f"; no simpler one comes within {margin:.3f} of it ({', '.join(simpler)})"
    else:
        rest = ", and it is the simplest"

    return (
        f"{_name(best)} ships: it has the best average precision, "
        f"{best.average_precision:.3f}{rest}."
    )


def _share_better(drawn: Floats) -> float:
    if not len(drawn):
        return float("nan")

    return float(((drawn > 0) + 0.5 * (drawn == 0)).mean())


def _name(figures: Figures) -> str:
    return RUNG_NAMES.get(figures.name, figures.name)
