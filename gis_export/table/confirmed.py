"""Which roofs a person on site has found failing.

A model never says CONFIRMED. No photo takes the word back, only a later visit does.
"""

import numpy as np
import pandas as pd

from gis_export.table.site_visits import Verdict, visits_by_parcel

_BINS = ((100, "100"), (50, "50-99"), (25, "25-49"), (10, "10-24"))
"""Least percent of the roof, and the words of ROOF_PCT."""


def confirmed(looks: pd.DataFrame, *, until: int) -> pd.DataFrame:
    """Return the parcels whose latest visit on site, up to a year, found the roof failing.

    A visit of which only the year is known counts from the last day of that year. "Could not
    tell" is no finding.

    Args:
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS`.
        until: Last year that counts.

    Returns:
        Index parcel_id; columns day (date or None), year, and roof_pct (words of ROOF_PCT, ""
        when no share is known).
    """
    found = {}
    for parcel, visits in visits_by_parcel(looks, until=until).items():
        roof = visits.roof
        if roof is not None and roof.verdict is Verdict.OPEN:
            found[parcel] = roof

    return pd.DataFrame(
        {
            "day": np.array([visit.day for visit in found.values()], dtype=object),
            "year": np.array([visit.year for visit in found.values()], dtype=np.int64),
            "roof_pct": np.array([roof_bin(visit.roof_pct) for visit in found.values()], object),
        },
        index=list(found),
    )


def last_days(looks: pd.DataFrame) -> pd.Series:
    """Return the day of each look as text, or the last day of its year when no day is known."""
    return looks["date"].where(looks["date"] != "", looks["year"].astype(str) + "-12-31")


def roof_bin(percent: float) -> str:
    """Return the bin of an open share of a roof, "" below 10 percent or when it is not known.

    >>> [roof_bin(share) for share in (9.9, 10, 49.5, 50, 100, float("nan"))]
    ['', '10-24', '25-49', '50-99', '100', '']
    """
    for least, words in _BINS:
        if percent >= least:
            return words
    return ""
