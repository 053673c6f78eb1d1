"""What dispatch holds.

The state that the last delivery left, the log of all deliveries, and the deletes that people
confirm.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from gis_export.fire.dispatch.rows import COLUMNS
from gis_export.fire.dispatch.texts import nearest_name, one_line
from imagery.errors import InputError, MissingInput
from imagery.files import atomic_path
from imagery.roll.keys import Matches, match_ids
from imagery.roll.tables import read_table, text_column
from imagery.values.days import read_days
from imagery.values.formulas import harmless

STATE_FILE = "dispatch_state.csv"
LOG_FILE = "dispatch_log.csv"
DELETES_FILE = "dispatch_deletes.csv"
STATE_COLUMNS = (*COLUMNS, "STANDING", "FLYOVER")
"""STANDING is ACTIVE or REVIEW; FLYOVER is the year of the last delivery's photos, in every row."""
DELETE_COLUMNS = ("PARCEL_ID", "REASON", "BY", "DATE")
DELETE_REASONS = ("razed", "occupied", "error")
_KEPT_BY_OLDER = frozenset({"PARCEL_ID", "RISK_LVL", "STANDING"})
"""Columns that a state has at least; older versions kept fewer than now."""
_RESTORE = "restore the file that the last export left"


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
    """Read what the last delivery left in `delivered`, columns `STATE_COLUMNS`.

    It has no rows before the first delivery.

    Raises:
        InputError: the file is not what an export left.
    """
    path = delivered / STATE_FILE
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in STATE_COLUMNS})

    state = _read(path)
    if _KEPT_BY_OLDER <= set(state.columns) <= set(STATE_COLUMNS):
        state = state.reindex(columns=list(STATE_COLUMNS), fill_value="")
    _check_state(state, path)
    return state


def _check_state(state: pd.DataFrame, path: Path) -> None:
    """Refuse a state that no export left."""
    if tuple(state.columns) != STATE_COLUMNS:
        found = list(state.columns)
        raise InputError(f"{path} has columns {found}, want {list(STATE_COLUMNS)}; {_RESTORE}")

    repeated = state.loc[state["PARCEL_ID"].duplicated(), "PARCEL_ID"]
    if len(repeated):
        raise InputError(
            f"{path}: parcel {repeated.iloc[0]!r} appears twice, want once; {_RESTORE}"
        )

    is_year = state["FLYOVER"].str.fullmatch(r"(\d{4})?")
    strange = state.loc[~is_year, "FLYOVER"]
    if len(strange):
        raise InputError(f"{path}: FLYOVER is {strange.iloc[0]!r}, want a year; {_RESTORE}")


def newest_flyover(state: pd.DataFrame) -> int:
    """Return the year of the last delivery's photos; 0 before the first one, or when not known."""
    return max((int(year) for year in state["FLYOVER"] if year), default=0)


def read_deletes(delivered: Path, *, today: date) -> dict[str, Deletion]:
    """Read dispatch_deletes.csv, in which people confirm deletes: PARCEL_ID, REASON, BY, DATE.

    A line counts for good: the parcel stays out of dispatch until somebody removes the line.

    Returns:
        The deletes by parcel.

    Raises:
        InputError: a column is missing, a line is not whole, or it names a parcel that was never
            delivered.
    """
    path = delivered / DELETES_FILE
    if not path.exists():
        return {}

    lines = _delete_lines(path)
    parcels = pd.Series([harmless(line[0]) for line in lines.values()], dtype="str")
    known = _ever_delivered(delivered)
    matches = match_ids(parcels, pd.Series(known, dtype="str"))

    deletes: dict[str, Deletion] = {}
    for row, (number, line) in enumerate(lines.items()):
        where = f"{path} line {number}"
        parcel = _delivered_parcel(parcels.iloc[row], row, matches, known, where=where)
        deletion = _deletion(parcel, line, where=where, today=today)
        if deletion.parcel_id in deletes:
            raise InputError(
                f"{where}: parcel {deletion.parcel_id!r} appears twice, want once; remove one line"
            )
        deletes[deletion.parcel_id] = deletion
    return deletes


