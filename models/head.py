"""The logistic head on pooled features, with its calibration and its fold ensemble. Plain arrays, no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """Standardization, logistic regression and Platt calibration."""

    center: Floats
    """Mean of the training features, (F,)."""
    scale: Floats
    """Standard deviation of the training features, (F,), all > 0."""
    weights: Floats
    """Coefficients, (1 + K, F): row 0 is the shipped head, the others leave one fold out each."""
    bias: Floats
    """Intercepts, (1 + K,)."""
    slope: float
    """Platt slope, fitted on out-of-fold logits; > 0."""
    offset: float
    """Platt offset."""

    def __post_init__(self) -> None:
        """Check shapes and finiteness."""
        if self.weights.ndim != 2 or self.weights.shape[1:] != self.center.shape or self.bias.shape != self.weights.shape[:1] or self.scale.shape != self.center.shape:
            raise ValueError(f"head shapes do not fit: weights {self.weights.shape}, bias {self.bias.shape}, center {self.center.shape}")
        platt = np.array([self.slope, self.offset])
        if not all(np.isfinite(part).all() for part in (self.center, self.scale, self.weights, self.bias, platt)):
            raise ValueError("head holds a value that is not finite")
        if self.slope <= 0 or (self.scale <= 0).any():
            raise ValueError(f"head has Platt slope {self.slope} and smallest scale {self.scale.min()}, want both > 0")


def head_logits(head: Head, features: NDArray[np.float32]) -> Floats:
    """Return uncalibrated logits (N, 1 + K) of features (N, F).

    Raises:
        ValueError: features of another length or not finite.
    """
    if features.ndim != 2 or features.shape[1] != head.center.shape[0]:
        raise ValueError(f"features are {features.shape}, head wants (N, {head.center.shape[0]})")
    if not np.isfinite(features).all():
        raise ValueError("features hold NaN or infinity; cut and score this year again")
    standard = (features.astype(np.float64) - head.center) / head.scale
    logits: Floats = standard @ head.weights.T + head.bias
    return logits


def head_scores(head: Head, features: NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
    """Return calibrated score, lowest and highest score over the leave-one-fold-out heads, each (N,)."""
    scores = calibrate(head_logits(head, features), slope=head.slope, offset=head.offset)
    return scores[:, 0], scores.min(axis=1), scores.max(axis=1)


def calibrate(logits: Floats, *, slope: float, offset: float) -> Floats:
    """Turn logits into probabilities (Platt, 1999)."""
    return np.asarray(expit(slope * logits + offset), dtype=np.float64)
