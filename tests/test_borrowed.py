"""When a borrowed model may say LIKELY: what looks here have to show."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.borrowed import LocalTest, judge_borrowed, make_test


def local_test(labels: int, failing: int, likely: int, right: int, year: int = 2024) -> LocalTest:
    """Return what was found in a flyover."""
    return LocalTest(
        year=year,
        labels=labels,
        failing=failing,
        likely=likely,
        right=right,
        precision=right / max(likely, 1),
    )


@pytest.mark.parametrize(
    ("found", "may"),
    [
        ((30, 10, 10, 7), True),
        ((29, 10, 10, 7), False),
        ((30, 9, 10, 7), False),
        ((30, 10, 10, 6), False),
        ((30, 10, 4, 4), False),
        ((30, 10, 0, 0), False),
    ],
)
def test_looks_bear_a_borrowed_model_out(found: tuple[int, int, int, int], *, may: bool) -> None:
    """Thirty labels, ten of them failing, and 70% of five or more LIKELY failing."""
    standing = judge_borrowed([local_test(*found)], 0.7)
    assert (standing.held_back == "") == may
    assert (standing.borne_out != "") == may


def test_the_newest_flyover_that_tells_decides() -> None:
    kept = local_test(40, 15, 10, 9, year=2023)
    broken = local_test(40, 15, 10, 4, year=2024)
    few = local_test(5, 1, 1, 0, year=2025)
    assert (
        "4 of 10 that it would call LIKELY in 2024"
        in judge_borrowed([few, kept, broken], 0.7).held_back
    )
    assert judge_borrowed([few, kept], 0.7).borne_out.startswith("9 of 10")


@given(
    scores=st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=60),
    seed=st.integers(0, 99),
)
def test_counts_are_those_of_a_loop(scores: list[float], seed: int) -> None:
    """Only scored roofs with a label of the year count."""
    rng = np.random.default_rng(seed)
    ids = [f"{number:03d}" for number in range(len(scores))]
    table = pd.DataFrame({"parcel_id": pd.Series(ids, dtype="str"), "score": scores})
    labels = pd.DataFrame(
        {
            "parcel_id": pd.Series([*ids, "999"], dtype="str"),
            "year": rng.integers(2023, 2025, len(ids) + 1),
            "failing": rng.integers(0, 2, len(ids) + 1),
            "weight": 1.0,
        }
    )
    found = make_test(2024, labels, table, likely=0.6)

    expected = [0, 0, 0, 0]
    for score, year, failing in zip(scores, labels["year"], labels["failing"], strict=False):
        if year == 2024 and not np.isnan(score):
            is_likely = score >= 0.6
            expected[0] += 1
            expected[1] += int(failing)
            expected[2] += int(is_likely)
            expected[3] += int(is_likely and failing == 1)
    assert [found.labels, found.failing, found.likely, found.right] == expected
    assert found.precision == pytest.approx(expected[3] / max(expected[2], 1))


def test_looks_weigh_as_many_roofs_as_they_stand_for() -> None:
    """By hand: of four that would be LIKELY three fail, and the fourth stands for nine roofs."""
    labels = pd.DataFrame(
        {
            "parcel_id": list("abcde"),
            "year": 2024,
            "failing": [1, 1, 1, 0, 0],
            "weight": [1.0, 1.0, 1.0, 9.0, 1.0],
        }
    )
    scores = pd.DataFrame({"parcel_id": list("abcde"), "score": [0.9, 0.9, 0.8, 0.8, 0.1]})
    found = make_test(2024, labels, scores, likely=0.7)
    assert (found.likely, found.right, found.precision) == (4, 3, 3 / 12)
    assert found.seen.endswith("are failing (25% when looks are weighed)")
