"""The linear head on features: calibration, thresholds, and the heads that left a fold out.

Plain arrays, no torch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t as student

Floats = NDArray[np.float64]
RUNGS = ("dark_share", "measures", "network")
"""What a head may look at, simplest first.

The share of dark pixels, the named measures, or the network's features.
"""
INTERVAL = 0.9
"""Confidence of `score_low` to `score_high`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """Standardization, linear head and Platt calibration."""

    rung: str
    """Which features it looks at, of `RUNGS`."""
    center: Floats
    """Subtracted from the features, (F,)."""
    scale: Floats
    """Divides the features, (F,), all > 0."""
    weights: Floats
    """Coefficients, (1 + K, F): row 0 is the shipped head, the others leave one fold out each."""
    bias: Floats
    """Intercepts, (1 + K,)."""
    slope: float
    """Platt slope, fitted on out-of-fold logits; > 0."""
    offset: float
    """Platt offset."""
    covariance: Floats
    """Of slope and offset over resamples of the blocks, (2, 2)."""
    likely: float
    """Score at which LIKELY begins."""
    possible: float
    """Score at which POSSIBLE begins, in (0, likely]."""

    def __post_init__(self) -> None:
        """Check shapes, finiteness and ranges."""
        if self.rung not in RUNGS:
            raise ValueError(f"head is for {self.rung!r}, want one of {', '.join(RUNGS)}")
        self._check_shapes()
        self._check_finite()

        if self.slope <= 0 or (self.scale <= 0).any():
            raise ValueError(
                f"head has Platt slope {self.slope} and smallest scale {self.scale.min()}, "
                "want both > 0"
            )
        if not 0 < self.possible <= self.likely <= 1:
            raise ValueError(
                f"head has possible {self.possible} and likely {self.likely}, "
                "want 0 < possible <= likely <= 1"
            )

    def _check_shapes(self) -> None:
        if (
            self.weights.ndim != 2
            or self.weights.shape[1:] != self.center.shape
            or self.weights.shape[:1] != self.bias.shape
            or self.scale.shape != self.center.shape
        ):
            raise ValueError(
                f"head shapes do not fit: weights {self.weights.shape}, bias {self.bias.shape}, "
                f"center {self.center.shape}"
            )

    def _check_finite(self) -> None:
        numbers = np.array([self.slope, self.offset, self.likely, self.possible])
        arrays = (self.center, self.scale, self.weights, self.bias, self.covariance, numbers)
        is_finite = all(np.isfinite(array).all() for array in arrays)
        if self.covariance.shape != (2, 2) or not is_finite:
            raise ValueError(
                "head holds a value that is not finite, or a covariance that is not 2 by 2"
            )


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
    """Return the calibrated score and the ends of its 90% interval, each (N,).

    The interval covers what other labels would have changed, not what the light or sensor of the
    next flyover does. See `logit_variance`.

    Args:
        head: The head.
        features: What its rung looks at, (N, F).

    Raises:
        ValueError: features of another length or not finite.
    """
    logits = head_logits(head, features)
    calibrated = head.slope * logits[:, 0] + head.offset

    folds = logits.shape[1] - 1
    reach = student.ppf((1 + INTERVAL) / 2, max(folds - 1, 1))
    spread = reach * np.sqrt(np.maximum(logit_variance(head, logits), 0))
    return expit(calibrated), expit(calibrated - spread), expit(calibrated + spread)


def logit_variance(head: Head, logits: Floats) -> Floats:
    """Return the variance of the calibrated logits, (N,).

    It is that of a delete-a-group jackknife over the K heads that left a fold out (Kott, 2001,
    "The delete-a-group jackknife", Journal of Official Statistics 17), plus what the calibration
    adds.

    Args:
        head: The head.
        logits: What `head_logits` returns, (N, 1 + K).
    """
    design = np.stack([logits[:, 0], np.ones(len(logits))], axis=1)
    variance = np.einsum("ni,ij,nj->n", design, head.covariance, design)

    folds = logits.shape[1] - 1
    if folds > 1:
        variance += head.slope**2 * (folds - 1) * logits[:, 1:].var(axis=1)
    return np.asarray(variance, dtype=np.float64)


def calibrate(logits: Floats, *, slope: float, offset: float) -> Floats:
    """Turn logits into probabilities (Platt, 1999)."""
    return np.asarray(expit(slope * logits + offset), dtype=np.float64)
