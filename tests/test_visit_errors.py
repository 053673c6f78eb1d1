"""Errors of the people who look on site, and recall: by hand, from visits, and over many cities."""

from dataclasses import replace
from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from site_cases import SiteLook, looks_table

from benchmarks.circle import ROOFS, Scored, make_scores, run
from demo_city.people import INSPECTORS
from gis_export.table.audited import errors_of
from gis_export.table.visits import AUDIT, LISTED
from inference.hazard import HazardWord
from inference.miss_rate import Checked, MissRate, Realized
from inference.recall import Recall, WordVisits, estimate_recall
from inference.visit_errors import (
    ALLOWED_FALSE_ALARMS,
    ALLOWED_MISSES,
    LEAST_TWICE,
    Twice,
    VisitErrors,
)

NONE = VisitErrors(of_open=Twice(roofs=10**6, differ=0), of_sound=Twice(roofs=10**6, differ=0))
"""People who hardly ever err, and are known not to."""


def test_nothing_known_is_said_and_allowed_for() -> None:
    errors = VisitErrors()
    assert (errors.misses, errors.false_alarms) == (ALLOWED_MISSES, ALLOWED_FALSE_ALARMS)
    assert errors.sentence == (
        "Errors of inspectors: 5% of open roofs called sound are allowed for, which nobody has "
        "measured (0 roofs found open were visited twice; 20 are needed); 1% of sound roofs called "
        "open are allowed for, which nobody has measured (0 roofs found sound were visited twice; "
        "20 are needed)."
    )


def test_a_bound_from_second_visits_by_hand() -> None:
    """None of 20 differs: at most 1 - 0.05 ** (1 / 20) = 13.9% do, and 2 m / (1 + m) = 13.9%."""
    differ = 1 - 0.05 ** (1 / LEAST_TWICE)
    misses = Twice(roofs=LEAST_TWICE, differ=0).most
    assert 2 * misses / (1 + misses) == pytest.approx(differ)
    errors = VisitErrors(of_open=Twice(roofs=LEAST_TWICE, differ=0))
    assert errors.misses == misses
    assert errors.sentence.startswith(
        "Errors of inspectors: 20 roofs that one of two visits found open differ 0 times, so at "
        "most 7.5% of open roofs called sound are allowed for (95%); 1% of sound"
    )


def test_few_second_visits_that_differ_allow_for_more() -> None:
    """One of 5 differs: m = 0.2 / 1.8."""
    errors = VisitErrors(of_open=Twice(roofs=5, differ=1))
    assert errors.misses == pytest.approx(0.2 / 1.8)
    assert "(5 roofs found open were visited twice, 1 differ; 20 are needed)" in errors.sentence
    with pytest.raises(ValueError, match="not in order"):
        Twice(roofs=1, differ=2)


@given(share=st.floats(0, 1), misses=st.floats(0, 0.05), false_alarms=st.floats(0, 0.01))
def test_the_true_share_lies_between_the_ends(
    share: float, misses: float, false_alarms: float
) -> None:
    """What people with smaller errors report of any share leads back to it."""
    reported = share * (1 - misses) + (1 - share) * false_alarms
    errors = VisitErrors()
    assert errors.least(reported) <= share + 1e-9
    assert errors.most(reported) >= share - 1e-9


def test_miss_rate_and_realized_precision_allow_for_errors() -> None:
    """39 of 40 are open: chance says at most 99.9%, and people who miss 5% make it 100%."""
    checked = Checked(judged=40, open=39)
    realized = Realized(year=2026, word="LIKELY", checked=checked, promised=0.9)
    assert realized.most == 1.0
    assert realized.least == pytest.approx((checked.least - 0.01) / 0.99)
    missed = MissRate(year=2026, city=Checked(judged=60, open=1), districts={})
    assert missed.with_errors(VisitErrors()) == (
        "With errors of inspectors allowed for it is at most 8.1%."
    )
    none = MissRate(year=2026, city=Checked(judged=0, open=0), districts={})
    assert none.with_errors(VisitErrors()) == ""


