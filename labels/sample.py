"""Which roofs to look at next: the top of the list, doubtful ones, and an honest random part.

The top and the doubtful roofs are taken for certain. The random part is drawn from all others, so
that every roof of the flyover has a known chance above 0: looks weighed by its inverse say how many
roofs fail (Horvitz and Thompson, 1952, "A generalization of sampling without replacement from a
finite universe", Journal of the American Statistical Association 47).

The chance is that of the draw, given the scores and the draws before. `labels.draws.weights` joins
several draws of one flyover.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

TOP = "top"
UNSURE = "unsure"
STRANGE = "strange"
RANDOM = "random"
PARTS = (TOP, UNSURE, STRANGE, RANDOM)
"""Why a roof was chosen; earlier ones go first."""
LEAST_ODDS = 1e-9
"""Keeps the log odds of scores of 0 and 1 finite."""
RowNumbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Shares:
    """How many of the looks each part has."""

    top: float = 0.6
    """Share from the top of the scores."""
    doubtful: float = 0.2
    """Share nearest to where LIKELY begins, or unlike the other roofs, half each."""
    random: float = 0.2
    """Share drawn by district."""

    def __post_init__(self) -> None:
        """Check that they are shares of one whole."""
        shares = (self.top, self.doubtful, self.random)
        if min(shares) < 0 or self.random == 0 or abs(sum(shares) - 1) > 1e-9:
            raise ValueError(f"{self}: want shares from 0 that add up to 1, random above 0")

    def counts(self, looks: int) -> dict[str, int]:
        """Return the looks of each of `PARTS`; they add up to `looks`."""
        random = min(looks, int(np.ceil(self.random * looks - 1e-9)))
        doubtful = min(looks - random, round(self.doubtful * looks))
        strange = doubtful // 2
        return {
            TOP: looks - random - doubtful,
            UNSURE: doubtful - strange,
            STRANGE: strange,
            RANDOM: random,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Roofs that may be looked at, in any order; the arrays have an entry for each."""

    parcel_id: NDArray[np.object_]
    """Each once, (N,)."""
    score: NDArray[np.float64]
    """Probability of failing, (N,)."""
    district: NDArray[np.object_]
    """District, "" where it is not known, (N,)."""
    strangeness: NDArray[np.float64]
    """How unlike the other roofs it is; NaN where not known, (N,)."""
    is_labeled: NDArray[np.bool_]
    """Whether somebody has said already what it is, (N,): it is drawn at random alone."""

    def __post_init__(self) -> None:
        """Check lengths, ids and scores."""
        count = len(self.parcel_id)
        others = (self.score, self.district, self.strangeness, self.is_labeled)
        if any(len(values) != count for values in others):
            raise ValueError(f"{count} parcels, and columns of {[len(other) for other in others]}")
        if len(set(self.parcel_id)) != count:
            raise ValueError("a parcel appears twice among the candidates")
        if not ((self.score >= 0) & (self.score <= 1)).all():
            raise ValueError("a candidate has no score from 0 to 1")

    def __len__(self) -> int:
        """Return the number of roofs."""
        return len(self.parcel_id)

    def sorted(self) -> "Candidates":
        """Return the same by parcel: what is drawn never depends on the order of rows."""
        order = np.argsort(self.parcel_id.astype(str), kind="stable")
        return Candidates(
            parcel_id=self.parcel_id[order],
            score=self.score[order],
            district=self.district[order],
            strangeness=self.strangeness[order],
            is_labeled=self.is_labeled[order],
        )


def draw_looks(
    candidates: Candidates,
    *,
    looks: int,
    likely: float,
    rng: np.random.Generator,
    shares: Shares | None = None,
) -> pd.DataFrame:
    """Draw the roofs to look at.

    Args:
        candidates: All scored roofs of the flyover, without those of earlier draws.
        looks: How many; all where there are fewer.
        likely: Score at which LIKELY begins.
        rng: Source of randomness.
        shares: How many of the looks each part has.

    Returns:
        Columns parcel_id, district, part (of `PARTS`) and chance, in an order of chance, so that
        the first of them are a fair part where nobody finishes.
    """
    roofs = candidates.sorted()
    counts = (shares or Shares()).counts(min(looks, len(roofs)))
    part: NDArray[np.object_] = np.full(len(roofs), "", object)
    chance = np.ones(len(roofs))

    _take(part, TOP, -roofs.score, counts[TOP], roofs.is_labeled)
    strange = np.where(np.isnan(roofs.strangeness), np.inf, -roofs.strangeness)
    few = min(counts[STRANGE], int((~np.isinf(strange) & ~roofs.is_labeled).sum()))
    unsure = np.abs(_log_odds(roofs.score) - _log_odds(np.array([likely])))
    _take(part, UNSURE, unsure, counts[UNSURE] + counts[STRANGE] - few, roofs.is_labeled)
    _take(part, STRANGE, strange, few, roofs.is_labeled)

    others = np.flatnonzero(part == "")
    random = min(min(looks, len(roofs)) - int((part != "").sum()), len(others))
    drawn = systematic(roofs.district[others], random, rng)
    part[others[drawn]] = RANDOM
    chance[others] = random / max(len(others), 1)

    chosen = rng.permutation(np.flatnonzero(part != ""))
    return pd.DataFrame(
        {
            "parcel_id": roofs.parcel_id[chosen],
            "district": roofs.district[chosen],
            "part": part[chosen],
            "chance": chance[chosen],
        }
    )


def systematic(districts: NDArray[np.object_], count: int, rng: np.random.Generator) -> RowNumbers:
    """Draw rows with equal chances, every district in proportion (to the next whole number).

    Rows are put in an order of chance within their district, and every (N / count)-th is taken
    from a start by chance: each row has exactly the chance count / N (Madow and Madow, 1944, "On
    the theory of systematic sampling", Annals of Mathematical Statistics 15).

    Args:
        districts: District of each row, (N,).
        count: Rows to draw, at most N.
        rng: Source of randomness.
    """
    if not count:
        return np.zeros(0, np.int64)

    shuffled = rng.permutation(len(districts))
    order = shuffled[np.argsort(districts[shuffled].astype(str), kind="stable")]
    step = len(districts) / count
    places = np.floor((rng.random() + np.arange(count)) * step).astype(np.int64)
    return np.asarray(order[np.minimum(places, len(order) - 1)], np.int64)


def _take(
    part: NDArray[np.object_],
    name: str,
    rank: NDArray[np.float64],
    count: int,
    is_labeled: NDArray[np.bool_],
) -> None:
    """Give the roofs of the lowest ranks to a part, those that no other part and no label has."""
    is_free = (part == "") & ~is_labeled
    order = np.argsort(rank, kind="stable")
    part[order[is_free[order]][:count]] = name


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    within = np.clip(scores, LEAST_ODDS, 1 - LEAST_ODDS)
    return np.asarray(logit(within), dtype=np.float64)
