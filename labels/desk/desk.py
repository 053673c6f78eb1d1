"""The desk at work: gives roofs to people, and writes what they say before it says so.

Whatever it knows it finds in the book of looks again: a desk that was killed goes on where it was.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from labels.book import Book, Entry
from labels.desk.answers import REVIEW, SOURCE, Answers, person
from labels.desk.batch import Batch
from labels.desk.chips import DeskRoof
from labels.desk.disagreements import Disagreement, find_disagreement, find_disagreements
from labels.desk.learned import Learn, Learned
from labels.desk.order import Held, follow, next_places
from labels.desk.retraining import Offer, Retraining
from labels.desk.said import BadAnswer, Said
from labels.look import Look, Means

EVERY = 10
"""Answers after which the head is refit."""
AHEAD = 2
"""Roofs whose photos a page may fetch beforehand."""


class Conflict(ValueError):
    """The roof has another answer of this person already."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DeskSetting:
    """What one sitting starts from."""

    batch: Batch
    """The roofs, in the order of the draw."""
    roofs: Sequence[DeskRoof]
    """What is shown of each, in the same order."""
    book: Book
    """Where answers go."""
    threshold: float
    """Percent from which on a roof is failing."""
    day: Callable[[], date]
    """The day of an answer."""
    learn: Learn | None
    """Refits the head; None where there is nothing to learn from."""
    training: Offer | None = None
    """A training that people may start; None where there is none."""


@dataclass(kw_only=True, eq=False)
class Desk:
    """A sitting. Every method may be called from any thread."""

    setting: DeskSetting
    """What it starts from."""
    held: Held = field(default_factory=Held)
    """Who looks at what."""
    answers: Answers = field(init=False)
    """What was said."""
    order: list[int] = field(init=False)
    """Numbers of the roofs as they are shown."""
    history: list[Learned] = field(default_factory=list)
    """Every refit."""
    retraining: Retraining = field(init=False)
    """The trainings that people start."""
    refit_at: int = 0
    """Answers that there were when the last refit began."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _refitting: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Take up what the book holds."""
        batch = self.setting.batch
        if [roof.parcel_id for roof in self.setting.roofs] != [s.parcel_id for s in batch.slots]:
            raise ValueError("the roofs that are shown are not those of the batch")
        self.answers = Answers(batch=batch, threshold=self.setting.threshold)
        self.answers.take(self.setting.book.history())
        self.retraining = Retraining(offer=self.setting.training)
        self.order = list(range(len(batch.slots)))

    def give(self, who: str) -> tuple[int | None, list[int]]:
        """Return the next roof of a person, None where none waits; and those after it."""
        with self._lock:
            waiting = next_places(self.order, self.answers, self.held, who)
            if not waiting:
                return None, []
            self.held.hold(waiting[0], who)
            return waiting[0], waiting[1 : 1 + AHEAD]

    def answer(self, who: str, said: Said) -> Look:
        """Write an answer into the book, then keep it. The same answer twice is one.

        Raises:
            Conflict: the person has said something else of the roof, and does not correct it.
            InputError: the book cannot be written.
        """
        with self._lock:
            mine = self.answers.of(said.place, who)
            known = mine.look_id if mine else ""
            if mine is not None and _is_written(said, mine):
                return mine
            if said.corrects != known:
                raise Conflict("this roof has another answer of yours already; undo to change it")
            if said.is_review and mine is None:
                raise BadAnswer("you have not answered this roof")

            look = self._make_look(who, said)
            self.setting.book.add([look], self._entry(who))
            self.answers.put(said.place, look)
            return look

    def answer_of(self, who: str, place: int) -> Look:
        """Return what a person said of a roof, to be corrected; the roof is theirs again.

        Raises:
            BadAnswer: they have not said anything.
        """
        with self._lock:
            look = self.answers.of(place, who)
            if look is None:
                raise BadAnswer("you have not answered this roof")
            self.held.hold(place, who)
            return look

    def disagreements(self, who: str) -> list[Disagreement]:
        """Return what others or the model see differently, of roofs that a person has answered."""
        with self._lock:
            return find_disagreements(self.answers, self.setting.roofs, who)

    def disagreement(self, who: str, place: int) -> Disagreement | None:
        """Return the same of one roof, None where all say the same."""
        with self._lock:
            return find_disagreement(self.answers, self.setting.roofs, place, who)

    @property
    def must_refit(self) -> bool:
        """Tell whether enough was said since the last refit."""
        return (
            self.setting.learn is not None and self.answers.seen // EVERY > self.refit_at // EVERY
        )

    def refit(self) -> Learned | None:
        """Refit the head, and let the unsure roofs follow it; None while one runs."""
        learn = self.setting.learn
        if learn is None or not self._refitting.acquire(blocking=False):
            return None
        try:
            with self._lock:
                self.refit_at = self.answers.seen
                answered = self.answers.answered()
            learned = learn(answered)
            if learned is not None:
                self._follow(learned)
            return learned
        finally:
            self._refitting.release()

    def _follow(self, learned: Learned) -> None:
        with self._lock:
            seen = {place for place, looks in enumerate(self.answers.by_place) if looks}
            fixed = seen | self.held.places()
            self.order = follow(self.order, self.setting.batch, learned.doubt, fixed)
            self.history.append(learned)

    def _make_look(self, who: str, said: Said) -> Look:
        batch = self.setting.batch
        slot = batch.slots[said.place]
        roof = self.setting.roofs[said.place]
        look = Look(
            parcel_id=slot.parcel_id,
            year=batch.year,
            day=self.setting.day(),
            who=who,
            source=SOURCE,
            means=Means.PHOTO,
            photo=roof.photo,
            roof=said.roof,
            disposition=said.disposition,
            confuser=said.confuser,
            note=said.note,
            chosen=batch.chosen(slot),
            chance=slot.chance,
            seconds=said.seconds,
            reader=REVIEW if said.is_review else self.answers.reader(said.place, who),
            said_at=datetime.now(UTC),
        )
        return replace(look, corrects=said.corrects) if said.corrects else look

    def _entry(self, who: str) -> Entry:
        batch = self.setting.batch
        sitting = f"{batch.sha256} {person(who)}"
        return Entry(
            file=f"desk {batch.year}, draw {batch.draw}, {who}",
            sha256=hashlib.sha256(sitting.encode()).hexdigest(),
            by=who,
            command="desk",
        )


def _is_written(said: Said, mine: Look) -> bool:
    """Tell whether an answer is in the book already: it was sent twice.

    Whoever looks again and stays with their answer says so once more.
    """
    if said.is_review and mine.reader != REVIEW:
        return False
    return said.is_same(mine) and said.corrects in (mine.look_id, mine.corrects)
