"""Honest folds and the head: against scikit-learn, and never on its own label."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from imagery.errors import InputError
from imagery.parcels import ParcelFile, VacantFile, VacantRoll, read_roll
from models.head import Head, calibrate, head_logits, head_scores
from training.evaluate import measure
from training.fit import fit_head
from training.labels import LabelFile, read_labels
from training.splits import block_folds

Data = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]
label_tables = st.lists(st.tuples(st.sampled_from([f"B{number}" for number in range(12)]), st.integers(0, 1)), min_size=1, max_size=60)


def table_of(rows: list[tuple[str, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["block", "failing"])


@given(label_tables, st.integers(2, 6), st.integers(0, 99))
def test_folds_do_not_hang_on_row_order(rows: list[tuple[str, int]], folds: int, seed: int) -> None:
    """Shuffled rows get the fold they had."""
    table = table_of(rows)
    order = np.random.default_rng(seed).permutation(len(rows))
    np.testing.assert_array_equal(block_folds(table, folds)[order], block_folds(table.iloc[order].reset_index(drop=True), folds))


@given(label_tables, st.integers(2, 6))
def test_blocks_stay_whole(rows: list[tuple[str, int]], folds: int) -> None:
    """All rows of a block are in one fold, and there are never more folds than asked for."""
    table = table_of(rows)
    table["fold"] = block_folds(table, folds)
    assert (table.groupby("block")["fold"].nunique() == 1).all()
    assert table["fold"].between(0, folds - 1).all()
    assert table["fold"].nunique() == min(folds, table["block"].nunique())


def test_failing_roofs_are_spread() -> None:
    """No fold takes all failing blocks."""
    table = table_of([(f"B{number}", int(number < 5)) for number in range(20) for _ in range(4)])
    table["fold"] = block_folds(table, 5)
    assert table.groupby("fold")["failing"].sum().tolist() == [4] * 5


@pytest.fixture(scope="module")
def data() -> Data:
    """60 rows of 8 features, learnable, in 5 folds."""
    rng = np.random.default_rng(1)
    failing = rng.integers(0, 2, 60)
    features = (rng.normal(3, 2, (60, 8)) + failing[:, None] * np.arange(8) * 0.4).astype(np.float32)
    return features, failing, np.arange(60) % 5


def test_fit_is_scikit_learns(data: Data) -> None:
    """The shipped head ranks and scores as StandardScaler and LogisticRegression do."""
    features, failing, folds = data
    head = fit_head(features, failing, folds, penalty_c=0.1).head
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000)).fit(features.astype(np.float64), failing)
    ours = head_logits(head, features)[:, 0]
    np.testing.assert_allclose(ours, pipeline.decision_function(features.astype(np.float64)), atol=1e-3)
    np.testing.assert_array_equal(ours > 0, pipeline.predict(features).astype(bool))
    assert head.weights.shape == (6, 8)


def test_own_label_does_not_tell(data: Data) -> None:
    """Turning over the labels of one fold leaves that fold's logits as they were."""
    features, failing, folds = data
    turned = np.where(folds == 2, 1 - failing, failing)
    before, after = (fit_head(features, labels, folds, penalty_c=0.1) for labels in (failing, turned))
    mine = folds == 2
    row = 1 + 2  # row 0 is the shipped head
    np.testing.assert_array_equal(before.head.weights[row], after.head.weights[row])
    undone = [(np.log(fit.out_of_fold / (1 - fit.out_of_fold)) - fit.head.offset) / fit.head.slope for fit in (before, after)]
    np.testing.assert_allclose(undone[0][mine], undone[1][mine], atol=1e-6)
    assert np.abs(undone[0][~mine] - undone[1][~mine]).max() > 1e-3


def test_out_of_fold_scores_come_from_the_other_folds(data: Data) -> None:
    """Each score is that of the head which left the row's fold out."""
    features, failing, folds = data
    fit = fit_head(features, failing, folds, penalty_c=0.1)
    logits = head_logits(fit.head, features)[np.arange(60), 1 + folds]
    np.testing.assert_allclose(fit.out_of_fold, calibrate(logits, slope=fit.head.slope, offset=fit.head.offset), atol=1e-9)


def test_scores_are_in_order(data: Data) -> None:
    """Lowest, score and highest; calibration never turns the ranking over."""
    features, failing, folds = data
    head = fit_head(features, failing, folds, penalty_c=0.1).head
    score, low, high = head_scores(head, features)
    assert ((low >= 0) & (low <= score) & (score <= high) & (high <= 1)).all()
    np.testing.assert_array_equal(np.argsort(score), np.argsort(head_logits(head, features)[:, 0]))
    assert average_precision_score(failing, score) > 0.8


@pytest.mark.parametrize("failing", [[0] * 12, [1] * 12, [1, 1, 1] + [0] * 9, [0, 1, 1]])
def test_too_few_labels(failing: list[int]) -> None:
    """One class, or three of one, is too few to learn from."""
    rows = len(failing)
    with pytest.raises(InputError, match="want at least 4 of each"):
        fit_head(np.ones((rows, 3), np.float32), np.array(failing), np.arange(rows) % 3, penalty_c=0.1)


