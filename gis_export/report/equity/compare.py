"""Compare each area with all others, so that many comparisons do not make a false alarm.

The test is Fisher's exact one (Fisher, 1935, "The logic of inductive inference", Journal of the
Royal Statistical Society 98), two-sided: it holds for any number of roofs, and most areas have few.

Every comparison of a page is corrected together, because one page makes one claim: the chance that
it names any area wrongly is 5% at most. Holm's correction holds however the comparisons depend on
each other, as those of nested areas do (Holm, 1979, "A simple sequentially rejective multiple test
procedure", Scandinavian Journal of Statistics 6); Benjamini and Hochberg's would let some of the
named areas be wrong, and each one named is a charge. An area with so few roofs that no outcome
could be told from chance is not counted among the comparisons (Tarone, 1990, "A modified
Bonferroni method for discrete data", Biometrics 46): that depends on the numbers of roofs alone,
not on what was found, and it is reported as too few to tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

ERROR = 0.05
"""Chance at most that a page names any area wrongly."""
_ALIKE = 1 + 1e-7
"""Probabilities that differ by less are the same."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Counts of one area, and of all other areas together."""

    hits: int
    """Roofs of the area that count."""
    roofs: int
    """Roofs of the area."""
    other_hits: int
    """Roofs elsewhere that count."""
    other_roofs: int
    """Roofs elsewhere."""

    def __post_init__(self) -> None:
        """Check that the counts are in order."""
        if not (0 <= self.hits <= self.roofs and 0 <= self.other_hits <= self.other_roofs):
            raise ValueError(f"{self} is not in order")

    @property
    def is_more(self) -> bool:
        """Tell whether the area has the greater share."""
        return self.hits * self.other_roofs > self.other_hits * self.roofs


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What a comparison says."""

    is_counted: bool
    """Whether there were roofs enough to tell anything."""
    p: float
    """Chance of so great a difference if there were none, corrected; 1 where not counted."""

    @property
    def differs(self) -> bool:
        """Tell whether the difference is more than chance."""
        return self.is_counted and self.p <= ERROR


def compare(pairs: Sequence[Pair]) -> list[Tested]:
    """Compare every area of a page with all others, corrected together."""
    chances = [_chances(pair) for pair in pairs]
    least = np.array([least for _, least in chances])
    counted = countable(least)
    corrected = holm(np.array([p for p, _ in chances])[counted])

    found = np.ones(len(pairs))
    found[counted] = corrected
    return [
        Tested(is_counted=bool(is_counted), p=float(p))
        for is_counted, p in zip(counted, found, strict=True)
    ]


def fisher(pair: Pair) -> float:
    """Return the chance of a table as unlikely as this or more so, by the margins.

    >>> round(fisher(Pair(hits=8, roofs=10, other_hits=1, other_roofs=6)), 6)
    0.034965
    """
    return _chances(pair)[0]


def _chances(pair: Pair) -> tuple[float, float]:
    """Return Fisher's p value, and the least that the margins allow."""
    hits = pair.hits + pair.other_hits
    first = max(0, hits - pair.other_roofs)
    support = np.arange(first, min(hits, pair.roofs) + 1, dtype=np.float64)
    logs = _log_ways(pair.roofs, support) + _log_ways(pair.other_roofs, hits - support)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()

    ends = [weights[0], weights[-1]]
    values = [weights[weights <= weight * _ALIKE].sum() for weight in ends]
    own = weights[weights <= weights[pair.hits - first] * _ALIKE].sum()
    return min(float(own), 1.0), min(*map(float, values), 1.0)


def _log_ways(total: int, chosen: Floats) -> Floats:
    """Return the logarithms of the binomial coefficients."""
    ways = gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1)
    return np.asarray(ways, dtype=np.float64)


def countable(least: Floats) -> NDArray[np.bool_]:
    """Return which comparisons could ever tell a difference, by Tarone.

    With k comparisons each is held to 5% divided by k; k is the smallest number that no more
    comparisons than k can reach.

    Args:
        least: The least p value that each comparison can have, (n,).
    """
    for number in range(1, len(least) + 1):
        can_reach = least <= ERROR / number
        if can_reach.sum() <= number:
            return np.asarray(can_reach, dtype=bool)
    return np.zeros(len(least), dtype=bool)


def holm(p_values: Floats) -> Floats:
    """Return p values corrected by Holm, (n,).

    >>> holm(np.array([0.01, 0.04, 0.03])).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    climbing = np.maximum.accumulate(p_values[order] * factors)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(climbing, 1.0)
    return corrected
