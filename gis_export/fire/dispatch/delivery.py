"""What changed for dispatch since the last delivery.

There are rows to add, rows to change, and rows that a person must look at or had deleted. Nothing
is deleted by itself: a row that left the vacant roll, or whose building an inspector found razed or
occupied, is proposed for review, and goes out as a delete when a person has given a reason (razed,
occupied, error). No row is lowered because a
finding is gone: it stays as it was delivered, and is proposed for review too. The state is kept in
our names, so that another column map changes no row.

The state belongs to the newest flyover that was delivered: an export of an earlier year changes
nothing. The files in `fire/` hold what the last export found, and the next one replaces them.
Every delivery that holds a row is therefore also kept whole in `deliveries/<day>_<number>/`. The
numbers run on without a gap, so that a missed one is seen. When dispatch loads late, it loads the
folders in the order of their numbers. A day before the last delivery is refused: it would make rows
younger. A delivery is in place before the state says delivered: an export that is killed in between
delivers again.
"""

from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import pandas as pd

from gis_export.fire.dispatch.address_match import match_addresses
from gis_export.fire.dispatch.center import DispatchCenter
from gis_export.fire.dispatch.findings import CONFIRMED
from gis_export.fire.dispatch.left_parcels import LeftParcel, left_parcels, offered_deletes
from gis_export.fire.dispatch.rows import (
    COLUMNS,
    DELIVERY_COLUMNS,
    REVIEW_DUE,
    dispatch_rows,
    match_report,
)
from gis_export.fire.dispatch.state import (
    STATE_COLUMNS,
    Deletion,
    newest_flyover,
)
from gis_export.table.settings import ExportSettings
from gis_export.table.tables import csv_texts
from imagery.values.formulas import harmless
from inference.hazard import USE_LIMIT

LEFT_ROLL = "left the vacant roll; needs a person"
NO_ADDRESS = "address no longer known; needs a person"
FINDING_GONE = "its finding is gone from the labels; needs a person"
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
    "FIRE_DATE",
)
"""Values that make a change; EFFECTIVE, ALIASES, SOURCE and RISK_CODE follow from others."""
_WORDINGS = ("RISK_TXT", "TEXT")
"""Values that are named as the reason of a change only when nothing else changed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Comparison:
    """Rows of this year beside those that dispatch holds, each table by parcel."""

    added: pd.DataFrame
    """Rows that dispatch does not have."""
    kept: pd.DataFrame
    """Rows that it has, as they are now."""
    held: pd.DataFrame
    """The same rows as dispatch holds them."""
    gone: pd.DataFrame
    """Rows that it holds and should not."""
    deleted: pd.DataFrame
    """Rows that it holds and that a person confirmed as deleted."""
    withheld: pd.DataFrame
    """Rows as it holds them, which only a finding that is gone would lower."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dispatch:
    """One year's delivery to dispatch; every table holds text only."""

    add: pd.DataFrame
    """Columns `DELIVERY_COLUMNS`; ACTION is ADD."""
    change: pd.DataFrame
    """As `add`; ACTION is CHANGE, REASON names what changed."""
    delete: pd.DataFrame
    """As `add`; ACTION is REVIEW, or DELETE where the person named in BY confirmed it."""
    match: pd.DataFrame
    """Columns `MATCH_COLUMNS`; a row per vacant."""
    state: pd.DataFrame | None
    """Columns `STATE_COLUMNS`: what dispatch holds after this delivery.

    None for an earlier year, which leaves the state as it is."""
    offered: pd.DataFrame
    """Columns `DELETE_COLUMNS`: deletes that an inspector's finding suggests, BY still empty."""
    number: int = 0
    """Number of the delivery, one more than that of the last; 0 for an earlier year."""

    @property
    def deltas(self) -> dict[str, pd.DataFrame]:
        """Return the tables that tell dispatch what to do, by the end of their file's name."""
        return {"add": self.add, "change": self.change, "delete": self.delete}

    def numbered(self, number: int) -> "Dispatch":
        """Return the delivery with its number in every row."""
        tables = {name: table.assign(DELIVERY=str(number)) for name, table in self.deltas.items()}
        return replace(self, **tables, number=number)


def build_dispatch(
    rows: gpd.GeoDataFrame,
    center: DispatchCenter,
    settings: ExportSettings,
    *,
    year: int,
    today: date,
) -> Dispatch:
    """Compare a year's rows with what dispatch holds.

    Args:
        rows: The rows of the export.
        center: What dispatch holds and knows.
        settings: The width of the text.
        year: Flyover of the rows; an earlier one than the state's gives no delivery, only the
            match report.
        today: Day of the delivery.
    """
    state = center.state
    confirmed = center.deletes
    left = left_parcels(rows)
    matches = match_addresses(csv_texts(rows["ADDRESS"]), center.addresses)
    notes = _kept_out_notes(rows["PARCEL_ID"].tolist(), confirmed, left)
    match = match_report(rows, matches, notes)
    wanted = dispatch_rows(rows, matches, width=settings.dispatch.width, today=today)

    if year < newest_flyover(state):
        return _nothing(wanted, match)

    comparison = _compare(wanted, center, left)
    differs = _differences(comparison)
    has_changed = differs.any(axis=1) | (comparison.held["STANDING"] == "REVIEW")
    changed = comparison.kept[has_changed]
    gone = {parcel: left[parcel] for parcel in comparison.gone.index if parcel in left}

    dispatch = Dispatch(
        add=_actions(comparison.added, "ADD", ["new on the vacant roll"] * len(comparison.added)),
        change=_actions(changed, "CHANGE", _reasons(differs[has_changed], comparison)),
        delete=_all_deletes(comparison, confirmed, left, on_roll=wanted["PARCEL_ID"]),
        match=match,
        state=_after(comparison, has_changed).assign(FLYOVER=str(year)),
        offered=offered_deletes(gone),
    )
    return dispatch.numbered(center.last.number + 1)


