"""Which roofs to look at next: parts, known chances, and a share failing that is right on average.

Cities of known truth are drawn from many times: the weights count the roofs, and what they say of
the share failing is its mean, whatever the scores are worth.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels.draws.weights import (
    is_for_its_score,
    label_weights,
    look_weights,
    looked_share,
    name_draw,
)
from labels.intervals import wilson
from labels.sample import PARTS, RANDOM, Candidates, Shares, draw_looks, systematic


def make_city(seed: int, *, roofs: int = 600) -> tuple[Candidates, pd.Series]:
    """Return scored roofs of three districts, some labeled, and whether each truly fails."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.5, 4, roofs)
    ids = np.array([f"P{number:04d}" for number in rng.permutation(roofs)], object)
    strangeness = rng.gamma(4, 1, roofs)
    strangeness[::7] = np.nan
    candidates = Candidates(
        parcel_id=ids,
        score=score,
        district=rng.choice(np.array(["", "East", "West"], object), roofs, p=[0.1, 0.3, 0.6]),
        strangeness=strangeness,
        is_labeled=rng.random(roofs) < 0.1,
    )
    failing = pd.Series((rng.random(roofs) < score**0.7).astype(int), index=ids)
    return candidates, failing


def without(candidates: Candidates, parcel_ids: pd.Series) -> Candidates:
    """Return the roofs that were not drawn."""
    is_left = ~np.isin(candidates.parcel_id.astype(str), parcel_ids.astype(str))
    return Candidates(
        parcel_id=candidates.parcel_id[is_left],
        score=candidates.score[is_left],
        district=candidates.district[is_left],
        strangeness=candidates.strangeness[is_left],
        is_labeled=candidates.is_labeled[is_left],
    )


def draw_twice(candidates: Candidates, rng: np.random.Generator) -> pd.DataFrame:
    """Return two draws of 60, the second with other scores, as labels name them."""
    first = draw_looks(candidates, looks=60, likely=0.6, rng=rng)
    left = without(candidates, first["parcel_id"])
    second = draw_looks(left, looks=60, likely=0.4, rng=rng, shares=Shares(top=0.3, random=0.5))
    both = pd.concat([first.assign(draw=1), second.assign(draw=2)], ignore_index=True)
    names = [name_draw(draw, part) for draw, part in zip(both["draw"], both["part"], strict=True)]
    return both.assign(chosen=names)


def test_parts_by_hand() -> None:
    """Ten roofs, five looks: the three best, the one nearest to where LIKELY begins, one of six."""
    scores = np.array([0.95, 0.9, 0.85, 0.72, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    roofs = Candidates(
        parcel_id=np.array(list("abcdefghij"), object),
        score=scores,
        district=np.full(10, "", object),
        strangeness=np.full(10, np.nan),
        is_labeled=np.array([True] + [False] * 9),
    )
    looks = draw_looks(roofs, looks=5, likely=0.7, rng=np.random.default_rng(3))
    by_part = {part: set(rows["parcel_id"]) for part, rows in looks.groupby("part")}

    assert by_part["top"] == set("bcd")
    assert by_part["unsure"] == {"e"}
    assert len(by_part[RANDOM] & set("afghij")) == 1
    chances = dict(zip(looks["part"], looks["chance"], strict=True))
    assert chances == {"top": 1.0, "unsure": 1.0, RANDOM: pytest.approx(1 / 6)}


def test_strange_roofs_have_their_half() -> None:
    """Of a hundred looks ten are strange, as many unsure, sixty from the top, twenty at random."""
    candidates, _ = make_city(1)
    looks = draw_looks(candidates, looks=100, likely=0.6, rng=np.random.default_rng(0))
    assert looks["part"].value_counts()[list(PARTS)].tolist() == [60, 10, 10, 20]
    assert looks["parcel_id"].is_unique


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    roofs=st.integers(1, 150),
    looks=st.integers(1, 160),
    random=st.sampled_from([0.1, 0.2, 0.6, 1.0]),
)
def test_every_draw_is_whole(seed: int, roofs: int, looks: int, random: float) -> None:
    """As many as were asked for, each once, every other roof with a chance, in any order of rows.

    The weights of the random part count the roofs that no sure part took.
    """
    candidates, _ = make_city(seed, roofs=roofs)
    shares = Shares(top=(1 - random) / 2, doubtful=(1 - random) / 2, random=random)
    found = draw_looks(
        candidates, looks=looks, likely=0.5, rng=np.random.default_rng(seed), shares=shares
    )
    assert len(found) == min(looks, roofs)
    assert found["parcel_id"].is_unique
    assert set(found["parcel_id"]) <= set(candidates.parcel_id)
    assert found["chance"].between(0, 1, inclusive="right").all()
    assert (1 / found["chance"]).sum() == pytest.approx(roofs)

    turned = Candidates(
        parcel_id=candidates.parcel_id[::-1],
        score=candidates.score[::-1],
        district=candidates.district[::-1],
        strangeness=candidates.strangeness[::-1],
        is_labeled=candidates.is_labeled[::-1],
    )
    again = draw_looks(
        turned, looks=looks, likely=0.5, rng=np.random.default_rng(seed), shares=shares
    )
    pd.testing.assert_frame_equal(again, found)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 200), data=st.data())
