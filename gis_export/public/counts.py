"""The public tier: how many vacant buildings of each neighborhood carry which hazard word, and how that was found out.

No parcel, address, map or score leaves the city here. Outlines of neighborhoods are left out on purpose: drawn around the
vacant parcels, their corners would be vacant parcels; whoever has the city's own outlines joins them by name.
"""

from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from gis_export.public.suppression import SMALL, hidden_cells, with_totals
from gis_export.table.aging import as_date
from gis_export.table.symbols import SYMBOLS
from gis_export.table.tables import harmless
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

UNKNOWN = "Neighborhood not known"
CITY = "Whole city"
TOTAL = "VACANT BUILDINGS"
NOT_SHOWN = "not shown"
_MEANINGS = {
    "NA": "not looked at: blur, shadow, trees, a gap in the photos, or a photo that has grown too old"
}
WORDS = tuple(symbol.word.value for symbol in SYMBOLS)


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
    """How good the model was found to be, in plain words; "" says that no figures are published."""


def write_public(rows: pd.DataFrame, folder: Path, text: PublicText) -> None:
    """Write neighborhoods.csv and index.html, counts under 10 hidden.

    Args:
        rows: The rows of the export.
        folder: The folder public/ of the year.
        text: What the page says beside the counts.
    """
    table = public_table(rows)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / "neighborhoods.csv") as temporary:
        table.map(harmless).assign(USE_LIMIT=USE_LIMIT).to_csv(temporary, index=False)
    with atomic_path(folder / "index.html") as temporary:
        temporary.write_text(_page(rows, table, text), encoding="utf-8")


def public_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the published table as text: NEIGHBORHOOD, a column for each hazard word, TOTAL; the city stands last."""
    names = rows["NBHD"].fillna("").astype("str").str.strip().replace("", UNKNOWN)
    found = (
        pd.crosstab(names, rows["RISK_LVL"])
        if len(rows)
        else pd.DataFrame(index=pd.Index([], dtype="str"))
    )
    counts = found.reindex(columns=[symbol.code for symbol in SYMBOLS], fill_value=0).sort_index()
    cells = with_totals(counts.to_numpy(dtype=np.int64))
    shown = np.where(hidden_cells(counts.to_numpy(dtype=np.int64)), NOT_SHOWN, cells.astype(str))
    table = pd.DataFrame(shown, columns=[*WORDS, TOTAL], dtype="str")
    table.insert(0, "NEIGHBORHOOD", [*counts.index, CITY])
    return table


def _page(rows: pd.DataFrame, table: pd.DataFrame, text: PublicText) -> str:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(
        (files("gis_export.public") / "method.html").read_text(encoding="utf-8")
    )
    flown = sorted({day.isoformat() for day in map(as_date, rows["IMG_DATE"]) if day is not None})
    return template.render(
        text=text,
        use_limit=USE_LIMIT,
        small=SMALL,
        words=[
            (symbol.word.value, _MEANINGS.get(symbol.code, symbol.meaning)) for symbol in SYMBOLS
        ],
        columns=list(table.columns[1:]),
        body=table.iloc[:-1].to_numpy().tolist(),
        city=table.iloc[-1].tolist(),
        flown=flown,
        not_shown=NOT_SHOWN,
        models=sorted({str(name) for name in rows["MODEL_VER"] if name}),
    )
