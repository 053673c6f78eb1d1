"""What the desk shows of each roof: photos, address, link, heat map."""

import io
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from gis_export.housing.viewer import lon_lats
from imagery.chips.store import ChipStore, StoredChip
from imagery.errors import InputError
from imagery.roll.links import fill_template
from inference.explain_heat import HeatModel, has_heat, heat_map
from inference.explain_model import heat_model
from inference.explain_picture import draw_chip
from inference.hazard import HazardWord
from labels.desk.batch import Batch
from labels.desk.chips import QUALITY, DeskRoof, make_photo
from labels.desk.server import Heat
from roofwatch.desk_scored import ScoredYear
from roofwatch.year import CityYear

HEAT_PX = (960, 720)
"""Greatest width and height of a heat map."""
CALLED = {HazardWord.LIKELY.value: True, HazardWord.NOT_SEEN.value: False}
"""Whether the model says that a roof fails, by the hazard word of the photo."""


def show_roofs(
    year: CityYear, batch: Batch, store: ChipStore, scored: ScoredYear | str
) -> list[DeskRoof]:
    """Return what is shown of each roof of a batch; everything is read now."""
    before = year.earlier[0].find_chips() if year.earlier else None
    roll = year.roll.table.set_index("parcel_id", drop=False)
    places = dict(zip(roll.index, lon_lats(year.roll.table), strict=True))
    scores = pd.Series(dtype=float)
    words = pd.Series(dtype=object)
    if not isinstance(scored, str):
        ledger = scored.ledger.table.set_index("parcel_id")
        scores = ledger["score"]
        words = ledger["hazard"]

    roofs = []
    for slot in batch.slots:
        parcel_id = slot.parcel_id
        now = store.read(parcel_id)
        if now is None:
            raise InputError(f"desk: parcel {parcel_id!r} lost its chip; start again")
        old = before.read(parcel_id) if before else None
        address = str(roll.loc[parcel_id, "address"] or "")
        score = scores.get(parcel_id, np.nan)
        oblique = fill_template(
            year.file.looks.desk.oblique,
            parcel_id=parcel_id,
            address=address,
            lon_lat=places[parcel_id],
        )
        roofs.append(
            DeskRoof(
                parcel_id=parcel_id,
                address=address,
                oblique=oblique,
                photo=now.sha256,
                now=make_photo(now),
                before=make_photo(old) if old else None,
                score=None if pd.isna(score) else float(score),
                word=str(words.get(parcel_id, "")),
                called=CALLED.get(str(words.get(parcel_id, ""))),
            )
        )
    return roofs


def make_heat(scored: ScoredYear | str, batch: Batch, store: ChipStore) -> Heat | None:
    """Return what draws the heat map of a chip; None where the model has none.

    The chips are read now: the year may be cut again while the desk is open.
    """
    if isinstance(scored, str) or not has_heat(scored.model.head):
        return None

    model = heat_model(replace(scored.model, head=scored.head))
    chips = {slot.parcel_id: _copy(store.read(slot.parcel_id)) for slot in batch.slots}
    return partial(draw_heat, model, chips)


def draw_heat(model: HeatModel, chips: Mapping[str, StoredChip], parcel_id: str) -> bytes:
    """Return a chip with its heat map as WebP."""
    chip = chips[parcel_id]
    image = draw_chip(chip, heat_map(model, chip), HEAT_PX)
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=QUALITY)
    return stream.getvalue()


def _copy(chip: StoredChip | None) -> StoredChip:
    if chip is None:
        raise InputError("desk: a roof lost its chip; start again")
    return StoredChip(pixels=chip.pixels.copy(), mask=chip.mask)
