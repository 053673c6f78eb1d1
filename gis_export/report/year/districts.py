"""report/districts.csv: every count of the year's page by district, and what is expected there."""

from pathlib import Path

import numpy as np
import pandas as pd

from gis_export.housing.plan.access import Access
from gis_export.housing.plan.finds import Outlook, follow
from gis_export.housing.plan.shift import Shift
from gis_export.report.change_table import OUTCOME
from gis_export.table.symbols import SYMBOLS
from gis_export.table.visits import NO_DISTRICT
from imagery.files import atomic_path
from imagery.values.formulas import harmless
from inference.change import Outcome

KINDS = {"inspection": "inspection_district", "fire": "fire_district"}
"""Kinds of districts, and their column in data/scores.csv."""
KIND = "kind"
DISTRICT = "district"
WORDS = {symbol.code: symbol.plain_code.lower() for symbol in SYMBOLS}
"""Column of each hazard level."""
COLUMNS = (
    KIND,
    DISTRICT,
    "vacants",
    *WORDS.values(),
    "on_list",
    "visited",
    "new_or_worse",
    "expected",
    "low",
    "high",
)
"""`expected` failing roofs among the scored ones, `low` and `high` the ends of its 90% interval."""
_EVERY_VISIT_JUDGES = Access(visits=0, failed=0, default=0.0)


def write_districts(
    path: Path, scores: pd.DataFrame, change: pd.DataFrame, *, since: str, shift: Shift
) -> None:
    """Write the table.

    Args:
        path: The file.
        scores: data/scores.csv as text.
        change: report/change.csv as text.
        since: Day of the flight; later visits count.
        shift: How far all scores are off together.
    """
    table = district_table(scores, change, since=since, shift=shift)
    table[DISTRICT] = [harmless(name) for name in table[DISTRICT]]
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)


def district_table(
    scores: pd.DataFrame, change: pd.DataFrame, *, since: str, shift: Shift
) -> pd.DataFrame:
    """Return a row for each district of each kind, columns `COLUMNS`."""
    is_moved = change[OUTCOME].isin([Outcome.NEW.value, Outcome.WORSE.value])
    moved = set(change.loc[is_moved, "parcel_id"])
    rows = []
    for kind, column in KINDS.items():
        names = scores[column].replace("", NO_DISTRICT)
        for name, group in scores.groupby(names):
            cells = _cells(group, moved, since=since, shift=shift)
            rows.append({KIND: kind, DISTRICT: str(name), **cells})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cells(group: pd.DataFrame, moved: set[str], *, since: str, shift: Shift) -> dict[str, object]:
    levels = group["hazard_level"]
    counts = {column: int((levels == code).sum()) for code, column in WORDS.items()}
    listed = sum(counts[name] for name in ("confirmed", "likely", "possible"))
    known = pd.to_numeric(group["score"]).dropna().to_numpy(dtype=np.float64)
    course = follow(known, Outlook(shift=shift, access=_EVERY_VISIT_JUDGES))
    visited = (group["last_visit"] >= since) & (group["last_visit"] != "")
    return {
        "vacants": len(group),
        **counts,
        "on_list": listed,
        "visited": int(visited.sum()),
        "new_or_worse": int(group["parcel_id"].isin(moved).sum()),
        "expected": int(course.expected[-1]) / 100,
        "low": int(course.low[-1]),
        "high": int(course.high[-1]),
    }
