"""The answers of a batch: who said what of which roof."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from labels.book import Recorded
from labels.desk.agreement import Agreement, measure_agreement
from labels.desk.batch import MOST_READERS, Batch, Slot
from labels.desk.learned import Answered
from labels.look import Look

SOURCE = "desk"
"""Source of every look from the desk."""
REVIEW = MOST_READERS + 1
"""Reader of a look that was given again, knowing what others or the model said."""


def person(who: str) -> str:
    """Return the key of a name: the same person writes it with other capitals."""
    return who.casefold()


@dataclass(kw_only=True, eq=False)
class Answers:
    """What counts of each roof of a batch, by person."""

    batch: Batch
    """The roofs."""
    threshold: float
    """Percent from which on a roof is failing."""
    by_place: list[dict[str, Look]] = field(default_factory=list)
    """The look of each person, the first reader first, by number of the roof."""
    blind: list[dict[str, Look]] = field(default_factory=list)
    """What each said last before they were told what others and the model say."""

    def __post_init__(self) -> None:
        """Make room for every roof."""
        self.by_place = [{} for _ in self.batch.slots]
        self.blind = [{} for _ in self.batch.slots]

    def take(self, history: Iterable[Recorded]) -> None:
        """Take the looks of the batch out of all that the book holds."""
        places = {slot.parcel_id: place for place, slot in enumerate(self.batch.slots)}
        looks = [recorded.look for recorded in history if not recorded.undone_by]
        for look in sorted(looks, key=lambda look: (look.reader, look.said_at)):
            place = places.get(look.parcel_id)
            if place is None or look.source != SOURCE or look.year != self.batch.year:
                continue
            if look.chosen == self.batch.chosen(self.batch.slots[place]):
                self.put(place, look)

    def of(self, place: int, who: str) -> Look | None:
        """Return what a person said of a roof; None where they have not said anything."""
        return self.by_place[place].get(person(who))

    def put(self, place: int, look: Look) -> None:
        """Keep a look, instead of the one of the same person."""
        self.by_place[place][person(look.who)] = look
        if look.reader != REVIEW:
            self.blind[place][person(look.who)] = look

    def others(self, place: int, who: str) -> int:
        """Return how many other people have looked at a roof."""
        return sum(key != person(who) for key in self.by_place[place])

    def reader(self, place: int, who: str) -> int:
        """Return which reader of a roof a person is."""
        mine = self.of(place, who)
        if mine is not None:
            return mine.reader
        return min(len(self.by_place[place]) + 1, MOST_READERS)

    def places_of(self, who: str) -> list[int]:
        """Return the roofs that a person has looked at, in the order in which they did."""
        found = [
            (looks[person(who)].said_at, place)
            for place, looks in enumerate(self.by_place)
            if person(who) in looks
        ]
        return [place for _, place in sorted(found)]

    @property
    def seen(self) -> int:
        """Return how many roofs somebody has looked at."""
        return sum(bool(looks) for looks in self.by_place)

    @property
    def wanted_twice(self) -> int:
        """Return how many roofs still wait for their second reader."""
        pairs = zip(self.batch.slots, self.by_place, strict=True)
        return sum(bool(looks) and len(looks) < slot.readers for slot, looks in pairs)

    @property
    def people(self) -> int:
        """Return how many people have looked."""
        return len({name for looks in self.by_place for name in looks})

    @property
    def failing(self) -> int:
        """Return of how many roofs the first reader says that they are failing."""
        first = [next(iter(looks.values())) for looks in self.by_place if looks]
        return sum(look.is_failing(self.threshold) is True for look in first)

    @property
    def pace_s(self) -> float | None:
        """Return the median time of an answer in seconds; None where it is not known."""
        known = [look.seconds for looks in self.by_place for look in looks.values()]
        seconds = sorted(value for value in known if value)
        return seconds[len(seconds) // 2] if seconds else None

    @property
    def agreement(self) -> Agreement:
        """Return how far the first two readers of a roof agree, before they hear of each other."""
        pairs = []
        for looks in self.blind:
            words = [self.word(look) for look in looks.values()]
            if len(words) > 1:
                pairs.append((words[0], words[1]))
        return measure_agreement(pairs)

    def word(self, look: Look) -> str:
        """Return the kind of an answer, by which readers are compared."""
        if look.disposition:
            return look.disposition
        failing = look.is_failing(self.threshold)
        if failing is None:
            return "cannot tell"
        return "failing" if failing else "not failing"

    def answered(self) -> list[Answered]:
        """Return what can be learned: roofs of which somebody could tell, the last word of each."""
        found = []
        for slot, looks in zip(self.batch.slots, self.by_place, strict=True):
            answered = self._answered(slot, looks)
            if answered is not None:
                found.append(answered)
        return found

    def _answered(self, slot: Slot, looks: dict[str, Look]) -> Answered | None:
        for look in sorted(looks.values(), key=lambda look: look.said_at, reverse=True):
            failing = look.is_failing(self.threshold)
            if failing is not None:
                return Answered(
                    parcel_id=slot.parcel_id,
                    failing=failing,
                    chosen=self.batch.chosen(slot),
                    chance=slot.chance,
                )
        return None
