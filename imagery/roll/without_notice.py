"""Parcels without a vacancy notice, as a roll of their own: cut and scored apart from the vacants.

No file is opened.
"""

import geopandas as gpd
import pandas as pd

from imagery.errors import InputError
from imagery.roll.lots import KIND
from imagery.roll.other_rolls import roll_of_lots
from imagery.roll.parcels import VacantRoll
from imagery.roll.reach_settings import ReachSettings
from imagery.troubles import name_few, shown

MOST_VALUES = 5
"""Values of a column that a message names."""


def without_notice(roll: VacantRoll, reach: ReachSettings) -> VacantRoll:
    """Return the parcels that [reach] chooses and that are not on the roll.

    A parcel whose notice matched no parcel for certain counts as one without.

    Args:
        roll: The vacant roll, read with [reach].
        reach: Which parcels.

    Returns:
        A roll without a notice: its table has the columns `ROLL_COLUMNS`, occupied (see
        `imagery.values.coded`) and permit (text), sorted by id.

    Raises:
        InputError: a value that no parcel has, or no parcel is left.
    """
    lots = roll.lots
    if lots is None or KIND not in lots:
        raise ValueError("the roll was read without [reach]")

    own = lots[_is_chosen(lots, reach) & ~lots["parcel_id"].isin(roll.table["parcel_id"])]
    if not len(own):
        raise InputError(
            f"[reach]: each of the {len(lots):,} parcels carries a notice or is not chosen; want "
            "at least one without a notice; choose other parcels, or take [reach] out"
        )

    return roll_of_lots(roll, own.assign(fire_district=""), ("occupied", "permit"))


def _is_chosen(lots: gpd.GeoDataFrame, reach: ReachSettings) -> pd.Series:
    """Tell which parcels [reach] chooses, whether they carry a notice or not.

    Raises:
        InputError: no parcel has one of the values.
    """
    if not reach.field:
        return pd.Series(True, index=lots.index)

    kinds = lots[KIND].str.strip().str.casefold()
    wanted = {value.strip().casefold(): value for value in reach.values}
    missing = [value for plain, value in wanted.items() if not (kinds == plain).any()]
    if missing:
        counts = lots[KIND].value_counts()
        have = [f"{shown(name)} ({count:,})" for name, count in counts.head(MOST_VALUES).items()]
        lack = name_few([shown(value) for value in missing], total=len(missing))
        raise InputError(
            f"[reach] values: no parcel has {lack} in {reach.field}; it has "
            f"{name_few(have, total=len(counts), most=MOST_VALUES)}; correct the values"
        )
    return pd.Series(kinds.isin(list(wanted)), dtype=bool)
