"""What happens to three hosts while they work: benchmarks/three_hosts.py."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.host_network import Host, throttle
from imagery.workspace import Workspace

YEAR = "2024"
PARTITION_S = 20.0


@dataclass(kw_only=True)
class Place:
    """Where one case happens."""

    city: Path
    """Folder of the city, in the shared folder."""
    hosts: dict[str, Host]
    """The office and the hosts, by name."""
    device: str = ""
    """"major:minor" of the shared folder's disk."""
    turns_at: dict[float, Callable[[], None]] = field(default_factory=dict)
    """What else happens, by time on the monotonic clock."""

    @property
    def chips(self) -> Path:
        """Folder of the chips."""
        return Workspace(folder=self.city / "workspace").year(int(YEAR)).chips.folder


def stay_calm(_: Place, __: str) -> None:
    """Let nothing happen."""


def lose_power(place: Place, stage: str) -> None:
    """End one host in each stage."""
    place.hosts["two" if stage == "tile" else "three"].lose_power()


def cut_for_a_while(place: Place, _: str) -> None:
    """Cut the second host off, and let it come back."""
    host = place.hosts["two"]
    host.set_link("down")
    place.turns_at[time.monotonic() + PARTITION_S] = lambda: host.set_link("up")


def cut_for_good(place: Place, _: str) -> None:
    """Cut the second host off."""
    place.hosts["two"].set_link("down")


def slow_one_link(place: Place, _: str) -> None:
    """Let the second host's link pass little."""
    place.hosts["two"].slow_link(megabit=2)


def slow_the_disk(place: Place, _: str) -> None:
    """Let the shared folder's disk do little."""
    throttle(place.device, bytes_per_s=2_000_000, requests_per_s=100)


CASES: dict[str, Callable[[Place, str], None]] = {
    "calm": stay_calm,
    "power": lose_power,
    "short-partition": cut_for_a_while,
    "partition": cut_for_good,
    "slow-link": slow_one_link,
    "slow-disk": slow_the_disk,
}
