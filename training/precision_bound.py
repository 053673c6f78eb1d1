"""Where LIKELY begins: the score above which enough roofs fail."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from models.head import Floats
from training.aims import Aims
from training.wording import percent


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
    """Precision is at least this, at the confidence of the aims; NaN when not guaranteed."""
    sentence: str
    """The same in words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """The T distinct scores from the highest down: every threshold that makes a difference."""

    scores: Floats
    """(T,)."""
    labels: NDArray[np.int64]
    """Labels at or above each, (T,)."""
    failing: NDArray[np.int64]
    """Failing ones among them, (T,)."""

    def bound_at(self, place: int, *, bound: float, sentence: str) -> PrecisionBound:
        """Return what a threshold keeps."""
        return PrecisionBound(
            threshold=float(self.scores[place]),
            labels=int(self.labels[place]),
            failing=int(self.failing[place]),
            bound=bound,
            sentence=sentence,
        )


def precision_bound(
    scores: Floats, failing: NDArray[np.int64], aims: Aims, *, at_least: float
) -> PrecisionBound:
    """Take the smallest threshold whose precision is guaranteed.

    Without one, take the smallest whose observed precision meets the aim.

    Args:
        scores: Calibrated out-of-fold probabilities, (N,).
        failing: 0 or 1, (N,).
        aims: Precision and confidence.
        at_least: No threshold below it.
    """
    candidates = _from_the_top(scores, failing)
    bounds = certified_precision(candidates.labels, candidates.failing, aims)
    is_allowed = candidates.scores >= at_least
    guaranteed = np.flatnonzero(is_allowed & (bounds >= aims.precision_likely))
    if len(guaranteed):
        last = int(guaranteed[-1])
        bound = float(bounds[last])
        words = _promise(aims, bound)
        return candidates.bound_at(last, bound=bound, sentence=_sentence(candidates, last, words))

    observed = np.flatnonzero(
        is_allowed & (candidates.failing / candidates.labels >= aims.precision_likely)
    )
    if len(observed):
        last = int(observed[-1])
        bound = float("nan")
        words = _promise(aims, bound)
        return candidates.bound_at(last, bound=bound, sentence=_sentence(candidates, last, words))

    return PrecisionBound(
        threshold=1.0,
        labels=int((scores >= 1).sum()),
        failing=int(failing[scores >= 1].sum()),
        bound=float("nan"),
        sentence=(
            "LIKELY begins at 1: not guaranteed; at no score did "
            f"{percent(aims.precision_likely)} of the labels fail."
        ),
    )


def precision_at(
    scores: Floats, failing: NDArray[np.int64], aims: Aims, threshold: float
) -> PrecisionBound:
    """Return what a threshold that was chosen elsewhere keeps of some labels.

    Args:
        scores: Calibrated probabilities of labels left out, (N,).
        failing: 0 or 1, (N,).
        aims: Precision and confidence.
        threshold: Where LIKELY begins.
    """
    candidates = _from_the_top(scores, failing)
    count = int((candidates.scores >= threshold).sum())
    begins = f"LIKELY begins at {threshold:.3g}"
    if not count:
        return PrecisionBound(
            threshold=threshold,
            labels=0,
            failing=0,
            bound=float("nan"),
            sentence=f"{begins}: not guaranteed; no label scores there.",
        )

    last = count - 1
    labels = int(candidates.labels[last])
    hits = int(candidates.failing[last])
    bound = float(certified_precision(candidates.labels, candidates.failing, aims)[last])
    return PrecisionBound(
        threshold=threshold,
        labels=labels,
        failing=hits,
        bound=bound,
        sentence=f"{begins}: {_promise(aims, bound)} ({hits} of the {labels} labels there fail).",
    )


def certified_precision(
    labels: NDArray[np.int64], failing: NDArray[np.int64], aims: Aims
) -> Floats:
    """Return the bound on precision at every threshold that fixed-sequence testing reaches.

    From each start thresholds are tested downward until the first whose Clopper-Pearson bound
    falls short (Angelopoulos, Bates, Candès, Jordan and Lei, 2021, "Learn then Test", arXiv
    2110.01052, fixed-sequence testing with several starts, which share the error).

    Args:
        labels: Labels at or above each threshold, from the highest threshold down, (T,).
        failing: Failing ones among them, (T,).
        aims: Precision and confidence.

    Returns:
        (T,), NaN at thresholds that no test reaches.
    """
    starts = _starts(labels, aims)
    error = (1 - aims.confidence) / len(starts) if len(starts) else 0.0

    certified = np.full(len(labels), np.nan)
    for start in starts:
        intact = labels[start:] - failing[start:]
        bounds = np.nan_to_num(betaincinv(failing[start:], intact + 1, error))
        is_short = bounds < aims.precision_likely
        reach = int(is_short.argmax()) if is_short.any() else len(bounds)
        certified[start : start + reach] = bounds[:reach]

    return certified


def _starts(labels: NDArray[np.int64], aims: Aims) -> NDArray[np.int64]:
    """Return where testing starts: at the fewest labels that could pass, at 4 times as many, ...

    The starts depend on the scores only, never on which labels fail.
    """
    total = int(labels.max(initial=0))
    most = max(1, int(np.log2(max(total, 1)) / 2) + 1)
    fewest = np.log((1 - aims.confidence) / most) / np.log(aims.precision_likely)

    sizes = fewest * 4.0 ** np.arange(most)
    starts = np.searchsorted(labels, sizes[sizes <= total])
    return np.unique(starts).astype(np.int64)


def _from_the_top(scores: Floats, failing: NDArray[np.int64]) -> Candidates:
    negated, step = np.unique(-scores, return_inverse=True)
    return Candidates(
        scores=-negated,
        labels=np.bincount(step).cumsum(),
        failing=np.bincount(step, weights=failing).cumsum().astype(np.int64),
    )


def _promise(aims: Aims, bound: float) -> str:
    """Say what a bound promises; NaN promises nothing."""
    aim = percent(aims.precision_likely)
    confidence = percent(aims.confidence)
    if bound >= aims.precision_likely:
        return f"with {confidence} confidence at least {aim} of roofs there fail"
    return f"not guaranteed that {aim} of roofs there fail with {confidence} confidence"


def _sentence(candidates: Candidates, place: int, words: str) -> str:
    seen = f"{candidates.failing[place]} of the {candidates.labels[place]} labels there fail"
    return f"LIKELY begins at {candidates.scores[place]:.3g}: {words} ({seen})."
