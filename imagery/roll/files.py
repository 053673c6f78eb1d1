"""The tables a city has: where its parcels, vacancy notices and building outlines are."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ParcelFile:
    """Where the parcels are; keys of [parcels] in the city file."""

    path: Path
    """Any vector file GDAL reads."""
    id: tuple[str, ...]
    """Id column, or several joined by a blank."""
    layer: str = ""
    """Layer name; "" is the first."""
    block: str = ""
    """Column that groups parcels for honest splits; "" derives it."""
    block_grid_m: float = 150.0
    """Side of the grid cells used as blocks where there is no block column, meters."""
    address: str = ""
    """Column."""
    neighborhood: str = ""
    """Column."""
    fire_district: str = ""
    """Column."""
    inspection_district: str = ""
    """Column."""
    occupied: str = ""
    """Column of Y/N, 1/0 or true/false."""
    owner_class: str = ""
    """Column; kept out of every product of another tier than DATA."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.block_grid_m >= 1:
            raise ValueError(f"block_grid_m is {self.block_grid_m}, want 1 or more meters")


@dataclass(frozen=True, kw_only=True)
class VacantFile:
    """Where the vacancy notices are; keys of [vacant] in the city file."""

    path: Path
    """CSV or any vector file."""
    id: tuple[str, ...] = ()
    """Key column, or several joined by a blank; empty for notices with only a place."""
    layer: str = ""
    """Layer name; "" is the first."""
    notice_date: str = ""
    """Column."""
    lon: str = ""
    """Column, degrees."""
    lat: str = ""
    """Column, degrees."""
    location: str = ""
    """Column of text such as "(39.30, -76.65)": latitude, longitude in degrees."""


@dataclass(frozen=True, kw_only=True)
class FootprintFile:
    """Where the building outlines are; keys of [footprints] in the city file."""

    path: Path
    """Any vector file GDAL reads."""
    layer: str = ""
    """Layer name; "" is the first."""
