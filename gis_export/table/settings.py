"""The city's choices about its products: the [export] table of the city file."""

from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_export.table.fire_settings import FireFile
from gis_export.table.plan_settings import PlanSettings
from imagery.errors import ConfigError
from imagery.roll.links import check_template
from imagery.settings import key

MOST_POINTS = 1_000_000
LEAST_WIDTH = 64
"""Characters that the hazard words of dispatch need, with REVIEW DUE."""
LEAST_FIRE_WIDTH = 80
"""The same with a fire."""


@dataclass(frozen=True, kw_only=True)
class PrioritySettings:
    """Points of [export.priority]; a row's priority is their sum."""

    confirmed: int = field(default=100, metadata=key("Of CONFIRMED."))
    likely: int = field(default=60, metadata=key("Of LIKELY."))
    possible: int = field(default=30, metadata=key("Of POSSIBLE."))
    not_assessed: int = field(
        default=20, metadata=key("Of NOT ASSESSED: nothing is known of the roof.")
    )
    not_seen: int = field(default=0, metadata=key("Of NOT SEEN IN PHOTO."))
    score: int = field(
        default=60,
        metadata=key(
            "Of a score of 1; smaller scores get their share, so that of two POSSIBLE the surer "
            "comes first. A roof without a score gets none."
        ),
    )
    occupied_side: int = field(
        default=15, metadata=key("Of each side with an occupied attached neighbor.")
    )
    street_side: int = field(
        default=3, metadata=key("Of each side without a neighboring parcel: people walk below it.")
    )
    worse: int = field(
        default=20, metadata=key("Of a hazard word worse than in the flyover before.")
    )
    unseen_year: int = field(
        default=4,
        metadata=key(
            "Of each whole year since a person looked, or since the notice when nobody has."
        ),
    )
    unseen_years_max: int = field(default=5, metadata=key("Most years that count."))

    def __post_init__(self) -> None:
        """Check ranges."""
        if not 0 <= self.unseen_years_max <= 1000:
            raise ConfigError(
                f"[export.priority] unseen_years_max is {self.unseen_years_max}, want 0 to 1000"
            )

        for name, points in asdict(self).items():
            if abs(points) > MOST_POINTS:
                raise ConfigError(
                    f"[export.priority] {name} is {points}, "
                    f"want {-MOST_POINTS:,} to {MOST_POINTS:,}"
                )


@dataclass(frozen=True, kw_only=True)
class DispatchSettings:
    """The dispatch file; [export.dispatch]."""

    width: int = field(default=80, metadata=key("Characters of the text that dispatch shows."))
    columns: Path | None = field(
        default=None,
        metadata=key(
            "TOML file that maps our values to columns of the vendor; without it "
            "our own names apply."
        ),
    )
    addresses: Path | None = field(
        default=None,
        metadata=key(
            "CSV of the addresses that dispatch knows; without it the match report "
            "has the roll only."
        ),
    )
    address: str = field(
        default="address",
        metadata=key("Column of `addresses` with the address as dispatch spells it."),
    )
    alias: str = field(
        default="", metadata=key('Column of `addresses` with other spellings, joined by ";".')
    )

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.width < LEAST_WIDTH:
            raise ConfigError(
                f"[export.dispatch] width is {self.width}, want {LEAST_WIDTH} or more: the words "
                "must fit"
            )


@dataclass(frozen=True, kw_only=True)
class VisitSettings:
    """The inspectors' week; [export.visits]."""

    per_district: int = field(
        default=40,
        metadata=key(
            "Visits that an inspection district can make: as many rows of it are on the list."
        ),
    )
    capacity: dict[str, int] = field(
        default_factory=dict, metadata=key('The same for single districts, such as {"I1" = 30}.')
    )
    audit: float = field(
        default=0.04,
        metadata=key(
            "Share of the visits that are drawn at random among roofs that the photo does not "
            "flag, by district, to the next whole number: what they find says how many open "
            "roofs are missed. 0 for none."
        ),
    )
    per_day: int = field(
        default=10, metadata=key("Visits that one inspector makes in a day: one route sheet.")
    )
    viewer: str = field(
        default="",
        metadata=key(
            "Address of the city's own map viewer; {parcel_id}, {lon}, {lat} and "
            '{address} are filled in. "" gives no links.'
        ),
    )
    packets: int = field(
        default=25,
        metadata=key(
            "Evidence packets that every export writes, the most urgent first. "
            "`roofwatch evidence` writes any other."
        ),
    )

    def __post_init__(self) -> None:
        """Check ranges and the address of the viewer."""
        for name, least in (("per_district", 1), ("per_day", 1), ("packets", 0)):
            number = getattr(self, name)
            if number < least:
                raise ConfigError(f"[export.visits] {name} is {number}, want {least} or more")

        if not 0 <= self.audit <= 0.5:
            raise ConfigError(f"[export.visits] audit is {self.audit}, want 0 to 0.5")

        for district, visits in self.capacity.items():
            if visits < 0:
                raise ConfigError(
                    f"[export.visits] capacity of {district!r} is {visits}, want 0 or more"
                )

        check_template(self.viewer, "[export.visits] viewer")

    def of(self, district: str) -> int:
        """Return the visits of one district."""
        return self.capacity.get(district, self.per_district)


