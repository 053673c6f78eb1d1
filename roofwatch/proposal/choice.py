"""What a city file could say for one key, and why. No file is opened."""

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One value that a key could have."""

    value: object
    """As the city file has it: text, number, or a list of texts."""
    evidence: str
    """What suggests it, in words."""
    place: int = -1
    """Place in the list from which it was chosen; -1 where there is none."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One key of the city file."""

    key: str
    """Name of the key."""
    candidates: tuple[Candidate, ...] = ()
    """Values that it could have, the best first."""
    doubt: str = ""
    """Why the best one is not certain; "" where it is."""
    missing: str = ""
    """What was looked for, where there is no candidate."""
    is_taken: bool = False
    """Whether somebody decided to take the best one despite the doubt."""

    @property
    def best(self) -> Candidate | None:
        """Return the best candidate, None where there is none."""
        return self.candidates[0] if self.candidates else None

    @property
    def is_written(self) -> bool:
        """Tell whether the file says it, rather than a comment."""
        return bool(self.candidates) and (not self.doubt or self.is_taken)

    def take(self, place: int, why: str) -> "Choice":
        """Return the same with one of the candidates taken.

        Args:
            place: Place of the candidate, from 0.
            why: Who decided, for the comment.
        """
        picked = self.candidates[place]
        others = tuple(other for other in self.candidates if other is not picked)
        picked = replace(picked, evidence=f"{picked.evidence}; {why}")
        return replace(self, candidates=(picked, *others), is_taken=True)


Decide = Callable[[str, Choice], Choice]
"""Decides a doubtful choice of a section: asks, takes the best, or leaves it open."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of the city file."""

    name: str
    """As in brackets, such as "parcels" or "[flyover]" for [[flyover]]."""
    choices: tuple[Choice, ...] = ()
    """Its keys, in the order of the file."""
    notes: tuple[str, ...] = ()
    """Lines above it."""
    needed: tuple[str, ...] = ("path",)
    """Keys without which the section says nothing."""

    @property
    def is_written(self) -> bool:
        """Tell whether the section is more than a comment."""
        by_key = {choice.key: choice for choice in self.choices}
        return all(key in by_key and by_key[key].is_written for key in self.needed)

    def find(self, key: str) -> Choice | None:
        """Return the choice of a key, None where the section has none."""
        return next((choice for choice in self.choices if choice.key == key), None)


def leave_open(section: str, choice: Choice) -> Choice:
    """Leave a doubtful choice as a comment."""
    return choice


def take_best(section: str, choice: Choice) -> Choice:
    """Take the best candidate of a doubtful choice."""
    if not choice.doubt or not choice.candidates or choice.is_taken:
        return choice
    return choice.take(0, "taken by --yes")
