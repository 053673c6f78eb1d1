"""The desk in a browser: by keyboard alone, killed in the middle, two readers at once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_browser import SIZES, check_page, enter, new_page, press
from desk_cases import book_at, learn_backwards, make_batch, make_setting, serve
from playwright.sync_api import Browser, expect

from labels.book import Book
from labels.desk.desk import DeskSetting

ROOFS = 24


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Return what pages complain of, and the foreign hosts they ask: nothing at the end."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_at(tmp_path)


@pytest.fixture
def setting(book: Book) -> DeskSetting:
    return make_setting(make_batch(ROOFS, twice=(0, 2, 5, 7, 11)), book, learn_backwards)


def test_the_token_leaves_the_address_bar(
    browser: Browser, setting: DeskSetting, complaints: list[str]
) -> None:
    """The page is opened again without it."""
    with serve(setting) as served:
        page = new_page(browser, complaints, SIZES[0])
        enter(page, served, "Ann")
        assert page.url == served.address.partition("?")[0]
        assert page.evaluate("history.length") == 2  # about:blank before it
        page.reload()
        expect(page.locator("#who")).to_have_value("Ann")


def test_a_batch_by_keyboard_killed_in_the_middle(
    browser: Browser, setting: DeskSetting, book: Book, complaints: list[str]
) -> None:
    """The desk dies while an answer is on its way; a new one on the same port takes it up."""
    with serve(setting) as served:
        port = served.door.port
        page = new_page(browser, complaints, SIZES[0])
        enter(page, served, "Ann")
        for key in ("1", "2", "3", "4", "5", "6", "7", "r", "o"):
            press(page, key)
        page.keyboard.press("s")
        press(page, "3")
        assert len(book.looks()) == 10

    page.keyboard.press("1")
    expect(page.locator("#alarm")).to_contain_text("kept in this browser")
    page.keyboard.press("2")
    page.keyboard.press("1")
    with serve(setting, port=port) as served:
        page.wait_for_selector("body:not([aria-busy])")
        assert len(book.looks()) == 11
        expect(page.locator("#alarm")).to_be_hidden()

        press(page, "u")
        expect(page.locator("#correcting")).to_contain_text("0% open")
        press(page, "5")
        press(page, "u")
        press(page, "Escape")
        while page.locator("#work").is_visible():
            press(page, "1")
        expect(page.locator("#end-title")).to_have_text("This batch is finished")
        expect(page.locator("#end-text")).to_contain_text("roofwatch train city.toml --year 2024")
        expect(page.locator("#end-text")).to_contain_text("5 roofs still wait for a second reader")

    looks = book.looks()
    assert len(looks) == len({look.parcel_id for look in looks}) == ROOFS
    assert len(book.history()) == ROOFS + 1
    roofs = [look.roof for look in sorted(looks, key=lambda look: look.said_at)]
    assert roofs[:7] == [
        "pct_0", "pct_under_10", "pct_10_24", "pct_25_49", "pct_50_99", "pct_100", "cannot_tell",
    ]  # fmt: skip
    assert {look.disposition for look in looks} == {"", "razed", "occupied"}
    assert [look.confuser for look in looks if look.confuser] == ["solar"]
    page.close()


def test_an_answer_on_its_way_survives_the_page(
    browser: Browser, setting: DeskSetting, book: Book, complaints: list[str]
) -> None:
    """The desk dies and the page is closed; the answer is sent when the page is opened again."""
    with serve(setting) as served:
        port = served.door.port
        page = new_page(browser, complaints, SIZES[0])
        enter(page, served, "Ann")
        press(page, "1")
    page.keyboard.press("6")
    expect(page.locator("#alarm")).to_contain_text("kept in this browser")
    with serve(setting, port=port) as served:
        enter(page, served, "Ann")
        page.wait_for_selector("body:not([aria-busy])")
        expect(page.locator("#last")).to_contain_text("100% open")
    assert [look.roof for look in book.looks()] == ["pct_0", "pct_100"]
    page.close()


def test_two_readers_at_once(
    browser: Browser, setting: DeskSetting, book: Book, complaints: list[str]
) -> None:
    """Both press keys in turn and each double; every roof has the readers it needs."""
    with serve(setting) as served:
        pages = [new_page(browser, complaints, size) for size in SIZES]
        for page, who in zip(pages, ("Ann", "Bob"), strict=True):
            enter(page, served, who)
        while any(page.locator("#work").is_visible() for page in pages):
            for page in pages:
                if page.locator("#work").is_visible():
                    page.keyboard.press("1")
                    press(page, "1")
        expect(pages[1].locator("#readers")).to_contain_text("of 5")
        for page in pages:
            page.close()

    looks = book.looks()
    assert len(book.history()) == len(looks)
    by_parcel: dict[str, set[str]] = {}
    for look in looks:
        by_parcel.setdefault(look.parcel_id, set()).add(look.who)
    needs = {slot.parcel_id: slot.readers for slot in setting.batch.slots}
    assert {parcel_id: len(people) for parcel_id, people in by_parcel.items()} == needs


@pytest.mark.parametrize("size", [*SIZES, (640, 400)])
def test_axe_finds_no_fault_and_fingers_no_small_target(
    browser: Browser, setting: DeskSetting, complaints: list[str], size: tuple[int, int]
) -> None:
    with serve(setting) as served:
        page = new_page(browser, complaints, size)
        page.goto(served.address)
        check_page(page, "start")
        enter(page, served, "Ann")
        check_page(page, "first roof")
        if size in SIZES:
            fits = "document.documentElement.scrollHeight <= innerHeight"
            assert page.evaluate(fits), "a roof and its answers fit on one screen"
        if size not in SIZES:
            page.close()
            return

        for _ in range(10):
            press(page, "1")
        time.sleep(0.2)
        press(page, "u")
        check_page(page, "corrected roof")
        press(page, "Escape")
        page.click("#keys-open")
        check_page(page, "keys")
        page.keyboard.press("Escape")
        while page.locator("#work").is_visible():
            press(page, "1")
        check_page(page, "end")
        page.close()


def test_single_keys_can_be_switched_off(
    browser: Browser, setting: DeskSetting, book: Book, complaints: list[str]
) -> None:
    """WCAG 2.1.4; buttons still work, and letters in a note are no answers."""
    with serve(setting) as served:
        page = new_page(browser, complaints, SIZES[0])
        enter(page, served, "Ann")
        page.keyboard.press("n")
        page.keyboard.type("r1 tarp on it")
        page.keyboard.press("Enter")
        press(page, "4")
        page.click("#keys-open")
        page.click("#keys-on")
        page.keyboard.press("Escape")
        page.keyboard.press("1")
        page.click("#gone button >> nth=1")
        page.wait_for_selector("body:not([aria-busy])")
        page.close()
    looks = book.looks()
    assert [(look.roof, look.disposition, look.note) for look in looks] == [
        ("pct_25_49", "", "r1 tarp on it"),
        ("", "occupied", ""),
    ]


def test_photos_are_enlarged_together_and_the_outline_goes(
    browser: Browser, setting: DeskSetting, complaints: list[str]
) -> None:
    with serve(setting) as served:
        page = new_page(browser, complaints, SIZES[0])
        enter(page, served, "Ann")
        press(page, "1")
        sheets = page.locator(".sheet")
        before = [sheets.nth(row).bounding_box() for row in range(2)]
        page.keyboard.press("+")
        page.keyboard.press("ArrowRight")
        after = [sheets.nth(row).bounding_box() for row in range(2)]
        for small, large in zip(before, after, strict=True):
            assert small is not None
            assert large is not None
            assert large["width"] == pytest.approx(1.5 * small["width"], rel=0.01)
        page.keyboard.press("l")
        expect(page.locator("#now svg")).to_be_hidden()
        page.keyboard.press("0")
        assert sheets.nth(0).bounding_box() == before[0]
        page.keyboard.press("h")
        expect(page.locator("#heat-image")).to_be_visible()
        page.close()
