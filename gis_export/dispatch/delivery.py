"""What changed for dispatch since the last delivery: rows to add, rows to change, rows that a person must look at or had deleted.

Nothing is deleted by itself: a row that left the vacant roll is proposed for review, and goes out as a delete once a person
has given a reason (razed, occupied, error). The state is kept in our names, so that another column map changes no row.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gis_export.dispatch.address_match import AddressBook, match_addresses
from gis_export.dispatch.columns import ColumnMap, write_delivery
from gis_export.dispatch.rows import COLUMNS, DELIVERY_COLUMNS, MATCH_COLUMNS, REVIEW_DUE, dispatch_rows, dispatch_text, match_report
from gis_export.dispatch.state import STATE_COLUMNS, Deletion, read_deletes, read_state
from gis_export.dispatch.state import mark_delivered as _mark_delivered
from gis_export.inputs import ExportSettings
from gis_export.tables import csv_texts, harmless
from inference.hazard import USE_LIMIT

__all__ = [
    "COLUMNS", "DELIVERY_COLUMNS", "MATCH_COLUMNS", "STATE_COLUMNS", "Dispatch", "build_dispatch", "dispatch_text", "mark_delivered", "read_deletes",
    "read_state", "write_dispatch",
]  # fmt: skip

LEFT_ROLL = "left the vacant roll; needs a person"
NO_ADDRESS = "address no longer known; needs a person"
_COMPARED = (
    "ADDRESS", "LON", "LAT", "RISK_LVL", "RISK_TXT", "TEXT", "IMG_DATE", "VERIFIED", "VER_DATE", "REVIEW_BY", "ADJ_OCC", "OCC_SIDES", "SIGN_POST", "FIRE_DIST",
)  # fmt: skip
"""Values that make a change. EFFECTIVE, ALIASES and SOURCE follow from others, and a run is no news."""
_WORDINGS = ("RISK_TXT", "TEXT")


@dataclass(frozen=True, kw_only=True, eq=False)
class Dispatch:
    """One year's delivery to dispatch; every table holds text only."""

    add: pd.DataFrame
    """Columns `DELIVERY_COLUMNS`; ACTION is ADD."""
    change: pd.DataFrame
    """As `add`; ACTION is CHANGE, REASON names what changed."""
    delete: pd.DataFrame
    """As `add`; ACTION is REVIEW, or DELETE where a person confirmed it, who stands in BY."""
    match: pd.DataFrame
    """Columns `MATCH_COLUMNS`; a row per vacant."""
    state: pd.DataFrame
    """Columns `STATE_COLUMNS`: what dispatch holds after this delivery; STANDING is ACTIVE or REVIEW."""


def build_dispatch(
    rows: gpd.GeoDataFrame, state: pd.DataFrame, settings: ExportSettings, *, today: date, addresses: AddressBook | None = None,
    deletes: dict[str, Deletion] | None = None,
) -> Dispatch:  # fmt: skip
    """Compare this year's rows with what dispatch holds.

    Args:
        rows: The rows of the export.
        state: What the last delivery left, columns `STATE_COLUMNS`.
        settings: The width of the text.
        today: Day of the delivery.
        addresses: What the dispatcher knows; without it no address is looked up.
        deletes: What people confirmed, by parcel.
    """
    confirmed = deletes or {}
    matches = match_addresses(csv_texts(rows["ADDRESS"]), addresses)
    wanted = dispatch_rows(rows, matches, width=settings.dispatch.width, today=today)
    current = wanted[(wanted["ADDRESS"] != "") & ~wanted["PARCEL_ID"].isin(confirmed)].set_index("PARCEL_ID", drop=False)
    before = state.set_index("PARCEL_ID", drop=False)
    deleted = before[before.index.isin(confirmed)]
    before = before.drop(index=deleted.index)
    known = current.index.isin(before.index)
    kept, held = current[known], before.loc[current.index[known]]
    differs = _differences(kept, held)
    moved = differs.any(axis=1) | (held["STANDING"] == "REVIEW")
    gone = before[~before.index.isin(current.index)]
    asked = gone[gone["STANDING"] != "REVIEW"]
    on_roll = asked["PARCEL_ID"].isin(wanted["PARCEL_ID"])
    by = {parcel: f"kept out: {one}, {one.by}" for parcel, one in confirmed.items()}
    return Dispatch(
        add=_actions(current[~known], "ADD", ["new on the vacant roll"] * int((~known).sum())),
        change=_actions(kept[moved], "CHANGE", _said(differs[moved])),
        delete=pd.concat([_deletes(deleted, confirmed), _actions(asked, "REVIEW", list(on_roll.map({True: NO_ADDRESS, False: LEFT_ROLL})))], ignore_index=True),
        match=match_report(rows, matches, {str(parcel): by[harmless(str(parcel))] for parcel in rows["PARCEL_ID"] if harmless(str(parcel)) in by}),
        state=_after(current[~known], kept[moved], held[~moved], gone),
    )


