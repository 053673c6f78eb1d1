"""Simulated cities: a planted bias is found, and where there is none, none is named."""

import numpy as np
import pytest

from benchmarks.equity import BIASES, PLANTED, Bias, Size, judge, run, simulate
from gis_export.report.equity.compared import Verdict

SMALL_CITY = Size(vacants=6_000, labels=6_000)
SEEDS = 4


@pytest.mark.parametrize("bias", BIASES[:2], ids=lambda bias: bias.name)
def test_no_bias_is_called_none(bias: Bias) -> None:
    """An alarm in 5% of cities makes two or more of 4 in 1 of 70 such tests."""
    outcomes = run(bias, SMALL_CITY, SEEDS)
    assert sum(outcome.is_alarm for outcome in outcomes) <= 1


@pytest.mark.parametrize("bias", BIASES[3:], ids=lambda bias: bias.name)
def test_a_bias_is_found(bias: Bias) -> None:
    outcomes = run(bias, SMALL_CITY, SEEDS)
    assert sum(outcome.is_found for outcome in outcomes) >= SEEDS - 1


def test_what_is_planted_is_there() -> None:
    """50 points more are missed in the planted neighborhood, and nothing else is changed."""
    plain = simulate(BIASES[0], SMALL_CITY, np.random.default_rng(5))
    planted = simulate(BIASES[3], SMALL_CITY, np.random.default_rng(5))
    for before, after in zip(plain, planted, strict=True):
        if before.measure.key == "missed" and before.level == "neighborhood":
            assert after.verdicts[PLANTED] is Verdict.MORE
            assert before.verdicts[PLANTED] is Verdict.ALIKE
            assert (after.roofs == before.roofs).all()
            assert (after.hits != before.hits).sum() == 1
    assert judge(planted, BIASES[3]).is_found
    assert not judge(plain, BIASES[0]).is_found
