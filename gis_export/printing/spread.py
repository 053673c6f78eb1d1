"""Move symbols that overlap apart, no farther than needed. Arithmetic only."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.float64]
"""x and y, (n, 2)."""
Pairs = NDArray[np.intp]
"""Rows of two symbols near each other, (pairs, 2)."""
_ROUNDS = 80
_STEP = 0.55
"""Share of an overlap that one round takes away, so that crowds settle without swinging."""
_HOME = 0.03
"""Share of the way back to where it belongs that a symbol takes per round."""
_LEAST_OVERLAP = 0.02
"""Smaller overlaps are left alone."""


def spread(places: Points, sizes: Points, *, most: float) -> Points:
    """Return places at which the symbols overlap less.

    Args:
        places: Where each symbol belongs, (n, 2).
        sizes: Width and height of each, (n, 2).
        most: Farthest that a symbol may be moved.
    """
    if len(places) < 2:
        return places.copy()

    moved = places + _alternating(len(places))
    reach = float(np.hypot(*sizes.max(axis=0)))
    for _ in range(_ROUNDS):
        pairs = cKDTree(moved).query_pairs(reach, output_type="ndarray")
        push = _pushes(moved, sizes, pairs)
        if push is None:
            break
        pull = (places - moved) * _HOME
        moved = _limit(moved + push + pull, places, most)
    return moved


def crowding(places: Points, sizes: Points, *, allowed: float = 0.8) -> float:
    """Return the share of symbols that another one covers.

    Args:
        places: Middle of each symbol, (n, 2).
        sizes: Width and height of each, (n, 2).
        allowed: Distance that is enough in one direction, as a share of the mean size in it.
    """
    if len(places) < 2:
        return 0.0

    reach = float(np.hypot(*sizes.max(axis=0)))
    pairs = cKDTree(places).query_pairs(reach, output_type="ndarray")
    first = pairs[:, 0]
    second = pairs[:, 1]

    gap = np.abs(places[first] - places[second])
    is_close = (gap < allowed * (sizes[first] + sizes[second]) / 2).all(axis=1)
    return len(np.unique(pairs[is_close])) / len(places)


def _alternating(count: int) -> Points:
    """Return a small shift per symbol, every other to the other side.

    A crowded row opens into two that way.
    """
    sign = np.where(np.arange(count) % 2, 0.2, -0.2)
    return np.column_stack([sign, -sign])


def _pushes(places: Points, sizes: Points, pairs: Pairs) -> Points | None:
    """Return by how much each symbol is pushed away from those it overlaps; None when none do.

    The push follows the line between them: within a row the pushes along it cancel and those
    across add up, so the row opens into two.
    """
    first = pairs[:, 0]
    second = pairs[:, 1]
    apart = places[second] - places[first]
    overlap = (sizes[first] + sizes[second]) / 2 - np.abs(apart)
    is_touching = (overlap > _LEAST_OVERLAP).all(axis=1)
    if not is_touching.any():
        return None

    apart = apart[is_touching]
    distance = np.maximum(np.hypot(apart[:, 0], apart[:, 1]), 1e-6)
    least_overlap = overlap[is_touching].min(axis=1)
    push = apart / distance[:, None] * least_overlap[:, None] * _STEP / 2

    total = np.zeros_like(places)
    np.add.at(total, first[is_touching], -push)
    np.add.at(total, second[is_touching], push)
    return total


def _limit(moved: Points, places: Points, most: float) -> Points:
    """Return moved symbols, those that are too far away brought back to the farthest allowed."""
    offset = moved - places
    excess = np.maximum(np.hypot(offset[:, 0], offset[:, 1]) / most, 1.0)
    return places + offset / excess[:, None]
