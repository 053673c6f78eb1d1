"""In which order the roofs of a batch are shown, and who gets which."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from labels.desk.answers import Answers, person
from labels.desk.batch import Batch
from labels.sample import UNSURE

HELD_S = 180.0
"""A roof that somebody was shown is theirs for so long, seconds."""


def follow(
    order: Sequence[int], batch: Batch, doubt: Mapping[str, float], fixed: Collection[int]
) -> list[int]:
    """Return the order in which the most doubtful of the unsure roofs come first.

    They change places among themselves. All other roofs keep theirs, above all those at random: the
    first of these are a fair part of the flyover where nobody finishes.

    Args:
        order: Numbers of the roofs.
        batch: The roofs.
        doubt: Distance of each from where LIKELY begins, by parcel.
        fixed: Numbers of those that somebody has seen.
    """
    slots = batch.slots
    is_free = [slots[place].part == UNSURE and place not in fixed for place in order]
    free = [place for place, free in zip(order, is_free, strict=True) if free]
    ranked = iter(sorted(free, key=lambda place: doubt.get(slots[place].parcel_id, float("inf"))))
    return [next(ranked) if free else place for place, free in zip(order, is_free, strict=True)]


@dataclass(kw_only=True, eq=False)
class Held:
    """Which roof each person is looking at now."""

    clock: Callable[[], float] = time.monotonic
    """Seconds."""
    until: dict[int, dict[str, float]] = field(default_factory=dict)
    """When each person's hold ends, by number of the roof."""

    def hold(self, place: int, who: str) -> None:
        """Give a roof to a person, instead of the one they had."""
        for people in self.until.values():
            people.pop(person(who), None)
        self.until.setdefault(place, {})[person(who)] = self.clock() + HELD_S

    def others(self, place: int, who: str) -> set[str]:
        """Return who else is looking at a roof."""
        now = self.clock()
        people = self.until.get(place, {})
        return {name for name, end in people.items() if end > now and name != person(who)}

    def places(self) -> set[int]:
        """Return the roofs that somebody is looking at."""
        now = self.clock()
        return {
            place
            for place, people in self.until.items()
            if any(end > now for end in people.values())
        }


def next_places(order: Sequence[int], answers: Answers, held: Held, who: str) -> list[int]:
    """Return the roofs that wait for a person, in order; none twice for the same person."""
    waiting = []
    for place in order:
        looks = answers.by_place[place]
        if person(who) in looks:
            continue
        busy = held.others(place, who) - set(looks)
        if len(looks) + len(busy) < answers.batch.slots[place].readers:
            waiting.append(place)
    return waiting
