"""Simulated people, and whether estimates from what they say hold the truth."""

import numpy as np
import pytest

from benchmarks.circle import ROOFS, Scored, list_rows, make_scores, run, simulate
from demo_city.people import INSPECTORS, ErrorRates
from gis_export.table.visits import AUDIT, CHOSEN, LISTED

NO_ERRORS = ErrorRates(misses=0, false_alarms=0, unjudged=0)


def test_people_err_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    is_open = np.arange(20_000) < 10_000
    rates = ErrorRates(misses=0.1, false_alarms=0.02, unjudged=0.2)

    said = rates.look(is_open, rng)

    judged = said != ""
    assert np.mean(~judged) == pytest.approx(0.2, abs=0.01)
    assert np.mean(said[is_open & judged] == "N") == pytest.approx(0.1, abs=0.01)
    assert np.mean(said[~is_open & judged] == "Y") == pytest.approx(0.02, abs=0.005)
    assert (NO_ERRORS.look(is_open, rng) == np.where(is_open, "Y", "N")).all()
    with pytest.raises(ValueError, match="want shares"):
        ErrorRates(misses=1.5, false_alarms=0, unjudged=0)


def test_list_of_a_city_holds_every_flagged_roof_and_the_random_ones() -> None:
    rows = list_rows(make_scores(np.random.default_rng(1), ROOFS))
    chosen = rows[CHOSEN]
    flagged = rows[rows["PHOTO_LVL"] != "NOT SEEN"]
    assert (chosen[flagged.index] == LISTED).all()
    assert (chosen == AUDIT).sum() == 75


def test_without_errors_a_fully_visited_list_has_the_true_precision() -> None:
    score = np.array([0.9] * 40 + [0.01] * 400)
    is_open = np.array(([True] * 3 + [False]) * 10 + [False] * 400)
    outcome = simulate(Scored(score=score, is_open=is_open), NO_ERRORS, np.random.default_rng(2))
    assert outcome.precision
    assert outcome.recall
    assert (outcome.miss_rate, outcome.missed) == (True, 0)


def test_estimates_hold_the_truth_in_at_least_9_of_10_cities() -> None:
    outcomes = run(lambda rng: make_scores(rng, ROOFS), seeds=20, rates=INSPECTORS)
    for held in (
        [outcome.miss_rate for outcome in outcomes],
        [outcome.precision for outcome in outcomes],
        [outcome.recall for outcome in outcomes],
    ):
        assert sum(held) >= 18
