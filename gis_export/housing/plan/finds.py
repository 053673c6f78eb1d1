"""How many failing roofs the first 1, 2, 3, ... visits find: the expected number and its interval.

A visit finds a failing roof with the calibrated score of the roof, times the share of visits that
judge a roof. Given the scores, the finds of some visits are a Poisson binomial: independent, each
with its own chance.

The scores can be wrong together: the share failing of the flyover, to which all are set, is an
estimate with an interval. Here the log odds of all scores move by one shift that spans it
(`gis_export.housing.plan.shift`). The share of visits that judge a roof has an interval of its own,
and moves with the shift, from the worse end to the better one. The interval of the finds is that of
the Poisson binomials mixed over the shift. What single scores are off beside that is taken to
average out over the visits.

A roof without a score, and one that somebody on site saw failing before, add nothing: of the first
nothing is known, the second is no new find. Both are counted apart.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gis_export.housing.plan.access import Access
from gis_export.housing.plan.shift import Floats, Shift, moved
from labels.intervals import TAIL

Whole = NDArray[np.int64]

EXACT = 300
"""The interval is computed for every number of visits up to this one."""
GRID = 300
"""And for so many numbers of visits beyond; in between it is drawn straight, outward."""
_ROUNDING = 1e-9
"""Of floating point, before a count is rounded up or down."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """Finds of the first 0, 1, 2, ... visits."""

    expected: Whole
    """Hundredths of a find that are expected, (n + 1,)."""
    low: Whole
    """Lower end of the 90% interval, (n + 1,)."""
    high: Whole
    """Upper end, (n + 1,)."""

    @property
    def visits(self) -> int:
        """Return the number of all visits."""
        return len(self.expected) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlook:
    """What the finds depend on beside the roofs."""

    shift: Shift
    """How far all scores are off."""
    access: Access
    """Share of visits that judge a roof."""

    def chances(self, scores: Floats, place: int) -> Floats:
        """Return the chance of each visit to find a failing roof at one of the shifts, (n,)."""
        better = float(self.shift.better[place])
        chances = moved(scores, float(self.shift.steps[place])) * self.access.reached(better)
        return np.where(np.isnan(chances), 0.0, chances)

    def expected(self, scores: Floats) -> Floats:
        """Return the chance that is expected, (n,)."""
        chances = moved(scores, self.shift.middle) * (1 - self.access.failing)
        return np.where(np.isnan(chances), 0.0, chances)


def follow(scores: Floats, outlook: Outlook) -> Course:
    """Return the finds of visits, one after the other.

    Args:
        scores: Of the roofs in the order of the visits, NaN for those that add nothing, (n,).
        outlook: What the finds depend on beside them.
    """
    counts = _some_counts(len(scores))
    moments = _moments(scores, outlook, counts)
    every = np.arange(len(scores) + 1)
    low = np.interp(every, counts, quantile(moments, counts, TAIL))
    high = np.interp(every, counts, quantile(moments, counts, 1 - TAIL))

    return Course(
        expected=hundredths(outlook.expected(scores)),
        low=np.maximum.accumulate(np.floor(low + _ROUNDING)).astype(np.int64),
        high=np.maximum.accumulate(np.ceil(high - _ROUNDING)).astype(np.int64),
    )


def hundredths(chances: Floats) -> Whole:
    """Return the sums of the first 0, 1, 2, ... chances in whole hundredths."""
    return np.rint(100 * running(chances)).astype(np.int64)


def running(values: Floats) -> Floats:
    """Return the sums of the first 0, 1, 2, ... values."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _some_counts(visits: int) -> Whole:
    """Return the numbers of visits for which the interval is computed, from 0 to all."""
    far = np.linspace(EXACT, visits, GRID) if visits > EXACT else np.zeros(0)
    counts = np.concatenate([np.arange(min(visits, EXACT) + 1), np.rint(far)])
    return np.unique(counts.astype(np.int64))


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Moments of the finds for some numbers of visits at every shift, (shifts, numbers)."""

    weights: Floats
    """Probability of each shift, (shifts,)."""
    mean: Floats
    """Mean."""
    deviation: Floats
    """Standard deviation, 0 where all is certain."""
    skewness: Floats
    """Skewness, 0 where all is certain."""


def _moments(scores: Floats, outlook: Outlook, counts: Whole) -> Moments:
    means = []
    deviations = []
    skews = []
    for place in range(len(outlook.shift.steps)):
        chances = outlook.chances(scores, place)
        variance = chances * (1 - chances)
        deviation = np.sqrt(running(variance)[counts])
        third = running(variance * (1 - 2 * chances))[counts]
        known = np.where(deviation > 0, deviation, 1.0)
        means.append(running(chances)[counts])
        deviations.append(deviation)
        skews.append(third / known**3)
    return Moments(
        weights=outlook.shift.weights,
        mean=np.array(means),
        deviation=np.array(deviations),
        skewness=np.array(skews),
    )


def quantile(moments: Moments, counts: Whole, level: float) -> Whole:
    """Return the least number of finds that is not exceeded with some probability, (numbers,).

    Args:
        moments: Of the finds.
        counts: Visits, (numbers,).
        level: The probability, in (0, 1).
    """
    below = np.full(len(counts), -1, dtype=np.int64)
    reached = counts.copy()
    # Bisection: `reached` always has the probability, `below` never.
    while (reached - below > 1).any():
        middle = (reached + below) // 2
        is_enough = _probability(moments, middle) >= level
        reached = np.where(is_enough, middle, reached)
        below = np.where(is_enough, below, middle)
    return reached


def _probability(moments: Moments, most: Whole) -> Floats:
    """Return the probability of at most so many finds, mixed over the shifts, (numbers,).

    A normal distribution with a correction for skewness (Volkova, 1996, "A refinement of the
    central limit theorem for sums of independent random indicators", Theory of Probability and
    its Applications 40).
    """
    deviation = np.where(moments.deviation > 0, moments.deviation, _ROUNDING)
    place = np.clip((most + 0.5 - moments.mean) / deviation, -40, 40)
    density = np.exp(-(place**2) / 2) / np.sqrt(2 * np.pi)
    within = ndtr(place) + moments.skewness * (1 - place**2) * density / 6
    return np.asarray(moments.weights @ np.clip(within, 0, 1), dtype=np.float64)
