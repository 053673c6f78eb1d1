"""How long a year will take and how much disk, before any work, from measured rates.

Each stage has work that one core does, whatever the number of cores, and work that is shared by
all. The rates are those of `python -m benchmarks.year` (docs/figures.md) on two Intel cores with
bf16 and other work beside it: what an unchanged run costs counts as the work of one core, the rest
as shared. Without bf16 in the processor scoring takes about four times as long.
"""

import math
from dataclasses import dataclass

MOST_CORES = 1_000
"""Where even this many are too few, one machine cannot do it in time."""
HOUR_S = 3600.0
SHARED = 0.75
"""What each core that is added gains where work is shared: goal G9 with two workers."""
FEATURE_BYTES = 11_400
"""Features of one vacant, in the cache."""
PRODUCT_BYTES = 60_000
"""Products of one vacant, photos included."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What a stage costs, in seconds of one core."""

    start_s: float
    """To start, and to write what does not grow with the city."""
    parcel_ms: float
    """To read one parcel of the city's file, vacant or not; milliseconds on one core."""
    vacant_ms: float
    """To do one vacant near a tile; milliseconds, shared by the cores."""
    most_cores: int
    """Cores that share it at most."""


CUT = Rate(start_s=3.0, parcel_ms=0.017, vacant_ms=3.3, most_cores=MOST_CORES)
SCORE = Rate(start_s=55.0, parcel_ms=0.034, vacant_ms=28.0, most_cores=MOST_CORES)
EXPORT = Rate(start_s=25.0, parcel_ms=0.1, vacant_ms=26.6, most_cores=2)
"""Its longest part, the map book, is one process."""


@dataclass(frozen=True, kw_only=True)
class WorkAhead:
    """What a year will take."""

    parcels: int
    """Parcels in the city's file."""
    vacants: int
    """Vacants near a tile."""
    chips_bytes: int
    """Disk that their chips need."""
    cores: int
    """Cores of this machine that may be used."""

    @property
    def cut_s(self) -> float:
        """Return the seconds to cut all chips."""
        return self._seconds(CUT, self.cores)

    @property
    def score_s(self) -> float:
        """Return the seconds to score them."""
        return self._seconds(SCORE, self.cores)

    @property
    def export_s(self) -> float:
        """Return the seconds to write all products."""
        return self._seconds(EXPORT, self.cores)

    @property
    def all_s(self) -> float:
        """Return the seconds of all three."""
        return self.on_cores(self.cores)

    @property
    def disk_bytes(self) -> int:
        """Return the disk for chips, features and products."""
        return self.chips_bytes + self.vacants * (FEATURE_BYTES + PRODUCT_BYTES)

    @property
    def hour_cores(self) -> int:
        """Return the fewest cores of one machine that need an hour at most; 0 where none do."""
        counts = range(1, MOST_CORES + 1)
        return next((cores for cores in counts if self.on_cores(cores) <= HOUR_S), 0)

    def on_cores(self, cores: int) -> float:
        """Return the seconds of all stages on some cores."""
        return sum(self._seconds(rate, cores) for rate in (CUT, SCORE, EXPORT))

    def _seconds(self, rate: Rate, cores: int) -> float:
        alone_s = rate.start_s + self.parcels * rate.parcel_ms / 1000
        shared_s = self.vacants * rate.vacant_ms / 1000
        return alone_s + shared_s / (1 + SHARED * (min(cores, rate.most_cores) - 1))

    @property
    def sentence(self) -> str:
        """Say how long it takes here, how much disk, and how it takes an hour at most."""
        minutes = max(1, math.ceil(self.all_s / 60))
        cores = "core" if self.cores == 1 else "cores"
        return (
            f"about {minutes:,} min on {self.cores} {cores} without training, "
            f"{self.disk_bytes / 1e9:,.1f} GB of disk{self._hour}"
        )

    @property
    def _hour(self) -> str:
        """Return how many cores bring it under an hour, where these do not."""
        if self.all_s <= HOUR_S:
            return ""
        if not self.hour_cores:
            return "; no machine brings it under an hour: split the city, or use --executor dask"
        return f"; {self.hour_cores} cores bring it under an hour"
