"""Shares with their 90% intervals, from counts and from weighed looks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Floats = NDArray[np.float64]
NORMAL_90 = 1.645
"""Half of a 90% interval of a normal distribution, standard deviations."""
TAIL = 0.05
"""Beyond each end of a 90% interval."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure with its 90% interval."""

    value: float
    """The figure; NaN where it is not known."""
    low: float
    """Lower end."""
    high: float
    """Upper end."""


def effective_number(weights: Floats) -> float:
    """Return how many looks of equal weight would say as much (Kish, 1965, "Survey Sampling")."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def weighted_share(hits: Floats, weights: Floats) -> Interval:
    """Return the weighed share of hits, with the interval of Wilson on their effective number.

    Args:
        hits: 0 or 1, (N,), N >= 1.
        weights: (N,), all > 0.
    """
    share = float(weights @ hits / weights.sum())
    low, high = wilson(share, effective_number(weights))
    return Interval(value=share, low=low, high=high)


def wilson(share: float, count: float) -> tuple[float, float]:
    """Return the ends of the 90% interval of a share of `count` draws.

    Wilson, 1927, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22.
    """
    squared = NORMAL_90**2 / count
    middle = (share + squared / 2) / (1 + squared)
    reach = np.sqrt(squared * (share * (1 - share) + squared / 4)) / (1 + squared)
    return float(max(middle - reach, 0)), float(min(middle + reach, 1))


def clopper_pearson(hits: int, count: int) -> tuple[float, float]:
    """Return the ends of the 90% interval of a share, exact for any number of draws.

    Each end holds by itself with 95% confidence (Clopper and Pearson, 1934, "The use of confidence
    or fiducial limits illustrated in the case of the binomial", Biometrika 26).

    >>> [round(end, 4) for end in clopper_pearson(1, 60)]
    [0.0009, 0.0766]
    """
    low = float(betaincinv(hits, count - hits + 1, TAIL)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1 - TAIL)) if hits < count else 1.0
    return low, high
