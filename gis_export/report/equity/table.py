"""equity.csv: every area by every figure, as a spreadsheet reads it."""

from collections.abc import Iterator
from math import isnan
from pathlib import Path

import pandas as pd

from gis_export.report.equity.findings import AreaRow, Equity, LevelTable
from imagery.files import atomic_path
from imagery.values.formulas import harmless

COLUMNS = (
    "year",
    "use",
    "measure",
    "evidence",
    "level",
    "area",
    "count",
    "of",
    "share",
    "low_90",
    "high_90",
    "verdict",
    "p_corrected",
    "needed",
    "more_needed",
)
"""Columns of equity.csv; cells that are not shown, or mean nothing, are empty."""


def write_equity_csv(path: Path, equity: Equity) -> None:
    """Write what was found of one flyover."""
    table = pd.DataFrame(equity_rows(equity), columns=list(COLUMNS))
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)


def equity_rows(equity: Equity) -> Iterator[dict[str, object]]:
    """Yield a row for every area of every table, the whole city after its areas."""
    for table in equity.tables:
        for row in (*table.rows, table.city):
            yield {
                "year": equity.year,
                "use": table.measure.use.value,
                "measure": table.measure.key,
                "evidence": table.measure.evidence.value,
                "level": harmless(table.level),
                **_cells(table, row),
            }


def _cells(table: LevelTable, row: AreaRow) -> dict[str, object]:
    low, high = row.ends
    more = table.more(row) if row is not table.city else None
    return {
        "area": harmless(row.area),
        "count": _whole(row.hits),
        "of": _whole(row.roofs),
        "share": _digits(row.share),
        "low_90": _digits(low),
        "high_90": _digits(high),
        "verdict": row.verdict.value,
        "p_corrected": _digits(row.p),
        "needed": table.needed if more is not None else "",
        "more_needed": _whole(more),
    }


def _whole(number: int | None) -> str:
    return "" if number is None else str(number)


def _digits(number: float) -> str:
    return "" if isnan(number) else f"{number:.4f}"
