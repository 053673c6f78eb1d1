"""report/look_counts.csv: how many looks people took, by flyover, source, and on site or not."""

from pathlib import Path

import pandas as pd

from imagery.files import atomic_path
from imagery.values.formulas import harmless

ROW = "row"
COLUMNS = (
    ROW,
    "flyover",
    "source",
    "how",
    "looks",
    "roofs",
    "failing",
    "not_failing",
    "cannot_tell",
    "by_chance",
    "first_day",
    "last_day",
)
ALL = "all"
"""Flyover, source and how of the last row, which counts everything."""
ON_SITE = "on site"
ELSEWHERE = "not on site"
NO_SOURCE = "not known"


def write_look_counts(path: Path, looks: pd.DataFrame) -> None:
    """Write the table.

    Args:
        path: The file.
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS`.
    """
    with atomic_path(path) as temporary:
        look_counts(looks).to_csv(temporary, index=False)


def look_counts(looks: pd.DataFrame) -> pd.DataFrame:
    """Return the table as text: a row for each flyover, source and way, then one for all."""
    source = looks["source"].replace("", NO_SOURCE)
    how = looks["on_site"].astype(bool).map({True: ON_SITE, False: ELSEWHERE})
    groups = looks.groupby([looks["year"], source, how], sort=True)
    rows = [
        _row(number, tuple(map(str, names)), rows)
        for number, (names, rows) in enumerate(groups, start=1)
    ]
    rows.append(_row(len(rows) + 1, (ALL, ALL, ALL), looks))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")


def _row(number: int, names: tuple[str, ...], looks: pd.DataFrame) -> dict[str, object]:
    flyover, source, how = names
    days = sorted(day for day in looks["date"] if day)
    return {
        ROW: number,
        "flyover": flyover,
        "source": harmless(source),
        "how": how,
        "looks": len(looks),
        "roofs": looks["parcel_id"].nunique(),
        "failing": int((looks["failing"] == "Y").sum()),
        "not_failing": int((looks["failing"] == "N").sum()),
        "cannot_tell": int((~looks["failing"].isin(["Y", "N"])).sum()),
        "by_chance": int(looks["chance"].notna().sum()),
        "first_day": days[0] if days else "",
        "last_day": days[-1] if days else "",
    }
