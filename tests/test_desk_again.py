"""Disagreements that are looked at again, and the training that the desk starts."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from desk_browser import check_page, enter, new_page, press
from desk_cases import Served, book_at, learn_backwards, make_batch, make_setting, make_zero, serve
from playwright.sync_api import Browser, Page, expect

from labels.book import Book
from labels.desk.answers import REVIEW
from labels.desk.desk import Desk, DeskSetting
from labels.desk.retraining import STOPPED, Offer, Retrained, Retraining
from labels.desk.said import BadAnswer, Said

SIZES = ((1280, 800), (1024, 768), (768, 1024))
DONE = Retrained(
    lines=("tinyville-roof/4 on 124 labels, 20 failing", "enter LIKELY: 5"),
    gate="version 4 against champion 3: holds",
    promote="roofwatch promote city.toml --version 4 --by NAME --why TEXT",
)
BELOW = """() => {
  const ids = ["figures", "readers", "again-open", "confusers", "note"];
  const low = (id) => document.getElementById(id).getBoundingClientRect().bottom;
  return ids.filter((id) => low(id) > innerHeight);
}"""


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Return what pages complain of: nothing at the end."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_at(tmp_path)


@pytest.fixture
def setting(book: Book) -> DeskSetting:
    """Return twelve roofs, four with two readers; the model calls the first one failing."""
    found = make_setting(make_batch(12, twice=(0, 1, 2, 3)), book, learn_backwards)
    roofs = [
        replace(roof, word="LIKELY" if place == 0 else "NOT SEEN IN PHOTO", called=place == 0)
        for place, roof in enumerate(found.roofs)
    ]
    return replace(found, roofs=roofs)


def say(place: int, roof: str, *, corrects: str = "") -> Said:
    """Return an answer of somebody who looks again."""
    return replace(make_zero(place), roof=roof, corrects=corrects, is_review=bool(corrects))


def test_a_person_hears_of_others_and_of_the_model_after_their_own_answer(
    setting: DeskSetting,
) -> None:
    """Ann finds the roof that the model lists sound, and Bob finds two others failing."""
    desk = Desk(setting=setting)
    for place in range(4):
        desk.answer("Ann", make_zero(place))
    assert [found.place for found in desk.disagreements("Ann")] == [0]
    assert desk.disagreements("Bob") == []

    desk.answer("Bob", say(1, "pct_50_99"))
    desk.answer("Bob", say(2, "cannot_tell"))
    desk.answer("Bob", make_zero(3))
    found = {one.place: one for one in desk.disagreements("ann")}
    assert set(found) == {0, 1, 2}
    assert [look.who for look in found[1].others] == ["Bob"]
    assert not found[1].is_surprise
    assert found[0].others == ()
    assert {one.place: one.is_surprise for one in desk.disagreements("Bob")} == {1: True, 2: False}


def test_a_second_answer_corrects_and_the_first_ones_make_the_agreement(
    setting: DeskSetting, book: Book
) -> None:
    """Ann joins Bob after she has seen his answer: kappa must not rise by that."""
    desk = Desk(setting=setting)
    for place in range(4):
        desk.answer("Ann", make_zero(place))
        desk.answer("Bob", say(place, "pct_100" if place == 1 else "pct_0"))
    before = desk.answers.agreement
    assert (before.roofs, before.same) == (4, 3)

    mine = desk.answer_of("Ann", 1)
    again = desk.answer("Ann", say(1, "pct_50_99", corrects=mine.look_id))
    assert desk.answer("Ann", say(1, "pct_50_99", corrects=mine.look_id)) == again
    assert (again.reader, again.corrects) == (REVIEW, mine.look_id)
    assert desk.answers.agreement == before
    assert desk.disagreement("Ann", 1) is not None  # the model is surprised now
    assert Desk(setting=setting).answers.agreement == before

    assert mine not in book.looks()
    assert again in book.looks()
    assert len(book.history()) == 9


def test_whoever_stays_with_an_answer_has_looked_again(setting: DeskSetting, book: Book) -> None:
    desk = Desk(setting=setting)
    mine = desk.answer("Ann", make_zero(0))
    stayed = desk.answer("Ann", say(0, "pct_0", corrects=mine.look_id))
    assert stayed.reader == REVIEW
    assert [one.is_seen_again for one in desk.disagreements("Ann")] == [True]
    assert len(book.looks()) == 1
    assert Desk(setting=setting).answers.places_of("Ann") == [0]
    with pytest.raises(BadAnswer):
        desk.answer("Bob", replace(make_zero(0), is_review=True))


def test_a_training_runs_once_at_a_time_and_is_timed() -> None:
    """The first estimate is that of the training before; then the one of this sitting."""
    may_end = threading.Event()
    seen: list[str] = []

    def run(who: str) -> Retrained:
        seen.append(who)
        may_end.wait(10)
        return DONE

    ticks = iter((100.0, 101.0, 117.5))
    training = Retraining(offer=Offer(run=run, seconds=40.0), clock=lambda: next(ticks))
    assert training.seconds == 40.0
    assert training.start("Ann")
    assert not training.start("Bob")
    may_end.set()
    wait_for(training)
    assert (seen, training.by, training.result) == (["Ann"], "Ann", DONE)
    assert training.seconds == 16.5
    assert not Retraining(offer=None).start("Ann")


def test_a_failed_training_says_why_and_changes_no_estimate() -> None:
    offer = Offer(run=lambda _: Retrained(failure="too few labels"), seconds=None)
    training = Retraining(offer=offer)
    assert training.start("Ann")
    wait_for(training)
    assert training.result == Retrained(failure="too few labels")
    assert training.seconds is None
    assert STOPPED.startswith("The training stopped")


def wait_for(training: Retraining) -> None:
    """Wait until a training has told what came of it."""
    until = time.monotonic() + 10
    while training.result is None:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_the_server_shows_no_other_answer_before_ones_own(setting: DeskSetting) -> None:
    with serve(setting) as served:
        served.ask("POST", "/answer", {"who": "Bob", "place": 1, "roof": "pct_100"})
        assert odd_of(served, "Ann") == []
        served.ask("POST", "/answer", {"who": "Ann", "place": 1, "roof": "pct_0"})
        assert odd_of(served, "Ann") == [["Bob: 100% open"]]
        plain = served.ask("POST", "/answered", {"who": "Ann", "place": 1})
        assert plain.json["odd"] is None
        told = served.ask("POST", "/answered", {"who": "Ann", "place": 1, "again": True})
        assert "Bob: 100% open" in str(told.json["odd"])
        assert served.ask("POST", "/train", {"who": "Ann"}).json["training"] is None
        assert served.ask("POST", "/train", {"who": "Ann"}, origin="null").status == 403


def odd_of(served: Served, who: str) -> list[object]:
    """Return what others say of the roofs of a person."""
    found = served.ask("POST", "/disagreements", {"who": who}).json["disagreements"]
    assert isinstance(found, list)
    return [odd["others"] for odd in found]


def finish(page: Page) -> None:
    """Answer every roof that is left."""
    while page.locator("#work").is_visible():
        press(page, "1")


@pytest.mark.parametrize("size", SIZES)
def test_a_disagreement_is_looked_at_again_in_the_browser(
    browser: Browser, setting: DeskSetting, book: Book, complaints: list[str], size: tuple[int, int]
) -> None:
    """By keyboard; figures and answers stay above the fold at each size."""
    with serve(setting) as served:
        page = new_page(browser, complaints, size)
        enter(page, served, "Ann")
        finish(page)
        expect(page.locator("#again-open")).to_contain_text("Disagreements: 1")
        press(page, "a")
        expect(page.locator("#again-list li")).to_have_count(1)
        expect(page.locator("#again-list")).to_contain_text("The model: LIKELY, score 0.50")
        check_page(page, "list")

        page.focus("#again-list button")
        press(page, "Enter")
        expect(page.locator("#correcting")).to_contain_text("You: 0% open. The model: LIKELY")
        check_page(page, "looked at again")
        page.wait_for_selector("#figures dl")
        assert page.evaluate(BELOW) == []

        press(page, "5")
        expect(page.locator("#again-text")).to_contain_text("Nobody says anything else")
        page.click("#again-leave")
        expect(page.locator("#end-title")).to_have_text("This batch is finished")
        page.close()

    looks = {look.parcel_id: look for look in book.looks()}
    assert (looks["0216 001"].roof, looks["0216 001"].reader) == ("pct_50_99", REVIEW)
    assert len(book.history()) == len(looks) + 1


def test_a_training_is_started_at_the_end_and_blocks_no_page(
    browser: Browser, setting: DeskSetting, complaints: list[str]
) -> None:
    """While it runs the roofs can be looked at again; then the page tells what changed."""
    may_end = threading.Event()

    def run(who: str) -> Retrained:
        may_end.wait(30)
        return DONE

    with serve(replace(setting, training=Offer(run=run, seconds=12.4))) as served:
        page = new_page(browser, complaints, SIZES[1])
        enter(page, served, "Ann")
        finish(page)
        expect(page.locator("#training-title")).to_have_text("Retrain now? about 12 seconds")
        expect(page.locator("#training-text")).to_contain_text("promotes nothing")
        check_page(page, "offered")
        page.click("#train")
        expect(page.locator("#training-text")).to_contain_text("Ann started a training")
        expect(page.locator("#train")).to_be_disabled()
        press(page, "u")
        press(page, "2")
        assert served.desk.retraining.elapsed_s is not None

        may_end.set()
        expect(page.locator("#training-text")).to_contain_text("enter LIKELY: 5")
        expect(page.locator("#training-text")).to_contain_text("version 4 against champion 3")
        expect(page.locator("#training-text")).to_contain_text("Nothing was promoted")
        expect(page.locator("#training-text code")).to_have_text(DONE.promote)
        check_page(page, "trained")
        page.close()


def test_a_time_that_nobody_measured_is_said_as_unknown(
    browser: Browser, setting: DeskSetting, complaints: list[str]
) -> None:
    offer = Offer(run=lambda _: Retrained(failure="labels: too few"), note="There is no champion.")
    with serve(replace(setting, training=offer)) as served:
        page = new_page(browser, complaints, SIZES[0])
        enter(page, served, "Ann")
        finish(page)
        expect(page.locator("#training-title")).to_have_text("Retrain now?")
        expect(page.locator("#training-text")).to_contain_text("is not known")
        expect(page.locator("#training-text")).to_contain_text("There is no champion.")
        page.click("#train")
        expect(page.locator("#training-text")).to_contain_text("No new version: labels: too few")
        page.close()
