"""The rungs on one table of labels: same rows, same folds, and what else was left out."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from imagery.errors import InputError
from models.feature_cache import PARTS, feature_matrix
from models.flyover_stats import FlyoverStats, measure_flyover
from models.head import RUNGS, head_logits
from models.measures import MEASURES
from training.rungs import KEPT, FittedRungs, fit_rungs
from training.settings import TrainSettings
from training.splits import block_folds

GROUPS = (40, 40)
SCORES = [name for rung in RUNGS for name in (rung, f"{rung}_even")]
SETTINGS = TrainSettings(folds=4)


def label_table(seed: int = 0, *, rows: int = 160) -> pd.DataFrame:
    """Return labels of 80 parcels over two years, in 20 blocks and 4 neighborhoods.

    Features tell more than measures, and measures more than the dark share.
    """
    rng = np.random.default_rng(seed)
    number = np.arange(rows) % (rows // 2)
    failing = (rng.random(rows) < 0.35).astype(np.int64)
    measures = rng.normal(0, 1, (rows, len(MEASURES)))
    features = rng.normal(0, 1, (rows, sum(GROUPS)))
    measures[:, 0] += 0.5 * failing
    measures[:, 1:4] += 0.7 * failing[:, None]
    features[:, ::2] += 0.6 * failing[:, None]

    return pd.DataFrame(
        {
            "parcel_id": [f"P{parcel:03d}" for parcel in number],
            "year": 2022 + (np.arange(rows) >= rows // 2),
            "block": [f"B{parcel % 20}" for parcel in number],
            "neighborhood": [f"N{parcel % 20 // 5}" for parcel in number],
            "district": "",
            "area_m2": 100.0,
            "failing": failing,
            "measures": list(measures.astype(np.float32)),
            "features": list(features.astype(np.float32)),
            "features_relit": list((features + 0.1).astype(np.float32)),
            "measures_relit": list(measures.astype(np.float32)),
        }
    )


def flyovers_of(labels: pd.DataFrame) -> list[FlyoverStats]:
    """Return the statistics of both years, as if the labeled chips were all chips."""
    width = len(MEASURES) + sum(GROUPS)
    flyovers = []
    for year, rows in labels.groupby("year"):
        looks = feature_matrix(rows, "joined")
        flyovers.append(measure_flyover(int(str(year)), [looks], width))
    return flyovers


@pytest.fixture(scope="module", autouse=True)
def few_are_enough() -> Iterator[None]:
    """Leave flyovers out whole although the others hold few labels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.fit.LEAST_LEARNED", 10)
        yield


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    """Return the table."""
    return label_table()


@pytest.fixture(scope="module")
def fitted(labels: pd.DataFrame) -> FittedRungs:
    """Return its rungs."""
    return fit_rungs(labels, flyovers_of(labels), GROUPS, SETTINGS)


def are_probabilities(table: pd.DataFrame) -> bool:
    """Tell whether the scores of all rungs are from 0 to 1, as they are and at even odds."""
    scores = table[SCORES].to_numpy()
    return bool(((scores >= 0) & (scores <= 1)).all())


def test_one_row_per_label_and_a_score_per_rung(labels: pd.DataFrame, fitted: FittedRungs) -> None:
    """Folds are those of the blocks, and every score is a probability.

    What the rungs look at is not kept.
    """
    assert list(fitted.scored.columns) == [*KEPT, "fold", *SCORES, "strangeness"]
    pd.testing.assert_frame_equal(fitted.scored[KEPT], labels[KEPT])
    np.testing.assert_array_equal(fitted.scored["fold"], block_folds(labels, 4))
    assert are_probabilities(fitted.scored)

    sizes = [len(fitted.fits[rung].head.center) for rung in RUNGS]
    assert sizes == [1, len(MEASURES), sum(GROUPS), len(MEASURES) + sum(GROUPS)]
    assert [fit.head.rung for fit in fitted.fits.values()] == list(RUNGS)


def test_strangeness_is_the_distance_from_the_own_flyover(
    labels: pd.DataFrame, fitted: FittedRungs
) -> None:
    """Root mean square, in spreads of the middle of the flyover, roof by roof."""
    seen = np.stack(labels["features"].to_list()).astype(np.float64)
    for stats in flyovers_of(labels):
        own = stats.part(PARTS["network"])
        rows = np.flatnonzero(labels["year"] == stats.year)
        apart = (seen[rows] - own.center) / own.spread
        expected = np.sqrt((apart**2).mean(axis=1))
        np.testing.assert_allclose(fitted.scored["strangeness"].iloc[rows], expected, rtol=1e-5)


def whole_flyovers_left_out(fitted: FittedRungs) -> pd.DataFrame:
    """Return the labels that were scored with their flyover left out."""
    tried = fitted.others["another flyover"]
    assert tried is not None
    return tried


def test_richer_rungs_rank_better(fitted: FittedRungs) -> None:
    """On a table that was made so."""
    for scored in (fitted.scored, whole_flyovers_left_out(fitted)):
        failing = scored["failing"]
        dark, measures, network, joined = [roc_auc_score(failing, scored[r]) for r in RUNGS]
        assert dark < measures < network
        assert measures < joined
        assert min(network, joined) > 0.9


