"""What became of a roof since the flyover before: by one model on both photos, and by intervals.

Two flyovers differ in light, and two models in what they see. So the chips of the flyover before
are scored again by the model of this one. A score surely rose when it rose by more than scores rise
between the two flyovers where nothing happened: most roofs stay as they are, so the spread of all
changes is that of light and chance. What a person found needs no score. Words that two models gave
are never compared.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from imagery.chips.bare_lots import NO_BUILDING
from inference.hazard import HazardWord

_ENOUGH = 30
"""Roofs of both flyovers whose changes tell a spread."""
_WIDTH = 2.576
"""Standard deviations of a 99% interval."""
_MAD_TO_SD = 1.4826
"""Of a normal distribution, whose middle is that of roofs that stay (Hampel 1974)."""

UP = 1
DOWN = -1
Floats = NDArray[np.float64]
Moves = NDArray[np.int64]
"""`UP`, `DOWN` or 0 for each row."""

LISTED = (HazardWord.CONFIRMED.value, HazardWord.LIKELY.value, HazardWord.POSSIBLE.value)
"""Words of roofs that are on the list."""


class Outcome(StrEnum):
    """What became of a roof."""

    NEW = "NEW"
    WORSE = "WORSE"
    SAME = "SAME"
    BETTER = "BETTER IN PHOTO"
    UNSURE = "UNSURE"
    REPAIRED = "REPAIRED"
    RAZED = "RAZED"
    NO_BUILDING = "NO BUILDING SEEN"
    NOT_ASSESSED = "NOT ASSESSED NOW"
    ASSESSED = "ASSESSED NOW"
    NOT_COMPARED = "NOT COMPARED"
    GONE = "GONE FROM ROLL"
    NEW_ON_ROLL = "NEW ON ROLL"


MEANINGS = {
    Outcome.NEW: "not on the list in the photo before, on it now; the score surely rose",
    Outcome.WORSE: "on the list in both photos; the score surely rose",
    Outcome.SAME: "no change that is more than light and chance",
    Outcome.BETTER: "on the list in the photo before, not now; the score surely fell. Nobody "
    "has checked on site",
    Outcome.UNSURE: "on the list in one photo only; light may explain it",
    Outcome.REPAIRED: "a person on site found it repaired",
    Outcome.RAZED: "a person on site found the building gone",
    Outcome.NO_BUILDING: "the photo before shows a building, this one shows none. Nobody has "
    "checked on site",
    Outcome.NOT_ASSESSED: "assessed in the photo before, not in this one",
    Outcome.ASSESSED: "not assessed in the photo before, assessed in this one",
    Outcome.NOT_COMPARED: "this model has not scored the photo before, or neither photo shows it",
    Outcome.GONE: "on the vacant roll then, not now",
    Outcome.NEW_ON_ROLL: "on the vacant roll now, not then",
}
"""What each outcome means, for people."""


class ListReason(StrEnum):
    """Why a roof came onto the list, or left it."""

    SCORE = "score"
    ROLL = "roll"
    FINDINGS = "findings"
    MODEL = "model"
    PHOTO = "photo"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Calibrated scores of roofs in one flyover, by one model."""

    score: Floats
    """In [0, 1], NaN where there is none, (N,)."""
    low: Floats
    """Lower end of the 90% interval, (N,)."""
    high: Floats
    """Upper end, (N,)."""


@dataclass(frozen=True, kw_only=True)
class RoofThen:
    """A roof in the flyover before."""

    level: str
    """Hazard word of that year's products, whatever model gave it."""
    is_scored: bool
    """Whether that year's photo was scored, by any model."""
    word: str
    """Hazard word of that photo by the model of now; "" where it was not scored again."""


@dataclass(frozen=True, kw_only=True)
class RoofNow:
    """A roof in the flyover of now."""

    level: str
    """Hazard word of the products."""
    word: str
    """Hazard word of the photo alone."""
    reason: str
    """Why it was not scored; "" where it was."""
    found: str
    """"razed", "repaired" or "occupied" where a person on site found that since the flyover before;
    "" otherwise."""


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """That a roof came onto the list, or left it."""

    step: str
    """ENTERED or LEFT."""
    reason: ListReason
    """Why."""
    detail: str
    """Why, in words."""