def _delete_lines(path: Path) -> dict[int, tuple[str, ...]]:
    """Return the cells of every line, in the order of `DELETE_COLUMNS`, by its number."""
    file = read_table(path, what=DELETES_FILE, key=DELETE_COLUMNS[:1], columns=DELETE_COLUMNS[1:])
    table = file.rows
    try:
        columns = [text_column(table, (name,), what=str(path)) for name in DELETE_COLUMNS]
    except MissingInput as error:
        raise MissingInput(
            f"{path} has columns {list(table.columns)}, want {list(DELETE_COLUMNS)}; "
            "name them in the first line"
        ) from error
    cells = zip(*columns, strict=True)
    return dict(zip(file.row_numbers.tolist(), cells, strict=True))


def mark_delivered(
    changes: pd.DataFrame, state: pd.DataFrame, delivered: Path, *, run_id: str
) -> None:
    """Remember what dispatch holds now, and append what changed to the log."""
    delivered.mkdir(parents=True, exist_ok=True)
    if len(changes):
        _append(changes.assign(RUN_ID=run_id), delivered / LOG_FILE)

    with atomic_path(delivered / STATE_FILE) as temporary:
        state.to_csv(temporary, index=False)


def _append(rows: pd.DataFrame, log: Path) -> None:
    """Append rows to the log."""
    if log.exists():
        rows = pd.concat([_read(log), rows])
    with atomic_path(log) as temporary:
        rows.to_csv(temporary, index=False)


def _delivered_parcel(
    parcel: str, row: int, matches: Matches, known: tuple[str, ...], *, where: str
) -> str:
    """Return a parcel of a line as it was delivered."""
    if matches.is_found[row]:
        return known[int(matches.place[row])]

    if parcel in matches.collisions:
        others = " or ".join(repr(other) for other in matches.collisions[parcel])
        raise InputError(
            f"{where}: parcel {parcel!r} could be {others}; spell it as {LOG_FILE} does"
        )
    hint = (
        f"did you mean {nearest_name(parcel, known)!r}?" if known else "nothing was delivered yet"
    )
    raise InputError(f"{where}: parcel {parcel!r} was never delivered; {hint}")


def _deletion(parcel: str, line: tuple[str, ...], *, where: str, today: date) -> Deletion:
    """Check one line in the order of `DELETE_COLUMNS`."""
    _, reason_cell, by_cell, day_cell = line
    reason = reason_cell.strip().lower()
    if reason not in DELETE_REASONS:
        wanted = ", ".join(DELETE_REASONS)
        raise InputError(f"{where}: REASON is {reason_cell!r}, want one of {wanted}")

    by = one_line(by_cell).strip()
    if not by:
        raise InputError(
            f"{where}: BY is empty, want the name of the person who confirms the delete"
        )

    day = _past_day(day_cell.strip(), where=where, today=today)
    return Deletion(parcel_id=parcel, reason=reason, by=harmless(by), day=day)


def _past_day(text: str, *, where: str, today: date) -> date:
    """Parse the day of a delete, which is not after the day of the export."""
    read = read_days(pd.Series([text], dtype="str")).day.iloc[0]
    if pd.isna(read):
        raise InputError(f"{where}: DATE is {text!r}, want YYYY-MM-DD")

    day = date(read.year, read.month, read.day)
    if day > today:
        raise InputError(
            f"{where}: DATE is {text}, later than the day of this export, {today.isoformat()}; "
            "correct it"
        )
    return day


def _ever_delivered(delivered: Path) -> tuple[str, ...]:
    """Return every parcel that was ever delivered, sorted."""
    parcels: set[str] = set()
    for path in (delivered / STATE_FILE, delivered / LOG_FILE):
        if path.exists():
            parcels.update(_read(path)["PARCEL_ID"])
    return tuple(sorted(parcels))


def _read(path: Path) -> pd.DataFrame:
    """Read a table of text."""
    return pd.read_csv(path, dtype="str", keep_default_na=False)
