"""The single checks of the promotion gate, by hand."""

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from models.share import Share
from training.gate_checks import (
    check_chance,
    check_fall,
    check_flips,
    check_list,
    check_new,
    check_shared,
)
from training.gate_labels import Contest, Words, new_labels
from training.gate_lists import BothScored, list_facts, list_lines
from training.gate_shares import check_shares

WORDS: Final = Words(likely=0.7, possible=0.5)


def make_share(share: float, low: float, high: float) -> Share:
    """Return an estimate of the share failing."""
    return Share(share=share, low=low, high=high, check=share, chips=100)


def make_flyover(
    likely: int,
    champion: int,
    *,
    share: Share | None = None,
    champion_share: Share | None = None,
) -> BothScored:
    """Return a flyover of 100 roofs whose first ones are LIKELY, all others not seen."""
    numbers = np.arange(100)
    ids = [f"{number:03d}" for number in numbers]
    score = np.where(numbers < likely, 0.9, 0.1)
    score_champion = np.where(numbers < champion, 0.9, 0.1)
    usual = make_share(0.2, 0.15, 0.25)
    return BothScored(
        year=2024,
        roofs=pd.DataFrame(
            {
                "parcel_id": ids,
                "district": np.where(numbers % 2 == 0, "North", "South"),
                "score": score,
                "word": np.where(numbers < likely, "LIKELY", "NOT SEEN IN PHOTO"),
                "score_champion": score_champion,
                "word_champion": np.where(numbers < champion, "LIKELY", "NOT SEEN IN PHOTO"),
            }
        ),
        held_out=pd.DataFrame(
            {"parcel_id": ids, "score_champion": score_champion, "even_champion": score_champion}
        ),
        share=share or usual,
        share_champion=champion_share or usual,
    )


def make_pairs(failing: list[int], ours: list[float], theirs: list[float]) -> pd.DataFrame:
    """Return labels of single blocks with what two versions say of them."""
    return pd.DataFrame(
        {
            "parcel_id": [f"{number:03d}" for number in range(len(failing))],
            "year": 2023,
            "block": [f"B{number}" for number in range(len(failing))],
            "failing": failing,
            "score": ours,
            "even": ours,
            "failing_champion": failing,
            "score_champion": theirs,
            "even_champion": theirs,
        }
    )


def make_contest(pairs: pd.DataFrame, new: pd.DataFrame | None = None) -> Contest:
    """Return what is compared."""
    fresh = pairs.head(0) if new is None else new
    return Contest(shared=pairs, new=fresh, words=WORDS, words_champion=WORDS)


