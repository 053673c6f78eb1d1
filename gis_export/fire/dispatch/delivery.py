"""What changed for dispatch since the last delivery: rows to add, rows to change, rows that a person must look at or had deleted.

Nothing is deleted by itself: a row that left the vacant roll is proposed for review, and goes out as a delete once a person
has given a reason (razed, occupied, error). The state is kept in our names, so that another column map changes no row.

The state belongs to the newest flyover that was delivered: an export of an earlier year has nothing to tell dispatch. The
files in `fire/` hold what the last export found and the next one replaces them; every delivery that holds a row is therefore
also kept, whole, in `deliveries/<day>_<number>/`, so that nothing is lost when dispatch loads it late: load the folders in
the order of their names. It is in place before the state says delivered; an export that is killed in between delivers again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gis_export.fire.dispatch.address_match import AddressBook, match_addresses
from gis_export.fire.dispatch.columns import ColumnMap
from gis_export.fire.dispatch.rows import (
    COLUMNS,
    DELIVERY_COLUMNS,
    MATCH_COLUMNS,
    REVIEW_DUE,
    dispatch_rows,
    dispatch_text,
    match_report,
)
from gis_export.fire.dispatch.state import (
    STATE_COLUMNS,
    Deletion,
    newest_flyover,
    read_deletes,
    read_state,
)
from gis_export.fire.dispatch.state import mark_delivered as _mark_delivered
from gis_export.fire.dispatch.vendor_file import write_delivery
from gis_export.table.settings import ExportSettings
from gis_export.table.tables import csv_texts, harmless
from imagery.files import atomic_folder
from inference.hazard import USE_LIMIT

__all__ = [
    "COLUMNS",
    "DELIVERY_COLUMNS",
    "MATCH_COLUMNS",
    "STATE_COLUMNS",
    "Dispatch",
    "build_dispatch",
    "dispatch_text",
    "keeping_delivery",
    "mark_delivered",
    "read_deletes",
    "read_state",
    "write_dispatch",
]

DELIVERIES = "deliveries"
VENDOR_FILES = ("cad_add.csv", "cad_change.csv", "cad_delete.csv")
LEFT_ROLL = "left the vacant roll; needs a person"
NO_ADDRESS = "address no longer known; needs a person"
_COMPARED = (
    "ADDRESS",
    "LON",
    "LAT",
    "RISK_LVL",
    "RISK_TXT",
    "TEXT",
    "IMG_DATE",
    "VERIFIED",
    "VER_DATE",
    "REVIEW_BY",
    "ADJ_OCC",
    "OCC_SIDES",
    "SIGN_POST",
    "FIRE_DIST",
)
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
    state: pd.DataFrame | None
    """Columns `STATE_COLUMNS`: what dispatch holds after this delivery; None where the year is an earlier one, which leaves it as it is."""

    @property
    def deltas(self) -> dict[str, pd.DataFrame]:
        """Return the tables that tell dispatch what to do, by the end of their file's name."""
        return {"add": self.add, "change": self.change, "delete": self.delete}


def build_dispatch(
    rows: gpd.GeoDataFrame,
    state: pd.DataFrame,
    settings: ExportSettings,
    *,
    year: int,
    today: date,
    addresses: AddressBook | None = None,
    deletes: dict[str, Deletion] | None = None,
) -> Dispatch:
    """Compare a year's rows with what dispatch holds.

    Args:
        rows: The rows of the export.
        state: What the last delivery left, columns `STATE_COLUMNS`.
        settings: The width of the text.
        year: Flyover of the rows; one before that of the state gives no delivery, only the match report.
        today: Day of the delivery.
        addresses: What the dispatcher knows; without it no address is looked up.
        deletes: What people confirmed, by parcel.
    """
    confirmed = deletes or {}
    matches = match_addresses(csv_texts(rows["ADDRESS"]), addresses)
    by = {parcel: f"kept out: {one}, {one.by}" for parcel, one in confirmed.items()}
    match = match_report(
        rows,
        matches,
        {
            str(parcel): by[harmless(str(parcel))]
            for parcel in rows["PARCEL_ID"]
            if harmless(str(parcel)) in by
        },
    )
    wanted = dispatch_rows(rows, matches, width=settings.dispatch.width, today=today)
    if year < newest_flyover(state):
        none = _actions(wanted.iloc[:0], "", [])
        return Dispatch(add=none, change=none, delete=none, match=match, state=None)
    return _delta(wanted, state, confirmed, match, year=year)


