"""Figures: by hand, and compared with scikit-learn with sample weights.

Intervals cover what they should.
"""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score

from inference.hazard import Thresholds
from training.compare import paired_difference, rung_that_ships
from training.evaluate import measure, measure_folds, measure_rungs, measure_slices
from training.figures import Figures, FigureSettings, Spread
from training.ranking import STATISTICS, ScoredLabels, rank_labels, statistics_of, weigh
from training.resample import draw_weights

seeds = st.integers(0, 2**32 - 1)
THRESHOLDS = Thresholds(likely=0.6, possible=0.3)


def scored_table(seed: int, rows: int = 300) -> pd.DataFrame:
    """Return scored labels in which the network ranks best.

    Scores of `measures` are rounded, so that ties occur.
    """
    rng = np.random.default_rng(seed)
    risk = rng.beta(1, 4, rows)
    failing = (rng.random(rows) < risk).astype(int)

    return pd.DataFrame(
        {
            "parcel_id": [f"P{number:05d}" for number in range(rows)],
            "year": 2021,
            "block": [f"B{number // 5}" for number in range(rows)],
            "neighborhood": "",
            "district": np.where(np.arange(rows) % 3 == 0, "East", ""),
            "area_m2": rng.gamma(5, 30, rows),
            "failing": failing,
            "fold": np.arange(rows) // 5 % 5,
            "dark_share": rng.random(rows),
            "measures": np.round((risk + rng.random(rows)) / 2, 2),
            "network": risk,
            "joined": np.round(0.9 * risk + 0.1 * rng.random(rows), 2),
        }
    )


def figures_of(
    scores: list[float],
    failing: list[int],
    folds: list[int] | None = None,
    *,
    top: int = 50,
    thresholds: Thresholds | None = None,
) -> Figures:
    """Return the figures of some scores, each in a block of its own."""
    labels = pd.DataFrame(
        {
            "block": [f"B{number}" for number in range(len(scores))],
            "failing": failing,
            "fold": folds or [0] * len(scores),
        }
    )

    settings = FigureSettings(repeats=20, seed=0, top=top)
    return measure("model", np.array(scores), labels, settings, thresholds)


def test_figures_by_hand() -> None:
    """Five roofs: failing, intact, failing, intact, intact from the top down."""
    figures = figures_of([0.9, 0.7, 0.5, 0.2, 0.1], [1, 0, 1, 0, 0], top=2, thresholds=THRESHOLDS)

    assert figures.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert figures.auroc == pytest.approx(5 / 6)
    assert (figures.precision_top, figures.recall_top) == (0.5, 0.5)
    assert (figures.precision_likely, figures.recall_likely) == (0.5, 0.5)
    assert figures.precision_possible == pytest.approx(2 / 3)
    assert figures.recall_possible == 1
    assert np.isnan(figures.f1)  # one fold has no others

    assert figures.brier == pytest.approx((0.01 + 0.49 + 0.25 + 0.04 + 0.01) / 5)
    assert figures.calibration_error == pytest.approx((0.1 + 0.7 + 0.5 + 0.2 + 0.1) / 5)
    assert (figures.labels, figures.failing, figures.blocks) == (5, 2, 5)
    assert figures.resampled == "labels"


def test_ties_at_the_last_visit_count_at_their_mean() -> None:
    """Two visits among three equal scores of which one fails: 2/3 of a failing roof."""
    figures = figures_of([0.5, 0.5, 0.5, 0.1], [1, 0, 0, 0], top=2)
    assert figures.precision_top == pytest.approx(1 / 3)


