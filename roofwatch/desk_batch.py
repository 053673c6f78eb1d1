"""Which roofs a sitting at the desk shows: those of a batch that is not finished, or new ones."""

from dataclasses import replace

import numpy as np
import pandas as pd

from imagery.chips.store import ChipStore
from imagery.errors import InputError
from labels.desk.batch import Batch, make_batch, read_batches, write_batch
from labels.draws.looks_file import DrawPlan, draw_next
from labels.sample import Shares
from roofwatch.desk_scored import ScoredYear
from roofwatch.labeled import parcel_places
from roofwatch.year import CityYear

ONLY_RANDOM = Shares(top=0.0, doubtful=0.0, random=1.0)
"""Of a year without scores."""


def find_batch(year: CityYear, scored: ScoredYear | str, store: ChipStore, draw: int) -> Batch:
    """Return the batch that was asked for, the unfinished one, or a new one.

    Raises:
        InputError: there is no such batch, or no roof is left.
    """
    batches = read_batches(year.files.desk, year.year)
    if draw:
        for batch in batches:
            if batch.draw == draw:
                return _still_shown(year, batch, store)
        raise InputError(f"desk: no draw {draw} in {year.files.desk}; leave --draw out")

    if batches:
        last = _still_shown(year, batches[-1], store)
        if not is_finished(year, last):
            return last
    batch = draw_batch(year, scored, store, batches)
    if not batch.slots:
        raise InputError(f"desk: every roof of {year.year} that has a chip was looked at")
    write_batch(year.files.desk, batch)
    year.city.log("desk", f"{year.year}: draw {batch.draw} of {len(batch.slots)} roofs")
    return batch


def is_finished(year: CityYear, batch: Batch) -> bool:
    """Tell whether somebody has looked at every roof of a batch."""
    chosen = {batch.chosen(slot) for slot in batch.slots}
    seen = {
        look.parcel_id
        for look in year.city.book.looks()
        if look.year == batch.year and look.chosen in chosen
    }
    return parcels_of(batch) <= seen


def draw_batch(
    year: CityYear, scored: ScoredYear | str, store: ChipStore, before: list[Batch]
) -> Batch:
    """Draw the next batch; at random alone where the year has no scores."""
    settings = year.file.looks.desk
    if isinstance(scored, str):
        roofs = unscored_roofs(year, store)
        plan = DrawPlan(
            looks=settings.roofs, likely=0.5, seed=year.file.train.seed, shares=ONLY_RANDOM
        )
    else:
        roofs = scored.roofs(year)
        plan = DrawPlan(looks=settings.roofs, likely=scored.head.likely, seed=year.file.train.seed)

    drawn = {parcel_id for batch in before for parcel_id in parcels_of(batch)}
    left = pd.DataFrame(roofs[~roofs["parcel_id"].isin(drawn)])
    looks = draw_next(left, year.city.label_rows, year=year.year, plan=plan)
    number = max([looks.draw, *(batch.draw + 1 for batch in before)])
    rng = np.random.default_rng([year.file.train.seed, year.year, number, 2])
    return make_batch(replace(looks, draw=number), second_reader=settings.second_reader, rng=rng)


def unscored_roofs(year: CityYear, store: ChipStore) -> pd.DataFrame:
    """Return every roof with a chip, as `draw_next` takes it."""
    chips = store.manifest.loc[store.manifest["status"] == "chip", ["parcel_id"]]
    places = parcel_places(year.roll)[["parcel_id", "district"]]
    return pd.DataFrame(chips.merge(places, on="parcel_id")).assign(score=0.5, strangeness=np.nan)


def _still_shown(year: CityYear, batch: Batch, store: ChipStore) -> Batch:
    """Return a batch without roofs that have left the roll or lost their chip."""
    on_roll = set(year.roll.table["parcel_id"])
    slots = [
        slot
        for slot in batch.slots
        if slot.parcel_id in on_roll and store.place(slot.parcel_id) is not None
    ]
    return replace(batch, slots=tuple(slots))


def parcels_of(batch: Batch) -> set[str]:
    """Return the parcels of a batch."""
    return {slot.parcel_id for slot in batch.slots}
