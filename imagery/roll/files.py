"""The tables a city has: where its parcels, vacancy notices and building outlines are."""

from dataclasses import dataclass, field
from pathlib import Path

from imagery.roll.matching import MIN_MATCHED
from imagery.roll.reach_settings import ReachSettings
from imagery.settings import key
from imagery.values.coded import OCCUPANCY, Codes
from imagery.values.days import check_day_order

DAY_ORDER = (
    "How 03/04/2021 is read where its whole column does not tell: month_first or day_first; "
    '"" leaves such a day empty.'
)
"""Meaning of `day_order`, in every section that has dates."""


@dataclass(frozen=True, kw_only=True)
class ParcelFile:
    """Where the parcels are."""

    path: Path = field(
        metadata=key("Any vector file GDAL reads, or the address of a service (see snapshot.md).")
    )
    id: tuple[str, ...] = field(metadata=key("Id column, or several joined by a blank."))
    layer: str = field(
        default="", metadata=key('Layer or sheet; "" where only one could be meant.')
    )
    block: str = field(
        default="", metadata=key('Column that groups parcels for honest splits; "" derives it.')
    )
    block_grid_m: float = field(
        default=150.0,
        metadata=key(
            "Side of the grid cells used as blocks where there is no block column, meters."
        ),
    )
    address: str = field(default="", metadata=key("Column of the address, as the city spells it."))
    neighborhood: str = field(default="", metadata=key("Column of the neighborhood."))
    fire_district: str = field(
        default="", metadata=key("Column of the fire district, such as a battalion.")
    )
    inspection_district: str = field(
        default="", metadata=key("Column of the district of the housing inspectors.")
    )
    occupied: str = field(
        default="",
        metadata=key(
            "Column that says whether people live there, in words such as Y/N, 1/0, true/false, "
            "Occupied/Vacant or owner/tenant."
        ),
    )
    occupied_values: tuple[str, ...] = field(
        default=(),
        metadata=key('More values of `occupied` that say that people live there, such as "R".'),
    )
    vacant_values: tuple[str, ...] = field(
        default=(),
        metadata=key(
            'More values of `occupied` that say that nobody lives there; "" for an empty cell.'
        ),
    )
    owner_class: str = field(
        default="",
        metadata=key(
            "Column of the kind of owner; kept out of every product of another tier than DATA."
        ),
    )
    reach: ReachSettings | None = field(
        default=None, metadata=key("Parcels without a notice that are looked at.", derived=True)
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the city file names beside the id."""
        named = (
            self.block,
            self.address,
            self.neighborhood,
            self.fire_district,
            self.inspection_district,
            self.occupied,
        )
        return tuple(name for name in named if name)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.block_grid_m >= 1:
            raise ValueError(f"block_grid_m is {self.block_grid_m}, want 1 or more meters")
        _ = self.occupancy

    @property
    def occupancy(self) -> Codes:
        """Return the words of `occupied`."""
        return OCCUPANCY.with_words(yes=self.occupied_values, no=self.vacant_values)


@dataclass(frozen=True, kw_only=True)
class VacantFile:
    """Where the vacancy notices are."""

    path: Path = field(
        metadata=key("CSV, any vector file, or the address of a service (see snapshot.md).")
    )
    id: tuple[str, ...] = field(
        default=(),
        metadata=key(
            "Key column, or several joined by a blank; empty for notices with only a place."
        ),
    )
    layer: str = field(
        default="", metadata=key('Layer or sheet; "" where only one could be meant.')
    )
    notice_date: str = field(default="", metadata=key("Column of the day of the vacancy notice."))
    day_order: str = field(default="", metadata=key(DAY_ORDER))
    lon: str = field(default="", metadata=key("Column of the longitude, degrees."))
    lat: str = field(default="", metadata=key("Column of the latitude, degrees."))
    location: str = field(
        default="",
        metadata=key(
            'Column of text such as "(39.30, -76.65)": latitude, longitude in degrees, or '
            '"POINT (-76.65 39.30)": longitude, latitude.'
        ),
    )
    min_matched: float = field(
        default=MIN_MATCHED,
        metadata=key(
            "Share of the notices, of the labels and of the footprints that must match a parcel; "
            "below it `check` says FIX FIRST."
        ),
    )
    max_change: float = field(
        default=0.3,
        metadata=key(
            "Share by which the roll may grow or shrink since the year before; more is FIX FIRST."
        ),
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the city file names beside the id."""
        named = (self.notice_date, self.lon, self.lat, self.location)
        return tuple(name for name in named if name)

    def __post_init__(self) -> None:
        """Check the order of month and day, and the ranges of the shares."""
        check_day_order(self.day_order)
        if not self.max_change >= 0:
            raise ValueError(f"max_change is {self.max_change}, want a share of 0 or more")
        if not 0 <= self.min_matched <= 1:
            raise ValueError(f"min_matched is {self.min_matched}, want 0 to 1")


@dataclass(frozen=True, kw_only=True)
class FootprintFile:
    """Where the building outlines are."""

    path: Path = field(
        metadata=key("Any vector file GDAL reads, or the address of a service (see snapshot.md).")
    )
    layer: str = field(
        default="", metadata=key('Layer or sheet; "" where only one could be meant.')
    )
