"""Units of one building share a place on the fire map: one symbol, a count, a card for each."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pytest
import test_fire_map
from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def map_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the map of six vacants of which the second to the fourth are units of one building."""
    folder = tmp_path_factory.mktemp("units")
    inputs = test_fire_map.make_inputs(folder)
    shapes = inputs.roll.table.geometry.to_list()
    stacked = [shapes[0], *[shapes[1]] * 3, *shapes[4:]]
    table = gpd.GeoDataFrame(inputs.roll.table.set_geometry(stacked, crs=inputs.roll.table.crs))
    stack = replace(inputs, roll=replace(inputs.roll, table=table))
    return test_fire_map.write_map(stack, folder / "fire_map")


@pytest.fixture
def page(map_folder: Path, browser: Browser) -> Iterator[Page]:
    """Return the open map."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((map_folder / "index.html").as_uri())
    yield page
    page.close()
    assert errors == []


def drawn_counts(page: Page) -> list[str]:
    """Return the labels that the painter writes while the map is drawn once more."""
    return list(
        page.evaluate("""() => {
          const written = [];
          const real = CanvasRenderingContext2D.prototype.fillText;
          CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
            if (this.canvas.closest(".leaflet-container")) written.push(String(text));
            return real.call(this, text, ...rest);
          };
          Ground.show(Roofs.ranked);
          CanvasRenderingContext2D.prototype.fillText = real;
          return written;
        }""")
    )


def test_units_of_a_building_are_one_symbol_with_their_number(page: Page) -> None:
    """The worst word is drawn; every unit keeps its row in the table."""
    test_fire_map.open_card(page, test_fire_map.ADDRESSES[1])

    assert drawn_counts(page) == ["3"]
    assert not page.locator("#overlap").is_visible()
    page.fill("#search", "")
    page.click("#to-table")
    assert page.locator("#rows tr").count() == len(test_fire_map.PARCELS)


def test_card_lists_the_units_worst_first(page: Page) -> None:
    card = test_fire_map.open_card(page, test_fire_map.ADDRESSES[3])
    assert "3 units at this place" in card

    words = page.locator("#card .units .choose strong").all_inner_texts()
    assert words == ["LIKELY", "POSSIBLE", "NOT SEEN IN PHOTO"]
    current = page.locator("#card .units [aria-current=true]").inner_text()
    assert test_fire_map.PARCELS[3] in current


def test_unit_on_the_card_opens_its_own_card(page: Page) -> None:
    test_fire_map.open_card(page, test_fire_map.ADDRESSES[3])
    page.locator("#card .units .choose").first.click()

    assert page.locator("#card-word").inner_text() == "LIKELY"
    assert page.locator("#card-address").inner_text() == test_fire_map.ADDRESSES[1]


def test_tap_on_the_symbol_opens_the_worst_unit(page: Page) -> None:
    test_fire_map.open_card(page, test_fire_map.ADDRESSES[3])
    place = page.evaluate(test_fire_map.RING_MIDDLE)
    page.mouse.click(*place)

    assert page.locator("#card-word").inner_text() == "LIKELY"


def test_house_alone_has_no_list_of_units(page: Page) -> None:
    assert "units" not in test_fire_map.open_card(page, test_fire_map.ADDRESSES[5])
