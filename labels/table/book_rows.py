"""Looks of the book as rows of a table, beside those of the label file. No file is opened."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from imagery.roll.matching import MatchCount, name_ids
from imagery.roll.parcels import VacantRoll
from imagery.troubles import Trouble, trouble_of
from imagery.values.texts import clean_texts
from labels.choices import DISPOSITIONS, ROOF_OPEN, Choice
from labels.filled.visit_days import Flight
from labels.label_file.parcels import LabelParcels
from labels.label_file.values import CANNOT_TELL as NOT_SURE
from labels.label_file.values import NOT_OPEN
from labels.look import CANNOT_TELL, Look
from labels.table.rows import LabelRows

NOTHING_SAID = "nothing said of the roof"
MOST_DAYS_AFTER = 366
"""Days after a flight up to which a visit says how the roof was in the photo."""


def book_rows(
    looks: Sequence[Look],
    roll: VacantRoll,
    *,
    threshold: float,
    flights: Sequence[Flight] = (),
) -> LabelRows:
    """Return looks as rows.

    Args:
        looks: Those that count.
        roll: The vacant roll.
        threshold: Percent of the roof at and above which it counts as failing.
        flights: Flyovers of the city.
    """
    flown = {flight.year: flight.flown for flight in flights}
    parcels = _find_parcels(looks, roll)
    failing = [look.is_failing(threshold) for look in looks]
    days = pd.Series([look.day for look in looks], dtype="object")

    return LabelRows(
        parcels=parcels,
        year=pd.Series([float(look.year) for look in looks], dtype="float64"),
        roof_pct=pd.Series([look.roof_pct for look in looks], dtype="float64"),
        failing=pd.Series([is_failing is True for is_failing in failing], dtype="bool"),
        unclear=pd.Series([is_failing is None for is_failing in failing], dtype="bool"),
        is_of_photo=pd.Series([_is_of_photo(look, flown) for look in looks], dtype="bool"),
        found=_texts([describe(look) for look in looks]),
        day=pd.to_datetime(days).astype("datetime64[ns]"),
        source=_texts([look.source for look in looks]),
        on_site=pd.Series([look.on_site for look in looks], dtype="bool"),
        chosen=_texts([look.chosen for look in looks]),
        chance=pd.Series([look.chance for look in looks], dtype="float64"),
        said=_said(looks),
        troubles=parcels.troubles,
    )


def _is_of_photo(look: Look, flown: Mapping[int, date | None]) -> bool:
    """Tell whether a look says what the photo of its year shows.

    Of a roof that somebody visited long after the flight nobody knows how it was in the photo.
    """
    if not look.is_of_photo or not look.on_site or look.day is None:
        return look.is_of_photo
    day = flown.get(look.year)
    if day is None:
        return look.day.year - look.year <= 1
    return (look.day - day).days <= MOST_DAYS_AFTER


def describe(look: Look) -> str:
    """Say what was seen in words, such as "25 to 49% of the roof open; stabilize"."""
    parts = [_describe_roof(look)] if look.roof else []
    parts += [choice.label for choice in DISPOSITIONS if choice.name == look.disposition]
    return "; ".join(parts) or NOTHING_SAID


def _describe_roof(look: Look) -> str:
    if look.roof == CANNOT_TELL:
        return NOT_SURE
    if look.roof_pct == 0:
        return NOT_OPEN
    return f"{_label(ROOF_OPEN, look.roof)} of the roof open"


def _label(choices: tuple[Choice, ...], name: str) -> str:
    return next(choice.label for choice in choices if choice.name == name)


def _find_parcels(looks: Sequence[Look], roll: VacantRoll) -> LabelParcels:
    """Find the parcel of each look: the roll may have changed since."""
    ids = _texts([look.parcel_id for look in looks])
    matches = roll.match(ids)
    spelled = np.append(roll.known_ids.to_numpy(object), "")[matches.place]  # -1 is the last
    meant = pd.Series(spelled, index=ids.index, dtype="str")
    is_on_roll = meant.isin(roll.table["parcel_id"])

    lost = _find_lost(ids[~matches.is_found])
    return LabelParcels(
        count=MatchCount(
            what="looks of the book", matched=int(matches.is_found.sum()), total=len(ids)
        ),
        parcel_id=meant.where(is_on_roll, ""),
        is_off_roll=~is_on_roll & (meant != ""),
        troubles=(lost,) if lost else (),
    )


def _find_lost(ids: pd.Series) -> Trouble | None:
    return trouble_of(
        name_ids(ids, ids.index.to_series() + 1),
        what="looks of the book whose parcel is no longer in the parcel file",
        remedy="nothing is lost; they count again when the parcel is back",
    )


def _said(looks: Sequence[Look]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "who": _texts([look.who for look in looks]),
            "means": _texts([look.means.value for look in looks]),
            "disposition": _texts([look.disposition for look in looks]),
            "sign_posted": _texts([_yes_or_no(look.sign_posted) for look in looks]),
            "sides": _texts([_joined_sides(look) for look in looks]),
            "secured": _texts([_yes_or_no(look.secured) for look in looks]),
            "signs": _texts([" ".join(look.signs) for look in looks]),
            "note": clean_texts(_texts([look.note for look in looks])),
            "photo": _texts([look.photo for look in looks]),
            "look_id": _texts([look.look_id for look in looks]),
        }
    )


def _yes_or_no(answer: str) -> str:
    return {"yes": "Y", "no": "N"}.get(answer, "")


def _joined_sides(look: Look) -> str:
    """Return occupied sides such as "N E", "none", or "" where they are not known."""
    if look.sides in ((), (CANNOT_TELL,)):
        return ""
    return " ".join(side if side == "none" else side.upper() for side in look.sides)


def _texts(values: Sequence[str]) -> pd.Series:
    return pd.Series(list(values), dtype="str")