def _nothing(wanted: pd.DataFrame, match: pd.DataFrame) -> Dispatch:
    """Return no delivery: the match report alone."""
    none = _actions(wanted.iloc[:0], "", [])
    return Dispatch(
        add=none, change=none, delete=none, match=match, state=None, offered=offered_deletes({})
    )


def _kept_out_notes(
    parcels: list[str], confirmed: dict[str, Deletion], left: dict[str, LeftParcel]
) -> dict[str, str]:
    """Say of vacant parcels that a person or a finding took them out, by parcel."""
    notes = {}
    for parcel in parcels:
        key = harmless(str(parcel))
        deletion = confirmed.get(key)
        if deletion:
            notes[str(parcel)] = f"kept out: {deletion}, {deletion.by}"
        elif key in left:
            notes[str(parcel)] = f"kept out: {left[key].text}"
    return notes


def _compare(
    wanted: pd.DataFrame, center: DispatchCenter, left: dict[str, LeftParcel]
) -> _Comparison:
    """Compare what dispatch should hold with what it holds."""
    is_out = wanted["PARCEL_ID"].isin(center.deletes) | wanted["PARCEL_ID"].isin(left)
    is_current = (wanted["ADDRESS"] != "") & ~is_out
    current = wanted[is_current].set_index("PARCEL_ID", drop=False)

    before = center.state.set_index("PARCEL_ID", drop=False)
    deleted = before[before.index.isin(center.deletes)]
    before = before.drop(index=deleted.index)

    is_lower = current["PARCEL_ID"].isin(center.lost) & (current["RISK_LVL"] != CONFIRMED)
    withheld = before[before.index.isin(current.index[is_lower])]
    before = before.drop(index=withheld.index)
    current = current.drop(index=withheld.index)

    is_known = current.index.isin(before.index)
    return _Comparison(
        added=current[~is_known],
        kept=current[is_known],
        held=before.loc[current.index[is_known]],
        gone=before[~before.index.isin(current.index)],
        deleted=deleted,
        withheld=withheld,
    )


def _differences(comparison: _Comparison) -> pd.DataFrame:
    """Return which of `_COMPARED` changed, row by row.

    A row that has become due for review is one of them: its text says so from then on.
    """
    names = list(_COMPARED)
    return comparison.kept[names] != comparison.held[names]


def _reasons(differs: pd.DataFrame, comparison: _Comparison) -> list[str]:
    """Name what changed in each row; the texts only where nothing else did."""
    is_due = comparison.kept["RISK_TXT"].str.endswith(REVIEW_DUE)
    was_due = comparison.held["RISK_TXT"].str.endswith(REVIEW_DUE)
    is_now_due = (is_due & ~was_due)[differs.index]

    reasons = []
    for row, has_become_due in zip(differs.to_numpy(dtype=bool), is_now_due, strict=True):
        names = [name for name, has_changed in zip(_COMPARED, row, strict=True) if has_changed]
        facts = [name for name in names if name not in _WORDINGS]
        if has_become_due:
            facts.append("review due")
        wording = "wording" if names else "no longer for review"
        reasons.append(", ".join(facts) or wording)
    return reasons


def _after(comparison: _Comparison, has_changed: "pd.Series[bool]") -> pd.DataFrame:
    """Return what dispatch holds after the delivery: rows that were not sent stay as they are."""
    tables = [
        comparison.added.assign(STANDING="ACTIVE"),
        comparison.kept[has_changed].assign(STANDING="ACTIVE"),
        comparison.held[~has_changed],
        comparison.gone.assign(STANDING="REVIEW"),
        comparison.withheld.assign(STANDING="REVIEW"),
    ]
    state = pd.concat(tables).reindex(columns=list(STATE_COLUMNS))
    return state.sort_index().reset_index(drop=True)


def _all_deletes(
    comparison: _Comparison,
    confirmed: dict[str, Deletion],
    left: dict[str, LeftParcel],
    *,
    on_roll: "pd.Series[str]",
) -> pd.DataFrame:
    """Return the deletes that people confirmed, then the rows that a person must look at."""
    deletions = [confirmed[str(parcel)] for parcel in comparison.deleted.index]
    deletes = _actions(
        comparison.deleted,
        "DELETE",
        [str(deletion) for deletion in deletions],
        [deletion.by for deletion in deletions],
    )

    gone = comparison.gone
    asked = gone[gone["STANDING"] != "REVIEW"]
    is_on_roll = asked["PARCEL_ID"].isin(on_roll)
    reasons = []
    for parcel, is_known in zip(asked["PARCEL_ID"], is_on_roll, strict=True):
        reason = NO_ADDRESS if is_known else LEFT_ROLL
        reasons.append(left[parcel].reason if parcel in left else reason)
    reviews = _actions(asked, "REVIEW", reasons)

    withheld = comparison.withheld[comparison.withheld["STANDING"] != "REVIEW"]
    unsupported = _actions(withheld, "REVIEW", [FINDING_GONE] * len(withheld))
    return pd.concat([deletes, reviews, unsupported], ignore_index=True)


def _actions(
    table: pd.DataFrame, action: str, reasons: list[str], by: list[str] | None = None
) -> pd.DataFrame:
    """Return rows of a delivery, all with one action."""
    out = table[list(COLUMNS)].reset_index(drop=True)
    out.insert(0, "ACTION", action)
    out = out.assign(REASON=reasons, BY=by or "", USE_LIMIT=USE_LIMIT, DELIVERY="")
    return out[list(DELIVERY_COLUMNS)].astype("str")
