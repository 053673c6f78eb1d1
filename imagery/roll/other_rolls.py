"""Parcels that are not vacant as rolls of their own: cut and looked at apart from the vacants.

No file is opened.
"""

from collections.abc import Collection
from dataclasses import replace

import geopandas as gpd

from imagery.roll.parcels import ROLL_COLUMNS, VacantRoll
from imagery.roll.places import WITHOUT_AREA


def roll_of_lots(
    roll: VacantRoll, lots: gpd.GeoDataFrame, further: tuple[str, ...] = ()
) -> VacantRoll:
    """Return some parcels as a roll without a notice.

    Args:
        roll: The vacant roll.
        lots: Some of its `lots`.
        further: Columns of theirs to keep beside `ROLL_COLUMNS`.

    Returns:
        Sorted by id.
    """
    own = lots.assign(notice_date=None, occupied_sides="U", street_sides="")
    own = own.sort_values("parcel_id", ignore_index=True)
    is_flat = own["outline_fault"].isin(WITHOUT_AREA)
    return replace(
        roll,
        table=gpd.GeoDataFrame(own[[*ROLL_COLUMNS, *further]], crs=lots.crs),
        notices=0,
        joined_by_place=0,
        unmatched=(),
        balance=None,
        without_area=tuple(own.loc[is_flat, "parcel_id"]),
        troubles=(),
        lots=None,
    )


def parcels_off_roll(roll: VacantRoll, ids: Collection[str]) -> VacantRoll:
    """Return those of some parcels that are in the parcel file and not on the roll, as a roll."""
    lots = roll.lots
    if lots is None:
        raise ValueError("the roll is no file's")
    is_wanted = lots["parcel_id"].isin(set(ids) - set(roll.table["parcel_id"]))
    return roll_of_lots(roll, lots[is_wanted])
