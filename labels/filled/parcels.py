"""Which parcel each finding is of, or why that is not certain. No file is opened."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from rapidfuzz import fuzz, process

from imagery.roll.keys import joined_key
from imagery.roll.parcels import VacantRoll
from imagery.values.spreadsheets import changed_in_list
from imagery.values.texts import clean_ids
from labels.filled.answers import Fault

LEAST_ALIKE = 70
"""How alike an id must be to be named as the nearest, of 100."""


@dataclass(frozen=True, kw_only=True)
class FoundParcel:
    """The parcel of one row."""

    parcel_id: str = ""
    """Id as in the city's parcels, "" where it is not certain."""
    on_roll: bool = False
    """Whether it is on the vacant roll."""
    fault: Fault | None = None
    """Why it is not certain."""


def find_parcels(ids: pd.Series, roll: VacantRoll) -> list[FoundParcel]:
    """Find the parcel of each row among all parcels, whether vacant or not.

    Args:
        ids: Ids as text, "" where a row has none.
        roll: The vacant roll.
    """
    cleaned = clean_ids(ids)
    matches = roll.match(cleaned)
    is_changed = changed_in_list(cleaned, matches.is_found, roll.known_ids)
    on_roll = set(roll.table["parcel_id"])
    known = roll.known_ids.tolist()
    keys = [joined_key(name) for name in known] if not matches.is_found.all() else []

    found = []
    rows = zip(cleaned, matches.place.tolist(), is_changed.tolist(), strict=True)
    for name, place, changed in rows:
        if place >= 0:
            parcel = str(known[place])
            found.append(FoundParcel(parcel_id=parcel, on_roll=parcel in on_roll))
            continue
        fault = _fault_of(name, matches.collisions.get(name, ()), changed=changed)
        if not fault.nearest and name:
            fault = Fault(reason=fault.reason, nearest=_nearest(name, known, keys))
        found.append(FoundParcel(fault=fault))
    return found


def _fault_of(name: str, rivals: Sequence[str], *, changed: bool) -> Fault:
    if not name:
        return Fault(reason="no parcel id")
    if rivals:
        return Fault(reason="the id may be one of several", nearest=" or ".join(rivals))
    if changed:
        return Fault(reason="a spreadsheet has changed the id; write it as text")
    return Fault(reason="no parcel has this id")


def _nearest(name: str, known: Sequence[str], keys: Sequence[str]) -> str:
    """Return the id that is most like another one, "" where none is."""
    best = process.extractOne(joined_key(name), keys, scorer=fuzz.ratio, score_cutoff=LEAST_ALIKE)
    return known[best[2]] if best else ""
