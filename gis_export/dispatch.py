"""What changed for dispatch since the last delivery: rows to add, rows to change, and rows a person must look at.

Nothing is deleted by itself: a row that left the vacant roll is proposed for review, since a delete needs a person and a
reason (razed, occupied, error).
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gis_export.inputs import ExportSettings
from gis_export.symbols import BY_CODE
from gis_export.tables import csv_texts, harmless
from imagery.errors import InputError
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

STATE_FILE = "dispatch_state.csv"
LOG_FILE = "dispatch_log.csv"
COLUMNS = (
    "PARCEL_ID", "ADDRESS", "RISK_LVL", "RISK_TXT", "IMG_DATE", "ADJ_OCC", "OCC_SIDES", "SIGN_POST", "FIRE_DIST", "TEXT",
)  # fmt: skip
STATE_COLUMNS = (*COLUMNS, "STANDING")
LEFT_ROLL = "left the vacant roll; needs a person"
NO_ADDRESS = "address no longer known; needs a person"


@dataclass(frozen=True, kw_only=True, eq=False)
class Dispatch:
    """One year's delivery to dispatch; every table holds text only."""

    add: pd.DataFrame
    """Columns ACTION, `COLUMNS`, REASON, USE_LIMIT."""
    change: pd.DataFrame
    """As `add`; ACTION is CHANGE."""
    delete: pd.DataFrame
    """As `add`; ACTION is REVIEW."""
    match: pd.DataFrame
    """Columns PARCEL_ID, ADDRESS, MATCH, REASON; a row per vacant."""
    state: pd.DataFrame
    """Columns `STATE_COLUMNS`: what dispatch holds after this delivery; STANDING is ACTIVE or REVIEW."""


def build_dispatch(rows: pd.DataFrame, state: pd.DataFrame, settings: ExportSettings) -> Dispatch:
    """Compare this year's rows with what dispatch holds.

    Args:
        rows: The rows of the export.
        state: What the last delivery left, columns `STATE_COLUMNS`.
        settings: The width of the text.
    """
    wanted = _dispatch_rows(rows, settings)
    current = wanted[wanted["ADDRESS"] != ""].set_index("PARCEL_ID", drop=False)
    before = state.set_index("PARCEL_ID", drop=False)
    known = current.index.isin(before.index)
    kept = current[known]
    held = before.loc[kept.index]
    differs = (kept[list(COLUMNS)] != held[list(COLUMNS)]).any(axis=1) | (held["STANDING"] == "REVIEW")
    gone = before[~before.index.isin(current.index)]
    asked = gone[gone["STANDING"] != "REVIEW"]
    on_roll = asked["PARCEL_ID"].isin(wanted["PARCEL_ID"])
    return Dispatch(
        add=_actions(current[~known], "ADD", pd.Series("new on the vacant roll", index=current[~known].index)),
        change=_actions(kept[differs], "CHANGE", _what_changed(kept[differs], held[differs])),
        delete=_actions(asked, "REVIEW", on_roll.map({True: NO_ADDRESS, False: LEFT_ROLL})),
        match=_match_report(wanted),
        state=pd.concat([current.assign(STANDING="ACTIVE"), gone.assign(STANDING="REVIEW")])[list(STATE_COLUMNS)].sort_index(),
    )


def write_dispatch(dispatch: Dispatch, folder: Path) -> None:
    """Write dispatch_add.csv, dispatch_change.csv, dispatch_delete.csv and match_report.csv into `folder`."""
    tables = {
        "dispatch_add": dispatch.add, "dispatch_change": dispatch.change, "dispatch_delete": dispatch.delete,
        "match_report": dispatch.match,
    }  # fmt: skip
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def read_state(delivered: Path) -> pd.DataFrame:
    """Read what the last delivery left in `delivered`; no rows before the first one."""
    path = delivered / STATE_FILE
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype="string") for name in STATE_COLUMNS})
    state = pd.read_csv(path, dtype="string", keep_default_na=False)
    if tuple(state.columns) != STATE_COLUMNS:
        raise InputError(f"{path} has columns {list(state.columns)}, want {list(STATE_COLUMNS)}; restore the file that the last export left")
    return state


def mark_delivered(dispatch: Dispatch, delivered: Path, *, run_id: str) -> None:
    """Remember what dispatch holds now, and append what changed to the log."""
    changes = pd.concat([dispatch.add, dispatch.change, dispatch.delete]).assign(RUN_ID=run_id)
    delivered.mkdir(parents=True, exist_ok=True)
    log = delivered / LOG_FILE
    if len(changes):
        changes.to_csv(log, mode="a", index=False, header=not log.exists())
    with atomic_path(delivered / STATE_FILE) as temporary:
        dispatch.state.to_csv(temporary, index=False)


def dispatch_text(code: str, flown: str, occupied_sides: str, *, width: int) -> str:
    """Say a row in the characters that dispatch shows; the hazard words always stand whole, in front."""
    photo = f"PHOTO {flown}" if flown else "PHOTO DATE UNKNOWN"
    sides = {"": "", "U": "SIDES UNKNOWN"}.get(occupied_sides, f"OCC {occupied_sides}")
    text = f"VACANT ROOF {BY_CODE[code].word.value}"
    for part in (photo, sides, "SIZE-UP GOVERNS"):
        longer = f"{text} / {part}" if part else text
        text = longer if len(longer) <= width else text
    return text


def _dispatch_rows(rows: pd.DataFrame, settings: ExportSettings) -> pd.DataFrame:
    table = pd.DataFrame({
        name: pd.Series(csv_texts(rows[name]), dtype="string")
        for name in COLUMNS[:-1]
    })  # fmt: skip
    table["ADDRESS"] = table["ADDRESS"].str.strip()
    table["TEXT"] = pd.Series([
        dispatch_text(code, flown, sides, width=settings.dispatch.width)
        for code, flown, sides in zip(table["RISK_LVL"], table["IMG_DATE"], table["OCC_SIDES"], strict=True)
    ], dtype="string")  # fmt: skip
    return table.map(harmless).astype("string")


def _actions(table: pd.DataFrame, action: str, reason: pd.Series) -> pd.DataFrame:
    out = table[list(COLUMNS)].astype("string").reset_index(drop=True)
    out.insert(0, "ACTION", action)
    return out.assign(REASON=reason.to_numpy(), USE_LIMIT=USE_LIMIT)


def _what_changed(kept: pd.DataFrame, held: pd.DataFrame) -> pd.Series:
    names = [name for name in COLUMNS if name not in ("PARCEL_ID", "TEXT", "RISK_TXT")]
    differs = kept[names] != held[names]
    reasons = [", ".join(name for name, moved in zip(names, row, strict=True) if moved) or "wording" for row in differs.to_numpy()]
    return pd.Series(reasons, index=kept.index, dtype="string")


def _match_report(wanted: pd.DataFrame) -> pd.DataFrame:
    shared = wanted.groupby("ADDRESS")["PARCEL_ID"].transform("size")
    missing = wanted["ADDRESS"] == ""
    reason = pd.Series("", index=wanted.index, dtype="string")
    reason[missing] = "no address on the roll; dispatch cannot find it"
    reason[~missing & (shared > 1)] = "address shared with another vacant parcel"
    return wanted[["PARCEL_ID", "ADDRESS"]].assign(MATCH=missing.map({True: "N", False: "Y"}), REASON=reason)