def _delta(
    wanted: pd.DataFrame,
    state: pd.DataFrame,
    confirmed: dict[str, Deletion],
    match: pd.DataFrame,
    *,
    year: int,
) -> Dispatch:
    """Compare what dispatch should hold with what it does."""
    current = wanted[(wanted["ADDRESS"] != "") & ~wanted["PARCEL_ID"].isin(confirmed)].set_index(
        "PARCEL_ID", drop=False
    )
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
    return Dispatch(
        add=_actions(current[~known], "ADD", ["new on the vacant roll"] * int((~known).sum())),
        change=_actions(kept[moved], "CHANGE", _said(differs[moved])),
        delete=pd.concat(
            [
                _deletes(deleted, confirmed),
                _actions(asked, "REVIEW", list(on_roll.map({True: NO_ADDRESS, False: LEFT_ROLL}))),
            ],
            ignore_index=True,
        ),
        match=match,
        state=_after(current[~known], kept[moved], held[~moved], gone).assign(FLYOVER=str(year)),
    )


def write_dispatch(dispatch: Dispatch, folder: Path, columns: ColumnMap | None = None) -> None:
    """Write dispatch_add.csv, dispatch_change.csv, dispatch_delete.csv and match_report.csv into `folder`; for a vendor cad_add.csv and so on too.

    Args:
        dispatch: The delivery.
        folder: Where to.
        columns: How the vendor wants the first three; None where no vendor is named.
    """
    _write_deltas(dispatch, folder, columns)
    dispatch.match.to_csv(folder / "match_report.csv", index=False)


@contextmanager
def keeping_delivery(
    dispatch: Dispatch, delivered: Path, columns: ColumnMap | None, *, today: date
) -> Iterator[None]:
    """Keep a delivery in a folder of its own, see the module; it is in place when the block has succeeded.

    Its files are written before the block, so that a full disk stops an export whose products are not yet in place.
    """
    if not any(len(table) for table in dispatch.deltas.values()):
        yield
        return
    with atomic_folder(_next_folder(delivered / DELIVERIES, today)) as folder:
        _write_deltas(dispatch, folder, columns)
        yield


def mark_delivered(dispatch: Dispatch, delivered: Path, *, run_id: str) -> None:
    """Remember what dispatch holds now, and append what changed to the log; an earlier year leaves both as they are."""
    if dispatch.state is not None:
        _mark_delivered(
            pd.concat(list(dispatch.deltas.values())), dispatch.state, delivered, run_id=run_id
        )


def _write_deltas(dispatch: Dispatch, folder: Path, columns: ColumnMap | None) -> None:
    for name, table in dispatch.deltas.items():
        write_delivery(table, folder / f"dispatch_{name}.csv", None)
        if columns:
            write_delivery(table, folder / f"cad_{name}.csv", columns)


def _next_folder(deliveries: Path, today: date) -> Path:
    """Return the folder after the last one of a day, such as 2026-11-24_02."""
    numbers = [
        int(number)
        for path in deliveries.glob(f"{today.isoformat()}_*")
        if (number := path.name.rpartition("_")[2]).isdecimal()
    ]
    return deliveries / f"{today.isoformat()}_{max(numbers, default=0) + 1:02d}"


def _differences(kept: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Return which of `_COMPARED` moved, row by row.

    That a row has fallen due for review is no news to dispatch, which holds REVIEW_BY.
    """
    names = list(_COMPARED)
    new, old = kept[names].copy(), held[names].copy()
    for table in (new, old):
        table["RISK_TXT"] = table["RISK_TXT"].str.removesuffix(REVIEW_DUE)
    return new != old


def _said(differs: pd.DataFrame) -> list[str]:
    """Name what changed; the texts only where nothing else did."""
    said = []
    for row in differs.to_numpy(dtype=bool):
        names = [name for name, moved in zip(_COMPARED, row, strict=True) if moved]
        said.append(
            ", ".join(name for name in names if name not in _WORDINGS)
            or ("wording" if names else "back on the vacant roll")
        )
    return said


def _after(
    added: pd.DataFrame, changed: pd.DataFrame, same: pd.DataFrame, gone: pd.DataFrame
) -> pd.DataFrame:
    """Return what dispatch holds after the delivery: rows that were not sent stay as they were sent."""
    tables = [
        added.assign(STANDING="ACTIVE"),
        changed.assign(STANDING="ACTIVE"),
        same,
        gone.assign(STANDING="REVIEW"),
    ]
    return (
        pd.concat(tables).reindex(columns=list(STATE_COLUMNS)).sort_index().reset_index(drop=True)
    )


def _deletes(held: pd.DataFrame, confirmed: dict[str, Deletion]) -> pd.DataFrame:
    people = [confirmed[str(parcel)] for parcel in held.index]
    return _actions(held, "DELETE", [str(one) for one in people], [one.by for one in people])


def _actions(
    table: pd.DataFrame, action: str, reasons: list[str], by: list[str] | None = None
) -> pd.DataFrame:
    out = table[list(COLUMNS)].reset_index(drop=True)
    out.insert(0, "ACTION", action)
    out = out.assign(REASON=reasons, BY=by or "", USE_LIMIT=USE_LIMIT)
    return out[list(DELIVERY_COLUMNS)].astype("str")
