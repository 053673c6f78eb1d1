"""The roofs that the model gets most wrong, with their photos: for the evaluation page."""

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from imagery.chips.picture import outlined
from imagery.chips.store import ChipStore
from training.parts import NO_SOURCE

MOST_SHOWN = 8
"""Roofs of each kind."""
LONGEST_PX = 160
"""Longest side of a photo."""
QUALITY = 70
"""Of WebP."""


@dataclass(frozen=True, kw_only=True)
class ShownRoof:
    """A labeled roof."""

    parcel_id: str
    """The parcel."""
    year: int
    """Year of the flyover."""
    label: str
    """What people said."""
    source: str
    """Who said so."""
    score: float
    """Out-of-fold score, in [0, 1]."""
    photo: str
    """The chip with the outline of the parcel, a data URL; "" where there is none."""


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Roofs of one kind, the worst first."""

    name: str
    """What they are."""
    meaning: str
    """What to make of them."""
    roofs: tuple[ShownRoof, ...]
    """At most `MOST_SHOWN`."""


def choose_errors(
    scored: pd.DataFrame, rung: str, stores: Mapping[int, ChipStore | None]
) -> tuple[Gallery, ...]:
    """Return the worst misses, the worst alarms, the strangest roofs and the doubtful labels.

    Args:
        scored: Labels as `training.parts.with_words` returns them; strangeness where it is known.
        rung: The rung that ships.
        stores: Chips by year.
    """
    misses = scored[(scored["failing"] == 1) & ~scored["is_listed"]].sort_values(
        [rung, "parcel_id", "year"]
    )
    alarms = scored[(scored["failing"] == 0) & scored["is_listed"]].sort_values(
        [rung, "parcel_id", "year"], ascending=[False, True, True]
    )
    shown = {*misses.head(MOST_SHOWN).index, *alarms.head(MOST_SHOWN).index}
    doubtful = scored.drop(index=list(shown)).sort_values(["label_chance", "parcel_id", "year"])
    kinds = (
        ("Worst misses", "Open roofs that are not on the list, the lowest score first.", misses),
        ("Worst alarms", "Roofs on the list that are not open, the highest score first.", alarms),
        (
            "Unlike anything seen",
            "Labeled roofs that differ most from the others of their flyover. What the model says "
            "of such roofs rests on little.",
            _strangest(scored),
        ),
        (
            "Most doubtful labels",
            "Beside those above, the labels that surprise the model most. Look at them again: the "
            "label may be wrong, or the model does not understand the roof.",
            doubtful,
        ),
    )
    return tuple(
        Gallery(name=name, meaning=meaning, roofs=tuple(_show(rows, rung, stores)))
        for name, meaning, rows in kinds
    )


def _strangest(scored: pd.DataFrame) -> pd.DataFrame:
    if "strangeness" not in scored:
        return scored.head(0)
    keys = ["strangeness", "parcel_id", "year"]
    return scored.sort_values(keys, ascending=[False, True, True])


def _show(
    rows: pd.DataFrame, rung: str, stores: Mapping[int, ChipStore | None]
) -> Iterator[ShownRoof]:
    for row in rows.head(MOST_SHOWN).to_dict("records"):
        year = int(row["year"])
        yield ShownRoof(
            parcel_id=str(row["parcel_id"]),
            year=year,
            label="open" if row["failing"] else "not open",
            source=str(row.get("source") or NO_SOURCE),
            score=float(row[rung]),
            photo=_photo(stores.get(year), str(row["parcel_id"])),
        )


def _photo(store: ChipStore | None, parcel_id: str) -> str:
    """Return a chip as a data URL, "" where there is none."""
    chip = store.read(parcel_id) if store is not None else None
    if chip is None:
        return ""
    image = Image.fromarray(outlined(np.moveaxis(chip.pixels, 0, -1), chip.mask))
    image.thumbnail((LONGEST_PX, LONGEST_PX))
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()
