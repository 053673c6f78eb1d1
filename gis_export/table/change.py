"""What became of a roof since the flyover before: nothing is called WORSE that light may explain.

Two flyovers differ in light, and two models in what they see. So the chips of the flyover before
are scored again by the model of this one. A roof is WORSE when its word is worse and its score rose
by more than scores rise between the two flyovers where nothing happened: most roofs stay as they
are, so the spread of all changes is that of light and chance. LESS SEEN is the same downward. Where
the words differ and the scores do not surely, the change is UNSURE. What a person found needs no
score.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from gis_export.table import columns
from gis_export.table.inputs import ExportInputs
from inference.ledger import Ledger

_SEVERITY = {"NOT SEEN": 0, "POSSIBLE": 1, "LIKELY": 2, "CONFIRMED": 3}
_BY_PERSON = "CONFIRMED"
_ENOUGH = 30
"""Roofs of both flyovers whose changes tell a spread."""
_WIDTH = 2.576
"""Standard deviations of a 99% interval."""
_MAD_TO_SD = 1.4826
"""Of a normal distribution, whose middle is that of roofs that stay (Hampel 1974)."""
_SCORES = ["score", "score_low", "score_high"]

UP = 1
DOWN = -1
Moves = NDArray[np.int64]
"""`UP`, `DOWN` or 0 for each row."""


def changes_of(rows: pd.DataFrame, inputs: ExportInputs) -> list[str]:
    """Return CHANGE of every row.

    Args:
        rows: Columns PARCEL_ID, RISK_LVL, PREV_LVL, SCORE, SCORE_LOW and SCORE_HIGH.
        inputs: The ledgers, and the flyover before as this year's model scores it.
    """
    moves = sure_moves(rows, scored_before(inputs))
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
        Columns `score`, `score_low`, `score_high`; no rows where it was not scored by this model.
    """
    again = inputs.before
    if again is None and inputs.previous is not None:
        again = _by_same_model(inputs.previous, inputs.ledger)
    if again is None:
        return pd.DataFrame(columns=_SCORES, dtype="float64")

    table = again.set_index("parcel_id")[_SCORES].astype("float64")
    return table[table["score"].notna()]


def _by_same_model(previous: Ledger, ledger: Ledger) -> pd.DataFrame | None:
    """Return the rows of a ledger if one model scored it and this year's; None otherwise."""
    labels: set[str] = set()
    for one in (previous, ledger):
        labels.update(one.table["model_version"].dropna().astype(str))
    return previous.table if len(labels) == 1 else None


def sure_moves(rows: pd.DataFrame, before: pd.DataFrame) -> Moves:
    """Return which scores surely rose or fell, (N,).

    With few roofs the spread of all changes says nothing: then the intervals of the two scores
    must not overlap.
    """
    again = before.reindex(rows[columns.PARCEL_ID].astype(str))
    now = rows[columns.SCORE].to_numpy(dtype=np.float64, na_value=np.nan)
    then = again["score"].to_numpy(dtype=np.float64)
    change = _log_odds(now) - _log_odds(then)
    known = change[~np.isnan(change)]

    if len(known) >= _ENOUGH:
        middle = float(np.median(known))
        spread = _MAD_TO_SD * float(np.median(np.abs(known - middle)))
        is_up = change > middle + _WIDTH * spread
        is_down = change < middle - _WIDTH * spread
    else:
        is_up = _above(rows[columns.SCORE_LOW], again["score_high"])
        is_down = _above(again["score_low"], rows[columns.SCORE_HIGH])
    return np.asarray(is_up, np.int64) * UP + np.asarray(is_down, np.int64) * DOWN


def _above(least: pd.Series, most: pd.Series) -> NDArray[np.bool_]:
    """Return where the end of one interval lies above that of another."""
    low = least.to_numpy(dtype=np.float64, na_value=np.nan)
    high = most.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(low > high, bool)


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(scores, 1e-6, 1 - 1e-6)), np.float64)
