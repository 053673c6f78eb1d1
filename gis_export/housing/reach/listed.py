"""Which parcels without a notice are on the list, in which order, and what speaks against each.

The strongest of each district come first. A parcel of which something speaks against a vacant
building is marked and comes after the others of its district. It is not left out: the city's own
data are often old.
"""

import numpy as np
import pandas as pd

from gis_export.table.audited import roof_answers
from gis_export.table.reach_inputs import ReachInputs
from imagery.chips.bare_lots import IN_DOUBT
from labels.draws.weights import REACH, REACH_RANDOM
from labels.sample import systematic

STATE = "STATE"
AGAINST = "AGAINST"
RANK = "RANK_DIST"
CHOSEN = "CHOSEN"
CHANCE = "CHANCE"
FOUND = "found failing on site, has no notice yet"
"""STATE of a parcel that people visited."""
SUGGESTED = "photo suggests a failing roof, not checked"
"""STATE of a parcel that is on the list for its photo."""
DRAWN = "drawn at random, the photo is not the reason"
"""STATE of a parcel that says what the list misses."""
STATES = (FOUND, SUGGESTED, DRAWN)
_NO_PERMIT = frozenset({"", "0", "n", "no", "f", "false", "none", "nan", "null"})
_NO_CANDIDATE = ("occupied", "razed", "duplicate")
"""Dispositions of a parcel that gets no notice, whether or not its roof could be judged."""
_SEED = 31


def list_parcels(reach: ReachInputs) -> pd.DataFrame:
    """Return the list, by district: found failing, suggested, drawn, suggested but marked.

    Returns:
        The columns of `inference.reach.ReachLedger`, and STATE, AGAINST, RANK_DIST (1 is the first
        that the photo suggests in its district, NA for all others), CHOSEN and CHANCE (text).
    """
    scored = reach.ledger.scored
    scored = scored.assign(**{AGAINST: against(scored)})
    found, settled = _visited(reach)
    drawn = draw(scored, reach)

    is_found = scored["parcel_id"].isin(found)
    is_open = ~is_found & ~scored["parcel_id"].isin(settled)
    is_suggested = strongest(scored[is_open & drawn.isna()], reach).reindex(
        scored.index, fill_value=False
    )
    is_drawn = is_open & drawn.notna()
    state = np.select([is_found, is_suggested, is_drawn], STATES, default="")

    listed = scored.assign(**{STATE: state})
    listed[CHOSEN] = listed[STATE].map({SUGGESTED: REACH, DRAWN: REACH_RANDOM}).fillna("")
    chances = drawn.where(is_drawn)
    listed[CHANCE] = ["" if pd.isna(chance) else f"{chance:.8g}" for chance in chances]
    listed = _in_order(listed[state != ""])
    place = listed[listed[STATE] == SUGGESTED].groupby("district").cumcount() + 1
    return listed.assign(**{RANK: place.reindex(listed.index).astype("Int32")})


def _visited(reach: ReachInputs) -> tuple[set[str], set[str]]:
    """Return the parcels that were found failing, and those that nobody need visit this year.

    A roof that was found failing stays so until a later visit says something else.
    """
    year = reach.ledger.year
    looks = reach.looks[reach.looks["year"] <= year]
    ever = roof_answers(looks.assign(year=year), year=year)
    now = roof_answers(looks, year=year)
    is_gone = (looks["year"] == year) & looks["disposition"].isin(_NO_CANDIDATE)
    settled = {*now.loc[now["answer"] != "", "parcel_id"], *looks.loc[is_gone, "parcel_id"]}
    return set(ever.loc[ever["answer"] == "Y", "parcel_id"]), settled


def _in_order(listed: pd.DataFrame) -> pd.DataFrame:
    """Return rows by district, those without one last; see `list_parcels`."""
    group = listed[STATE].map({FOUND: 0, SUGGESTED: 1, DRAWN: 2})
    group = group.mask((listed[STATE] == SUGGESTED) & (listed[AGAINST] != ""), 3)
    order = listed.assign(is_nowhere=listed["district"] == "", group=group)
    order = order.sort_values(["is_nowhere", "district", "group", "rank"])
    return listed.loc[order.index].reset_index(drop=True)


def against(scored: pd.DataFrame) -> list[str]:
    """Say of each parcel what speaks against a vacant building, "" where nothing is known to."""
    found = []
    columns = (scored["occupied"], scored["permit"], scored["outline"], scored["note"])
    for occupied, permit, outline, note in zip(*columns, strict=True):
        parts = (
            "occupied by the city's own data" if occupied == "Y" else "",
            f"permit: {permit}" if str(permit).strip().casefold() not in _NO_PERMIT else "",
            "no building outline on the parcel" if outline == "N" else "",
            note if note == IN_DOUBT else "",
        )
        found.append("; ".join(part for part in parts if part))
    return found


def strongest(scored: pd.DataFrame, reach: ReachInputs) -> pd.Series:
    """Tell which parcels are the strongest of their district, marked ones counted apart.

    Args:
        scored: The strongest first, with AGAINST.
        reach: How many of each district.
    """
    flagged = scored[scored["suggests"] == "Y"]
    groups = [flagged["district"], flagged[AGAINST] != ""]
    place = flagged.groupby(groups).cumcount()
    most = reach.settings.per_district
    return pd.Series(place.reindex(scored.index) < most, dtype=bool)


def draw(scored: pd.DataFrame, reach: ReachInputs) -> pd.Series:
    """Return the chance with which each parcel was drawn, NaN for those that were not.

    Scored parcels that the photos alone would not put on the list are drawn, every district in
    proportion. What people find changes no draw.
    """
    chances = pd.Series(np.nan, index=scored.index)
    frame = scored[~strongest(scored, reach)].sort_values("parcel_id")
    count = min(reach.settings.random, len(frame))
    districts = frame["district"].to_numpy(dtype=object)
    rng = np.random.default_rng((_SEED, reach.ledger.year))
    chances[frame.index[systematic(districts, count, rng)]] = count / max(len(frame), 1)
    return chances
