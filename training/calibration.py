"""Platt calibration: from logits to probabilities, and how sure its slope and offset are."""

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


def platt(logits: Floats, failing: NDArray[np.int64]) -> tuple[float, float]:
    """Fit slope and offset on out-of-fold logits (N,); the slope is above 0."""
    spread = max(float(logits.std()), LEAST_SPREAD)
    model = LogisticRegression(C=10.0)
    model.fit((logits / spread)[:, None], failing)

    slope = float(model.coef_[0, 0]) / spread
    return max(slope, LEAST_SLOPE), float(model.intercept_[0])


def platt_covariance(
    logits: Floats, labeled: LabeledFeatures, slope: float, offset: float
) -> Floats:
    """Return the covariance of slope and offset, (2, 2).

    It allows for labels of one block that are alike (Liang and Zeger, 1986, "Longitudinal data
    analysis using generalized linear models", Biometrika 73).
    """
    design = np.stack([logits, np.ones(len(logits))], axis=1)  # (N, 2)
    chance = expit(slope * logits + offset)
    bread = np.linalg.pinv(np.einsum("ni,n,nj->ij", design, chance * (1 - chance), design))

    if drawn_unit(labeled.blocks) == "blocks":
        cluster = np.unique(labeled.blocks.astype(str), return_inverse=True)[1]
    else:
        cluster = np.arange(len(logits))
    scores = np.zeros((int(cluster.max()) + 1, 2))
    np.add.at(scores, cluster, (labeled.failing - chance)[:, None] * design)

    covariance: Floats = bread @ (scores.T @ scores) @ bread
    return covariance