def test_possible_is_called_at_even_odds() -> None:
    """A column of its own: 0.5 and 0.2 become 0.8 and 0.4, where POSSIBLE begins at 0.3.

    LIKELY keeps the score, and a LIKELY roof counts even if it were not POSSIBLE by itself.
    """
    scores = [0.9, 0.5, 0.2, 0.1]
    even = [0.25, 0.8, 0.4, 0.2]
    labels = pd.DataFrame(
        {"block": list("abcd"), "failing": [1, 1, 1, 0], "fold": 0, "model_even": even}
    )
    settings = FigureSettings(repeats=5, seed=0)
    figures = measure("model", np.array(scores), labels, settings, THRESHOLDS)
    assert figures.precision_likely == 1
    assert figures.recall_likely == pytest.approx(1 / 3)
    assert (figures.precision_possible, figures.recall_possible) == (1, 1)

    plain = measure(
        "model", np.array(scores), labels.drop(columns="model_even"), settings, THRESHOLDS
    )
    assert plain.recall_possible == pytest.approx(2 / 3)


def test_f1_threshold_comes_from_the_other_folds() -> None:
    """The best threshold on fold 1 is 0.8, and on fold 0 it is 0.4.

    So fold 0 catches 0 of 1, and fold 1 names one intact roof besides its own.
    """
    figures = figures_of([0.4, 0.3, 0.8, 0.5], [1, 0, 1, 0], [0, 0, 1, 1])
    assert figures.f1 == pytest.approx(2 * 1 / (2 + 2))
    assert figures.f1_by_fold.mean == pytest.approx((0 + 2 / 3) / 2)
    assert figures.f1_by_fold.std == pytest.approx((2 / 3) / np.sqrt(2))
    assert figures.auroc_folds == 1
    assert figures.auroc_by_fold.mean == 1
    assert figures.precision_n_by_fold.mean == 1


def weighted_figures(labels: ScoredLabels, weight: NDArray[np.float64]) -> dict[str, float]:
    """Return those figures of scikit-learn that need weighted labels of both classes."""
    return {
        "average_precision": average_precision_score(
            labels.failing, labels.scores, sample_weight=weight
        ),
        "auroc": roc_auc_score(labels.failing, labels.scores, sample_weight=weight),
        "f1": f1_score(labels.failing, labels.called, sample_weight=weight, zero_division=np.nan),
    }


@settings(max_examples=25)
@given(seeds, st.sampled_from(["measures", "network"]))
def test_weighted_figures_are_scikit_learns(seed: int, rung: str) -> None:
    """With ties and without, on whole resamples of blocks."""
    table = scored_table(seed, 100)
    scores = table[rung].to_numpy(np.float64)
    failing = table["failing"].to_numpy(np.int64)
    if not 0 < failing.sum() < 100:
        return
    called = (scores > 0.4).astype(np.float64)
    labels = ScoredLabels(scores=scores, failing=failing, called=called)
    ranking = rank_labels(labels, thresholds=THRESHOLDS, probability=True, top=50)

    weights = next(draw_weights(table["block"].to_numpy(), 5, np.random.default_rng(seed)))
    for values, weight in zip(weigh(ranking, weights), weights, strict=True):
        ours = dict(zip(STATISTICS, values, strict=True))
        if 0 < weight @ failing < weight.sum():
            for name, expected in weighted_figures(labels, weight).items():
                assert ours[name] == pytest.approx(expected), name
        brier = brier_score_loss(failing, scores, sample_weight=weight, pos_label=1)
        assert ours["brier"] == pytest.approx(brier)

        repeated = np.repeat(np.arange(100), weight.astype(int))
        drawn = ScoredLabels(
            scores=scores[repeated], failing=failing[repeated], called=called[repeated]
        )
        again = rank_labels(drawn, thresholds=THRESHOLDS, probability=True, top=50)
        np.testing.assert_allclose(list(statistics_of(again).values()), values, atol=1e-9)


def test_calibration_error_is_that_of_equal_bins() -> None:
    """Compared with the plain definition, without ties."""
    table = scored_table(3)
    scores = table["network"].to_numpy()
    failing = table["failing"].to_numpy()
    bins = np.array_split(np.argsort(scores), 10)
    plain = sum(abs(scores[rows].mean() - failing[rows].mean()) for rows in bins) / 10

    network = measure_rungs(table, {}, FigureSettings(repeats=1, seed=0))[2]
    assert network.calibration_error == pytest.approx(plain)


