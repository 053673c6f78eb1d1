"""The design of a fit: standardized features and weighed labels, and the heads that solve it.

Labels of one flyover are compared with each other only: features and targets are centered within
each flyover. So that many labels of one flyover fail says nothing of its other roofs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.head import Floats
from training.labeled_features import Group, LabeledFeatures
from training.ridge import (
    DualSystem,
    Mask,
    Matrix,
    Moments,
    Solution,
    make_dual,
    solve_ridge,
    sum_moments,
)

LEAST_DEVIATION = 1e-6
"""A feature that never changes is divided by this."""


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
    flyovers: NDArray[np.int64]
    """Year of the flyover of each label, (N,)."""
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
    def has_few_rows(self) -> bool:
        """Tell whether a system as large as the rows is the smaller one."""
        copies = 1 if self.relit is None else 2
        return len(self.features) * copies <= self.width

    @cached_property
    def dual(self) -> DualSystem:
        """Return the system of the rows, made once for all heads that learn from some of them."""
        copies = _weighted_rows(self)
        return make_dual(
            np.concatenate([copy.rows for copy in copies]),
            np.concatenate([copy.targets for copy in copies]),
            np.concatenate([copy.weights for copy in copies]),
            np.tile(self.flyovers, len(copies)),
            self.penalty,
        )

    def take(self, chosen: NDArray[np.int64] | Mask) -> "Design":
        """Return the design of some labels; they weigh as they do among all labels."""
        return replace(
            self,
            features=self.features[chosen],
            relit=None if self.relit is None else self.relit[chosen],
            failing=self.failing[chosen],
            flyovers=self.flyovers[chosen],
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
    """Return mean and deviation of the features over the labels.

    Each deviation is multiplied as in `group_roots`.
    """
    center = labeled.features.mean(axis=0, dtype=np.float64)
    scale = np.maximum(labeled.features.std(axis=0, dtype=np.float64), LEAST_DEVIATION)
    return Scaling(center=center, scale=scale * group_roots(labeled.groups))


def group_scaling(labeled: LabeledFeatures) -> Scaling:
    """Return the scaling of features that are standardized already."""
    roots = group_roots(labeled.groups)
    return Scaling(center=np.zeros(len(roots)), scale=roots)


def group_roots(groups: Sequence[Group]) -> Floats:
    """Return what divides the features so that each group has its weight, (F,)."""
    sizes = np.repeat([group.features for group in groups], [group.features for group in groups])
    shares = np.repeat([group.weight for group in groups], [group.features for group in groups])
    total = sum(group.weight for group in groups)
    return np.asarray(np.sqrt(sizes * total / shares), dtype=np.float64)


def make_design(
    labeled: LabeledFeatures, scaling: Scaling, *, penalty: float, light: float
) -> Design:
    """Standardize features, and weigh their labels.

    How a label was chosen has no weight here: roofs chosen for their scores tell what sets failing
    ones apart as well as any, and inverse chances cost in every trial (docs/experiments.md). They
    count where labels say how often roofs fail, in `training.calibration`.

    Args:
        labeled: Features and labels.
        scaling: How they are standardized.
        penalty: L2 penalty of least squares, in units of one label.
        light: Share of a label's weight that its copy in other light carries; with 0 the copies
            are left out.
    """
    weights: Floats = np.ones(len(labeled))
    for year in np.unique(labeled.flyovers):
        is_here = labeled.flyovers == year
        failing = is_here & (labeled.failing == 1)
        intact = is_here & (labeled.failing == 0)
        weights[failing] = np.cbrt(max(intact.sum(), 1) / max(failing.sum(), 1))

    has_copies = labeled.relit is not None and light > 0
    return Design(
        scaling=scaling,
        features=scaling.apply(labeled.features),
        relit=scaling.apply(labeled.relit) if labeled.relit is not None and has_copies else None,
        failing=labeled.failing,
        flyovers=labeled.flyovers,
        weights=weights,
        penalty=penalty,
        light=light,
    )


def head_design(labeled: LabeledFeatures, *, penalty: float, light: float) -> Design:
    """Return the design of features that are standardized already; see `make_design`."""
    return make_design(labeled, group_scaling(labeled), penalty=penalty, light=light)


def solve_design(design: Design) -> Solution:
    """Return weights (F,) and intercept of the head of all rows."""
    return solve_parts(design, [np.ones(len(design.failing), bool)])[0]


def solve_parts(design: Design, parts: Sequence[Mask]) -> list[Solution]:
    """Return the head of each part of the rows.

    Args:
        design: All rows.
        parts: Masks (N,): the rows that each head learns from.
    """
    if design.has_few_rows:
        copies = 1 if design.relit is None else 2
        return [design.dual.solve(np.tile(part, copies)) for part in parts]

    # Moments add up over rows. Rows that always go together, and lie in one flyover, form a cell.
    together = np.unique(np.stack([design.flyovers, *parts]), axis=1, return_inverse=True)
    patterns, cell_of_row = together
    moments = [_moments(design.take(cell_of_row == cell)) for cell in range(patterns.shape[1])]

    solved = []
    for number in range(len(parts)):
        by_flyover: dict[int, Moments] = {}
        for cell, pattern in enumerate(patterns.T):
            year = int(pattern[0])
            if pattern[number + 1]:
                known = by_flyover.get(year)
                by_flyover[year] = moments[cell] if known is None else known + moments[cell]
        solved.append(solve_ridge(list(by_flyover.values()), design.penalty))
    return solved


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