def test_one_block_or_one_class_left() -> None:
    """Without two folds, or with all failing roofs in one, there is no honest figure."""
    failing = np.array([1] * 4 + [0] * 4)
    with pytest.raises(InputError, match="one block"):
        fit_head(np.ones((8, 3), np.float32), failing, np.zeros(8, np.int64), penalty_c=0.1)
    with pytest.raises(InputError, match="only one class is left"):
        fit_head(np.ones((8, 3), np.float32), failing, 1 - failing, penalty_c=0.1)


def test_constant_features_are_harmless(data: Data) -> None:
    """A feature that never changes gives no infinity."""
    features, failing, folds = data
    flat = np.concatenate([features, np.full((60, 1), 7, np.float32)], axis=1)
    assert np.isfinite(fit_head(flat, failing, folds, penalty_c=0.1).out_of_fold).all()


def test_head_refuses_what_does_not_fit() -> None:
    """Features of another length, or NaN, are no features."""
    head = Head(center=np.zeros(2), scale=np.ones(2), weights=np.ones((1, 2)), bias=np.zeros(1), slope=1.0, offset=0.0)
    assert head_scores(head, np.array([[1, -1]], np.float32))[0] == pytest.approx([0.5])
    with pytest.raises(ValueError, match="head wants"):
        head_logits(head, np.zeros((1, 3), np.float32))
    with pytest.raises(ValueError, match="NaN"):
        head_logits(head, np.array([[np.nan, 0]], np.float32))


def test_figures_of_a_perfect_ranking() -> None:
    """Worked by hand: all failing first."""
    labels = table_of([("A", 1), ("B", 1), ("A", 0), ("B", 0)])
    scores, folds = np.array([0.9, 0.8, 0.1, 0.2]), np.array([0, 1, 0, 1])
    figures = measure("model", scores, labels, folds, repeats=10, rng=np.random.default_rng(0))
    assert (figures.average_precision, figures.auroc, figures.auroc_folds) == (1, 1, 1)
    assert figures.brier == pytest.approx((0.01 + 0.04 + 0.01 + 0.04) / 4)
    assert figures.precision_top == 0.5
    assert figures.interval == (1, 1)


@pytest.fixture(scope="module")
def roll(tmp_path_factory: pytest.TempPathFactory, houses: gpd.GeoDataFrame) -> VacantRoll:
    """The roll of the tiny city."""
    folder = tmp_path_factory.mktemp("roll")
    houses.to_file(folder / "parcels.gpkg")
    houses[["parcel_id"]].assign(date="2020").to_csv(folder / "vacant.csv", index=False)
    return read_roll(ParcelFile(path=folder / "parcels.gpkg", id=("parcel_id",), block="block"), VacantFile(path=folder / "vacant.csv", id=("parcel_id",)))


def labels_file(folder: Path, rows: list[str], column: str = "collapsed") -> LabelFile:
    path = folder / "labels.csv"
    path.write_text("\n".join([f"parcel_id,year,{column}", *rows]) + "\n")
    return LabelFile(path=path, id=("parcel_id",), **{column: column})


def test_labels_are_counted(tmp_path: Path, roll: VacantRoll) -> None:
    """Cannot tell, later years and unknown parcels are left out and counted; the last of two answers stands."""
    rows = ["0216001,2023,1", "0216 002,2023,cannot tell", "0216 003,2024,1", "7777 777,2023,0", "0216 004,2023,0", "0216 004,2023,1"]
    labels = read_labels(labels_file(tmp_path, rows), roll, until=2023)
    assert labels.table[["parcel_id", "failing", "block"]].to_numpy().tolist() == [["0216 001", 1, "B0W"], ["0216 004", 1, "B0E"]]
    assert (labels.cannot_tell, labels.later, labels.unknown_parcels) == (1, 1, 1)


def test_percent_and_threshold(tmp_path: Path, roll: VacantRoll) -> None:
    """An open share of the roof counts as failing from the threshold on."""
    labels = read_labels(labels_file(tmp_path, ["0216 001,2023,9.9", "0216 002,2023,10", "0216 003,2023,100"], "roof_pct"), roll, until=2023)
    assert labels.table["failing"].tolist() == [0, 1, 1]


@pytest.mark.parametrize("row", ["0216 001,2023,maybe", "0216 001,2023,7", "0216 001,soon,1"])
def test_a_wrong_label_is_named(tmp_path: Path, roll: VacantRoll, row: str) -> None:
    """The row is named, the run stops: a wrong label is no negative."""
    with pytest.raises(InputError, match=r"labels\.csv row 3: got collapsed="):
        read_labels(labels_file(tmp_path, ["0216 002,2023,1", row]), roll, until=2023)


@pytest.mark.parametrize("row", ["0216 001,2023,-5", "0216 001,2023,250"])
def test_a_percentage_is_0_to_100(tmp_path: Path, roll: VacantRoll, row: str) -> None:
    """More than the whole roof, or less than none, is a slip of the pen."""
    with pytest.raises(InputError, match="row 2"):
        read_labels(labels_file(tmp_path, [row], "roof_pct"), roll, until=2023)


def test_checksum_follows_the_labels(tmp_path: Path, roll: VacantRoll) -> None:
    """Row order does not make labels new; another answer does."""
    rows = ["0216 001,2023,1", "0216 002,2023,0"]
    sums = [read_labels(labels_file(tmp_path, order), roll, until=2023).sha256 for order in (rows, rows[::-1], ["0216 001,2023,0", rows[1]])]
    assert sums[0] == sums[1] != sums[2]
