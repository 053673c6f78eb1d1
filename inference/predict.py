"""Score the chips of a year from their cached features."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.errors import ConfigError
from models.head import Head, head_scores

DECIMALS = 6
"""Of the scores."""


def score_features(
    features: Iterable[tuple[list[str], NDArray[np.float32]]], head: Head
) -> pd.DataFrame:
    """Return parcel_id, score, score_low, score_high.

    Args:
        features: Ids and features (n, F), a part of the city at a time.
        head: The head to score with.

    Raises:
        ConfigError: the features do not fit the model.
    """
    parts = [_score_part(parcel_ids, matrix, head) for parcel_ids, matrix in features]
    if not parts:
        nothing = np.zeros((0, len(head.center)), np.float32)
        parts = [_score_part([], nothing, head)]
    return pd.concat(parts, ignore_index=True)


def _score_part(parcel_ids: list[str], matrix: NDArray[np.float32], head: Head) -> pd.DataFrame:
    try:
        score, low, high = head_scores(head, matrix)
    except ValueError as error:
        raise ConfigError(f"model and features do not fit: {error}") from error

    # An empty list has no dtype of its own.
    ids = pd.Series(parcel_ids, dtype=None if parcel_ids else object)
    return pd.DataFrame(
        {
            "parcel_id": ids,
            "score": np.round(score, DECIMALS),
            "score_low": np.round(low, DECIMALS),
            "score_high": np.round(high, DECIMALS),
        }
    )
