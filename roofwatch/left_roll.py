"""Labeled parcels that have left the vacant roll: training goes on learning from them.

Roofs that fail are razed, and leave the roll first. Without them the failing labels of a city grow
fewer each year, and are of other roofs than those that will fail.
"""

from dataclasses import dataclass, replace

import pandas as pd

from imagery.chips.inputs import CutInputs
from imagery.chips.store import ChipStore
from imagery.roll.other_rolls import parcels_off_roll
from imagery.roll.parcels import VacantRoll
from labels.files import Labels, join_labels, usable_labels
from roofwatch.cut_apart import cut_apart
from roofwatch.kept_roll import read_kept_roll
from roofwatch.sealed_files import LEFT_CHIPS, SCORED, check_results
from roofwatch.seen import read_seen
from roofwatch.stages.tile import registered_flyover, settings_of
from roofwatch.year import City, CityYear


@dataclass(frozen=True, kw_only=True, eq=False)
class Taught:
    """What a training learns from."""

    labels: Labels
    """Labels of parcels on the roll, and of those that have left it."""
    left: VacantRoll | None
    """The parcels that have left it; None where none has that bears a label."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Say how much is learned from parcels that have left, and which labels are of no use."""
        if self.left is None:
            return self.labels.notes
        table = self.labels.table
        own = table[table["parcel_id"].isin(self.left.table["parcel_id"])]
        return (
            f"{len(own):,} labels, {int(own['failing'].sum()):,} of them failing, are of parcels "
            "that have left the vacant roll since a year was scored: learned from all the same",
            *self.labels.notes,
        )


def find_taught(year: CityYear) -> Taught | None:
    """Return the labels up to the year that training learns from; None where nobody has looked.

    A parcel has left the roll where it was on it when a year was scored. Fine-tuning learns from
    the roll alone.

    Raises:
        InputError: see `City.label_rows`.
        TamperedFile: what `score` left of a year is not as it was sealed.
    """
    labels = year.find_labels()
    if labels is None:
        return None

    if year.file.train.mode == "finetune":
        return Taught(labels=labels, left=None)
    left = parcels_off_roll(year.city.roll, _once_scored(year.city))
    rows = read_seen(year.file, left, year.city.looks) if len(left) else None
    if rows is None:
        return Taught(labels=labels, left=None)

    source = year.file.labels
    rank = source.source_rank if source else ()
    others = usable_labels(rows, left, until=year.year, source_rank=rank)
    is_labeled = left.table["parcel_id"].isin(others.table["parcel_id"])
    if not is_labeled.any():
        return Taught(labels=labels, left=None)
    return Taught(
        labels=join_labels(labels, others),
        left=replace(left, table=left.table[is_labeled].reset_index(drop=True)),
    )


def _once_scored(city: City) -> set[str]:
    """Return the parcels that were on the roll when any year was scored."""
    found: set[str] = set()
    for source in city.file.flyover:
        year = city.year(source.year)
        if year.files.report.roll.exists():
            check_results(year, (SCORED,))
            kept = read_kept_roll(year)
            found |= set() if kept is None else set(kept["parcel_id"])
    return found


def cut_left(year: CityYear, left: VacantRoll, labels: pd.DataFrame) -> ChipStore:
    """Cut the parcels of some labels of the year that have left the roll.

    Args:
        year: The city in the year, its vacants cut.
        left: Parcels that have left the roll.
        labels: Labels of theirs, column parcel_id.
    """
    is_wanted = left.table["parcel_id"].isin(labels["parcel_id"])
    inputs = CutInputs(
        roll=replace(left, table=left.table[is_wanted].reset_index(drop=True)),
        flyover=registered_flyover(year),
        settings=settings_of(year, None),
        footprints=year.file.footprints,
    )
    return cut_apart(year, inputs, year.files.left_chips, LEFT_CHIPS, "that have left the roll")
