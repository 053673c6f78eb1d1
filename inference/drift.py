"""Is a flyover like those that the model learned from: GO, CAUTION or STOP.

The chips of a flyover are compared with the training flyovers that the model carries. No label is
needed, and nothing is read here. Each sign is judged by itself, and the worst one decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inference.estimated import EstimatedFigures
from inference.expected import Expected
from models.flyover_stats import FlyoverStats
from models.share import Share


class Grade(StrEnum):
    """What a sign says, best first."""

    GO = "GO"
    CAUTION = "CAUTION"
    STOP = "STOP"


ORDER = tuple(Grade)
MEANING = {
    Grade.GO: "This flyover is like those that the model learned from.",
    Grade.CAUTION: (
        "Something about this flyover is not as it was in training. Use the list, but do not quote "
        "how good the model was found to be."
    ),
    Grade.STOP: (
        "This flyover is too different from those that the model learned from. No roof is called "
        "LIKELY. Look at roofs of this flyover and train with them."
    ),
}
"""What each verdict means for people."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where a sign turns; a value at or above a limit has that grade."""

    caution: float
    """From here on CAUTION."""
    stop: float = float("inf")
    """From here on STOP; never below `caution`."""

    def __post_init__(self) -> None:
        """Check their order."""
        if not self.caution <= self.stop:
            raise ValueError(f"caution is {self.caution} and stop {self.stop}; want them in order")

    def grade(self, beyond: float) -> Grade:
        """Return the grade of how far a value lies beyond what was seen in training."""
        if beyond >= self.stop:
            return Grade.STOP
        return Grade.CAUTION if beyond >= self.caution else Grade.GO


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One thing in which a flyover may differ from the training flyovers."""

    name: str
    """Plain name, such as "sharpness"."""
    value: float
    """Of this flyover, in `unit`."""
    unit: str
    """Unit of the value, in words."""
    seen: tuple[float, ...]
    """The same of each training flyover, in their order; empty where there is no such value."""
    grade: Grade
    """What it says."""
    text: str
    """One sentence for people: what was found, and what was seen in training."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Whether a flyover is like those that the model learned from."""

    year: int
    """Year of the flyover."""
    model: str
    """Label of the model, such as "demo-city-roof/1"."""
    trained_on: tuple[int, ...]
    """Years of the training flyovers."""
    chips: int
    """Chips of this flyover."""
    signs: tuple[Sign, ...]
    """All signs that could be measured, in a fixed order."""
    share: Share
    """Estimated share failing."""
    expected: Expected
    """Failing roofs that are expected."""
    figures: EstimatedFigures | None = None
    """What the list is worth if the scores hold; None where nothing was scored."""

    @property
    def grade(self) -> Grade:
        """Return the worst grade of all signs."""
        return worst(sign.grade for sign in self.signs)

    @property
    def flagged(self) -> tuple[Sign, ...]:
        """Return the signs that are not GO, worst first."""
        found = [sign for sign in self.signs if sign.grade != Grade.GO]
        found.sort(key=lambda sign: ORDER.index(sign.grade), reverse=True)
        return tuple(found)

    @property
    def held_back(self) -> str:
        """Say why no roof may be called LIKELY; "" where it may."""
        if self.grade == Grade.STOP:
            stops = [sign.name for sign in self.flagged if sign.grade == Grade.STOP]
            return f"the flyover is too different from those learned from: {', '.join(stops)}"
        return self.share.doubt

    @property
    def note(self) -> str:
        """Return what every product of the year says; "" on GO."""
        if self.grade == Grade.GO:
            return ""
        names = [sign.name for sign in self.flagged]
        return (
            f"{self.grade.value} ({', '.join(names)}): how good the model is on the photos of "
            f"{self.year} is not known."
        )


@dataclass(frozen=True, kw_only=True)
class KnownRoofs:
    """Scored roofs whose latest earlier label says that they fail."""

    roofs: int
    """How many."""
    called: int
    """How many of these an even bet calls failing in this flyover."""

    def __post_init__(self) -> None:
        """Check that the second is a part of the first."""
        if not 0 <= self.called <= self.roofs:
            raise ValueError(f"{self.called} of {self.roofs} known roofs; want a part of them")


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What a flyover and its scores show, beside those that were learned from."""

    stats: FlyoverStats
    """Of this flyover, over measures and features."""
    flyovers: tuple[FlyoverStats, ...]
    """Of the training flyovers."""
    share: Share
    """Estimated share failing."""
    called: float
    """Share of roofs that an even bet calls failing; NaN without scored roofs."""
    hits: tuple[float, ...]
    """The same of the failing roofs of each flyover that was left out in training."""
    alarms: tuple[float, ...]
    """The same of the intact roofs."""
    gsd_m: float
    """Coarsest ground sample distance of the flyover, meters."""
    wanted_gsd_m: float
    """Ground sample distance of the chips, meters."""
    shift_m: float
    """Largest displacement of a tile that was left as it is, meters."""
    most_shift_m: float
    """Displacement that is allowed, meters."""
    agreement: float
    """Rank correlation of the measures' and the joined scores; NaN where it is not known."""
    known: KnownRoofs | None = None
    """Roofs that people found failing before; None where nobody has looked."""

    @property
    def roofs(self) -> int:
        """Return the number of chips."""
        return self.stats.chips


def worst(grades: Iterable[Grade]) -> Grade:
    """Return the worst grade; GO where there is none."""
    return max(grades, key=ORDER.index, default=Grade.GO)
