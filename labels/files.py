"""The city's label file: which roofs a person called failing, in which year.

`read_label_rows` reads and checks it once. Training (`read_labels`) and lists (`read_looks`)
start from its rows, and so refuse the same. An unlabeled roof is never negative.
"""

import datetime
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.errors import InputError
from imagery.roll.files import DAY_ORDER
from imagery.roll.matching import MatchCount
from imagery.roll.parcels import VacantRoll
from imagery.roll.tables import Table, read_table, text_column
from imagery.settings import key
from imagery.troubles import Trouble, only_troubles
from imagery.values.days import DaySource, check_day_order, find_bad_days, read_days
from imagery.values.texts import clean_texts
from labels.parcels import LabelParcels, match_labels
from labels.values import Cells, find_bad_years, find_contradictions, read_values, read_years


@dataclass(frozen=True, kw_only=True)
class LabelFile:
    """Where the labels are."""

    path: Path = field(metadata=key("CSV or any vector file."))
    id: tuple[str, ...] = field(metadata=key("Key column, or several joined by a blank."))
    year: str = field(default="year", metadata=key("Column: the flyover year a label belongs to."))
    collapsed: str = field(default="", metadata=key('Column of 0/1 (or "cannot tell").'))
    roof_pct: str = field(
        default="",
        metadata=key(
            'Column of the open share of the roof in percent (or "cannot tell"); '
            "instead of `collapsed`."
        ),
    )
    threshold: float = field(
        default=10.0,
        metadata=key("Percent of the roof at and above which a roof counts as failing."),
    )
    source: str = field(
        default="", metadata=key('Column: who says so, such as "inspector" or "desk review".')
    )
    source_rank: tuple[str, ...] = field(
        default=(),
        metadata=key(
            "Sources, most trusted first; where two labels of one parcel and year "
            "disagree the more trusted counts, others come last."
        ),
    )
    on_site: tuple[str, ...] = field(
        default=(),
        metadata=key(
            'Sources that saw the building on site, such as "inspector": what they '
            "found failing is CONFIRMED in the products."
        ),
    )
    date: str = field(
        default="",
        metadata=key(
            "Column: day of the label; of two equally trusted ones the later "
            "counts, then the lower row."
        ),
    )
    day_order: str = field(default="", metadata=key(DAY_ORDER))
    layer: str = field(
        default="", metadata=key('Layer or sheet; "" where only one of the file could be meant.')
    )
    latest: datetime.date | None = field(
        default=None,
        metadata=key("Last day that a label can have; [export] as_of, or today.", derived=True),
    )

    def __post_init__(self) -> None:
        """Check the order of month and day."""
        check_day_order(self.day_order)


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

    def cells(self, source: "LabelFile", column: str, texts: pd.Series) -> Cells:
        """Return a column with what names its rows."""
        return Cells(
            file=source.path.name,
            column=column,
            texts=texts,
            names=self.id,
            rows=self.table.row_numbers,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelRows:
    """The label file as it was read and checked; one entry for each of its rows, in order."""

    parcels: LabelParcels
    """The parcel of each."""
    year: pd.Series
    """Flyover year, NaN where it cannot be read."""
    number: pd.Series
    """0 or 1, or the percentage, as in the file; NaN where the person could not tell."""
    failing: pd.Series
    """Whether the number reaches the threshold."""
    day: pd.Series
    """Day of the label, NaT when not known."""
    source: pd.Series
    """Who says so, "" when not known."""
    troubles: tuple[Trouble, ...]
    """What was noticed in the file."""

    @property
    def on_roll(self) -> pd.Series:
        """Tell which labels are of a parcel on the roll."""
        return self.parcels.parcel_id != ""

    @property
    def unclear(self) -> pd.Series:
        """Tell in which labels the person could not tell."""
        return self.number.isna()

    @property
    def source_key(self) -> pd.Series:
        """Return the sources in lower case, as the names in the city file are compared."""
        return self.source.str.strip().str.lower()


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Labels that can be learned from, and how many cannot."""

    table: pd.DataFrame
    """One row per parcel and year: parcel_id (as on the roll), year, failing (0 or 1), block."""
    unknown_parcels: int
    """Labels that match no parcel."""
    off_roll: int
    """Labels of parcels that are not on the roll."""
    cannot_tell: int
    """Labels in which the person could not tell."""
    later: int
    """Labels dated after the training year."""
    sha256: str
    """Checksum of the usable rows."""
    matches: MatchCount
    """How many labels match a parcel."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed in the file."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Say which labels cannot be used, a line for each kind."""
        return tuple(trouble.line for trouble in self.troubles)


def read_label_rows(source: LabelFile, roll: VacantRoll) -> LabelRows:
    """Read the label file and check every row.

    Raises:
        InputError: a value that is neither a number nor "cannot tell", or no column for it.
    """
    columns = read_columns(source)
    value_cells = columns.cells(source, source.collapsed or source.roof_pct, columns.value)
    number = read_values(value_cells, is_percent=not source.collapsed)
    threshold = 0.5 if source.collapsed else source.threshold
    year = read_years(columns.year)
    bad_years = find_bad_years(columns.cells(source, source.year, columns.year), year)
    latest = source.latest or datetime.date.today()
    days = read_days(columns.day, order=source.day_order, latest=latest)
    bad_days = find_bad_days(days, columns.day, _day_source(source, columns))
    parcels = match_labels(columns.id, columns.table.row_numbers, roll)
    failing = number >= threshold
    counts = number.notna() & year.notna() & (parcels.parcel_id != "")
    contrary = find_contradictions(
        failing.where(counts), parcels.parcel_id + " " + year.astype("str"), value_cells
    )

    return LabelRows(
        parcels=parcels,
        year=year,
        number=number,
        failing=failing,
        day=days.day,
        source=clean_texts(columns.source),
        troubles=only_troubles(
            [*columns.table.troubles, *parcels.troubles, bad_years, contrary, *bad_days]
        ),
    )


def _day_source(source: LabelFile, columns: LabelColumns) -> DaySource:
    return DaySource(
        file=source.path.name,
        section="labels",
        noun="labels",
        column=source.date,
        names=columns.id,
        rows=columns.table.row_numbers,
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
        columns=(value, source.year, source.date, source.source),
    )
    table = file.rows
    empty = pd.Series("", index=table.index)
    day = text_column(table, (source.date,), what="[labels] date") if source.date else empty
    names = text_column(table, (source.source,), what="[labels] source") if source.source else empty

    return LabelColumns(
        table=file,
        id=text_column(table, source.id, what="[labels] id"),
        value=text_column(table, (value,), what="[labels]").str.strip(),
        year=text_column(table, (source.year,), what="[labels] year"),
        day=day,
        source=names,
    )


def read_labels(source: LabelFile, roll: VacantRoll, *, until: int) -> Labels:
    """Read the labels dated `until` or earlier, to learn from.

    Raises:
        InputError: see `read_label_rows`.
    """
    return usable_labels(read_label_rows(source, roll), source, roll, until=until)


def usable_labels(rows: LabelRows, source: LabelFile, roll: VacantRoll, *, until: int) -> Labels:
    """Return the labels dated `until` or earlier, to learn from."""
    is_later = rows.year > until
    is_usable = rows.on_roll & ~rows.unclear & ~is_later & rows.year.notna()

    table = pd.DataFrame(
        {
            "parcel_id": rows.parcels.parcel_id,
            "year": rows.year.fillna(0).astype(int),
            "failing": rows.failing.astype(int),
        }
    )
    table = table.iloc[_trusted_last(rows, source)]
    table = table[is_usable[table.index]].drop_duplicates(["parcel_id", "year"], keep="last")
    table = table.sort_values(["year", "parcel_id"])
    table = table.merge(roll.table[["parcel_id", "block"]], on="parcel_id").reset_index(drop=True)

    return Labels(
        table=pd.DataFrame(table),
        unknown_parcels=int((~rows.on_roll & ~rows.parcels.is_off_roll).sum()),
        off_roll=int(rows.parcels.is_off_roll.sum()),
        cannot_tell=int((rows.on_roll & rows.unclear).sum()),
        later=int((rows.on_roll & is_later).sum()),
        matches=rows.parcels.count,
        sha256=hashlib.sha256(table.to_csv(index=False).encode()).hexdigest(),
        troubles=rows.troubles,
    )


def _trusted_last(rows: LabelRows, source: LabelFile) -> NDArray[np.intp]:
    """Order rows so that of the labels of one parcel and year the one that counts comes last.

    Returns:
        Row numbers, (n,).
    """
    ranks = {name.strip().lower(): -place for place, name in enumerate(source.source_rank)}
    trust = rows.source_key.map(lambda name: ranks.get(name, -len(ranks))).to_numpy(np.float64)
    # A label without a day counts before all others.
    seconds = rows.day.to_numpy().astype(np.int64)
    return np.lexsort((np.arange(len(seconds)), seconds, trust))
