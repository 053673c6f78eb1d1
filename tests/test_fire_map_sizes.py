"""Nothing lies over a symbol, the card or the sentence, at any size, by day and by night."""

import dataclasses
from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from test_fire_map import NORTH, WEST, make_inputs, open_card, write_map

from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from inference.ledger import Ledger

SIZES = ((1280, 800), (1024, 768), (768, 1024), (390, 844), (360, 640))
ACROSS = 10
DOWN = 6
COVERED = """() => Ground.inView().filter((roof) => {
  const { x, y } = Ground.spot(roof), box = Ground.host.getBoundingClientRect();
  const isOnEdge = x < box.left + 1 || x > box.right - 1 || y < box.top + 1 || y > box.bottom - 1;
  const top = document.elementFromPoint(x, y);
  return !isOnEdge && !(top && top.closest("#map"));
}).map((roof) => roof.ADDRESS)"""
"""Addresses of the roofs in view whose symbol is covered at its center."""
IS_ON_TOP = """(selector) => {
  const node = document.querySelector(selector), box = node.getBoundingClientRect();
  const points = [[0.5, 0.5], [0.02, 0.1], [0.98, 0.9]];
  return points.every(([across, down]) => {
    const top = document.elementFromPoint(box.x + across * box.width, box.y + down * box.height);
    return top && (node === top || node.contains(top));
  });
}"""
"""Whether an element is seen whole."""


