"""What a refit of the head says while people look; how it is made is injected."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from labels.intervals import Interval


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A roof of the batch of which somebody could tell."""

    parcel_id: str
    """Id as on the roll."""
    failing: bool
    """Whether it is open from the threshold of the labels on."""
    chosen: str
    """How it was chosen."""
    chance: float
    """Chance with which it was chosen."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a head that learned from all answers so far says."""

    answers: int
    """Answers of this batch it learned from."""
    labels: int
    """All labels it learned from."""
    seconds: float
    """Time of the refit."""
    doubt: Mapping[str, float]
    """How far each roof of the batch lies from where LIKELY begins, in log odds, by parcel."""
    listed: int
    """Roofs of the flyover that would be LIKELY or POSSIBLE."""
    joined: int
    """Of these, roofs that the list of the model that scored the year does not have."""
    left: int
    """Roofs of that list that are not on this one."""
    precision: Interval | None
    """Share of the list that fails; None while too few looks tell."""
    recall: Interval | None
    """Share of the failing roofs that is on the list; None while too few looks tell."""


Learn = Callable[[Sequence[Answered]], Learned | None]
"""Refits the head; None where the labels do not suffice yet."""
