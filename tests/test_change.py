"""WORSE and LESS SEEN are said of roofs that changed, not of light and not of another model."""

from dataclasses import replace

import numpy as np
import pandas as pd
from export_cases import make_inputs, make_ledger, make_roll
from scipy.special import expit

from gis_export.table.change import changes_of, row_moves, scored_before
from gis_export.table.inputs import ExportInputs
from gis_export.table.priority import Case, points_of
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, PrioritySettings

COUNT = 200
WORSE = 3
"""Place of a roof that opened between the flyovers."""


def make_rows(scores: list[float]) -> pd.DataFrame:
    """Return rows with scores, all LIKELY and POSSIBLE before."""
    return pd.DataFrame(
        {
            "PARCEL_ID": [f"{number:04d} 001" for number in range(len(scores))],
            "RISK_LVL": "LIKELY",
            "PREV_LVL": "POSSIBLE",
            "SCORE": scores,
            "SCORE_LOW": np.array(scores) * 0.9,
            "SCORE_HIGH": np.array(scores),
        }
    )


def before_of(rows: pd.DataFrame, scores: list[float]) -> pd.DataFrame:
    """Return the flyover before as the same model scores it."""
    table = pd.DataFrame({"score": scores})
    table = table.assign(score_low=table["score"] * 0.9, score_high=table["score"])
    return table.set_axis(rows["PARCEL_ID"].to_numpy())


def test_what_all_roofs_share_is_light_and_what_one_has_alone_is_change() -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(-2, 1, COUNT)
    # Another light lifts all scores; one roof opened as well.
    now = before + 1.5 + rng.normal(0, 0.3, COUNT)
    now[WORSE] = before[WORSE] + 6
    rows = make_rows(expit(now).tolist())

    moves = row_moves(rows, before_of(rows, expit(before).tolist()))

    assert moves[WORSE] == 1
    # A 99% interval leaves out one in a hundred of those that did not change.
    assert np.count_nonzero(np.delete(moves, WORSE)) <= 6


def test_few_roofs_are_compared_by_their_own_intervals() -> None:
    rows = make_rows([0.8, 0.8, 0.2])
    before = before_of(rows, [0.3, 0.75, 0.9])
    assert row_moves(rows, before).tolist() == [1, 0, -1]
    assert row_moves(rows, before.iloc[:0]).tolist() == [0, 0, 0]


def test_another_model_alone_makes_nothing_worse() -> None:
    """Ledgers of two models cannot be compared; the flyover before scored again can."""
    roll = make_roll(4)
    previous = make_ledger(roll, ("NOT SEEN IN PHOTO",), year=2025)
    inputs = make_inputs(roll, make_ledger(roll, ("LIKELY",)), previous=previous)
    assert changes(inputs) == ["WORSE"] * 4

    other = previous.table.assign(model_version="demo-roof/2")
    of_other = replace(
        inputs, earlier=(replace(inputs.earlier[0], ledger=replace(previous, table=other)),)
    )
    assert changes(of_other) == ["UNSURE"] * 4

    again = inputs.ledger.table[["parcel_id", "score", "score_low", "score_high"]]
    assert changes(replace(of_other, before=again)) == ["UNSURE"] * 4
    lower = again.assign(score=0.02, score_low=0.01, score_high=0.03)
    assert changes(replace(of_other, before=lower)) == ["WORSE"] * 4
    assert len(scored_before(replace(of_other, before=None))) == 0


def changes(inputs: ExportInputs) -> list[str]:
    """Return CHANGE of every row."""
    rows = build_rows(inputs, ExportSettings())
    assert rows["CHANGE"].tolist() == changes_of(rows, inputs)
    return [str(change) for change in rows["CHANGE"]]


def test_of_two_possible_the_surer_comes_first() -> None:
    settings = PrioritySettings()
    cases = [
        Case(code="POSSIBLE", occupied_sides="", change="SAME", score=score)
        for score in (0.11, 0.53, None)
    ]
    reasons = [[str(reason) for reason in points_of(case, settings)] for case in cases]
    assert reasons == [
        ["POSSIBLE +30", "score of the photo +7"],
        ["POSSIBLE +30", "score of the photo +32"],
        ["POSSIBLE +30"],
    ]
