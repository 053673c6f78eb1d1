"""What an export is made from, and the city's choices about it."""

from dataclasses import dataclass
from datetime import date

from pyproj import CRS
from pyproj.exceptions import CRSError

from imagery.errors import ConfigError
from imagery.flyover import Flyover
from imagery.parcels import VacantRoll
from imagery.store import ChipStore
from inference.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """The [export] table of the city file."""

    stale_months: int = 18
    """Months after the flight at which NOT SEEN IN PHOTO becomes NOT ASSESSED (imagery_too_old) in every product."""
    review_months: int = 12
    """Months after the flight at which a row is due for review."""
    crs: str = ""
    """CRS of the layers, such as "EPSG:2248"; "" means the CRS of the parcels."""
    as_of: str = ""
    """Day against which rows age, YYYY-MM-DD; "" means the day of the export."""
    dispatch_width: int = 80
    """Characters of the text that dispatch shows."""
    points_confirmed: int = 100
    """Priority points of CONFIRMED."""
    points_likely: int = 60
    """Priority points of LIKELY."""
    points_possible: int = 30
    """Priority points of POSSIBLE."""
    points_not_assessed: int = 20
    """Priority points of NOT ASSESSED: nobody has looked."""
    points_not_seen: int = 0
    """Priority points of NOT SEEN IN PHOTO."""
    points_occupied_side: int = 15
    """Priority points of each side with an occupied attached neighbor."""
    points_worse: int = 20
    """Priority points of a hazard word worse than in the flyover before."""
    map_gsd_m: float = 0.25
    """Finest meters per pixel of the fire map's photo."""
    map_megapixels: int = 150
    """Most pixels of the fire map's photo at its finest; a large city gets a coarser photo."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("stale_months", "review_months", "map_megapixels"):
            if getattr(self, name) < 1:
                raise ConfigError(f"[export] {name} is {getattr(self, name)}, want 1 or more")
        try:
            _ = date.fromisoformat(self.as_of or "2000-01-01")
        except ValueError as error:
            raise ConfigError(f"[export] as_of is {self.as_of!r}, want YYYY-MM-DD") from error
        try:
            _ = CRS.from_user_input(self.crs or "EPSG:4326")
        except CRSError as error:
            raise ConfigError(f"[export] crs is {self.crs!r}, want a CRS such as EPSG:2248") from error
        if self.map_gsd_m <= 0:
            raise ConfigError(f"[export] map_gsd_m is {self.map_gsd_m}, want more than 0")
        if self.dispatch_width < 60:
            raise ConfigError(f"[export] dispatch_width is {self.dispatch_width}, want 60 or more: the words must fit")


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportInputs:
    """Everything one year's products are made from."""

    city: str
    """Name of the city, for titles."""
    year: int
    """Year of the flyover."""
    run_id: str
    """Run that made the ledger."""
    roll: VacantRoll
    """Every vacant parcel once."""
    ledger: Ledger
    """One row for every parcel of the roll."""
    previous: Ledger | None
    """Ledger of the flyover before, None when there was none."""
    flyover: Flyover | None
    """Imagery for the fire map's photo; None leaves the ground plain gray."""
    chips: ChipStore | None
    """This year's chips for the fire map's cards; None leaves the cards without a photo."""
    today: date
    """Day of the export: rows age against it."""
