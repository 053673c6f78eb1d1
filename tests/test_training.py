"""Folds and the head: compared with scikit-learn, and no score from its own label."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression, Ridge

from imagery.errors import InputError
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll
from labels.files import read_labels
from labels.settings import LabelFile
from models.flyover_stats import FlyoverStats
from models.head import at_share, head_logits, head_scores
from models.measures import MEASURES
from training.aims import Aims
from training.calibration import FULL_CLASS, PARTS_WITHIN
from training.design import head_design
from training.evaluate import measure
from training.figures import FigureSettings
from training.fit import Fit, fit_head, score_splits, with_thresholds
from training.labeled_features import Group, LabeledFeatures
from training.ridge import make_dual, solve_ridge, sum_moments
from training.splits import Split, block_folds
from training.thresholds import TriedFlyover, choose_thresholds

TWELVE_BLOCKS = [f"B{number}" for number in range(12)]
label_tables = st.lists(
    st.tuples(st.sampled_from(TWELVE_BLOCKS), st.integers(0, 1)), min_size=1, max_size=60
)


def table_of(rows: list[tuple[str, int]]) -> pd.DataFrame:
    """Return labels from rows of block and class."""
    return pd.DataFrame(rows, columns=["block", "failing"])


@given(label_tables, st.integers(2, 6), st.integers(0, 99))
def test_folds_do_not_hang_on_row_order(rows: list[tuple[str, int]], folds: int, seed: int) -> None:
    """Shuffled rows get the fold they had."""
    table = table_of(rows)
    order = np.random.default_rng(seed).permutation(len(rows))
    shuffled = table.iloc[order].reset_index(drop=True)
    np.testing.assert_array_equal(block_folds(table, folds)[order], block_folds(shuffled, folds))


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
    blocks = [(f"B{number}", int(number < 5)) for number in range(20)]
    table = table_of(blocks * 4)
    table["fold"] = block_folds(table, 5)
    assert table.groupby("fold")["failing"].sum().tolist() == [4] * 5


CENTER = 3.0
SPREAD = 2.0
"""Of every feature in the flyover that the rows lie in."""


def make_rows(
    seed: int = 1, *, count: int = 60, groups: tuple[int, ...] = (8,), relit: bool = False
) -> LabeledFeatures:
    """Return learnable rows of one flyover in 5 folds of 15 blocks, set against the flyover."""
    rng = np.random.default_rng(seed)
    width = sum(groups)
    failing = rng.permutation(np.arange(count) % 3 == 0).astype(np.int64)
    noise = rng.normal(0, 1, (count, width))
    features = (noise + failing[:, None] * np.linspace(0, 1.25, width)).astype(np.float32)

    copies = None
    if relit:
        copies = (features + rng.normal(0, 0.25, features.shape)).astype(np.float32)
    return LabeledFeatures(
        features=features,
        relit=copies,
        failing=failing,
        folds=np.arange(count) % 5,
        blocks=np.array([f"B{number % 15}" for number in range(count)], dtype=object),
        flyovers=np.full(count, 2023),
        weights=np.ones(count),
        groups=tuple(Group(features=features) for features in groups),
    )


FEW = make_rows()
MANY = make_rows(2, groups=(30, 50), relit=True)


def fit_rows(rows: LabeledFeatures, *, penalty: float = 2.0, light: float = 0.25) -> Fit:
    """Fit a head of the network's features on rows of the flyover of 2023."""
    width = len(MEASURES) + rows.features.shape[1]
    flyover = FlyoverStats(
        year=2023, chips=200, center=np.full(width, CENTER), spread=np.full(width, SPREAD)
    )
    design = head_design(rows, penalty=penalty, light=light)
    return fit_head(rows, design, rung="network", flyovers=[flyover])


def as_seen(rows: LabeledFeatures) -> NDArray[np.float32]:
    """Return the features of rows before they were set against their flyover, (N, F)."""
    return rows.features * np.float32(SPREAD) + np.float32(CENTER)


