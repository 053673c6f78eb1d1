"""Which parcel each vacancy notice belongs to: by key, then by place. No file is opened."""

import geopandas as gpd
import numpy as np
import pandas as pd

from imagery.roll.keys import normalize_keys


def join_by_key(notices: pd.DataFrame, lots: gpd.GeoDataFrame) -> pd.Series:
    """Return the place of each notice's parcel, NA where no parcel has its key.

    The raw key goes before the normalized one.

    Args:
        notices: Column raw.
        lots: Columns parcel_id and parcel_key, index from 0.
    """
    found = pd.Index(lots["parcel_id"]).get_indexer(pd.Index(notices["raw"]))
    rest = np.flatnonzero(found < 0)
    keys = normalize_keys(notices["raw"].iloc[rest])

    # Only parcels with one of these keys are indexed; of several with one key the last counts.
    is_wanted = lots["parcel_key"].isin(keys[keys != ""])
    candidates = lots.loc[is_wanted, "parcel_key"].drop_duplicates(keep="last")
    place = pd.Index(candidates).get_indexer(pd.Index(keys))
    lot = np.append(candidates.index.to_numpy(), -1)  # place -1 is the last
    found[rest] = lot[place]
    return pd.Series(found, index=notices.index, dtype="Int64").replace(-1, pd.NA)


def join_by_place(notices: pd.DataFrame, lots: gpd.GeoDataFrame) -> pd.Series:
    """Return the place of the parcel in which a notice's point is, for notices that have one.

    Args:
        notices: Columns lon and lat, degrees.
        lots: Outlines, index from 0.
    """
    placed = notices[notices["lon"].notna() & notices["lat"].notna()]
    if not len(placed):
        return pd.Series(dtype="Int64")

    degrees = gpd.points_from_xy(placed["lon"], placed["lat"])
    points = gpd.GeoSeries(degrees, index=placed.index, crs=4326).to_crs(lots.crs)
    row, lot = lots.sindex.query(points.to_numpy(), predicate="within")
    found = pd.Series(lot, index=placed.index[row])
    return found[~found.index.duplicated()]
