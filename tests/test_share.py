"""The share failing of a flyover from its scores alone, and scores adapted to it."""

from dataclasses import replace

import numpy as np
import pytest
from heads import plain_head
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm

from inference.hazard import HazardWord, Thresholds, hazard_word
from models.flyover_stats import FlyoverStats
from models.head import Head, at_share, head_scores, offset_at
from models.share import ScoredFlyover, Share, balance, estimate_share

APART = 3.0
"""Failing roofs score this much above intact ones, in logits of spread 1."""
ROOFS = 2000
HITS = float(norm.sf(-APART / 2))
ALARMS = float(norm.sf(APART / 2))
"""Shares of failing and of intact roofs above the middle between both."""


def gaussian_head(*, separation: float = 0.0, rates: NDArray[np.float64] | None = None) -> Head:
    """Return the head that is right for two Gaussians of spread 1, `APART` from each other.

    With a separation it is right for logits from which the mean of their flyover was taken.
    """
    even = -APART * APART / 2 if not separation else 0.0
    return replace(
        plain_head(1, "dark_share"),
        weights=np.ones((1, 1)),
        slope=APART,
        offset=even,
        separation=separation,
        rates=np.array([[HITS, ALARMS]]) if rates is None else rates,
        possible_even=0.2,
    )


def flyover_of(share: float, seed: int = 0, *, roofs: int = ROOFS) -> NDArray[np.float64]:
    """Return the logits of a flyover of which a share fails, (roofs,)."""
    rng = np.random.default_rng(seed)
    failing = np.arange(roofs) < round(share * roofs)
    return np.asarray(rng.normal(size=roofs) + APART * failing)


def words_of(head: Head, logits: NDArray[np.float64], share: Share) -> list[HazardWord]:
    """Return the words that a flyover gets."""
    own = at_share(head, share.used, deviation=share.deviation)
    scores = head_scores(own, logits[:, None].astype(np.float32))[0]
    begins = Thresholds(likely=own.likely, possible=own.possible, held_back=share.doubt)
    return [hazard_word(float(score), begins) for score in scores]


shares = st.floats(0.001, 0.999)


@given(st.floats(0.001, 0.999), shares, shares)
def test_at_share_is_bayes_by_hand(score: float, first: float, second: float) -> None:
    """Odds are multiplied by how much more roofs fail, and divided by how much fewer stand.

    Going to the same share over another one, or back, changes nothing.
    """
    head = replace(gaussian_head(), share=first)
    feature = np.array([[(logit(score) - head.offset) / head.slope]], np.float32)
    before = float(head_scores(head, feature)[0][0])

    there = at_share(head, second)
    after = float(head_scores(there, feature)[0][0])
    failing = before * second / first
    intact = (1 - before) * (1 - second) / (1 - first)
    assert after == pytest.approx(failing / (failing + intact), rel=1e-6)

    back = at_share(there, first)
    assert float(head_scores(back, feature)[0][0]) == pytest.approx(before, rel=1e-6)
    assert (back.offset, back.share) == pytest.approx((head.offset, head.share))


@given(st.floats(0.2, 0.8), st.floats(0, 4))
def test_the_mean_of_a_flyover_is_taken_back(share: float, separation: float) -> None:
    """A flyover's own mean rises with its share failing by `separation` times the share.

    The roof scores what it would without a mean being taken away.
    """
    plain = gaussian_head()
    centered = gaussian_head(separation=separation)
    centered = replace(centered, offset=plain.offset + plain.slope * separation / 2)
    for logits in (-1.0, 0.0, 2.5):
        moved = np.array([[logits - share * separation]], np.float32)
        ours = head_scores(at_share(centered, share), moved)[0]
        theirs = head_scores(at_share(plain, share), np.array([[logits]], np.float32))[0]
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@given(shares, st.floats(0.001, 0.6))
def test_possible_moves_with_the_scores(share: float, possible: float) -> None:
    """A roof that is POSSIBLE or LIKELY stays so at any share, if LIKELY is far away."""
    head = replace(gaussian_head(), possible_even=possible, likely=1.0)
    there = at_share(head, share)
    assert 0 < there.possible <= there.likely
    for at_even in (possible * 0.99, min(possible * 1.01, 0.999)):
        moved = expit(logit(at_even) + logit(share))
        assert (moved >= there.possible) == (at_even >= possible)


