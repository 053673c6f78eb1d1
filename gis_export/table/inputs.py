"""What an export is made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import geopandas as gpd
import pandas as pd

from gis_export.log_head import LogHead
from gis_export.table.reach_inputs import ReachInputs
from imagery.chips.store import ChipStore
from imagery.flyover.flyover import Flyover
from imagery.flyover.tiles import Tile
from imagery.roll.parcels import VacantRoll
from inference.ledger import Ledger
from labels.table.rows import SAID_COLUMNS

LOOK_COLUMNS = (
    "parcel_id",
    "year",
    "date",
    "source",
    "found",
    "failing",
    "roof_pct",
    "on_site",
    *SAID_COLUMNS,
    "chosen",
    "chance",
)
"""What `labels.table.look_table` returns."""


KEPT_ROLL = ("parcel_id", "address", "neighborhood", "inspection_district", "geometry")
"""What is kept of a year's roll."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Year:
    """What an earlier year left."""

    year: int
    """Year of the flyover."""
    flown: date | None
    """Day of the flight, None when not known."""
    ledger: Ledger | None
    """None when the year was never scored."""
    chips: ChipStore | None
    """None when no chips were cut."""
    tiles: Callable[[], tuple[Tile, ...]] = tuple
    """Opens the headers of its imagery, for checksums."""
    roll: gpd.GeoDataFrame | None = None
    """Its roll, columns `KEPT_ROLL`; None when it was not kept."""


@dataclass(frozen=True, kw_only=True)
class ShareFailing:
    """What is known of the share of a flyover's roofs that fail."""

    low: float
    """Lower end of its 90% interval, in [0, 1]."""
    high: float
    """Upper end."""
    looks: int = 0
    """Roofs that people looked at by chance, where the share comes from them; 0: from the scores
    alone."""

    @property
    def sentence(self) -> str:
        """Say it to people."""
        between = f"The share failing at these photos is between {self.low:.0%} and {self.high:.0%}"
        if self.looks:
            return f"{between}, by {self.looks:,} looks by chance."
        return (
            f"{between}, by the scores alone. That is what makes the interval of the finds wide. "
            "Visits narrow it once they are entered (roofwatch findings), and so do thirty looks "
            "by chance at the photos (roofwatch desk, then score)."
        )


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
    flyover: Flyover | None
    """Imagery for maps; None leaves the ground plain gray."""
    chips: ChipStore | None
    """This year's chips; None leaves cards and lists without a photo."""
    tiles: Callable[[], tuple[Tile, ...]] = tuple
    """Opens the headers of this year's imagery, for checksums."""
    earlier: tuple[Year, ...]
    """The years before, latest first."""
    looks: pd.DataFrame
    """What people found and when, columns `LOOK_COLUMNS`; no rows when nobody has looked.

    "failing" is Y, N, or "" when they could not tell, "roof_pct" the open share in percent or NaN,
    "on_site" whether they stood in front of the building, "disposition" a name of
    `labels.choices.DISPOSITIONS`, "sign_posted" and "secured" Y, N or "", "sides" such as "N E",
    "none" or "", "signs" names of `labels.choices.SIGNS`; those that only the book knows are ""
    for rows of a label file."""
    fires: Mapping[str, date] = field(default_factory=dict)
    """Day of the latest fire of each vacant parcel that had one."""
    before: pd.DataFrame | None = None
    """The flyover before as the model of this ledger scores it: columns parcel_id, score,
    score_low, score_high and hazard; None where it was not scored again."""
    models: dict[str, str]
    """sha256 of every model that a ledger names, by its label such as "demo-city-roof/1"."""
    tested: str = ""
    """How good the model was found to be, for the public; "" when nobody has tested it."""
    visited: str = ""
    """What visits found of the roofs by hazard word, for the public; "" when nobody visited."""
    drift: str = ""
    """What every product says of a flyover that differs from those learned from; "" otherwise."""
    borrowed: str = ""
    """Where a borrowed model comes from and what it may not say; "" for the city's own."""
    share: ShareFailing | None = None
    """Share of the roofs that fail; None where the model names none."""
    expected: str = ""
    """How many failing roofs are expected, in one sentence; "" where that is not known."""
    missed: str = ""
    """How many open roofs the list misses at most, in one sentence; "" where nobody checked."""
    reach: ReachInputs | None = None
    """Parcels without a notice, for one list of housing; None where nobody looks at them."""
    log: LogHead | None = None
    """Head of the audit log that seals the ledger; None for a ledger without a seal."""
    today: date
    """Day of the export: rows age against it."""

    @property
    def note(self) -> str:
        """Return what every product says of the photos and of the model; "" where nothing is."""
        return " ".join(text for text in (self.borrowed, self.drift) if text)

    @property
    def run(self) -> str:
        """Return the run that made the ledger, with the head of the log that seals it."""
        return f"{self.run_id}, {self.log.words}" if self.log else self.run_id

    @property
    def foot(self) -> str:
        """Return what stands at the foot of every page: day, run, log, model and verdict."""
        parts = [f"made {self.today.isoformat()}", f"run {self.run}"]
        if self.borrowed:
            parts.append("borrowed model")
        if self.drift:
            parts.append(self.drift.partition(":")[0])
        return "  ·  ".join(parts)

    @property
    def previous(self) -> Ledger | None:
        """Return the latest ledger before this one."""
        return self.year_before.ledger if self.year_before else None

    @property
    def year_before(self) -> Year | None:
        """Return the latest year before that was scored."""
        return next((year for year in self.earlier if year.ledger is not None), None)


def no_looks() -> pd.DataFrame:
    """Return the table of looks when nobody has looked."""
    kinds = {"year": "int64", "roof_pct": "float64", "on_site": "bool", "chance": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "str")) for name in LOOK_COLUMNS})
