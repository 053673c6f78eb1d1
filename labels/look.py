"""What people have said of each roof, in words and with its day: for lists and packets, not for learning."""

import numpy as np
import pandas as pd

from imagery.roll.bad_rows import clean_texts, read_days
from imagery.roll.parcels import VacantRoll
from imagery.roll.tables import normalize_key, read_table, text_column
from labels.files import LabelFile, read_years

CANNOT_TELL = "could not tell"


def read_looks(source: LabelFile, roll: VacantRoll, *, until: int) -> pd.DataFrame:
    """Return every label of a vacant parcel up to a year as a look, by parcel and time.

    Columns parcel_id, year, date (text as YYYY-MM-DD, "" where the labels carry none), source, found (the label in words),
    failing (Y, N, "" where they could not tell), roof_pct (percent, NaN), on_site (whether the source stood before the building).
    """
    raw = read_table(source.path, layer=source.layer, what="labels")
    keys = dict(zip(roll.table["parcel_key"], roll.table["parcel_id"], strict=True))
    column = source.collapsed or source.roof_pct
    values = text_column(raw, (column,), what="[labels]").str.strip()
    numbers = pd.to_numeric(values, errors="coerce")
    who = (
        text_column(raw, (source.source,), what="[labels] source")
        if source.source
        else pd.Series("", index=raw.index)
    )
    who = clean_texts(who)
    table = pd.DataFrame(
        {
            "parcel_id": text_column(raw, source.id, what="[labels] id").map(
                lambda value: keys.get(normalize_key(value), "")
            ),
            "year": read_years(raw, source).fillna(0).astype(int),
            "date": _days(raw, source),
            "source": who,
            "found": [_found(number, percent=not source.collapsed) for number in numbers],
            "failing": (numbers >= (0.5 if source.collapsed else source.threshold))
            .map({True: "Y", False: "N"})
            .where(numbers.notna(), ""),
            "roof_pct": np.nan if source.collapsed else numbers,
            "on_site": who.str.strip()
            .str.lower()
            .isin([name.strip().lower() for name in source.on_site]),
        }
    )
    table = table[(table["parcel_id"] != "") & table["year"].between(1, until)]
    return table.sort_values(["parcel_id", "year", "date"], kind="stable").reset_index(drop=True)


def _days(raw: pd.DataFrame, source: LabelFile) -> pd.Series:
    if not source.date:
        return pd.Series("", index=raw.index)
    days = read_days(text_column(raw, (source.date,), what="[labels] date"))
    return pd.Series(days.dt.strftime("%Y-%m-%d").fillna(""))


def _found(number: float, *, percent: bool) -> str:
    if pd.isna(number):
        return CANNOT_TELL
    if percent:
        return f"{number:g}% of the roof open" if number > 0 else "no open roof found"
    return "roof open or failing" if number >= 0.5 else "no open roof found"
