"""Where people are near vacant buildings: [storm] of the city file."""

from dataclasses import dataclass, field
from pathlib import Path

from imagery.errors import ConfigError
from imagery.settings import key

FARTHEST_M = 2000.0


@dataclass(frozen=True, kw_only=True)
class PlaceFile:
    """A layer of places with people, such as schools or sidewalks; one such section for each."""

    path: Path = field(metadata=key("Any vector file GDAL reads: points, lines or polygons."))
    kind: str = field(metadata=key('What its places are, such as "school" or "sidewalk".'))
    layer: str = field(
        default="", metadata=key('Layer; "" where only one of the file could be meant.')
    )
    name: str = field(default="", metadata=key('Column of the name of a place; "" for none.'))
    near_m: float = field(
        default=30.0, metadata=key("A parcel is near a place within so many meters.")
    )

    def __post_init__(self) -> None:
        """Check that the kind says something, and the distance."""
        if not self.kind.strip():
            raise ConfigError('[[storm.places]] kind is "", want a word such as "school"')
        if not 0 <= self.near_m <= FARTHEST_M:
            raise ConfigError(
                f"[[storm.places]] near_m is {self.near_m}, want 0 to {FARTHEST_M:.0f} meters"
            )


@dataclass(frozen=True, kw_only=True)
class StormSettings:
    """What the list after a storm looks at; further sections below."""

    places: tuple[PlaceFile, ...] = field(default=(), metadata=key("[[storm.places]]."))

    def __post_init__(self) -> None:
        """Check that each kind is one layer."""
        kinds = [place.kind for place in self.places]
        for kind in kinds:
            if kinds.count(kind) > 1:
                raise ConfigError(f"[[storm.places]] kind is {kind!r} twice, want each kind once")
