"""What is expected of a flyover, in one sentence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.expected import Expected, expect_failing

SHARES = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda ends: (min(ends), max(ends)))


def test_sentence_by_hand() -> None:
    # 74 roofs at 0.8: mean 59.2, variance 11.84, so 59.2 - 1.645 * 3.441 = 53.5
    found = expect_failing((0.12, 0.28), 500, [0.8] * 74)

    assert found.sentence == (
        "We expect between 60 and 140 failing roofs in these photos; 74 are LIKELY, "
        "of which we expect at least 53 to be failing. Nobody has looked yet."
    )


@pytest.mark.parametrize(
    ("share", "scores", "looked", "sentence"),
    [
        (
            (0.0, 0.05),
            [],
            0,
            "We expect between 0 and 1 failing roofs in these photos; no roof is LIKELY. "
            "Nobody has looked yet.",
        ),
        (
            (0.1, 0.1),
            [1.0],
            7,
            "We expect 2 failing roofs in these photos; 1 is LIKELY, "
            "of which we expect at least 1 to be failing. People have looked at 7 of 20 roofs.",
        ),
        (
            (0.05, 0.2),
            [0.6],
            0,
            "We expect between 1 and 4 failing roofs in these photos; 1 is LIKELY, "
            "and how many of these are failing cannot be told. Nobody has looked yet.",
        ),
    ],
)
def test_sentence_of_few_roofs(
    share: tuple[float, float], scores: list[float], looked: int, sentence: str
) -> None:
    assert expect_failing(share, 20, scores, looked=looked).sentence == sentence


def test_no_fewer_are_expected_than_people_found() -> None:
    found = expect_failing((0.0, 0.05), 20, [], looked=7, found=3)
    assert (found.low, found.high) == (3, 3)
    assert found.sentence == (
        "We expect 3 failing roofs in these photos; no roof is LIKELY. "
        "People have looked at 7 of 20 roofs and found 3 failing."
    )


def test_sentence_without_scored_roofs() -> None:
    assert expect_failing((0.0, 1.0), 0, []).sentence == "No roof was scored in these photos."


@given(share=SHARES, scores=st.lists(st.floats(0, 1), max_size=40), others=st.integers(0, 40))
def test_counts_stay_in_order(share: tuple[float, float], scores: list[float], others: int) -> None:
    scored = len(scores) + others
    found = expect_failing(share, scored, scores)

    assert found.low <= share[0] * scored + 1e-6
    assert found.high >= share[1] * scored - 1e-6
    assert found.likely_failing <= math.fsum(scores) + 1e-6


def test_counts_out_of_order_are_an_error() -> None:
    with pytest.raises(ValueError, match="not in order"):
        Expected(scored=3, low=2, high=1, likely=0, likely_failing=0)
