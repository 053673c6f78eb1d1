"""report/change.csv: which parcels changed their hazard word since the flyover before."""

from pathlib import Path

import pandas as pd

from imagery.files import atomic_path
from imagery.workspace import YearFiles

COLUMNS = ("parcel_id", "hazard_level", "previous_hazard_level", "change", "score")
"""Columns of data/scores.csv that are copied."""
UNCHANGED = ("NEW", "SAME")
"""Changes that are left out: nothing to compare with, or the same word."""


def write_change(folder: Path) -> None:
    """Write the parcels that changed, in the words of the products; only a header in a first year.

    Args:
        folder: The year's folder, exported.
    """
    files = YearFiles(folder=folder)
    scores = files.data / "scores.csv"
    table = pd.read_csv(scores, dtype=str, keep_default_na=False, usecols=list(COLUMNS))

    changed = table[~table["change"].isin(UNCHANGED)]
    with atomic_path(files.report.change) as temporary:
        changed.to_csv(temporary, index=False)
