"""What is expected of a flyover that nobody has looked at, in one sentence for people."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.share import NORMAL_90

ROUNDING = 1e-9
"""Of floating point, before a count is rounded up or down."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """How many failing roofs are expected among the scored ones."""

    scored: int
    """Scored roofs."""
    low: int
    """At least so many failing roofs, by the 90% interval of the share failing; no fewer than
    people found."""
    high: int
    """At most so many."""
    likely: int
    """Roofs that are LIKELY."""
    likely_failing: int
    """At least so many of these are failing, with 95% confidence if the scores hold."""
    looked: int = 0
    """Scored roofs that somebody has looked at."""
    found: int = 0
    """Those of them that people called failing."""

    def __post_init__(self) -> None:
        """Check that the counts are in order."""
        is_ordered = 0 <= self.low <= self.high <= self.scored
        is_part = 0 <= self.likely_failing <= self.likely <= self.scored
        is_seen = 0 <= self.found <= self.looked <= self.scored and self.found <= self.high
        if not is_ordered or not is_part or not is_seen:
            raise ValueError(f"{self} is not in order")

    @property
    def sentence(self) -> str:
        """Say it to people."""
        if not self.scored:
            return "No roof was scored in these photos."
        return f"{self._failing}; {self._likely}. {self._seen}"

    @property
    def _failing(self) -> str:
        if self.low == self.high:
            noun = "roof" if self.low == 1 else "roofs"
            return f"We expect {self.low:,} failing {noun} in these photos"
        return f"We expect between {self.low:,} and {self.high:,} failing roofs in these photos"

    @property
    def _likely(self) -> str:
        if not self.likely:
            return "no roof is LIKELY"

        verb = "is" if self.likely == 1 else "are"
        words = f"{self.likely:,} {verb} LIKELY"
        if not self.likely_failing:
            return f"{words}, and how many of these are failing cannot be told"
        return f"{words}, of which we expect at least {self.likely_failing:,} to be failing"

    @property
    def _seen(self) -> str:
        if not self.looked:
            return "Nobody has looked yet."
        found = f" and found {self.found:,} failing" if self.found else ""
        return f"People have looked at {self.looked:,} of {self.scored:,} roofs{found}."


def expect_failing(
    share: tuple[float, float],
    scored: int,
    likely_scores: Sequence[float],
    *,
    looked: int = 0,
    found: int = 0,
) -> Expected:
    """Return how many failing roofs are expected.

    Args:
        share: Ends of the 90% interval of the share failing, each in [0, 1].
        scored: Number of scored roofs.
        likely_scores: Calibrated scores of the roofs that are LIKELY.
        looked: Scored roofs that somebody has looked at.
        found: Those of them that people called failing.
    """
    low, high = share
    mean = math.fsum(likely_scores)
    variance = math.fsum(score * (1 - score) for score in likely_scores)
    least = math.floor(mean - NORMAL_90 * math.sqrt(variance) + ROUNDING)

    return Expected(
        scored=scored,
        low=max(math.floor(low * scored + ROUNDING), found),
        high=max(math.ceil(high * scored - ROUNDING), found),
        likely=len(likely_scores),
        likely_failing=max(least, 0),
        looked=looked,
        found=found,
    )
