"""The statistics of a flyover: mean and spread of everything the model sees, over all its chips.

Two flyovers differ in sensor, season, sun and haze before any roof does. A roof is therefore
compared with its own flyover: features are standardized with these statistics, in training as in
scoring. No labels are needed for it.
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
    """Standard deviation of the same, (F,), all > 0."""

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
    """Return the statistics of a flyover, in one pass over its chips.

    Sums are joined as in Chan, Golub and LeVeque (1983, "Algorithms for computing the sample
    variance", The American Statistician 37).

    Args:
        year: Year of the flyover.
        parts: What the model sees of the chips, (n, width) each.
        width: Number of columns.
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

    spread = np.maximum(np.sqrt(squares / max(count, 1)), LEAST_SPREAD)
    return FlyoverStats(year=year, chips=count, center=center, spread=spread)


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
        "spread": stats.spread.tolist(),
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
            spread=np.array(found["spread"], np.float64),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def is_same_flyover(stats: FlyoverStats, other: FlyoverStats) -> bool:
    """Tell whether statistics are those of the same chips, up to rounding."""
    if stats.chips != other.chips or stats.center.shape != other.center.shape:
        return False
    return bool(np.allclose(stats.center, other.center, rtol=1e-6, atol=1e-6))
