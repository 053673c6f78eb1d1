"""Labels: which roofs a person called failing, in which year. Unlabeled is never negative."""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.errors import InputError
from imagery.roll.bad_rows import FIRST_YEAR, BadRows, read_days, shown
from imagery.roll.parcels import VacantRoll
from imagery.roll.tables import normalize_key, read_table, text_column


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
    source: str = ""
    """Column: who says so, such as "inspector" or "desk review"."""
    source_rank: tuple[str, ...] = ()
    """Sources, most trusted first; where two labels of one parcel and year disagree the more trusted counts, others come last."""
    on_site: tuple[str, ...] = ()
    """Sources that stood before the building, such as "inspector": what they found failing is CONFIRMED in the products."""
    date: str = ""
    """Column: day of the label; of two equally trusted ones the later counts, then the lower row."""
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
    bad_years: BadRows | None = None
    """Labels whose year cannot be read; they are not used."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Say which labels cannot be used, a line for each kind."""
        return (self.bad_years.line,) if self.bad_years else ()


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
    years = read_years(raw, source)
    unclear = values.str.lower().isin(["", "cannot tell", "unknown", "na"])
    numbers = pd.to_numeric(values.where(~unclear), errors="coerce")
    wrong = numbers.isna() & ~unclear
    wrong |= ~unclear & ~(numbers.isin([0, 1]) if source.collapsed else numbers.between(0, 100))
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(
            f"[labels] {source.path.name} row {row + 2}: got {column}={values.iloc[row]!r}; "
            f"want {'0 or 1' if source.collapsed else 'a percentage from 0 to 100'} or 'cannot tell'; mend that row"
        )
    limit = 0.5 if source.collapsed else source.threshold
    keys = dict(zip(roll.table["parcel_key"], roll.table["parcel_id"], strict=True))
    ids = text_column(raw, source.id, what="[labels] id").map(
        lambda value: keys.get(normalize_key(value), "")
    )
    table = pd.DataFrame(
        {
            "parcel_id": ids,
            "year": years.fillna(0).astype(int),
            "failing": (numbers >= limit).astype(int),
        }
    )
    known, later = ids != "", years > until
    dated = years.notna()
    table = table.iloc[_trusted_last(raw, source)]
    table = (
        table[(known & ~unclear & ~later & dated)[table.index]]
        .drop_duplicates(["parcel_id", "year"], keep="last")
        .sort_values(["year", "parcel_id"])
    )
    table = table.merge(roll.table[["parcel_id", "block"]], on="parcel_id").reset_index(drop=True)
    return Labels(
        table=pd.DataFrame(table),
        unknown_parcels=int((~known).sum()),
        cannot_tell=int((known & unclear).sum()),
        later=int((known & later).sum()),
        sha256=hashlib.sha256(table.to_csv(index=False).encode()).hexdigest(),
        bad_years=_bad_years(raw, source, years),
    )


def read_years(raw: pd.DataFrame, source: LabelFile) -> pd.Series:
    """Return the year of each label; NaN where no whole year from 1900 to next year can be read."""
    texts = text_column(raw, (source.year,), what="[labels] year")
    years = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    is_year = years.between(FIRST_YEAR, date.today().year + 1) & (years % 1 == 0)
    return years.where(is_year)


def _bad_years(raw: pd.DataFrame, source: LabelFile, years: pd.Series) -> BadRows | None:
    bad = np.flatnonzero(years.isna().to_numpy())
    if not len(bad):
        return None

    ids = text_column(raw, source.id, what="[labels] id")
    texts = text_column(raw, (source.year,), what="[labels] year")
    rows = [f"row {row + 2} {shown(ids.iloc[row])} has {shown(texts.iloc[row])}" for row in bad]
    return BadRows(
        what="labels with a year that cannot be read",
        rows=tuple(rows),
        remedy=f"write a year from {FIRST_YEAR} to next year; until then they are not used",
    )


def _trusted_last(raw: pd.DataFrame, source: LabelFile) -> NDArray[np.intp]:
    """Return row numbers so that of the labels of one parcel and year the one that counts comes last."""
    trust, day = np.zeros(len(raw)), np.zeros(len(raw))
    if source.source:
        ranks = {name.strip().lower(): -place for place, name in enumerate(source.source_rank)}
        trust = (
            text_column(raw, (source.source,), what="[labels] source")
            .str.strip()
            .str.lower()
            .map(lambda name: ranks.get(name, -len(ranks)))
            .to_numpy(np.float64)
        )
    if source.date:
        days = read_days(text_column(raw, (source.date,), what="[labels] date"))
        day = days.fillna(pd.Timestamp.min).to_numpy().astype("datetime64[s]").astype(np.float64)
    return np.lexsort((np.arange(len(raw)), day, trust))
