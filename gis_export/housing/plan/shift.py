"""How far all scores of a flyover are off together, and what visits say of it.

The scores are set to the share failing of the flyover, which is an estimate with a 90% interval. If
the share is another one, the log odds of all scores move by one shift (Saerens, Latinne and
Decaestecker, 2002, "Adjusting the outputs of a classifier to new a priori probabilities", Neural
Computation 14). As long as nobody has visited, the shift is normal on each side of 0: its 5% and
95% quantiles are those at which the mean score is at the ends of the interval.

What visits of the work list find weighs the shifts by Bayes. A visit counts half, as roofs of a
block are alike and so tell less than as many independent ones. Visits by chance are left out here:
they set the share failing, and with it the scores.
"""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtri

from gis_export.table import columns
from gis_export.table.audited import roof_answers
from gis_export.table.inputs import ShareFailing
from gis_export.table.site_visits import on_site
from gis_export.table.visits import LISTED
from labels.intervals import NORMAL_90

Floats = NDArray[np.float64]

NODES = 81
"""Shifts of equal probability that stand for all; the middle one is 0."""
SAYS = 0.5
"""What a visit counts."""
_FARTHEST = 30.0
"""No shift is larger, log odds."""
_LEAST = 1e-6
"""Keeps the log odds of 0 and 1 finite."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shift:
    """The shifts that are possible, and how probable each is."""

    steps: Floats
    """Shifts of the log odds, rising, (J,)."""
    better: Floats
    """The same as quantiles of a standard normal, (J,): below 0 fewer roofs fail than the scores
    say."""
    weights: Floats
    """Their probabilities, (J,); the sum is 1."""
    judged: int = 0
    """Roofs of the work list that visits judged."""
    failing: int = 0
    """Those that they found failing."""
    promised: float = 0.0
    """Those that the scores promised."""

    @property
    def middle(self) -> float:
        """Return the median shift, 0 as long as nobody has visited."""
        if not self.judged:
            return 0.0
        below = np.cumsum(self.weights) - self.weights / 2
        return float(np.interp(0.5, below, self.steps))

    @property
    def sentence(self) -> str:
        """Say what visits found; "" as long as nobody has visited."""
        if not self.judged:
            return ""
        noun = "roof" if self.judged == 1 else "roofs"
        return (
            f"Visits of the work list have judged {self.judged:,} {noun} at these photos and "
            f"found {self.failing:,} failing; the scores said {_tenths(self.promised)}. What is "
            "expected of the others counts that in."
        )


def _tenths(count: float) -> str:
    """Return an expected count with one digit; what is not zero is not written as zero."""
    return "less than 0.1" if 0 < count < 0.05 else f"{count:.1f}"


def moved(scores: Floats, step: float) -> Floats:
    """Return scores with their log odds moved, NaN where there is none, (n,)."""
    within = np.clip(scores, _LEAST, 1 - _LEAST)
    return np.asarray(expit(logit(within) + step), dtype=np.float64)


def shift_between(scores: Floats, low: float, high: float) -> Shift:
    """Return the shift before anybody has visited.

    Args:
        scores: All scores of the flyover, (n,).
        low: Lower end of the 90% interval of the share failing.
        high: Its upper end.
    """
    down = min(_step_to(scores, low), 0.0)
    up = max(_step_to(scores, high), 0.0)
    normal = ndtri((np.arange(NODES) + 0.5) / NODES)
    steps = np.where(normal < 0, -down, up) * normal / NORMAL_90
    return Shift(steps=steps, better=normal, weights=np.full(NODES, 1 / NODES))


def _step_to(scores: Floats, share: float) -> float:
    """Return the shift at which the mean score is a share; one that is never 0 or 1."""
    if not len(scores):
        return 0.0
    least = 1 / (2 * len(scores) + 2)
    wanted = float(np.clip(share, least, 1 - least))
    return float(brentq(lambda step: moved(scores, step).mean() - wanted, -_FARTHEST, _FARTHEST))


def weigh_shift(shift: Shift, scores: Floats, is_failing: NDArray[np.bool_]) -> Shift:
    """Return a shift after visits.

    Args:
        shift: What was known before.
        scores: Of the roofs that were judged, (n,).
        is_failing: What was found, (n,).
    """
    if not len(is_failing):
        return shift

    weights = np.log(shift.weights)
    for place, step in enumerate(shift.steps.tolist()):
        chances = np.clip(moved(scores, step), _LEAST, 1 - _LEAST)
        found = np.where(is_failing, np.log(chances), np.log1p(-chances))
        weights[place] += SAYS * found.sum()
    weights = np.exp(weights - weights.max())
    return replace(
        shift,
        weights=weights / weights.sum(),
        judged=len(is_failing),
        failing=int(is_failing.sum()),
        promised=float(scores.sum()),
    )


def learn_shift(
    rows: gpd.GeoDataFrame, looks: pd.DataFrame, *, year: int, share: ShareFailing | None
) -> Shift:
    """Return the shift of a flyover, with what visits of its work list found.

    Args:
        rows: The rows of the export.
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS` at least.
        year: Year of the flyover.
        share: Its share failing; None takes the ends of the scores.
    """
    scored = rows[rows[columns.SCORED] == "Y"]
    scores = scored[columns.SCORE].to_numpy(dtype=np.float64)
    known = share or _share_of(scored)
    shift = shift_between(scores, known.low, known.high)

    found = _found(looks, year=year)
    is_judged = scored[columns.PARCEL_ID].isin(found.index).to_numpy(dtype=np.bool_)
    answers = found.reindex(scored.loc[is_judged, columns.PARCEL_ID])
    return weigh_shift(shift, scores[is_judged], (answers == "Y").to_numpy(dtype=np.bool_))


def _share_of(scored: pd.DataFrame) -> ShareFailing:
    """Return the share failing by the ends of the scores, for models that name no interval."""
    low = scored[columns.SCORE_LOW].fillna(scored[columns.SCORE])
    high = scored[columns.SCORE_HIGH].fillna(scored[columns.SCORE])
    if not len(scored):
        return ShareFailing(low=0.0, high=1.0)
    return ShareFailing(low=float(low.mean()), high=float(high.mean()))


def _found(looks: pd.DataFrame, *, year: int) -> pd.Series:
    """Return Y or N of the roofs that visits of a work list judged, by parcel.

    Roofs that somebody on site saw failing in an earlier year are left out: they fail more often
    than their photo says.
    """
    answers = roof_answers(looks, year=year)
    judged = answers[(answers["chosen"] == LISTED) & (answers["answer"] != "")]
    is_earlier = (looks["year"] < year) & on_site(looks) & (looks["failing"] == "Y")
    judged = judged[~judged["parcel_id"].isin(looks.loc[is_earlier, "parcel_id"])]
    return judged.set_index("parcel_id")["answer"]
