"""What dispatch was told because a person saw it, and that no finding supports any more.

A row says CONFIRMED because a person on site found the roof failing. Only a finding of the same day
or a later one may lower it. Where the finding has vanished from the labels, or no longer matches
its parcel, the row stays as it was delivered, and a person is asked to look at it.
"""

from collections.abc import Collection

import pandas as pd

from gis_export.fire.dispatch.rows import year_seen
from gis_export.table.site_visits import Verdict, visits_by_parcel
from gis_export.table.symbols import BY_WORD
from imagery.troubles import Trouble, shown, trouble_of
from imagery.values.formulas import harmless
from inference.hazard import HazardWord

CONFIRMED = BY_WORD[HazardWord.CONFIRMED].code


def lost_findings(
    state: pd.DataFrame, looks: pd.DataFrame, *, until: int, roll: Collection[str]
) -> frozenset[str]:
    """Return the parcels that dispatch holds as CONFIRMED without a finding that supports it.

    One that has left the roll is none of them: no finding is read of it, and dispatch is asked to
    look at it for that reason.

    Args:
        state: What dispatch holds, columns `STATE_COLUMNS`.
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS`.
        until: Last year that counts.
        roll: Ids of all parcels on the roll.
    """
    on_roll = state["PARCEL_ID"].isin(set(map(harmless, roll)))
    held = state[on_roll & (state["RISK_LVL"] == CONFIRMED)]
    seen = dict(zip(held["PARCEL_ID"], _days_seen(held), strict=True))
    latest = _latest_findings(looks, until=until)

    lost = []
    for parcel, day in seen.items():
        failing, found = latest.get(parcel, ("", ""))
        is_supported = failing == "Y" or (failing == "N" and found >= day)
        if not is_supported:
            lost.append(parcel)
    return frozenset(lost)


def find_lost_findings(lost: frozenset[str]) -> Trouble | None:
    """Name the parcels whose finding is gone, None where there is none."""
    return trouble_of(
        [shown(parcel) for parcel in sorted(lost)],
        what="parcels that dispatch holds as CONFIRMED, and whose finding is gone from the labels",
        remedy=(
            "dispatch keeps them as they are, marked for review; put the labels back, "
            "correct their ids, or add what a person on site has found since"
        ),
    )


def _days_seen(held: pd.DataFrame) -> pd.Series:
    """Return the day of the visit on which each row rests, or the last day of its year."""
    years = held["RISK_TXT"].map(year_seen)
    last = (years + "-12-31").where(years != "", "")
    return held["VER_DATE"].where(held["VER_DATE"] != "", last)


def _latest_findings(looks: pd.DataFrame, *, until: int) -> dict[str, tuple[str, str]]:
    """Return answer and day of the latest finding on site, by parcel as dispatch spells it.

    The answer is Y for an open roof, N for one that is not, or that is gone.
    """
    latest = {}
    for parcel, visits in visits_by_parcel(looks, until=until).items():
        roof = visits.roof
        if roof is not None:
            answer = "Y" if roof.verdict is Verdict.OPEN else "N"
            latest[harmless(parcel)] = (answer, roof.latest.isoformat())
    return latest
