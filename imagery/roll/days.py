"""Days as cities write them. No file is opened."""

from datetime import date

import numpy as np
import pandas as pd

from imagery.roll.texts import CONTROLS
from imagery.roll.troubles import Trouble, shown

FIRST_YEAR = 1900
"""A day or a label of an earlier year is a mistake."""

_DAY = r"^\s*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4})"


def read_days(texts: pd.Series) -> pd.Series:
    """Return days without time; NaT where no day from 1900 to next year can be read."""
    start = texts.str.extract(_DAY, expand=False)
    # pandas reads "now" and "today" as days too.
    is_written = texts.str.contains(r"\d") & ~texts.str.contains(CONTROLS)
    candidates = start.where(start.notna(), texts.where(is_written, ""))
    days = pd.to_datetime(candidates, errors="coerce", format="mixed", utc=True)
    days = days.dt.tz_localize(None)
    return days.where(days.dt.year.between(FIRST_YEAR, date.today().year + 1)).dt.normalize()


def find_bad_days(
    texts: pd.Series, days: pd.Series, names: pd.Series, *, rows: pd.Series
) -> Trouble | None:
    """Return the notices whose date is written but cannot be read, None where there is none."""
    bad = np.flatnonzero(((texts.str.strip() != "") & days.isna()).to_numpy())
    if not len(bad):
        return None

    named = [
        f"row {rows.iloc[place]} {shown(names.iloc[place])} has {shown(texts.iloc[place])}"
        for place in bad
    ]
    return Trouble(
        what="notices with a date that cannot be read",
        examples=tuple(named),
        remedy=f"write YYYY-MM-DD, {FIRST_YEAR} to next year; until then the date is empty",
    )
