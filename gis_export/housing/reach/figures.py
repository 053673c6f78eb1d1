"""What the list of parcels without a notice is worth: its own false alarms, and what it misses.

Only visits count that the list sent people to. Nothing of it enters the figures of the work list.
"""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from gis_export.housing.reach.listed import AGAINST, DRAWN, FOUND, STATE, SUGGESTED, list_parcels
from gis_export.table.audited import roof_answers
from gis_export.table.reach_inputs import ReachInputs
from inference.miss_rate import Checked, percent_up
from labels.draws.weights import REACH, REACH_RANDOM


@dataclass(frozen=True, kw_only=True)
class ReachFigures:
    """Counts of one year."""

    parcels: int
    """Parcels without a notice that were looked at."""
    not_scored: dict[str, int]
    """Those that were not scored, by reason."""
    suggests: int
    """Scored ones in which the photo suggests a failing roof."""
    listed: int
    """On the list for their photo, and nothing speaks against."""
    marked: int
    """On the list for their photo, and something speaks against."""
    drawn: int
    """On the list because they were drawn at random."""
    found: int
    """On the list because people found the roof failing."""
    visited: Checked
    """Parcels that the list named for their photo, and that people visited."""
    off_list: Checked
    """Parcels off the list that were drawn at random, and that people visited."""

    @property
    def sentences(self) -> list[str]:
        """Say what visits found; or that there was none."""
        return [_say_visited(self.visited), _say_off_list(self.off_list)]

    @property
    def facts(self) -> dict[str, object]:
        """Return them for reach.json; what nobody knows is null."""
        visited = self.visited
        off_list = self.off_list
        return {
            "parcels": self.parcels,
            "scored": self.parcels - sum(self.not_scored.values()),
            "not_scored": self.not_scored,
            "suggests": self.suggests,
            "list": {
                "suggested": self.listed,
                "marked": self.marked,
                "drawn": self.drawn,
                "found_failing": self.found,
            },
            "visited": {
                "judged": visited.judged,
                "failing": visited.open,
                "false_alarms": visited.judged - visited.open,
                "not_judged": visited.unjudged,
                "share": visited.share if visited.judged else None,
                "least": visited.least if visited.judged else None,
                "most": visited.most if visited.judged else None,
            },
            "off_list": {
                "judged": off_list.judged,
                "failing": off_list.open,
                "not_judged": off_list.unjudged,
                "most": off_list.most if off_list.judged else None,
            },
            "sentences": self.sentences,
        }


def count_reach(reach: ReachInputs) -> ReachFigures:
    """Count a year."""
    table = reach.ledger.table
    reasons = table.loc[table["status"] != "scored", "reason"].value_counts().sort_index()
    listed = list_parcels(reach)
    state = listed[STATE]
    is_marked = listed[AGAINST] != ""
    visits = reach.looks[reach.looks["year"] == reach.ledger.year]
    at_random = set(visits.loc[visits["chosen"] == REACH_RANDOM, "parcel_id"])
    by_photo = set(visits.loc[visits["chosen"] == REACH, "parcel_id"]) - at_random

    return ReachFigures(
        parcels=len(table),
        not_scored={str(reason): int(count) for reason, count in reasons.items()},
        suggests=int((table["suggests"] == "Y").sum()),
        listed=int(((state == SUGGESTED) & ~is_marked).sum()),
        marked=int(((state == SUGGESTED) & is_marked).sum()),
        drawn=int((state == DRAWN).sum()),
        found=int((state == FOUND).sum()),
        visited=_checked(visits, by_photo, year=reach.ledger.year),
        off_list=_checked(visits, at_random, year=reach.ledger.year),
    )


def _checked(visits: pd.DataFrame, parcels: Collection[str], *, year: int) -> Checked:
    """Count what visits say of some parcels; the latest that could judge the roof counts."""
    answers = roof_answers(visits[visits["parcel_id"].isin(parcels)], year=year)["answer"]
    is_judged = answers != ""
    return Checked(
        judged=int(is_judged.sum()),
        open=int((answers == "Y").sum()),
        unjudged=int((~is_judged).sum()),
    )


def _say_visited(checked: Checked) -> str:
    if not checked.judged:
        return (
            "Nobody has judged a roof of the list on site yet, so nobody can say how many of its "
            "parcels are false alarms."
        )
    return (
        f"Of {_parcels(checked.judged)} of the list judged on site {checked.open:,} "
        f"had a failing roof: {checked.share:.0%} (90%: {checked.least:.0%} to "
        f"{checked.most:.0%}). {_false_alarms(checked.judged - checked.open)}{_rest(checked)}"
    )


def _false_alarms(count: int) -> str:
    if not count:
        return "None was a false alarm."
    return (
        f"The other {count:,} were false alarms." if count > 1 else "The other was a false alarm."
    )


def _say_off_list(checked: Checked) -> str:
    if not checked.judged:
        return (
            "Nobody has judged a roof on site that was drawn at random off the list, so nobody can "
            "say how many failing roofs the list misses."
        )
    return (
        f"Of {_parcels(checked.judged)} drawn at random off the list and judged on site "
        f"{checked.open:,} had a failing roof. At most {percent_up(checked.most)} of such parcels "
        f"have one (95%).{_rest(checked)}"
    )


def _rest(checked: Checked) -> str:
    return f" {checked.unjudged:,} more could not be judged." if checked.unjudged else ""


def _parcels(count: int) -> str:
    return "1 parcel" if count == 1 else f"{count:,} parcels"
