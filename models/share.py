"""The share of a flyover's roofs that fail, from its scores alone: nobody has to look first."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from models.flyover_stats import LEAST_CHIPS, Floats, FlyoverStats
from models.head import Head, at_share, offset_at, on_flyover

GRID = 400
"""Shares at which the balance is looked at."""
BINS = 512
"""Logits are counted in this many bins."""
RUNAWAY = 0.9
"""A share from here on has run away: the balance was found nowhere."""
APART = 0.15
"""The two estimates disagree from this difference on."""
NORMAL_90 = 1.645
"""Half of a 90% interval of a normal distribution, standard deviations."""
UPPER = 0.95
"""Upper end of a 90% interval."""
LEAST_BLOCKS = 8
"""With fewer blocks single roofs count as independent."""
LEAST_APART = 0.1
"""Hits and false alarms that lie nearer together tell nothing of the share."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """An estimate of the share failing of one flyover."""

    share: float
    """Share failing, in [0, 1]."""
    low: float
    """Lower end of the 90% interval."""
    high: float
    """Upper end of the 90% interval."""
    check: float
    """A second estimate, from how many an even bet calls failing; NaN where it tells nothing."""
    chips: int
    """Scored roofs it rests on."""
    looks: int = 0
    """Roofs of the flyover that people looked at, where the share comes from them; 0: it comes from
    the scores alone."""
    prior: float = 0.5
    """Share failing of the training flyovers, for where both estimates have run away."""

    @property
    def has_run_away(self) -> bool:
        """Tell whether no balance was found."""
        return self.share >= RUNAWAY and not self.looks

    @property
    def used(self) -> float:
        """Return the share that scores are set to: one that has not run away, never 0 or 1."""
        trusted = self.share
        if self.has_run_away:
            trusted = self.check if self.check < RUNAWAY else self.prior
        least = _least_share(self.chips)
        return float(np.clip(trusted, least, 1 - least))

    @property
    def ends(self) -> tuple[float, float]:
        """Return the ends of the interval, never 0 or 1."""
        least = _least_share(self.chips)
        low, high = np.clip([self.low, self.high], least, 1 - least)
        return float(low), float(high)

    @property
    def deviation(self) -> float:
        """Return the standard deviation of the log odds of the share."""
        low, high = logit(self.ends)
        return float(high - low) / (2 * NORMAL_90)

    @property
    def doubt(self) -> str:
        """Say why LIKELY cannot be given on this estimate; "" where it can."""
        if self.has_run_away:
            return f"the estimated share failing runs to {self.share:.0%}"
        if abs(self.share - self.check) > APART:
            return (
                f"two estimates of the share failing disagree: {self.share:.0%} and "
                f"{self.check:.0%}"
            )
        return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredFlyover:
    """What a head is set to before it scores a flyover."""

    stats: FlyoverStats
    """Of all chips."""
    share: Share
    """Share failing."""

    def set(self, head: Head) -> Head:
        """Return the head as it scores the flyover."""
        own = on_flyover(head, self.stats)
        return at_share(own, self.share.used, deviation=self.share.deviation)


def estimate_share(head: Head, logits: Floats, blocks: NDArray[np.generic] | None = None) -> Share:
    """Estimate the share failing of a flyover.

    Expectation maximization (Saerens, Latinne and Decaestecker, 2002) ends where the mean of the
    adapted scores is the share that they were adapted to. Here the share also moves the flyover's
    own mean, so the balance is looked for directly: the lowest share that more roofs would not
    raise.

    The second estimate counts how many an even bet calls failing, once with the hits and false
    alarms of each flyover that was left out in training. The interval spans all estimates, how far
    the estimate strayed in the flyovers left out, and what other blocks would have changed.

    A flyover of fewer than `LEAST_CHIPS` roofs shows too little: the share of the training flyovers
    is taken.

    Args:
        head: Set to the flyover's statistics, calibrated for any share.
        logits: What the head says of every roof, before calibration, (N,).
        blocks: Block of every roof, (N,), whose roofs are alike; None counts each roof by itself.
    """
    if not len(logits):
        return Share(share=head.share, low=0.0, high=1.0, check=float("nan"), chips=0)
    if len(logits) < LEAST_CHIPS:
        low, high = _strayed(head, head.share)
        return Share(share=head.share, low=low, high=high, check=float("nan"), chips=len(logits))

    share = balance(head, logits)
    called = _called(head, logits, share)
    found = _by_confusion(called.mean(), head.rates)
    check = float(np.clip(_by_confusion(called.mean(), head.rates.mean(axis=0)[None]), 0, 1)[0])
    apart = float(np.nanmean(head.rates[:, 0] - head.rates[:, 1]))
    reach = NORMAL_90 * _error(called, blocks) / max(apart, LEAST_APART)

    estimate = Share(
        share=share, low=0.0, high=1.0, check=check, chips=len(logits), prior=head.share
    )
    estimates = np.array([share, check, *found, *_strayed(head, estimate.used)])
    estimates = np.clip(estimates[~np.isnan(estimates)], 0, 1)
    return replace(
        estimate,
        low=float(max(estimates.min() - reach, 0)),
        high=float(min(estimates.max() + reach, 1)),
    )


def _strayed(head: Head, share: float) -> tuple[float, float]:
    """Return a share as far below and above as estimates strayed in training.

    Few flyovers that were left out tell little of how far (Student, 1908, "The probable error of a
    mean", Biometrika 6).
    """
    widths = stdtrit(head.tried, UPPER) if head.tried else NORMAL_90
    reach = float(widths) * head.share_error
    return float(expit(logit(share) - reach)), float(expit(logit(share) + reach))


def _least_share(chips: int) -> float:
    """Return the smallest share that so many chips could show."""
    return 1 / (2 * max(chips, 1) + 2)


def balance(head: Head, logits: Floats) -> float:
    """Return the lowest share at which the mean adapted score no longer lies above it.

    Args:
        head: Calibrated for any share.
        logits: (N,), N >= 1.

    Returns:
        0 where even the smallest share is above the mean score, 1 where none is.
    """
    edges = np.linspace(logits.min(), logits.max() + 1e-9, BINS + 1)
    counts, _ = np.histogram(logits, edges)
    middles = (edges[1:] + edges[:-1]) / 2

    least = 1 / (4 * len(logits) + 4)
    shares = expit(np.linspace(logit(least), logit(0.999), GRID))
    offsets = offset_at(head, shares)[:, None]
    scores = expit(head.slope * middles + offsets)  # (GRID, BINS)

    excess = scores @ counts / len(logits) - shares
    is_below = excess <= 0
    if is_below[0]:
        return 0.0
    if not is_below.any():
        return 1.0

    after = int(is_below.argmax())
    above, below = excess[after - 1], excess[after]
    part = above / (above - below)
    return float(shares[after - 1] + part * (shares[after] - shares[after - 1]))


def _called(head: Head, logits: Floats, share: float) -> NDArray[np.bool_]:
    """Tell which roofs an even bet calls failing, (N,)."""
    within = np.clip(np.array([share]), 1e-6, 1 - 1e-6)
    even = offset_at(head, within) - logit(within)
    return np.asarray(head.slope * logits + even >= 0)


def _by_confusion(called: float, rates: Floats) -> Floats:
    """Return the share failing from the share that was called so, (T,); NaN where it tells nothing.

    Hits and false alarms make called = share * hits + (1 - share) * alarms (Lipton, Wang and
    Smola, 2018, "Detecting and correcting for label shift with black box predictors", ICML).

    Args:
        called: Share of roofs called failing.
        rates: Hit rate and alarm rate, (T, 2).
    """
    apart = rates[:, 0] - rates[:, 1]
    known = np.where(apart >= LEAST_APART, apart, np.nan)
    return np.asarray((called - rates[:, 1]) / known, dtype=np.float64)


def _error(called: NDArray[np.bool_], blocks: NDArray[np.generic] | None) -> float:
    """Return the standard error of the share called failing, roofs of a block being alike."""
    residual = called - called.mean()
    if blocks is not None:
        unit = np.unique(blocks, return_inverse=True)[1]
        if unit.max() + 1 >= LEAST_BLOCKS:
            residual = np.bincount(unit, weights=residual)
    return float(np.sqrt((residual**2).sum()) / len(called))