def test_an_uncertain_share_widens_intervals() -> None:
    """Its deviation adds to the deviation of the offset, the score stays."""
    head = gaussian_head()
    sure = at_share(head, 0.1)
    unsure = at_share(head, 0.1, deviation=0.5)
    assert unsure.covariance[1, 1] == pytest.approx(sure.covariance[1, 1] + 0.25)
    looks = np.array([[2.0]], np.float32)
    narrow = head_scores(sure, looks)
    wide = head_scores(unsure, looks)
    assert wide[0] == narrow[0]
    assert wide[2] - wide[1] > narrow[2] - narrow[1]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.5])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_share_lies_within_its_interval(share: float, seed: int) -> None:
    """Two estimates that agree, near the truth, whatever share failing the head was made at."""
    logits = flyover_of(share, seed)
    found = estimate_share(at_share(gaussian_head(), 0.35), logits)
    assert found.low <= share <= found.high
    assert found.high - found.low < 0.06
    assert found.share == pytest.approx(share, abs=0.02)
    assert found.check == pytest.approx(share, abs=0.03)
    assert found.doubt == ""
    assert found.chips == ROOFS


def test_intervals_hold_as_often_as_they_say() -> None:
    """90% intervals of 60 flyovers of each share: at least 85% hold the truth."""
    for share in (0.02, 0.2, 0.5):
        held = 0
        for seed in range(60):
            found = estimate_share(gaussian_head(), flyover_of(share, 100 + seed, roofs=600))
            held += found.low <= share <= found.high
        assert held >= 51, share


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_the_share_where_the_mean_was_taken_away(share: float) -> None:
    """Features set against their own flyover: the separation gives the share back."""
    head = gaussian_head(separation=APART)
    logits = flyover_of(share, roofs=20_000)
    centered = logits - logits.mean()
    assert balance(head, centered) == pytest.approx(share, abs=0.03)
    without = gaussian_head()
    without = replace(without, offset=0.0)
    assert abs(balance(without, centered) - share) > 0.1 or share == 0.5


def test_the_balance_is_where_the_mean_score_is_the_share() -> None:
    """As expectation maximization, run for long, finds it (Saerens et al., 2002)."""
    head = gaussian_head()
    logits = flyover_of(0.12, 3)
    share = 0.5
    for _ in range(2000):
        odds = np.exp(head.slope * logits + head.offset) * share / (1 - share)
        share = float((odds / (1 + odds)).mean())
    assert balance(head, logits) == pytest.approx(share, abs=0.003)


@pytest.mark.parametrize("seed", range(5))
def test_no_failing_roof_no_likely(seed: int) -> None:
    """A flyover in which every roof stands: at most one roof in a thousand is LIKELY."""
    head = gaussian_head()
    logits = flyover_of(0.0, seed)
    share = estimate_share(head, logits)
    assert share.share < 0.01
    assert share.low == 0
    words = words_of(head, logits, share)
    assert words.count(HazardWord.LIKELY) <= ROOFS / 1000

    clean = logits[logits < 2.0]
    assert HazardWord.LIKELY not in words_of(head, clean, estimate_share(head, clean))


def test_half_failing() -> None:
    """LIKELY is right as often as it says, and finds most of the failing roofs."""
    head = gaussian_head()
    logits = flyover_of(0.5)
    words = words_of(head, logits, estimate_share(head, logits))
    is_likely = np.array([word is HazardWord.LIKELY for word in words])
    is_failing = np.arange(ROOFS) < ROOFS / 2
    assert is_failing[is_likely].mean() > 0.9
    assert is_likely[is_failing].mean() > 0.8


def test_a_share_that_runs_away_holds_likely_back() -> None:
    """Every roof scores as failing: the estimate is doubted, and no roof is LIKELY."""
    head = gaussian_head()
    logits = flyover_of(1.0)
    found = estimate_share(head, logits)
    assert found.has_run_away
    assert found.doubt == f"the estimated share failing runs to {found.share:.0%}"
    words = words_of(head, logits, found)
    assert HazardWord.LIKELY not in words
    assert HazardWord.POSSIBLE in words


