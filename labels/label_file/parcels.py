"""Which parcel each label belongs to. No file is opened."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from imagery.roll.matching import MatchCount, find_collisions, find_unmatched, name_ids
from imagery.roll.parcels import VacantRoll
from imagery.troubles import Trouble, only_troubles
from imagery.values.spreadsheets import changed_in_list, find_changed_ids
from imagery.values.texts import clean_ids


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelParcels:
    """The parcel of each label; every series has an entry per label."""

    count: MatchCount
    """How many match a parcel."""
    parcel_id: pd.Series
    """Id as on the roll, "" for labels of no parcel and for parcels that are not on it."""
    is_off_roll: pd.Series
    """Whether the parcel is in the parcel file, and not on the roll."""
    troubles: tuple[Trouble, ...]
    """Labels that belong to no parcel for certain."""


def match_labels(ids: pd.Series, rows: pd.Series, roll: VacantRoll) -> LabelParcels:
    """Find the parcel of each label among all parcels, whether vacant or not.

    Args:
        ids: Ids of the labels as text.
        rows: Number of the row of each in its file.
        roll: The vacant roll.
    """
    cleaned = clean_ids(ids)
    known = roll.known_ids
    matches = roll.match(cleaned)
    spelled = np.append(known.to_numpy(object), "")[matches.place]  # place -1 is the last
    meant = pd.Series(spelled, index=ids.index, dtype="str")
    is_on_roll = meant.isin(roll.table["parcel_id"])

    is_lost = ~matches.is_found
    is_changed = changed_in_list(cleaned, matches.is_found, known)
    is_colliding = cleaned.isin(list(matches.collisions)).to_numpy(bool)
    off_roll = ~is_on_roll & (meant != "")
    count = MatchCount(
        what="labels",
        matched=len(ids) - int(is_lost.sum()),
        total=len(ids),
        note=f"{off_roll.sum():,} of parcels that are not on the roll" if off_roll.any() else "",
    )
    is_unlike = is_lost & ~is_changed & ~is_colliding
    names = name_ids(cleaned[is_unlike], rows[is_unlike])

    changed = find_changed_ids(cleaned, is_changed, what="labels", rows=rows)
    unmatched = find_unmatched(
        names,
        count,
        least=roll.min_matched,
        remedy="compare [labels] id with [parcels] id; until then they are not used",
    )
    colliding = find_collisions(
        cleaned,
        matches.collisions,
        what="labels",
        rows=rows,
        is_fix=count.is_below(roll.min_matched),
    )
    return LabelParcels(
        count=count,
        parcel_id=meant.where(is_on_roll, ""),
        is_off_roll=off_roll,
        troubles=only_troubles([changed, unmatched, colliding]),
    )
