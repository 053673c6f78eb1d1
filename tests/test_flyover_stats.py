"""Statistics of a flyover: those of all its chips, and the same scores in any light."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from heads import random_head
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.feature_cache import CacheGroup, Features, cache_schema, write_cache
from models.flyover_stats import LEAST_CHIPS, FlyoverStats, measure_flyover, pooled_stats
from models.head import Head, head_scores, on_flyover
from models.measures import MEASURES

WIDTH = len(MEASURES) + 4
seeds = st.integers(0, 9999)


def looks_of(seed: int, chips: int) -> NDArray[np.float32]:
    """Return what a model sees of some chips, (chips, WIDTH), each column on a scale of its own."""
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.uniform(-2, 2, WIDTH)
    center = rng.normal(0, 5, WIDTH) * scale
    return np.asarray(center + rng.normal(size=(chips, WIDTH)) * scale, np.float32)


def joined_head(flyovers: tuple[FlyoverStats, ...]) -> Head:
    """Return a head on measures and features that was trained on some flyovers."""
    pooled = pooled_stats(flyovers)
    return replace(
        random_head(WIDTH, "joined", seed=8),
        flyovers=flyovers,
        center=pooled.center,
        scale=pooled.spread,
        separation=1.0,
        share=0.2,
        likely=0.7,
        possible_even=0.3,
    )


@settings(max_examples=50)
@given(seeds, st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_parts_change_nothing(seed: int, sizes: list[int]) -> None:
    """However the chips are divided, empty parts among them; the mean is that of numpy."""
    looks = looks_of(seed, sum(sizes))
    parts = np.split(looks, np.cumsum(sizes)[:-1])
    found = measure_flyover(2024, parts, WIDTH)
    whole = measure_flyover(2024, [looks], WIDTH)
    assert (found.year, found.chips) == (2024, len(looks))
    assert (found.spread > 0).all()
    np.testing.assert_allclose(found.spread, whole.spread, rtol=1e-6)
    if not len(looks):
        np.testing.assert_array_equal(found.center, np.zeros(WIDTH))
        return

    expected = looks.astype(np.float64)
    np.testing.assert_allclose(found.center, expected.mean(axis=0), rtol=1e-9, atol=1e-9)


@settings(max_examples=20)
@given(seeds)
def test_the_spread_is_that_of_numpys_percentiles(seed: int) -> None:
    """Half of the way from the 16th to the 84th, right to a small part of it."""
    looks = looks_of(seed, 3000).astype(np.float64)
    skewed = np.asarray(np.exp((looks - looks.mean(axis=0)) / looks.std(axis=0)), np.float32)
    low, high = np.percentile(skewed.astype(np.float64), (15.87, 84.13), axis=0)
    found = measure_flyover(2024, [skewed[:1000], skewed[1000:]], WIDTH)
    np.testing.assert_allclose(found.spread, (high - low) / 2, rtol=0.03)


def test_a_spread_by_hand() -> None:
    """One hundred roofs at 0 to 99 and five strange ones at 1,000.

    The middle 68.26 of the hundred span 68.26, those of all 105 span 71.7. The standard deviation
    would rise from 28.9 to 205.
    """
    roofs = np.repeat(np.arange(100, dtype=np.float32)[:, None], WIDTH, axis=1)
    assert measure_flyover(2024, [roofs], WIDTH).spread == pytest.approx(68.26 / 2, abs=0.5)

    strange = np.full((5, WIDTH), 1000, np.float32)
    found = measure_flyover(2024, [roofs, strange], WIDTH)
    assert found.spread == pytest.approx(71.7 / 2, abs=3)


def test_a_feature_that_most_roofs_lack_has_a_tenth_of_its_deviation() -> None:
    """Of 100 roofs 95 have 0: the middle has no width, and no roof is set beyond ten spreads."""
    looks = np.zeros((100, WIDTH), np.float32)
    looks[:5] = 7
    found = measure_flyover(2024, [looks], WIDTH)
    np.testing.assert_allclose(found.spread, 0.1 * looks.std(axis=0), rtol=1e-6)


def test_far_from_zero_nothing_is_lost() -> None:
    """A mean a million times the spread: sums of squares would lose all digits."""
    values = np.repeat(np.arange(4096, 4196, dtype=np.float32), 2)
    looks = np.repeat(values[:, None], WIDTH, axis=1) * np.float32(256)
    found = measure_flyover(2024, [looks[:1], looks[1:4], looks[4:]], WIDTH)
    np.testing.assert_allclose(found.spread, 68.26 / 2 * 256, rtol=0.02)


def test_a_column_that_never_changes_has_a_spread() -> None:
    """It is divided by a small number, never by 0."""
    found = measure_flyover(2024, [np.full((70, WIDTH), 3, np.float32)], WIDTH)
    np.testing.assert_array_equal(found.center, np.full(WIDTH, 3.0))
    assert (found.spread > 0).all()


def test_pooled_weighs_every_flyover_the_same() -> None:
    """However many chips it has."""
    small = FlyoverStats(year=2020, chips=60, center=np.array([1.0]), spread=np.array([2.0]))
    large = FlyoverStats(year=2023, chips=9000, center=np.array([5.0]), spread=np.array([4.0]))
    pooled = pooled_stats([small, large])
    assert (pooled.center[0], pooled.spread[0]) == (3.0, 3.0)
    with pytest.raises(ValueError, match="no flyover"):
        pooled_stats([])


def test_few_chips_are_set_against_the_pooled_statistics() -> None:
    """One chip less than it takes: the head stays as it was trained. So does a fine-tuned one."""
    past = tuple(measure_flyover(year, [looks_of(year, 90)], WIDTH) for year in (2021, 2022))
    head = joined_head(past)
    few = measure_flyover(2024, [looks_of(3, LEAST_CHIPS - 1)], WIDTH)
    enough = measure_flyover(2024, [looks_of(3, LEAST_CHIPS)], WIDTH)

    assert on_flyover(head, few) is head
    own = on_flyover(head, enough)
    np.testing.assert_array_equal(own.center, enough.center)
    np.testing.assert_array_equal(own.scale, enough.spread)
    np.testing.assert_array_equal(own.weights, head.weights)

    tuned = replace(head, flyovers=())
    assert on_flyover(tuned, enough) is tuned


def test_each_rung_takes_its_own_columns() -> None:
    """The measures come first."""
    stats = measure_flyover(2024, [looks_of(3, LEAST_CHIPS)], WIDTH)
    head = joined_head((stats,))
    for rung, columns in (
        ("dark_share", slice(0, 1)),
        ("measures", slice(0, len(MEASURES))),
        ("network", slice(len(MEASURES), WIDTH)),
    ):
        part = replace(
            head,
            rung=rung,
            center=head.center[columns] + 1,
            scale=head.scale[columns],
            weights=head.weights[:, columns],
        )
        np.testing.assert_array_equal(on_flyover(part, stats).center, stats.center[columns])


@settings(max_examples=20)
@given(seeds)
def test_a_few_more_chips_move_little(seed: int) -> None:
    """Five chips beside 500, however strange: no mean by more than 5% of ten spreads.

    And scores of the others hardly change.
    """
    looks = looks_of(seed, 500)
    before = measure_flyover(2024, [looks], WIDTH)
    strange = (before.center + 10 * before.spread).astype(np.float32)
    after = measure_flyover(2024, [looks, np.tile(strange, (5, 1))], WIDTH)
    assert (np.abs(after.center - before.center) <= 0.5 * before.spread / 5).all()
    np.testing.assert_allclose(after.spread, before.spread, rtol=0.45)

    alike = measure_flyover(2024, [looks, looks[:5]], WIDTH)
    head = joined_head((before,))
    ours = head_scores(on_flyover(head, before), looks)[0]
    theirs = head_scores(on_flyover(head, alike), looks)[0]
    assert np.abs(ours - theirs).max() < 0.05


@settings(max_examples=25)
@given(seeds)
def test_another_light_of_a_whole_flyover_changes_no_score(seed: int) -> None:
    """Every column of every chip is multiplied and shifted: the scores are the same.

    Against the pooled statistics they would be others.
    """
    looks = looks_of(seed, 200)
    head = joined_head((measure_flyover(2022, [looks], WIDTH),))
    rng = np.random.default_rng(seed)
    factor = rng.uniform(0.5, 2, WIDTH)
    shift = rng.normal(0, 3, WIDTH) * looks.std(axis=0)
    other = (looks.astype(np.float64) * factor + shift).astype(np.float32)

    found = []
    for seen in (looks, other):
        own = on_flyover(head, measure_flyover(2024, [seen], WIDTH))
        found.append(np.stack(head_scores(own, seen)))
    np.testing.assert_allclose(found[0], found[1], atol=2e-3)
    assert np.abs(head_scores(head, looks)[0] - head_scores(head, other)[0]).max() > 0.05


def test_the_cache_gives_and_writes_them(tmp_path: Path) -> None:
    """Over all shards, measures before features; the file beside the cache holds the same."""
    looks = looks_of(1, 90)
    chips = tmp_path / "chips"
    chips.mkdir()
    groups = []
    for number, part in enumerate(np.split(looks, [20, 30])):
        values = tmp_path / f"{number}.npy"
        np.save(values, part)
        ids = tuple(f"P{number}-{row}" for row in range(len(part)))
        groups.append(CacheGroup(key=f"shard {number}", parcel_ids=ids, chips=ids, values=values))
    features = Features(path=chips / "features.parquet")
    write_cache(features, groups, {}, cache_schema("network", WIDTH - len(MEASURES)))

    stats = features.stats(2024)
    np.testing.assert_allclose(stats.center, looks.mean(axis=0, dtype=np.float64), rtol=1e-6)
    expected = measure_flyover(2024, [looks], WIDTH)
    np.testing.assert_allclose(stats.spread, expected.spread, rtol=1e-6)

    (written,) = chips.glob("*.json")
    kept = json.loads(written.read_text(encoding="utf-8"))
    assert (kept["year"], kept["chips"]) == (2024, 90)
    np.testing.assert_allclose(kept["center"], stats.center, rtol=1e-8)
    np.testing.assert_allclose(kept["middle_spread"], stats.spread, rtol=1e-8)


@pytest.mark.parametrize(
    ("center", "spread", "chips"),
    [
        ([0.0], [0.0], 5),
        ([0.0], [-1.0], 5),
        ([np.nan], [1.0], 5),
        ([0.0], [np.inf], 5),
        ([0.0], [1.0], -1),
        ([0.0, 1.0], [1.0], 5),
    ],
)
def test_broken_statistics_cannot_be_made(
    center: list[float], spread: list[float], chips: int
) -> None:
    """Shapes that differ, numbers that are none, a spread of 0."""
    with pytest.raises(ValueError, match=r"statistics of 2024|want one shape"):
        FlyoverStats(year=2024, chips=chips, center=np.array(center), spread=np.array(spread))
