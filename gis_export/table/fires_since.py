"""Which fires nobody has seen the roof since: neither a photo nor a person on site.

A fire never changes a hazard word, up or down. It is said beside it until the roof has been seen.
"""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from gis_export.table import columns
from gis_export.table.aging import as_date
from gis_export.table.inputs import ExportInputs
from gis_export.table.site_visits import ParcelVisits, visits_by_parcel
from gis_export.table.symbols import BY_WORD
from inference.hazard import HazardWord

_NOT_ASSESSED = BY_WORD[HazardWord.NOT_ASSESSED].code


def fires_since(rows: pd.DataFrame, inputs: ExportInputs, *, too_old: str) -> list[date | None]:
    """Return FIRE_DATE of every row: the day of its latest fire, None once the roof was seen.

    What happened on the day of the fire does not count as later.

    Args:
        rows: Columns PARCEL_ID, IMG_DATE, PHOTO_LVL and NA_REASON, before any finding.
        inputs: Fires, looks and day of the export.
        too_old: NA_REASON of a roof that the photo showed, and that has aged.
    """
    fires = {parcel: day for parcel, day in inputs.fires.items() if day <= inputs.today}
    if not fires:
        return [None] * len(rows)

    is_shown = (rows[columns.PHOTO_LVL] != _NOT_ASSESSED) | (rows[columns.NA_REASON] == too_old)
    photos = zip(rows[columns.IMG_DATE], is_shown, strict=True)
    flown = [as_date(day) if shown else None for day, shown in photos]
    looks = inputs.looks[inputs.looks["parcel_id"].isin(list(fires))]
    visits = visits_by_parcel(looks, until=inputs.year)

    days = []
    for parcel, photo in zip(rows[columns.PARCEL_ID], flown, strict=True):
        fire = fires.get(str(parcel))
        seen = [photo, _day_on_site(visits, str(parcel))]
        is_seen = fire is not None and any(day is not None and day > fire for day in seen)
        days.append(None if is_seen else fire)
    return days


def _day_on_site(visits: Mapping[str, ParcelVisits], parcel: str) -> date | None:
    """Return a day on or after which a person surely judged the roof, None for none.

    A visit of which only the year is known was not earlier than the first day of it.
    """
    known = visits.get(parcel)
    if known is None or known.roof is None:
        return None
    return known.roof.day or date(known.roof.year, 1, 1)
