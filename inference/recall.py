"""Which share of all open roofs the list has, from visits to it and to random other roofs."""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.miss_rate import Checked
from inference.visit_errors import VisitErrors

LEAST_JUDGED = 20
"""Roofs of the list, and others at random, from which on the share is said."""
MOST_WIDTH = 0.75
"""An interval that is wider says nothing."""


@dataclass(frozen=True, kw_only=True)
class WordVisits:
    """Roofs of one hazard word, and what visits found of some of them."""

    roofs: int
    """All roofs of the word."""
    checked: Checked
    """Those that people visited."""

    def least(self, errors: VisitErrors) -> float:
        """Return how many are open at least, were all others sound."""
        return max(self.checked.open - errors.false_alarms * self.checked.judged, 0.0)

    def most(self, errors: VisitErrors) -> float:
        """Return how many are open at most, were all others open."""
        judged_open = min(self.checked.open / (1 - errors.misses), self.checked.judged)
        return judged_open + max(self.roofs - self.checked.judged, 0)


@dataclass(frozen=True, kw_only=True)
class Recall:
    """Share of all open roofs that the list has, in one flyover."""

    year: int
    """Year of the flyover."""
    low: float
    """Lower end of the 90% interval."""
    share: float
    """Estimate, NaN where no open roof was found."""
    high: float
    """Upper end."""
    listed: int
    """Roofs of the list that visits judged."""
    others: int
    """Random other roofs that visits judged."""

    @property
    def is_known(self) -> bool:
        """Tell whether it can be said."""
        is_enough = min(self.listed, self.others) >= LEAST_JUDGED
        return is_enough and self.share == self.share and self.high - self.low <= MOST_WIDTH

    @property
    def sentence(self) -> str:
        """Say it for the cover of a product; "" where it cannot be said."""
        if not self.is_known:
            return ""
        known = f"90%: {self.low:.0%} to {self.high:.0%}"
        visits = f"from {self.listed:,} visited roofs on it and {self.others:,} others"
        return f"The list has about {self.share:.0%} of all open roofs ({known}, {visits})."


def estimate_recall(
    words: Sequence[WordVisits],
    missed: Checked,
    other_roofs: int,
    *,
    year: int,
    errors: VisitErrors,
) -> Recall:
    """Estimate the share of open roofs that the list has.

    The list sends people to the most urgent roofs first, so what they find says nothing of those
    that nobody has visited: the ends take all of these as sound, and all as open. The estimate
    takes them as open as the visited ones of their word. Of roofs off the list each end takes the
    worse bound, with 95% confidence; both ends allow for errors of the people who looked.

    Args:
        words: LIKELY and POSSIBLE.
        missed: What visits found of random roofs that are not flagged.
        other_roofs: All scored roofs that are not flagged.
        year: Year of the flyover.
        errors: How often people err.
    """
    found = sum(word.roofs * word.checked.share for word in words if word.roofs)
    least = sum(word.least(errors) for word in words)
    most = sum(word.most(errors) for word in words)
    return Recall(
        year=year,
        low=_share(least, errors.most(missed.most) * other_roofs),
        share=_share(found, missed.share * other_roofs),
        high=_share(most, errors.least(missed.least) * other_roofs),
        listed=sum(word.checked.judged for word in words),
        others=missed.judged,
    )


def _share(found: float, missed: float) -> float:
    return found / (found + missed) if found + missed > 0 else float("nan")
