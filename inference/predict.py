"""Score the chips of a year from their cached features."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.errors import ConfigError
from labels.draws.weights import LookedShare
from models.feature_cache import Features
from models.head import Head, head_logits, head_scores, on_flyover
from models.share import ScoredFlyover, Share, estimate_share

DECIMALS = 6
"""Of the scores."""


def look_at_flyover(
    features: Features,
    head: Head,
    *,
    year: int,
    blocks: Mapping[str, str],
    looked: LookedShare | None = None,
) -> ScoredFlyover:
    """Return what a head is set to before it scores a flyover: its statistics and share failing.

    Args:
        features: Of all chips of the flyover.
        head: As it was trained.
        year: Year of the flyover.
        blocks: Block of each parcel, whose roofs are alike.
        looked: Share failing from looks at the flyover, where there are enough; it is used
            instead of the one that the scores alone suggest.

    Raises:
        ConfigError: the features do not fit the model.
    """
    stats = features.stats(year)
    own = on_flyover(head, stats)
    if looked:
        return ScoredFlyover(stats=stats, share=known_share(looked, stats.chips))

    ids: list[str] = []
    logits: list[NDArray[np.float64]] = [np.zeros(0)]
    for parcel_ids, matrix in features.rung(head.rung):
        ids += parcel_ids
        logits.append(_logits(own, matrix))

    units = pd.factorize(pd.Series([blocks.get(parcel_id, "") for parcel_id in ids], dtype=object))
    share = estimate_share(own, np.concatenate(logits), units[0].astype(np.float64))
    return ScoredFlyover(stats=stats, share=share)


def known_share(looked: LookedShare, chips: int) -> Share:
    """Return the share failing that looks by chance say, as scores are set to it."""
    return Share(
        share=looked.share,
        low=looked.low,
        high=looked.high,
        check=float("nan"),
        chips=chips,
        looks=looked.looks,
    )


def score_features(
    features: Iterable[tuple[list[str], NDArray[np.float32]]], head: Head
) -> pd.DataFrame:
    """Return parcel_id, score_raw, score, score_low, score_high.

    `score_raw` is the score if half of the flyover's roofs failed.

    Args:
        features: Ids and features (n, F), a part of the city at a time.
        head: The head to score with, set to the flyover.

    Raises:
        ConfigError: the features do not fit the model.
    """
    parts = [_score_part(parcel_ids, matrix, head) for parcel_ids, matrix in features]
    if not parts:
        nothing = np.zeros((0, len(head.center)), np.float32)
        parts = [_score_part([], nothing, head)]
    return pd.concat(parts, ignore_index=True)


def _logits(head: Head, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    try:
        return head_logits(head, matrix)[:, 0]
    except ValueError as error:
        raise ConfigError(f"model and features do not fit: {error}") from error


def _score_part(parcel_ids: list[str], matrix: NDArray[np.float32], head: Head) -> pd.DataFrame:
    try:
        score, low, high = head_scores(head, matrix)
    except ValueError as error:
        raise ConfigError(f"model and features do not fit: {error}") from error

    odds = score / (1 - score) * (1 - head.share) / head.share
    # An empty list has no dtype of its own.
    ids = pd.Series(parcel_ids, dtype=None if parcel_ids else object)
    return pd.DataFrame(
        {
            "parcel_id": ids,
            "score_raw": np.round(odds / (1 + odds), DECIMALS),
            "score": np.round(score, DECIMALS),
            "score_low": np.round(low, DECIMALS),
            "score_high": np.round(high, DECIMALS),
        }
    )
