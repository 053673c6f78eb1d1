"""How much of a city's lists matches a parcel, and what does not. No file is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from imagery.troubles import Trouble, shown, trouble_of

MIN_MATCHED = 0.8
"""Share of a list below which it is taken for that of another city, or wrongly named columns."""
COMPARE_IDS = "compare [parcels] id with [vacant] id"
COMPARE_PLACES = "see that [vacant] lon, lat or location is right, or name [vacant] id"
MATCH_NONE = "that match no parcel"


@dataclass(frozen=True, kw_only=True)
class MatchCount:
    """How much of one list matches a parcel."""

    what: str
    """What the list holds, such as "labels"."""
    matched: int
    """How many match."""
    total: int
    """How many there are."""
    note: str = ""
    """What else should be known, such as how many are of parcels that are not vacant."""

    @property
    def line(self) -> str:
        """Return it in words."""
        words = f"{self.matched:,} of {self.total:,} {self.what} match a parcel"
        return f"{words}; {self.note}" if self.note else words

    def is_below(self, least: float) -> bool:
        """Tell whether less than a share matches."""
        return self.matched < least * self.total - 1e-9


def name_ids(ids: pd.Series, rows: pd.Series) -> list[str]:
    """Return ids with the number of their rows, only the row where an id is empty."""
    pairs = zip(ids, rows, strict=True)
    return [f"{shown(name)} in row {row}" if name.strip() else f"row {row}" for name, row in pairs]


def find_unmatched(
    names: Sequence[str],
    count: MatchCount,
    *,
    least: float = MIN_MATCHED,
    remedy: str = COMPARE_IDS,
) -> Trouble | None:
    """Return what matches no parcel, None where all does.

    It is to be fixed first where less than a share of the list matches.

    Args:
        names: What is named of those that do not match; others may be named elsewhere.
        count: How many match.
        least: Share that has to match, `[vacant] min_matched`.
        remedy: What to do about it.
    """
    return trouble_of(
        names,
        what=f"{count.what} {MATCH_NONE} ({count.matched:,} of {count.total:,} match)",
        remedy=remedy,
        is_fix=count.is_below(least),
    )


def find_collisions(
    ids: pd.Series,
    collisions: Mapping[str, tuple[str, ...]],
    *,
    what: str,
    rows: pd.Series,
    is_fix: bool = False,
) -> Trouble | None:
    """Return the ids that fit several ids, None where there is none.

    Args:
        ids: Ids as text.
        collisions: What each of them fits; see `match_ids`.
        what: What they are ids of, such as "notices".
        rows: Number of the row of each in its file.
        is_fix: Whether they have to be fixed first.
    """
    is_odd = ids.isin(list(collisions)).to_numpy(bool)
    if not is_odd.any():
        return None

    named = []
    for name, row in zip(ids[is_odd], rows[is_odd], strict=True):
        others = " or ".join(shown(other) for other in collisions[name][:2])
        named.append(f"{shown(name)} in row {row} (like {others})")
    return Trouble(
        what=f"{what} with an id that fits several ids, used for none of them",
        examples=tuple(dict.fromkeys(named)),
        remedy="spell each id as the parcel file does",
        is_fix=is_fix,
        count=int(is_odd.sum()),
    )
