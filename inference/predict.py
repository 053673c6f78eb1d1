"""Score the chips of a year from their cached features."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.errors import ConfigError
from models.head import Head, head_scores

SCORE_COLUMNS = ("score", "score_low", "score_high")


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
    parts = [
        pd.DataFrame(
            {"parcel_id": pd.Series([], dtype=object), **dict.fromkeys(SCORE_COLUMNS, np.zeros(0))}
        )
    ]
    for ids, matrix in features:
        try:
            scores = head_scores(head, matrix)
        except ValueError as error:
            raise ConfigError(f"model and features do not fit: {error}") from error
        parts.append(
            pd.DataFrame(
                {
                    "parcel_id": ids,
                    **{
                        name: np.round(part, 6)
                        for name, part in zip(SCORE_COLUMNS, scores, strict=True)
                    },
                }
            )
        )
    return pd.concat(parts[1:] or parts, ignore_index=True)
