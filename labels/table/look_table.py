"""What people have said of each roof, in words and with its day: for lists and packets."""

import pandas as pd

from labels.table.rows import SAID_COLUMNS, LabelRows


def looks_of(rows: LabelRows, *, until: int) -> pd.DataFrame:
    """Return every label of a vacant parcel up to a year as a look, by parcel and time.

    Returns:
        Columns parcel_id, year, date (text as YYYY-MM-DD, "" where the labels carry none), source,
        found (the label in words), failing (Y, N, "" where they could not tell), roof_pct
        (percent, NaN), on_site (whether the source saw the building on site), those of
        `SAID_COLUMNS`, chosen ("" when not known), chance (NaN when not known).
    """
    table = pd.DataFrame(
        {
            "parcel_id": rows.parcels.parcel_id,
            "year": rows.year.fillna(0).astype(int),
            "date": rows.day.dt.strftime("%Y-%m-%d").fillna(""),
            "source": rows.source,
            "found": rows.found,
            "failing": rows.failing.map({True: "Y", False: "N"}).where(~rows.unclear, ""),
            "roof_pct": rows.roof_pct,
            "on_site": rows.on_site,
            **{name: rows.said[name] for name in SAID_COLUMNS},
            "chosen": rows.chosen,
            "chance": rows.chance,
        }
    )
    table = table[rows.on_roll & table["year"].between(1, until)]
    return table.sort_values(["parcel_id", "year", "date"], kind="stable").reset_index(drop=True)