def test_chance() -> None:
    """Failing first passes; a coin does not, nor does one class, nor a score that is no number."""
    rng = np.random.default_rng(0)
    failing = np.arange(60) % 3 == 0
    labels = pd.DataFrame({"block": np.arange(60) // 3, "failing": failing.astype(int)})
    good = labels.assign(score=0.5 * failing + rng.random(60) / 2)

    found = check_chance(good)
    assert found.holds
    assert "AUROC 1.000, above chance (0.5) in 100% of resamples of blocks" in found.text
    assert "on its 60 labels, 20 failing" in found.text
    assert not check_chance(labels.assign(score=rng.random(60))).holds
    assert not check_chance(labels.assign(score=1 - good["score"])).holds
    assert not check_chance(good.assign(failing=0)).holds
    assert not check_chance(good.assign(score=good["score"].where(good.index > 0))).holds


@pytest.mark.parametrize(
    ("flipped", "lost", "holds"),
    [(0, 0, True), (20, 0, True), (26, 0, False), (10, 10, True), (11, 11, False)],
)
def test_changed_labels(flipped: int, lost: int, holds: bool) -> None:
    """Of 100 labels 20 failed: a quarter of all may change, half of the failing may be intact."""
    before = np.repeat([1, 0], [20, 80])
    after = before.copy()
    after[:lost] = 0
    after[20 : 20 + flipped - lost] = 1
    found = check_flips(pd.DataFrame({"failing": after, "failing_champion": before}))
    assert found.holds == holds
    assert found.text.startswith(f"{flipped} of 100 labels say another thing")
    assert f"{lost} of 20 failing ones are intact now" in found.text


def test_each_by_its_own_labels() -> None:
    """Half of what the champion is better than chance by may be lost, by other labels."""
    scores = [0.9, 0.8, 0.2, 0.1]
    pairs = make_pairs([1, 1, 0, 0], scores, scores)
    assert check_fall(pairs).holds

    half = check_fall(pairs.assign(failing=[1, 0, 1, 0]))
    assert half.holds
    assert "AUROC 0.750 against 1.000" in half.text
    assert not check_fall(pairs.assign(failing=[1, 0, 0, 1])).holds


def test_calibration_and_recall_against_scikit_learn() -> None:
    """The figures are those of scikit-learn; a clear loss of either is refused."""
    rng = np.random.default_rng(1)
    failing = (np.arange(90) % 3 == 0).astype(int).tolist()
    theirs = [0.9 if fails else 0.1 for fails in failing]
    ours = (0.3 + 0.1 * np.array(failing) + 0.01 * rng.random(90)).tolist()

    pairs = make_pairs(failing, ours, theirs)
    ranking, calibration, recall = check_shared(make_contest(pairs), "ours", 0.02)
    assert ranking.holds
    assert not calibration.holds
    assert not recall.holds
    brier = brier_score_loss(failing, ours)
    assert f"mean squared error {brier:.3f} against 0.010" in calibration.text
    assert "0% against 100%" in recall.text

    same = check_shared(make_contest(make_pairs(failing, theirs, theirs)), "ours", 0.0)
    assert all(check.holds for check in same)


def test_new_labels_are_compared_where_there_are_enough() -> None:
    """Four of a class are too few; with more, a candidate that ranks them upside down fails."""
    failing = [1] * 4 + [0] * 20
    few = make_pairs(failing, [0.1] * 24, [0.9] * 24)
    (found,) = check_new(make_contest(few, few), 0.02)
    assert found.holds
    assert "24 labels of 2023 that are new to the champion, 4 failing" in found.text

    failing = [1] * 10 + [0] * 20
    right = [0.8] * 10 + [0.2] * 20
    wrong = [0.2] * 10 + [0.8] * 20
    enough = make_pairs(failing, wrong, right)
    assert roc_auc_score(failing, wrong) == 0
    assert not check_new(make_contest(few, enough), 0.02)[0].holds
    assert all(
        check.holds
        for check in check_new(make_contest(few, make_pairs(failing, right, wrong)), 0.0)
    )


def test_only_labels_that_the_champion_lacks_are_new() -> None:
    """Newest first, and with the champion's word on the block that it left out."""
    ours = pd.DataFrame({"parcel_id": ["001", "002", "001"], "year": [2023, 2023, 2024]})
    theirs = ours.head(1)
    flyover = make_flyover(10, 20)
    assert new_labels(ours, theirs, ())["parcel_id"].tolist() == []
    fresh = new_labels(ours, theirs, (flyover,))
    assert fresh[["parcel_id", "year"]].to_numpy().tolist() == [["001", 2024]]
    assert fresh["score_champion"].tolist() == [0.9]


def test_new_labels_are_scored_at_the_share_failing_of_their_flyover() -> None:
    """Looks from the top of a list fail far more often than the flyover they lie in."""
    ours = pd.DataFrame(
        {"parcel_id": ["001", "002"], "year": [2024, 2023], "score": [0.8, 0.7], "even": [0.5, 0.4]}
    )
    flyover = make_flyover(10, 20)
    scored = flyover.held_out.assign(score=0.3, even=0.45)
    earlier = replace(flyover, year=2023)  # whose heads are not known by block
    fresh = new_labels(ours, ours.head(0), (replace(flyover, held_out=scored), earlier))
    assert fresh["score"].tolist() == [0.3, 0.7]
    assert fresh["even"].tolist() == [0.45, 0.4]
    assert fresh["score_champion"].tolist() == [0.9, 0.9]


@pytest.mark.parametrize(
    ("after", "before", "share", "high", "holds"),
    [
        (30, 20, 0.2, 0.25, True),  # half as many again
        (31, 20, 0.2, 0.25, False),
        (9, 5, 0.2, 0.25, True),  # fewer than ten more
        (40, 20, 0.4, 0.5, True),  # the share rises as much, and the champion allows it
        (40, 20, 0.4, 0.25, False),  # the champion does not
        (30, 0, 0.2, 0.25, True),  # no list before: as many as it expects
        (31, 0, 0.2, 0.25, False),
        (0, 60, 0.2, 0.25, True),  # a shorter list
    ],
)
def test_length_of_the_list(
    after: int, before: int, share: float, high: float, holds: bool
) -> None:
    """It may be 1.5 times as long, or as long as the share failing gives reason for."""
    flyover = make_flyover(
        after,
        before,
        share=make_share(share, share, share),
        champion_share=make_share(0.2, 0.1, high),
    )
    found = check_list(flyover)
    assert [check.name for check in found] == ["length of LIKELY", "length of LIKELY and POSSIBLE"]
    assert [check.holds for check in found] == [holds, holds]


def test_who_enters_and_leaves() -> None:
    """By district, with examples and sums."""
    flyover = make_flyover(10, 20)
    assert list_lines(flyover) == [
        "2024, 100 roofs: LIKELY 20 -> 10, LIKELY and POSSIBLE 20 -> 10, "
        "sum of scores 26.0 -> 18.0",
        "  estimated share failing 20.0% (15.0% to 25.0%) -> 20.0% (15.0% to 25.0%)",
        "  enter LIKELY: none",
        "  leave LIKELY: 10 (North 5, South 5): 010, 011, 012 and 7 more",
    ]
    facts = list_facts(flyover)
    assert facts["leave"] == [f"{number:03d}" for number in range(10, 20)]
    assert facts["leave_by_district"] == {"North": 5, "South": 5}
    nowhere = make_flyover(0, 3)
    nowhere.roofs["district"] = ""
    assert list_lines(nowhere)[-1] == "  leave LIKELY: 3: 000, 001, 002"


def new_of(numbers: range, failing: list[int], source: list[str] | None = None) -> pd.DataFrame:
    """Return new labels of 2024 of some of the roofs of `make_flyover`."""
    labels = make_pairs(failing, [0.5] * len(failing), [0.5] * len(failing))
    ids = [f"{number:03d}" for number in numbers]
    chances = [0.9 if number < 20 else 0.1 for number in numbers]
    labels = labels.assign(year=2024, parcel_id=ids, score_champion=chances)
    return labels if source is None else labels.assign(source=source)


def contest_of(new: pd.DataFrame, share: Share | None = None) -> Contest:
    """Return new labels and their flyover."""
    return Contest(shared=new, new=new, flyovers=(make_flyover(20, 20, share=share),))


def test_labels_from_the_top_of_the_list_are_explained() -> None:
    """All of 18 fail: so it has to be where each scores 0.9, and not where each scores 0.1."""
    (listed,) = check_shares(contest_of(new_of(range(18), [1] * 18)))
    assert listed.holds
    assert listed.text == (
        "18 of 18 new labels of 2024 fail, where an estimated 20.0% (15.0% to 25.0%) of the "
        "flyover does; of these very roofs the champion expects 16, so that they were chosen by "
        "their scores"
    )
    (odd,) = check_shares(contest_of(new_of(range(30, 48), [1] * 18)))
    assert not odd.holds
    assert "of these very roofs the champion expects 2: look at 20 roofs of 2024" in odd.text


def test_labels_of_which_none_fails() -> None:
    """They are refused where both versions still say that a good part of the flyover fails."""
    none = new_of(range(20), [0] * 20)
    (odd,) = check_shares(contest_of(none))
    assert not odd.holds
    (agreed,) = check_shares(contest_of(none, share=make_share(0.02, 0.0, 0.05)))
    assert agreed.holds


def test_a_source_is_named() -> None:
    """A desk that calls all roofs failing stands out beside an inspector who does not."""
    failing = [1] * 12 + [0] * 12
    new = new_of(range(30, 54), failing, ["desk"] * 12 + ["inspector"] * 12)
    found = {check.name: check.holds for check in check_shares(contest_of(new))}
    assert found == {
        "labels of 2024": True,
        "labels of 2024, source desk": False,
        "labels of 2024, source inspector": True,
    }


@given(st.integers(0, 100), st.integers(0, 100))
def test_lists_add_up(after: int, before: int) -> None:
    """Those who enter less those who leave are the change of the length."""
    flyover = make_flyover(after, before)
    assert len(flyover.entering) - len(flyover.leaving) == after - before