def make_town(folder: Path) -> ExportInputs:
    """Return a town of 60 vacant roofs in six rows."""
    inputs = make_inputs(folder)
    places = [(column, row) for row in range(DOWN) for column in range(ACROSS)]
    ids = [f"{row:04d} {column:03d}" for column, row in places]
    lots = pd.concat([inputs.roll.table.iloc[[1]]] * len(places), ignore_index=True)
    corners = [(WEST + 12 * column, NORTH + 40 * row) for column, row in places]
    shapes = [shapely.box(west, south, west + 6, south + 20) for west, south in corners]
    table = gpd.GeoDataFrame(
        lots.assign(
            parcel_id=ids, address=[f"{100 * row + 2 * column} N OAK ST" for column, row in places]
        ).drop(columns="geometry"),
        geometry=shapes,
        crs="EPSG:26918",
    )
    rows = pd.concat([inputs.ledger.table.iloc[:4]] * (len(places) // 4), ignore_index=True)
    return dataclasses.replace(
        inputs,
        roll=dataclasses.replace(inputs.roll, table=table),
        ledger=Ledger(year=2026, table=rows.assign(parcel_id=ids)),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the map of a town of 60 vacant roofs."""
    scratch = tmp_path_factory.mktemp("town")
    return write_map(make_town(scratch), scratch / "fire_map")


@pytest.fixture(scope="module")
def page(browser: Browser, folder: Path) -> Page:
    """Return the page of the map."""
    page = browser.new_page(reduced_motion="reduce")
    page.set_default_timeout(10_000)
    page.clock.set_fixed_time("2026-11-24T12:00:00")
    page.goto((folder / "index.html").as_uri())
    return page


def fresh(page: Page, size: tuple[int, int], scheme: Literal["light", "dark"]) -> None:
    """Open the page again at a size, checked and drawn."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.reload()
    page.wait_for_selector("body[data-copy=whole]")
    page.wait_for_timeout(100)
    page.click("#whole")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_lies_over_a_symbol_the_card_or_the_sentence(
    page: Page, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    fresh(page, size, scheme)
    assert page.evaluate("Ground.inView().length") == ACROSS * DOWN
    assert page.locator("#counted").inner_text() == "In view: 60 of 60"
    assert page.evaluate(COVERED) == []
    assert page.evaluate(IS_ON_TOP, "#use-limit")
    assert page.evaluate(IS_ON_TOP, "#age")

    open_card(page, "304 n oak")
    page.wait_for_timeout(100)
    assert page.evaluate(COVERED) == []
    assert page.evaluate(IS_ON_TOP, "#card .hazard")
    assert page.evaluate(IS_ON_TOP, "#card .address")
    assert page.evaluate(IS_ON_TOP, "#use-limit")
    middle = page.evaluate("Ground.spot(Roofs.all.find((roof) => roof.ADDRESS === '304 N OAK ST'))")
    box = page.locator("#map").bounding_box()
    assert box is not None
    assert abs(middle["x"] - box["x"] - box["width"] / 2) < box["width"] / 4
    assert abs(middle["y"] - box["y"] - box["height"] / 2) < box["height"] / 4


@pytest.mark.parametrize("size", SIZES[1:])
def test_legend_is_folded_below_1200_and_covers_nothing_when_open(
    page: Page, size: tuple[int, int]
) -> None:
    fresh(page, size, "light")
    assert page.locator("#legend-body").is_hidden()

    page.click("#legend-open")
    page.wait_for_timeout(100)
    assert page.locator("#legend-body").is_visible()
    assert page.evaluate(COVERED) == []


def test_count_leaves_out_what_is_scrolled_away(page: Page) -> None:
    fresh(page, (640, 360), "light")
    page.click("#legend-open")
    page.evaluate("document.getElementById('frame').scrollTop = 0")
    page.wait_for_timeout(100)

    shown = page.evaluate("Ground.inView().length")
    assert page.evaluate(COVERED) == []
    assert page.locator("#counted").inner_text() == f"In view: {shown} of 60"


def test_paper_shows_the_map_with_nothing_over_it(page: Page, tmp_path: Path) -> None:
    fresh(page, (1024, 768), "light")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    map_box = page.locator("#map-box").bounding_box()
    others = ("header", "#legend-body", "footer", ".told")
    boxes = [page.locator(name).bounding_box() for name in others]
    page.emulate_media(media="screen")
    page.pdf(path=tmp_path / "map.pdf", prefer_css_page_size=True)

    assert map_box is not None
    for name, box in zip(others, boxes, strict=True):
        assert box is not None, name
        is_above = box["y"] + box["height"] <= map_box["y"] + 1
        assert is_above or box["y"] >= map_box["y"] + map_box["height"] - 1, name
    assert len(PdfReader(tmp_path / "map.pdf").pages) == 1


AGES = {
    "2026-03-09": "Flown 2026-03-09, made 2026-11-24: photo 8 months old. CLOCK WRONG: this tablet "
    "says 2026-03-09, so the photo is older than that.",
    "2026-12-08": "Flown 2026-03-09, made 2026-11-24: photo 8 months old.",
    "2026-12-09": "Flown 2026-03-09, made 2026-11-24: photo 9 months old.",
    "2027-09-09": "Flown 2026-03-09, made 2026-11-24: photo 18 months old.",
    "2027-09-10": "Flown 2026-03-09, made 2026-11-24: photo 18 months old. TOO OLD (over 18): not "
    "seen in it means NOT ASSESSED.",
}
"""What the bar says on a day of the tablet's clock."""


def test_age_goes_by_the_clock_of_the_tablet(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    said = {}
    for day in AGES:
        page.clock.set_fixed_time(f"{day}T12:00:00")
        page.goto((folder / "index.html").as_uri())
        said[day] = page.locator("#age").inner_text()
        alarm = page.locator("#age").evaluate("node => node.classList.contains('alarm')")
        assert alarm == ("CLOCK" in AGES[day] or "TOO OLD" in AGES[day]), day

    page.click("#to-table")
    assert page.locator("#age").is_visible()
    assert page.locator("#rows tr", has_text="REVIEW DUE").count() == 60
    page.close()
    assert said == AGES


def test_frozen_folder_says_so(browser: Browser, tmp_path: Path) -> None:
    settings = ExportSettings(as_of="2026-11-24")
    frozen = write_map(make_inputs(tmp_path), tmp_path / "frozen", settings)
    page = browser.new_page()
    page.clock.set_fixed_time("2028-01-01T12:00:00")
    page.goto((frozen / "index.html").as_uri())
    said = page.locator("#age").inner_text()
    page.close()
    assert said.startswith("FROZEN: does not age. Flown 2026-03-09, made 2026-11-24: photo 21 ")
    assert "TOO OLD" in said
