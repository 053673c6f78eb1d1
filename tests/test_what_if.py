"""What if the points were others: who enters the list, who leaves it, and why."""

import pandas as pd
import pytest
from export_cases import make_inputs, make_ledger, make_roll

from gis_export.housing.worklist.what_if import WhatIf, parse_weights, what_if
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, PrioritySettings, VisitSettings
from imagery.errors import UsageError


def trial(*pairs: str, visits: int = 2) -> WhatIf:
    """Change some weights in a city of four vacant buildings."""
    roll = make_roll(4)
    roll.table["inspection_district"] = ""
    roll.table["notice_date"] = None
    roll.table["occupied_sides"] = ["", "E,W", "E", ""]
    ledger = make_ledger(roll, ("LIKELY", "POSSIBLE", "NOT ASSESSED", "NOT SEEN IN PHOTO"))
    inputs = make_inputs(roll, ledger)
    rows = build_rows(inputs, ExportSettings())

    settings = ExportSettings(
        priority=PrioritySettings(score=0), visits=VisitSettings(per_district=visits)
    )
    changed = parse_weights(pairs, settings.priority)
    return what_if(rows, inputs, pd.Series(["U"] * 4), settings, changed)


def test_who_moves_and_why() -> None:
    found = trial("likely=10", "not_assessed=25")
    assert [(move.parcel_id, move.enters, move.before, move.after) for move in found.moves] == [
        ("0218 001", True, 35, 40),
        ("0216 001", False, 60, 10),
    ]
    assert found.moves[0].why_before == "NOT ASSESSED +20; occupied neighbor on side E +15"
    lines = found.lines()
    assert lines[:2] == [
        "what if likely 60 -> 10, not_assessed 20 -> 25: 1 of 2 visits change; nothing was written",
        "(no district): 1 in, 1 out",
    ]
    assert lines[2:] == [
        "  in  0218 001 104 Peña Réunion St: 35 -> 40 "
        "(was NOT ASSESSED +20; occupied neighbor on side E +15; "
        "now NOT ASSESSED +25; occupied neighbor on side E +15)",
        "  out 0216 001 100 Peña Réunion St: 60 -> 10 (was LIKELY +60; now LIKELY +10)",
    ]


def test_same_points_move_nobody() -> None:
    assert trial("likely=60").lines() == [
        "what if no weight changes: 0 of 2 visits change; nothing was written"
    ]
    assert trial("likely=0", visits=4).moves == ()


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("likly=80", "no weight is called 'likly', did you mean 'likely'"),
        ("zzz=1", "want one of confirmed, likely"),
        ("likely", "want KEY=POINTS such as likely=80"),
        ("likely=a lot", "likely is 'a lot', want a whole number"),
        ("likely=1.5", "want a whole number"),
    ],
)
def test_wrong_words_are_named(pair: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_weights([pair], PrioritySettings())


def test_pairs_change_only_what_they_name() -> None:
    changed = parse_weights(["likely = 80", "occupied_side=-5"], PrioritySettings(worse=7))
    assert changed == PrioritySettings(likely=80, occupied_side=-5, worse=7)
