"""Looks that were chosen with a known chance: what each stands for, and the share failing.

Several draws of one flyover are joined as in Raj (1956, "Some estimators in sampling with varying
probabilities without replacement", Journal of the American Statistical Association 51): of each
draw, what is known from those before plus its own looks by inverse chance estimates the whole
flyover; the mean of these weighs each draw by its looks at random.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labels.intervals import Floats, effective_number, weighted_share

LEAST_LOOKS = 30.0
"""Looks at random, or as good as these, from which on they give the share failing."""
MOST_MEDIANS = 10.0
"""A label weighs at most this many times the median weight."""
AUDIT = "audit"
"""How the words begin that say that a roof was chosen to count what the work list misses."""
ON_THE_LIST = "work list"
"""How a building was chosen that the work list named."""
REACH = "check for a notice"
"""How a parcel without a notice was chosen that its photo put on the list of housing."""
REACH_RANDOM = f"{REACH}: random"
"""How one was chosen that was drawn at random off that list."""
_DRAW = re.compile(r"^\s*draw\s+(\d{1,4})\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class LookedShare:
    """The share failing of a flyover, from looks of known chance."""

    share: float
    """Share failing, in [0, 1]."""
    low: float
    """Lower end of the 90% interval."""
    high: float
    """Upper end of the 90% interval."""
    looks: int
    """Roofs that were looked at."""
    effective: float
    """As many looks at random would say as much."""

    @property
    def sentence(self) -> str:
        """Say it in words."""
        return (
            f"{self.looks} roofs were looked at: {self.share:.1%} of all fail "
            f"(90%: {self.low:.1%} to {self.high:.1%})"
        )


def name_draw(number: int, part: str) -> str:
    """Return how a label says in which draw it was chosen, and why."""
    return f"draw {number}: {part}"


def draw_numbers(chosen: pd.Series) -> NDArray[np.int64]:
    """Return the draw of each label; 1 where it names none."""
    found = chosen.astype("str").str.extract(_DRAW, expand=False)
    return np.asarray(pd.to_numeric(found).fillna(1).clip(lower=1), np.int64)


def is_of_draw(chosen: pd.Series) -> pd.Series:
    """Tell which labels were chosen among all roofs of the flyover.

    Those of an audit were chosen among the roofs off the work list, and others among the parcels
    without a notice: their chance says nothing of the flyover.
    """
    return ~chosen.astype("str").str.strip().str.lower().str.startswith((AUDIT, REACH))


def is_for_its_score(chosen: pd.Series) -> NDArray[np.bool_]:
    """Tell which labels were chosen by what a model said of the roof, (N,).

    Those of a draw or an audit, and buildings on a list of housing. That a model finds the failing
    ones among them says little of the others.
    """
    words = chosen.astype("str").str.strip().str.lower()
    is_listed = words.str.startswith((ON_THE_LIST, AUDIT, REACH))
    is_drawn = words.str.extract(_DRAW, expand=False).notna()
    return np.asarray(is_listed | is_drawn, np.bool_)


def look_weights(chance: Floats, draws: NDArray[np.int64]) -> Floats:
    """Return how many roofs of the flyover each look stands for, (N,).

    Args:
        chance: Chance of having been chosen in its draw, in (0, 1], (N,).
        draws: Number of the draw of each, (N,).
    """
    numbers = np.unique(draws)
    at_random = np.array([max(int((chance[draws == draw] < 1).sum()), 1) for draw in numbers])
    parts = at_random / max(at_random.sum(), 1)
    place = np.searchsorted(numbers, draws)
    later = parts.sum() - parts.cumsum()
    return np.asarray(parts[place] / chance + later[place], dtype=np.float64)


def looked_share(looks: pd.DataFrame) -> LookedShare | None:
    """Return the share failing of a flyover; None where too few looks were chosen by chance.

    Args:
        looks: Labels of the flyover: columns failing, chosen and chance (NaN: not known).
    """
    known = looks[looks["chance"].notna()]
    if not len(known):
        return None

    weights = look_weights(known["chance"].to_numpy(np.float64), draw_numbers(known["chosen"]))
    effective = effective_number(weights)
    if effective < LEAST_LOOKS - 1e-6:
        return None

    share = weighted_share(known["failing"].to_numpy(np.float64), weights)
    return LookedShare(
        share=share.value, low=share.low, high=share.high, looks=len(known), effective=effective
    )


def label_weights(chance: Floats, draws: NDArray[np.int64], years: NDArray[np.int64]) -> Floats:
    """Return what labels weigh in training, (N,): their inverse chance, 1 where it is not known.

    Within a flyover the mean of the known ones is 1, so that they weigh as the others do. None
    weighs more than `MOST_MEDIANS` times the median of its flyover.

    Args:
        chance: Chance of having been chosen, NaN where it is not known, (N,).
        draws: Number of the draw of each, (N,).
        years: Flyover of each, (N,).
    """
    weights: Floats = np.ones(len(chance))
    for year in np.unique(years):
        is_known = (years == year) & ~np.isnan(chance)
        if is_known.any():
            own = look_weights(chance[is_known], draws[is_known])
            own = np.minimum(own, MOST_MEDIANS * np.median(own))
            weights[is_known] = own / own.mean()
    return weights
