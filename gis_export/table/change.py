"""CHANGE of a row: nothing is called WORSE that light or another model may explain.

A roof is WORSE when its word is worse and its score surely rose, see `inference.change`. LESS SEEN
is the same downward. Where the words differ and the scores do not surely, the change is UNSURE.
What a person found needs no score.
"""

import numpy as np
import pandas as pd

from gis_export.table import columns
from gis_export.table.inputs import ExportInputs
from inference.change import DOWN, UP, Moves, Scores, sure_moves
from inference.ledger import Ledger

_SEVERITY = {"NOT SEEN": 0, "POSSIBLE": 1, "LIKELY": 2, "CONFIRMED": 3}
_BY_PERSON = "CONFIRMED"
_SCORES = ["score", "score_low", "score_high"]
_WORD = "hazard"


def changes_of(rows: pd.DataFrame, inputs: ExportInputs) -> list[str]:
    """Return CHANGE of every row.

    Args:
        rows: Columns PARCEL_ID, RISK_LVL, PREV_LVL, SCORE, SCORE_LOW and SCORE_HIGH.
        inputs: The ledgers, and the flyover before as this year's model scores it.
    """
    moves = row_moves(rows, scored_before(inputs))
    cells = zip(rows[columns.RISK_LVL], rows[columns.PREV_LVL], moves.tolist(), strict=True)
    return [change_of(str(code), str(before), moved) for code, before, moved in cells]


def change_of(code: str, before: str, moved: int) -> str:
    """Return CHANGE: RISK_LVL of this flyover against the one before ("" when there was none).

    Args:
        code: RISK_LVL.
        before: RISK_LVL of the flyover before.
        moved: Whether the score surely moved: `UP`, `DOWN` or 0.
    """
    if not before:
        return "NEW"
    if code == before:
        return "SAME"
    if code == "NA":
        return "NOW NA"
    if before == "NA":
        return "WAS NA"

    is_worse = _SEVERITY[code] > _SEVERITY[before]
    is_sure = moved == (UP if is_worse else DOWN) or _BY_PERSON in (code, before)
    if not is_sure:
        return "UNSURE"
    return "WORSE" if is_worse else "LESS SEEN"


def scored_before(inputs: ExportInputs) -> pd.DataFrame:
    """Return the flyover before as the model of this one scores it, by parcel.

    Returns:
        Columns `score`, `score_low`, `score_high`, `hazard` ("" where the word is not known); no
        rows where it was not scored by this model.
    """
    again = inputs.before
    if again is None and inputs.previous is not None:
        again = _by_same_model(inputs.previous, inputs.ledger)
    if again is None:
        return pd.DataFrame(columns=_SCORES, dtype="float64").assign(**{_WORD: ""})

    table = again.set_index("parcel_id")[_SCORES].astype("float64")
    table[_WORD] = again[_WORD].to_numpy() if _WORD in again else ""
    return table[table["score"].notna()]


def _by_same_model(previous: Ledger, ledger: Ledger) -> pd.DataFrame | None:
    """Return the rows of a ledger if one model scored it and this year's; None otherwise."""
    labels: set[str] = set()
    for one in (previous, ledger):
        labels.update(one.table["model_version"].dropna().astype(str))
    return previous.table if len(labels) == 1 else None


def row_moves(rows: pd.DataFrame, before: pd.DataFrame) -> Moves:
    """Return which scores surely rose or fell, (N,).

    Args:
        rows: Columns PARCEL_ID, SCORE, SCORE_LOW and SCORE_HIGH.
        before: What `scored_before` returns.
    """
    again = before.reindex(rows[columns.PARCEL_ID].astype(str))
    now = rows[[columns.SCORE, columns.SCORE_LOW, columns.SCORE_HIGH]]
    return sure_moves(scores_in(now), scores_in(again[_SCORES]))


def scores_in(table: pd.DataFrame) -> Scores:
    """Return the scores of a table with score, low and high in this order."""
    score, low, high = (
        table.iloc[:, place].to_numpy(dtype=np.float64, na_value=np.nan) for place in range(3)
    )
    return Scores(score=score, low=low, high=high)
