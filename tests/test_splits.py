"""Splits are stable under row order and added labels.

A block or a building is never on both sides.
"""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from training.folds import MANY
from training.splits import Split, block_folds, neighborhood_folds, next_year_split, splits_of

seeds = st.integers(0, 2**32 - 1)
COLUMNS = ["parcel_id", "year", "block", "neighborhood", "failing"]


def city(seed: int, *, rows: int = 400, blocks: int = 130, failing: float = 0.15) -> pd.DataFrame:
    """Return labels of parcels over three years.

    A block is in one of nine neighborhoods, or is divided between two of them.
    """
    rng = np.random.default_rng(seed)
    parcels = rng.integers(0, rows // 2, rows)
    table = pd.DataFrame(
        {
            "parcel_id": parcels,
            "year": rng.integers(2019, 2022, rows),
            "failing": (rng.random(rows) < failing).astype(int),
        }
    )

    table["block"] = [f"B{number}" for number in parcels % blocks]
    table["neighborhood"] = [neighborhood_of(number, blocks) for number in parcels]
    return table.drop_duplicates(["parcel_id", "year"], ignore_index=True)


def neighborhood_of(parcel: int, blocks: int) -> str:
    """Return where a parcel is; every fifth block is divided, and every tenth parcel unknown."""
    if parcel % 10 == 9:
        return ""
    block = parcel % blocks
    is_divided = block % 5 == 0
    number = block + parcel // blocks * is_divided
    return f"N{number % 9}"


def rows_tested(splits: list[Split] | None) -> list[int]:
    """Return the rows that splits test, sorted."""
    rows: list[int] = []
    for split in splits or []:
        rows += split.test.tolist()
    return sorted(rows)


@given(seeds, st.integers(2, 12))
def test_folds_do_not_hang_on_row_order(seed: int, folds: int) -> None:
    """Shuffled rows get the fold they had, by hash alone and dealt out."""
    table = city(seed)
    order = np.random.default_rng(seed).permutation(len(table))
    shuffled = table.iloc[order].reset_index(drop=True)
    np.testing.assert_array_equal(block_folds(table, folds)[order], block_folds(shuffled, folds))


@given(seeds, st.integers(2, 8))
def test_a_block_keeps_its_fold_when_labels_are_added(seed: int, folds: int) -> None:
    """With many blocks the fold depends on the block alone.

    With this many failing ones, no fold needs to be corrected.
    """
    table = city(seed, rows=1500, failing=0.5)
    first = table[table["year"] < 2021].reset_index(drop=True)
    assert first["block"].nunique() > MANY * folds

    before = dict(zip(first["block"], block_folds(first, folds), strict=True))
    after = dict(zip(table["block"], block_folds(table, folds), strict=True))
    assert {block: after[block] for block in before} == before


@given(seeds, st.integers(2, 10), st.integers(1, 30))
def test_no_fold_without_failing_roofs(seed: int, folds: int, failing: int) -> None:
    """As long as there are as many failing blocks as folds; blocks stay whole."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"block": [f"B{number}" for number in range(200)], "failing": 0})
    table.loc[rng.choice(200, failing, replace=False), "failing"] = 1
    table["fold"] = block_folds(table, folds)
    assert (table.groupby("fold")["failing"].sum() > 0).sum() == min(failing, folds)
    assert table["fold"].nunique() == folds


def test_few_blocks_are_dealt_out() -> None:
    """Twelve failing blocks of one label each, over four folds: three each."""
    table = pd.DataFrame(
        {"block": [f"B{number}" for number in range(36)], "failing": [1] * 12 + [0] * 24}
    )
    folds = block_folds(table, 4)
    assert np.bincount(folds).tolist() == [9] * 4
    assert np.bincount(folds[:12]).tolist() == [3] * 4


def sides_of(splits: list[Split] | None) -> list[tuple[list[int], list[int]]]:
    """Return the rows of each split: to train on, and to test."""
    return [(split.train.tolist(), split.test.tolist()) for split in splits or []]


def test_splits_of_folds() -> None:
    """Worked by hand."""
    splits = splits_of(np.array([0, 1, 0, 3]))
    assert sides_of(splits) == [
        ([1, 3], [0, 2]),
        ([0, 2, 3], [1]),
        ([0, 1, 2], [3]),
    ]


def test_each_neighborhood_is_held_out() -> None:
    """Block B is divided between two neighborhoods; worked by hand.

    It is not trained on while its other half is tested. The unknown neighborhood takes no part.
    """
    rows = [
        ("P1", 2020, "A", "North", 1),
        ("P2", 2020, "A", "North", 0),
        ("P3", 2020, "B", "North", 1),
        ("P4", 2020, "B", "South", 1),
        ("P5", 2020, "C", "South", 1),
        ("P6", 2020, "C", "South", 0),
        ("P7", 2020, "C", "", 0),
    ]

    splits = neighborhood_folds(pd.DataFrame(rows, columns=COLUMNS), 5)
    assert sides_of(splits) == [
        ([4, 5], [0, 1, 2]),
        ([0, 1], [3, 4, 5]),
    ]


def test_one_neighborhood_is_none_to_hold_out() -> None:
    """Nor are two of which one has intact roofs only."""
    rows = [
        ("P1", 2020, "A", "North", 1),
        ("P2", 2020, "A", "North", 0),
        ("P3", 2020, "B", "South", 0),
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    assert neighborhood_folds(table, 5) is None
    assert neighborhood_folds(table.assign(neighborhood=""), 5) is None


@settings(max_examples=30)
@given(seeds, st.integers(2, 12))
def test_neighborhoods_stay_on_one_side(seed: int, folds: int) -> None:
    """So do blocks and buildings, whether or not neighborhoods are grouped.

    Every row with a neighborhood is tested once.
    """
    table = city(seed, blocks=60)
    splits = neighborhood_folds(table, folds)
    assert splits
    assert len(splits) <= folds
    assert rows_tested(splits) == np.flatnonzero(table["neighborhood"] != "").tolist()

    for split in splits:
        for column in ("neighborhood", "block", "parcel_id"):
            trained = set(table[column].iloc[split.train])
            assert not trained & set(table[column].iloc[split.test])


@settings(max_examples=30)
@given(seeds, st.integers(2, 6))
def test_next_year_has_seen_neither_year_nor_block(seed: int, folds: int) -> None:
    """All labels of the last year are tested once, by years before it, from other blocks."""
    table = city(seed)
    splits = next_year_split(table, block_folds(table, folds))
    assert rows_tested(splits) == np.flatnonzero(table["year"] == 2021).tolist()

    for split in splits or []:
        trained = table.iloc[split.train]
        tested = table.iloc[split.test]
        assert (trained["year"] < 2021).all()
        assert (tested["year"] == 2021).all()
        assert not set(trained["block"]) & set(tested["block"])
        assert trained["failing"].nunique() == 2


def test_one_year_has_no_year_before() -> None:
    """Nor has a table without rows."""
    table = city(1).assign(year=2020)
    assert next_year_split(table, block_folds(table, 3)) is None
    assert next_year_split(table.iloc[:0], np.array([], np.int64)) is None
