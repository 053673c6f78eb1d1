"""Where LIKELY and POSSIBLE begin, by stated aims on calibrated out-of-fold scores.

All bounds hold for new roofs that are exchangeable with the labeled ones. They are not quite: neighbors share a block,
next year's light differs, roofs may have been picked for labeling, and the shipped head differs a little from the heads
of the folds. So a bound is the best that can be said of the labels, and next year's labels have to be held against it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, betaincinv

from inference.hazard import Thresholds
from models.head import Floats

LEAST_SCORE = float(np.nextafter(0.0, 1.0))
"""POSSIBLE begins above 0."""


@dataclass(frozen=True, kw_only=True)
class Aims:
    """What the two words have to keep."""

    precision_likely: float = 0.7
    """Share of LIKELY roofs that fail, in (0, 1)."""
    recall: float = 0.8
    """Share of failing roofs that LIKELY and POSSIBLE together have to hold, in (0, 1)."""
    confidence: float = 0.95
    """Probability with which the aims for the two words are kept, in (0, 1)."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not all(
            0 < share < 1 for share in (self.precision_likely, self.recall, self.confidence)
        ):
            raise ValueError(f"{self}: want all between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class RecallBound:
    """What a threshold for POSSIBLE keeps of the failing roofs."""

    threshold: float
    """Calibrated score in (0, 1]."""
    failing: int
    """Failing labels it rests on."""
    rank: int
    """The threshold is the rank-th smallest score of a failing label; 0 when too few labels allow none."""
    expected: float
    """Expected recall of new roofs, at least; NaN when rank is 0."""
    confidence: float
    """Probability that the recall of new roofs reaches the aim; NaN when rank is 0."""
    sentence: str
    """The same in words."""


@dataclass(frozen=True, kw_only=True)
class PrecisionBound:
    """What the threshold for LIKELY keeps."""

    threshold: float
    """Calibrated score in (0, 1]."""
    labels: int
    """Labels at or above it."""
    failing: int
    """Failing ones among them."""
    bound: float
    """Precision is at least this, at the confidence of the aims; NaN when it is not guaranteed."""
    sentence: str
    """The same in words."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The two thresholds and what they rest on."""

    likely: float
    """Score at which LIKELY begins, in [possible, 1]."""
    possible: float
    """Score at which POSSIBLE begins, in (0, likely]."""
    recall: RecallBound
    """Of `possible`: holds with the confidence of the aims."""
    average_recall: RecallBound
    """The weaker bound that holds on average (conformal risk control); reported, not shipped."""
    precision: PrecisionBound
    """Of `likely`."""

    @property
    def thresholds(self) -> Thresholds:
        """The two thresholds as the hazard ladder takes them."""
        return Thresholds(likely=self.likely, possible=self.possible)


def choose_thresholds(scores: Floats, failing: NDArray[np.int64], aims: Aims) -> Chosen:
    """Choose where LIKELY and POSSIBLE begin.

    Args:
        scores: Calibrated out-of-fold probabilities, (N,).
        failing: 0 or 1, (N,).
        aims: What to keep.

    Raises:
        ValueError: a score outside [0, 1], or no failing label.
    """
    if not ((scores >= 0) & (scores <= 1)).all() or not failing.any():
        spread = f"{scores.min(initial=np.inf)} to {scores.max(initial=-np.inf)}"
        raise ValueError(
            f"{int(failing.sum())} of {len(failing)} labels fail, scores run from {spread}; want a failing one, and scores from 0 to 1"
        )
    positives = np.sort(scores[failing == 1])
    recall = recall_bound(positives, aims)
    precision = precision_bound(scores, failing, aims, at_least=recall.threshold)
    return Chosen(
        likely=precision.threshold,
        possible=recall.threshold,
        recall=recall,
        average_recall=average_recall_bound(positives, aims),
        precision=precision,
    )


def recall_bound(positives: Floats, aims: Aims) -> RecallBound:
    """Take the largest rank k whose score keeps the recall with confidence.

    At the k-th smallest of n exchangeable scores the recall of new roofs is distributed as Beta(n + 1 - k, k), or better
    where scores are tied (Wilks, 1941, "Determination of sample sizes for setting tolerance limits", Annals of Mathematical
    Statistics 12; Vovk, 2012, "Conditional validity of inductive conformal predictors", proposition 2).

    Args:
        positives: Scores of the failing labels, ascending, (n,), n >= 1.
        aims: Recall and confidence.
    """
    count = len(positives)
    ranks = np.arange(1, count + 1)
    kept = np.asarray(betaincc(count + 1 - ranks, ranks, aims.recall))  # falls as the rank rises
    rank = int((kept >= aims.confidence).sum())
    threshold = float(positives[max(rank - 1, 0)])
    if rank and threshold > 0:
        return RecallBound(
            threshold=threshold,
            failing=count,
            rank=rank,
            expected=(count + 1 - rank) / (count + 1),
            confidence=float(kept[rank - 1]),
            sentence=f"POSSIBLE begins at {threshold:.3g}: with {_percent(aims.confidence)} confidence at least {_percent(aims.recall)} of failing roofs score there or above "
            f"({_nth(rank)} smallest score of {count} failing labels; {_percent((count + 1 - rank) / (count + 1))} expected).",
        )
    needed = int(np.ceil(np.log(1 - aims.confidence) / np.log(aims.recall)))
    why = (
        f"that takes {needed} failing labels, there are {count}"
        if not rank
        else "failing labels score 0"
    )
    return RecallBound(
        threshold=max(threshold, LEAST_SCORE),
        failing=count,
        rank=0,
        expected=float("nan"),
        confidence=float("nan"),
        sentence=f"POSSIBLE begins at {threshold:.3g}: no guarantee that {_percent(aims.recall)} of failing roofs score there or above; {why}.",
    )


def average_recall_bound(positives: Floats, aims: Aims) -> RecallBound:
    """Choose by conformal risk control of the share missed: n / (n + 1) * missed + 1 / (n + 1) <= 1 - recall.

    Angelopoulos, Bates, Fisch, Lei and Schuster (2022), "Conformal risk control", arXiv 2208.02814, theorem 1. The
    guarantee is for the average over draws of labels: about every other draw keeps less.

    Args:
        positives: Scores of the failing labels, ascending, (n,), n >= 1.
        aims: Recall.
    """
    count = len(positives)
    rank = int(np.floor((1 - aims.recall) * (count + 1) + 1e-9))
    threshold = max(float(positives[max(rank - 1, 0)]), LEAST_SCORE)
    expected, confidence = float("nan"), float("nan")
    sentence = f"On average over draws of labels: no guarantee; that takes {int(np.ceil(1 / (1 - aims.recall) - 1 - 1e-9))} failing labels, there are {count}."
    if rank:
        expected, confidence = (
            (count + 1 - rank) / (count + 1),
            float(betaincc(count + 1 - rank, rank, aims.recall)),
        )
        sentence = f"At {threshold:.3g} at least {_percent(aims.recall)} would be kept on average over draws of labels, but in one draw with {_percent(confidence)} confidence."
    return RecallBound(
        threshold=threshold,
        failing=count,
        rank=rank,
        expected=expected,
        confidence=confidence,
        sentence=sentence,
    )


def precision_bound(
    scores: Floats, failing: NDArray[np.int64], aims: Aims, *, at_least: float
) -> PrecisionBound:
    """Take the smallest threshold whose precision is guaranteed, else the smallest whose observed precision meets the aim.

    Args:
        scores: Calibrated out-of-fold probabilities, (N,).
        failing: 0 or 1, (N,).
        aims: Precision and confidence.
        at_least: Where POSSIBLE begins: no threshold below it.
    """
    steps, counts, hits = _from_the_top(scores, failing)
    bounds = certified_precision(counts, hits, aims)
    allowed = steps >= at_least
    aim, sure = _percent(aims.precision_likely), _percent(aims.confidence)
    for meets, guaranteed in (
        (bounds >= aims.precision_likely, True),
        (hits / counts >= aims.precision_likely, False),
    ):
        places = np.flatnonzero(meets & allowed)
        if not len(places):
            continue
        last = places[-1]
        seen = f"{hits[last]} of the {counts[last]} labels there fail"
        words = (
            f"with {sure} confidence at least {aim} of roofs there fail"
            if guaranteed
            else f"not guaranteed that {aim} of roofs there fail with {sure} confidence"
        )
        return PrecisionBound(
            threshold=float(steps[last]),
            labels=int(counts[last]),
            failing=int(hits[last]),
            bound=float(bounds[last]) if guaranteed else float("nan"),
            sentence=f"LIKELY begins at {steps[last]:.3g}: {words} ({seen}).",
        )
    return PrecisionBound(
        threshold=1.0,
        labels=int((scores >= 1).sum()),
        failing=int(failing[scores >= 1].sum()),
        bound=float("nan"),
        sentence=f"LIKELY begins at 1: not guaranteed; at no score did {aim} of the labels fail.",
    )


def certified_precision(counts: NDArray[np.int64], hits: NDArray[np.int64], aims: Aims) -> Floats:
    """Return the bound on precision at every threshold that fixed-sequence testing reaches; NaN at the others.

    From each start thresholds are tested downward until the first whose Clopper-Pearson bound falls short (Angelopoulos,
    Bates, Candès, Jordan and Lei, 2021, "Learn then Test", arXiv 2110.01052, fixed-sequence testing with several starts,
    which share the error). Starts depend on the scores only: the fewest labels that could pass, four times as many, and so on.

    Args:
        counts: Labels at or above each threshold, from the highest threshold down, (T,).
        hits: Failing ones among them, (T,).
        aims: Precision and confidence.
    """
    error, total = 1 - aims.confidence, int(counts.max(initial=0))
    most = max(1, int(np.log2(max(total, 1)) / 2) + 1)
    fewest = np.log(error / most) / np.log(aims.precision_likely)
    starts = np.unique(
        [
            np.searchsorted(counts, fewest * 4**power)
            for power in range(most)
            if fewest * 4**power <= total
        ]
    ).astype(int)
    certified = np.full(len(counts), np.nan)
    for start in starts:
        bounds = np.nan_to_num(
            betaincinv(hits[start:], counts[start:] - hits[start:] + 1, error / len(starts))
        )
        short = bounds < aims.precision_likely
        reach = int(short.argmax()) if short.any() else len(short)
        certified[start : start + reach] = bounds[:reach]
    return certified


def _from_the_top(
    scores: Floats, failing: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return distinct scores from the highest down, and labels and failing labels at or above each."""
    steps, inverse = np.unique(-scores, return_inverse=True)
    counts = np.bincount(inverse).cumsum()
    hits = np.bincount(inverse, weights=failing).cumsum().astype(np.int64)
    return -steps, counts, hits


def _nth(number: int) -> str:
    ending = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"
