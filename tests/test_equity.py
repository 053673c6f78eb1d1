"""Equity: comparisons by hand and against SciPy, correction, power, and what counts as what."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from export_cases import make_ledger, make_roll, whole_looks
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact

from gis_export.report.equity.areas import Level
from gis_export.report.equity.compare import ERROR, Pair, compare, countable, fisher, holm
from gis_export.report.equity.compared import Verdict
from gis_export.report.equity.findings import Equity, LevelTable, find_equity
from gis_export.report.equity.measures import MEASURES, OUTCOME, Evidence, Seen, Use, see_roofs
from gis_export.report.equity.more_visits import DIFFERENCE, roofs_needed
from gis_export.table.visits import AUDIT, LISTED

EMPTY = pd.DataFrame({"parcel_id": pd.Series(dtype="str"), OUTCOME: pd.Series(dtype="str")})


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Draw counts of an area and of all others."""
    roofs = draw(st.integers(1, 60))
    others = draw(st.integers(1, 300))
    return Pair(
        hits=draw(st.integers(0, roofs)),
        roofs=roofs,
        other_hits=draw(st.integers(0, others)),
        other_roofs=others,
    )


@given(pairs())
def test_fisher_is_that_of_scipy(pair: Pair) -> None:
    table = [
        [pair.hits, pair.roofs - pair.hits],
        [pair.other_hits, pair.other_roofs - pair.other_hits],
    ]
    assert fisher(pair) == pytest.approx(fisher_exact(np.array(table)).pvalue, rel=1e-6)


def test_fisher_by_hand() -> None:
    """Fisher's lady has four cups right of four: 1 of 70 ways, and as many the other way round."""
    assert fisher(Pair(hits=4, roofs=4, other_hits=0, other_roofs=4)) == pytest.approx(2 / 70)


def test_holm_by_hand() -> None:
    """Of 0.01, 0.015 and 0.5: 3 x 0.01, 2 x 0.015, 1 x 0.5."""
    assert holm(np.array([0.5, 0.01, 0.015])).tolist() == pytest.approx([0.5, 0.03, 0.03])


def test_tarone_by_hand() -> None:
    """With 2 comparisons each is held to 2.5%; only two of these four can reach that."""
    assert countable(np.array([0.001, 0.02, 0.04, 0.3])).tolist() == [True, True, False, False]
    assert not countable(np.array([0.2, 1.0])).any()


@given(st.lists(pairs(), min_size=1, max_size=12))
def test_corrected_values_are_never_less_than_their_own(drawn: list[Pair]) -> None:
    for pair, tested in zip(drawn, compare(drawn), strict=True):
        assert tested.p >= fisher(pair) - 1e-12
        assert tested.p <= 1
        assert not tested.differs or (tested.is_counted and fisher(pair) <= ERROR)


def test_an_area_that_can_tell_nothing_does_not_weaken_the_others() -> None:
    strong = Pair(hits=12, roofs=20, other_hits=20, other_roofs=200)
    tiny = Pair(hits=1, roofs=1, other_hits=31, other_roofs=219)
    alone = compare([strong])[0]
    among = compare([strong, *[tiny] * 50])
    assert among[0] == alone
    assert not any(tested.is_counted for tested in among[1:])


@pytest.mark.parametrize(("share", "areas", "comparisons"), [(0.1, 2, 1), (0.3, 6, 24)])
def test_power_is_what_is_said(share: float, areas: int, comparisons: int) -> None:
    """Simulated by itself: Fisher's test of SciPy, at an even share of the error."""
    rng = np.random.default_rng(3)
    roofs = roofs_needed(share, areas=areas, comparisons=comparisons)
    others = roofs * (areas - 1)
    found = 0
    for _ in range(400):
        hits = rng.binomial(roofs, share + DIFFERENCE)
        other_hits = rng.binomial(others, share)
        table = [[hits, roofs - hits], [other_hits, others - other_hits]]
        found += fisher_exact(np.array(table)).pvalue <= ERROR / comparisons

    assert binom.cdf(found, 400, 0.8) > 0.001
    assert binom.sf(found - 1, 400, 0.86) > 0.001


def test_more_comparisons_and_more_areas_need_more_roofs() -> None:
    few = roofs_needed(0.2, areas=4, comparisons=4)
    assert roofs_needed(0.2, areas=4, comparisons=40) > few
    assert roofs_needed(0.5, areas=4, comparisons=4) > few
    # Fleiss, Levin and Paik: two groups of equal size, 0.25 against 0.35, 5% and 80%.
    assert roofs_needed(0.25, areas=2, comparisons=1) == pytest.approx(349, abs=2)


def make_seen(evidence: Evidence, outcomes: dict[str, tuple[str, ...]]) -> tuple[Seen, Level]:
    """Return roofs of one kind by area, and the areas."""
    area = [name for name, found in outcomes.items() for _ in found]
    said = [outcome for found in outcomes.values() for outcome in found]
    ids = [f"{row:05d}" for row in range(len(said))]
    roofs = {kind: EMPTY for kind in Evidence}
    roofs[evidence] = pd.DataFrame({"parcel_id": ids, OUTCOME: said})
    level = Level(name="neighborhood", of_parcel=pd.Series(area, index=ids))
    return Seen(year=2026, roofs=roofs), level


def table_of(equity: Equity, key: str) -> LevelTable:
    """Return the only table of a figure."""
    (table,) = [table for table in equity.tables if table.measure.key == key]
    return table


