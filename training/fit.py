"""Fit the head of a rung in seconds on a CPU.

Whole blocks are left out in turn. The scores that were left out are calibrated (Platt), and the
head of all rows ships.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.head import Floats, Head, calibrate
from training.calibration import platt, platt_covariance
from training.design import (
    Scaling,
    leave_folds_out,
    make_design,
    solve_design,
    standard_scaling,
)
from training.labeled_features import LabeledFeatures
from training.splits import Split
from training.thresholds import Chosen


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A fitted head and the scores that no head saw its own label for."""

    head: Head
    """What ships; its thresholds are those of `with_thresholds`, 1 before."""
    out_of_fold: Floats
    """Calibrated out-of-fold scores, (N,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearHeads:
    """The head that ships and those that left a fold out, before calibration."""

    rung: str
    """What they look at, of `models.head.RUNGS`."""
    scaling: Scaling
    """How features are standardized."""
    weights: Floats
    """(1 + K, F), row 0 is the head that ships."""
    bias: Floats
    """(1 + K,)."""


def fit_head(labeled: LabeledFeatures, *, rung: str, penalty: float, light: float) -> Fit:
    """Fit the shipped head on all rows and one head per left-out fold.

    Args:
        labeled: Features and labels.
        rung: What the features are, of `models.head.RUNGS`.
        penalty: L2 penalty of least squares, in units of one label.
        light: Share of a label's weight that its copy in other light carries, where there are
            copies.
    """
    scaling = standard_scaling(labeled)
    design = make_design(labeled, scaling, penalty=penalty, light=light)
    folds = [labeled.folds == fold for fold in np.unique(labeled.folds)]
    solved = leave_folds_out(design, folds)

    logits = np.zeros(len(labeled))
    for fold, (weights, bias) in zip(folds, solved[1:], strict=True):
        logits[fold] = design.features[fold] @ weights + bias

    heads = LinearHeads(
        rung=rung,
        scaling=scaling,
        weights=np.stack([weights for weights, _ in solved]),
        bias=np.array([bias for _, bias in solved]),
    )
    return calibrate_heads(heads, logits, labeled)


def calibrate_heads(heads: LinearHeads, logits: Floats, labeled: LabeledFeatures) -> Fit:
    """Calibrate heads on out-of-fold logits (N,)."""
    slope, offset = platt(logits, labeled.failing)
    head = Head(
        rung=heads.rung,
        center=heads.scaling.center,
        scale=heads.scaling.scale,
        weights=heads.weights,
        bias=heads.bias,
        slope=slope,
        offset=offset,
        covariance=platt_covariance(logits, labeled, slope, offset),
        likely=1.0,
        possible=1.0,
    )
    return Fit(head=head, out_of_fold=calibrate(logits, slope=slope, offset=offset))


def score_splits(
    labeled: LabeledFeatures, splits: Sequence[Split], head: Head, *, penalty: float, light: float
) -> Floats:
    """Return scores (N,) of every split's test rows by a head fitted on its training rows.

    They are standardized and calibrated as `head` is. Rows that no split tests are NaN.
    """
    scaling = Scaling(center=head.center, scale=head.scale)
    design = make_design(labeled, scaling, penalty=penalty, light=light)
    scores = np.full(len(labeled), np.nan)
    for split in splits:
        weights, bias = solve_design(design.take(split.train))
        logits = design.features[split.test] @ weights + bias
        scores[split.test] = calibrate(logits, slope=head.slope, offset=head.offset)

    return scores


def with_thresholds(head: Head, chosen: Chosen) -> Head:
    """Return the head with the thresholds that were chosen for it."""
    return replace(head, likely=chosen.likely, possible=chosen.possible)
