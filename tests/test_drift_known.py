"""Known failing roofs as canaries of a flyover, and what a list is worth by its own scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score

from inference.drift import Grade, KnownRoofs
from inference.drift_known import known_sign
from inference.estimated import estimate_figures, expected_average_precision
from labels.intervals import clopper_pearson


@pytest.mark.parametrize(
    ("called", "grade"),
    [(40, Grade.GO), (28, Grade.GO), (18, Grade.CAUTION), (3, Grade.STOP), (0, Grade.STOP)],
)
def test_fewer_known_roofs_are_seen(called: int, grade: Grade) -> None:
    """Of 50 at 80% in training; at most 56% after 28 of 50 was 0.68, of 18 0.49, of 3 0.15."""
    sign = known_sign(KnownRoofs(roofs=50, called=called), (0.9, 0.8))
    assert sign.grade == grade
    assert f"Of 50 roofs that people found failing before, an even bet calls {called}" in sign.text


def test_the_worst_training_flyover_counts() -> None:
    assert known_sign(KnownRoofs(roofs=50, called=10), (0.9, 0.25)).grade == Grade.GO


def test_hits_of_none_say_nothing() -> None:
    assert known_sign(KnownRoofs(roofs=50, called=0), (0.0,)).grade == Grade.GO


@given(roofs=st.integers(1, 200), part=st.floats(0, 1))
def test_bounds_are_those_of_scipy(roofs: int, part: float) -> None:
    hits = int(part * roofs)
    found = binomtest(hits, roofs).proportion_ci(0.9, "exact")
    assert clopper_pearson(hits, roofs) == pytest.approx((found.low, found.high))


def test_a_part_is_no_more_than_the_whole() -> None:
    with pytest.raises(ValueError, match="want a part"):
        KnownRoofs(roofs=3, called=4)


def test_average_precision_by_hand() -> None:
    """(0.8 * 1 / 1 + 0.2 * 1.8 / 2) / 1."""
    assert expected_average_precision(np.array([0.2, 0.8])) == pytest.approx(0.98)
    assert expected_average_precision(np.array([1.0, 1.0, 0.0])) == pytest.approx(1.0)
    assert np.isnan(expected_average_precision(np.zeros(3)))


def test_average_precision_is_that_of_drawn_roofs() -> None:
    """Roofs that fail with their scores have this average precision in the mean."""
    rng = np.random.default_rng(0)
    scores = rng.beta(0.3, 1.5, 600)
    drawn = [average_precision_score(rng.random(600) < scores, scores) for _ in range(200)]
    assert expected_average_precision(scores) == pytest.approx(np.mean(drawn), abs=0.01)


def test_figures_by_hand() -> None:
    """At even odds 0.9 and 0.5: the list holds 0.9 of 1.4 failing roofs."""
    figures = estimate_figures(np.array([0.9, 0.5]), (0.5, 0.5, 0.5), 0.6)
    assert figures.recall.value == pytest.approx(0.9 / 1.4)
    assert (figures.recall.low, figures.recall.high) == pytest.approx((0.9 / 1.4, 0.9 / 1.4))


@given(
    even=st.lists(st.floats(0.001, 0.999), min_size=1, max_size=50),
    ends=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
    listed_from=st.floats(0.01, 1),
)
def test_figures_lie_within_their_ends(
    even: list[float], ends: tuple[float, float], listed_from: float
) -> None:
    share = sum(ends) / 2
    figures = estimate_figures(np.array(even), (share, min(ends), max(ends)), listed_from)
    for figure in (figures.recall, figures.average_precision):
        assert 0 <= figure.low <= figure.value <= figure.high <= 1 + 1e-9
    assert figures.sentence.startswith("If the scores hold, ")


def test_nothing_scored_says_nothing() -> None:
    assert estimate_figures(np.zeros(0), (0.1, 0.05, 0.2), 0.5).sentence == ""
