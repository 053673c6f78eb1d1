"""The desk as one HTML file with its chips inside, for a reader without access."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from imagery.files import atomic_path
from labels.desk.batch import MOST_READERS, Batch
from labels.desk.chips import DeskRoof, Photo
from labels.desk.html import file_html
from labels.desk.views import Place, View, page_facts, photo_view, reason_words


def second_readers(batch: Batch) -> list[int]:
    """Return the roofs that a second person is to look at."""
    slots = enumerate(batch.slots)
    return [place for place, slot in slots if slot.readers == MOST_READERS]


def write_file(
    path: Path, place: Place, batch: Batch, roofs: Sequence[DeskRoof], threshold: float
) -> int:
    """Write the file; return how many roofs are in it.

    Args:
        path: Where to.
        place: Where the desk stands.
        batch: The roofs; those of a second reader go into the file.
        roofs: What is shown of each.
        threshold: Percent from which on a roof is failing.
    """
    chosen = second_readers(batch)
    alone = replace(place, has_heat=False, train="", learns="A file does not learn.")
    facts = {
        **page_facts(alone, batch, threshold),
        "offline": {
            "cards": [_card(number, roofs[row]) for number, row in enumerate(chosen)],
            "roofs": [_row(batch, row, roofs[row]) for row in chosen],
        },
    }
    with atomic_path(path) as temporary:
        temporary.write_text(file_html(facts), encoding="utf-8")
    return len(chosen)


def _card(place: int, roof: DeskRoof) -> View:
    return {
        "place": place,
        "address": roof.address,
        "parcel_id": roof.parcel_id,
        "oblique": roof.oblique,
        "now": photo_view(roof.now, _inside(roof.now)),
        "before": photo_view(roof.before, _inside(roof.before)) if roof.before else None,
        "ahead": [],
    }


def _row(batch: Batch, row: int, roof: DeskRoof) -> View:
    slot = batch.slots[row]
    return {
        "address": roof.address or roof.parcel_id,
        "parcel_id": roof.parcel_id,
        "photo": roof.photo,
        "chosen": batch.chosen(slot),
        "chance": repr(slot.chance),
        "reader": MOST_READERS,
        "reason": reason_words(slot.part, roof),
    }


def _inside(photo: Photo) -> str:
    return f"data:image/webp;base64,{base64.b64encode(photo.webp).decode()}"
