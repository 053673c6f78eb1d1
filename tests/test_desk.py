"""The desk without a page: who gets which roof, and what becomes of an answer."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from desk_cases import DAY, book_at, learn_backwards, make_batch, make_setting
from hypothesis import given
from hypothesis import strategies as st

from imagery.errors import InputError
from labels.book import Book
from labels.desk.agreement import measure_agreement
from labels.desk.batch import batch_path, read_batches, write_batch
from labels.desk.batch import make_batch as batch_of
from labels.desk.desk import Conflict, Desk
from labels.desk.order import HELD_S, Held, follow
from labels.desk.said import BadAnswer, Said, read_name, read_said
from labels.draws.looks_file import NextLooks
from labels.look import Means


def say(place: int, roof: str = "pct_0", *, corrects: str = "", note: str = "") -> Said:
    """Return an answer; a note goes with a tarp."""
    return Said(
        place=place,
        roof=roof,
        disposition="",
        confuser="tarp" if note else "",
        note=note,
        seconds=4.0,
        corrects=corrects,
    )


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_at(tmp_path)


@pytest.fixture
def desk(book: Book) -> Desk:
    return Desk(setting=make_setting(make_batch(20, twice=(0, 3)), book))


def test_an_answer_is_a_look_with_all_that_is_known_of_it(desk: Desk, book: Book) -> None:
    look = desk.answer("Ann", say(1, "pct_25_49", note="blue tarp"))
    kept = book.looks()
    assert kept == [look]
    assert (look.parcel_id, look.year, look.day) == ("0217 001", 2024, DAY)
    assert (look.who, look.source, look.means) == ("Ann", "desk", Means.PHOTO)
    assert (look.roof, look.roof_pct, look.confuser) == ("pct_25_49", 37.0, "tarp")
    assert (look.chosen, look.chance, look.reader) == ("draw 1: random", 0.25, 1)
    assert look.photo == desk.setting.roofs[1].photo
    assert look.seconds == 4.0


def test_the_same_answer_twice_is_one(desk: Desk, book: Book) -> None:
    """A double click, a key that is held, a page that sends again after a crash."""
    first = desk.answer("Ann", say(0))
    again = desk.answer("Ann", replace(say(0), seconds=9.0))
    assert again.look_id == first.look_id
    with pytest.raises(Conflict, match="undo"):
        desk.answer("Ann", say(0, "pct_100"))
    assert len(book.history()) == 1


def test_undo_is_a_look_that_corrects(desk: Desk, book: Book) -> None:
    first = desk.answer("Ann", say(0))
    assert desk.answer_of("ann", 0) == first
    second = desk.answer("Ann", say(0, "pct_100", corrects=first.look_id))
    third = desk.answer("Ann", say(0, "pct_0", corrects=second.look_id))
    repeated = desk.answer("Ann", say(0, "pct_0", corrects=second.look_id))
    assert repeated == third
    assert [look.look_id for look in book.looks()] == [third.look_id]
    assert len(book.history()) == 3
    with pytest.raises(BadAnswer):
        desk.answer_of("Ann", 5)


def test_a_killed_desk_goes_on_where_it_was(desk: Desk, book: Book) -> None:
    for _ in range(7):
        place, _ahead = desk.give("Ann")
        assert place is not None
        desk.answer("Ann", say(place))

    again = Desk(setting=desk.setting)
    assert again.answers.seen == 7
    assert again.answers.places_of("Ann") == list(range(7))
    assert again.give("Ann")[0] == 7
    assert again.give("Bob")[0] == 0, "the second reader's"
    assert len(book.looks()) == 7


def test_each_roof_goes_to_as_many_people_as_it_needs(desk: Desk) -> None:
    """Two people take turns: nobody sees a roof twice, two roofs have both."""
    seen: dict[str, list[int]] = {"Ann": [], "Bob": []}
    for _ in range(20):
        for who, places in seen.items():
            place, _ahead = desk.give(who)
            if place is not None:
                places.append(place)
                desk.answer(who, say(place))

    both = set(seen["Ann"]) & set(seen["Bob"])
    assert both == {0, 3}
    assert len(seen["Ann"]) + len(seen["Bob"]) == 22
    assert desk.answers.seen == 20
    assert desk.answers.wanted_twice == 0
    assert desk.answers.people == 2
    readers = [look.reader for look in desk.answers.by_place[0].values()]
    assert readers == [1, 2]


def test_what_somebody_was_shown_is_theirs_for_a_while(book: Book) -> None:
    now = [0.0]
    held = Held(clock=lambda: now[0])
    desk = Desk(setting=make_setting(make_batch(3), book), held=held)
    assert desk.give("Ann")[0] == 0
    assert desk.give("ann")[0] == 0
    assert desk.give("Bob")[0] == 1
    now[0] = HELD_S + 1
    assert desk.give("Cy")[0] == 0


def test_many_at_once_lose_and_double_nothing(book: Book) -> None:
    """Four people in threads, each sending every answer twice."""
    desk = Desk(setting=make_setting(make_batch(60, twice=range(0, 60, 5)), book))

    def work(who: str) -> None:
        while True:
            place, _ahead = desk.give(who)
            if place is None:
                return
            desk.answer(who, say(place))
            desk.answer(who, say(place))

    threads = [threading.Thread(target=work, args=(who,)) for who in ("Ann", "Bob", "Cy", "Di")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(book.looks()) == 72
    assert desk.answers.seen == 60


def test_unsure_roofs_follow_the_refit_and_random_ones_stay(book: Book) -> None:
    desk = Desk(setting=make_setting(make_batch(40), book, learn_backwards))
    for _ in range(10):
        place, _ahead = desk.give("Ann")
        assert place is not None
        desk.answer("Ann", say(place))
    assert desk.must_refit
    assert desk.refit() is not None
    assert not desk.must_refit

    slots = desk.setting.batch.slots
    parts = [slots[place].part for place in desk.order]
    assert parts == [slot.part for slot in slots], "every part keeps its places"
    moved = [place for place in desk.order if slots[place].part == "unsure"]
    assert moved == [2, 4, 7, 37, 34, 32, 27, 24, 22, 17, 14, 12]
    others = [place for place in desk.order if slots[place].part != "unsure"]
    assert others == sorted(others)


@given(
    doubts=st.lists(st.floats(0, 9), min_size=20, max_size=20),
    fixed=st.sets(st.integers(0, 19)),
)
def test_following_only_changes_places_of_free_unsure_roofs(
    doubts: list[float], fixed: set[int]
) -> None:
    batch = make_batch(20)
    by_parcel = {slot.parcel_id: doubt for slot, doubt in zip(batch.slots, doubts, strict=True)}
    order = follow(range(20), batch, by_parcel, fixed)
    assert sorted(order) == list(range(20))
    for place, row in enumerate(order):
        if batch.slots[place].part != "unsure" or place in fixed:
            assert row == place
    free = [place for place in order if batch.slots[place].part == "unsure" and place not in fixed]
    assert [doubts[place] for place in free] == sorted(doubts[place] for place in free)


def test_kappa_by_hand() -> None:
    """45 and 15 agree, 25 and 15 do not (a standard example): kappa 0.13."""
    pairs = [("yes", "yes")] * 45 + [("no", "no")] * 15
    pairs += [("yes", "no")] * 15 + [("no", "yes")] * 25
    found = measure_agreement(pairs)
    assert (found.roofs, found.same) == (100, 60)
    assert found.kappa == pytest.approx((0.6 - 0.54) / 0.46)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.1304 < found.high

    assert measure_agreement(pairs[:4]).kappa is None
    assert measure_agreement([("no", "no")] * 9).kappa is None
    few = measure_agreement([("no", "no")] * 5 + [("yes", "yes")] * 2)
    assert few.kappa == 1
    assert few.low is not None
    assert few.low < 0.6, "seven equal answers prove little"


def test_a_batch_is_kept_as_it_was_drawn(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "parcel_id": [f"{row:04d} 001" for row in range(50)],
            "part": ["top", "random"] * 25,
            "chance": [1.0, 1 / 7] * 25,
        }
    )
    looks = NextLooks(year=2024, draw=3, table=table)
    batch = batch_of(looks, second_reader=0.2, rng=np.random.default_rng(0))
    assert sum(slot.readers == 2 for slot in batch.slots) == 10
    write_batch(tmp_path, batch)
    assert read_batches(tmp_path, 2024) == [batch]

    batch_path(tmp_path, 3).write_text("parcel_id,part\nx,top\n")
    with pytest.raises(InputError, match="damaged"):
        read_batches(tmp_path, 2024)


@pytest.mark.parametrize(
    "body",
    [
        {"place": 20, "roof": "pct_0"},
        {"place": True, "roof": "pct_0"},
        {"place": 0},
        {"place": 0, "roof": "pct_0", "disposition": "razed"},
        {"place": 0, "roof": "pct_7"},
        {"place": 0, "disposition": "repaired"},
        {"place": 0, "roof": "pct_0", "confuser": "cloud"},
        {"place": 0, "roof": "pct_0", "note": "x" * 300},
        {"place": 0, "roof": "pct_0", "note": "\x00"},
        {"place": 0, "roof": "pct_0", "seconds": float("nan")},
        {"place": 0, "roof": ["pct_0"]},
    ],
)
def test_what_is_no_answer_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        read_said(body, 20)


def test_names_are_cleaned() -> None:
    assert read_name({"who": "  Ann   Peña "}) == "Ann Peña"
    for bad in ("", "   ", "x" * 61, "a\x1bb"):
        with pytest.raises(BadAnswer):
            read_name({"who": bad})
