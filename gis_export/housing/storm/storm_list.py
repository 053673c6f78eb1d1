"""Which roofs to look at again after a storm, people near them first, and why others are not.

On the list is every CONFIRMED or LIKELY roof that somebody can be sent to and that nobody has
looked at since. First come roofs with people near: an occupied attached neighbor, or a place that
the city names, such as a school or a sidewalk. Those of whose neighbors nothing is known come next.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import pandas as pd

from gis_export.housing.storm.places import NearPlace
from gis_export.table import columns
from gis_export.table.site_states import EXCLUDED
from gis_export.table.site_visits import visits_by_parcel
from gis_export.table.symbols import BY_CODE
from gis_export.table.visits import CHANCE, CHOSEN, can_be_found
from inference.hazard import HazardWord
from labels.draws.weights import ON_THE_LIST

NUMBER = "STORM_NO"
"""Place on the list, from 1."""
STORM = "STORM"
"""Day of the storm."""
PEOPLE = "PEOPLE"
"""Whether people are near: one of the three below."""
NEAR = "NEAR"
"""Who is near, in words."""
REASON = "REASON"
"""Why a vacant is not on the list."""
PEOPLE_NEAR = "near"
PEOPLE_UNKNOWN = "not known"
NOBODY_KNOWN = "none known"
_ORDER = (PEOPLE_NEAR, PEOPLE_UNKNOWN, NOBODY_KNOWN)
LOOKED_AT = (HazardWord.CONFIRMED, HazardWord.LIKELY)
"""Words of the roofs on the list."""
_UNKNOWN_SIDE = "U"


@dataclass(frozen=True, kw_only=True, eq=False)
class StormList:
    """The list after one storm."""

    day: date
    """Day of the storm."""
    listed: gpd.GeoDataFrame
    """Rows to look at again, in order, with the columns that this module names."""
    others: pd.DataFrame
    """All other rows of the year, with REASON."""

    @property
    def counts(self) -> dict[str, int]:
        """Return how many are listed by PEOPLE."""
        counts = Counter(self.listed[PEOPLE])
        return {people: counts[people] for people in _ORDER}

    @property
    def reasons(self) -> dict[str, int]:
        """Return how many are not on the list by reason, the most frequent first."""
        return dict(Counter(self.others[REASON]).most_common())


def make_storm_list(
    rows: gpd.GeoDataFrame,
    looks: pd.DataFrame,
    near: Mapping[str, tuple[NearPlace, ...]],
    *,
    day: date,
    year: int,
) -> StormList:
    """Return what to look at again.

    Args:
        rows: The rows of the export, those of razed and occupied buildings too.
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS` at least.
        near: What `near_places` returned.
        day: Day of the storm.
        year: Year of the flyover.
    """
    reasons = _reasons(rows, _looked_since(looks, day, year=year), day)
    is_listed = reasons == ""
    listed = gpd.GeoDataFrame(rows[is_listed])

    places = [near.get(str(parcel), ()) for parcel in listed[columns.PARCEL_ID]]
    sides = listed[columns.OCC_SIDES].astype(str).tolist()
    listed[PEOPLE] = [_people(side, found) for side, found in zip(sides, places, strict=True)]
    listed[NEAR] = [_near_text(side, found) for side, found in zip(sides, places, strict=True)]
    kinds = [_kinds(side, found) for side, found in zip(sides, places, strict=True)]
    listed = _in_order(listed, pd.Series(kinds, index=listed.index))
    listed.insert(0, NUMBER, range(1, len(listed) + 1))

    chosen = {STORM: day, CHOSEN: f"{ON_THE_LIST} after the storm of {day.isoformat()}", CHANCE: ""}
    others = pd.DataFrame(rows[~is_listed]).assign(**{REASON: reasons[~is_listed]})
    return StormList(day=day, listed=gpd.GeoDataFrame(listed.assign(**chosen)), others=others)


def _looked_since(looks: pd.DataFrame, day: date, *, year: int) -> set[str]:
    """Return the parcels of which somebody on site said something since a day."""
    since = set()
    for parcel, visits in visits_by_parcel(looks, until=year).items():
        finding = visits.finding
        is_disputed = visits.contrary_day or visits.open_dispute
        if finding and finding.day and finding.day >= day and not is_disputed:
            since.add(parcel)
    return since


def _reasons(rows: gpd.GeoDataFrame, since: set[str], day: date) -> pd.Series:
    """Return why each row is not on the list, "" for those that are."""
    words = pd.Series(
        [BY_CODE[code].word.value for code in rows[columns.RISK_LVL]], index=rows.index, dtype="str"
    )
    reason = pd.Series("", index=rows.index, dtype=object)
    can_go = can_be_found(rows)
    reason[~can_go] = "neither outline nor address: nobody would find it"
    is_since = rows[columns.PARCEL_ID].isin(since)
    reason[is_since] = f"looked at since {day.isoformat()}"

    is_other = ~words.isin([word.value for word in LOOKED_AT])
    reason[is_other] = words[is_other]
    is_gone = rows[columns.STATUS] == EXCLUDED
    reason[is_gone] = "found " + rows.loc[is_gone, columns.NA_REASON]
    return reason


def _occupied(sides: str) -> list[str]:
    return [side for side in sides.split(",") if side and side != _UNKNOWN_SIDE]


def _people(sides: str, places: tuple[NearPlace, ...]) -> str:
    if _occupied(sides) or places:
        return PEOPLE_NEAR
    return PEOPLE_UNKNOWN if _UNKNOWN_SIDE in sides.split(",") else NOBODY_KNOWN


def _kinds(sides: str, places: tuple[NearPlace, ...]) -> int:
    """Return how many kinds of people are near."""
    return len(places) + bool(_occupied(sides))


def _near_text(sides: str, places: tuple[NearPlace, ...]) -> str:
    occupied = _occupied(sides)
    said = [f"occupied neighbor on side {' and '.join(occupied)}"] if occupied else []
    if _UNKNOWN_SIDE in sides.split(","):
        said.append("neighbors not known on other sides" if occupied else "neighbors not known")
    return "; ".join([*said, *(place.text for place in places)])


def _in_order(listed: gpd.GeoDataFrame, kinds: pd.Series) -> gpd.GeoDataFrame:
    """Return the rows with people near first, then by how many kinds, hazard and priority."""
    codes = [word.value for word in LOOKED_AT]
    keys = pd.DataFrame(
        {
            "people": listed[PEOPLE].map(_ORDER.index),
            "kinds": -kinds,
            "word": listed[columns.RISK_LVL].map(codes.index),
            "priority": -listed[columns.PRIORITY],
            "parcel": listed[columns.PARCEL_ID],
        }
    )
    order = keys.sort_values(list(keys.columns), kind="stable").index
    return gpd.GeoDataFrame(listed.loc[order])
