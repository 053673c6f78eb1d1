"""Which fold a block or a neighborhood goes to: decided by its name, never by the order of rows."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.errors import InputError

RowNumbers = NDArray[np.int64]
"""Numbers of rows of a table of labels, or one whole number for each row."""
MANY = 10
"""With more keys per fold than this, the fold of a key depends on its hash alone."""


@dataclass(frozen=True, kw_only=True)
class KeyCounts:
    """How many labels each key (a block, a neighborhood) has."""

    labels: dict[str, int]
    """All labels, by key."""
    failing: dict[str, int]
    """Failing roofs among them, by key."""


def folds_of_keys(labels: pd.DataFrame, column: str, folds: int) -> RowNumbers:
    """Assign every label to a fold by its key; the same for any order of rows.

    With more than `MANY` keys per fold a key keeps its fold when labels are added. With fewer,
    keys with failing roofs are dealt out evenly, which labels added later may change. With no more
    keys than `folds`, every key is a fold of its own.

    Args:
        labels: Columns failing and `column`.
        column: Where the keys are.
        folds: Largest number of folds.

    Returns:
        Fold numbers, (N,).

    Raises:
        InputError: fewer than one fold.
    """
    if folds < 1:
        raise InputError(f"folds is {folds}, want 1 or more")

    keys = labels[column].astype(str)
    counts = _count(keys, labels["failing"])
    if len(counts.labels) <= folds:
        fold_of = {key: number for number, key in enumerate(sorted(counts.labels))}
    elif len(counts.labels) > MANY * folds:
        fold_of = _hashed(counts, folds)
    else:
        fold_of = _dealt_out(counts, folds)

    return np.array([fold_of[key] for key in keys], dtype=np.int64)


def _count(keys: pd.Series, failing: pd.Series) -> KeyCounts:
    groups = failing.groupby(keys)
    return KeyCounts(
        labels={str(key): int(count) for key, count in groups.size().items()},
        failing={str(key): int(count) for key, count in groups.sum().items()},
    )


def _hashed(counts: KeyCounts, folds: int) -> dict[str, int]:
    """Take the fold from the hash.

    A fold without failing roofs gets one failing key from the fold that has the most of them.
    """
    fold_of = {key: _hash(key) % folds for key in counts.labels}

    failing_keys: list[list[str]] = [[] for _ in range(folds)]
    for key in sorted(counts.failing, key=_hash):
        if counts.failing[key]:
            failing_keys[fold_of[key]].append(key)

    for fold in range(folds):
        sizes = [len(keys) for keys in failing_keys]
        richest = sizes.index(max(sizes))
        if sizes[fold] == 0 and sizes[richest] > 1:
            moved = failing_keys[richest].pop(0)
            failing_keys[fold].append(moved)
            fold_of[moved] = fold

    return fold_of


def _dealt_out(counts: KeyCounts, folds: int) -> dict[str, int]:
    """Deal keys out, those with most failing roofs first, then by hash.

    Each key goes to the fold with the fewest failing roofs, then with the fewest labels.
    """
    loads = [(0, 0, fold) for fold in range(folds)]
    fold_of = {}
    for key in sorted(counts.failing, key=lambda key: (-counts.failing[key], _hash(key))):
        failing, labels, fold = min(loads)
        fold_of[key] = fold
        loads[fold] = (failing + counts.failing[key], labels + counts.labels[key], fold)

    return fold_of


def _hash(key: str) -> int:
    return int(hashlib.sha256(key.encode()).hexdigest(), 16)
