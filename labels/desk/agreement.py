"""How far two readers of the same roofs agree."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from labels.intervals import wilson

LEAST_CHIPS = 5
"""Roofs with two readers from which on kappa is given."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Cohen's kappa of the roofs that two people looked at."""

    roofs: int
    """Roofs with two readers."""
    same: int
    """Roofs of which both said the same."""
    kappa: float | None
    """At most 1, 0 is chance; None with fewer than `LEAST_CHIPS` roofs or one answer for all."""
    low: float | None
    """Lower end of its 90% interval."""
    high: float | None
    """Upper end of the same."""


def measure_agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Return how far two readers agree.

    Kappa is that of Cohen (1960, "A coefficient of agreement for nominal scales"). The interval is
    that of Wilson on the share of equal answers, the agreement by chance being held fixed. It does
    not shrink to a point where a few answers are all equal.

    Args:
        pairs: What the first and the second reader said of each roof.
    """
    count = len(pairs)
    same = sum(first == second for first, second in pairs)
    if count < LEAST_CHIPS:
        return Agreement(roofs=count, same=same, kappa=None, low=None, high=None)

    firsts = Counter(first for first, _ in pairs)
    seconds = Counter(second for _, second in pairs)
    by_chance = sum(firsts[word] * seconds[word] for word in firsts) / count**2
    if by_chance >= 1:
        return Agreement(roofs=count, same=same, kappa=None, low=None, high=None)

    low, high = wilson(same / count, count)
    beyond = 1 - by_chance
    return Agreement(
        roofs=count,
        same=same,
        kappa=(same / count - by_chance) / beyond,
        low=max((low - by_chance) / beyond, -1.0),
        high=(high - by_chance) / beyond,
    )
