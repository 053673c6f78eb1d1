"""How services are asked: the keys of [snapshot] in the city file."""

from dataclasses import dataclass, field

from imagery.settings import key


@dataclass(frozen=True, kw_only=True)
class SnapshotSettings:
    """How the services of layers are asked."""

    requests_per_s: float = field(
        default=5.0, metadata=key("Most requests to a service in a second.")
    )
    page_rows: int = field(
        default=1000,
        metadata=key("Rows that are asked for at once; fewer where the service allows fewer."),
    )
    tries: int = field(default=6, metadata=key("How often a request is tried."))
    wait_s: float = field(
        default=1.0,
        metadata=key(
            "Wait after the first failure, seconds; it doubles with each further one, and a "
            "service may ask for more."
        ),
    )
    timeout_s: float = field(
        default=60.0, metadata=key("How long a service may be silent, seconds.")
    )
    most_tiles: int = field(
        default=100_000,
        metadata=key("Most tiles of imagery that one run asks a service for; more are refused."),
    )
    most_tile_mb: float = field(
        default=8.0,
        metadata=key(
            "Most megabytes of one tile of imagery; a service that sends more is refused."
        ),
    )
    most_copy_gb: float = field(
        default=50.0,
        metadata=key(
            "Most gigabytes that a tile service sends for one flyover, all runs together; the run "
            "ends before it begins, or when that much has come."
        ),
    )
    least_free_gb: float = field(
        default=2.0,
        metadata=key(
            "Gigabytes of the workspace's disk that tiles of imagery leave free; the run ends "
            "before it begins, or when less is free."
        ),
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("requests_per_s", "wait_s", "timeout_s", "most_tile_mb", "most_copy_gb"):
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"{name} is {value}, want more than 0")
        if not self.least_free_gb >= 0:
            raise ValueError(f"least_free_gb is {self.least_free_gb}, want 0 or more")
        for name in ("page_rows", "tries", "most_tiles"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} is {value}, want 1 or more")
