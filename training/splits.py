"""Honest splits: whole blocks, whole neighborhoods, the next year; never single rows, and a building's years on one side.

A split is a pair of row numbers (train, test), sorted. Everything hangs on the hash of a key, never on row order.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.errors import InputError

Rows = NDArray[np.int64]
Split = tuple[Rows, Rows]
"""Row numbers to train on, and row numbers to test on."""
MANY = 10
"""With more blocks per fold than this, a block's fold hangs on its hash alone."""


def block_folds(labels: pd.DataFrame, folds: int) -> Rows:
    """Assign every label to a fold by its block; stable under row order.

    With more than `MANY` blocks per fold a block keeps its fold when labels are added. With fewer, failing blocks are
    dealt out evenly, which labels added later may change. With no more blocks than `folds`, every block is a fold of its
    own (leave one block out).

    Args:
        labels: Columns block and failing.
        folds: Largest number of folds.

    Returns:
        Fold numbers, (N,).
    """
    return _fold_of_key(labels, "block", folds)


def splits_of(folds: Rows) -> list[Split]:
    """Turn fold numbers (N,) into one split per fold: test rows in the fold, train rows outside."""
    return [
        (np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in np.unique(folds)
    ]


def neighborhood_folds(labels: pd.DataFrame, folds: int) -> list[Split] | None:
    """Hold out each neighborhood; with more than `folds` of them, groups of neighborhoods.

    Rows without a neighborhood take no part. A block that crosses a border is not trained on while any of it is tested.

    Args:
        labels: Columns neighborhood ("" if unknown), block and failing.
        folds: Largest number of splits.

    Returns:
        Splits whose train rows hold both classes; None with fewer than two neighborhoods that hold both.
    """
    known = np.flatnonzero(labels["neighborhood"].to_numpy() != "")
    rows = labels.iloc[known]
    if (rows.groupby("neighborhood")["failing"].nunique() == 2).sum() < 2:
        return None
    numbers = _fold_of_key(rows, "neighborhood", folds)
    pairs = [(known[train], known[test]) for train, test in splits_of(numbers)]
    return _with_both_classes(
        labels, [(_outside_blocks(labels, train, test), test) for train, test in pairs]
    )


def next_year_split(labels: pd.DataFrame, folds: Rows) -> list[Split] | None:
    """Train on the years before the latest one and test on it, fold by fold: neither year nor block was seen.

    Args:
        labels: Columns year, block and failing.
        folds: Block folds, (N,).

    Returns:
        Splits whose train rows hold both classes and that have test rows; None when there are none, as with one year.
    """
    years = labels["year"].to_numpy()
    latest = years == years.max(initial=0)
    splits = [(train[~latest[train]], test[latest[test]]) for train, test in splits_of(folds)]
    return _with_both_classes(labels, splits)


def _outside_blocks(labels: pd.DataFrame, train: Rows, test: Rows) -> Rows:
    seen = labels["block"].iloc[train].isin(set(labels["block"].iloc[test])).to_numpy()
    return train[~seen]


def _with_both_classes(labels: pd.DataFrame, splits: Iterable[Split]) -> list[Split] | None:
    failing = labels["failing"].to_numpy()
    return [
        (train, test) for train, test in splits if len(test) and len(np.unique(failing[train])) == 2
    ] or None


def _fold_of_key(labels: pd.DataFrame, column: str, folds: int) -> Rows:
    """Return the fold of every row by the key in `column`."""
    if folds < 1:
        raise InputError(f"folds is {folds}, want 1 or more")
    keys = labels[column].astype(str)
    counts = labels["failing"].groupby(keys).agg(["sum", "size"])
    failing, sizes = (
        {str(key): int(count) for key, count in counts[name].items()} for name in ("sum", "size")
    )
    if len(sizes) <= folds:
        place = {key: number for number, key in enumerate(sorted(failing))}
    elif len(sizes) > MANY * folds:
        place = _by_hash(failing, folds)
    else:
        place = _dealt_out(failing, sizes, folds)
    return np.array([place[key] for key in keys], dtype=np.int64)


def _by_hash(failing: dict[str, int], folds: int) -> dict[str, int]:
    """Take the fold from the hash; a fold without failing roofs gets one failing key from the fold that has most."""
    place = {key: _hash(key) % folds for key in failing}
    mine: list[list[str]] = [[] for _ in range(folds)]
    for key in sorted((key for key in failing if failing[key]), key=_hash):
        mine[place[key]].append(key)
    for fold in range(folds):
        most = max(range(folds), key=lambda number: (len(mine[number]), -number))
        if not mine[fold] and len(mine[most]) > 1:
            mine[fold].append(mine[most].pop(0))
            place[mine[fold][0]] = fold
    return place


def _dealt_out(failing: dict[str, int], sizes: dict[str, int], folds: int) -> dict[str, int]:
    """Visit keys with most failing roofs first, then by hash; each goes to the fold with fewest failing, then fewest labels."""
    load = [(0, 0, number) for number in range(folds)]
    place = {}
    for key in sorted(failing, key=lambda key: (-failing[key], _hash(key))):
        failures, labels, fold = min(load)
        place[key] = fold
        load[fold] = (failures + failing[key], labels + sizes[key], fold)
    return place


def _hash(key: str) -> int:
    return int(hashlib.sha256(key.encode()).hexdigest(), 16)
