"""Which rows are on the work list: the most urgent ones that each inspection district can visit.

A few visits of every list are drawn at random among the roofs that nothing points to: what they
find says how many open roofs are missed. A row that was visited stays off the list until it is due
for review or a newer photo shows it.
"""

from math import ceil, floor

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_export.table import columns
from gis_export.table.settings import VisitSettings
from gis_export.table.site_states import EXCLUDED
from gis_export.table.symbols import BY_WORD
from inference.hazard import HazardWord
from labels.draws.weights import ON_THE_LIST
from labels.sample import systematic

NO_DISTRICT = "(no district)"
LAST = "\U0010ffff"
"""Sorts behind every name."""
AUDIT = "audit: random"
"""CHOSEN of a visit that was drawn at random among the roofs that were not flagged."""
LISTED = ON_THE_LIST
"""CHOSEN of every other visit."""
CHOSEN = "CHOSEN"
CHANCE = "CHANCE"
_SEED = 14
_NOT_FLAGGED = BY_WORD[HazardWord.NOT_SEEN].code


def by_priority(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows with the highest PRIORITY first, then by RANK, then by PARCEL_ID.

    Rows without a RANK follow those that have one.
    """
    order = [columns.PRIORITY, columns.RANK, columns.PARCEL_ID]
    rows = rows.sort_values(order, ascending=[False, True, True], na_position="last")
    return gpd.GeoDataFrame(rows)


def visited(rows: gpd.GeoDataFrame, settings: VisitSettings) -> pd.Series:
    """Return for every row, in the order of `rows`, whether its district can visit it.

    A parcel with neither geometry nor address is never on the list: nobody would find it.
    """
    in_order = by_priority(gpd.GeoDataFrame(rows[can_be_visited(rows)]))

    # Visits by chance are few, and none of them may fall off the end of the list.
    is_drawn = audit_chances(rows, settings).notna()
    first = is_drawn[in_order.index].sort_values(ascending=False, kind="stable").index
    in_order = gpd.GeoDataFrame(in_order.loc[first])
    place = in_order.groupby(columns.INSP_DIST).cumcount()
    visits = _capacity(rows, settings)
    return pd.Series(place.reindex(rows.index) < visits, index=rows.index, dtype=bool)


def can_be_visited(rows: gpd.GeoDataFrame) -> pd.Series:
    """Return for every row whether somebody may be sent to it.

    A building that is gone or lived in is left out, and so is one that was visited since its photo
    and is not due yet.
    """
    is_open = can_be_found(rows) & rows[columns.NEXT_VISIT].isna()
    return pd.Series(is_open & (rows[columns.STATUS] != EXCLUDED), dtype=bool)


def can_be_found(rows: gpd.GeoDataFrame) -> pd.Series:
    """Return for every row whether somebody would find it: by its outline or its address."""
    has_place = rows.geometry.notna() | (rows[columns.ADDRESS] != "")
    return pd.Series(has_place, dtype=bool)


def visits_of(rows: gpd.GeoDataFrame, settings: VisitSettings) -> gpd.GeoDataFrame:
    """Return the rows on the list, district by district, the most urgent first.

    Rows without a district come last.
    """
    listed = gpd.GeoDataFrame(rows[visited(rows, settings)])
    by_district = by_priority(listed).sort_values(
        columns.INSP_DIST, kind="stable", key=lambda names: names.replace("", LAST)
    )
    return gpd.GeoDataFrame(by_district)


def audit_chances(rows: gpd.GeoDataFrame, settings: VisitSettings) -> pd.Series:
    """Return the chance with which each row was drawn for this list, NaN for those that were not.

    Roofs that somebody has visited since their photo are no longer on it.
    """
    chances = drawn_chances(rows, settings)
    return chances.where(~_is_visited(rows))


def drawn_chances(rows: gpd.GeoDataFrame, settings: VisitSettings) -> pd.Series:
    """Return the chance with which each row was drawn for this list or for an earlier one.

    Scored roofs that the photo does not flag are drawn, every district in proportion. What people
    find changes no draw: the next one begins when all roofs of the last one have been visited, and
    it leaves them out.

    Returns:
        The chance within its draw, NaN for rows that were not drawn.
    """
    chances = pd.Series(np.nan, index=rows.index)
    is_framed = (rows[columns.PHOTO_LVL] == _NOT_FLAGGED) & can_be_found(rows)
    frame = rows[is_framed & (_capacity(rows, settings) > 0)].sort_values(columns.PARCEL_ID)
    most = _audits(rows, settings)
    year = int(rows[columns.YEAR].iloc[0]) if len(rows) else 0

    draw = 1
    while len(frame) and most:
        drawn, chance = _draw(frame, most, settings, seed=(_SEED, year, draw))
        chances[drawn.index] = chance
        if not _is_visited(drawn).all() or not len(drawn):
            return chances
        frame = frame.drop(index=drawn.index)
        draw += 1
    return chances


def audit_note(rows: gpd.GeoDataFrame, settings: VisitSettings) -> str:
    """Say why no visit of a list was drawn at random, "" where one was or nothing is listed."""
    if not visited(rows, settings).any() or audit_chances(rows, settings).notna().any():
        return ""
    told = "No visit of this list was drawn at random"
    lost = "it cannot say how many open roofs are missed"
    if not settings.audit:
        return f"{told}, because [export.visits] audit is 0: {lost}."
    if _audits(rows, settings):
        return f"{told}, because no roof that is not flagged is left to draw: {lost}."
    least = ceil(0.5 / settings.audit)
    return f"{told}, because it has fewer than {least} visits: {lost}. Longer lists have one."


def with_choice(rows: gpd.GeoDataFrame, settings: VisitSettings) -> gpd.GeoDataFrame:
    """Return the rows with CHOSEN and CHANCE as text, "" for rows that nobody was sent to.

    A roof that was drawn stays so when it has been visited.
    """
    is_visit = visited(rows, settings)
    chances = drawn_chances(rows, settings)
    chosen = np.where(chances.notna(), AUDIT, np.where(is_visit, LISTED, ""))
    texts = ["" if pd.isna(chance) else f"{chance:.8g}" for chance in chances]
    return gpd.GeoDataFrame(rows.assign(**{CHOSEN: chosen, CHANCE: texts}))


def _audits(rows: gpd.GeoDataFrame, settings: VisitSettings) -> int:
    """Return how many visits of a list are drawn at random."""
    sizes = rows[can_be_found(rows)].groupby(columns.INSP_DIST).size()
    visits = sum(min(settings.of(str(name)), int(size)) for name, size in sizes.items())
    return floor(settings.audit * visits + 0.5)


def _draw(
    frame: gpd.GeoDataFrame, most: int, settings: VisitSettings, *, seed: tuple[int, ...]
) -> tuple[gpd.GeoDataFrame, float]:
    """Return the rows of one draw and the chance of each; fewer where a district has no room."""
    districts = frame[columns.INSP_DIST].to_numpy(dtype=object)
    for count in range(min(most, len(frame)), 0, -1):
        places = systematic(districts, count, np.random.default_rng(seed))
        drawn = gpd.GeoDataFrame(frame.iloc[places])
        sizes = drawn.groupby(columns.INSP_DIST).size()
        if all(size <= settings.of(str(name)) for name, size in sizes.items()):
            return drawn, count / len(frame)
    return gpd.GeoDataFrame(frame.iloc[:0]), 0.0


def _is_visited(rows: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Tell which rows somebody visited since their photo."""
    pairs = zip(rows[columns.LAST_VISIT], rows[columns.IMG_DATE], strict=True)
    return np.array(
        [not pd.isna(seen) and (pd.isna(flown) or seen >= flown) for seen, flown in pairs], bool
    )


def _capacity(rows: gpd.GeoDataFrame, settings: VisitSettings) -> pd.Series:
    """Return the visits that the district of each row can make."""
    districts = rows[columns.INSP_DIST]
    visits = {name: settings.of(name) for name in districts.unique()}
    return pd.Series(districts.map(visits), index=rows.index)