def sure_moves(now: Scores, then: Scores) -> Moves:
    """Return which scores surely rose or fell, (N,).

    With few roofs the spread of all changes says nothing: then the intervals of the two scores
    must not overlap.
    """
    change = _log_odds(now.score) - _log_odds(then.score)
    known = change[~np.isnan(change)]

    if len(known) >= _ENOUGH:
        middle = float(np.median(known))
        spread = _MAD_TO_SD * float(np.median(np.abs(known - middle)))
        is_up = change > middle + _WIDTH * spread
        is_down = change < middle - _WIDTH * spread
    else:
        is_up = now.low > then.high
        is_down = then.low > now.high
    return np.asarray(is_up, np.int64) * UP + np.asarray(is_down, np.int64) * DOWN


def _log_odds(scores: Floats) -> Floats:
    return np.asarray(logit(np.clip(scores, 1e-6, 1 - 1e-6)), np.float64)


def outcome_of(then: RoofThen | None, now: RoofNow | None, moved: int) -> Outcome:
    """Return what became of a roof.

    Args:
        then: The roof in the flyover before; None where it was not on the roll.
        now: The roof now; None where it is not on the roll.
        moved: Whether the score of one model surely moved: `UP`, `DOWN` or 0.
    """
    if now is None:
        return Outcome.GONE
    if then is None:
        return Outcome.NEW_ON_ROLL
    if now.found == "razed":
        return Outcome.RAZED
    if now.found == "repaired":
        return Outcome.REPAIRED
    return _outcome_by_photo(then, now, moved)


def _outcome_by_photo(then: RoofThen, now: RoofNow, moved: int) -> Outcome:
    is_scored = not now.reason
    if then.is_scored and now.reason == NO_BUILDING:
        return Outcome.NO_BUILDING
    if then.is_scored != is_scored:
        return Outcome.ASSESSED if is_scored else Outcome.NOT_ASSESSED
    if not is_scored or not then.word:
        return Outcome.NOT_COMPARED
    return _outcome_by_score(then.word in LISTED, now.word in LISTED, moved)


def _outcome_by_score(was_listed: bool, is_listed: bool, moved: int) -> Outcome:
    if moved == UP and is_listed:
        return Outcome.WORSE if was_listed else Outcome.NEW
    if moved == DOWN and was_listed and not is_listed:
        return Outcome.BETTER
    return Outcome.SAME if was_listed == is_listed else Outcome.UNSURE


def list_change_of(then: RoofThen | None, now: RoofNow | None, moved: int) -> ListChange | None:
    """Return whether a roof came onto the list or left it, and why; None where neither.

    The list is what the products of a year showed: the words of its own model, and of people.

    Args:
        then: The roof in the flyover before; None where it was not on the roll.
        now: The roof now; None where it is not on the roll.
        moved: Whether the score of one model surely moved: `UP`, `DOWN` or 0.
    """
    was_listed = then is not None and then.level in LISTED
    is_listed = now is not None and now.level in LISTED
    if was_listed == is_listed:
        return None

    step = "ENTERED" if is_listed else "LEFT"
    reason, detail = _why(then, now, moved)
    return ListChange(step=step, reason=reason, detail=detail)


def _why(then: RoofThen | None, now: RoofNow | None, moved: int) -> tuple[ListReason, str]:
    if now is None:
        return ListReason.ROLL, "no longer on the vacant roll"
    if then is None:
        return ListReason.ROLL, "new on the vacant roll"
    by_person = _why_person(then, now)
    if by_person:
        return ListReason.FINDINGS, by_person
    if now.reason:
        return ListReason.PHOTO, f"not assessed now: {now.reason.replace('_', ' ')}"
    if not then.is_scored:
        return ListReason.PHOTO, "not assessed in the photo before"
    return _why_score(then, now, moved)


def _why_person(then: RoofThen, now: RoofNow) -> str:
    """Return what a person found that puts a roof on the list or takes it off; "" for nothing."""
    confirmed = HazardWord.CONFIRMED.value
    if now.level == confirmed and now.word not in LISTED:
        return "a person on site found the roof open or failing"
    if now.found and now.level not in LISTED:
        return f"a person on site found it {now.found}"
    if then.level == confirmed:
        return "a later finding took CONFIRMED back, and the photo does not list it"
    return ""


def _why_score(then: RoofThen, now: RoofNow, moved: int) -> tuple[ListReason, str]:
    is_listed = now.word in LISTED
    if not then.word:
        return ListReason.MODEL, "another model than then, which has not scored the photo before"
    if (then.word in LISTED) == is_listed:
        here = "too" if is_listed else "either"
        verb = "lists" if is_listed else "does not list"
        return ListReason.MODEL, f"the model of now {verb} the photo before {here}"

    direction = UP if is_listed else DOWN
    verb = "higher" if is_listed else "lower"
    sure = "surely" if moved == direction else "not surely: light may explain it"
    return ListReason.SCORE, f"one model scores this photo {verb}, {sure}"
