"""The answers of one row: read for certain, compared with each other, or refused with a reason.

No file is opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from imagery.troubles import shown
from labels.choices import DISPOSITIONS, SIGNS, Choice
from labels.filled.questions import (
    DISPOSITION,
    OCCUPIED,
    REACHED,
    ROOF,
    ROOF_PCT,
    SECURED,
    SIDES_OCCUPIED,
    SIGN_POSTED,
    SIGNS_SEEN,
    Question,
)
from labels.filled.words import nearest, read_many, read_one, read_roof
from labels.look import CANNOT_TELL, middle_of

LIVED_IN = "somebody lives in it"
"""Added to the notes where the form says so and the disposition says something else."""
UNSEEN = ("no_access", "razed", "duplicate")
"""Dispositions of a building that nobody saw."""
_ALONE = ("none", "none_seen", CANNOT_TELL)
"""Answers that exclude all others."""
_FAILING_SIGNS = frozenset(
    choice.name for choice in SIGNS if choice.name not in ("none_seen", CANNOT_TELL)
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a row cannot be taken in."""

    reason: str
    """What is wrong, in words."""
    nearest: str = ""
    """What was probably meant, "" where nothing is near."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one row says of a building, as in `labels.look.Look`."""

    roof: str = ""
    """Open share, a name of `ROOF_OPEN`."""
    roof_pct: float | None = None
    """Percent, where a number was said."""
    signs: tuple[str, ...] = ()
    """Signs on walls or floors."""
    secured: str = ""
    """Whether it is secured."""
    sides: tuple[str, ...] = ()
    """Occupied sides."""
    sign_posted: str = ""
    """Whether a sign is posted."""
    disposition: str = ""
    """What happens next."""
    is_lived_in: bool = False
    """Whether somebody lives in it."""
    faults: tuple[Fault, ...] = ()
    """Why the row cannot be taken in; () where it can."""


def read_answers(cells: Mapping[str, str], *, threshold: float) -> Answers:
    """Read the answers of a row.

    Args:
        cells: Text by key of the question; the answers of a question that has a column for each
            are joined by blanks.
        threshold: Percent of the roof at and above which it counts as failing.
    """
    faults: list[Fault] = []
    roof, percent = _roof(cells, faults)
    answers = Answers(
        roof=roof,
        roof_pct=percent,
        signs=_many(cells, SIGNS_SEEN, faults),
        secured=_one(cells, SECURED, faults),
        sides=_many(cells, SIDES_OCCUPIED, faults),
        sign_posted=_one(cells, SIGN_POSTED, faults),
        disposition=_one(cells, DISPOSITION, faults),
        is_lived_in=_one(cells, OCCUPIED, faults) == "yes",
    )
    answers = _joined(answers, reached=_one(cells, REACHED, faults), faults=faults)
    faults += _contradictions(answers, threshold)
    return replace(answers, faults=tuple(faults))


def _roof(cells: Mapping[str, str], faults: list[Fault]) -> tuple[str, float | None]:
    """Read the open share, from the word or else from the number that the form made of it."""
    text = cells.get(ROOF.key, "") or cells.get(ROOF_PCT.key, "")
    if not text:
        return "", None
    roof, percent = read_roof(text)
    if not roof:
        faults.append(_strange(ROOF, text))
    return roof, percent


def _one(cells: Mapping[str, str], question: Question, faults: list[Fault]) -> str:
    text = cells.get(question.key, "")
    answer = read_one(text, question.choices) if text else ""
    if text and not answer:
        faults.append(_strange(question, text))
    return answer


def _many(cells: Mapping[str, str], question: Question, faults: list[Fault]) -> tuple[str, ...]:
    text = cells.get(question.key, "")
    found = read_many(text, question.choices) if text else ()
    if text and not found:
        faults.append(_strange(question, text))
    if len(found) > 1 and set(found) & set(_ALONE):
        reason = f"{question.title} is {shown(text)}: one answer excludes the others"
        faults.append(Fault(reason=reason))
    return found


def _strange(question: Question, text: str) -> Fault:
    """Name a word that is not on the list of its question."""
    labels = [choice.label for choice in question.choices]
    near = nearest(text, labels)
    wanted = "" if near else f": {'; '.join(labels)}"
    reason = f"{question.title} is {shown(text)}, which is not on its list{wanted}"
    return Fault(reason=reason, nearest=near)


def _joined(answers: Answers, *, reached: str, faults: list[Fault]) -> Answers:
    """Join what the form asks twice: whether the building was seen, and whether it is lived in."""
    disposition = answers.disposition
    if reached == "no" and not disposition:
        disposition = "no_access"
    if answers.is_lived_in and not disposition:
        disposition = "occupied"
    if reached == "no" and disposition not in UNSEEN:
        faults.append(_both("the building could not be seen", _label(DISPOSITIONS, disposition)))
    return replace(answers, disposition=disposition)


def _contradictions(answers: Answers, threshold: float) -> list[Fault]:
    """Return what cannot both be so."""
    disposition = answers.disposition
    percent = answers.roof_pct if answers.roof_pct is not None else middle_of(answers.roof)
    if percent is None:
        return []

    said = f"{percent:g}% of the roof open"
    is_failing = percent >= threshold
    has_other_reason = bool(set(answers.signs) & _FAILING_SIGNS)
    is_contrary = (
        disposition in UNSEEN
        or (disposition in ("no_roof_defect", "repaired") and is_failing)
        or (
            disposition == "emergency_demolition_referred" and percent == 0 and not has_other_reason
        )
    )
    return [_both(said, _label(DISPOSITIONS, disposition))] if is_contrary else []


def _both(first: str, second: str) -> Fault:
    return Fault(reason=f'"{first}" and "{second}" contradict each other; correct one of them')


def _label(choices: tuple[Choice, ...], name: str) -> str:
    return next(choice.label for choice in choices if choice.name == name)
