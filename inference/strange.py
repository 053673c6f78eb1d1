"""How unlike the other roofs of its flyover a roof is, by what the model sees of it."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.head import Head


def strangeness(
    features: Iterable[tuple[list[str], NDArray[np.float32]]], head: Head
) -> pd.DataFrame:
    """Return parcel_id and strangeness: root mean square of the standardized features.

    Args:
        features: Ids and features (n, F), a part of the city at a time.
        head: Set to the flyover's statistics.
    """
    parts = [pd.DataFrame({"parcel_id": pd.Series([], dtype=object), "strangeness": []})]
    for parcel_ids, matrix in features:
        standard = (matrix - head.center) / head.scale
        found = np.sqrt((standard**2).mean(axis=1))
        parts.append(pd.DataFrame({"parcel_id": parcel_ids, "strangeness": found}))
    return pd.concat(parts[1:] or parts, ignore_index=True)
