"""The desk as a file: it needs no server, and saves a CSV."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_browser import SIZES, check_page, new_page, press
from desk_cases import PLACE, book_at, make_batch, make_setting
from playwright.sync_api import Browser, expect

from labels.desk.offline import write_file


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Return what pages complain of, and the foreign hosts they ask: nothing at the end."""
    found: list[str] = []
    yield found
    assert found == []


def test_the_file_needs_nothing_and_saves_a_csv(
    browser: Browser, complaints: list[str], tmp_path: Path
) -> None:
    """Roofs of the second reader; answers survive a reload; one is corrected."""
    batch = make_batch(24, twice=(0, 2, 5, 7, 11))
    setting = make_setting(batch, book_at(tmp_path))
    path = tmp_path / "desk.html"
    assert write_file(path, PLACE, batch, setting.roofs, 10.0) == 5
    page = new_page(browser, complaints, SIZES[0])
    page.goto(path.as_uri())
    for key in ("3", "r"):
        if page.locator("#start").is_visible():
            page.fill("#who", 'Bob "B" O\'Neil')
            page.keyboard.press("Enter")
        press(page, key)
    page.reload()
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_contain_text("2 of 5")
    press(page, "u")
    press(page, "7")
    for _ in range(3):
        press(page, "1")
    expect(page.locator("#end-title")).to_have_text("This batch is finished")
    check_page(page, "end of the file")
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / "answers.csv"
    download.value.save_as(saved)
    page.close()

    with saved.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    twice = [slot for slot in batch.slots if slot.readers == 2]
    by_parcel = {row["parcel_id"]: row for row in rows}
    assert set(by_parcel) == {slot.parcel_id for slot in twice}
    first, second = (by_parcel[slot.parcel_id] for slot in twice[:2])
    assert (first["roof_open"], first["roof_pct"], first["disposition"]) == ("pct_10_24", "17", "")
    assert [second[name] for name in ("roof_open", "roof_pct")] == ["cannot_tell", ""]
    assert first["who"] == 'Bob "B" O\'Neil'
    assert {row["source"] for row in rows} == {"desk"}
    assert {row["year"] for row in rows} == {"2024"}
    assert float(first["chance"]) == twice[0].chance
    assert first["photo"] == setting.roofs[0].photo
