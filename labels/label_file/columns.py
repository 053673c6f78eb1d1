"""The columns of the city's label file, as text."""

from dataclasses import dataclass

import pandas as pd

from imagery.errors import InputError
from imagery.roll.tables import Table, read_table, text_column
from labels.label_file.values import Cells
from labels.settings import LabelFile


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelColumns:
    """The columns of the label file as text; one that the file does not have is "" all over."""

    table: Table
    """The file as it was read."""
    id: pd.Series
    """Key of the parcel."""
    value: pd.Series
    """0 or 1, a percentage, or "cannot tell"."""
    year: pd.Series
    """Year of the flyover."""
    day: pd.Series
    """Day of the label."""
    source: pd.Series
    """Who says so."""
    chosen: pd.Series
    """How the roof was chosen."""
    chance: pd.Series
    """Chance with which it was chosen."""

    def cells(self, source: "LabelFile", column: str, texts: pd.Series) -> Cells:
        """Return a column with what names its rows."""
        return Cells(
            file=source.path.name,
            column=column,
            texts=texts,
            names=self.id,
            rows=self.table.row_numbers,
        )


def read_columns(source: LabelFile) -> LabelColumns:
    """Read the columns that the city file names.

    Raises:
        InputError: a column that is not there, or no column of values.
    """
    value = source.collapsed or source.roof_pct
    if not value:
        raise InputError("[labels]: neither collapsed nor roof_pct names a column; give one")

    file = read_table(
        source.path,
        layer=source.layer,
        what="labels",
        key=source.id,
        columns=(value, source.year, source.date, source.source, source.chosen, source.chance),
    )
    table = file.rows

    return LabelColumns(
        table=file,
        id=text_column(table, source.id, what="[labels] id"),
        value=text_column(table, (value,), what="[labels]").str.strip(),
        year=text_column(table, (source.year,), what="[labels] year"),
        day=_optional(table, source.date, "date"),
        source=_optional(table, source.source, "source"),
        chosen=_optional(table, source.chosen, "chosen"),
        chance=_optional(table, source.chance, "chance").str.strip(),
    )


def _optional(table: pd.DataFrame, column: str, key: str) -> pd.Series:
    """Return a column that the city file may name; "" all over where it does not."""
    if not column:
        return pd.Series("", index=table.index)
    return text_column(table, (column,), what=f"[labels] {key}")
