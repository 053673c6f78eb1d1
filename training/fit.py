"""Fit the logistic head: block folds, out-of-fold logits, Platt calibration, final head. Seconds on a CPU."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from imagery.errors import InputError
from models.head import Floats, Head, calibrate

LEAST_OF_A_CLASS = 4
"""Failing and intact labels needed at least."""


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Keys of [train] in the city file."""

    folds: int = 5
    """Folds of whole blocks."""
    penalty_c: float = 1e-3
    """Inverse strength of the L2 penalty on standardized features."""
    seed: int = 0
    """Seed of the bootstrap."""
    bootstrap: int = 500
    """Bootstrap repetitions for intervals."""
    gate_margin: float = 0.02
    """A challenger may fall behind the champion by this much average precision."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.folds < 2 or self.bootstrap < 1 or not self.penalty_c > 0 or not self.gate_margin >= 0 or self.seed < 0:
            raise ValueError(f"{self}: want folds >= 2, bootstrap >= 1, penalty_c > 0, gate_margin >= 0, seed >= 0")


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A fitted head and the scores that no head saw its own label for."""

    head: Head
    """What ships."""
    out_of_fold: Floats
    """Calibrated out-of-fold scores, (N,)."""


def fit_head(features: NDArray[np.float32], failing: NDArray[np.int64], folds: NDArray[np.int64], *, penalty_c: float) -> Fit:
    """Fit the shipped head on all rows and one head per left-out fold.

    Args:
        features: (N, F).
        failing: 0 or 1, (N,).
        folds: Fold numbers, (N,).
        penalty_c: Inverse L2 strength.

    Raises:
        InputError: too few labels of a class, or a single fold.
    """
    failures = int(failing.sum())
    if min(failures, len(failing) - failures) < LEAST_OF_A_CLASS:
        raise InputError(f"[labels]: {failures} failing and {len(failing) - failures} intact roofs with a chip; want at least {LEAST_OF_A_CLASS} of each; label more roofs")
    if len(np.unique(folds)) < 2:
        raise InputError("[labels]: all labels lie in one block; want two blocks or more for honest folds; set [parcels] block or block_grid_m")
    center = features.mean(axis=0, dtype=np.float64)
    scale = np.maximum(features.std(axis=0, dtype=np.float64), 1e-6)
    standard = (features - center) / scale
    logits = np.zeros(len(failing))
    heads = [_fit(standard, failing, penalty_c)]
    for fold in np.unique(folds):
        inside = folds != fold
        if len(np.unique(failing[inside])) < 2:
            raise InputError(f"[labels]: without fold {fold} only one class is left; label roofs in more blocks")
        weights, bias = _fit(standard[inside], failing[inside], penalty_c)
        logits[~inside] = standard[~inside] @ weights + bias
        heads.append((weights, bias))
    slope, offset = _platt(logits, failing)
    head = Head(
        center=center, scale=scale, weights=np.stack([weights for weights, _ in heads]), bias=np.array([bias for _, bias in heads]), slope=slope, offset=offset
    )  # fmt: skip
    return Fit(head=head, out_of_fold=calibrate(logits, slope=slope, offset=offset))


def _fit(standard: Floats, failing: NDArray[np.int64], penalty_c: float) -> tuple[Floats, float]:
    model = LogisticRegression(C=penalty_c, max_iter=2000)
    model.fit(standard, failing)
    return model.coef_[0].astype(np.float64), float(model.intercept_[0])


def _platt(logits: Floats, failing: NDArray[np.int64]) -> tuple[float, float]:
    """Fit slope and offset on out-of-fold logits; the slope stays positive so that ranks never turn over."""
    spread = max(float(logits.std()), 1e-9)
    model = LogisticRegression(C=10.0).fit((logits / spread)[:, None], failing)
    return max(float(model.coef_[0, 0]) / spread, 1e-3), float(model.intercept_[0])
