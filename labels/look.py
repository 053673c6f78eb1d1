"""A look: what one person said of one parcel. No file is opened."""

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import StrEnum

from imagery.values.days import FIRST_YEAR
from labels.choices import DISPOSITIONS, ROOF_OPEN, SIDES, SIGNS, YES_NO, Choice

CANNOT_TELL = "cannot_tell"
"""Name of the answer that the person could not tell."""
CONFUSERS = ("solar", "tarp", "shadow", "tree", "skylight", "other")
"""What a reader took for an open roof at first."""
NOT_OF_THE_PHOTO = ("repaired", "razed", "duplicate")
"""Dispositions of a roof that is no longer, or never was, the one in the photo."""

_BIN_STARTS = (0.0, 0.0, 10.0, 25.0, 50.0, 100.0)
"""Percent at which each bin of `ROOF_OPEN` begins; the second begins above its number."""
_UNSAID = ("said_at", "seconds")
"""Fields that are no part of what was said."""


class Means(StrEnum):
    """How somebody looked."""

    SITE = "site"
    PHOTO = "photo"
    FILE = "file"


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one person said of one parcel."""

    parcel_id: str
    """Id as on the roll."""
    year: int
    """Flyover year that it belongs to."""
    day: date | None = None
    """Day of the look; None where only the year is known."""
    who: str
    """Who looked."""
    source: str
    """Kind of source, as in label files: "inspector", "desk"."""
    means: Means
    """How they looked."""
    photo: str = ""
    """sha256 of the chip that was looked at, "" on site."""
    roof: str = ""
    """Open share of the roof, a name of `ROOF_OPEN`; "" where it was not answered."""
    roof_pct: float | None = None
    """Percent: the number that was said, or else the middle of the bin; None where there is none.

    Where it is not given it is filled in from `roof`."""
    signs: tuple[str, ...] = ()
    """Signs on walls or floors, names of `SIGNS`."""
    secured: str = ""
    """Whether it is secured, a name of `YES_NO` or ""."""
    sides: tuple[str, ...] = ()
    """Occupied sides, names of `SIDES`."""
    sign_posted: str = ""
    """Whether a warning sign is posted, a name of `YES_NO` or ""."""
    disposition: str = ""
    """What happens next, a name of `DISPOSITIONS` or ""."""
    confuser: str = ""
    """What looked like an open roof, of `CONFUSERS` or ""."""
    note: str = ""
    """In their own words."""
    photos: tuple[str, ...] = ()
    """Names or addresses of their photos."""
    chosen: str = ""
    """How the parcel was chosen, "" where it is not known."""
    chance: float | None = None
    """Chance with which it was chosen, above 0 and at most 1; None where it is not known."""
    seconds: float | None = None
    """Time that the answer took, seconds."""
    reader: int = 1
    """First or second reader of the chip."""
    corrects: str = ""
    """`look_id` of the look that this one takes the place of."""
    said_at: datetime
    """When it was entered, UTC."""

    def __post_init__(self) -> None:
        """Check every answer, and fill in the percentage of a bin."""
        self._check_answers()
        if not self.parcel_id.strip():
            raise ValueError("a look has no parcel_id")
        if not FIRST_YEAR <= self.year <= 9999:
            raise ValueError(f"year of a look is {self.year}, want {FIRST_YEAR} to 9999")
        if self.chance is not None and not 0 < self.chance <= 1:
            raise ValueError(f"chance of a look is {self.chance}, want above 0 and at most 1")
        if self.reader < 1:
            raise ValueError(f"reader of a look is {self.reader}, want 1 or more")
        if self.said_at.utcoffset() is None:
            raise ValueError(f"said_at of a look is {self.said_at}, want a time with its zone")

        object.__setattr__(self, "said_at", self.said_at.astimezone(UTC))
        if self.roof_pct is None:
            object.__setattr__(self, "roof_pct", middle_of(self.roof))
        elif bin_of(self.roof_pct) != self.roof:
            raise ValueError(f"roof of a look is {self.roof!r} and {self.roof_pct:g}%, want one")

    def _check_answers(self) -> None:
        _check("roof", (self.roof,), ROOF_OPEN)
        _check("signs", self.signs, SIGNS)
        _check("secured", (self.secured,), YES_NO)
        _check("sides", self.sides, SIDES)
        _check("sign_posted", (self.sign_posted,), YES_NO)
        _check("disposition", (self.disposition,), DISPOSITIONS)
        if self.confuser and self.confuser not in CONFUSERS:
            raise ValueError(f"confuser is {self.confuser!r}, want one of {', '.join(CONFUSERS)}")

    @property
    def look_id(self) -> str:
        """Return the checksum of what was said: the same said twice is one look."""
        said = {
            part.name: _plain(getattr(self, part.name))
            for part in fields(self)
            if part.name not in _UNSAID
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @property
    def on_site(self) -> bool:
        """Tell whether they stood in front of the building."""
        return self.means == Means.SITE

    @property
    def is_of_photo(self) -> bool:
        """Tell whether the roof they saw is the one in the photo."""
        return self.disposition not in NOT_OF_THE_PHOTO

    def is_failing(self, threshold: float) -> bool | None:
        """Tell whether the roof is open from a share on, percent; None where nobody could tell."""
        if self.roof_pct is not None:
            return self.roof_pct >= threshold
        if not self.roof and self.disposition == "no_roof_defect":
            return False
        return None


def middle_of(roof: str) -> float | None:
    """Return the middle of a bin of `ROOF_OPEN` in percent; None for any other answer."""
    for choice in ROOF_OPEN:
        if choice.name == roof and choice.roof_pct.isdigit():
            return float(choice.roof_pct)
    return None


def bin_of(percent: float) -> str:
    """Return the bin of `ROOF_OPEN` that holds a percentage.

    >>> [bin_of(percent) for percent in (0, 0.5, 10, 24.9, 99.5, 100)]
    ['pct_0', 'pct_under_10', 'pct_10_24', 'pct_10_24', 'pct_50_99', 'pct_100']

    Raises:
        ValueError: it is not from 0 to 100.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"open share of the roof is {percent:g}%, want 0 to 100")
    if percent == 0:
        return ROOF_OPEN[0].name

    starts = list(enumerate(_BIN_STARTS))[1:]
    return [ROOF_OPEN[place].name for place, start in starts if percent >= start][-1]


def _check(field: str, names: tuple[str, ...], choices: tuple[Choice, ...]) -> None:
    known = [choice.name for choice in choices]
    for name in names:
        if name and name not in known:
            raise ValueError(f"{field} is {name!r}, want one of {', '.join(known)}")


def _plain(value: object) -> object:
    """Return a value as JSON holds it."""
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
