"""Where LIKELY and POSSIBLE begin, by stated aims on calibrated scores of labels left out.

LIKELY begins at a probability adapted to the flyover, never below one half. Where whole flyovers
were left out it begins no lower than the precision aimed at, and no lower than where a roof would
still be at even odds if the estimated share failing strayed as far as it did in them. POSSIBLE
begins at a probability at even odds: what part of the failing roofs it holds does not depend on how
many there are.

Where several flyovers have labels each was left out whole, and the thresholds keep their aims in
the worst of them, or in all together (`[train] promise`). With a single one they rest on its own
blocks, and nothing is promised for the next: its light, sensor and season were never tried.

Labels that were chosen for their scores say nothing of the failing roofs that score low: where
there are enough others, POSSIBLE begins by these alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from models.head import Floats, log_odds
from models.share import NORMAL_90
from training.aims import EVERY_FLYOVER, Aims
from training.calibration import LEAST_CLASS
from training.precision_bound import PrecisionBound, precision_at, precision_bound
from training.recall_bound import RecallBound, average_recall_bound, recall_bound
from training.wording import percent

LEAST_LIKELY = 0.5
"""LIKELY never begins below this probability."""
MOST_LIKELY = 0.9
"""LIKELY never begins above this probability where any roof may be called so.

A flyover in which even such roofs failed too seldom is named in the sentence instead.
"""

LEAST_FAIR = 10
"""Failing labels not chosen for their scores from which on they alone say where POSSIBLE begins."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TriedFlyover:
    """Scores of the labels of one flyover that the heads had not learned from."""

    year: int
    """Year of the flyover."""
    scores: Floats
    """Probabilities, adapted to the flyover, (N,)."""
    even: Floats
    """Probabilities at even odds, (N,)."""
    failing: NDArray[np.int64]
    """0 or 1, (N,)."""
    is_fair: NDArray[np.bool_] | None = None
    """Which labels were not chosen for their scores, (N,); None for all."""

    @property
    def fair(self) -> NDArray[np.bool_]:
        """Return which labels were not chosen for their scores, (N,)."""
        return np.ones(len(self.failing), np.bool_) if self.is_fair is None else self.is_fair

    @property
    def positives(self) -> Floats:
        """Return the scores of fair failing labels at even odds, ascending."""
        return np.sort(self.even[(self.failing == 1) & self.fair])

    def __post_init__(self) -> None:
        """Check that all are probabilities.

        Raises:
            ValueError: one is not.
        """
        for values in (self.scores, self.even):
            if not ((values >= 0) & (values <= 1)).all():
                raise ValueError(f"scores of {self.year} run beyond 0 to 1, or are not numbers")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The two thresholds and what they rest on."""

    likely: float
    """Adapted probability at which LIKELY begins, in [0.5, 1]."""
    possible: float
    """Probability at even odds at which POSSIBLE begins, in (0, 1]."""
    recall: RecallBound
    """Of `possible`: holds with the confidence of the aims."""
    average_recall: RecallBound
    """The weaker bound that holds on average (conformal risk control); reported, not shipped."""
    precision: PrecisionBound
    """Of `likely`."""
    tried: int
    """Flyovers that were left out whole; 0 where only blocks of one were."""
    sentence: str
    """What the thresholds rest on, in words."""


def choose_thresholds(flyovers: Sequence[TriedFlyover], aims: Aims, *, tried: bool) -> Chosen:
    """Choose where LIKELY and POSSIBLE begin.

    Args:
        flyovers: Scores of left-out labels, by flyover.
        aims: What to keep, and where.
        tried: Whole flyovers were left out, not blocks of them.

    Raises:
        ValueError: no failing label.
    """
    known = [flyover for flyover in flyovers if flyover.failing.any()]
    if not known:
        raise ValueError("no label fails; want a failing one")
    if not tried or aims.promise != EVERY_FLYOVER:
        known = [_together(flyovers)]

    least = LEAST_LIKELY
    if tried:
        least = max(LEAST_LIKELY, aims.precision_likely, _sure_enough(flyovers))
    likely = max(_likely_of(flyover, aims, least) for flyover in known)
    kept = [precision_at(flyover.scores, flyover.failing, aims, likely) for flyover in known]
    positives = _positives(known)
    recalls = [recall_bound(scores, aims) for scores in positives]
    averages = [average_recall_bound(scores, aims) for scores in positives]

    recall = min(recalls, key=lambda bound: bound.threshold)
    count = len(flyovers) if tried else 0
    words = (
        _rests_on(flyovers, likely, count, aims),
        _where_both_begin(likely, recall, flyovers),
        _how_chosen(known),
    )
    return Chosen(
        likely=likely,
        possible=recall.threshold,
        recall=recall,
        average_recall=min(averages, key=lambda bound: bound.threshold),
        precision=min(kept, key=_certainty),
        tried=count,
        sentence=" ".join(filter(None, words)),
    )


def _positives(flyovers: Sequence[TriedFlyover]) -> list[Floats]:
    """Return the scores of failing labels by flyover: the fair ones where there are enough."""
    fair = [flyover.positives for flyover in flyovers if len(flyover.positives)]
    if sum(len(scores) for scores in fair) >= LEAST_FAIR:
        return fair
    return [np.sort(flyover.even[flyover.failing == 1]) for flyover in flyovers]


def _how_chosen(flyovers: Sequence[TriedFlyover]) -> str:
    """Say where failing labels that were chosen for their scores bear on POSSIBLE; "" without."""
    failing = sum(int(flyover.failing.sum()) for flyover in flyovers)
    fair = sum(len(flyover.positives) for flyover in flyovers)
    if fair == failing:
        return ""
    chosen = f"{failing - fair} of the {failing} failing labels were chosen for their scores"
    if fair >= LEAST_FAIR:
        return f"{chosen}: POSSIBLE begins by the others."
    return f"{chosen}: of failing roofs that score low more are missed than this says."


def _likely_of(flyover: TriedFlyover, aims: Aims, least: float) -> float:
    """Return where LIKELY begins by the labels of one flyover, not below `least`."""
    bound = precision_bound(flyover.scores, flyover.failing, aims, at_least=least)
    return max(min(bound.threshold, MOST_LIKELY), least)


def _sure_enough(flyovers: Sequence[TriedFlyover]) -> float:
    """Return the probability that is one half if the share failing is as far off as it was before.

    The share that scores were adapted to is read off them: it is their odds over those at even
    odds. It is compared with the share among the labels, in log odds.
    """
    errors = []
    for flyover in flyovers:
        failing = int(flyover.failing.sum())
        if min(failing, len(flyover.failing) - failing) < LEAST_CLASS:
            continue
        used = np.median(log_odds(flyover.scores) - log_odds(flyover.even))
        true = (flyover.failing.sum() + 0.5) / (len(flyover.failing) + 1)
        errors.append(float(used) - float(logit(true)))
    if not errors:
        return LEAST_LIKELY
    return float(expit(NORMAL_90 * np.sqrt(np.mean(np.square(errors)))))


def _certainty(bound: PrecisionBound) -> tuple[float, float]:
    """Return what orders bounds, the least certain first: no bound, then the share failing."""
    return float(np.nan_to_num(bound.bound)), bound.failing / max(bound.labels, 1)


def _where_both_begin(likely: float, recall: RecallBound, flyovers: Sequence[TriedFlyover]) -> str:
    """Say from which share failing on both words begin at one score; "" where that is no matter.

    POSSIBLE begins at even odds and moves with the share of a flyover until it meets LIKELY.
    """
    meet = float(expit(logit(likely) - logit(recall.threshold)))
    shares = [float(flyover.failing.mean()) for flyover in flyovers]
    if meet > max(0.5, *shares):
        return ""

    return (
        f"Where {percent(meet)} or more of the roofs fail, LIKELY and POSSIBLE begin at one score, "
        f"and no roof is called POSSIBLE. POSSIBLE begins at {recall.threshold:.3g} at even odds, "
        f"which is {likely:.3g} in such a flyover, and LIKELY begins there."
    )


def _together(flyovers: Sequence[TriedFlyover]) -> TriedFlyover:
    """Return the labels of several flyovers as those of one."""
    return TriedFlyover(
        year=flyovers[-1].year,
        scores=np.concatenate([flyover.scores for flyover in flyovers]),
        even=np.concatenate([flyover.even for flyover in flyovers]),
        failing=np.concatenate([flyover.failing for flyover in flyovers]),
        is_fair=np.concatenate([flyover.fair for flyover in flyovers]),
    )


def _rests_on(flyovers: Sequence[TriedFlyover], likely: float, tried: int, aims: Aims) -> str:
    """Say what the thresholds rest on, and what LIKELY kept in the worst flyover."""
    if not tried:
        return (
            "Not yet tried on another flyover: too few have enough labels to leave one out whole. "
            "The shares above are those of left-out blocks, and say nothing of another light, "
            "sensor or season."
        )

    where = "in the worst of them" if aims.promise == EVERY_FLYOVER else "over all of them"
    kept = []
    for flyover in flyovers:
        is_likely = flyover.scores >= likely
        if is_likely.any():
            share = percent(float(flyover.failing[is_likely].mean()))
            kept.append(f"{share} of {int(is_likely.sum())} in {flyover.year}")

    seen = f"of the roofs called LIKELY there failed {', '.join(kept)}"
    return (
        f"{tried} flyovers were left out whole, each in turn; the thresholds aim to hold {where}: "
        f"{seen if kept else 'no roof was called LIKELY there'}."
    )
