"""The phone list keeps answers without a network, and `findings` reads what it saves."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import CHROMIUM
from export_cases import make_inputs, make_roll
from findings_cases import make_context
from playwright.sync_api import Dialog, Page, sync_playwright

from gis_export.housing.routes.phone_list import asked, write_phone_lists
from gis_export.housing.routes.route_sheets import read_sources
from gis_export.housing.routes.routing import Route
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from inference.hazard import USE_LIMIT
from labels.findings import read_findings

ORDER = ("0218 001", "0216 001", "0217 001")
VISITED = "2026-06-02"


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a day with three stops, one of them without a geometry."""
    roll = make_roll(4)
    roll.table.loc[1, "geometry"] = None
    roll.table.loc[0, "address"] = "<b>100 Peña & Co</b> St"
    inputs = make_inputs(roll)
    settings = ExportSettings()
    rows = build_rows(inputs, settings)
    folder = tmp_path_factory.mktemp("housing") / "phone_lists"
    routes = [Route(district="D0", day=2, parcels=ORDER, length_m=1609.3)]
    [path] = write_phone_lists(
        routes, read_sources(routes, rows, inputs, settings), folder, run_id=inputs.run_id
    )
    assert path.name == "D0_day_2.html"
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Yield a page of a phone's browser that keeps what it stores, or skip the test."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=str(CHROMIUM),
            args=["--no-sandbox"],
            viewport={"width": 390, "height": 844},
        )
        yield context.new_page()
        context.close()


def tick(page: Page, parcel: str, question: str, *answers: str) -> None:
    """Tick answers of a stop."""
    for answer in answers:
        field = f"[data-parcel='{parcel}'] [data-question={question}][value={answer}]"
        page.locator(field).check()


def write(page: Page, parcel: str, question: str, text: str) -> None:
    """Write into a field of a stop."""
    page.locator(f"[data-parcel='{parcel}'] [data-question={question}]").fill(text)


def answer(page: Page) -> None:
    """Answer two of the three stops as an inspector does."""
    page.locator("summary").nth(0).click()
    page.locator("summary").nth(1).click()
    tick(page, "0218 001", "reached", "yes")
    write(page, "0218 001", "visited_on", VISITED)
    tick(page, "0218 001", "roof_open", "pct_25_49")
    tick(page, "0218 001", "wall_floor_signs", "none_seen", "wall_bulge", "floor_sag")
    tick(page, "0218 001", "secured", "no")
    tick(page, "0218 001", "sides_occupied", "n", "e")
    tick(page, "0218 001", "sign_posted", "yes")
    tick(page, "0218 001", "occupied", "no")
    tick(page, "0218 001", "disposition", "stabilize")
    write(page, "0218 001", "notes", '=1+1, "rear"\nopen')
    tick(page, "0216 001", "reached", "no")
    write(page, "0216 001", "visited_on", VISITED)
    tick(page, "0216 001", "disposition", "no_access")


def test_answers_are_kept_saved_and_read_by_findings(
    page: Page, listed: Path, tmp_path: Path
) -> None:
    asks: list[str] = []
    page.on("request", lambda request: asks.append(request.url))
    page.goto(listed.as_uri())
    assert page.locator("#count").inner_text() == "0 / 3"
    answer(page)
    assert page.locator("#count").inner_text() == "2 / 3"
    assert page.locator("#unsaved").inner_text() == "Answers not yet saved in a file."

    # A phone that was switched off has the answers still.
    page.reload()
    assert page.locator("#count").inner_text() == "2 / 3"
    assert page.locator("#lost").is_hidden()
    with page.expect_download() as waiting:
        page.locator("#save").click()
    saved = tmp_path / "findings_D0_day_2.csv"
    waiting.value.save_as(saved)
    assert waiting.value.suggested_filename == saved.name
    assert page.locator("#unsaved").inner_text() == ""
    assert page.locator("#copy").input_value() == saved.read_text(encoding="utf-8").replace(
        "\r\n", "\n"
    )

    found = read_findings(saved, make_context())
    assert [problem for problem in found.problems] == []
    looks = {look.parcel_id: look for look in found.looks}
    assert set(looks) == {"0218 001", "0216 001"}
    seen = looks["0218 001"]
    assert (seen.day, seen.disposition, seen.roof_pct) == (date(2026, 6, 2), "stabilize", 37)
    assert looks["0216 001"].disposition == "no_access"
    assert [url for url in asks if not url.startswith(("file:", "data:", "blob:"))] == []


DENIED = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied'); }});"
FORGETFUL = "Storage.prototype.setItem = () => {}; Storage.prototype.getItem = () => null;"


@pytest.mark.parametrize("storage", [DENIED, FORGETFUL], ids=["denied", "forgetful"])
def test_a_browser_that_keeps_nothing_says_so_and_warns_before_it_closes(
    page: Page, listed: Path, tmp_path: Path, storage: str
) -> None:
    """It warns while answers are in no file, and no longer once they are."""
    other = page.context.new_page()
    warnings: list[str] = []

    def accept(dialog: Dialog) -> None:
        warnings.append(dialog.type)
        dialog.accept()

    other.on("dialog", accept)
    other.add_init_script(storage)
    other.goto(listed.as_uri())
    assert other.locator("#lost").is_visible()
    assert other.locator("#unsaved").inner_text() == ""

    other.locator("summary").nth(1).click()
    tick(other, "0216 001", "reached", "no")
    assert "does not keep them" in other.locator("#unsaved").inner_text()
    other.reload()
    assert warnings == ["beforeunload"]

    other.locator("summary").nth(1).click()
    tick(other, "0216 001", "reached", "no")
    with other.expect_download() as waiting:
        other.locator("#save").click()
    waiting.value.save_as(tmp_path / "saved.csv")
    assert "0216 001" in (tmp_path / "saved.csv").read_text(encoding="utf-8")
    assert other.locator("#unsaved").inner_text() == ""
    other.reload()
    assert warnings == ["beforeunload"]
    other.close()


def test_a_view_without_scripts_says_that_it_keeps_nothing(page: Page, listed: Path) -> None:
    """The preview of a phone's file manager runs no script; a browser takes the notice away."""
    assert 'id="still"' in listed.read_text(encoding="utf-8")
    page.goto(listed.as_uri())
    assert page.locator("#still").count() == 0


def test_the_page_fits_a_phone_and_is_accessible(page: Page, listed: Path) -> None:
    page.goto(listed.as_uri())
    for number in range(3):
        page.locator("summary").nth(number).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()

    page.locator("#language").click()
    assert page.locator("legend:visible").first.inner_text() == "¿Pudo ver el edificio?"


def test_the_page_asks_what_the_form_asks_and_says_the_limit(listed: Path) -> None:
    assert [question.name for question in asked()] == [
        "visited_on",
        "reached",
        "roof_open",
        "wall_floor_signs",
        "secured",
        "sides_occupied",
        "sign_posted",
        "occupied",
        "disposition",
        "notes",
    ]
    text = listed.read_text(encoding="utf-8")
    assert USE_LIMIT in text
    assert "&lt;b&gt;100 Peña &amp; Co&lt;/b&gt; St" in text
