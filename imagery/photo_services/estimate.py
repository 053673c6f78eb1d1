"""What a copy will cost, said before it begins, and the limits that it keeps. Nobody is asked."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from imagery.services.client import Client

MB = 1e6
GB = 1e9


@dataclass(frozen=True, kw_only=True)
class CopyEstimate:
    """What is still to be fetched."""

    level: str
    """Level of the service."""
    gsd_m: float
    """Meters per pixel on the ground where the city is."""
    needed: int
    """Tiles that the vacants need."""
    missing: int
    """Tiles that are to be fetched."""
    damaged: int
    """Tiles of these that were here once and are not as they were written."""
    sent_bytes: float
    """Mean length of a tile as it is sent."""
    stored_bytes: float
    """Mean length of a tile in a file."""
    requests_per_s: float
    """How fast the service is asked."""

    @property
    def megabytes(self) -> float:
        """Return about how much will be sent."""
        return self.missing * self.sent_bytes / MB

    @property
    def disk_bytes(self) -> float:
        """Return about how much disk it takes until it has ended."""
        return self.missing * (self.sent_bytes + self.stored_bytes)

    @property
    def minutes(self) -> float:
        """Return about how long it takes at the rate of the city file."""
        return self.missing / self.requests_per_s / 60

    @property
    def line(self) -> str:
        """Return what people are told before the first tile is fetched."""
        again = f", {self.damaged:,} of them because they are damaged" if self.damaged else ""
        return (
            f"level {self.level}, {self.gsd_m:.3f} m per pixel: {self.needed:,} tiles are needed, "
            f"{self.needed - self.missing:,} are here already; {self.missing:,} to fetch{again}, "
            f"about {self.megabytes:,.1f} MB, {self._time} at {self.requests_per_s:g} a second"
        )

    @property
    def _time(self) -> str:
        """Return about how long it takes, in words."""
        if self.minutes < 1:
            return "less than a minute"
        return f"about {self.minutes:,.0f} minutes"

    @property
    def facts(self) -> dict[str, object]:
        """Return the same for programs."""
        return {
            "level": self.level,
            "gsd_m": self.gsd_m,
            "needed": self.needed,
            "here": self.needed - self.missing,
            "missing": self.missing,
            "damaged": self.damaged,
            "megabytes": self.megabytes,
            "minutes": self.minutes,
        }


def check_count(count: int, client: Client) -> None:
    """Check that not more tiles are asked for than the city allows.

    Raises:
        InputError: they are.
    """
    settings = client.settings
    if count > settings.most_tiles:
        hours = count / settings.requests_per_s / 3600
        raise client.error(
            f"{count:,} tiles would be asked for, {hours:,.1f} hours at "
            f"{settings.requests_per_s:g} a second, want at most {settings.most_tiles:,}",
            remedy="set a coarser zoom, or raise [snapshot] most_tiles",
        )


def check_estimate(estimate: CopyEstimate, here_bytes: int, folder: Path, client: Client) -> None:
    """Check that the copy will keep the limits, before it begins.

    Raises:
        InputError: it will be larger than the city allows, or leave too little of the disk.
    """
    if not estimate.missing:
        return
    whole_gb = here_bytes / GB + estimate.megabytes * MB / GB
    if whole_gb > client.settings.most_copy_gb:
        raise _too_large(client, f"about {whole_gb:,.3f} GB in all would be copied")
    free_gb = _free_gb(folder)
    if free_gb - estimate.disk_bytes / GB < client.settings.least_free_gb:
        needed_gb = estimate.disk_bytes / GB
        raise _too_full(client, f"about {needed_gb:,.3f} GB of disk would be taken", free_gb)


def check_size(here_bytes: int, folder: Path, client: Client) -> None:
    """Check that the copy keeps the limits while it is made.

    Raises:
        InputError: it is larger than the city allows, or the disk is too full.
    """
    if here_bytes > client.settings.most_copy_gb * GB:
        raise _too_large(client, f"{here_bytes / GB:,.3f} GB were copied, and tiles are missing")
    free_gb = _free_gb(folder)
    if free_gb < client.settings.least_free_gb:
        raise _too_full(client, "the disk is too full to go on", free_gb)


def _free_gb(folder: Path) -> float:
    return shutil.disk_usage(folder).free / GB


def _too_large(client: Client, words: str) -> Exception:
    return client.error(
        f"{words}, want at most {client.settings.most_copy_gb:g} GB",
        remedy="set a coarser zoom, or raise [snapshot] most_copy_gb, and run roofwatch snapshot "
        "again, which goes on where it stopped",
    )


def _too_full(client: Client, words: str, free_gb: float) -> Exception:
    return client.error(
        f"{words}, {free_gb:,.3f} GB are free, want {client.settings.least_free_gb:g} GB left free "
        "([snapshot] least_free_gb)",
        remedy="free disk space, and run roofwatch snapshot again, which goes on where it stopped",
    )
