"""What an intake report is made from."""

from dataclasses import dataclass

from imagery.chips.settings import TileSettings
from imagery.flyover.flyover import Flyover
from imagery.roll.matching import MatchCount
from imagery.roll.parcels import VacantRoll
from imagery.troubles import Trouble


@dataclass(frozen=True, kw_only=True, eq=False)
class IntakeInputs:
    """A city's roll and imagery of one year, as they were delivered."""

    city: str
    """Name of the city."""
    roll: VacantRoll
    """The vacant roll."""
    flyover: Flyover
    """The year's imagery."""
    settings: TileSettings
    """Scale and margin of the chips."""
    shifts: tuple[str, ...] = ()
    """A line for every misaligned tile."""
    matches: tuple[MatchCount, ...] = ()
    """How much of the lists beside the roll matches a parcel, such as labels."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed in the other files of the city, such as its labels."""
    is_service: bool = False
    """Whether the tiles were copied from a service: nothing may be added to them."""
    cores: int = 2
    """Cores that the year's work may use."""
