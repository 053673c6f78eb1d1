"""Regularized least-squares classification: the linear head of many features.

Least squares on labels of +1 and -1 with an L2 penalty (Rifkin, Yeo and Poggio, 2003,
"Regularized least-squares classification"). Its normal equations add up over rows, so leaving a
fold out costs one subtraction and one solve.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

from models.head import Floats

Matrix = NDArray[np.float32]
Solution = tuple[Floats, float]
"""Weights (F,) and intercept of a linear head."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Weighted sums over rows x (F,) with targets t."""

    xx: Matrix
    """Sum of w x x', (F, F)."""
    x: Floats
    """Sum of w x, (F,)."""
    xt: Floats
    """Sum of w x t, (F,)."""
    t: float
    """Sum of w t."""
    weight: float
    """Sum of w."""

    def __add__(self, other: "Moments") -> "Moments":
        """Add the rows of another."""
        return Moments(
            xx=self.xx + other.xx,
            x=self.x + other.x,
            xt=self.xt + other.xt,
            t=self.t + other.t,
            weight=self.weight + other.weight,
        )

    def __sub__(self, other: "Moments") -> "Moments":
        """Take the rows of another away."""
        return Moments(
            xx=self.xx - other.xx,
            x=self.x - other.x,
            xt=self.xt - other.xt,
            t=self.t - other.t,
            weight=self.weight - other.weight,
        )


def sum_moments(rows: Matrix, targets: Floats, weights: Floats) -> Moments:
    """Return the moments of rows (N, F) with targets and weights (N,)."""
    root = np.sqrt(weights).astype(np.float32)
    weighted = rows * root[:, None]
    # The product of a matrix with its own transpose is half the work of any other.
    squares = np.asarray(weighted.T @ weighted, np.float32)
    sums = np.stack([root, root * targets.astype(np.float32)]) @ weighted

    return Moments(
        xx=squares,
        x=sums[0].astype(np.float64),
        xt=sums[1].astype(np.float64),
        t=float(weights @ targets),
        weight=float(weights.sum()),
    )


def solve_ridge(groups: Sequence[Moments], penalty: float) -> Solution:
    """Minimize sum w (x'b + a_g - t)^2 + penalty |b|^2, each group g with an intercept of its own.

    Args:
        groups: Moments of the rows of each group.
        penalty: L2 penalty of b; the intercepts carry none.

    Returns:
        b (F,) and the mean of the intercepts, weighted as the rows are.
    """
    centered = np.zeros_like(groups[0].xx)
    right = np.zeros(len(groups[0].x), np.float32)
    for moments in groups:
        mean = moments.x / moments.weight
        target = moments.t / moments.weight
        centered += moments.xx - (moments.weight * np.outer(mean, mean)).astype(np.float32)
        right += (moments.xt - moments.weight * mean * target).astype(np.float32)

    centered[np.diag_indices_from(centered)] += np.float32(penalty)
    found = solve(centered, right, assume_a="pos", overwrite_a=True, check_finite=False)
    weights = found.astype(np.float64)

    total = sum(moments.weight for moments in groups)
    targets = sum(moments.t for moments in groups)
    sums = sum(moments.x for moments in groups)
    return weights, float((targets - sums @ weights) / total)


def solve_dual(
    rows: Matrix,
    targets: Floats,
    weights: Floats,
    groups: NDArray[np.int64],
    penalty: float,
) -> Solution:
    """Return what `solve_ridge` does, for fewer rows (N, F) than features.

    The system that is solved is (N, N) instead of (F, F).
    """
    centered = rows.astype(np.float32, copy=True)
    wanted = targets.astype(np.float64, copy=True)
    for group in np.unique(groups):
        is_here = groups == group
        total = weights[is_here].sum()
        centered[is_here] -= ((weights[is_here] @ rows[is_here]) / total).astype(np.float32)
        wanted[is_here] -= weights[is_here] @ targets[is_here] / total

    products = np.asarray(centered @ centered.T, np.float64)
    products[np.diag_indices_from(products)] += penalty / weights
    found = solve(products, wanted, assume_a="pos", overwrite_a=True, check_finite=False)

    solution: Floats = np.asarray(centered.T @ found.astype(np.float32), np.float64)
    spare = weights @ targets - (weights @ rows) @ solution
    return solution, float(spare / weights.sum())
