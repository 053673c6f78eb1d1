"""Looks that say the contrary of each other: of one parcel and one day. No file is opened."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from labels.look import Look

GONE = "razed"
_TELL_NOTHING = ("", "razed", "no_access", "duplicate")
"""Dispositions from which nobody learns that a building still stands."""


def find_opposites(
    looks: Sequence[Look], known: Sequence[Look], *, threshold: float
) -> dict[int, Look]:
    """Return the visits that another one of the same parcel and day contradicts.

    Two readers of a photo may differ: that is what the second one is for.

    Args:
        looks: Those of a file.
        known: Those of the book.
        threshold: Percent of the roof at and above which it counts as failing.

    Returns:
        The place of each in `looks`, with the look that contradicts it.
    """
    of_day: dict[tuple[str, date], list[Look]] = defaultdict(list)
    for look in (*looks, *known):
        if look.day is not None and look.on_site:
            of_day[look.parcel_id, look.day].append(look)

    found: dict[int, Look] = {}
    for place, look in enumerate(looks):
        if look.day is None or not look.on_site:
            continue
        for other in of_day[look.parcel_id, look.day]:
            if are_opposite(look, other, threshold=threshold):
                found.setdefault(place, other)
    return found


def are_opposite(first: Look, second: Look, *, threshold: float) -> bool:
    """Tell whether two looks cannot both be so."""
    failing = {first.is_failing(threshold), second.is_failing(threshold)}
    if failing == {True, False}:
        return True
    is_gone = {first.disposition == GONE, second.disposition == GONE}
    return is_gone == {True, False} and (_stands(first) or _stands(second))


def _stands(look: Look) -> bool:
    """Tell whether somebody saw the building stand."""
    return look.roof_pct is not None or look.disposition not in _TELL_NOTHING
