"""Which of two rankings is better, and is that more than chance: for the rung that ships, and for the gate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.head import Floats
from training.evaluate import RUNG_NAMES, TOP, Figures
from training.resample import (
    Classes,
    Interval,
    average_precision,
    draw_weights,
    drawn_unit,
    interval_of,
    rank_labels,
)


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


def rung_that_ships(figures: Sequence[Figures], margin: float) -> Ships:
    """Choose the simplest rung whose average precision is within `margin` of the best.

    Args:
        figures: Simplest first, one or more.
        margin: Average precision that simplicity is worth.
    """
    best = max(figures, key=lambda one: one.average_precision)
    near = next(
        (one for one in figures if one.average_precision >= best.average_precision - margin), best
    )
    if near.name != best.name:
        why = f"its average precision {near.average_precision:.3f} is within {margin:.3f} of the best ({_name(best)}, {best.average_precision:.3f}), and it is simpler"
        return Ships(name=near.name, sentence=f"{_name(near)} ships: {why}.")
    simpler = [
        f"{_name(one)} has {one.average_precision:.3f}" for one in figures[: figures.index(best)]
    ]
    rest = (
        f"; no simpler one comes within {margin:.3f} of it ({', '.join(simpler)})"
        if simpler
        else ", and it is the simplest"
    )
    return Ships(
        name=best.name,
        sentence=f"{_name(best)} ships: it has the best average precision, {best.average_precision:.3f}{rest}.",
    )


def paired_difference(
    a: Floats,
    b: Floats,
    failing: Classes,
    blocks: NDArray[np.object_],
    repeats: int,
    rng: np.random.Generator,
) -> Difference:
    """Compare the average precision of two scores of the same labels, drawing the same blocks for both.

    Args:
        a: Scores, (N,).
        b: Scores, (N,).
        failing: 0 or 1, (N,).
        blocks: Block of each label, (N,).
        repeats: Bootstrap repetitions.
        rng: Source of randomness.
    """
    first, second = (
        rank_labels(
            scores,
            failing,
            np.full(len(failing), np.nan),
            thresholds=None,
            probability=False,
            top=TOP,
        )
        for scores in (a, b)
    )
    point = float(
        average_precision(first, np.ones((1, len(a))))[0]
        - average_precision(second, np.ones((1, len(a))))[0]
    )
    drawn = np.concatenate(
        [
            average_precision(first, weights) - average_precision(second, weights)
            for weights in draw_weights(blocks, repeats, rng)
        ]
    )
    drawn = drawn[~np.isnan(drawn)]
    share = float(((drawn > 0) + 0.5 * (drawn == 0)).mean()) if len(drawn) else float("nan")
    return Difference(
        difference=point,
        interval=interval_of(drawn),
        share_better=share,
        resampled=drawn_unit(blocks),
    )


def _name(one: Figures) -> str:
    return RUNG_NAMES.get(one.name, one.name)
