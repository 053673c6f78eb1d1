"""Which of two rankings is better, and by more than chance: for choosing a rung, and the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.head import Floats
from training.figures import RUNG_NAMES, TOP, Figures
from training.ranking import (
    STATISTICS,
    Ranking,
    ScoredLabels,
    average_precision,
    rank_labels,
    weigh,
)
from training.resample import Interval, draw_weights, drawn_unit, interval_of

SURE = 0.95
"""Share of resamples in which a rung has to be better to ship in place of the usual one."""


@dataclass(frozen=True, kw_only=True)
class Ships:
    """The rung that ships."""

    name: str
    """Of its figures."""
    sentence: str
    """Why."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A figure of one score, such as average precision, less that of another on the same labels."""

    difference: float
    """Above 0: the first is higher."""
    interval: Interval
    """90% bootstrap interval."""
    share_better: float
    """Share of resamples in which the first is higher; ties count half."""
    resampled: str
    """What the bootstrap draws: "blocks" or "labels"."""


def rung_that_ships(
    figures: Sequence[Figures],
    margin: float,
    *,
    sureness: Mapping[str, float],
    elsewhere: Sequence[Figures] = (),
) -> Ships:
    """Choose the last rung, which carries over best, unless another is surely better.

    A few dozen failing labels, some of them wrong, tell rungs apart by luck: on their word the
    named measures would ship where the joined rung is better by far. docs/experiments.md has both.
    Where whole flyovers were left out, the mean of both average precisions counts, each flyover
    weighing the same: the next flyover is one that nobody has labeled.

    Args:
        figures: With blocks left out; the one that ships otherwise last, one or more.
        margin: Average precision by which another has to be better.
        sureness: Share of resamples in which another is better than the last, by name.
        elsewhere: The same rungs with whole flyovers left out; empty where that was not tried.
    """
    there = {rung.name: rung.average_precision_by_fold.mean for rung in elsewhere}
    values = {
        rung.name: (rung.average_precision + there.get(rung.name, rung.average_precision)) / 2
        for rung in figures
    }
    what = "average precision"
    if there:
        what = "mean of the average precision in its own flyovers and in others"

    usual = figures[-1]
    better = [
        rung
        for rung in figures[:-1]
        if values[rung.name] > values[usual.name] + margin and sureness[rung.name] >= SURE
    ]
    if not better:
        said = f"{_name(usual)} ships: its {what} is {values[usual.name]:.3f}"
        return Ships(name=usual.name, sentence=f"{said}{_others(figures[:-1], values, margin)}.")

    best = max(better, key=lambda rung: values[rung.name])
    return Ships(
        name=best.name,
        sentence=(
            f"{_name(best)} ships: its {what} {values[best.name]:.3f} is above that of "
            f"{_name(usual)} ({values[usual.name]:.3f}) by more than {margin:.3f}, and in "
            f"{sureness[best.name]:.0%} of resamples."
        ),
    )


def _others(figures: Sequence[Figures], values: Mapping[str, float], margin: float) -> str:
    """Say what the rungs have that do not ship; "" without any."""
    if not figures:
        return ""
    others = ", ".join(f"{_name(rung)} has {values[rung.name]:.3f}" for rung in figures)
    return (
        f"; no other is better by more than {margin:.3f} and in {SURE:.0%} of resamples ({others})"
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
    return _difference(float(point[0]), np.concatenate(differences), blocks)


def paired_differences(
    ours: Ranking, theirs: Ranking, blocks: NDArray[np.object_], repeats: int
) -> dict[str, Difference]:
    """Compare all of `STATISTICS` of two rankings of the same labels, on the same resamples.

    Args:
        ours: The first.
        theirs: The second.
        blocks: Block of each label, (N,).
        repeats: Bootstrap repetitions.
    """
    as_they_are = np.ones((1, len(ours)))
    point = (weigh(ours, as_they_are) - weigh(theirs, as_they_are))[0]
    resamples = draw_weights(blocks, repeats, np.random.default_rng(0))
    drawn = np.concatenate([weigh(ours, weights) - weigh(theirs, weights) for weights in resamples])
    return {
        name: _difference(float(point[column]), drawn[:, column], blocks)
        for column, name in enumerate(STATISTICS)
    }


def _difference(point: float, drawn: Floats, blocks: NDArray[np.object_]) -> Difference:
    known = drawn[~np.isnan(drawn)]
    return Difference(
        difference=point,
        interval=interval_of(known),
        share_better=_share_better(known),
        resampled=drawn_unit(blocks),
    )


def _share_better(drawn: Floats) -> float:
    if not len(drawn):
        return float("nan")

    return float(((drawn > 0) + 0.5 * (drawn == 0)).mean())


def _name(figures: Figures) -> str:
    return RUNG_NAMES.get(figures.name, figures.name)
