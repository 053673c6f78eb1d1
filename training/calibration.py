"""Platt calibration: from logits to probabilities, and how sure its slope and offset are.

It is made at even odds and with every flyover weighing the same, so that neither a large set nor
one in which most roofs fail decides what a logit means.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.head import Floats
from training.labeled_features import LabeledFeatures
from training.resample import drawn_unit

LEAST_SLOPE = 1e-3
"""The slope stays positive, so that calibration never reverses a ranking."""
LEAST_SPREAD = 1e-9
"""Of logits that are all alike."""
FULL_CLASS = 50
"""Labels of a class from which on a flyover carries its full weight."""
LEAST_CLASS = 20
"""Labels of each class that a flyover needs to count as tried."""
PARTS_OF_SEPARATION = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
"""Parts of the measured separation, in the order in which they are tried."""
PARTS_WITHIN = (0.5, 0.25, 0.0)
"""The same where blocks were left out and no whole flyover."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """From logits to the log odds of failing, at even odds."""

    slope: float
    """> 0."""
    offset: float
    """Log odds of a logit of 0 in a flyover of which half fails."""
    separation: float
    """Failing roofs lie this much above intact ones, in logits, >= 0."""

    def log_odds(self, logits: Floats, shares: Floats | float) -> Floats:
        """Return log odds at even odds of logits in flyovers of which some share fails."""
        moved = logits + (np.asarray(shares) - 0.5) * self.separation
        return np.asarray(self.slope * moved + self.offset, dtype=np.float64)


def known_flyovers(labeled: LabeledFeatures) -> list[int]:
    """Return the flyovers with enough labels of both classes to be judged by."""
    tried = []
    for year in np.unique(labeled.flyovers).tolist():
        failing = labeled.failing[labeled.flyovers == year]
        if min(int(failing.sum()), int((1 - failing).sum())) >= LEAST_CLASS:
            tried.append(year)
    return tried


def flyover_shares(labeled: LabeledFeatures) -> Floats:
    """Return the share failing among the labels of its flyover, for every label, (N,)."""
    shares: Floats = np.zeros(len(labeled))
    for year in np.unique(labeled.flyovers):
        is_here = labeled.flyovers == year
        weights = labeled.weights[is_here]
        failing = float(weights @ labeled.failing[is_here])
        shares[is_here] = (failing + 0.5) / (weights.sum() + 1)
    return shares


def even_weights(labeled: LabeledFeatures, is_known: NDArray[np.bool_]) -> Floats:
    """Weigh labels so that every flyover counts the same, and both classes, (N,).

    A flyover with fewer than `FULL_CLASS` labels of a class counts less there. The weights add up
    to the labels that count so, however many there are.
    """
    weights: Floats = np.zeros(len(labeled))
    for failing in (0, 1):
        for year in np.unique(labeled.flyovers):
            is_here = is_known & (labeled.flyovers == year) & (labeled.failing == failing)
            count = int(is_here.sum())
            if count:
                own = labeled.weights[is_here]
                weights[is_here] = own / own.sum() * min(count, FULL_CLASS)

    half = weights.sum() / 2
    for failing in (0, 1):
        is_class = labeled.failing == failing
        weights[is_class] *= half / max(weights[is_class].sum(), LEAST_SPREAD)
    return weights


def fit_calibration(
    logits: Floats, labeled: LabeledFeatures, is_known: NDArray[np.bool_], *, part: float
) -> Calibration:
    """Fit slope and offset on logits of labels that were left out, at a separation.

    Args:
        logits: (N,).
        labeled: The labels.
        is_known: Which logits there are, (N,).
        part: Part of the measured separation that is taken.
    """
    separation = part * _separation(logits, labeled, is_known)
    moved = logits + (flyover_shares(labeled) - 0.5) * separation

    weights = even_weights(labeled, is_known)[is_known]
    mean = np.average(moved[is_known], weights=weights)
    variance = np.average((moved[is_known] - mean) ** 2, weights=weights)
    spread = max(float(np.sqrt(variance)), LEAST_SPREAD)
    model = LogisticRegression(C=10.0)
    model.fit((moved[is_known] / spread)[:, None], labeled.failing[is_known], sample_weight=weights)
    slope = max(float(model.coef_[0, 0]) / spread, LEAST_SLOPE)
    return Calibration(slope=slope, offset=float(model.intercept_[0]), separation=separation)


def _separation(logits: Floats, labeled: LabeledFeatures, is_known: NDArray[np.bool_]) -> float:
    """Return the smallest difference of the mean logits of both classes over the flyovers.

    The smallest, because a separation that is too large lets the share failing run away.
    """
    found = []
    for year in np.unique(labeled.flyovers):
        is_here = is_known & (labeled.flyovers == year)
        failing = logits[is_here & (labeled.failing == 1)]
        intact = logits[is_here & (labeled.failing == 0)]
        if min(len(failing), len(intact)) >= LEAST_CLASS:
            found.append(float(failing.mean() - intact.mean()))

    if not found:
        return 0.0
    return max(min(found), 0.0)


def calibration_covariance(
    log_odds: Floats, logits: Floats, labeled: LabeledFeatures, is_known: NDArray[np.bool_]
) -> Floats:
    """Return the covariance of slope and offset, (2, 2).

    It allows for labels of one block that are alike (Liang and Zeger, 1986, "Longitudinal data
    analysis using generalized linear models", Biometrika 73).
    """
    design = np.stack([logits, np.ones(len(logits))], axis=1)[is_known]  # (N, 2)
    chance = expit(log_odds[is_known])
    weights = even_weights(labeled, is_known)[is_known]
    bread = np.linalg.pinv(
        np.einsum("ni,n,nj->ij", design, weights * chance * (1 - chance), design)
    )

    if drawn_unit(labeled.blocks) == "blocks":
        cluster = np.unique(labeled.blocks[is_known].astype(str), return_inverse=True)[1]
    else:
        cluster = np.arange(len(design))
    residual = weights * (labeled.failing[is_known] - chance)
    scores = np.zeros((int(cluster.max()) + 1, 2))
    np.add.at(scores, cluster, residual[:, None] * design)

    covariance: Floats = bread @ (scores.T @ scores) @ bread
    return covariance
