"""Which roofs a person on site has found failing. A model never says CONFIRMED, and no photo takes it back: only a later visit does."""

from datetime import date

import pandas as pd

_BINS = ((100, "100"), (50, "50-99"), (25, "25-49"), (10, "10-24"))
"""Least percent of the roof, and the words of ROOF_PCT."""


def confirmed(looks: pd.DataFrame, *, until: int) -> pd.DataFrame:
    """Return the parcels whose latest visit on site, up to a year, found the roof failing.

    A visit of which only the year is known counts as one of its last day; "could not tell" is no finding.

    Args:
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS`.
        until: Last year that counts.

    Returns:
        Index parcel_id; columns day (date or None), year and roof_pct (words of ROOF_PCT, "" where no share is known).
    """
    visits = looks[
        looks["on_site"].astype(bool) & (looks["failing"] != "") & (looks["year"] <= until)
    ]
    days = visits["date"].where(visits["date"] != "", visits["year"].astype(str) + "-12-31")
    latest = (
        visits.assign(latest=days)
        .sort_values("latest", kind="stable")
        .drop_duplicates("parcel_id", keep="last")
    )
    found = latest[latest["failing"] == "Y"]
    return pd.DataFrame(
        {
            "day": pd.Series(
                [date.fromisoformat(day) if day else None for day in found["date"]], dtype=object
            ),
            "year": found["year"].to_numpy(),
            "roof_pct": pd.Series([roof_bin(share) for share in found["roof_pct"]], dtype=object),
        }
    ).set_axis(found["parcel_id"].to_numpy(), axis=0)


def roof_bin(percent: float) -> str:
    """Return the bin of an open share of a roof, "" below 10 percent or where it is not known.

    >>> [roof_bin(share) for share in (9.9, 10, 49.5, 50, 100, float("nan"))]
    ['', '10-24', '25-49', '50-99', '100', '']
    """
    return next((words for least, words in _BINS if percent >= least), "")