@dataclass(frozen=True, kw_only=True)
class MapSettings:
    """The fire map's photo; [export.map]."""

    gsd_m: float = field(default=0.25, metadata=key("Finest meters per pixel."))
    megapixels: int = field(
        default=150, metadata=key("Most pixels at its finest; a large city gets a coarser photo.")
    )

    def __post_init__(self) -> None:
        """Check ranges."""
        if not 0 < self.gsd_m <= 100 or not 1 <= self.megapixels <= 10_000:
            raise ConfigError(
                f"[export.map] gsd_m is {self.gsd_m} and megapixels {self.megapixels}, "
                "want more than 0 up to 100, and 1 to 10000"
            )


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """What the products are made like; further sections below."""

    stale_months: int = field(
        default=18,
        metadata=key(
            "Months after the flight at which NOT SEEN IN PHOTO becomes NOT "
            "ASSESSED in every product. The reason is then imagery_too_old."
        ),
    )
    review_months: int = field(
        default=12, metadata=key("Months after the flight at which a row is due for review.")
    )
    crs: str = field(
        default="",
        metadata=key('CRS of the layers, such as "EPSG:2248"; "" means the CRS of the parcels.'),
    )
    also_crs: tuple[str, ...] = field(
        default=(),
        metadata=key(
            "Further CRSs: each gets its own shapefile pack in a folder such as fire/epsg_4326."
        ),
    )
    as_of: str = field(
        default="",
        metadata=key('Day against which rows age, YYYY-MM-DD; "" means the day of the export.'),
    )
    priority: PrioritySettings = field(
        default_factory=PrioritySettings, metadata=key("[export.priority].")
    )
    dispatch: DispatchSettings = field(
        default_factory=DispatchSettings, metadata=key("[export.dispatch].")
    )
    visits: VisitSettings = field(default_factory=VisitSettings, metadata=key("[export.visits]."))
    plan: PlanSettings = field(default_factory=PlanSettings, metadata=key("[export.plan]."))
    map: MapSettings = field(default_factory=MapSettings, metadata=key("[export.map]."))
    fires: FireFile | None = field(default=None, metadata=key("[export.fires]."))

    def __post_init__(self) -> None:
        """Check ranges, the day and the CRSs."""
        if self.fires and self.dispatch.width < LEAST_FIRE_WIDTH:
            raise ConfigError(
                f"[export.dispatch] width is {self.dispatch.width}, want {LEAST_FIRE_WIDTH} or "
                "more beside [export.fires]: hazard words, fire and REVIEW DUE must fit"
            )

        for name in ("stale_months", "review_months"):
            months = getattr(self, name)
            if not 1 <= months <= 1200:
                raise ConfigError(f"[export] {name} is {months}, want 1 to 1200")

        self._check_day()
        self._check_crs()

    def _check_day(self) -> None:
        try:
            day = date.fromisoformat(self.as_of or "2000-01-01")
        except ValueError as error:
            raise ConfigError(f"[export] as_of is {self.as_of!r}, want YYYY-MM-DD") from error

        if not 1900 <= day.year < 2200:
            raise ConfigError(f"[export] as_of is {self.as_of!r}, want a day from 1900 to 2199")

    def _check_crs(self) -> None:
        known: list[CRS] = []
        for text in (self.crs, *self.also_crs):
            if not text:
                continue

            crs = _flat_crs(text)
            if crs in known:
                raise ConfigError(
                    f"[export] crs and also_crs name {crs.name} twice, want every CRS once"
                )
            known.append(crs)


def _flat_crs(text: str) -> CRS:
    """Read a CRS in which layers can be written: east and north, or longitude and latitude."""
    try:
        crs = CRS.from_user_input(text)
    except CRSError as error:
        raise ConfigError(f"[export] crs is {text!r}, want a CRS such as EPSG:2248") from error

    is_flat = len(crs.axis_info) == 2 and (crs.is_projected or crs.is_geographic)
    if not is_flat:
        raise ConfigError(
            f"[export] crs is {text!r} ({crs.name}), want a flat one, projected or longitude and "
            "latitude, such as EPSG:2248"
        )
    return crs
