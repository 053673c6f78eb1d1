"""The linear head on features, with its calibration, its thresholds and the heads that left a fold out. Plain arrays, no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t as student

Floats = NDArray[np.float64]
RUNGS = ("dark_share", "measures", "network")
"""What a head may look at, simplest first: the share of dark pixels, the named measures, the network's features."""
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
        if (
            self.weights.ndim != 2
            or self.weights.shape[1:] != self.center.shape
            or self.bias.shape != self.weights.shape[:1]
            or self.scale.shape != self.center.shape
        ):
            raise ValueError(
                f"head shapes do not fit: weights {self.weights.shape}, bias {self.bias.shape}, center {self.center.shape}"
            )
        parts = (
            self.center,
            self.scale,
            self.weights,
            self.bias,
            self.covariance,
            np.array([self.slope, self.offset, self.likely, self.possible]),
        )
        if self.covariance.shape != (2, 2) or not all(np.isfinite(part).all() for part in parts):
            raise ValueError(
                "head holds a value that is not finite, or a covariance that is not 2 by 2"
            )
        if self.slope <= 0 or (self.scale <= 0).any():
            raise ValueError(
                f"head has Platt slope {self.slope} and smallest scale {self.scale.min()}, want both > 0"
            )
        if not 0 < self.possible <= self.likely <= 1:
            raise ValueError(
                f"head has possible {self.possible} and likely {self.likely}, want 0 < possible <= likely <= 1"
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

    The variance of a logit is that of a delete-a-group jackknife over the K heads that left a fold out (Kott, 2001,
    "The delete-a-group jackknife", Journal of Official Statistics 17), plus what the calibration adds. It covers what other
    labels would have changed; not what the next flyover's light or sensor does.
    """
    logits = head_logits(head, features)
    folds = logits.shape[1] - 1
    calibrated = head.slope * logits[:, 0] + head.offset
    variance = np.einsum(
        "ni,ij,nj->n",
        *(design := np.stack([logits[:, 0], np.ones(len(logits))], axis=1), head.covariance),
        design,
    )
    reach = student.ppf((1 + INTERVAL) / 2, max(folds - 1, 1))
    if folds > 1:
        variance += head.slope**2 * (folds - 1) * logits[:, 1:].var(axis=1)
    spread = reach * np.sqrt(np.maximum(variance, 0))
    return expit(calibrated), expit(calibrated - spread), expit(calibrated + spread)


def calibrate(logits: Floats, *, slope: float, offset: float) -> Floats:
    """Turn logits into probabilities (Platt, 1999)."""
    return np.asarray(expit(slope * logits + offset), dtype=np.float64)
