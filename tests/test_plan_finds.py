"""What visits are expected to find: against exact sums, simulations and Bayes by hand."""

from dataclasses import replace
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import beta
from site_cases import SiteLook, looks_table, rows_with

from gis_export.housing.plan.access import LEAST_VISITS, Access, count_access
from gis_export.housing.plan.finds import Outlook, follow
from gis_export.housing.plan.shift import (
    SAYS,
    Shift,
    learn_shift,
    moved,
    shift_between,
    weigh_shift,
)
from gis_export.table.inputs import ShareFailing, no_looks
from gis_export.table.visits import AUDIT, LISTED
from labels.intervals import NORMAL_90

Floats = NDArray[np.float64]
ALWAYS = Access(visits=0, failed=0, default=0.0)
SURE = Shift(steps=np.zeros(1), better=np.zeros(1), weights=np.ones(1))


def exact(scores: Floats, outlook: Outlook, visits: int, level: float) -> int:
    """Return a quantile of the finds, every distribution summed roof by roof."""
    mixed = np.zeros(visits + 1)
    shift = outlook.shift
    for step, better, weight in zip(shift.steps, shift.better, shift.weights, strict=True):
        distribution = np.zeros(visits + 1)
        distribution[0] = 1.0
        for score in scores[:visits]:
            chance = expit(logit(score) + step) * outlook.access.reached(float(better))
            distribution[1:] = distribution[1:] * (1 - chance) + distribution[:-1] * chance
            distribution[0] *= 1 - chance
        mixed += weight * distribution
    return int((mixed.cumsum() >= level - 1e-9).argmax())


