"""Thresholds of LIKELY and POSSIBLE: by hand and compared with simulation.

Their sentences never promise too much.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
from heads import plain_head
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import beta, binom, binomtest

from models.head import at_share
from training.aims import Aims
from training.fit import with_thresholds
from training.precision_bound import certified_precision, precision_bound
from training.recall_bound import average_recall_bound, recall_bound
from training.thresholds import MOST_LIKELY, Chosen, TriedFlyover, choose_thresholds

AIMS = Aims(recall=0.9)
REPEATS = 200
PLAIN_HEAD = plain_head(1, "dark_share")
FORBIDDEN = re.compile(r"\b(safe\w*|clear\w*|low\w*|no risk|fine|good|intact)\b", re.IGNORECASE)


def sample(rng: np.random.Generator, size: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return scores that are calibrated probabilities, and labels drawn from them."""
    scores = np.concatenate([rng.beta(1, 15, size - size // 10), rng.beta(5, 2, size // 10)])
    return scores, (rng.random(size) < scores).astype(np.int64)


def choose_one(scores: NDArray[np.float64], failing: NDArray[np.int64], aims: Aims) -> Chosen:
    """Choose on the labels of one flyover of which half fails, so that both scores are one."""
    flyover = TriedFlyover(year=2024, scores=scores, even=scores, failing=failing)
    return choose_thresholds([flyover], aims, tried=False)


@pytest.mark.parametrize(("failing", "rank"), [(28, 0), (29, 1), (45, 1), (46, 2), (100, 5)])
def test_rank_by_hand(failing: int, rank: int) -> None:
    """The k-th smallest score is the threshold, because 0.9^28 > 5% > 0.9^29.

    For 46 and 100 see tables of nonparametric tolerance limits.
    """
    positives = np.linspace(0.1, 0.9, failing)
    bound = recall_bound(positives, AIMS)
    assert (bound.rank, bound.failing) == (rank, failing)
    assert bound.threshold == positives[max(rank - 1, 0)]

    if rank:
        assert bound.confidence == pytest.approx(binom.sf(rank - 1, failing, 0.1))
        assert bound.confidence >= 0.95
        assert binom.sf(rank, failing, 0.1) < 0.95
        assert bound.expected == pytest.approx((failing + 1 - rank) / (failing + 1))


def test_too_few_failing_labels() -> None:
    """The smallest failing score, no guarantee, and how many it takes."""
    bound = recall_bound(np.array([0.2, 0.5, 0.6]), AIMS)
    assert bound.threshold == 0.2
    assert np.isnan(bound.confidence)
    assert "no guarantee" in bound.sentence
    assert "takes 29 failing labels, there are 3" in bound.sentence


@pytest.mark.parametrize(("failing", "rank"), [(8, 0), (9, 1), (18, 1), (19, 2), (99, 10)])
def test_average_rank_by_hand(failing: int, rank: int) -> None:
    """With 19 labels, 19/20 * 1/19 + 1/20 = 0.1.

    So one may be missed, and the threshold is the second smallest.
    """
    positives = np.linspace(0.1, 0.9, failing)
    bound = average_recall_bound(positives, AIMS)
    assert (bound.rank, bound.threshold) == (rank, positives[max(rank - 1, 0)])
    assert ("no guarantee" in bound.sentence) == (rank == 0)
    if rank:
        missed = (positives < bound.threshold).mean()
        assert failing / (failing + 1) * missed + 1 / (failing + 1) <= 0.1 + 1e-9


def test_recall_of_new_roofs_is_kept() -> None:
    """Over 200 draws of labels, the recall in a large fresh sample keeps its aim.

    It does in about 95% of draws, and on average for the weaker bound.
    """
    rng = np.random.default_rng(5)
    fresh, truth = sample(rng, 200_000)
    positives = fresh[truth == 1]
    sure = []
    average = []
    for _ in range(REPEATS):
        scores, failing = sample(rng, 1200)
        chosen = choose_one(scores, failing, AIMS)
        sure.append((positives >= chosen.possible).mean())
        average.append((positives >= chosen.average_recall.threshold).mean())

    assert np.mean(np.array(sure) >= 0.9) >= 0.92
    assert 0.9 <= np.mean(average) < 0.92
    assert np.mean(np.array(average) >= 0.9) < 0.75


def test_precision_of_new_roofs_is_kept() -> None:
    """A fresh sample keeps the aim in at least 92% of 200 draws.

    Unless the sentence says "not guaranteed".
    """
    rng = np.random.default_rng(6)
    fresh, truth = sample(rng, 200_000)
    kept = 0
    guaranteed = 0
    for _ in range(REPEATS):
        scores, failing = sample(rng, 3000)
        odds = scores / (1 - scores) * (1 - scores.mean()) / scores.mean()
        tried = TriedFlyover(year=2024, scores=scores, even=odds / (1 + odds), failing=failing)
        bound = choose_thresholds([tried], AIMS, tried=True).precision
        sure = "not guaranteed" not in bound.sentence
        guaranteed += sure
        kept += not sure or truth[fresh >= bound.threshold].mean() >= 0.7

    assert guaranteed > 0.8 * REPEATS
    assert kept >= 0.92 * REPEATS


def test_ties_do_not_break_the_recall() -> None:
    """Scores rounded up to tenths: recall only grows."""
    rng = np.random.default_rng(7)
    fresh, truth = sample(rng, 100_000)
    positives = np.ceil(fresh[truth == 1] * 10) / 10
    kept = 0
    for _ in range(REPEATS):
        scores, failing = sample(rng, 800)
        chosen = choose_one(np.ceil(scores * 10) / 10, failing, AIMS)
        kept += (positives >= chosen.possible).mean() >= 0.9

    assert kept >= 0.95 * REPEATS


def test_certified_precision_by_hand() -> None:
    """Of 20 labels all fail but the last five: there is one start, at the twelfth.

    From there downward until the bound is below the aim.
    """
    counts = np.arange(1, 21)
    hits = np.minimum(counts, 15)
    bounds = certified_precision(counts, hits, AIMS)
    first = int(np.flatnonzero(~np.isnan(bounds))[0])
    starts = 1  # 11 labels could pass at 5% / 3; four times as many are not there
    assert counts[first] == 12
    assert 0.7**11 > 0.05 / 3 > 0.7**12

    for place in range(first, 20):
        test = binomtest(int(hits[place]), int(counts[place]), alternative="greater")
        low = test.proportion_ci(1 - 0.05 / starts, method="exact").low
        if low >= 0.7:
            assert bounds[place] == pytest.approx(low)
        else:
            assert np.isnan(bounds[place])


def test_likely_without_guarantee() -> None:
    """Three of four fail: 75% is seen, but 70% cannot be had with confidence.

    If every other label is failing instead, no score will do.
    """
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    failing = np.array([1, 1, 0, 1, 0, 0])
    bound = precision_bound(scores, failing, AIMS, at_least=0.1)
    assert (bound.threshold, bound.labels, bound.failing) == (0.6, 4, 3)
    assert "not guaranteed" in bound.sentence
    assert "3 of the 4 labels there fail" in bound.sentence
    assert np.isnan(bound.bound)

    none = precision_bound(scores, 1 - failing, AIMS, at_least=0.1)
    assert (none.threshold, none.labels) == (1.0, 0)
    assert "not guaranteed" in none.sentence


def test_likely_is_never_under_possible() -> None:
    """A perfect ranking: LIKELY could begin lower than the smallest failing score, and does not."""
    scores = np.linspace(0.01, 0.99, 400)
    chosen = choose_one(scores, (scores > 0.5).astype(np.int64), Aims(recall=0.5))
    assert chosen.likely >= 0.5
    assert chosen.possible > 0.7
    head = with_thresholds(PLAIN_HEAD, chosen)
    assert head.likely == head.possible == chosen.likely
    expected = "with 95% confidence at least 70% of roofs there fail"
    assert expected in chosen.precision.sentence
    assert chosen.precision.bound >= 0.7


scored = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.01, 0.1, 0.5, 0.9, 1.0]) | st.floats(0, 1), st.integers(0, 1)
    ),
    min_size=1,
    max_size=60,
)
shares = st.floats(0.05, 0.99)


