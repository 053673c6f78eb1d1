"""The tables a city has: where its parcels, vacancy notices and building outlines are."""

from dataclasses import dataclass, field
from pathlib import Path

from imagery.settings import key


@dataclass(frozen=True, kw_only=True)
class ParcelFile:
    """Where the parcels are."""

    path: Path = field(metadata=key("Any vector file GDAL reads."))
    id: tuple[str, ...] = field(metadata=key("Id column, or several joined by a blank."))
    layer: str = field(default="", metadata=key('Layer name; "" is the first.'))
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
        metadata=key("Column that says whether people live there: Y/N, 1/0 or true/false."),
    )
    owner_class: str = field(
        default="",
        metadata=key(
            "Column of the kind of owner; kept out of every product of another tier than DATA."
        ),
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.block_grid_m >= 1:
            raise ValueError(f"block_grid_m is {self.block_grid_m}, want 1 or more meters")


@dataclass(frozen=True, kw_only=True)
class VacantFile:
    """Where the vacancy notices are."""

    path: Path = field(metadata=key("CSV or any vector file."))
    id: tuple[str, ...] = field(
        default=(),
        metadata=key(
            "Key column, or several joined by a blank; empty for notices with only a place."
        ),
    )
    layer: str = field(default="", metadata=key('Layer name; "" is the first.'))
    notice_date: str = field(default="", metadata=key("Column of the day of the vacancy notice."))
    lon: str = field(default="", metadata=key("Column of the longitude, degrees."))
    lat: str = field(default="", metadata=key("Column of the latitude, degrees."))
    location: str = field(
        default="",
        metadata=key('Column of text such as "(39.30, -76.65)": latitude, longitude in degrees.'),
    )


@dataclass(frozen=True, kw_only=True)
class FootprintFile:
    """Where the building outlines are."""

    path: Path = field(metadata=key("Any vector file GDAL reads."))
    layer: str = field(default="", metadata=key('Layer name; "" is the first.'))
