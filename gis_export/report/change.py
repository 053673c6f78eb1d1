"""report/change.csv, change.gpkg and lineage.csv: what changed since the flyover before."""

from pathlib import Path

import pandas as pd

from gis_export.formats.geopackage import set_day
from gis_export.report.change_table import (
    CHANGE_COLUMNS,
    LIST_CHANGE,
    OUTCOME,
    change_table,
    lineage_table,
    outlines_of,
    pair_years,
)
from gis_export.table.inputs import ExportInputs
from imagery.files import atomic_path
from imagery.values.formulas import harmless
from imagery.workspace import YearFiles
from inference.change import Outcome

LAYER = "change"
"""Name of the layer."""
_SAME_WORD = ("NEW", "SAME")
"""Values of CHANGE of products: nothing to compare with, or the same word."""


def write_change(inputs: ExportInputs, folder: Path) -> None:
    """Write what changed, parcel by parcel; only headers in a first year.

    Rows without any change are left out, except of lineage.csv. The layer holds the rows that have
    an outline, those that have left the roll too.

    Args:
        inputs: Ledgers, rolls and looks.
        folder: The year's folder, exported.
    """
    files = YearFiles(folder=folder)
    lineage = lineage_table(inputs)
    changed = changed_rows(inputs, lineage, files.data / "scores.csv")
    _write_csv(changed, files.report.change)
    _write_csv(lineage, files.report.lineage)
    with atomic_path(files.report.change_layer) as temporary:
        outlines_of(changed, inputs).to_file(temporary, layer=LAYER, driver="GPKG")
        set_day(temporary, inputs.today)


def changed_rows(inputs: ExportInputs, lineage: pd.DataFrame, scores: Path) -> pd.DataFrame:
    """Return the rows of change.csv, columns `CHANGE_COLUMNS`.

    Args:
        inputs: Ledgers, rolls and looks.
        lineage: What `lineage_table` returns.
        scores: data/scores.csv.
    """
    rows = pd.read_csv(scores, dtype=str, keep_default_na=False)
    pair = pair_years(inputs, rows)
    before = inputs.year_before
    if pair is None or before is None:
        return pd.DataFrame(columns=list(CHANGE_COLUMNS), dtype="str")

    table = change_table(pair, lineage, before)
    is_same = table[OUTCOME] == Outcome.SAME.value
    is_same |= (table[OUTCOME] == Outcome.NOT_COMPARED.value) & (table["change"] == "SAME")
    is_same &= (table[LIST_CHANGE] == "") & table["change"].isin(_SAME_WORD)
    return table[~is_same].reset_index(drop=True)


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    with atomic_path(path) as temporary:
        table.map(_cell).to_csv(temporary, index=False)


def _cell(value: object) -> object:
    return harmless(value) if isinstance(value, str) else value
