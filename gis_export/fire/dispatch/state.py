"""What dispatch holds: the state that the last delivery left, the log of all deliveries, and the deletes that people confirm."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from gis_export.fire.dispatch.rows import COLUMNS
from gis_export.fire.dispatch.texts import nearest_name, one_line
from gis_export.table.tables import harmless
from imagery.errors import InputError, MissingInput
from imagery.files import atomic_path
from imagery.roll.tables import read_table, text_column

STATE_FILE = "dispatch_state.csv"
LOG_FILE = "dispatch_log.csv"
DELETES_FILE = "dispatch_deletes.csv"
STATE_COLUMNS = (*COLUMNS, "STANDING", "FLYOVER")
"""STANDING is ACTIVE or REVIEW; FLYOVER is the year of the photos that the last delivery was made from, in every row."""
DELETE_COLUMNS = ("PARCEL_ID", "REASON", "BY", "DATE")
DELETE_REASONS = ("razed", "occupied", "error")


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """A delete that a person confirmed."""

    parcel_id: str
    """Parcel, formulas made harmless as in the state."""
    reason: str
    """One of `DELETE_REASONS`."""
    by: str
    """Who says so."""
    day: date
    """When."""

    def __str__(self) -> str:
        """Return reason and day."""
        return f"{self.reason} ({self.day.isoformat()})"


def read_state(delivered: Path) -> pd.DataFrame:
    """Read what the last delivery left in `delivered`, columns `STATE_COLUMNS`; no rows before the first one.

    Raises:
        InputError: the file is not what an export left.
    """
    path = delivered / STATE_FILE
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in STATE_COLUMNS})
    state = _read(path)
    if (
        {"PARCEL_ID", "RISK_LVL", "STANDING"} <= set(state.columns) <= set(STATE_COLUMNS)
    ):  # an older version kept fewer columns
        state = state.reindex(columns=list(STATE_COLUMNS), fill_value="")
    if tuple(state.columns) != STATE_COLUMNS:
        raise InputError(
            f"{path} has columns {list(state.columns)}, want {list(STATE_COLUMNS)}; restore the file that the last export left"
        )
    if not state["PARCEL_ID"].is_unique:
        twice = state.loc[state["PARCEL_ID"].duplicated(), "PARCEL_ID"].iloc[0]
        raise InputError(
            f"{path} holds parcel {twice!r} twice, want once; restore the file that the last export left"
        )
    strange = state.loc[~state["FLYOVER"].str.fullmatch(r"(\d{4})?"), "FLYOVER"]
    if len(strange):
        raise InputError(
            f"{path}: FLYOVER is {strange.iloc[0]!r}, want a year; restore the file that the last export left"
        )
    return state


def newest_flyover(state: pd.DataFrame) -> int:
    """Return the year of the photos that dispatch was last told of; 0 where nothing or an older version tells."""
    return max((int(year) for year in state["FLYOVER"] if year), default=0)


def read_deletes(delivered: Path, *, today: date) -> dict[str, Deletion]:
    """Read dispatch_deletes.csv, in which people confirm deletes: PARCEL_ID, REASON, BY, DATE.

    A line stands for good: the parcel stays out of dispatch until somebody takes the line away.

    Raises:
        InputError: a column is missing, or a line is not whole or names a parcel that was never delivered.
    """
    path = delivered / DELETES_FILE
    if not path.exists():
        return {}
    table = read_table(path, what=DELETES_FILE)
    try:
        cells = {name: text_column(table, (name,), what=str(path)) for name in DELETE_COLUMNS}
    except MissingInput as error:
        raise MissingInput(
            f"{path} has columns {list(table.columns)}, want {list(DELETE_COLUMNS)}; name them in the first line"
        ) from error
    known = _ever_delivered(delivered)
    deletes: dict[str, Deletion] = {}
    for row, line in enumerate(
        zip(*(cells[name] for name in DELETE_COLUMNS), strict=True), start=2
    ):
        if any(cell.strip() for cell in line):
            one = _deletion(line, known, where=f"{path} line {row}", today=today)
            if one.parcel_id in deletes:
                raise InputError(
                    f"{path} line {row}: parcel {one.parcel_id!r} stands twice, want once; take one line away"
                )
            deletes[one.parcel_id] = one
    return deletes


def mark_delivered(
    changes: pd.DataFrame, state: pd.DataFrame, delivered: Path, *, run_id: str
) -> None:
    """Remember what dispatch holds now, and append what changed to the log."""
    delivered.mkdir(parents=True, exist_ok=True)
    log = delivered / LOG_FILE
    if len(changes):
        both = (
            pd.concat([_read(log), changes.assign(RUN_ID=run_id)])
            if log.exists()
            else changes.assign(RUN_ID=run_id)
        )
        with atomic_path(log) as temporary:
            both.to_csv(temporary, index=False)
    with atomic_path(delivered / STATE_FILE) as temporary:
        state.to_csv(temporary, index=False)


def _deletion(
    line: tuple[str, ...], known: tuple[str, ...], *, where: str, today: date
) -> Deletion:
    parcel, reason, by, day = (
        harmless(line[0]),
        line[1].strip().lower(),
        one_line(line[2]).strip(),
        line[3].strip(),
    )
    if parcel not in known:
        hint = (
            f"did you mean {nearest_name(parcel, known)!r}?"
            if known
            else "nothing was delivered yet"
        )
        raise InputError(f"{where}: parcel {parcel!r} was never delivered; {hint}")
    if reason not in DELETE_REASONS:
        raise InputError(f"{where}: REASON is {line[1]!r}, want one of {', '.join(DELETE_REASONS)}")
    if not by:
        raise InputError(
            f"{where}: BY is empty, want the name of the person who confirms the delete"
        )
    try:
        when = date.fromisoformat(day)
    except ValueError as error:
        raise InputError(f"{where}: DATE is {day!r}, want YYYY-MM-DD") from error
    if when > today:
        raise InputError(
            f"{where}: DATE is {day}, later than the day of this export, {today.isoformat()}; mend it"
        )
    return Deletion(parcel_id=parcel, reason=reason, by=harmless(by), day=when)


def _ever_delivered(delivered: Path) -> tuple[str, ...]:
    files = [path for path in (delivered / STATE_FILE, delivered / LOG_FILE) if path.exists()]
    return tuple(sorted({parcel for path in files for parcel in _read(path)["PARCEL_ID"]}))


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)