def test_estimates_that_disagree_hold_likely_back() -> None:
    """By the confusion of another sensor the same count means another share."""
    head = gaussian_head(rates=np.array([[0.3, 0.01]]))
    found = estimate_share(head, flyover_of(0.2))
    assert abs(found.share - found.check) > 0.15
    assert "two estimates of the share failing disagree: 20% and" in found.doubt
    assert found.low < 0.2 < found.check <= found.high

    unknown = Share(share=0.2, low=0.1, high=0.3, check=float("nan"), chips=100)
    assert unknown.doubt == ""


def test_the_confusion_estimate_by_hand() -> None:
    """30 of 100 are called failing; 80% of failing and 10% of intact roofs are: 20 / 70 fail.

    With 75% and 5% of another flyover it is 25 / 70. The check takes the mean rates.
    """
    rates = np.array([[0.8, 0.1], [0.75, 0.05]])
    head = replace(gaussian_head(rates=rates), slope=1.0, offset=0.0)
    logits = np.where(np.arange(100) < 30, 50.0, -50.0)
    found = estimate_share(head, logits)
    assert found.check == pytest.approx((0.3 - 0.075) / (0.775 - 0.075))
    assert found.share == pytest.approx(0.3, abs=1e-3)

    reach = 1.645 * np.sqrt(0.3 * 0.7 / 100) / 0.7
    assert found.low == pytest.approx(20 / 70 - reach)
    assert found.high == pytest.approx(25 / 70 + reach)

    telling_nothing = replace(head, rates=np.array([[0.5, 0.45]]))
    blind = estimate_share(telling_nothing, logits)
    assert np.isnan(blind.check)
    assert blind.low <= blind.share <= blind.high


def test_roofs_of_a_block_are_alike() -> None:
    """Ten roofs of each of 80 blocks that are all one: the interval is as wide as of 80 roofs."""
    head = replace(gaussian_head(), slope=1.0, offset=0.0)
    blocks = np.repeat(np.arange(80), 10)
    logits = np.where(blocks < 24, 50.0, -50.0)
    apart = estimate_share(head, logits)
    alike = estimate_share(head, logits, blocks)
    of_blocks = estimate_share(head, logits[::10])
    assert alike.high - alike.low > 2 * (apart.high - apart.low)
    assert (alike.low, alike.high) == pytest.approx((of_blocks.low, of_blocks.high))


def test_nothing_scored() -> None:
    """No roof, no estimate: anything may be, and the head stays where it was made."""
    found = estimate_share(gaussian_head(), np.zeros(0))
    assert (found.share, found.low, found.high, found.chips) == (0.5, 0, 1, 0)
    assert 0 < found.used < 1
    assert np.isfinite(found.deviation)


def test_a_flyover_sets_statistics_and_share() -> None:
    """Both at once: what the ledger and the pictures are made with."""
    stats = FlyoverStats(year=2024, chips=80, center=np.array([3.0]), spread=np.array([2.0]))
    head = replace(gaussian_head(), flyovers=(stats,))
    share = Share(share=0.1, low=0.05, high=0.2, check=0.12, chips=80)
    own = ScoredFlyover(stats=stats, share=share).set(head)
    assert (own.center[0], own.scale[0], own.share) == (3.0, 2.0, 0.1)
    assert own.offset == pytest.approx(float(offset_at(head, np.array([0.1]))[0]))
    assert own.covariance[1, 1] > 0


@pytest.mark.parametrize(("tried", "widths"), [(0, 1.645), (2, 2.920), (3, 2.353), (30, 1.697)])
def test_few_flyovers_left_out_widen_the_interval(tried: int, widths: float) -> None:
    """Student's t by hand: with two flyovers the error is known badly, with thirty well."""
    head = replace(at_share(gaussian_head(), 0.2), share_error=0.4, tried=tried)
    found = estimate_share(head, flyover_of(0.2, roofs=20))
    ends = expit(logit(0.2) + np.array([-1, 1]) * 0.4 * widths)
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=1e-3)
