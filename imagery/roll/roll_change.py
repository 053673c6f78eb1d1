"""How much a roll grew or shrank since the flyover before. No file is opened."""

from collections.abc import Collection
from dataclasses import dataclass

from imagery.troubles import MOST_EXAMPLES, Trouble, shown


@dataclass(frozen=True, kw_only=True)
class EarlierRoll:
    """The roll of an earlier year."""

    year: int
    """Year of its flyover."""
    vacants: int
    """Parcels on it."""
    parcel_ids: frozenset[str] = frozenset()
    """Their ids; none where only the count was kept."""


def find_roll_change(
    now: Collection[str], before: EarlierRoll, *, max_change: float
) -> Trouble | None:
    """Return the change where it is larger than it may be, else None.

    Args:
        now: Ids on the roll of this year.
        before: The roll to compare it with.
        max_change: Largest share by which a roll may grow or shrink.
    """
    difference = abs(len(now) - before.vacants)
    if not before.vacants or difference <= max_change * before.vacants:
        return None

    verb = "shrank" if len(now) < before.vacants else "grew"
    share = difference / before.vacants
    return Trouble(
        what=(
            f"the roll {verb} by {share:.0%} since {before.year} "
            f"(from {before.vacants:,} to {len(now):,} vacants)"
        ),
        examples=_examples(set(now), before),
        remedy=(
            "see that [vacant] path and layer name the whole list of this year; "
            f"if the change is real, raise [vacant] max_change from {max_change:g}"
        ),
        is_fix=True,
        count=difference,
    )


def _examples(now: set[str], before: EarlierRoll) -> tuple[str, ...]:
    """Name the parcels that came or went, as far as that is known."""
    if not before.parcel_ids:
        return (f"{before.vacants:,} vacants in {before.year}",)

    is_smaller = len(now) < before.vacants
    names = before.parcel_ids - now if is_smaller else now - before.parcel_ids
    word = "gone" if is_smaller else "new"
    return tuple(f"{shown(name)} {word}" for name in sorted(names)[:MOST_EXAMPLES])
