"""People who look at roofs, and how often they err: inspectors on site and readers at a desk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Answers = NDArray[np.str_]
"""Y, N, or "" where somebody could not judge the roof, (N,)."""


@dataclass(frozen=True, kw_only=True)
class ErrorRates:
    """How often one kind of people err."""

    misses: float
    """Share of open roofs that they call sound."""
    false_alarms: float
    """Share of sound roofs that they call open."""
    unjudged: float
    """Share of roofs that they cannot judge: no access, or the photo does not show it."""

    def __post_init__(self) -> None:
        """Check that they are shares."""
        rates = (self.misses, self.false_alarms, self.unjudged)
        if not all(0 <= rate < 1 for rate in rates):
            raise ValueError(f"{self}: want shares from 0 to below 1")

    def look(self, is_open: NDArray[np.bool_], rng: np.random.Generator) -> Answers:
        """Return what they say of some roofs, (N,)."""
        errs = rng.random(len(is_open)) < np.where(is_open, self.misses, self.false_alarms)
        says_open = is_open ^ errs
        cannot_judge = rng.random(len(is_open)) < self.unjudged
        return np.where(cannot_judge, "", np.where(says_open, "Y", "N"))


INSPECTORS = ErrorRates(misses=0.03, false_alarms=0.002, unjudged=0.1)
"""On site: a door may stay shut, and a hole in the rear may not be seen from the street."""
READERS = ErrorRates(misses=0.12, false_alarms=0.02, unjudged=0.05)
"""At a desk, with the photo alone."""