def test_what_makes_no_sense_is_nan() -> None:
    """Calibration of what is no probability; LIKELY without thresholds; AUROC with one class."""
    table = scored_table(1)
    share = ScoredLabels(
        scores=table["dark_share"].to_numpy(), failing=table["failing"].to_numpy(np.int64)
    )
    ranking = rank_labels(share, probability=False, top=50)
    dark = statistics_of(ranking)
    drawn = weigh(ranking, np.ones((2, len(table))))[:, STATISTICS.index("brier")]
    assert np.isnan([dark["brier"], dark["calibration_error"], *drawn, dark["recall_likely"]]).all()

    settings = FigureSettings(repeats=5, seed=0)
    calibrated, measures, *_ = measure_rungs(table, {"dark_share": THRESHOLDS}, settings)
    assert np.isfinite([calibrated.brier, calibrated.calibration_error]).all()
    assert np.isfinite([calibrated.recall_likely, measures.brier]).all()
    assert np.isnan(measures.recall_likely)

    intact = figures_of([0.1, 0.2], [0, 0])
    assert np.isnan([intact.auroc, intact.average_precision, intact.auroc_folds]).all()
    assert np.isnan(intact.interval).all()


def test_folds_one_by_one() -> None:
    """Each fold's figures are scikit-learn's on its rows.

    What cannot be computed on a fold of one class is left out.
    """
    table = scored_table(8)
    table.loc[table["fold"] == 3, "failing"] = 0

    folds = measure_folds(table, "network")

    assert list(folds) == [0, 1, 2, 3, 4]
    for fold, figures in folds.items():
        mine = table[table["fold"] == fold]
        scores = mine["network"]
        failing = mine["failing"]
        assert figures["brier"] == pytest.approx(((scores - failing) ** 2).mean())
        if fold != 3:
            precision = average_precision_score(failing, scores)
            assert figures["average_precision"] == pytest.approx(precision)
            assert figures["auroc"] == pytest.approx(roc_auc_score(failing, scores))
    assert sorted(folds[3]) == ["brier", "calibration_error"]


@settings(max_examples=15)
@given(seeds)
def test_row_order_does_not_matter(seed: int) -> None:
    """Neither do ties."""
    table = scored_table(seed, 60)
    shuffled = table.sample(frac=1, random_state=seed % 1000).reset_index(drop=True)
    settings = FigureSettings(repeats=1, seed=0)

    ours = measure_rungs(table, {}, settings)
    theirs = measure_rungs(shuffled, {}, settings)

    for rung, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(
            [getattr(rung, name) for name in STATISTICS],
            [getattr(other, name) for name in STATISTICS],
            equal_nan=True,
        )


def test_intervals_hold_the_point() -> None:
    """Intervals of all figures of 20 tables contain the figure itself.

    Blocks of similar roofs make them wider than single labels would.
    """
    held = []
    for seed in range(20):
        settings = FigureSettings(repeats=100, seed=seed)
        network = measure_rungs(scored_table(seed), {"network": THRESHOLDS}, settings)[2]
        for name, (low, high) in network.intervals.items():
            held.append(low <= getattr(network, name) <= high)
        assert network.interval == network.intervals["average_precision"]
        assert network.resampled == "blocks"
    assert np.mean(held) > 0.95

    table = scored_table(1, 100)
    copies = pd.concat([table.assign(block=table["parcel_id"])] * 5)
    single = copies.assign(block=[f"B{number}" for number in range(500)])
    settings = FigureSettings(repeats=200, seed=0)
    wide_low, wide_high = measure_rungs(copies, {}, settings)[2].interval
    narrow_low, narrow_high = measure_rungs(single, {}, settings)[2].interval
    assert wide_high - wide_low > 1.5 * (narrow_high - narrow_low)


