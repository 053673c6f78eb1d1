"""How the evaluation page opens: five sentences for people who read nothing else."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from training.figures import LEAST_FAILING, Figures
from training.parts import ALL, Counted, Part
from training.resample import Interval

TEN = 10
TOO_FEW = "too few to say how many of 10"


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """Labels that could not be used."""

    labels: int
    """All labels that say whether a roof fails."""
    without_chip: int
    """Those whose roof could not be assessed in the photo of their year."""


@dataclass(frozen=True, kw_only=True)
class OfTen:
    """A share told as so many of ten."""

    what: str
    """Ten of what."""
    verb: str
    """What some of them are."""
    count: int | None
    """So many; None where it is not known."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What stands first."""

    sentences: tuple[str, ...]
    """Five sentences."""
    picture: tuple[OfTen, ...]
    """Rows of the picture."""


def open_page(
    figures: Figures, whole: Part, parts: Sequence[Part], unseen: Unseen | None
) -> Opening:
    """Return five sentences and what the picture shows.

    Args:
        figures: Of the rung that ships, blocks left out.
        whole: The same, counted over all labels.
        parts: Its figures by flyover, source and place.
        unseen: Labels that could not be used; None where that is not known.
    """
    return Opening(
        sentences=(
            _say_found(figures, whole),
            _say_likely(figures, whole),
            _say_missed(whole),
            say_weakest(parts, whole),
            _say_unseen(unseen),
        ),
        picture=(
            OfTen(what="10 open roofs", verb="on the list", count=_of_ten(whole.found)),
            OfTen(what="10 roofs called LIKELY", verb="open", count=_of_ten(whole.likely)),
        ),
    )


def _say_found(figures: Figures, whole: Part) -> str:
    if whole.found is None or not whole.found.of:
        return "How many of 10 open roofs it finds is not known: no labeled roof is open."
    found = _of_ten(whole.found)
    if found is None:
        return (
            f"Of the labeled roofs that are open the list has {_counted(whole.found)}: {TOO_FEW}."
        )
    between = _between(whole.found, figures.intervals["recall_possible"])
    return f"Of 10 open roofs the list has about {found} {between}."


def _say_likely(figures: Figures, whole: Part) -> str:
    if whole.likely is None or not whole.likely.of:
        return "It calls no labeled roof LIKELY, so nobody can say how many of these are open."
    count = _of_ten(whole.likely)
    if count is None:
        are = "is" if whole.likely.hits == 1 else "are"
        hits = _counted(whole.likely)
        return f"Of the labeled roofs that it calls LIKELY {hits} {are} open: {TOO_FEW}."
    between = _between(whole.likely, figures.intervals["precision_likely"])
    return f"Of 10 roofs that it calls LIKELY about {count} are open {between}."


def _say_missed(whole: Part) -> str:
    if whole.found is None or not whole.found.of:
        return "What it misses is not known either."
    missed = whole.found.of - whole.found.hits
    if not missed:
        return (
            f"It misses none of the {whole.failing:,} labeled roofs that are open, which does not "
            "mean that it misses none of the others."
        )
    return f"It misses {missed:,} of the {whole.failing:,} labeled roofs that are open."


def say_weakest(parts: Sequence[Part], whole: Part) -> str:
    """Say where the list has the smallest share of the open roofs.

    Args:
        parts: Flyovers, sources and places; small ones are left out.
        whole: All labels.
    """
    known = [
        (part, part.found)
        for part in parts
        if part.found and not part.is_small and ALL in (part.flyover, part.source)
    ]
    if not known:
        return (
            f"Where it is weakest is not known: no flyover, source or place has {LEAST_FAILING} "
            "labeled roofs that are open."
        )
    part, found = min(known, key=lambda pair: pair[1].share)
    chance = ""
    if whole.found and found.low <= whole.found.share <= found.high:
        chance = ", which may be chance"
    return (
        f"It is weakest {_place(part)}: there the list has {found.hits:,} of {found.of:,} open "
        f"roofs ({found.low:.0%} to {found.high:.0%}){chance}."
    )


def _place(part: Part) -> str:
    if part.kind:
        return f"in the {part.kind} {part.place}"
    if part.flyover != ALL:
        return f"in the photos of {part.flyover}"
    return f"on labels of the source {part.source}"


def _say_unseen(unseen: Unseen | None) -> str:
    if unseen is None:
        return "How many labeled roofs could not be assessed was not counted."
    if not unseen.without_chip:
        return (
            f"All {unseen.labels:,} labeled roofs could be assessed in their photo; of roofs that "
            "cannot be, nothing is known."
        )
    return (
        f"Not assessed: {unseen.without_chip:,} of {unseen.labels:,} labels are of roofs that the "
        "photo does not show well enough, and no figure here speaks of such roofs."
    )


def _of_ten(counted: Counted | None) -> int | None:
    """Return so many of ten; None where the labels are too few to say."""
    if counted is None or counted.of < LEAST_FAILING:
        return None
    return round(TEN * counted.share)


def _counted(counted: Counted) -> str:
    return f"{counted.hits:,} of {counted.of:,}"


def _between(counted: Counted, interval: Interval) -> str:
    labeled = f"{_counted(counted)} labeled ones"
    low, high = interval
    if math.isnan(low) or math.isnan(high):
        return f"({labeled})"
    return f"({labeled}; 9 times in 10 between {TEN * low:.1f} and {TEN * high:.1f})"
