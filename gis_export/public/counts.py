"""The public tier: how many vacant buildings of each neighborhood carry which hazard word.

The page also says how that was found out. No parcel, address, map or score leaves the city here.
Outlines of neighborhoods are left out on purpose: drawn around the vacant parcels, their corners
would be vacant parcels. Anyone with the city's own outlines can join them by name.
"""

from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from gis_export.public.suppression import SMALL, hidden_cells, with_totals
from gis_export.table import columns
from gis_export.table.aging import as_date
from gis_export.table.symbols import SYMBOLS
from imagery.files import atomic_path
from imagery.values.formulas import harmless
from inference.hazard import USE_LIMIT

UNKNOWN = "Neighborhood not known"
CITY = "Whole city"
TOTAL = "VACANT BUILDINGS"
NOT_SHOWN = "not shown"
_MEANINGS = {
    "NA": "not looked at: blur, shadow, trees, a gap in the photos, "
    "or a photo that has grown too old"
}
OPEN = "CONFIRMED OR LIKELY"
"""One column for both: by themselves they are too few in most neighborhoods to be shown."""
_COLUMN_OF = {
    symbol.code: OPEN if symbol.code in ("CONFIRMED", "LIKELY") else symbol.word.value
    for symbol in SYMBOLS
}
WORDS = tuple(dict.fromkeys(_COLUMN_OF.values()))
"""Columns of counts."""
_WORTH = {OPEN: 8.0, "POSSIBLE": 4.0, "NOT ASSESSED": 2.0}
"""What a count is worth to readers beside one of NOT SEEN IN PHOTO: the least is hidden first."""


@dataclass(frozen=True, kw_only=True)
class PublicText:
    """What the page says beside the counts."""

    city: str
    """Name of the city."""
    year: int
    """Year of the flyover."""
    made: date
    """Day of the export."""
    figures: str = ""
    """How good the model was found to be, in plain words; "" when no figures are published."""


def write_public(rows: pd.DataFrame, folder: Path, text: PublicText) -> None:
    """Write neighborhoods.csv and index.html, counts under 10 hidden.

    Args:
        rows: The rows of the export, or only their columns NBHD, RISK_LVL, IMG_DATE and MODEL_VER.
        folder: The folder public/ of the year.
        text: What the page says beside the counts.
    """
    table = public_table(rows)
    folder.mkdir(parents=True, exist_ok=True)

    with atomic_path(folder / "neighborhoods.csv") as temporary:
        safe_cells = table.map(harmless).assign(USE_LIMIT=USE_LIMIT)
        safe_cells.to_csv(temporary, index=False)
    with atomic_path(folder / "index.html") as temporary:
        temporary.write_text(_page(rows, table, text), encoding="utf-8")


def public_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the published table as text, the whole city in the last row.

    Returns:
        Columns NEIGHBORHOOD, `WORDS`, and `TOTAL`.
    """
    counts = _count(rows)
    numbers = counts.to_numpy(dtype=np.int64)
    hidden = hidden_cells(numbers, worth=[_WORTH.get(word, 1.0) for word in WORDS])
    shown = np.where(hidden, NOT_SHOWN, with_totals(numbers).astype(str))

    table = pd.DataFrame(shown, columns=[*WORDS, TOTAL], dtype="str")
    table.insert(0, "NEIGHBORHOOD", [*counts.index, CITY])
    return table


def _count(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the buildings of each neighborhood (rows) by `WORDS` (columns)."""
    if not len(rows):
        return pd.DataFrame(index=pd.Index([], dtype="str"), columns=list(WORDS), dtype="int64")

    names = rows[columns.NBHD].fillna("").astype("str").str.strip().replace("", UNKNOWN)
    counts = pd.crosstab(names, rows[columns.RISK_LVL].map(_COLUMN_OF))
    return counts.reindex(columns=list(WORDS), fill_value=0).sort_index()


def _page(rows: pd.DataFrame, table: pd.DataFrame, text: PublicText) -> str:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    source = files("gis_export.public") / "method.html"
    template = environment.from_string(source.read_text(encoding="utf-8"))

    days = [as_date(cell) for cell in rows[columns.IMG_DATE].unique()]
    models = {str(name) for name in rows[columns.MODEL_VER] if name}
    words = [(symbol.word.value, _MEANINGS.get(symbol.code, symbol.meaning)) for symbol in SYMBOLS]
    return template.render(
        text=text,
        use_limit=USE_LIMIT,
        small=SMALL,
        words=words,
        columns=list(table.columns[1:]),
        body=table.iloc[:-1].to_numpy().tolist(),
        city=table.iloc[-1].tolist(),
        flown=sorted({day.isoformat() for day in days if day is not None}),
        not_shown=NOT_SHOWN,
        models=sorted(models),
    )