def weigh_groups(rows: LabeledFeatures, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return features (N, F) such that every group has the same share."""
    sizes = [group.features for group in rows.groups]
    share = np.repeat([1 / np.sqrt(size * len(sizes)) for size in sizes], sizes)
    return np.asarray(features * share)


def plain_ridge(
    rows: LabeledFeatures, chosen: NDArray[np.bool_], penalty: float, light: float
) -> NDArray[np.float64]:
    """Return the weights of scikit-learn's Ridge on rows and their copies.

    The scaling is the one that the docstrings of training.fit describe.
    """
    failing = rows.failing == 1
    balance = np.cbrt((~failing).sum() / failing.sum())
    weights = np.where(failing, balance, 1.0)[chosen]
    targets = np.where(failing, 1.0, -1.0)[chosen]
    inputs = weigh_groups(rows, rows.features)[chosen]

    if rows.relit is not None and light:
        inputs = np.concatenate([inputs, weigh_groups(rows, rows.relit)[chosen]])
        targets = np.tile(targets, 2)
        weights = np.concatenate([weights * (1 - light), weights * light])
    found = Ridge(alpha=penalty).fit(inputs, targets, sample_weight=weights)
    return np.asarray(found.coef_, np.float64)


def slow_fit(
    rows: LabeledFeatures, penalty: float, light: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return logits of the shipped head and out-of-fold logits, both (N,), one Ridge at a time.

    Without intercept: what is at the mean of its flyover has the logit 0.
    """
    inputs = weigh_groups(rows, rows.features)
    left_out = np.zeros(len(rows))
    for fold in np.unique(rows.folds):
        tested = rows.folds == fold
        left_out[tested] = inputs[tested] @ plain_ridge(rows, ~tested, penalty, light)

    everything = np.ones(len(rows), bool)
    return inputs @ plain_ridge(rows, everything, penalty, light), left_out


def left_out_logits(fit: Fit, rows: LabeledFeatures) -> NDArray[np.float64]:
    """Return each row's logit of the head that left its fold out, (N,)."""
    return head_logits(fit.head, as_seen(rows))[np.arange(len(rows)), 1 + rows.folds]


def adapted(fit: Fit, logits: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return scores at a share failing, by Bayes from the head's odds at even odds."""
    head = fit.head
    odds_even = np.exp(even_log_odds(fit, logits) + head.slope * head.separation * (share - 0.5))
    odds = odds_even * share / (1 - share)
    return np.asarray(odds / (1 + odds))


def even_log_odds(fit: Fit, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log odds of logits in a flyover of which half fails."""
    head = fit.head
    here = head.offset - logit(head.share) - head.slope * head.separation * (head.share - 0.5)
    return np.asarray(head.slope * logits + here)


seeds = st.integers(0, 9999)


@settings(max_examples=25)
@given(seeds, st.integers(5, 60), st.integers(1, 40), st.floats(0.1, 50))
def test_ridge_is_scikit_learns(seed: int, count: int, width: int, penalty: float) -> None:
    """Weights, and an intercept without a penalty, are those of scikit-learn.

    On all rows, and on those that a subtraction leaves.
    """
    rng = np.random.default_rng(seed)
    rows = rng.normal(0.5, 1, (count, width)).astype(np.float32)
    targets = rng.choice([-1.0, 1.0], count)
    weights = rng.random(count) + 0.1

    out = np.arange(count) % 3 == 0
    whole = sum_moments(rows, targets, weights)
    rest = whole - sum_moments(rows[out], targets[out], weights[out])
    for moments, chosen in ((whole, np.ones(count, bool)), (rest, ~out)):
        inputs = rows[chosen].astype(np.float64)
        theirs = Ridge(alpha=penalty).fit(inputs, targets[chosen], sample_weight=weights[chosen])
        ours, bias = solve_ridge([moments], penalty)
        np.testing.assert_allclose(ours, theirs.coef_, atol=2e-3, rtol=2e-3)
        assert bias == pytest.approx(theirs.intercept_, abs=2e-3)


@pytest.mark.parametrize(("count", "width"), [(12, 80), (80, 12)])
def test_dual_is_primal(count: int, width: int) -> None:
    """A system of rows gives the weights and the intercept that one of features gives.

    With one group, and with three that have an intercept each; of all rows, without a few, and
    without most of them.
    """
    rng = np.random.default_rng(4)
    rows = rng.normal(1, 1, (count, width)).astype(np.float32)
    targets = rng.choice([-1.0, 1.0], count)
    weights = rng.uniform(0.5, 3, count)
    numbers = np.arange(count)

    for groups in (np.zeros(count, np.int64), numbers % 3):
        system = make_dual(rows, targets, weights, groups, 1.5)
        for part in (numbers >= 0, numbers % 5 > 0, numbers % 4 == 0):
            moments = []
            for group in np.unique(groups[part]):
                mine = part & (groups == group)
                moments.append(sum_moments(rows[mine], targets[mine], weights[mine]))
            ours, bias = system.solve(part)
            theirs, their_bias = solve_ridge(moments, 1.5)
            np.testing.assert_allclose(ours, theirs, atol=2e-4)
            assert bias == pytest.approx(their_bias, abs=2e-3)


@given(seeds)
def test_moments_add_up(seed: int) -> None:
    """Moments of two parts add up to those of all rows, and taking one away leaves the other."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(12, 3)).astype(np.float32)
    targets = rng.choice([-1.0, 1.0], 12)
    weights = rng.random(12)

    whole = sum_moments(rows, targets, weights)
    first = sum_moments(rows[:5], targets[:5], weights[:5])
    last = sum_moments(rows[5:], targets[5:], weights[5:])
    for ours, expected in ((first + last, whole), (whole - last, first), (whole - first, last)):
        for name in ("xx", "x", "xt", "t", "weight"):
            np.testing.assert_allclose(getattr(ours, name), getattr(expected, name), atol=1e-4)


@pytest.mark.parametrize("rows", [FEW, MANY], ids=["few", "many"])
@pytest.mark.parametrize("light", [0.0, 0.25])
def test_fit_is_a_slow_plain_one(rows: LabeledFeatures, light: float) -> None:
    """Shipped head, heads that left a fold out, and scores are those of slow, plain fits.

    scikit-learn's Ridge fits them one at a time, however few the features are.
    """
    fit = fit_rows(rows, light=light)
    shipped, left_out = slow_fit(rows, 2.0, light)
    np.testing.assert_allclose(head_logits(fit.head, as_seen(rows))[:, 0], shipped, atol=2e-3)
    np.testing.assert_allclose(left_out_logits(fit, rows), left_out, atol=2e-3)

    share = fit.out_of_fold.shares[2023].used
    scores = adapted(fit, left_out, share)
    np.testing.assert_allclose(fit.out_of_fold.scores, scores, atol=5e-3)
    assert fit.head.weights.shape == (6, rows.features.shape[1])
    assert fit.head.rung == "network"
    assert (fit.head.likely, fit.head.possible) == (1, 1)


def test_copies_in_other_light_count_as_much_as_said() -> None:
    """With none of the weight they change nothing; with more they do."""
    without = fit_rows(replace(MANY, relit=None)).out_of_fold.scores
    none = fit_rows(MANY, light=0.0).out_of_fold.scores
    some = fit_rows(MANY, light=0.5).out_of_fold.scores
    np.testing.assert_array_equal(none, without)
    assert np.abs(some - none).max() > 1e-3

    same = fit_rows(replace(MANY, relit=MANY.features), light=0.5).out_of_fold.scores
    np.testing.assert_allclose(same, none, atol=1e-4)


@pytest.mark.parametrize("rows", [FEW, MANY], ids=["few", "many"])
def test_own_label_does_not_tell(rows: LabeledFeatures) -> None:
    """Exchanging the labels within one fold keeps that fold's logits.

    The logits of other folds change.
    """
    mine = rows.folds == 2
    exchanged = rows.failing.copy()
    exchanged[mine] = np.roll(rows.failing[mine], 1)
    assert (exchanged != rows.failing).any()

    before = left_out_logits(fit_rows(rows), rows)
    after = left_out_logits(fit_rows(replace(rows, failing=exchanged)), rows)
    np.testing.assert_allclose(before[mine], after[mine], atol=1e-3)
    assert np.abs(before[~mine] - after[~mine]).max() > 1e-2


@pytest.mark.parametrize("rows", [FEW, MANY], ids=["few", "many"])
def test_out_of_fold_scores_come_from_the_other_folds(rows: LabeledFeatures) -> None:
    """Each score is that of the head which left the row's fold out, at the estimated share.

    scikit-learn's logistic regression on those logits, both classes weighing the same, gives the
    same calibration.
    """
    fit = fit_rows(rows)
    logits = left_out_logits(fit, rows)
    found = fit.out_of_fold
    share = found.shares[2023].used
    np.testing.assert_allclose(found.scores, adapted(fit, logits, share), atol=1e-4)
    odds = found.even / (1 - found.even) * share / (1 - share)
    np.testing.assert_allclose(odds / (1 + odds), found.scores, atol=1e-9)

    is_failing = rows.failing == 1
    apart = logits[is_failing].mean() - logits[~is_failing].mean()
    assert min(abs(fit.head.separation / apart - part) for part in PARTS_WITHIN) < 1e-3
    labeled_share = (is_failing.sum() + 0.5) / (len(rows) + 1)
    moved = logits + (labeled_share - 0.5) * fit.head.separation
    counts = np.array([(~is_failing).sum(), is_failing.sum()])
    weights = np.minimum(counts, FULL_CLASS).sum() / 2 / counts[rows.failing]
    inputs = (moved / np.sqrt(np.cov(moved, aweights=weights, ddof=0)))[:, None]
    platt = LogisticRegression(C=10.0).fit(inputs, rows.failing, sample_weight=weights)
    ours = expit(even_log_odds(fit, logits) + fit.head.slope * (moved - logits))
    np.testing.assert_allclose(ours, platt.predict_proba(inputs)[:, 1], atol=1e-3)


@settings(max_examples=15)
@given(seeds)
def test_scores_are_in_order(seed: int) -> None:
    """Scores are within their intervals, and calibration never inverts the ranking.

    The slope is positive even on labels at random.
    """
    rows = make_rows(seed)
    rows = replace(rows, failing=np.random.default_rng(seed).permutation(rows.failing))
    head = fit_rows(rows, light=0.0).head
    assert head.slope > 0

    score, low, high = head_scores(head, as_seen(rows))
    assert ((low >= 0) & (low <= score) & (score <= high) & (high <= 1)).all()
    logits = head_logits(head, as_seen(rows))[:, 0]
    order = np.argsort(logits, kind="stable")
    np.testing.assert_array_equal(np.argsort(score, kind="stable"), order)


@pytest.mark.parametrize("blocks", [15, 3])
def test_covariance_of_the_calibration_by_a_plain_loop(blocks: int) -> None:
    """Sums within whole blocks, or label by label where there are too few of them.

    Both classes weigh the same.
    """
    names = np.array([f"B{number % blocks}" for number in range(60)], dtype=object)
    rows = replace(FEW, blocks=names)
    fit = fit_rows(rows, light=0.0)
    logits = left_out_logits(fit, rows)
    moved = fit.head.slope * fit.head.separation * (20.5 / 61 - 0.5)
    chances = expit(even_log_odds(fit, logits) + moved)

    bread = np.zeros((2, 2))
    groups = rows.blocks if blocks >= 8 else np.arange(60)
    sums = {group: np.zeros(2) for group in groups}
    for logit_here, chance, failing, group in zip(
        logits, chances, rows.failing, groups, strict=True
    ):
        line = np.array([logit_here, 1.0])
        weight = 30 / 20 if failing else 30 / 40
        bread += weight * chance * (1 - chance) * np.outer(line, line)
        sums[group] += weight * (failing - chance) * line

    meat = np.zeros((2, 2))
    for total in sums.values():
        meat += np.outer(total, total)
    expected = np.linalg.inv(bread) @ meat @ np.linalg.inv(bread)
    np.testing.assert_allclose(fit.head.covariance, expected, rtol=1e-3)


def test_splits_are_scored_by_their_own_heads() -> None:
    """Scores are those of Ridge on the training rows, calibrated as the shipped head is.

    They are adapted to the share failing among the tested rows. Rows that no split tests stay NaN.
    """
    fit = fit_rows(MANY)
    train = np.arange(10, 60)
    test = np.arange(0, 7)
    split = Split(train=train, test=test)
    found = score_splits(MANY, head_design(MANY, penalty=2.0, light=0.25), [split], fit.head)

    weights = plain_ridge(MANY, np.isin(np.arange(60), train), 2.0, 0.25)
    logits = weigh_groups(MANY, MANY.features)[test] @ weights
    expected = adapted(fit, logits, found.shares[2023].used)
    np.testing.assert_allclose(found.scores[test], expected, atol=5e-3)
    assert found.shares[2023].chips == 7
    assert np.isnan(found.scores[7:]).all()


def test_thresholds_go_into_the_head() -> None:
    """POSSIBLE at even odds, LIKELY as it is; nothing else of the head changes."""
    fit = fit_rows(FEW, light=0.0)
    found = fit.out_of_fold
    flyover = TriedFlyover(year=2023, scores=found.scores, even=found.even, failing=FEW.failing)
    chosen = choose_thresholds([flyover], Aims(), tried=False)

    head = with_thresholds(fit.head, chosen)
    assert head.likely == chosen.likely
    assert at_share(head, 0.5).possible == pytest.approx(chosen.possible)
    assert (head.share, head.slope, head.offset) == pytest.approx(
        (fit.head.share, fit.head.slope, fit.head.offset)
    )
    np.testing.assert_array_equal(head.weights, fit.head.weights)
    np.testing.assert_array_equal(head.covariance, fit.head.covariance)


def rows_of(
    failing: list[int], folds: list[int], features: NDArray[np.float32] | None = None
) -> LabeledFeatures:
    """Return rows with these classes and folds, each in a block of its own."""
    count = len(failing)
    blocks = [f"B{number}" for number in range(count)]
    if features is None:
        features = np.ones((count, 3), np.float32)

    return LabeledFeatures(
        features=features,
        relit=None,
        failing=np.array(failing),
        folds=np.array(folds),
        blocks=np.array(blocks, dtype=object),
        flyovers=np.zeros(count, np.int64),
        weights=np.ones(count),
        groups=(Group(features=3),),
    )


@pytest.mark.parametrize("failing", [[0] * 12, [1] * 12, [1, 1, 1] + [0] * 9, [0, 1, 1]])
def test_too_few_labels(failing: list[int]) -> None:
    """One class, or three of one, is too few to learn from."""
    with pytest.raises(InputError, match="want at least 4 of each"):
        rows_of(failing, [number % 3 for number in range(len(failing))])


def test_one_block_or_one_class_left() -> None:
    """Without two folds, or with all failing roofs in one, there is no honest figure."""
    with pytest.raises(InputError, match="one block"):
        rows_of([1] * 4 + [0] * 4, [0] * 8)
    with pytest.raises(InputError, match="only one class is left"):
        rows_of([1] * 4 + [0] * 4, [0] * 4 + [1] * 4)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_must_be_numbers(value: float) -> None:
    """Those of the chips, and those of their copies."""
    broken = FEW.features.copy()
    broken[3, 2] = value
    with pytest.raises(InputError, match="NaN or infinity"):
        replace(FEW, features=broken)
    with pytest.raises(InputError, match="NaN or infinity"):
        replace(FEW, relit=broken)
    with pytest.raises(ValueError, match="groups add up"):
        replace(FEW, groups=(Group(features=7),))


@pytest.mark.parametrize("rows", [FEW, MANY], ids=["few", "many"])
def test_constant_features_are_harmless(rows: LabeledFeatures) -> None:
    """A feature that never changes gives no infinity, nor do features that are all alike."""
    flat = np.concatenate([rows.features, np.full((60, 1), 7, np.float32)], axis=1)
    groups = (*rows.groups, Group(features=1))
    with_flat = replace(rows, features=flat, relit=None, groups=groups)
    assert np.isfinite(fit_rows(with_flat).out_of_fold.scores).all()

    alike = replace(rows, features=np.zeros_like(rows.features), relit=None)
    assert np.isfinite(fit_rows(alike).out_of_fold.scores).all()


def test_figures_of_a_perfect_ranking() -> None:
    """Worked by hand: all failing first."""
    labels = table_of([("A", 1), ("B", 1), ("A", 0), ("B", 0)])
    scores = np.array([0.9, 0.8, 0.1, 0.2])
    settings = FigureSettings(repeats=10, seed=0)

    figures = measure("model", scores, labels.assign(fold=[0, 1, 0, 1]), settings)

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
    return read_roll(
        ParcelFile(path=folder / "parcels.gpkg", id=("parcel_id",), block="block"),
        VacantFile(path=folder / "vacant.csv", id=("parcel_id",)),
    )


def labels_file(folder: Path, rows: list[str], column: str = "collapsed") -> LabelFile:
    """Write labels and return how to read them."""
    path = folder / "labels.csv"
    path.write_text("\n".join([f"parcel_id,year,{column}", *rows]) + "\n")
    if column == "roof_pct":
        return LabelFile(path=path, id=("parcel_id",), roof_pct=column)
    return LabelFile(path=path, id=("parcel_id",), collapsed=column)


def test_labels_are_counted(tmp_path: Path, roll: VacantRoll) -> None:
    """Unclear answers, later years and unknown parcels are left out and counted.

    The last of two answers counts.
    """
    rows = [
        "0216001,2023,1",
        "0216 002,2023,cannot tell",
        "0216 003,2024,1",
        "7777 777,2023,0",
        "0216 004,2023,0",
        "0216 004,2023,1",
    ]

    labels = read_labels(labels_file(tmp_path, rows), roll, until=2023)

    assert labels.table[["parcel_id", "failing", "block"]].to_numpy().tolist() == [
        ["0216 001", 1, "B0W"],
        ["0216 004", 1, "B0E"],
    ]
    assert (labels.cannot_tell, labels.later, labels.unknown_parcels) == (1, 1, 1)


def test_percent_and_threshold(tmp_path: Path, roll: VacantRoll) -> None:
    """An open share of the roof counts as failing from the threshold on."""
    rows = ["0216 001,2023,9.9", "0216 002,2023,10", "0216 003,2023,100"]
    labels = read_labels(labels_file(tmp_path, rows, "roof_pct"), roll, until=2023)
    assert labels.table["failing"].tolist() == [0, 1, 1]


@pytest.mark.parametrize("row", ["0216 001,2023,maybe", "0216 001,2023,7"])
def test_a_wrong_label_is_named(tmp_path: Path, roll: VacantRoll, row: str) -> None:
    """The row is named, the run stops: a wrong label is no negative."""
    with pytest.raises(InputError, match=r"labels\.csv row 3: got collapsed="):
        read_labels(labels_file(tmp_path, ["0216 002,2023,1", row]), roll, until=2023)


def test_a_label_without_a_year_is_named(tmp_path: Path, roll: VacantRoll) -> None:
    """Its row is reported, and nothing is learned from it."""
    rows = ["0216 002,2023,1", "0216 001,soon,1"]
    labels = read_labels(labels_file(tmp_path, rows), roll, until=2023)
    assert labels.table["parcel_id"].tolist() == ["0216 002"]
    (note,) = labels.notes
    assert "row 3" in note
    assert "'soon'" in note


@pytest.mark.parametrize("row", ["0216 001,2023,-5", "0216 001,2023,250"])
def test_a_percentage_is_0_to_100(tmp_path: Path, roll: VacantRoll, row: str) -> None:
    """More than the whole roof, or less than none, is a typing error."""
    with pytest.raises(InputError, match="row 2"):
        read_labels(labels_file(tmp_path, [row], "roof_pct"), roll, until=2023)


def test_checksum_follows_the_labels(tmp_path: Path, roll: VacantRoll) -> None:
    """Row order does not make labels new; another answer does."""
    rows = ["0216 001,2023,1", "0216 002,2023,0"]
    sums = [
        read_labels(labels_file(tmp_path, order), roll, until=2023).sha256
        for order in (rows, rows[::-1], ["0216 001,2023,0", rows[1]])
    ]
    assert sums[0] == sums[1] != sums[2]
