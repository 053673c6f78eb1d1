"""The map of one fire district is a single file that needs no other, and says that it is a part."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from test_fire_map import make_inputs, open_card

from gis_export.fire.map.districts import write_district_maps
from gis_export.fire.map.folder import write_fire_map
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings


@pytest.fixture(scope="module")
def districts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the maps of two fire districts."""
    folder = tmp_path_factory.mktemp("city")
    inputs = make_inputs(folder)
    settings = ExportSettings()
    city = write_fire_map(build_rows(inputs, settings), folder / "map", inputs, settings)
    write_district_maps(city, folder / "districts", inputs, settings)
    shutil.rmtree(folder / "map")
    return folder / "districts"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    """Return an empty page."""
    return browser.new_page()


def test_one_file_for_each_district_holds_all_of_it(page: Page, districts: Path) -> None:
    assert sorted(path.name for path in districts.iterdir()) == ["Bn_10.html", "Bn_2.html"]

    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((districts / "Bn_2.html").as_uri())
    page.wait_for_selector("body[data-copy=whole]", state="attached")
    assert page.locator("#copy").is_hidden()
    assert page.evaluate("Roofs.all.length") == 4
    assert "only fire district Bn 2" in page.locator("h1").inner_text()

    open_card(page, "pena")
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('#card figure img').naturalWidth") > 0
    photos = [url for url in requests if not url.startswith("data:")]
    assert photos == [(districts / "Bn_2.html").as_uri()]


def test_vacant_of_another_district_is_not_called_off_the_roll(page: Page, districts: Path) -> None:
    page.goto((districts / "Bn_2.html").as_uri())
    said = open_card(page, "8 elm ct")
    assert "OTHER DISTRICT" in said
    assert "see the map of the whole city" in said
    assert "NOT ON THE ROLL" not in said


def test_file_that_is_cut_shows_the_notice(page: Page, districts: Path, tmp_path: Path) -> None:
    text = (districts / "Bn_2.html").read_bytes()
    for share in (0.05, 0.5, 0.95):
        (tmp_path / "cut.html").write_bytes(text[: int(len(text) * share)])
        page.goto((tmp_path / "cut.html").as_uri())
        page.wait_for_timeout(100)
        assert page.locator("#copy").inner_text().startswith("INCOMPLETE COPY: DO NOT USE"), share
