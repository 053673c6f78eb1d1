"""What people have said of each roof, in words and with its day: for lists and packets."""

import numpy as np
import pandas as pd

from imagery.roll.parcels import VacantRoll
from labels.files import LabelRows, read_label_rows
from labels.settings import LabelFile

CANNOT_TELL = "could not tell"
NOT_OPEN = "no open roof found"


def read_looks(source: LabelFile, roll: VacantRoll, *, until: int) -> pd.DataFrame:
    """Read every label of a vacant parcel up to a year; see `looks_of`.

    Raises:
        InputError: see `labels.files.read_label_rows`.
    """
    return looks_of(read_label_rows(source, roll), source, until=until)


def looks_of(rows: LabelRows, source: LabelFile, *, until: int) -> pd.DataFrame:
    """Return every label of a vacant parcel up to a year as a look, by parcel and time.

    Returns:
        Columns parcel_id, year, date (text as YYYY-MM-DD, "" where the labels carry none), source,
        found (the label in words), failing (Y, N, "" where they could not tell), roof_pct
        (percent, NaN), on_site (whether the source saw the building on site).
    """
    is_percent = not source.collapsed
    on_site = [name.strip().lower() for name in source.on_site]

    table = pd.DataFrame(
        {
            "parcel_id": rows.parcels.parcel_id,
            "year": rows.year.fillna(0).astype(int),
            "date": rows.day.dt.strftime("%Y-%m-%d").fillna(""),
            "source": rows.source,
            "found": [_describe(number, is_percent=is_percent) for number in rows.number],
            "failing": rows.failing.map({True: "Y", False: "N"}).where(~rows.unclear, ""),
            "roof_pct": rows.number if is_percent else np.nan,
            "on_site": rows.source_key.isin(on_site),
        }
    )
    table = table[rows.on_roll & table["year"].between(1, until)]
    return table.sort_values(["parcel_id", "year", "date"], kind="stable").reset_index(drop=True)


def _describe(number: float, *, is_percent: bool) -> str:
    """Say a label in words."""
    if pd.isna(number):
        return CANNOT_TELL
    if is_percent:
        return f"{number:g}% of the roof open" if number > 0 else NOT_OPEN
    return "roof open or failing" if number >= 0.5 else NOT_OPEN
