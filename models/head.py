"""The linear head on features: calibration, thresholds, and the heads that left a fold out.

A head is set to a flyover before it scores: to the flyover's own statistics (`on_flyover`), and to
the share of its roofs that fail (`at_share`). Plain arrays, no torch.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from models.feature_cache import PARTS
from models.flyover_stats import Floats as Floats
from models.flyover_stats import FlyoverStats

RUNGS = ("dark_share", "measures", "network", "joined")
"""What a head may look at, simplest first.

The share of dark pixels, the named measures, the network's features, or measures and features.
"""
LEAST_SCORE = float(np.nextafter(0.0, 1.0))
"""POSSIBLE begins above 0."""
LEAST_ODDS = 1e-9
"""Keeps the log odds of 0 and 1 finite."""
INTERVAL = 0.9
"""Confidence of `score_low` to `score_high`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """Standardization, linear head and Platt calibration."""

    rung: str
    """Which features it looks at, of `RUNGS`."""
    flyovers: tuple[FlyoverStats, ...]
    """Those that were learned from, over measures and features.

    Empty where features are not set against their own flyover, as those of a fine-tuned network.
    """
    center: Floats
    """Subtracted from the features, (F,): pooled, unless set to a flyover."""
    scale: Floats
    """Divides the features, (F,), all > 0: pooled, unless set to a flyover."""
    weights: Floats
    """Coefficients, (1 + K, F): row 0 is the shipped head, the others leave one fold out each."""
    bias: Floats
    """Intercepts, (1 + K,)."""
    slope: float
    """Platt slope, fitted on logits of labels that were left out; > 0."""
    offset: float
    """Platt offset at `share`."""
    covariance: Floats
    """Of slope and offset over resamples of the blocks, (2, 2)."""
    separation: float
    """Logits of failing roofs lie this much above those of intact ones, >= 0.

    A flyover's own mean lies the nearer to its failing roofs the more there are; this takes it
    back.
    """
    share: float
    """Share failing of the flyover that the scores are calibrated for, in (0, 1)."""
    rates: Floats
    """Shares of failing and of intact roofs that an even bet calls failing, (T, 2).

    A row for each flyover that was left out whole, or one for all labels.
    """
    share_error: float
    """How far estimated shares failing strayed from those of the labels, in log odds, >= 0."""
    tried: int
    """Flyovers that were left out whole to calibrate and to set the thresholds; 0: blocks were."""
    likely: float
    """Score at which LIKELY begins."""
    possible_even: float
    """Probability at even odds at which POSSIBLE begins, in (0, 1]."""

    @property
    def possible(self) -> float:
        """Return the score at which POSSIBLE begins, in (0, likely]; it moves with `share`."""
        if self.possible_even == 1:
            return self.likely
        score = float(expit(logit(self.possible_even) + logit(self.share)))
        return min(max(score, LEAST_SCORE), self.likely)

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
        if not (0 < self.possible_even <= 1 and 0 < self.likely <= 1):
            raise ValueError(
                f"head has possible {self.possible_even} and likely {self.likely}, "
                "want both above 0 and at most 1"
            )
        self._check_shares()

    def _check_shares(self) -> None:
        has_rates = self.rates.ndim == 2 and self.rates.shape[1] == 2 and len(self.rates) > 0
        is_share = 0 < self.share < 1 and bool(((self.rates >= 0) & (self.rates <= 1)).all())
        least = min(self.separation, self.share_error, self.tried)
        if not has_rates or not is_share or not least >= 0:
            raise ValueError(
                f"head has share {self.share}, rates {self.rates}, separation {self.separation}, "
                f"tried {self.tried}; want shares from 0 to 1, and no number below 0"
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
        numbers = np.array([self.slope, self.offset, self.separation, self.share, self.likely])
        arrays = (self.center, self.scale, self.weights, self.bias, self.covariance, numbers)
        is_finite = all(np.isfinite(array).all() for array in arrays)
        if self.covariance.shape != (2, 2) or not is_finite:
            raise ValueError(
                "head holds a value that is not finite, or a covariance that is not 2 by 2"
            )


def on_flyover(head: Head, stats: FlyoverStats) -> Head:
    """Return the head that sets features against those of their own flyover.

    The pooled statistics stay where the flyover has too few chips for its own, and for a head
    that was not trained so.

    Args:
        head: As it was trained.
        stats: Of all chips of the flyover, over measures and features.
    """
    if not head.flyovers or not stats.is_enough:
        return head

    own = stats.part(PARTS[head.rung])
    return replace(head, center=own.center, scale=own.spread)


def at_share(head: Head, share: float, *, deviation: float = 0.0) -> Head:
    """Return the head calibrated for a flyover of which some share fails.

    By Bayes the log odds move by the difference of the log odds of the shares (Saerens, Latinne
    and Decaestecker, 2002, "Adjusting the outputs of a classifier to new a priori probabilities",
    Neural Computation 14), and by what the flyover's own mean has moved.

    Args:
        head: Calibrated for any share.
        share: Share failing, in (0, 1).
        deviation: Standard deviation of the log odds of the share.
    """
    covariance = head.covariance.copy()
    covariance[1, 1] += deviation**2

    return replace(
        head,
        offset=float(offset_at(head, np.array([share]))[0]),
        covariance=covariance,
        share=share,
    )


def log_odds(probabilities: Floats) -> Floats:
    """Return the log odds of probabilities; those of 0 and 1 stay finite."""
    within = np.clip(probabilities, LEAST_ODDS, 1 - LEAST_ODDS)
    return np.asarray(logit(within), dtype=np.float64)


def offset_at(head: Head, shares: Floats) -> Floats:
    """Return the Platt offset of a head at some shares failing, each in (0, 1), (S,)."""
    step = logit(shares) - logit(head.share)
    moved = head.slope * head.separation * (shares - head.share)
    return np.asarray(head.offset + moved + step, dtype=np.float64)


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
    reach = stdtrit(max(folds - 1, 1), (1 + INTERVAL) / 2)
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