def test_recall_by_hand() -> None:
    """Of 50 listed roofs 40 were judged, 36 of them open; of 500 others 1 of 100 is open."""
    listed = WordVisits(roofs=50, checked=Checked(judged=40, open=36))
    none = WordVisits(roofs=0, checked=Checked(judged=0, open=0))
    missed = Checked(judged=100, open=1)
    recall = estimate_recall([listed, none], missed, 500, year=2026, errors=NONE)
    assert recall.share == pytest.approx(45 / 50)
    assert recall.low == pytest.approx(36 / (36 + 500 * missed.most), abs=1e-3)
    assert recall.high == pytest.approx(46 / (46 + 500 * missed.least), abs=1e-3)
    assert recall.sentence == (
        "The list has about 90% of all open roofs (90%: 61% to 99%, from 40 visited roofs on it "
        "and 100 others)."
    )
    wider = estimate_recall([listed, none], missed, 500, year=2026, errors=VisitErrors())
    assert wider.low < recall.low
    assert wider.high > recall.high


def test_recall_is_said_only_where_it_can_be() -> None:
    known = Recall(year=2026, low=0.5, share=0.8, high=1.0, listed=20, others=20)
    assert known.is_known
    assert not replace(known, others=19).is_known
    assert not replace(known, listed=19).is_known
    assert not replace(known, low=0.2).is_known
    assert replace(known, low=0.2).sentence == ""

    nothing = estimate_recall(
        [WordVisits(roofs=30, checked=Checked(judged=30, open=0))],
        Checked(judged=30, open=0),
        100,
        year=2026,
        errors=VisitErrors(),
    )
    assert isnan(nothing.share)
    assert not nothing.is_known
    unseen = WordVisits(roofs=9, checked=Checked(judged=0, open=0))
    listed = WordVisits(roofs=30, checked=Checked(judged=30, open=20))
    partly = estimate_recall(
        [listed, unseen], Checked(judged=30, open=0), 100, year=2026, errors=VisitErrors()
    )
    assert not partly.is_known, "nobody has looked at any roof of one word"


def visit(parcel: str, failing: str, day: str, **more: str) -> SiteLook:
    """Return a visit."""
    return SiteLook(
        parcel=parcel,
        failing=failing,
        day=day,
        chosen=more.get("chosen", LISTED),
        disposition=more.get("disposition", ""),
    )


def test_second_visits_of_the_same_flyover_say_how_often_people_err() -> None:
    """A row entered twice, a repair, a closed door and a third visit say nothing."""
    looks = looks_table(
        visit("a", "Y", "2026-05-02"),
        visit("a", "N", "2026-05-09"),
        visit("a", "Y", "2026-05-10"),
        visit("b", "Y", "2026-05-02"),
        visit("b", "Y", "2026-05-09"),
        visit("c", "Y", "2026-05-02"),
        visit("c", "Y", "2026-05-02"),
        visit("d", "Y", "2026-05-02"),
        visit("d", "N", "2026-05-09", disposition="repaired"),
        visit("e", "N", "2026-05-02", chosen=AUDIT),
        visit("e", "N", "2026-05-09"),
        visit("f", "N", "2026-05-02"),
        visit("f", "", "2026-05-09"),
        visit("g", "N", "2026-05-02"),
        visit("g", "Y", "2026-05-09"),
    )
    words = pd.Series(
        {"a": "LIKELY", "b": "LIKELY", "e": HazardWord.NOT_SEEN.value, "g": "POSSIBLE"}
    )
    errors = errors_of(looks, {2026: words, 2025: words})
    assert errors.of_open == Twice(roofs=3, differ=2)
    assert errors.of_sound == Twice(roofs=1, differ=0)


def all_likely_open(rng: np.random.Generator) -> Scored:
    """Return a city where every LIKELY roof is open: inspectors report fewer."""
    scored = make_scores(rng, ROOFS)
    return replace(scored, is_open=scored.is_open | (scored.score >= 0.5))


@pytest.mark.parametrize(("misses", "again"), [(0.03, 0.0), (0.1, 0.3)])
def test_estimates_hold_where_all_likely_roofs_are_open(misses: float, again: float) -> None:
    """Chance alone would hold in 6 of 100 cities; second visits tell of people who err more."""
    rates = replace(INSPECTORS, misses=misses)
    outcomes = run(all_likely_open, seeds=20, rates=rates, again=again)
    assert sum(outcome.precision for outcome in outcomes) >= 18
    assert sum(outcome.recall for outcome in outcomes) >= 18
    assert sum(outcome.miss_rate for outcome in outcomes) >= 18
