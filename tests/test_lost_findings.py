"""Dispatch is never told a lower word because a finding has vanished."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from export_cases import TODAY, make_inputs, make_ledger, make_roll, whole_looks

from gis_export.fire.dispatch.center import DispatchCenter
from gis_export.fire.dispatch.delivery import FINDING_GONE, Dispatch, build_dispatch
from gis_export.fire.dispatch.findings import find_lost_findings, lost_findings
from gis_export.fire.dispatch.handover import mark_delivered
from gis_export.fire.dispatch.state import read_state
from gis_export.table.inputs import no_looks
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings

SETTINGS = ExportSettings()
PARCEL = "0216 001"
Look = tuple[str, int, str, str, bool]
FOUND: Look = (PARCEL, 2026, "2026-05-02", "Y", True)


def make_looks(*looks: Look) -> pd.DataFrame:
    """Return looks: parcel, year, day, failing, on site."""
    if not looks:
        return no_looks()
    table = pd.DataFrame(looks, columns=["parcel_id", "year", "date", "failing", "on_site"])
    table = table.assign(source="inspector", found="seen", roof_pct=50.0)
    return whole_looks(table)


def deliver(delivered: Path, *looks: Look) -> Dispatch:
    """Deliver a roll of four with these looks, as an export does."""
    roll = make_roll(4)
    inputs = dataclasses.replace(
        make_inputs(roll, make_ledger(roll, ("LIKELY",))), looks=make_looks(*looks)
    )
    state = read_state(delivered)
    center = DispatchCenter(
        state=state, lost=lost_findings(state, inputs.looks, until=2026, roll=[PARCEL])
    )
    rows = build_rows(inputs, SETTINGS)
    dispatch = build_dispatch(rows, center, SETTINGS, year=2026, today=TODAY)
    mark_delivered(dispatch, delivered, run_id="run-1")
    return dispatch


def state_of(delivered: Path) -> dict[str, str]:
    """Return what dispatch holds of the parcel."""
    state = read_state(delivered)
    row = state[state["PARCEL_ID"] == PARCEL].iloc[0]
    return {str(name): str(value) for name, value in row.items()}


def held(delivered: Path) -> tuple[str, str]:
    """Return the word that dispatch holds of the parcel, and its standing."""
    row = state_of(delivered)
    return row["RISK_LVL"], row["STANDING"]


GONE: dict[str, tuple[Look, ...]] = {
    "deleted, or the label file is gone": (),
    "slipped to another parcel": (("0217 001", 2026, "2026-05-02", "Y", True),),
    "could not tell any more": ((PARCEL, 2026, "2026-05-02", "", True),),
    "no longer on site": ((PARCEL, 2026, "2026-05-02", "N", False),),
    "only an older finding is left": ((PARCEL, 2025, "2025-05-02", "N", True),),
    "moved to a later year": ((PARCEL, 2027, "2027-05-02", "N", True),),
}


@pytest.mark.parametrize("way", GONE)
def test_a_finding_that_is_gone_lowers_nothing(tmp_path: Path, way: str) -> None:
    """The row stays as delivered and is sent for review once, and is named each time."""
    deliver(tmp_path, FOUND)
    before = state_of(tmp_path)

    dispatch = deliver(tmp_path, *GONE[way])

    assert PARCEL not in set(dispatch.change["PARCEL_ID"])
    reviewed = dispatch.delete[["ACTION", "PARCEL_ID", "RISK_LVL", "REASON"]]
    assert reviewed.to_numpy().tolist() == [["REVIEW", PARCEL, "CONFIRMED", FINDING_GONE]]
    after = state_of(tmp_path)
    assert after | {"STANDING": "ACTIVE"} == before
    assert held(tmp_path) == ("CONFIRMED", "REVIEW")

    assert len(deliver(tmp_path, *GONE[way]).delete) == 0
    lost = lost_findings(read_state(tmp_path), make_looks(*GONE[way]), until=2026, roll=[PARCEL])
    trouble = find_lost_findings(lost)
    assert trouble is not None
    assert (trouble.total, trouble.examples) == (1, (f"{PARCEL!r}",))


def test_a_parcel_that_left_the_roll_has_lost_no_finding(tmp_path: Path) -> None:
    """Its finding is not read, for nobody asks for it; that it left is told for itself."""
    deliver(tmp_path, FOUND)
    state = read_state(tmp_path)
    assert lost_findings(state, make_looks(), until=2026, roll=[PARCEL]) == {PARCEL}
    assert lost_findings(state, make_looks(), until=2026, roll=[]) == set()


@pytest.mark.parametrize("day", ["2026-05-02", "2026-08-01"])
def test_a_new_finding_may_lower(tmp_path: Path, day: str) -> None:
    """An answer that was changed, or a later visit, lowers the word."""
    deliver(tmp_path, FOUND)
    change = deliver(tmp_path, (PARCEL, 2026, day, "N", True)).change
    assert change[["PARCEL_ID", "RISK_LVL"]].to_numpy().tolist() == [[PARCEL, "LIKELY"]]


def test_a_changed_answer_of_which_only_the_year_is_known(tmp_path: Path) -> None:
    deliver(tmp_path, (PARCEL, 2025, "", "Y", True))
    assert len(deliver(tmp_path, (PARCEL, 2024, "", "N", True)).change) == 0
    assert deliver(tmp_path, (PARCEL, 2025, "", "N", True)).change["RISK_LVL"].tolist() == [
        "LIKELY"
    ]


def test_a_finding_that_is_back_ends_the_review(tmp_path: Path) -> None:
    deliver(tmp_path, FOUND)
    deliver(tmp_path)
    change = deliver(tmp_path, FOUND).change
    assert change[["RISK_LVL", "REASON"]].to_numpy().tolist() == [
        ["CONFIRMED", "no longer for review"]
    ]
    assert held(tmp_path) == ("CONFIRMED", "ACTIVE")
    state = read_state(tmp_path)
    looks = make_looks(FOUND)
    assert find_lost_findings(lost_findings(state, looks, until=2026, roll=[PARCEL])) is None
