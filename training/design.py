"""The design of a fit: standardized features and weighed labels, and the heads that solve it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.head import Floats
from training.labeled_features import LabeledFeatures
from training.ridge import Matrix, Moments, Solution, solve_dual, solve_ridge, sum_moments

LOGISTIC_C = 1.0
"""Inverse L2 strength of the logistic regression on few features."""
FEW = 64
"""Up to this many features a head is a logistic regression, above it regularized least squares."""
LEAST_DEVIATION = 1e-6
"""A feature that never changes is divided by this."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """How features are standardized."""

    center: Floats
    """Subtracted from the features, (F,)."""
    scale: Floats
    """Divides them, (F,)."""

    def apply(self, features: Matrix) -> Matrix:
        """Return standardized features (N, F)."""
        centered = features - self.center.astype(np.float32)
        return np.asarray(centered / self.scale.astype(np.float32), np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Standardized features, ready to be solved."""

    scaling: Scaling
    """How the features were standardized."""
    features: Matrix
    """Standardized, (N, F)."""
    relit: Matrix | None
    """The same of the copies in other light, (N, F); None when they are left out."""
    failing: NDArray[np.int64]
    """0 or 1, (N,)."""
    weights: Floats
    """Failing roofs weigh more by the cube root of how much rarer they are, (N,)."""
    penalty: float
    """L2 penalty."""
    light: float
    """Share of a label's weight that its copy in other light carries."""

    @property
    def width(self) -> int:
        """Return the number of features."""
        return int(self.features.shape[1])

    @property
    def has_few_features(self) -> bool:
        """Tell whether the head is a logistic regression."""
        return self.width <= FEW

    @property
    def has_few_rows(self) -> bool:
        """Tell whether a system as large as the rows is the smaller one."""
        copies = 1 if self.relit is None else 2
        return len(self.features) * copies <= self.width

    def take(self, chosen: NDArray[np.int64] | Mask) -> "Design":
        """Return the design of some labels; they weigh as they do among all labels."""
        return replace(
            self,
            features=self.features[chosen],
            relit=None if self.relit is None else self.relit[chosen],
            failing=self.failing[chosen],
            weights=self.weights[chosen],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightedRows:
    """Rows of a least-squares problem."""

    rows: Matrix
    """(N, F)."""
    targets: Floats
    """1 failing, -1 intact, (N,)."""
    weights: Floats
    """(N,)."""


def standard_scaling(labeled: LabeledFeatures) -> Scaling:
    """Return mean and deviation of the features.

    With more than `FEW` features each deviation is multiplied by the root of the size of its
    group, so that every group weighs the same.
    """
    center = labeled.features.mean(axis=0, dtype=np.float64)
    scale = np.maximum(labeled.features.std(axis=0, dtype=np.float64), LEAST_DEVIATION)
    if len(center) > FEW:
        sizes = np.repeat(labeled.groups, labeled.groups).astype(np.float64) * len(labeled.groups)
        scale = scale * np.sqrt(sizes)

    return Scaling(center=center, scale=scale)


def make_design(
    labeled: LabeledFeatures, scaling: Scaling, *, penalty: float, light: float
) -> Design:
    """Standardize features, and weigh their labels.

    Args:
        labeled: Features and labels.
        scaling: How they are standardized.
        penalty: L2 penalty of least squares, in units of one label.
        light: Share of a label's weight that its copy in other light carries; with 0 the copies
            are left out.
    """
    failing = int(labeled.failing.sum())
    weights: Floats = np.ones(len(labeled))
    weights[labeled.failing == 1] = np.cbrt((len(labeled) - failing) / failing)

    has_copies = labeled.relit is not None and light > 0
    return Design(
        scaling=scaling,
        features=scaling.apply(labeled.features),
        relit=scaling.apply(labeled.relit) if labeled.relit is not None and has_copies else None,
        failing=labeled.failing,
        weights=weights,
        penalty=penalty,
        light=light,
    )


def solve_design(design: Design) -> Solution:
    """Return weights (F,) and intercept of the head of all rows."""
    if design.has_few_features:
        return _logistic(design)
    if design.has_few_rows:
        return _least_squares_of_few(design)

    return solve_ridge(_moments(design), design.penalty)


def leave_folds_out(design: Design, folds: Sequence[Mask]) -> list[Solution]:
    """Return the head of all rows, then for each fold the head of the rows outside it.

    Args:
        design: All rows.
        folds: One mask (N,) for each fold; every row lies in exactly one of them.
    """
    if design.has_few_features or design.has_few_rows:
        left_out = [solve_design(design.take(~fold)) for fold in folds]
        return [solve_design(design), *left_out]

    # Moments add up over rows: the rows outside a fold are all rows less the fold.
    moments = [_moments(design.take(fold)) for fold in folds]
    whole = sum(moments[1:], start=moments[0])
    left_out = [solve_ridge(whole - part, design.penalty) for part in moments]
    return [solve_ridge(whole, design.penalty), *left_out]


def _logistic(design: Design) -> Solution:
    model = LogisticRegression(C=LOGISTIC_C, max_iter=2000)
    model.fit(design.features, design.failing)
    return model.coef_[0].astype(np.float64), float(model.intercept_[0])


def _least_squares_of_few(design: Design) -> Solution:
    parts = _weighted_rows(design)
    return solve_dual(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.weights for part in parts]),
        design.penalty,
    )


def _moments(design: Design) -> Moments:
    """Return the moments of some labels and of their copies in other light."""
    moments = [
        sum_moments(part.rows, part.targets, part.weights) for part in _weighted_rows(design)
    ]
    return sum(moments[1:], start=moments[0])


def _weighted_rows(design: Design) -> list[WeightedRows]:
    """Return the rows of the labels, then those of their copies in other light."""
    targets: Floats = np.where(design.failing == 1, 1.0, -1.0)
    if design.relit is None:
        return [WeightedRows(rows=design.features, targets=targets, weights=design.weights)]

    as_seen: Floats = design.weights * (1 - design.light)
    in_other_light: Floats = design.weights * design.light
    return [
        WeightedRows(rows=design.features, targets=targets, weights=as_seen),
        WeightedRows(rows=design.relit, targets=targets, weights=in_other_light),
    ]
