"""Which parcel each vacancy notice belongs to: by id, then by place. No file is opened."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.roll.keys import match_ids
from imagery.roll.matching import (
    COMPARE_IDS,
    COMPARE_PLACES,
    MatchCount,
    find_collisions,
    find_unmatched,
    name_ids,
)
from imagery.troubles import Trouble, only_troubles, trouble_of
from imagery.values.spreadsheets import changed_in_list, cut_in_parcels, find_changed_ids


@dataclass(frozen=True, kw_only=True, eq=False)
class Joined:
    """The parcel of each notice; every array and series has an entry per notice."""

    lot: pd.Series
    """Place of the parcel, NA where there is none for certain."""
    by_place: int
    """Notices that were joined by their place."""
    collisions: Mapping[str, tuple[str, ...]]
    """Ids that fit several ids; see `match_ids`."""
    is_changed: NDArray[np.bool_]
    """Whether a spreadsheet has changed the id."""
    is_between: NDArray[np.bool_]
    """Whether the place lies in several parcels."""


def join_notices(notices: pd.DataFrame, lots: gpd.GeoDataFrame) -> Joined:
    """Find the parcel of each notice by its id, or else by its place.

    An id that fits several parcels is joined by its place to one of these only.

    Args:
        notices: Columns raw, lon, lat.
        lots: Column parcel_id and outlines, index from 0.
    """
    ids = notices["raw"]
    matches = match_ids(ids, lots["parcel_id"])
    lot = pd.Series(matches.place, index=notices.index, dtype="Int64").replace(-1, pd.NA)

    places = join_by_place(notices[lot.isna()], lots)
    counts = places.index.value_counts()
    is_between = notices.index.isin(counts.index[counts > 1])
    is_meant = [
        name not in matches.collisions or parcel in matches.collisions[name]
        for name, parcel in zip(ids[places.index], lots["parcel_id"].iloc[places], strict=True)
    ]
    certain = places[np.array(is_meant, dtype=bool) & ~places.index.duplicated(keep=False)]
    lot.loc[certain.index] = certain.to_numpy()

    is_found = lot.notna().to_numpy(bool)
    return Joined(
        lot=lot,
        by_place=len(certain),
        collisions=matches.collisions,
        is_changed=changed_in_list(ids, is_found, lots["parcel_id"]),
        is_between=is_between,
    )


def join_by_place(notices: pd.DataFrame, lots: gpd.GeoDataFrame) -> pd.Series:
    """Return the places of the parcels in which a notice's point is, for notices that have one.

    A notice whose point is in several parcels comes several times.

    Args:
        notices: Columns lon and lat, degrees.
        lots: Outlines, index from 0.
    """
    placed = notices[notices["lon"].notna() & notices["lat"].notna()]
    if not len(placed):
        return pd.Series(dtype=np.intp, index=notices.index[:0])

    degrees = gpd.points_from_xy(placed["lon"], placed["lat"])
    points = gpd.GeoSeries(degrees, index=placed.index, crs=4326).to_crs(lots.crs)
    row, lot = lots.sindex.query(points.to_numpy(), predicate="within")
    return pd.Series(lot, index=placed.index[row])


def find_join_troubles(
    notices: pd.DataFrame, joined: Joined, lots: gpd.GeoDataFrame, *, least: float
) -> tuple[Trouble, ...]:
    """Name the notices that belong to no parcel for certain, each once.

    Args:
        notices: Columns row, raw.
        joined: Their parcels.
        lots: Column parcel_id.
        least: Share that has to match, `[vacant] min_matched`.
    """
    is_lost = joined.lot.isna().to_numpy(bool)
    count = MatchCount(what="notices", matched=int((~is_lost).sum()), total=len(notices))
    is_few = count.is_below(least)
    ids = notices["raw"]
    rows = notices["row"]

    changed = find_changed_ids(ids, joined.is_changed, what="notices", rows=rows)
    rest = is_lost & ~joined.is_changed
    colliding = find_collisions(
        ids[rest], joined.collisions, what="notices", rows=rows[rest], is_fix=is_few
    )
    rest &= ~ids.isin(list(joined.collisions)).to_numpy(bool)
    between = _find_between(notices[rest & joined.is_between], is_fix=is_few)
    rest &= ~joined.is_between
    has_ids = bool((ids.str.strip() != "").any())
    remedy = COMPARE_IDS if has_ids else COMPARE_PLACES
    names = name_ids(ids[rest], rows[rest])
    unmatched = find_unmatched(names, count, least=least, remedy=remedy)
    cut = _find_cut_parcels(lots, ids[is_lost])
    return only_troubles([changed, cut, unmatched, colliding, between])


def _find_between(notices: pd.DataFrame, *, is_fix: bool) -> Trouble | None:
    """Return the notices whose place lies in several parcels, such as units on one outline."""
    return trouble_of(
        name_ids(notices["raw"], notices["row"]),
        what="notices whose place lies in several parcels, and whose id is that of none",
        remedy="give them the id of their parcel",
        is_fix=is_fix,
    )


def _find_cut_parcels(lots: gpd.GeoDataFrame, unmatched: pd.Series) -> Trouble | None:
    """Return the parcels whose ids lost the digits that notices still have."""
    ids = lots["parcel_id"]
    is_cut = cut_in_parcels(ids, unmatched)
    return find_changed_ids(ids, is_cut, what="parcels", rows=None)
