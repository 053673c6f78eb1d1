"""What the words keep on the looks at a flyover: share of LIKELY that fails, and recall."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from labels.draws.weights import draw_numbers, look_weights
from labels.intervals import Interval, weighted_share
from models.head import Floats, Head, log_odds
from training.ranking import Begins

UNKNOWN = Interval(value=np.nan, low=np.nan, high=np.nan)
"""A share that no look tells."""
LEAST_LOOKS = 50
"""Looks of known chance from which on the words are checked."""


@dataclass(frozen=True, kw_only=True)
class KeptWords:
    """What LIKELY and POSSIBLE keep on the looks at a flyover."""

    year: int
    """Year of the flyover."""
    looks: int
    """Looks of known chance."""
    failing: int
    """Failing ones among them."""
    likely: int
    """Looks whose score is that of LIKELY."""
    likely_failing: int
    """Failing ones among these."""
    precision: float
    """Share failing of LIKELY, each look weighed by its inverse chance; NaN without LIKELY."""
    low: float
    """Lower end of the 90% interval of the precision."""
    high: float
    """Upper end of the same."""
    recall: float
    """Share of the failing roofs that are LIKELY or POSSIBLE, weighed; NaN where none fails."""

    @property
    def facts(self) -> dict[str, float | None]:
        """Return the same for JSON, None where a figure cannot be measured."""
        return {name: None if value != value else value for name, value in asdict(self).items()}

    @property
    def sentence(self) -> str:
        """Say it in words."""
        where = f"Checked on {self.looks} looks at {self.year}"
        held = "none of these roofs fails"
        if self.failing:
            held = (
                f"LIKELY and POSSIBLE hold {self.recall:.0%} of the failing roofs "
                f"(n = {self.failing})"
            )
        if not self.likely:
            return f"{where}: none of these roofs would be LIKELY; {held}."
        return (
            f"{where}: of the {self.likely} that would be LIKELY {self.likely_failing} fail, "
            f"which makes {self.precision:.0%} of all LIKELY "
            f"(90%: {self.low:.0%} to {self.high:.0%}); {held}."
        )


def check_words(looks: pd.DataFrame, begins: Begins, *, year: int) -> KeptWords | None:
    """Return what the words keep on looks at a flyover; None with fewer than `LEAST_LOOKS`.

    Args:
        looks: Columns failing, chosen, chance (NaN: not known) and score, of a model that had not
            learned from the look, at the share failing of the flyover.
        begins: Where LIKELY and POSSIBLE begin at that share.
        year: Year of the flyover.
    """
    known = looks[looks["chance"].notna() & looks["score"].notna()]
    if len(known) < LEAST_LOOKS:
        return None

    weights = look_weights(known["chance"].to_numpy(np.float64), draw_numbers(known["chosen"]))
    failing = known["failing"].to_numpy(np.float64)
    scores = known["score"].to_numpy(np.float64)
    is_likely = scores >= begins.likely
    is_listed = scores >= min(begins.possible, begins.likely)
    precision = UNKNOWN
    if is_likely.any():
        precision = weighted_share(failing[is_likely], weights[is_likely])

    all_failing = float(weights @ failing)
    recall = float((weights * failing)[is_listed].sum() / all_failing) if all_failing else np.nan
    return KeptWords(
        year=year,
        looks=len(known),
        failing=int(failing.sum()),
        likely=int(is_likely.sum()),
        likely_failing=int(failing[is_likely].sum()),
        precision=precision.value,
        low=precision.low,
        high=precision.high,
        recall=recall,
    )


def at_flyover(scores: Floats, even: Floats, head: Head) -> Floats:
    """Return out-of-fold scores as the head would give them at the flyover's own share failing.

    They were adapted to the share among the labels, which is far from that of the flyover where
    labels were chosen from the top.

    Args:
        scores: Adapted to the share among the labels, (N,).
        even: The same at even odds, (N,).
        head: Set to the flyover.
    """
    among_labels = expit(log_odds(scores) - log_odds(even))
    moved = head.slope * head.separation * (head.share - among_labels)
    return np.asarray(expit(log_odds(even) + moved + logit(head.share)), dtype=np.float64)