def test_a_worked_city() -> None:
    """West misses 30 of 50 open roofs, East 20 of 100, North 2 of 3."""
    seen, level = make_seen(
        Evidence.OPEN,
        {
            "West": ("missed",) * 30 + ("flagged",) * 20,
            "East": ("missed",) * 20 + ("flagged",) * 80,
            "North": ("missed",) * 2 + ("flagged",),
        },
    )
    equity = find_equity(seen, {Use.FIRE: [level], Use.HOUSING: [level]})
    table = table_of(equity, "missed")
    by_name = {row.area: row for row in table.rows}

    assert equity.comparisons == 3
    assert by_name["West"].verdict is Verdict.MORE
    assert by_name["East"].verdict is Verdict.LESS
    assert by_name["North"].verdict is Verdict.FEW
    assert (table.city.hits, table.city.roofs) == (52, 153)
    # 3 and 2 are small, and would follow from the rows of West or East.
    assert by_name["North"].roofs is None
    shown = [row for row in table.rows if row.is_shown]
    assert len(shown) <= 1
    assert "West: a greater share of open roofs missed than elsewhere" in table.sentence
    assert equity.sentence == "2 differences beyond chance, in 2 comparisons with enough roofs."
    assert table_of(equity, "false_flags").sentence.startswith("Nothing is known yet")


def test_earlier_years_show_the_same_verdicts_and_no_count() -> None:
    seen, level = make_seen(
        Evidence.OPEN,
        {
            "West": ("missed",) * 30 + ("flagged",) * 20,
            "East": ("missed",) * 20 + ("flagged",) * 80,
        },
    )
    levels = {Use.FIRE: [level], Use.HOUSING: [level]}
    whole = table_of(find_equity(seen, levels), "missed")
    bare = table_of(find_equity(seen, levels, has_counts=False), "missed")
    assert bare.sentence == whole.sentence
    assert whole.city.roofs == 150
    assert all(row.hits is row.roofs is None for row in (*bare.rows, bare.city))


def test_interval_and_share_of_a_shown_row() -> None:
    """1 of 60 is the worked example of `clopper_pearson`; 15 of 60 has 16% to 36%."""
    seen, level = make_seen(
        Evidence.NOT_OPEN,
        {
            "A": ("flagged",) * 15 + ("not flagged",) * 45,
            "B": ("flagged",) * 18 + ("not flagged",) * 52,
        },
    )
    equity = find_equity(seen, {Use.FIRE: [level], Use.HOUSING: [level]})
    row = table_of(equity, "false_flags").rows[0]
    assert row.share == 0.25
    low, high = row.ends
    assert binom.sf(14, 60, low) == pytest.approx(0.05)
    assert binom.cdf(15, 60, high) == pytest.approx(0.05)
    assert row.verdict is Verdict.ALIKE
    assert "does not show that areas are alike" in equity.sentence


def test_roofs_without_an_area_are_compared_with_nothing() -> None:
    seen, level = make_seen(
        Evidence.VACANTS,
        {
            "A": ("assessed",) * 40 + ("not assessed",) * 12,
            "B": ("assessed",) * 40 + ("not assessed",) * 12,
            "": ("not assessed",) * 30,
        },
    )
    equity = find_equity(seen, {Use.FIRE: [level], Use.HOUSING: []})
    table = table_of(equity, "not_assessed")
    assert [row.verdict for row in table.rows] == [Verdict.ALIKE, Verdict.ALIKE, Verdict.NONE]
    assert table.rows[-1].area == "Area not known"
    assert table.more(table.rows[0]) is None


def test_what_is_counted_as_what() -> None:
    """LIKELY, NOT SEEN, NOT ASSESSED, POSSIBLE: each roof once, unscored never as unflagged."""
    roll = make_roll(8)
    ids = roll.table["parcel_id"].tolist()
    looks = pd.DataFrame(
        {
            "parcel_id": [ids[0], ids[1], ids[3], ids[2], ids[4]],
            "year": [2026, 2026, 2026, 2026, 2025],
            "date": "2026-05-02",
            "source": "inspector",
            "failing": ["Y", "N", "", "Y", "Y"],
            "roof_pct": np.nan,
            "on_site": True,
            "chosen": [LISTED, AUDIT, LISTED, LISTED, LISTED],
        }
    )
    held_out = pd.DataFrame(
        {
            "parcel_id": [ids[0], ids[0], ids[1], ids[5]],
            "year": [2024, 2025, 2025, 2025],
            "is_open": [True, False, True, True],
            "is_flagged": [True, True, False, True],
        }
    )
    ledger = make_ledger(roll)
    seen = see_roofs(ledger, whole_looks(looks), held_out)
    found = {
        kind: dict(zip(table["parcel_id"], table[OUTCOME], strict=True))
        for kind, table in seen.roofs.items()
    }

    # The later label of the first roof counts.
    assert found[Evidence.NOT_OPEN] == {ids[0]: "flagged"}
    assert found[Evidence.OPEN] == {ids[1]: "missed", ids[5]: "flagged"}
    assert sorted(found[Evidence.VACANTS].values()) == ["assessed"] * 6 + ["not assessed"] * 2
    assert found[Evidence.RANDOM] == {ids[1]: "not open"}
    # The third was not assessed, so it was no flag; the visit of 2025 is of another flyover.
    assert found[Evidence.LISTED] == {ids[0]: "open", ids[3]: "not judged"}


def test_a_figure_counts_outcomes_of_its_own_roofs() -> None:
    with pytest.raises(ValueError, match="counts open of"):
        replace(MEASURES[0], hit="open")
