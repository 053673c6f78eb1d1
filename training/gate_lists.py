"""The lists of a whole flyover as two versions make them: who enters, who leaves, how long."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from imagery.troubles import name_few
from inference.hazard import HazardWord
from models.share import Share

LIKELY = HazardWord.LIKELY.value
LISTED = (LIKELY, HazardWord.POSSIBLE.value)
MOST_DISTRICTS = 8
"""Districts that a line names; the others are counted together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BothScored:
    """All roofs of a flyover as the candidate and the champion score them."""

    year: int
    """Year of the flyover."""
    roofs: pd.DataFrame
    """One row a roof: parcel_id, district ("" if unknown), score, word, score_champion,
    word_champion."""
    held_out: pd.DataFrame
    """What both say with the roof's block left out: parcel_id, score_champion, even_champion (at
    even odds); score and even where the candidate's heads are known by block."""
    share: Share
    """Share failing as the candidate estimates it."""
    share_champion: Share
    """Share failing as the champion estimates it."""

    def __post_init__(self) -> None:
        """Check that the tables are of the same roofs."""
        if set(self.roofs["parcel_id"]) != set(self.held_out["parcel_id"]):
            raise ValueError(f"{self.year}: roofs of two tables differ")

    @property
    def entering(self) -> pd.DataFrame:
        """Return the roofs that become LIKELY."""
        was = self.roofs["word_champion"] == LIKELY
        return self.roofs[(self.roofs["word"] == LIKELY) & ~was]

    @property
    def leaving(self) -> pd.DataFrame:
        """Return the roofs that are no longer LIKELY."""
        was = self.roofs["word_champion"] == LIKELY
        return self.roofs[(self.roofs["word"] != LIKELY) & was]

    def count(self, words: tuple[str, ...], *, champion: bool) -> int:
        """Return how many roofs have one of some words."""
        column = "word_champion" if champion else "word"
        return int(self.roofs[column].isin(words).sum())


def list_lines(both: BothScored) -> list[str]:
    """Say what would change on the list of a flyover."""
    roofs = both.roofs
    before = _lengths(both, champion=True)
    after = _lengths(both, champion=False)
    return [
        f"{both.year}, {len(roofs):,} roofs: LIKELY {before[0]:,} -> {after[0]:,}, LIKELY and "
        f"POSSIBLE {before[1]:,} -> {after[1]:,}, sum of scores "
        f"{roofs['score_champion'].sum():.1f} -> {roofs['score'].sum():.1f}",
        f"  estimated share failing {share_text(both.share_champion)} -> {share_text(both.share)}",
        f"  enter LIKELY: {_moved(both.entering)}",
        f"  leave LIKELY: {_moved(both.leaving)}",
    ]


def list_facts(both: BothScored) -> dict[str, object]:
    """Return the same for programs."""
    before = _lengths(both, champion=True)
    after = _lengths(both, champion=False)
    return {
        "year": both.year,
        "roofs": len(both.roofs),
        "likely": {"champion": before[0], "version": after[0]},
        "listed": {"champion": before[1], "version": after[1]},
        "sum_of_scores": {
            "champion": round(float(both.roofs["score_champion"].sum()), 2),
            "version": round(float(both.roofs["score"].sum()), 2),
        },
        "share_failing": {
            "champion": _share_facts(both.share_champion),
            "version": _share_facts(both.share),
        },
        "enter": sorted(both.entering["parcel_id"]),
        "leave": sorted(both.leaving["parcel_id"]),
        "enter_by_district": _by_district(both.entering),
        "leave_by_district": _by_district(both.leaving),
    }


def share_text(share: Share) -> str:
    """Return an estimated share failing with its interval."""
    return f"{share.used:.1%} ({share.low:.1%} to {share.high:.1%})"


def _share_facts(share: Share) -> dict[str, float]:
    return {"estimate": share.used, "low": share.low, "high": share.high}


def _lengths(both: BothScored, *, champion: bool) -> tuple[int, int]:
    """Return how many roofs are LIKELY, and how many LIKELY or POSSIBLE."""
    return both.count((LIKELY,), champion=champion), both.count(LISTED, champion=champion)


def _moved(roofs: pd.DataFrame) -> str:
    """Say how many roofs move, by district, with examples."""
    if not len(roofs):
        return "none"

    districts = _by_district(roofs)
    named = [f"{name} {count}" for name, count in list(districts.items())[:MOST_DISTRICTS]]
    others = sum(list(districts.values())[MOST_DISTRICTS:])
    named += [f"others {others}"] if others else []
    by_district = f" ({', '.join(named)})" if named else ""
    return f"{len(roofs):,}{by_district}: {name_few(sorted(roofs['parcel_id']), total=len(roofs))}"


def _by_district(roofs: pd.DataFrame) -> dict[str, int]:
    """Return how many roofs move by district, most first; "not known" where some have none.

    Empty where no district is known at all.
    """
    if not (roofs["district"] != "").any():
        return {}
    counts = Counter(name or "not known" for name in roofs["district"])
    return dict(sorted(counts.items(), key=lambda count: (-count[1], count[0])))
