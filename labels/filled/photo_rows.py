"""Answers of the desk that come as a file: looks at a photo, not visits. No file is opened."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from imagery.troubles import shown
from labels.filled.answers import Fault
from labels.filled.questions import CONFUSER, MEANS, PHOTO, READER, SAID_AT, SECONDS, SOURCE, YEAR
from labels.look import CONFUSERS, Look, Means

DESK = "desk"
"""Source of looks at photos where the file does not say."""


def is_of_desk(said: Mapping[str, str]) -> bool:
    """Tell whether a row is a look at a photo."""
    return said[MEANS.key].casefold() == Means.PHOTO.value


def find_desk_faults(said: Mapping[str, str]) -> list[Fault]:
    """Return why a look at a photo cannot be taken in."""
    checks = {
        f"the year of the photo is {shown(said[YEAR.key])}": _is_year(said[YEAR.key]),
        f"the reader is {shown(said[READER.key])}": said[READER.key] in ("", "1", "2"),
        f"the seconds are {shown(said[SECONDS.key])}": _seconds(said) is not None,
        f"what was mistaken for a hole is {shown(said[CONFUSER.key])}": said[CONFUSER.key]
        in ("", *CONFUSERS),
    }
    return [Fault(reason=reason) for reason, is_right in checks.items() if not is_right]


def as_desk_look(look: Look, said: Mapping[str, str]) -> Look:
    """Return a visit as what it is: a look at the photo of a flyover."""
    return replace(
        look,
        means=Means.PHOTO,
        source=said[SOURCE.key] or DESK,
        year=int(said[YEAR.key]),
        photo=said[PHOTO.key],
        confuser=said[CONFUSER.key],
        reader=int(said[READER.key] or 1),
        seconds=_seconds(said) if said[SECONDS.key] else None,
        said_at=_said_at(said[SAID_AT.key]) or look.said_at,
    )


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isdigit()


def _seconds(said: Mapping[str, str]) -> float | None:
    """Return how long it took, 0 where that is not said; None where it cannot be read."""
    try:
        seconds = float(said[SECONDS.key] or 0)
    except ValueError:
        return None
    return seconds if seconds >= 0 else None


def _said_at(text: str) -> datetime | None:
    """Return a time with its zone, None where there is none."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.utcoffset() is not None else None