def test_districts_have_their_part(seed: int, rows: int, data: st.DataObject) -> None:
    """To the next whole number below or above."""
    count = data.draw(st.integers(0, rows))
    rng = np.random.default_rng(seed)
    districts = rng.choice(np.array(["A", "B", "C"], object), rows)
    drawn = systematic(districts, count, rng)
    assert len(set(drawn.tolist())) == count
    for name in "ABC":
        expected = (districts == name).sum() * count / rows
        assert abs((districts[drawn] == name).sum() - expected) < 1 + 1e-9


def test_every_roof_has_the_stated_chance() -> None:
    """Counted over 4,000 draws of 7 of 25 roofs."""
    districts = np.array(["A"] * 3 + ["B"] * 22, object)
    counts = np.zeros(25)
    for seed in range(4000):
        counts[systematic(districts, 7, np.random.default_rng(seed))] += 1
    error = np.sqrt(0.28 * 0.72 / 4000)
    assert np.abs(counts / 4000 - 7 / 25).max() < 4 * error


def test_share_failing_is_right_on_average() -> None:
    """Of one draw and of two, over 600 seeds, and the interval covers the truth in nine of ten."""
    candidates, failing = make_city(5)
    truth = float(failing.mean())
    covered = 0
    one: list[float] = []
    two: list[float] = []
    for seed in range(600):
        looks = draw_twice(candidates, np.random.default_rng(seed))
        looks["failing"] = failing.reindex(looks["parcel_id"]).to_numpy()
        first = looks[looks["draw"] == 1]
        one.append(float((first["failing"] / first["chance"]).sum() / len(candidates)))

        weights = look_weights(looks["chance"].to_numpy(), looks["draw"].to_numpy())
        assert weights.sum() == pytest.approx(len(candidates))
        two.append(float(weights @ looks["failing"] / len(candidates)))

        found = looked_share(looks)
        assert found is not None
        assert found.share == pytest.approx(two[-1])
        covered += found.low <= truth <= found.high

    for estimates in (np.array(one), np.array(two)):
        error = estimates.std() / np.sqrt(len(estimates))
        assert abs(estimates.mean() - truth) < 4 * error
    assert np.std(two) < np.std(one)
    assert covered >= 0.9 * 600


def test_the_top_alone_says_too_much() -> None:
    """What the weights are for: the plain share of the looks is far above the truth."""
    candidates, failing = make_city(5)
    looks = draw_twice(candidates, np.random.default_rng(0))
    plain = failing.reindex(looks["parcel_id"]).mean()
    assert plain > 2 * failing.mean()


def test_few_looks_give_no_share() -> None:
    """Thirty at random do, twenty-nine do not, and labels of unknown chance never."""
    looks = pd.DataFrame({"failing": [1] * 6 + [0] * 24, "chance": 0.05, "chosen": "random"})
    found = looked_share(looks)
    assert found is not None
    assert [found.share, found.looks, found.effective] == pytest.approx([0.2, 30, 30])
    assert (found.low, found.high) == pytest.approx(wilson(0.2, 30))

    assert looked_share(looks[:29]) is None
    assert looked_share(looks.assign(chance=np.nan)) is None


def test_wilson_by_hand() -> None:
    """No failing roof of 60: at most z2 / (n + z2) fail."""
    low, high = wilson(0.0, 60)
    assert low == 0
    assert high == pytest.approx(1.645**2 / (60 + 1.645**2))


def test_weights_of_two_draws_by_hand() -> None:
    """Three at random in the first, one in the second: three quarters and one quarter."""
    chance = np.array([1, 0.1, 0.1, 0.1, 1, 0.05])
    weights = look_weights(chance, np.array([1, 1, 1, 1, 2, 2]))
    np.testing.assert_allclose(weights, [1, 7.75, 7.75, 7.75, 0.25, 5])


def test_label_weights_are_clipped_and_average_one() -> None:
    """At ten times the median of the flyover; labels of unknown chance weigh 1."""
    chance = np.array([1, 1, 1, 0.01, np.nan, np.nan])
    years = np.array([2024, 2024, 2024, 2024, 2024, 2023])
    weights = label_weights(chance, np.ones(6, np.int64), years)
    np.testing.assert_allclose(weights, [4 / 13, 4 / 13, 4 / 13, 40 / 13, 1, 1])


def test_what_a_model_chose_is_known_by_its_words() -> None:
    """Draws, audits and the work list rest on scores; a city's own words do not."""
    chosen = [
        "",
        "complaint",
        "draw 2: top",
        " Draw 1: random",
        "work list",
        "Audit: random",
        "fire",
    ]
    found = is_for_its_score(pd.Series(chosen))
    assert found.tolist() == [False, False, True, True, True, True, False]
