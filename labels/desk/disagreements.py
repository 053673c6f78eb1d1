"""Roofs of which readers differ, or a reader and the model: to be looked at again."""

from collections.abc import Sequence
from dataclasses import dataclass

from labels.desk.answers import REVIEW, Answers, person
from labels.desk.chips import DeskRoof
from labels.look import Look


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """One roof that a person has answered, and what others say of it."""

    place: int
    """Number of the roof."""
    mine: Look
    """What the person says."""
    others: tuple[Look, ...]
    """What other readers say, where they differ."""
    is_surprise: bool
    """Whether the model says the contrary."""

    @property
    def is_seen_again(self) -> bool:
        """Tell whether the person has looked at it again."""
        return self.mine.reader == REVIEW


def find_disagreements(answers: Answers, roofs: Sequence[DeskRoof], who: str) -> list[Disagreement]:
    """Return the disagreements about roofs that a person has answered, and of no others.

    Whoever has not answered yet hears neither of other readers nor of the model. Roofs that nobody
    has looked at again come first.
    """
    found = []
    for place in answers.places_of(who):
        disagreement = find_disagreement(answers, roofs, place, who)
        if disagreement is not None:
            found.append(disagreement)
    return sorted(found, key=lambda one: (one.is_seen_again, not one.others))


def find_disagreement(
    answers: Answers, roofs: Sequence[DeskRoof], place: int, who: str
) -> Disagreement | None:
    """Return the disagreement about one roof, None where all say the same."""
    looks = answers.by_place[place]
    mine = looks.get(person(who))
    if mine is None:
        return None

    others = tuple(
        look
        for name, look in looks.items()
        if name != person(who) and answers.word(look) != answers.word(mine)
    )
    failing = mine.is_failing(answers.threshold)
    called = roofs[place].called
    is_surprise = None not in (failing, called) and failing != called
    if not others and not is_surprise:
        return None
    return Disagreement(place=place, mine=mine, others=others, is_surprise=is_surprise)
