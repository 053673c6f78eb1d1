"""Regularized least-squares classification: the linear head of many features.

Least squares on labels of +1 and -1 with an L2 penalty (Rifkin, Yeo and Poggio, 2003,
"Regularized least-squares classification"). Its normal equations add up over rows, so leaving a
fold out costs one subtraction and one solve.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, solve

from models.head import Floats

Matrix = NDArray[np.float32]
Solution = tuple[Floats, float]
"""Weights (F,) and intercept of a linear head."""
Mask = NDArray[np.bool_]


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
        centered += moments.xx
        centered -= np.outer(moments.x.astype(np.float32), mean.astype(np.float32))
        right += (moments.xt - moments.weight * mean * target).astype(np.float32)

    centered[np.diag_indices_from(centered)] += np.float32(penalty)
    _, found, failed = lapack.sposv(centered.T, right, lower=1, overwrite_a=1)
    if failed:
        raise ValueError(f"the normal equations are not positive definite ({failed})")
    weights = np.asarray(found, np.float64)

    total = sum(moments.weight for moments in groups)
    targets = sum(moments.t for moments in groups)
    sums = sum(moments.x for moments in groups)
    return weights, float((targets - sums @ weights) / total)


@dataclass(frozen=True, kw_only=True, eq=False)
class DualSystem:
    """Rows whose inner products are known, each group with an intercept of its own.

    For fewer rows than features. What two rows have in common is computed once, and so is the
    inverse: a head that left rows out costs a system as large as these.
    """

    rows: Matrix
    """Features, (N, F)."""
    products: Matrix
    """Inner products of every two rows, less any constant of each group, (N, N)."""
    targets: Floats
    """1 failing, -1 intact, (N,)."""
    weights: Floats
    """(N,), all > 0."""
    groups: NDArray[np.int64]
    """Group of each, (N,)."""
    penalty: float
    """L2 penalty of the head, > 0."""

    def carry(self, part: Mask) -> Floats:
        """Return what each row of a part carries, (P,): the head is their weighted sum.

        They solve (K + penalty / w) c + a_g = t, and add up to 0 in each group.

        Args:
            part: Rows to learn from, (N,).
        """
        is_own = self.groups[part][:, None] == np.unique(self.groups[part])
        known = np.column_stack([self.targets[part], is_own])
        solved = self._solve(part, known)
        targets, intercepts = solved[:, 0], solved[:, 1:]
        found = solve(is_own.T @ intercepts, is_own.T @ targets, assume_a="pos")
        return np.asarray(targets - intercepts @ found, np.float64)

    def solve(self, part: Mask) -> Solution:
        """Return what `solve_ridge` does for a part of the rows."""
        rows = self.rows[part]
        weights = self.weights[part]
        carried = self.carry(part).astype(np.float32)
        solution: Floats = np.asarray(rows.T @ carried, np.float64)
        spare = weights @ self.targets[part] - (weights @ rows) @ solution
        return solution, float(spare / weights.sum())

    @cached_property
    def _matrix(self) -> Floats:
        """Products with the penalty on the diagonal, (N, N)."""
        matrix = self.products.astype(np.float64)
        matrix[np.diag_indices_from(matrix)] += self.penalty / self.weights
        return matrix

    @cached_property
    def _inverse(self) -> Floats:
        """Of `_matrix`, (N, N)."""
        lower, _ = lapack.dpotrf(self._matrix, lower=1)
        inverse, failed = lapack.dpotri(lower, lower=1)
        if failed:
            raise ValueError(f"products of rows are not positive definite ({failed})")
        whole = np.asarray(inverse + inverse.T, np.float64)  # zero above the diagonal
        whole[np.diag_indices_from(whole)] /= 2
        return whole

    def _solve(self, part: Mask, known: Floats) -> Floats:
        """Solve the rows and columns of a part for known columns (P, C).

        With G the inverse of the whole, that of a part is G_pp - G_po G_oo^-1 G_op.
        """
        out = ~part
        if out.sum() > part.sum():
            own = self._matrix[np.ix_(part, part)]
            return np.asarray(solve(own, known, assume_a="pos", check_finite=False))

        filled = np.zeros((len(part), known.shape[1]))
        filled[part] = known
        within = self._inverse @ filled
        if out.any():
            columns = self._inverse[:, out]
            within -= columns @ solve(columns[out], within[out], assume_a="pos")
        return np.asarray(within[part], np.float64)


def make_dual(
    rows: Matrix,
    targets: Floats,
    weights: Floats,
    groups: NDArray[np.int64],
    penalty: float,
) -> DualSystem:
    """Return the system of rows (N, F) with targets, weights and groups (N,), and a penalty."""
    centered = rows.astype(np.float32, copy=True)
    for group in np.unique(groups):
        is_here = groups == group
        centered[is_here] -= centered[is_here].mean(axis=0)
    return DualSystem(
        rows=rows,
        products=np.asarray(centered @ centered.T, np.float32),
        targets=targets,
        weights=weights,
        groups=groups,
        penalty=penalty,
    )