@given(scored, shares, shares, shares)
def test_any_labels_give_an_order_and_honest_words(
    rows: list[tuple[float, int]], precision: float, recall: float, confidence: float
) -> None:
    """For any labels LIKELY begins at one half or above, and no word promises anything.

    The head that ships has 0 < possible <= likely <= 1 at whatever share failing. The order of the
    rows does not matter.
    """
    scores = np.array([score for score, _ in rows])
    failing = np.array([label for _, label in rows])
    aims = Aims(precision_likely=precision, recall=recall, confidence=confidence)
    if not failing.any():
        with pytest.raises(ValueError, match="want a failing one"):
            choose_one(scores, failing, aims)
        return

    chosen = choose_one(scores, failing, aims)
    assert 0.5 <= chosen.likely <= 1
    assert 0 < chosen.possible <= 1
    for share in (0.001, 0.1, 0.5, 0.9, 0.999):
        head = at_share(with_thresholds(PLAIN_HEAD, chosen), share)
        assert 0 < head.possible <= head.likely == chosen.likely
    if not np.isnan(chosen.recall.confidence):
        assert chosen.recall.confidence >= confidence
        caught = (scores[failing == 1] >= chosen.possible).sum()
        assert caught >= failing.sum() - chosen.recall.rank + 1

    for said in (chosen.recall, chosen.average_recall, chosen.precision, chosen):
        assert not FORBIDDEN.search(said.sentence)
    backward = choose_one(scores[::-1], failing[::-1], aims)
    assert (backward.likely, backward.possible) == (chosen.likely, chosen.possible)


