"""Whether a column says who lives where: it differs between parcels with and without a notice."""

import numpy as np
from numpy.typing import NDArray

from imagery.values.coded import OCCUPANCY, YES
from roofwatch.proposal.columns import ColumnLook

APART = 0.3
"""By how much the shares occupied must differ to say something."""
LEAST = 5
"""Parcels of either kind that are needed."""
MOST_WORDS = 8


def may_be_occupied(look: ColumnLook) -> bool:
    """Tell whether a column holds words for occupied and vacant, or yes and no."""
    return look.is_occupancy >= 0.9 and look.distinct <= MOST_WORDS and look.filled >= 0.3


def find_apart(look: ColumnLook, is_vacant: NDArray[np.bool_]) -> float:
    """Return how much more often parcels without a notice are called occupied, from -1 to 1.

    Args:
        look: A column of the parcels.
        is_vacant: Which parcels have a notice, (n,).
    """
    is_said = (look.texts != "").to_numpy(bool)
    is_yes = OCCUPANCY.read(look.texts).state == YES
    vacant = is_yes[is_vacant & is_said]
    others = is_yes[~is_vacant & is_said]
    if len(vacant) < LEAST or len(others) < LEAST:
        return 0.0
    return float(others.mean() - vacant.mean())
