"""Honest splits: whole blocks, whole neighborhoods, the next year.

Single rows are never split from their block, so all years of a building stay on one side.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.folds import RowNumbers, folds_of_keys


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Rows to train on and rows to test on."""

    train: RowNumbers
    """Sorted row numbers."""
    test: RowNumbers
    """Sorted row numbers, none of them in `train`."""


def block_folds(labels: pd.DataFrame, folds: int) -> RowNumbers:
    """Assign every label to a fold by its block; see `training.folds.folds_of_keys`.

    Args:
        labels: Columns block and failing.
        folds: Largest number of folds.

    Returns:
        Fold numbers, (N,).
    """
    return folds_of_keys(labels, "block", folds)


def splits_of(folds: RowNumbers) -> list[Split]:
    """Turn fold numbers (N,) into one split per fold: test rows in the fold, train rows outside."""
    splits = []
    for fold in np.unique(folds):
        split = Split(train=np.flatnonzero(folds != fold), test=np.flatnonzero(folds == fold))
        splits.append(split)

    return splits


def neighborhood_folds(labels: pd.DataFrame, folds: int) -> list[Split] | None:
    """Hold out each neighborhood; with more than `folds` of them, groups of neighborhoods.

    Rows without a neighborhood take no part. A block that crosses a border is not trained on while
    any of it is tested.

    Args:
        labels: Columns neighborhood ("" if unknown), block and failing.
        folds: Largest number of splits.

    Returns:
        Splits whose train rows hold both classes; None with fewer than two neighborhoods that hold
        both.
    """
    known = np.flatnonzero(labels["neighborhood"].to_numpy() != "")
    rows = labels.iloc[known]
    classes = rows.groupby("neighborhood")["failing"].nunique()
    if (classes == 2).sum() < 2:
        return None

    splits = []
    for among_known in splits_of(folds_of_keys(rows, "neighborhood", folds)):
        test = known[among_known.test]
        train = _outside_blocks(labels, known[among_known.train], test)
        splits.append(Split(train=train, test=test))

    return _with_both_classes(labels, splits)


def next_year_split(labels: pd.DataFrame, folds: RowNumbers) -> list[Split] | None:
    """Train on the years before the latest one and test on it, fold by fold.

    Neither the year nor the block of a tested row was seen in training.

    Args:
        labels: Columns year, block and failing.
        folds: Block folds, (N,).

    Returns:
        Splits whose train rows hold both classes and that have test rows; None when there are
        none, as with one year.
    """
    years = labels["year"].to_numpy()
    is_latest = years == years.max(initial=0)

    splits = []
    for split in splits_of(folds):
        train = split.train[~is_latest[split.train]]
        test = split.test[is_latest[split.test]]
        splits.append(Split(train=train, test=test))

    return _with_both_classes(labels, splits)


def _outside_blocks(labels: pd.DataFrame, train: RowNumbers, test: RowNumbers) -> RowNumbers:
    """Return the train rows whose block is not tested."""
    tested_blocks = set(labels["block"].iloc[test])
    is_tested = labels["block"].iloc[train].isin(tested_blocks).to_numpy()
    return train[~is_tested]


def _with_both_classes(labels: pd.DataFrame, splits: Iterable[Split]) -> list[Split] | None:
    failing = labels["failing"].to_numpy()
    kept = []
    for split in splits:
        if len(split.test) and len(np.unique(failing[split.train])) == 2:
            kept.append(split)

    return kept or None