@settings(max_examples=25)
@given(
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=40),
    st.floats(0.0, 0.3),
    st.tuples(st.floats(0.02, 0.4), st.floats(0.4, 0.9)),
)
def test_intervals_are_those_of_the_exact_sums(
    scores: list[float], no_access: float, share: tuple[float, float]
) -> None:
    """The normal distribution with its correction is off by one find at most."""
    roofs = np.array(scores)
    outlook = Outlook(
        shift=shift_between(roofs, *share), access=Access(visits=0, failed=0, default=no_access)
    )
    course = follow(roofs, outlook)

    for visits in {1, len(roofs) // 2, len(roofs)} - {0}:
        assert abs(course.low[visits] - exact(roofs, outlook, visits, 0.05)) <= 1
        assert abs(course.high[visits] - exact(roofs, outlook, visits, 0.95)) <= 1
        assert 0 <= course.low[visits] <= course.high[visits] <= visits


def test_ten_even_bets_by_hand() -> None:
    """Of ten even bets at most 2 win in 56 of 1,024 cases, and at least 8 in as many."""
    below = [sum(comb(10, wins) for wins in range(most + 1)) / 1024 for most in range(11)]
    assert below[1] < 0.05 <= below[2]
    assert below[7] < 0.95 <= below[8]

    course = follow(np.full(10, 0.5), Outlook(shift=SURE, access=ALWAYS))
    assert (course.low[10], course.high[10]) == (2, 8)
    assert course.expected.tolist() == [50 * visits for visits in range(11)]


def test_many_visits_hold_what_is_simulated() -> None:
    """Beyond 300 visits the ends are drawn straight between some numbers, and lie outside."""
    rng = np.random.default_rng(3)
    scores = np.sort(rng.beta(0.3, 2.0, size=2000))[::-1]
    outlook = Outlook(shift=shift_between(scores, 0.08, 0.25), access=ALWAYS)
    course = follow(scores, outlook)
    assert (np.diff(course.low) >= 0).all()
    assert (np.diff(course.high) >= 0).all()

    places = rng.choice(len(outlook.shift.steps), size=4000)
    for visits in (301, 777, 1999):
        chances = np.array([moved(scores[:visits], step) for step in outlook.shift.steps])
        finds = (rng.random((4000, visits)) < chances[places]).sum(axis=1)
        low, high = np.quantile(finds, [0.05, 0.95])
        assert course.low[visits] == pytest.approx(low, abs=3)
        assert course.high[visits] == pytest.approx(high, rel=0.04)


def test_roofs_without_a_score_add_nothing() -> None:
    outlook = Outlook(shift=SURE, access=Access(visits=0, failed=0, default=0.2))
    course = follow(np.array([np.nan, 0.5, np.nan]), outlook)
    assert course.expected.tolist() == [0, 0, 40, 40]
    assert course.low.tolist() == [0, 0, 0, 0]
    assert course.high.tolist() == [0, 0, 1, 1]


@given(
    st.lists(st.floats(0.01, 0.99), min_size=2, max_size=50),
    st.floats(0.05, 0.3),
    st.floats(0.3, 0.8),
)
def test_the_shift_spans_the_share_failing(scores: list[float], low: float, high: float) -> None:
    roofs = np.array(scores)
    mean = float(roofs.mean())
    shift = shift_between(roofs, low, high)
    least = 1 / (2 * len(roofs) + 2)
    down = float(np.interp(-NORMAL_90, shift.better, shift.steps))
    up = float(np.interp(NORMAL_90, shift.better, shift.steps))
    assert moved(roofs, down).mean() == pytest.approx(min(mean, max(low, least)), abs=0.01)
    assert moved(roofs, up).mean() == pytest.approx(max(mean, min(high, 1 - least)), abs=0.01)
    assert shift.middle == 0


def test_visits_weigh_shifts_as_bayes_says() -> None:
    """Two shifts: all scores hold, or their odds are a quarter. Three of four roofs are found."""
    shift = Shift(
        steps=np.log([0.25, 1.0]), better=np.array([-1.0, 0.0]), weights=np.array([0.5, 0.5])
    )
    scores = np.array([0.5, 0.5, 0.5, 0.5])
    seen = weigh_shift(shift, scores, np.array([True, True, True, False]))

    at_quarter = (0.2**3 * 0.8) ** SAYS
    at_one = (0.5**4) ** SAYS
    assert seen.weights.tolist() == pytest.approx(
        [at_quarter / (at_quarter + at_one), at_one / (at_quarter + at_one)]
    )
    assert (seen.judged, seen.failing, seen.promised) == (4, 3, 2.0)
    assert "judged 4 roofs at these photos and found 3 failing; the scores said 2.0" in (
        seen.sentence
    )
    assert weigh_shift(shift, scores[:0], np.zeros(0, np.bool_)) is shift


def test_what_visits_find_moves_what_is_expected_and_narrows_the_interval() -> None:
    scores = np.full(100, 0.3)
    before = shift_between(scores, 0.05, 0.7)
    for failing, sign in ((36, 1), (6, -1)):
        after = weigh_shift(before, scores[:60], np.arange(60) < failing)
        assert np.sign(after.middle) == sign
        known = follow(scores, Outlook(shift=after, access=ALWAYS))
        unknown = follow(scores, Outlook(shift=before, access=ALWAYS))
        assert known.high[100] - known.low[100] < unknown.high[100] - unknown.low[100]


def test_only_listed_roofs_that_were_not_known_say_how_far_off_scores_are() -> None:
    """Audits set the share failing, and roofs that were seen failing before fail more often."""
    parcels = [f"{216 + row:04d} 001" for row in range(6)]
    looks = looks_table(
        SiteLook(parcel=parcels[0], failing="Y", chosen=LISTED),
        SiteLook(parcel=parcels[1], failing="N", chosen=AUDIT),
        SiteLook(parcel=parcels[2], disposition="no_access", chosen=LISTED),
        SiteLook(parcel=parcels[3], failing="Y", year=2025, day="2025-05-02"),
        SiteLook(parcel=parcels[3], failing="Y", chosen=LISTED),
        SiteLook(parcel=parcels[4], failing="N", chosen=LISTED),
    )
    rows = rows_with(count=6)
    share = ShareFailing(low=0.5, high=0.9)
    shift = learn_shift(rows, looks, year=2026, share=share)
    assert (shift.judged, shift.failing, shift.promised) == (2, 1, 1.5)
    assert learn_shift(rows, no_looks(), year=2026, share=share).sentence == ""


def test_without_a_share_the_ends_of_the_scores_count() -> None:
    """The scores are 0.75, from 0.375 to 0.75."""
    shift = learn_shift(rows_with(count=40), no_looks(), year=2026, share=None)
    step = float(np.interp(-NORMAL_90, shift.better, shift.steps))
    assert expit(logit(0.75) + step) == pytest.approx(0.375, abs=0.002)
    assert shift.steps.max() == pytest.approx(0, abs=1e-9)


def site_visits(judged: int, failed: int) -> pd.DataFrame:
    """Return visits of the book, some of which met a shut door."""
    looks = [SiteLook(parcel=f"{row:04d} 001", failing="N") for row in range(judged)]
    looks += [SiteLook(parcel=f"{row:04d} 002", disposition="no_access") for row in range(failed)]
    return looks_table(*looks).assign(look_id="from the book")


def test_no_access_is_counted_from_the_book_and_else_a_default_that_says_so() -> None:
    counted = count_access(site_visits(judged=36, failed=4), until=2026, default=0.25)
    assert (counted.visits, counted.failed, counted.failing) == (40, 4, 0.1)
    assert counted.sentence.startswith("4 of 40 visits on record could not judge the roof (10%)")
    low, high = beta.ppf(0.05, 4, 37), beta.ppf(0.95, 5, 36)
    assert counted.reached(-NORMAL_90) == pytest.approx(1 - high)
    assert counted.reached(0) == pytest.approx(0.9)
    assert counted.reached(NORMAL_90) == pytest.approx(1 - low)

    few = count_access(site_visits(judged=LEAST_VISITS - 1, failed=0), until=2026, default=0.25)
    assert few.failing == few.ends[0] == few.ends[1] == 0.25
    assert few.reached(-NORMAL_90) == few.reached(NORMAL_90) == pytest.approx(0.75)
    assert "default of [export.plan] no_access, not a finding: 19 visits" in few.sentence


def test_a_label_file_a_dispute_and_a_later_year_say_nothing_of_access() -> None:
    looks = site_visits(judged=30, failed=0)
    looks.loc[0, "source"] = "dispute"
    looks.loc[1, "year"] = 2027
    looks.loc[2, "look_id"] = ""
    looks.loc[3, ["failing", "disposition"]] = ["", "razed"]
    found = count_access(looks, until=2026, default=0.1)
    assert (found.visits, found.failed) == (27, 0)
    assert replace(found, visits=0).failing == 0.1
