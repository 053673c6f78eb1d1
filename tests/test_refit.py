"""The quick refit of the desk: the same head as a training's, from products of features."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from labels.draws.weights import name_draw
from models.flyover_stats import FlyoverStats
from models.measures import MEASURES
from roofwatch.desk_learner import few_others
from training.design import head_design
from training.fit import fit_head
from training.kept import FlyoverFeatures, Kept, keep_features
from training.labeled_features import Group
from training.refit import fit_kept, measure_list, refit
from training.ridge import DualSystem, solve_ridge, sum_moments
from training.rungs import rung_features
from training.settings import TrainSettings

NETWORK = 40
WIDTH = len(MEASURES) + NETWORK
CHIPS = 120
GROUPS = (NETWORK,)
LABEL_GROUPS = (Group(features=len(MEASURES), weight=8.0), Group(features=NETWORK))
SETTINGS = TrainSettings(light=0.0)


def make_roofs(year: int, seed: int) -> tuple[FlyoverStats, NDArray[np.float32], pd.DataFrame]:
    """Return statistics, features (CHIPS, WIDTH) and labels: the first feature tells who fails."""
    rng = np.random.default_rng(seed)
    features = rng.normal(year - 2020, 1 + 0.1 * (year - 2020), (CHIPS, WIDTH)).astype(np.float32)
    failing = (features[:, -1] - features[:, -1].mean() > 0.8).astype(int)
    table = pd.DataFrame(
        {
            "parcel_id": [f"P{row:03d}" for row in range(CHIPS)],
            "year": year,
            "failing": failing,
            "block": [f"B{row // 6}" for row in range(CHIPS)],
            "chosen": name_draw(1, "random"),
            "chance": 0.5,
            "weight": 1.0,
        }
    )
    stats = FlyoverStats(
        year=year,
        chips=CHIPS,
        center=features.mean(axis=0, dtype=np.float64),
        spread=features.std(axis=0, dtype=np.float64),
    )
    return stats, features, table


def flyover(year: int, seed: int) -> FlyoverFeatures:
    """Return the features of one flyover."""
    stats, features, table = make_roofs(year, seed)
    return FlyoverFeatures(
        stats=stats,
        parcel_ids=table["parcel_id"].tolist(),
        blocks=table["block"].tolist(),
        features=features,
    )


@pytest.fixture(scope="module")
def kept() -> Kept:
    here = flyover(2024, 1)
    return keep_features(
        here,
        [flyover(2023, 2)],
        rung="joined",
        groups=LABEL_GROUPS,
        may_label=set(here.parcel_ids[:80]),
    )


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    """Return all labels of 2023 and the first 80 of 2024."""
    return pd.concat([make_roofs(2024, 1)[2][:80], make_roofs(2023, 2)[2]], ignore_index=True)


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(4, 30),
    penalty=st.floats(0.1, 10),
    flyovers=st.integers(1, 3),
)
def test_products_give_the_head_that_features_give(
    seed: int, rows: int, penalty: float, flyovers: int
) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 12)).astype(np.float32)
    targets = np.where(rng.random(rows) < 0.5, 1.0, -1.0)
    weights = rng.uniform(0.2, 3, rows)
    years = rng.integers(0, flyovers, rows)
    moments = [
        sum_moments(features[years == year], targets[years == year], weights[years == year])
        for year in np.unique(years)
    ]
    wanted, _ = solve_ridge(moments, penalty)

    system = DualSystem(
        rows=features,
        products=features @ features.T,
        targets=targets,
        weights=weights,
        groups=years,
        penalty=penalty,
    )
    found, _ = system.solve(np.ones(rows, bool))
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_refit_is_the_fit_of_a_training(kept: Kept, labels: pd.DataFrame) -> None:
    """The same weights, left-out logits and calibration as `training.fit.fit_head`."""
    stats = {2024: make_roofs(2024, 1), 2023: make_roofs(2023, 2)}
    rows = [
        stats[year][1][int(name[1:])]
        for year, name in labels[["year", "parcel_id"]].itertuples(index=False)
    ]
    seen = labels.assign(
        measures=[row[: len(MEASURES)] for row in rows],
        features=[row[len(MEASURES) :] for row in rows],
    )
    folds = np.arange(len(labels)) // 6 % 5
    flyovers = (stats[2024][0], stats[2023][0])
    labeled = rung_features(seen, folds, "joined", GROUPS, flyovers)
    design = head_design(labeled, penalty=1.0, light=0.0)
    wanted = fit_head(labeled, design, rung="joined", flyovers=flyovers)

    places = [kept.place[(year, name)] for name, year in labels[["parcel_id", "year"]].to_numpy()]
    scaled = kept.features[places]

    direction, found = fit_kept(
        replace(labeled, features=scaled), scaled @ scaled.T, kept, SETTINGS
    )
    np.testing.assert_allclose(found.head.weights[0], wanted.head.weights[0], atol=2e-4)
    np.testing.assert_allclose(found.out_of_fold.even, wanted.out_of_fold.even, atol=2e-3)
    assert direction.shape == (WIDTH,)


def test_refit_scores_every_roof_and_tells_the_list(kept: Kept, labels: pd.DataFrame) -> None:
    found = refit(kept, labels, SETTINGS)
    truth = make_roofs(2024, 1)[2].set_index("parcel_id")["failing"]
    assert found.labels == 200
    assert len(found.scores) == CHIPS
    assert found.scores[truth == 1].mean() > found.scores[truth == 0].mean() + 0.3
    assert found.precision is not None
    assert found.recall is not None
    assert found.recall.low < found.recall.value < found.recall.high
    assert found.listed <= set(truth.index)


def test_more_answers_find_more(kept: Kept, labels: pd.DataFrame) -> None:
    """The head of forty labels ranks worse than that of two hundred."""
    truth = make_roofs(2024, 1)[2].set_index("parcel_id")["failing"]
    few = refit(kept, labels.iloc[:40], SETTINGS).scores
    many = refit(kept, labels, SETTINGS).scores

    def apart(scores: pd.Series) -> float:
        worst = scores[truth == 1].to_numpy()[:, None]
        return float((worst > scores[truth == 0].to_numpy()).mean())

    assert apart(many) > apart(few)


def test_a_list_is_measured_by_inverse_chance() -> None:
    """By hand: ten roofs taken for certain, ten of a hundred at random, each of these for ten."""
    looks = pd.DataFrame(
        {
            "failing": [1] * 6 + [0] * 4 + [1] + [0] * 9,
            "chosen": ["draw 1: top"] * 10 + ["draw 1: random"] * 10,
            "chance": [1.0] * 10 + [0.1] * 10,
        }
    )
    listed = np.array([True] * 10 + [False] * 10)
    precision, recall = measure_list(looks, listed)
    assert precision is not None
    assert recall is not None
    assert precision.value == pytest.approx(0.6)
    assert recall.value == pytest.approx(6 / 16)
    assert recall.low < 6 / 16 < recall.high
    assert measure_list(looks.iloc[:9], listed[:9]) == (None, None)


def test_labels_of_other_flyovers_are_drawn_where_there_are_many() -> None:
    labels = pd.DataFrame({"year": [2024] * 50 + [2023] * 2000, "parcel_id": range(2050)})
    few = few_others(labels, 2024, seed=0)
    assert few["year"].value_counts().to_dict() == {2023: 800, 2024: 50}
    assert few.equals(few_others(labels, 2024, seed=0))
    assert len(few_others(labels[:700], 2024, seed=0)) == 700
