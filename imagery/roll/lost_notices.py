"""Notices that match no parcel: what they are called, and their rows on the roll."""

import geopandas as gpd
import numpy as np
import pandas as pd

from imagery.roll.neighbors import UNKNOWN


def rows_without_parcel(joined: pd.DataFrame, lots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a row of the roll for every notice that matches no parcel."""
    lost = joined[joined["lot"].isna()]
    lost = lost.assign(raw=names_of_lost(lost)).drop_duplicates("raw")

    return gpd.GeoDataFrame(
        {
            "parcel_id": lost["raw"],
            "notice_date": lost["notice_date"],
            "occupied_sides": UNKNOWN,
            "street_sides": UNKNOWN,
        },
        geometry=[None] * len(lost),
        crs=lots.crs,
    )


def ids_on_roll(joined: pd.DataFrame, lots: gpd.GeoDataFrame) -> pd.Series:
    """Return the id on the roll of every notice, in the order of the file."""
    is_lost = joined["lot"].isna()
    places = joined.loc[~is_lost, "lot"].to_numpy(dtype=np.intp)
    on_roll = pd.Series(index=joined.index, dtype=object)
    on_roll[~is_lost] = lots["parcel_id"].to_numpy()[places]
    on_roll[is_lost] = names_of_lost(joined[is_lost])
    return on_roll


def names_of_lost(lost: pd.DataFrame) -> pd.Series:
    """Return what notices without parcel are called: by their id, or else by their row."""
    rows = lost["row"].astype(str)
    names = lost["raw"].where(lost["raw"].str.strip() != "", "notice in row " + rows)
    # A spreadsheet, or an empty cell, makes many ids alike: each may be a parcel of its own.
    is_copy = lost["is_unsure"] & lost["raw"].duplicated()
    return names.where(~is_copy, lost["raw"] + " in row " + rows)