def test_a_share_of_few_labels_has_a_wide_interval() -> None:
    """Both LIKELY fail, in every resample too; of 2 the exact interval begins at sqrt(0.05)."""
    scores = np.array([0.9, 0.9, 0.2, 0.1] + [0.05] * 26)
    table = pd.DataFrame(
        {
            "network": scores,
            "failing": [1, 1, 1] + [0] * 27,
            "block": [str(row) for row in range(30)],
            "fold": 0,
        }
    )
    figures = measure(
        "network",
        scores,
        table,
        FigureSettings(repeats=200, seed=1),
        Thresholds(likely=0.8, possible=0.15),
    )
    assert figures.precision_likely == 1
    low, high = figures.intervals["precision_likely"]
    assert low == pytest.approx(0.05**0.5)
    assert high == 1
    exact = stats.binomtest(2, 3).proportion_ci(0.9, method="exact")
    low, high = figures.intervals["recall_likely"]
    assert low <= exact.low + 1e-9 and high >= exact.high - 1e-9


def test_intervals_cover_the_truth() -> None:
    """The 90% interval of AUROC contains the value of the whole city.

    It does in 80 to 98 of 100 samples of the city.
    """
    city = scored_table(0, 40_000)
    truth = roc_auc_score(city["failing"], city["network"])
    held = 0
    for seed in range(100):
        sample = city.sample(300, random_state=seed)
        sample = sample.assign(block=sample["parcel_id"])
        network = measure_rungs(sample, {}, FigureSettings(repeats=100, seed=seed))[2]
        low, high = network.intervals["auroc"]
        held += low <= truth <= high

    assert 80 <= held <= 98


def test_slices_need_five_failing() -> None:
    """Districts by name, unknown ones left out; thirds of the areas in order."""
    table = scored_table(2)
    table.loc[:3, "district"] = "Tiny"
    settings = FigureSettings(repeats=5, seed=0)

    slices = measure_slices(table, {}, settings)

    districts = [row.group for row in slices if row.kind == "district"]
    assert districts == ["East"] * 4
    sizes = [row for row in slices if row.kind == "size"]
    names = [row.group.split(":")[0] for row in sizes]
    assert names == ["small"] * 4 + ["middle"] * 4 + ["large"] * 4
    assert [row.figures.labels for row in sizes] == [100] * 12

    unknown = table.assign(area_m2=np.nan, district="")
    assert measure_slices(unknown, {}, settings) == []


def ranked(name: str, order: list[int]) -> Figures:
    """Return the figures of a rung that ranks six labels in this order of classes."""
    return replace(figures_of([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], order), name=name)


def test_the_usual_rung_ships_unless_another_is_surely_better() -> None:
    """Average precision 0.833, 0.75 and 0.5 of three rungs, the last one ships usually."""
    network = ranked("network", [1, 0, 1, 0, 0, 0])
    measures = ranked("measures", [1, 0, 0, 1, 0, 0])
    dark = ranked("dark_share", [0, 1, 0, 1, 0, 0])
    three = [network, measures, dark]
    assert [rung.average_precision for rung in three] == pytest.approx([5 / 6, 0.75, 0.5])

    doubtful = {"network": 0.94, "measures": 0.94}
    usual = rung_that_ships(three, 0.02, sureness=doubtful)
    assert usual.name == "dark_share"
    assert usual.sentence == (
        "B0 dark-pixel share ships: its average precision is 0.500; no other is better by more "
        "than 0.020 and in 95% of resamples (C network has 0.833, B1 named measures has 0.750)."
    )

    one_sure = rung_that_ships(three, 0.02, sureness={"network": 0.94, "measures": 0.97})
    assert one_sure.name == "measures"
    assert one_sure.sentence == (
        "B1 named measures ships: its average precision 0.750 is above that of B0 dark-pixel "
        "share (0.500) by more than 0.020, and in 97% of resamples."
    )

    sure = {"network": 0.95, "measures": 1.0}
    assert rung_that_ships(three, 0.02, sureness=sure).name == "network"
    assert rung_that_ships(three, 0.3, sureness=sure).name == "network"
    assert rung_that_ships(three, 0.4, sureness=sure).name == "dark_share"
    assert rung_that_ships([dark], 0.0, sureness={}).name == "dark_share"


