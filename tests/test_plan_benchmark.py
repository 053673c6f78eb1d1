"""Simulated cities: the planner's interval holds what simulated crews find about 9 times in 10."""

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import binom

from benchmarks.plan import ASKED, BEFORE, PARTS, Held, make_city, run
from labels.intervals import NORMAL_90

CITIES = 12


@pytest.fixture(scope="module")
def outcomes() -> list[list[list[Held]]]:
    """Return what held in some cities."""
    return run(CITIES, roofs=400, sure=0.35)


@pytest.mark.parametrize("part", range(len(PARTS)), ids=PARTS)
def test_intervals_hold(outcomes: list[list[list[Held]]], part: int) -> None:
    """Of 12 intervals that hold 9 times in 10 fewer than 8 hold in 1 of 250 such tests."""
    assert binom.cdf(7, CITIES, 0.9) < 0.005
    for visits in ASKED[:3]:
        held = [
            one.share
            for city in outcomes
            for one in city[part]
            if one.visits == visits and one.part == "city"
        ]
        assert len(held) == CITIES
        assert sum(held) >= 8


def test_visits_on_record_narrow_the_interval(outcomes: list[list[list[Held]]]) -> None:
    before, after = (
        np.mean([one.width for city in outcomes for one in city[part] if one.part == "city"])
        for part in range(len(PARTS))
    )
    assert after < 0.7 * before
    assert BEFORE == 60


def test_the_model_of_a_city_is_off_as_it_says() -> None:
    """Half of the interval in log odds is 1.645 times the error."""
    city = make_city(np.random.default_rng(1), roofs=2000, sure=0.5)
    low, high = logit([city.share.low, city.share.high])
    assert (high - low) / 2 == pytest.approx(NORMAL_90 * 0.5)
    assert city.scored.score[city.scored.is_open].mean() > 0.5
    assert city.scored.score[~city.scored.is_open].mean() < 0.1
