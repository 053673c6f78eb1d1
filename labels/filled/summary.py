"""What a file of findings came to, in words and counts. No file is opened."""

from collections import Counter
from collections.abc import Sequence

from labels.choices import DISPOSITIONS
from labels.look import CANNOT_TELL, Look

OPEN = "open or failing"
SOUND = "sound"
NOT_TOLD = "could not tell"
NOT_SAID = "nothing said of the roof"
_LABELS = {choice.name: choice.label for choice in DISPOSITIONS}
_UNSEEN = ("no_access", "razed", "occupied", "duplicate")
"""Dispositions that are counted where no share of the roof was told."""
_ORDER = (OPEN, SOUND, *(_LABELS[name] for name in _UNSEEN), NOT_TOLD, NOT_SAID)


def count_looks(looks: Sequence[Look], *, threshold: float) -> dict[str, int]:
    """Return how many visits came to what, each visit once."""
    counts = Counter(_outcome(look, threshold) for look in looks)
    return {name: counts[name] for name in _ORDER if counts[name]}


def _outcome(look: Look, threshold: float) -> str:
    is_failing = look.is_failing(threshold)
    if is_failing is not None:
        return OPEN if is_failing else SOUND
    if look.disposition in _UNSEEN:
        return _LABELS[look.disposition]
    return NOT_TOLD if look.roof == CANNOT_TELL else NOT_SAID


def summary(looks: Sequence[Look], problems: int, *, threshold: float) -> str:
    """Say it in one line.

    >>> summary((), 1, threshold=10)
    '0 visits; 1 row needs you'
    """
    counts = count_looks(looks, threshold=threshold)
    visits = numbered(len(looks), "visit")
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    rows = f"{numbered(problems, 'row')} {'needs' if problems == 1 else 'need'} you"
    return f"{visits}: {parts}; {rows}" if parts else f"{visits}; {rows}"


def numbered(count: int, noun: str) -> str:
    """Return a number with its noun, such as "1 row" and "2 rows"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