def write_dispatch(dispatch: Dispatch, folder: Path, columns: ColumnMap | None = None) -> None:
    """Write dispatch_add.csv, dispatch_change.csv, dispatch_delete.csv and match_report.csv into `folder`; for a vendor cad_add.csv and so on too.

    Args:
        dispatch: The delivery.
        folder: Where to.
        columns: How the vendor wants the first three; None where no vendor is named.
    """
    for name, table in (("add", dispatch.add), ("change", dispatch.change), ("delete", dispatch.delete)):
        write_delivery(table, folder / f"dispatch_{name}.csv", None)
        if columns:
            write_delivery(table, folder / f"cad_{name}.csv", columns)
    dispatch.match.to_csv(folder / "match_report.csv", index=False)


def mark_delivered(dispatch: Dispatch, delivered: Path, *, run_id: str) -> None:
    """Remember what dispatch holds now, and append what changed to the log."""
    _mark_delivered(pd.concat([dispatch.add, dispatch.change, dispatch.delete]), dispatch.state, delivered, run_id=run_id)


def _differences(kept: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Return which of `_COMPARED` moved, row by row.

    That a row has fallen due for review is no news to dispatch, which holds REVIEW_BY; nor is a REVIEW_BY that is counted
    from the day of the export because the day of the photo is not known.
    """
    names = list(_COMPARED)
    new, old = kept[names].copy(), held[names].copy()
    for table in (new, old):
        table["RISK_TXT"] = table["RISK_TXT"].str.removesuffix(REVIEW_DUE)
    drifting = (new["IMG_DATE"] == "") & (old["IMG_DATE"] == "")
    new.loc[drifting, "REVIEW_BY"] = old.loc[drifting, "REVIEW_BY"]
    return new != old


def _said(differs: pd.DataFrame) -> list[str]:
    """Name what changed; the texts only where nothing else did."""
    said = []
    for row in differs.to_numpy(dtype=bool):
        names = [name for name, moved in zip(_COMPARED, row, strict=True) if moved]
        said.append(", ".join(name for name in names if name not in _WORDINGS) or ("wording" if names else "back on the vacant roll"))
    return said


def _after(added: pd.DataFrame, changed: pd.DataFrame, same: pd.DataFrame, gone: pd.DataFrame) -> pd.DataFrame:
    """Return what dispatch holds after the delivery: rows that were not sent stay as they were sent."""
    tables = [added.assign(STANDING="ACTIVE"), changed.assign(STANDING="ACTIVE"), same, gone.assign(STANDING="REVIEW")]
    return pd.concat(tables)[list(STATE_COLUMNS)].sort_index().reset_index(drop=True)


def _deletes(held: pd.DataFrame, confirmed: dict[str, Deletion]) -> pd.DataFrame:
    people = [confirmed[str(parcel)] for parcel in held.index]
    return _actions(held, "DELETE", [str(one) for one in people], [one.by for one in people])


def _actions(table: pd.DataFrame, action: str, reasons: list[str], by: list[str] | None = None) -> pd.DataFrame:
    out = table[list(COLUMNS)].reset_index(drop=True)
    out.insert(0, "ACTION", action)
    out = out.assign(REASON=reasons, BY=by or "", USE_LIMIT=USE_LIMIT)
    return out[list(DELIVERY_COLUMNS)].astype("str")