@given(st.integers(29, 5000), st.floats(0.5, 0.99))
def test_rank_is_the_largest(failing: int, recall: float) -> None:
    """One rank more would not keep the confidence."""
    bound = recall_bound(np.linspace(0.1, 0.9, failing), Aims(recall=recall))
    assert bound.rank == failing or beta.sf(recall, failing - bound.rank, bound.rank + 1) < 0.95


@pytest.mark.parametrize("share", [0.0, 1.0, float("nan")])
def test_aims_are_shares(share: float) -> None:
    """0 and 1 cannot be aimed at, and there are two places where aims can hold."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        Aims(recall=share)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Aims(precision_likely=share)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Aims(confidence=share)
    with pytest.raises(ValueError, match="promise is 'best'"):
        Aims(promise="best")


def test_scores_are_probabilities() -> None:
    """A share of dark pixels above 1, or NaN, is none."""
    wrong = np.array([0.5, np.nan])
    right = np.array([0.5, 0.1])
    for scores, even in ((wrong, right), (right, wrong), (right * 3, right)):
        with pytest.raises(ValueError, match="scores of 2024"):
            TriedFlyover(year=2024, scores=scores, even=even, failing=np.array([1, 0]))


def labels_of(
    year: int, likely: tuple[int, int], *, below: tuple[int, int] = (10, 100)
) -> TriedFlyover:
    """Return a flyover of failing and intact labels at 0.8, and others at 0.1 and below."""
    counts = (*likely, *below)
    classes = np.repeat([1, 0, 1, 0], counts)
    scores = np.repeat([0.8, 0.8, 0.1, 0.05], counts)
    share = (classes.sum() + 0.5) / (len(classes) + 1)
    odds = scores / (1 - scores) * (1 - share) / share
    return TriedFlyover(year=year, scores=scores, even=odds / (1 + odds), failing=classes)


GOOD = labels_of(2021, (60, 2))
BAD = labels_of(2023, (20, 30))


def test_labels_chosen_for_their_scores_do_not_say_what_is_missed() -> None:
    """By hand: 70 failing labels at 0.8 from the top of a list, 30 anybody's from 0.1 to 0.39.

    Of all 100 most lie at 0.8. Of the 30 the rank that keeps 55% with 95% confidence is the ninth:
    0.18. With 9 of them all count, and the sentence says why that promises too much.
    """
    rising = 0.1 + np.arange(30) / 100
    scores = np.concatenate([np.full(70, 0.8), rising, np.full(100, 0.05)])
    failing = np.repeat([1, 0], 100)
    is_fair = np.arange(200) >= 70
    everybody = TriedFlyover(year=2024, scores=scores, even=scores, failing=failing)
    aims = Aims(recall=0.55)
    assert choose_thresholds([everybody], aims, tried=False).possible == pytest.approx(0.8)

    chosen = choose_thresholds([replace(everybody, is_fair=is_fair)], aims, tried=False)
    assert chosen.possible == pytest.approx(0.18)
    wanted = (
        "70 of the 100 failing labels were chosen for their scores: POSSIBLE begins by the others."
    )
    assert wanted in chosen.sentence

    few = is_fair & (np.arange(200) >= 91)
    chosen = choose_thresholds([replace(everybody, is_fair=few)], aims, tried=False)
    assert chosen.possible == pytest.approx(0.8)
    assert "91 of the 100 failing labels were chosen for their scores" in chosen.sentence


def test_every_flyover_or_the_mean() -> None:
    """60 of 62 fail in one flyover at 0.8, 20 of 50 in the other.

    In their mean 80 of 112 do, which is 71%. In the worst of them no score is good enough, so
    LIKELY begins as high as it may, and the sentence says what it keeps.
    """
    mean = choose_thresholds([GOOD, BAD], Aims(promise="mean"), tried=True)
    assert mean.likely == 0.8
    assert "not guaranteed" in mean.precision.sentence
    assert "80 of the 112 labels there fail" in mean.precision.sentence
    assert "over all of them" in mean.sentence

    worst = choose_thresholds([GOOD, BAD], Aims(), tried=True)
    assert worst.likely == MOST_LIKELY
    assert worst.precision.sentence == (
        "LIKELY begins at 0.9: not guaranteed; no label scores there."
    )
    assert worst.tried == 2
    assert "2 flyovers were left out whole" in worst.sentence
    assert "in the worst of them" in worst.sentence

    one = choose_thresholds([GOOD, labels_of(2022, (50, 3))], Aims(), tried=True)
    assert one.likely == 0.8
    assert one.precision.bound >= 0.7
    assert "96.8% of 62 in 2021, 94.3% of 53 in 2022" in one.sentence


def test_the_promise_is_that_of_the_least_certain_flyover() -> None:
    """Guaranteed in one, and just seen in the other: not guaranteed."""
    few = labels_of(2022, (5, 1))
    chosen = choose_thresholds([GOOD, few], Aims(), tried=True)
    assert chosen.likely == 0.8
    assert "not guaranteed" in chosen.precision.sentence
    assert "5 of the 6 labels there fail" in chosen.precision.sentence


def test_what_is_printed_is_what_ships() -> None:
    """A share that only a score above 0.9 keeps: LIKELY begins at 0.9, and so says the sentence."""
    scores = np.repeat([0.95, 0.92, 0.1], [60, 60, 200])
    failing = np.concatenate([np.ones(60), np.zeros(60), np.ones(20), np.zeros(180)])
    chosen = choose_one(scores, failing.astype(np.int64), Aims())
    assert chosen.likely == MOST_LIKELY
    assert chosen.precision.sentence.startswith("LIKELY begins at 0.9: not guaranteed")
    assert "60 of the 120 labels there fail" in chosen.precision.sentence


def test_one_flyover_promises_nothing_for_another() -> None:
    """Whatever the promise, and however many flyovers have a few labels."""
    for promise in ("every_flyover", "mean"):
        for flyovers in ([GOOD], [GOOD, labels_of(2024, (1, 0), below=(0, 3))]):
            chosen = choose_thresholds(flyovers, Aims(promise=promise), tried=False)
            assert chosen.sentence.startswith("Not yet tried on another flyover")
            assert chosen.tried == 0
            assert chosen.likely == 0.8


def test_labels_of_a_flyover_without_a_failing_one_count() -> None:
    """Eighty roofs of another year that score 0.8 and stand: LIKELY is not guaranteed at 0.8."""
    intact = labels_of(2024, (0, 80), below=(0, 5))
    assert choose_thresholds([GOOD], Aims(), tried=False).precision.bound > 0.7
    chosen = choose_thresholds([GOOD, intact], Aims(), tried=False)
    assert chosen.likely == MOST_LIKELY


def test_it_is_said_where_both_words_begin_at_one_score() -> None:
    """POSSIBLE at even odds 0.7 and LIKELY at 0.7 meet where half of the roofs fail.

    Where POSSIBLE begins far below, nothing is said.
    """
    scores = np.repeat([0.8, 0.7, 0.1], [40, 40, 200])
    failing = np.concatenate([np.ones(80), np.zeros(200)]).astype(np.int64)
    chosen = choose_one(scores, failing, Aims())
    assert (chosen.likely, chosen.possible) == (0.7, 0.7)
    assert (
        "Where 50% or more of the roofs fail, LIKELY and POSSIBLE begin at one score, and no roof "
        "is called POSSIBLE. POSSIBLE begins at 0.7 at even odds, which is 0.7 in such a flyover, "
        "and LIKELY begins there."
    ) in chosen.sentence
    head = at_share(with_thresholds(PLAIN_HEAD, chosen), 0.5)
    assert head.possible == pytest.approx(head.likely)
    assert at_share(head, 0.3).possible < head.likely

    apart = choose_one(np.where(scores < 0.75, scores / 5, scores), failing, Aims())
    assert apart.possible == pytest.approx(0.14)
    assert "one score" not in apart.sentence
