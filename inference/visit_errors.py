"""How often people err who look at roofs on site: from roofs visited twice, or an allowance.

A share that visits report is not the share that is open. With a share m of open roofs called sound
and a share f of sound roofs called open, visits report q = p (1 - m) + (1 - p) f of a true share p
(Rogan and Gladen, 1978, "Estimating prevalence from the results of a screening test", American
Journal of Epidemiology 107). Bounds of m and f turn bounds of q into bounds of p.

Of the open roofs that at least one of two visits found open, one visit alone found 2 m / (1 + m):
where two visits differ on a share d of them, m = d / (2 - d). Sound roofs in error only make d
larger, so the bound is never too small. The same holds of f with both answers exchanged.
"""

from dataclasses import dataclass

from labels.intervals import clopper_pearson

ALLOWED_MISSES = 0.05
"""Share of open roofs called sound that is allowed for where nobody has measured it."""
ALLOWED_FALSE_ALARMS = 0.01
"""Share of sound roofs called open that is allowed for where nobody has measured it."""
LEAST_TWICE = 20
"""Roofs visited twice from which on they say how often people err; none differing says 7.5%."""


@dataclass(frozen=True, kw_only=True)
class Twice:
    """Roofs that two visits judged, each by itself."""

    roofs: int = 0
    """Roofs."""
    differ: int = 0
    """Of these, the ones of which the visits say the contrary."""

    def __post_init__(self) -> None:
        """Check that the counts are in order."""
        if not 0 <= self.differ <= self.roofs:
            raise ValueError(f"{self} is not in order")

    @property
    def is_enough(self) -> bool:
        """Tell whether they say how often people err."""
        return self.roofs >= LEAST_TWICE

    @property
    def most(self) -> float:
        """Return the bound below which the share of errors of one visit is, with 95% confidence.

        >>> round(Twice(roofs=20, differ=0).most, 4)
        0.0748
        """
        share = clopper_pearson(self.differ, self.roofs)[1]
        return share / (2 - share)

    def allowed(self, assumed: float) -> float:
        """Return the share of errors to allow for.

        Args:
            assumed: What is allowed for where nobody has measured it; more where few roofs suggest
                more.
        """
        if self.is_enough:
            return self.most
        share = self.differ / self.roofs if self.roofs else 0.0
        return max(assumed, share / (2 - share))


@dataclass(frozen=True, kw_only=True)
class VisitErrors:
    """How often people on site err at most."""

    of_open: Twice = Twice()
    """Roofs that at least one of two visits found open."""
    of_sound: Twice = Twice()
    """Roofs that the list does not flag, and at least one of two visits found sound."""

    @property
    def misses(self) -> float:
        """Return the share of open roofs called sound that is allowed for."""
        return self.of_open.allowed(ALLOWED_MISSES)

    @property
    def false_alarms(self) -> float:
        """Return the share of sound roofs called open that is allowed for."""
        return self.of_sound.allowed(ALLOWED_FALSE_ALARMS)

    def least(self, share: float) -> float:
        """Return the least true share behind a share that visits report at least."""
        return max((share - self.false_alarms) / (1 - self.false_alarms), 0.0)

    def most(self, share: float) -> float:
        """Return the greatest true share behind a share that visits report at most."""
        return min(share / (1 - self.misses), 1.0)

    @property
    def sentence(self) -> str:
        """Say what the intervals allow for, and whether anybody has measured it."""
        misses = _words(self.of_open, "open", "open roofs called sound", self.misses)
        false_alarms = _words(self.of_sound, "sound", "sound roofs called open", self.false_alarms)
        return f"Errors of inspectors: {misses}; {false_alarms}."


def _words(twice: Twice, found: str, error: str, share: float) -> str:
    if twice.is_enough:
        return (
            f"{twice.roofs:,} roofs that one of two visits found {found} differ {twice.differ:,} "
            f"times, so at most {share:.1%} of {error} are allowed for (95%)"
        )
    differ = f", {twice.differ:,} differ" if twice.differ else ""
    return (
        f"{share:.0%} of {error} are allowed for, which nobody has measured ({twice.roofs:,} roofs "
        f"found {found} were visited twice{differ}; {LEAST_TWICE} are needed)"
    )
