"""Score the chips of a year from their cached features."""

import numpy as np
import pandas as pd

from imagery.errors import ConfigError
from models.features import feature_matrix
from models.head import Head, head_scores


def score_features(features: pd.DataFrame, head: Head) -> pd.DataFrame:
    """Return parcel_id, score, score_low, score_high for a table of parcel_id and features.

    Raises:
        ConfigError: the features do not fit the model.
    """
    try:
        score, low, high = head_scores(head, feature_matrix(features))
    except ValueError as error:
        raise ConfigError(f"model and features do not fit: {error}") from error
    columns = {"score": score, "score_low": low, "score_high": high}
    return pd.DataFrame({"parcel_id": features["parcel_id"].to_numpy(), **{name: np.round(part, 6) for name, part in columns.items()}})
