"""The statistics of a flyover: middle and spread of everything the model sees, over all its chips.

Two flyovers differ in sensor, season, sun and haze before any roof does. A roof is therefore
compared with its own flyover: features are standardized with these statistics, in training as in
scoring. No labels are needed for it.

The spread is that of the middle two thirds of the roofs: failing and strange ones, more in one
flyover than in another, move it little. docs/experiments.md has the standard deviation beside it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imagery.files import atomic_path

Floats = NDArray[np.float64]
LEAST_SPREAD = 1e-6
"""A feature that never changes is divided by this."""
LEAST_PART = 0.1
"""The spread is at least this part of the standard deviation: of most roofs a feature may be 0."""
MIDDLE = (0.1587, 0.8413)
"""Shares of roofs below the two ends of the middle: one standard deviation in a normal one."""
BINS = 256
"""Bins in which roofs are counted."""
REACH = 4.0
"""The bins reach this many standard deviations to each side of the mean; the outer ones hold what
lies beyond."""
LEAST_CHIPS = 60
"""With fewer chips a flyover's own statistics are too uncertain; pooled ones are used."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FlyoverStats:
    """Statistics of the chips of one flyover."""

    year: int
    """Year of the flyover."""
    chips: int
    """Chips they were taken over."""
    center: Floats
    """Mean of each measure, then of each feature of the network, (F,)."""
    spread: Floats
    """Half of what the middle 68% of the roofs span, (F,), all > 0."""

    def __post_init__(self) -> None:
        """Check shapes and numbers."""
        if self.center.ndim != 1 or self.spread.shape != self.center.shape:
            raise ValueError(
                f"center is {self.center.shape} and spread {self.spread.shape}; want one shape (F,)"
            )
        is_finite = bool(np.isfinite(self.center).all() and np.isfinite(self.spread).all())
        if not is_finite or (self.spread <= 0).any() or self.chips < 0:
            raise ValueError(f"statistics of {self.year} hold a value that is not a number")

    @property
    def is_enough(self) -> bool:
        """Tell whether they rest on enough chips to be used."""
        return self.chips >= LEAST_CHIPS

    def part(self, columns: slice) -> "FlyoverStats":
        """Return the statistics of some of the columns."""
        return FlyoverStats(
            year=self.year,
            chips=self.chips,
            center=self.center[columns],
            spread=self.spread[columns],
        )


def measure_flyover(year: int, parts: Iterable[NDArray[np.float32]], width: int) -> FlyoverStats:
    """Return the statistics of a flyover, in two passes over its chips.

    Args:
        year: Year of the flyover.
        parts: What the model sees of the chips, (n, width) each; gone through twice.
        width: Number of columns.

    Raises:
        ValueError: a value is not a number.
    """
    count, center, deviation = _mean_and_deviation(parts, width)
    if not np.isfinite(deviation).all():
        raise ValueError(f"what the model sees of {year} holds a value that is not a number")

    low, high = _ends_of_the_middle(parts, center, deviation)
    spread = np.maximum((high - low) / 2, LEAST_PART * deviation)
    return FlyoverStats(year=year, chips=count, center=center, spread=spread)


def _mean_and_deviation(
    parts: Iterable[NDArray[np.float32]], width: int
) -> tuple[int, Floats, Floats]:
    """Return chips, mean and standard deviation.

    Sums are joined as in Chan, Golub and LeVeque (1983, "Algorithms for computing the sample
    variance", The American Statistician 37).
    """
    count = 0
    center: Floats = np.zeros(width)
    squares: Floats = np.zeros(width)
    for part in parts:
        more = len(part)
        if not more:
            continue
        rows = part.astype(np.float64)
        mean = rows.mean(axis=0)
        step = mean - center
        squares += ((rows - mean) ** 2).sum(axis=0) + step**2 * (count * more / (count + more))
        center = center + step * (more / (count + more))
        count += more

    deviation = np.maximum(np.sqrt(squares / max(count, 1)), LEAST_SPREAD)
    return count, center, deviation


def _ends_of_the_middle(
    parts: Iterable[NDArray[np.float32]], center: Floats, deviation: Floats
) -> list[Floats]:
    """Return the values below which the shares `MIDDLE` of the roofs lie, (F,) each.

    Roofs are counted in bins, so that a whole city need not lie in memory. Within a bin they are
    taken as spread evenly: the values are right to 1/32 of a standard deviation.
    """
    width = len(center)
    columns = np.arange(width)
    counts = np.zeros(BINS * width, np.int64)
    for part in parts:
        place = (part - center) / deviation * (BINS / 2 / REACH) + BINS / 2
        bins = np.clip(place, 0, BINS - 1).astype(np.int64)
        counts += np.bincount((bins * width + columns).ravel(), minlength=BINS * width)

    below = np.cumsum(counts.reshape(BINS, width), axis=0)
    total = below[-1].max()
    ends = []
    for share in MIDDLE:
        wanted = share * total
        bin_of = (below >= wanted).argmax(axis=0)
        before = np.where(bin_of > 0, below[bin_of - 1, columns], 0)
        within = np.maximum(below[bin_of, columns] - before, 1)
        place = bin_of + (wanted - before) / within
        ends.append(center + (place - BINS / 2) * (2 * REACH / BINS) * deviation)
    return ends


def pooled_stats(flyovers: Iterable[FlyoverStats]) -> FlyoverStats:
    """Return the mean of the statistics of several flyovers, each weighing the same.

    Raises:
        ValueError: no flyover.
    """
    known = list(flyovers)
    if not known:
        raise ValueError("no flyover to take statistics of")

    return FlyoverStats(
        year=max(stats.year for stats in known),
        chips=sum(stats.chips for stats in known),
        center=np.mean([stats.center for stats in known], axis=0),
        spread=np.mean([stats.spread for stats in known], axis=0),
    )


def write_stats(path: Path, stats: FlyoverStats) -> None:
    """Write statistics as JSON."""
    found = {
        "year": stats.year,
        "chips": stats.chips,
        "center": stats.center.tolist(),
        "middle_spread": stats.spread.tolist(),
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(found), encoding="utf-8")


def read_stats(path: Path) -> FlyoverStats | None:
    """Read what `write_stats` wrote; None where it is gone or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return FlyoverStats(
            year=int(found["year"]),
            chips=int(found["chips"]),
            center=np.array(found["center"], np.float64),
            spread=np.array(found["middle_spread"], np.float64),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def is_same_flyover(stats: FlyoverStats, other: FlyoverStats) -> bool:
    """Tell whether statistics are those of the same chips, up to rounding."""
    if stats.chips != other.chips or stats.center.shape != other.center.shape:
        return False
    return bool(np.allclose(stats.center, other.center, rtol=1e-6, atol=1e-6))
