"""Labels: which roofs a person called failing, in which year. Unlabeled is never negative."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from imagery.errors import InputError
from imagery.parcels import VacantRoll, normalize_key, read_table, text_column


@dataclass(frozen=True, kw_only=True)
class LabelFile:
    """Where the labels are; keys of [labels] in the city file."""

    path: Path
    """CSV or any vector file."""
    id: tuple[str, ...]
    """Key column, or several joined by a blank."""
    year: str = "year"
    """Column: the flyover year a label belongs to."""
    collapsed: str = ""
    """Column of 0/1 (or "cannot tell")."""
    roof_pct: str = ""
    """Column of the open share of the roof in percent (or "cannot tell"); instead of `collapsed`."""
    threshold: float = 10.0
    """Percent of the roof at and above which a roof counts as failing."""
    layer: str = ""
    """Layer name; "" is the first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Labels that can be used, and how many could not."""

    table: pd.DataFrame
    """Columns parcel_id (as on the roll), year (int), failing (0 or 1), block; one row per parcel and year."""
    unknown_parcels: int
    """Labels of parcels that are not on the roll."""
    cannot_tell: int
    """Labels in which the person could not tell."""
    later: int
    """Labels dated after the training year."""
    sha256: str
    """Checksum of the usable rows."""


def read_labels(source: LabelFile, roll: VacantRoll, *, until: int) -> Labels:
    """Read labels dated `until` or earlier.

    Raises:
        InputError: a value that is neither a number nor "cannot tell", or no column for it.
    """
    raw = read_table(source.path, layer=source.layer, what="labels")
    column = source.collapsed or source.roof_pct
    if not column:
        raise InputError("[labels]: neither collapsed nor roof_pct names a column; give one")
    values = text_column(raw, (column,), what="[labels]").str.strip()
    years = pd.to_numeric(text_column(raw, (source.year,), what="[labels] year"), errors="coerce")
    unclear = values.str.lower().isin(["", "cannot tell", "unknown", "na"])
    numbers = pd.to_numeric(values.where(~unclear), errors="coerce")
    wrong = (numbers.isna() & ~unclear) | years.isna()
    wrong |= ~unclear & ~(numbers.isin([0, 1]) if source.collapsed else numbers.between(0, 100))
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(
            f"[labels] {source.path.name} row {row + 2}: got {column}={values.iloc[row]!r}, year={years.iloc[row]}; "
            f"want {'0 or 1' if source.collapsed else 'a percentage from 0 to 100'} or 'cannot tell', and a year; mend that row"
        )
    limit = 0.5 if source.collapsed else source.threshold
    keys = dict(zip(roll.table["parcel_key"], roll.table["parcel_id"], strict=True))
    ids = text_column(raw, source.id, what="[labels] id").map(lambda value: keys.get(normalize_key(value), ""))
    table = pd.DataFrame({"parcel_id": ids, "year": years.astype(int), "failing": (numbers >= limit).astype(int)})
    known, later = ids != "", years > until
    table = table[known & ~unclear & ~later].drop_duplicates(["parcel_id", "year"], keep="last").sort_values(["year", "parcel_id"])
    table = table.merge(roll.table[["parcel_id", "block"]], on="parcel_id").reset_index(drop=True)
    return Labels(
        table=pd.DataFrame(table), unknown_parcels=int((~known).sum()), cannot_tell=int((known & unclear).sum()), later=int((known & later).sum()),
        sha256=hashlib.sha256(table.to_csv(index=False).encode()).hexdigest(),
    )  # fmt: skip
