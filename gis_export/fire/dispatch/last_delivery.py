"""Number and day of the last delivery: the next one follows without a gap, on no earlier day."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from gis_export.fire.dispatch.state import LOG_FILE, STATE_FILE
from imagery.errors import InputError
from imagery.workspace import Workspace

_FOLDER = re.compile(r"(\d{4}-\d{2}-\d{2})_(\d+)")
_DAY = "EFFECTIVE"
_NUMBER = "DELIVERY"


@dataclass(frozen=True, kw_only=True)
class LastDelivery:
    """What is known of the last delivery."""

    number: int
    """Its number; 0 before the first one."""
    day: date | None
    """Its day, None before the first one."""


NO_DELIVERY = LastDelivery(number=0, day=None)


def last_delivery(delivered: Path) -> LastDelivery:
    """Return the last delivery: of the kept folders, of the log and of what dispatch holds.

    Folders may have been loaded and removed. Versions before numbered each day anew: their number
    is at least how many were kept.
    """
    numbers: list[int] = []
    days: list[str] = []
    for folder in _kept_folders(delivered):
        found = _FOLDER.fullmatch(folder)
        if found:
            days.append(found[1])
            numbers.append(int(found[2]))

    numbers.append(len(days))
    for name in (LOG_FILE, STATE_FILE):
        cells = _read_cells(delivered / name)
        days += [day for day in cells.get(_DAY, []) if day]
        numbers += [int(number) for number in cells.get(_NUMBER, []) if number.isdecimal()]
    return LastDelivery(number=max(numbers), day=date.fromisoformat(max(days)) if days else None)


def check_day(last: LastDelivery, today: date) -> None:
    """Refuse a delivery of a day before the last one.

    Raises:
        InputError: the day lies before it.
    """
    if last.day is not None and today < last.day:
        raise InputError(
            f"dispatch: this delivery would be of {today.isoformat()}, and delivery {last.number} "
            f"was of {last.day.isoformat()}: rows would grow younger; set [export] as_of to "
            f"{last.day.isoformat()} or later, or correct the clock"
        )


def folder_of(delivered: Path, number: int, today: date) -> Path:
    """Return the folder of a delivery, such as 2026-11-24_07.

    The number has as many digits as those that are kept, so that names sort as deliveries do.
    """
    deliveries = Workspace(folder=delivered).deliveries
    endings = [name.rpartition("_")[2] for name in _kept_folders(delivered)]
    digits = max((len(ending) for ending in endings), default=2)
    return deliveries / f"{today.isoformat()}_{number:0{digits}d}"


def _kept_folders(delivered: Path) -> list[str]:
    """Return the names of the deliveries that are kept."""
    deliveries = Workspace(folder=delivered).deliveries
    if not deliveries.is_dir():
        return []
    return [path.name for path in deliveries.iterdir() if _FOLDER.fullmatch(path.name)]


def _read_cells(path: Path) -> dict[str, list[str]]:
    """Return the days and numbers of a table of deliveries."""
    if not path.exists():
        return {}

    table = pd.read_csv(
        path,
        dtype="str",
        keep_default_na=False,
        usecols=lambda name: name in (_DAY, _NUMBER),
    )
    return {str(name): table[name].tolist() for name in table.columns}
