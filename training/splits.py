"""Honest splits: whole blocks, never single rows, so that neighbors who share a wall stay on one side."""

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def block_folds(labels: pd.DataFrame, folds: int) -> NDArray[np.int64]:
    """Assign every label to a fold by its block; stable under row order.

    Blocks are visited in the order of their hash and each goes to the fold with the fewest failing roofs, then the
    fewest labels. With no more blocks than `folds`, every block is a fold of its own (leave one block out).

    Args:
        labels: Columns block and failing.
        folds: Largest number of folds.

    Returns:
        Fold numbers, (N,).
    """
    sizes = labels.groupby("block")["failing"].agg(["sum", "size"])
    if len(sizes) <= folds:
        place = {block: number for number, block in enumerate(sorted(sizes.index))}
        return labels["block"].map(place).to_numpy(np.int64)
    load = np.zeros((folds, 2), dtype=np.int64)
    place = {}
    by_hash = sorted(sizes.index, key=lambda block: hashlib.sha256(str(block).encode()).hexdigest())
    failing = sizes["sum"].to_dict()
    for block in sorted(by_hash, key=lambda block: -failing[block]):
        fold = min(range(folds), key=lambda number: (load[number, 0], load[number, 1], number))
        place[block] = fold
        load[fold] += sizes.loc[block, ["sum", "size"]].to_numpy(np.int64)
    return labels["block"].map(place).to_numpy(np.int64)
