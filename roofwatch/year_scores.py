"""A year as a head scores it from features: what `score`, `drift` and the promotion gate share."""

from dataclasses import dataclass, replace

import pandas as pd

from inference.hazard import Thresholds
from inference.predict import look_at_flyover, score_features
from models.feature_cache import Features
from models.head import Head
from models.share import ScoredFlyover
from models.spec import ModelVersion
from roofwatch.cold_start import standing_of
from roofwatch.year import CityYear
from training.borrowed import Standing


@dataclass(frozen=True, kw_only=True, eq=False)
class YearScores:
    """A flyover as a model scores it, before any word is given."""

    flyover: ScoredFlyover
    """What the head was set to."""
    head: Head
    """The head as it was set."""
    scores: pd.DataFrame
    """What `inference.predict.score_features` returns, a row per chip."""
    begins: Thresholds
    """Where the words begin."""
    standing: Standing
    """Whether looks have borne a borrowed model out."""

    def thresholds(self, doubt: str) -> Thresholds:
        """Return where the words begin, and why LIKELY is held back.

        Args:
            doubt: What speaks against LIKELY in this flyover; "" where nothing does.
        """
        reasons = filter(None, (doubt, self.standing.held_back))
        return replace(self.begins, held_back="; ".join(reasons))


def score_year(
    year: CityYear, version: ModelVersion, trained: Head, features: Features
) -> YearScores:
    """Set a head to a flyover and score its chips.

    Args:
        year: The city in the year.
        version: The model.
        trained: Its head.
        features: What the model sees of the year's chips.
    """
    flyover = look_at_flyover(
        features,
        trained,
        year=year.year,
        blocks=year.roll.block_of,
        looked=year.find_looked_share(),
    )
    head = flyover.set(trained)
    scores = score_features(features.rung(head.rung), head)
    begins = year.file.score.thresholds(head.likely, head.possible)
    return YearScores(
        flyover=flyover,
        head=head,
        scores=scores,
        begins=begins,
        standing=standing_of(year, version, scores, begins.likely),
    )