def test_what_ships_is_chosen_by_other_flyovers_too() -> None:
    """By hand: the measures are better in the mean of home and elsewhere, 0.825 against 0.667.

    Flyovers weigh the same: the mean over them counts, not the figure of all labels.
    """
    measures = ranked("measures", [1, 0, 0, 1, 0, 0])
    network = ranked("network", [1, 0, 1, 0, 0, 0])
    both = [measures, network]
    assert rung_that_ships(both, 0.02, sureness={"measures": 1.0}).name == "network"

    elsewhere = [
        replace(measures, average_precision_by_fold=Spread(mean=0.9, std=0.0)),
        replace(network, average_precision_by_fold=Spread(mean=0.5, std=0.0)),
    ]
    found = rung_that_ships(both, 0.02, sureness={"measures": 1.0}, elsewhere=elsewhere)
    assert found.sentence == (
        "B1 named measures ships: its mean of the average precision in its own flyovers and in "
        "others 0.825 is above that of C network (0.667) by more than 0.020, and in 100% of "
        "resamples."
    )
    assert rung_that_ships(both, 0.02, sureness={"measures": 0.5}, elsewhere=elsewhere).name == (
        "network"
    )


def test_paired_difference() -> None:
    """A clear difference, its mirror image, and none at all."""
    table = scored_table(4, 600)
    good = table["network"].to_numpy()
    bad = table["dark_share"].to_numpy()

    ours = paired_difference(good, bad, table, 200, np.random.default_rng(1))
    better = average_precision_score(table["failing"], good)
    worse = average_precision_score(table["failing"], bad)
    assert ours.difference == pytest.approx(better - worse)
    low, high = ours.interval
    assert low > 0
    assert ours.share_better > 0.99

    mirror = paired_difference(bad, good, table, 200, np.random.default_rng(1))
    assert mirror.interval == pytest.approx((-high, -low))
    assert mirror.share_better == pytest.approx(1 - ours.share_better)

    none = paired_difference(good, good * 0.5, table, 50, np.random.default_rng(1))
    assert (none.difference, none.interval, none.share_better) == (0, (0, 0), 0.5)
    assert none.resampled == "blocks"


def resampled(table: pd.DataFrame) -> str:
    """Return what a comparison of two rungs draws."""
    network = table["network"].to_numpy()
    measures = table["measures"].to_numpy()
    return paired_difference(network, measures, table, 5, np.random.default_rng(0)).resampled


def test_fewer_than_eight_blocks_draw_labels() -> None:
    """Seven blocks: single labels, and it says so; resamples are whole blocks otherwise."""
    table = scored_table(5, 40)
    assert resampled(table) == "blocks"
    assert resampled(table.iloc[:35]) == "labels"

    drawn = draw_weights(table["block"].to_numpy(), 30, np.random.default_rng(0))
    weights = np.concatenate(list(drawn))
    assert weights.shape == (30, 40)
    assert (weights.sum(axis=1) == 40).all()
    by_block = weights.reshape(30, 8, 5)
    assert (by_block == by_block[:, :, :1]).all()


def test_bootstrap_is_fast() -> None:
    """15,000 labels and 50 resamples of four rungs take seconds of processor time.

    That is a tenth of a full report.
    """
    table = scored_table(6, 15_000)
    start = time.process_time()
    measure_rungs(table, {"network": THRESHOLDS}, FigureSettings(repeats=50, seed=0))
    assert time.process_time() - start < 5
