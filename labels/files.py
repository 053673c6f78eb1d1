"""The city's label file: which roofs a person called failing, in which year.

`read_label_rows` reads and checks it once. Training (`usable_labels`) and lists (`looks_of`)
start from its rows, and so refuse the same. An unlabeled roof is never negative.
"""

import datetime
import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.roll.matching import MatchCount
from imagery.roll.parcels import VacantRoll
from imagery.troubles import Trouble, only_troubles
from imagery.values.days import DaySource, find_bad_days, read_days
from imagery.values.texts import clean_texts
from labels.draws.weights import MOST_MEDIANS, draw_numbers, is_of_draw, label_weights
from labels.label_file.columns import LabelColumns, read_columns
from labels.label_file.parcels import match_labels
from labels.label_file.values import (
    describe_numbers,
    find_bad_chances,
    find_bad_years,
    find_contradictions,
    read_chances,
    read_values,
    read_years,
)
from labels.settings import LabelFile
from labels.table.rows import LabelRows, nothing_said


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Labels that can be learned from, and how many cannot."""

    table: pd.DataFrame
    """One row per parcel and year: parcel_id (as on the roll), year, failing (0 or 1), block,
    source, chosen ("" when not known), chance (NaN when not known), weight."""
    unknown_parcels: int
    """Labels that match no parcel."""
    off_roll: int
    """Labels of parcels that are not on the roll."""
    off_roll_failing: int
    """Those of them that say failing."""
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
    not_of_photo: int = 0
    """Visits of roofs that changed since the photo, or long after it."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Say which labels cannot be used, a line for each kind, and how chosen ones weigh."""
        troubles = (trouble.line for trouble in self.troubles)
        return (*self._weighed, *self._changed, *self._gone, *troubles)

    @property
    def _changed(self) -> tuple[str, ...]:
        if not self.not_of_photo:
            return ()
        return (
            f"{self.not_of_photo:,} visits found a roof that is razed, repaired or a duplicate, or "
            "were made more than a year after the flight: nothing is learned from them",
        )

    @property
    def _gone(self) -> tuple[str, ...]:
        if not self.off_roll:
            return ()
        return (
            f"{self.off_roll:,} labels, {self.off_roll_failing:,} of them failing, are of parcels "
            "that are not on the vacant roll, or no longer: nothing is learned from them",
        )

    @property
    def _weighed(self) -> tuple[str, ...]:
        known = int(self.table["chance"].notna().sum())
        if not known:
            return ()
        return (
            f"{known:,} labels were chosen with a known chance and weigh by its inverse, at most "
            f"{MOST_MEDIANS:g} times the median of their flyover",
        )


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
    chance = read_chances(columns.chance)
    failing = number >= threshold
    said_by = clean_texts(columns.source)
    on_site = [name.strip().lower() for name in source.on_site]
    counts = number.notna() & year.notna() & (parcels.parcel_id != "")
    contrary = find_contradictions(
        failing.where(counts), parcels.parcel_id + " " + year.astype("str"), value_cells
    )

    return LabelRows(
        parcels=parcels,
        year=year,
        roof_pct=pd.Series(np.nan, index=number.index) if source.collapsed else number,
        failing=failing,
        unclear=number.isna(),
        is_of_photo=pd.Series(True, index=number.index),
        found=describe_numbers(number, is_percent=not source.collapsed),
        day=days.day,
        source=said_by,
        on_site=said_by.str.strip().str.lower().isin(on_site),
        chosen=clean_texts(columns.chosen),
        chance=chance,
        said=nothing_said(number.index),
        troubles=only_troubles(
            [
                *columns.table.troubles,
                *parcels.troubles,
                bad_years,
                contrary,
                *bad_days,
                find_bad_chances(columns.cells(source, source.chance, columns.chance), chance),
            ]
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


def read_labels(source: LabelFile, roll: VacantRoll, *, until: int) -> Labels:
    """Read the labels dated `until` or earlier, to learn from.

    Raises:
        InputError: see `read_label_rows`.
    """
    rows = read_label_rows(source, roll)
    return usable_labels(rows, roll, until=until, source_rank=source.source_rank)


def usable_labels(
    rows: LabelRows, roll: VacantRoll, *, until: int, source_rank: tuple[str, ...]
) -> Labels:
    """Return the labels dated `until` or earlier, to learn from.

    Args:
        rows: What people said.
        roll: The vacant roll.
        until: Last year.
        source_rank: Sources, most trusted first.
    """
    is_later = rows.year > until
    is_usable = rows.on_roll & ~rows.unclear & rows.is_of_photo & ~is_later & rows.year.notna()

    table = pd.DataFrame(
        {
            "parcel_id": rows.parcels.parcel_id,
            "year": rows.year.fillna(0).astype(int),
            "failing": rows.failing.astype(int),
            "source": rows.source,
            "chosen": rows.chosen,
            "chance": rows.chance.where(is_of_draw(rows.chosen)),
        }
    )
    table = table.iloc[_trusted_last(rows, source_rank)]
    table = _join_chances(table[is_usable[table.index]])
    table = table.drop_duplicates(["parcel_id", "year"], keep="last")
    table = table.sort_values(["year", "parcel_id"])
    table = table.merge(roll.table[["parcel_id", "block"]], on="parcel_id").reset_index(drop=True)
    table = _weighed(table)
    return Labels(
        table=table,
        unknown_parcels=int((~rows.on_roll & ~rows.parcels.is_off_roll).sum()),
        off_roll=int(rows.parcels.is_off_roll.sum()),
        off_roll_failing=int((rows.parcels.is_off_roll & rows.failing).sum()),
        cannot_tell=int((rows.on_roll & rows.unclear).sum()),
        later=int((rows.on_roll & is_later).sum()),
        matches=rows.parcels.count,
        sha256=_checksum(table),
        troubles=rows.troubles,
        not_of_photo=int((rows.on_roll & ~rows.is_of_photo & ~is_later).sum()),
    )


def join_labels(labels: Labels, others: Labels) -> Labels:
    """Return labels with those of other parcels, weighed together.

    Args:
        labels: Those of the roll; what cannot be used is counted as it is here.
        others: Of parcels that are not on it.
    """
    joined = pd.concat([labels.table, others.table])
    table = _weighed(joined.sort_values(["year", "parcel_id"], ignore_index=True))
    return replace(
        labels,
        table=table,
        off_roll=labels.off_roll - len(others.table),
        off_roll_failing=labels.off_roll_failing - int(others.table["failing"].sum()),
        sha256=_checksum(table),
    )


def _weighed(table: pd.DataFrame) -> pd.DataFrame:
    weights = label_weights(
        table["chance"].to_numpy(np.float64),
        draw_numbers(table["chosen"]),
        table["year"].to_numpy(np.int64),
    )
    return pd.DataFrame(table.assign(weight=weights))


def _join_chances(table: pd.DataFrame) -> pd.DataFrame:
    """Return labels with the chance that any one of their parcel and year knows.

    A more trusted source that speaks later does not change how the roof was chosen.
    """
    by_draw = table.assign(draw=draw_numbers(table["chosen"]))
    known = by_draw[by_draw["chance"].notna()].sort_values("draw", kind="stable")
    known = known.drop_duplicates(["parcel_id", "year"])[["parcel_id", "year", "chosen", "chance"]]

    joined = table.merge(known, on=["parcel_id", "year"], how="left", suffixes=("", "_known"))
    chosen = joined["chosen_known"].where(joined["chance_known"].notna(), joined["chosen"])
    return joined.assign(chosen=chosen, chance=joined["chance_known"])[list(table.columns)]


def _checksum(table: pd.DataFrame) -> str:
    """Return the checksum of labels: of what they say, and of weights where some differ."""
    columns = ["parcel_id", "year", "failing", "block"]
    if table["chance"].notna().any():
        columns.append("weight")
    return hashlib.sha256(table[columns].to_csv(index=False).encode()).hexdigest()


def _trusted_last(rows: LabelRows, source_rank: tuple[str, ...]) -> NDArray[np.intp]:
    """Order rows so that of the labels of one parcel and year the one that counts comes last.

    Returns:
        Row numbers, (n,).
    """
    ranks = {name.strip().lower(): -place for place, name in enumerate(source_rank)}
    trust = rows.source_key.map(lambda name: ranks.get(name, -len(ranks))).to_numpy(np.float64)
    # A label without a day counts before all others.
    seconds = rows.day.to_numpy().astype(np.int64)
    return np.lexsort((np.arange(len(seconds)), seconds, trust))
