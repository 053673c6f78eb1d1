"""Which roof of a flyover looks most like all the others."""

import numpy as np

from models.feature_cache import PARTS, Features
from models.flyover_stats import FlyoverStats


def typical_roof(features: Features, stats: FlyoverStats) -> str:
    """Return the parcel whose roof lies nearest to the mean of its flyover; "" without chips.

    Args:
        features: Of all chips of the flyover.
        stats: Its statistics, over measures and features.
    """
    own = stats.part(PARTS["network"])
    nearest = ""
    least = np.inf
    for parcel_ids, matrix in features.rung("network"):
        if not parcel_ids:
            continue
        apart = (matrix.astype(np.float64) - own.center) / own.spread
        distances = (apart**2).mean(axis=1)  # (n,)

        row = int(distances.argmin())
        if distances[row] < least:
            least = float(distances[row])
            nearest = parcel_ids[row]
    return nearest
