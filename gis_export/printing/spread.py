"""Move symbols that lie on each other apart, no farther than needed. Arithmetic only."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

_ROUNDS = 80
_STEP = 0.55
"""Share of an overlap that one round takes away, so that crowds settle without swinging."""
_HOME = 0.03
"""Pull back toward where each symbol belongs, per round."""

Points = NDArray[np.float64]


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
        moved = moved + push + (places - moved) * _HOME
        off = moved - places
        far = np.maximum(np.hypot(off[:, 0], off[:, 1]) / most, 1.0)
        moved = places + off / far[:, None]
    return moved


def crowding(places: Points, sizes: Points, *, allowed: float = 0.8) -> float:
    """Return the share of symbols of which another covers more than 1 - `allowed` of the width and height."""
    if len(places) < 2:
        return 0.0
    pairs = cKDTree(places).query_pairs(float(np.hypot(*sizes.max(axis=0))), output_type="ndarray")
    gap = np.abs(places[pairs[:, 0]] - places[pairs[:, 1]])
    close = (gap < allowed * (sizes[pairs[:, 0]] + sizes[pairs[:, 1]]) / 2).all(axis=1)
    return len(np.unique(pairs[close])) / len(places)


def _alternating(count: int) -> Points:
    """Shift every other symbol of a row a little to the side, so that a crowded row opens into two."""
    sign = np.where(np.arange(count) % 2, 0.2, -0.2)
    return np.column_stack([sign, -sign])


def _pushes(places: Points, sizes: Points, pairs: NDArray[np.intp]) -> Points | None:
    """Return by how much each symbol is pushed away from those it overlaps; None when none do.

    The push follows the line between them: within a row the pushes along it cancel and those across add up, so the row
    opens into two.
    """
    first, second = pairs[:, 0], pairs[:, 1]
    apart = places[second] - places[first]
    overlap = (sizes[first] + sizes[second]) / 2 - np.abs(apart)
    touching = (overlap > 0.02).all(axis=1)
    if not touching.any():
        return None
    first, second, apart = first[touching], second[touching], apart[touching]
    far = np.maximum(np.hypot(apart[:, 0], apart[:, 1]), 1e-6)
    push = apart / far[:, None] * overlap[touching].min(axis=1)[:, None] * _STEP / 2
    total = np.zeros_like(places)
    np.add.at(total, first, -push)
    np.add.at(total, second, push)
    return total
