"""What is learned from some flyovers, and what it says of another one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.flyover_sets import FlyoverSet
from inference.hazard import Thresholds, hazard_word
from models.feature_cache import PARTS
from models.flyover_stats import Floats
from models.head import Head, head_logits, head_scores, on_flyover
from models.share import ScoredFlyover, Share, estimate_share
from training.fit import with_thresholds
from training.report import Evaluation, evaluate
from training.rungs import FittedRungs, fit_rungs
from training.settings import TrainSettings


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """What a model said of a flyover."""

    scores: Floats
    """Adapted probability of each chip, (N,)."""
    words: NDArray[np.object_]
    """Hazard word of each chip, (N,)."""
    share: Share
    """Estimated share failing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PastFlyovers:
    """What was learned from some flyovers."""

    fitted: FittedRungs
    """Every rung."""
    evaluation: Evaluation
    """Its figures and thresholds."""

    def head(self, rung: str = "") -> Head:
        """Return the head of a rung with its thresholds; the one that ships by default."""
        name = rung or self.evaluation.ships.name
        return with_thresholds(self.fitted.fits[name].head, self.evaluation.chosen[name])


def learn(sets: Sequence[FlyoverSet], settings: TrainSettings) -> PastFlyovers:
    """Train on some flyovers as `roofwatch train` does."""
    rows = pd.concat([known.labels for known in sets], ignore_index=True)
    fitted = fit_rungs(rows, [known.stats for known in sets], sets[0].spec.groups, settings)
    return PastFlyovers(
        fitted=fitted, evaluation=evaluate(fitted.scored, others=fitted.others, settings=settings)
    )


def score(head: Head, flyover: FlyoverSet) -> Words:
    """Score a flyover as `roofwatch score` does."""
    looks = flyover.looks[:, PARTS[head.rung]]
    own = on_flyover(head, flyover.stats)
    share = estimate_share(own, head_logits(own, looks)[:, 0], flyover.blocks.astype(str))
    ready = ScoredFlyover(stats=flyover.stats, share=share).set(head)

    scores, _, _ = head_scores(ready, looks)
    begins = Thresholds(likely=ready.likely, possible=ready.possible, held_back=share.doubt)
    words = np.array([hazard_word(value, begins).value for value in scores.tolist()], object)
    return Words(scores=scores, words=words, share=share)
