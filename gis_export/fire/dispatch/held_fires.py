"""Fires that dispatch was told of: they are said until somebody has seen the roof.

A fire that has vanished from the city's table since is kept, and named: a row of dispatch is never
made milder because a file lost a line.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import pandas as pd

from imagery.troubles import Trouble, shown, trouble_of
from imagery.values.formulas import harmless


def with_held_fires(
    fires: Mapping[str, date], state: pd.DataFrame, parcels: Iterable[str]
) -> dict[str, date]:
    """Return the latest fire of each vacant parcel, of the table or as dispatch holds it.

    Args:
        fires: Day of the latest fire in the table, by parcel as the roll spells it.
        state: What dispatch holds, columns `STATE_COLUMNS`.
        parcels: Every parcel of the roll.
    """
    held = _held(state)
    latest = dict(fires)
    for parcel in parcels:
        day = held.get(harmless(parcel))
        if day is not None:
            latest[parcel] = max(day, latest.get(parcel, day))
    return latest


def find_lost_fires(fires: Mapping[str, date], state: pd.DataFrame) -> Trouble | None:
    """Name the parcels that dispatch holds with a fire that the table lacks, None for none."""
    in_table = {harmless(parcel): day for parcel, day in fires.items()}
    held = _held(state).items()
    lost = [parcel for parcel, day in held if in_table.get(parcel, date.min) < day]
    return trouble_of(
        [shown(parcel) for parcel in sorted(lost)],
        what="parcels that dispatch holds with a fire that is gone from the table of fires",
        remedy=(
            "the fire is said until somebody has seen the roof; put it back, correct its id, or "
            "add what a person on site has found since"
        ),
    )


def _held(state: pd.DataFrame) -> dict[str, date]:
    """Return the day of the fire of each row that dispatch holds with one."""
    pairs = zip(state["PARCEL_ID"], state["FIRE_DATE"], strict=True)
    return {parcel: date.fromisoformat(day) for parcel, day in pairs if day}