def test_dark_share_ranks_by_the_share_alone(labels: pd.DataFrame, fitted: FittedRungs) -> None:
    """Whatever its calibration."""
    share = np.stack(labels["measures"].to_list())[:, :1]
    logits = head_logits(fitted.fits["dark_share"].head, share)[:, 0]
    np.testing.assert_array_equal(np.argsort(logits), np.argsort(share[:, 0]))


def test_whole_flyovers_are_left_out(labels: pd.DataFrame, fitted: FittedRungs) -> None:
    """Every label of both years has such a score, and its year is its fold.

    Each rung knows how many flyovers were tried, and its hits and false alarms there.
    """
    tried = whole_flyovers_left_out(fitted)
    pd.testing.assert_frame_equal(tried[KEPT], labels[KEPT])
    assert list(tried.columns) == [*KEPT, "fold", *SCORES]
    assert (tried.groupby("year")["fold"].nunique() == 1).all()
    assert tried["fold"].nunique() == 2
    assert are_probabilities(tried)
    assert (tried["network"] != fitted.scored["network"]).any()
    for fit in fitted.fits.values():
        assert fit.head.tried == 2
        assert fit.head.rates.shape == (2, 2)
        assert [stats.year for stats in fit.head.flyovers] == [2022, 2023]


def test_neighborhoods_and_the_last_year_are_left_out_too(
    labels: pd.DataFrame, fitted: FittedRungs
) -> None:
    """All rows in known neighborhoods, and of the last year, have a score of every rung.

    It is not the out-of-fold score.
    """
    neighborhood = fitted.others["neighborhood"]
    assert neighborhood is not None
    assert len(neighborhood) == len(labels)
    assert (neighborhood.groupby("neighborhood")["fold"].nunique() == 1).all()

    year = fitted.others["next year"]
    assert year is not None
    assert (year["year"] == 2023).all()
    assert len(year) == 80

    for table in (neighborhood, year):
        assert list(table.columns) == [*KEPT, "fold", *SCORES]
        assert are_probabilities(table)
        assert table.index.tolist() == list(range(len(table)))
        merged = table.merge(fitted.scored, on=["parcel_id", "year"], suffixes=("", "_block"))
        assert (merged["network"] != merged["network_block"]).any()
        assert roc_auc_score(table["failing"], table["network"]) > 0.85


def test_what_the_labels_do_not_allow_is_none(labels: pd.DataFrame) -> None:
    """One neighborhood, none known, or one year."""
    flyovers = flyovers_of(labels)
    one_place = fit_rungs(labels.assign(neighborhood="N0"), flyovers, GROUPS, SETTINGS)
    assert one_place.others["neighborhood"] is None
    assert one_place.others["next year"] is not None

    one_year = labels[labels["year"] == 2022].assign(neighborhood="").reset_index(drop=True)
    bare = fit_rungs(one_year, flyovers[:1], GROUPS, SETTINGS)
    assert bare.others == dict.fromkeys(("another flyover", "neighborhood", "next year"))
    assert {fit.head.tried for fit in bare.fits.values()} == {0}


def test_copies_in_other_light_are_optional(labels: pd.DataFrame, fitted: FittedRungs) -> None:
    """Without them the network's scores are others; the other rungs have none."""
    flyovers = flyovers_of(labels)
    bare = labels.drop(columns=["features_relit", "measures_relit"])
    plain = fit_rungs(bare, flyovers, GROUPS, SETTINGS)
    np.testing.assert_array_equal(plain.scored["measures"], fitted.scored["measures"])
    dark = fit_rungs(labels, flyovers, GROUPS, replace(SETTINGS, light=0.0))
    for rung in ("network", "joined"):
        assert (plain.scored[rung] != fitted.scored[rung]).any()
        np.testing.assert_array_equal(plain.scored[rung], dark.scored[rung])


def test_same_labels_same_heads(labels: pd.DataFrame, fitted: FittedRungs) -> None:
    """To the last bit."""
    again = fit_rungs(labels, flyovers_of(labels), GROUPS, SETTINGS)
    pd.testing.assert_frame_equal(again.scored, fitted.scored, check_exact=True)


def with_nan(labels: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the labels with one NaN in a column of arrays."""
    values = [array.copy() for array in labels[column]]
    values[5][7] = np.nan
    return labels.assign(**{column: values})


def test_labels_that_cannot_be_learned_from(labels: pd.DataFrame) -> None:
    """One class, three labels, no label at all, or features that are no numbers.

    Each gives a line that says so.
    """
    flyovers = flyovers_of(labels)
    one_class = (labels.assign(failing=1), labels.assign(failing=0))
    too_few = (labels.iloc[:3], labels.iloc[:0])
    for broken in (*one_class, *too_few):
        with pytest.raises(InputError, match="want at least 4 of each"):
            fit_rungs(broken.reset_index(drop=True), flyovers, GROUPS, SETTINGS)

    for column in ("measures", "features", "features_relit"):
        with pytest.raises(InputError, match="NaN or infinity"):
            fit_rungs(with_nan(labels, column), flyovers, GROUPS, SETTINGS)

    with pytest.raises(InputError, match="one block"):
        fit_rungs(labels.assign(block="B0"), flyovers, GROUPS, SETTINGS)
