"""The offline map opens from file:// without a network, finds, shows and lists every vacant roof."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from pyproj import CRS

from gis_export.fire_map.base_map import collar, write_base_map
from gis_export.fire_map.ground import TILE_PX, Ground, ground_of
from gis_export.fire_map.photos import outlined
from gis_export.inputs import ExportInputs, ExportSettings, no_looks
from gis_export.products import export_products
from imagery.flyover import Flyover, open_flyover
from imagery.parcels import VacantRoll
from imagery.store import ChipStore
from inference.hazard import USE_LIMIT
from inference.ledger import COLUMNS, Ledger

CHROMIUM = Path("/usr/bin/chromium")
WORDS = ("CONFIRMED", "LIKELY", "POSSIBLE", "NOT SEEN IN PHOTO", "NOT ASSESSED")
ADDRESSES = ("12 <b>Peña</b> St", "14 Oak St", "16 Oak St", "18 Oak St", "20 Elm Ct")
WEST, NORTH = 500_000.0, 4_300_000.0


def make_flyover(folder: Path) -> Flyover:
    """Two tiles side by side, red in the west and blue in the east, 0.5 m pixels, UTM 18N, and one that cannot be opened."""
    folder.mkdir()
    for index, color in enumerate(((200, 30, 30), (30, 30, 200))):
        pixels = np.broadcast_to(np.array(color, np.uint8)[:, None, None], (3, 320, 160))
        where = {"crs": "EPSG:26918", "transform": Affine(0.5, 0.0, WEST - 80 + 80 * index, 0.0, -0.5, NORTH + 80)}
        with rasterio.open(folder / f"t{index}.tif", "w", driver="GTiff", width=160, height=320, count=3, dtype="uint8", **where) as target:
            target.write(pixels)
    (folder / "broken.tif").write_bytes(b"not an image")
    return open_flyover(2026, (str(folder),), date(2026, 3, 9))


def make_chips(folder: Path) -> ChipStore:
    """One chip, of parcel 0216 001."""
    folder.mkdir()
    pixels = np.full((3, 40, 90), 120, np.uint8)
    mask = np.zeros((40, 90), np.uint8)
    mask[10:30, 10:80] = 1
    (folder / "shard_00000.bin").write_bytes(pixels.tobytes() + mask.tobytes())
    place = {"parcel_id": "0216 001", "status": "chip", "shard": 0, "offset": 0, "height": 40, "width": 90}
    return ChipStore(folder=folder, manifest=pd.DataFrame([place]), rows={"0216 001": 0})


def make_inputs(folder: Path) -> ExportInputs:
    ids = [f"{216 + row:04d} 001" for row in range(5)]
    shapes: list[shapely.Polygon | None] = [shapely.box(WEST - 20 + 8 * row, NORTH, WEST - 14 + 8 * row, NORTH + 20) for row in range(4)]
    roll = gpd.GeoDataFrame(
        {"parcel_id": ids, "parcel_key": ids, "address": list(ADDRESSES), "block": "", "neighborhood": "", "fire_district": "Bn 2"}
        | {"inspection_district": "", "notice_date": None, "occupied_sides": ["E,W", "", "U", "", ""]},
        geometry=[*shapes, None], crs="EPSG:26918",
    )  # fmt: skip
    scored = np.array([True, True, True, True, False])
    score = pd.Series([0.9, 0.8, 0.3, 0.1, np.nan])
    table = pd.DataFrame(
        {"parcel_id": ids, "year": 2026, "status": np.where(scored, "scored", "not_assessed"), "reason": [None] * 4 + ["no_geometry"]}
        | {"score": score, "score_low": score, "score_high": score, "hazard": WORDS, "rank": pd.Series([1, 2, 3, 4, None], dtype="Int32")}
        | {"model_version": "m/1", "img_date": pd.Series([date(2026, 3, 9)] * 5, dtype=object), "covered_share": 1.0, "nodata_share": 0.0}
        | {"sharpness": 1.0, "dark_share": 0.1, "tiles": "t0.tif"}
        | dict.fromkeys(("shadow_share", "canopy_share", "seam_share", "ground_share"), 0.0)
    )  # fmt: skip
    return ExportInputs(
        city="Testville", year=2026, run_id="r", roll=VacantRoll(table=roll, notices=5, joined_by_place=0, unmatched=()),
        ledger=Ledger(year=2026, table=table[list(COLUMNS)]), flyover=make_flyover(folder / "flyover"),
        chips=make_chips(folder / "chips"), earlier=(), looks=no_looks(), models={}, today=date(2026, 11, 24),
    )  # fmt: skip


def test_ground_is_metric_and_its_levels_reach_one_tile() -> None:
    shapes = gpd.GeoSeries([shapely.box(WEST, NORTH, WEST + 880, NORTH + 380)], crs="EPSG:26918").to_crs("EPSG:2248")
    ground = ground_of(shapes, gsd_m=0.5, megapixels=100)
    assert ground is not None
    assert ground.gsd_m == 0.5
    assert ground.shape == (1000, 2000) or max(abs(ground.shape[0] - 1000), abs(ground.shape[1] - 2000)) <= 4
    assert TILE_PX * 2 ** (ground.levels - 1) >= max(ground.shape) > TILE_PX * 2 ** (ground.levels - 2)
    assert ground.place(ground.west_m + 12, ground.north_m - 34) == (12.0, 34.0)


def test_large_city_gets_a_coarser_photo() -> None:
    ground = ground_of(gpd.GeoSeries([shapely.box(WEST, NORTH, WEST + 20_000, NORTH + 20_000)], crs="EPSG:26918"), gsd_m=0.1, megapixels=4)
    assert ground is not None
    assert ground.shape[0] * ground.shape[1] == pytest.approx(4e6, rel=0.01)
    assert ground_of(gpd.GeoSeries([None], crs="EPSG:26918"), gsd_m=1, megapixels=1) is None


def test_base_map_lies_where_the_flyover_lies(tmp_path: Path) -> None:
    flyover = make_flyover(tmp_path / "flyover")
    ground = Ground(crs=CRS("EPSG:26918"), west_m=WEST - 80, north_m=NORTH + 80, width_m=128.0, height_m=128.0, gsd_m=0.5)
    drawn = write_base_map(flyover, ground, tmp_path)
    assert (drawn.tiles, drawn.unread) == (("0/0_0",), 1)
    with Image.open(tmp_path / "base/0/0_0.webp") as image:
        colors = [image.convert("RGB").getpixel(xy) for xy in ((20, 128), (150, 128), (170, 128), (250, 128))]
    assert [isinstance(color, tuple) and color[0] > color[2] for color in colors] == [True, True, False, False]


def test_black_border_is_no_photo_but_a_shadow_is() -> None:
    color = np.full((3, 5, 6), 90, np.uint8)
    color[:, :, 0] = 4
    color[:, 2, 3] = 0
    found = collar(color, darkest=8)
    assert found[:, 0].all()
    assert not found[:, 1:].any()
    assert not collar(color, darkest=0).any()


def test_outline_hides_nothing_of_the_roof() -> None:
    pixels = np.full((9, 9, 3), 100, np.uint8)
    mask = np.zeros((9, 9), np.bool_)
    mask[3:6, 3:6] = True
    drawn = outlined(pixels, mask)
    assert (drawn[mask] == 100).all()
    assert (drawn[4, 2] == 0).all() and (drawn[4, 1] == 255).all() and (drawn[4, 0] == 100).all()


@pytest.fixture(scope="module")
def map_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("map")
    export_products(make_inputs(folder), folder / "2026", ExportSettings(), delivered=folder)
    return folder / "2026/fire/fire_map"


@pytest.fixture(scope="module")
def requests() -> list[str]:
    """Every address the page asked for."""
    return []


@pytest.fixture(scope="module")
def errors() -> list[str]:
    """Every complaint of the page."""
    return []


@pytest.fixture(scope="module")
def page(map_folder: Path, requests: list[str], errors: list[str]) -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(10_000)
        page.on("request", lambda request: requests.append(request.url))
        page.on("requestfailed", lambda request: errors.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto((map_folder / "index.html").as_uri())
        yield page
        browser.close()


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    """Bring the page back to its start before each test that uses it."""
    if "page" in request.fixturenames:
        request.getfixturevalue("page").reload()


def test_page_asks_for_nothing_but_its_own_files(page: Page, requests: list[str], errors: list[str]) -> None:
    page.wait_for_selector(".leaflet-tile-loaded")
    assert any(url.endswith(".webp") for url in requests)
    assert all(url.startswith("file://") for url in requests)
    assert errors == []


def test_sentence_and_legend_are_always_in_sight(page: Page) -> None:
    for _ in range(2):
        assert page.locator("#use-limit").inner_text() == USE_LIMIT
        assert page.locator("#use-limit").is_visible()
        page.click("#view")
    assert [page.locator("#legend strong").nth(row).inner_text() for row in range(5)] == [
        "CONFIRMED", "LIKELY", "POSSIBLE", "NOT ASSESSED", "NOT SEEN IN PHOTO",
    ]  # fmt: skip


def test_search_by_typing_opens_the_card_in_its_order(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("pena")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    said = page.locator("#card").inner_text()
    order = ["CONFIRMED", "12 <b>Peña</b> St", "2026-03-09", "Occupied sides", "E and W", "Sign posted", "UNKNOWN", "Parcel 0216 001"]
    places = [said.index(word) for word in order]
    assert places == sorted(places)
    assert page.locator("#card b").count() == 0
    assert page.locator("#card img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 90
    page.keyboard.press("Escape")
    assert page.locator("#card").is_hidden()


def test_search_by_parcel_number_with_or_without_blank(page: Page) -> None:
    for typed in ("0217 001", "0217001"):
        page.fill("#search", typed)
        assert page.locator("#found [role=option] strong").all_inner_texts() == ["14 Oak St"]
    page.fill("#search", "nowhere")
    assert page.locator("#found").inner_text() == "Not on the vacant roll. That does not mean safe."


def test_click_on_the_map_opens_the_card(page: Page) -> None:
    page.fill("#search", "16 Oak")
    page.keyboard.press("Enter")
    middle = page.evaluate("() => { const box = document.getElementById('map').getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }")
    shift = page.locator("#card").evaluate("card => card.offsetWidth / 2")
    page.click("text=Close")
    page.mouse.click(middle[0] - shift, middle[1])
    assert "16 Oak St" in page.locator("#card").inner_text()
    assert "POSSIBLE" in page.locator("#card").inner_text()


def test_roof_that_was_not_assessed_says_why(page: Page) -> None:
    page.fill("#search", "20 elm")
    page.keyboard.press("Enter")
    said = page.locator("#card").inner_text()
    assert "NOT ASSESSED" in said
    assert "no geometry" in said
    assert "No photo of this roof" in said


def test_table_lists_every_roof_worst_first(page: Page) -> None:
    page.click("#view")
    assert page.locator("#rows tr").count() == 5
    words = [page.locator("#rows .word strong").nth(row).inner_text() for row in range(5)]
    assert words == ["CONFIRMED", "LIKELY", "POSSIBLE", "NOT ASSESSED", "NOT SEEN IN PHOTO"]
    page.fill("#search", "oak")
    assert page.locator("#rows tr").count() == 3
    page.locator("#rows button").first.press("Enter")
    assert "14 Oak St" in page.locator("#card").inner_text()


def test_night_turns_the_page_dark(page: Page) -> None:
    paper = "() => getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.click("#light")
    assert page.evaluate(paper) == "rgb(22, 22, 20)"


def test_targets_are_large_enough_for_a_gloved_finger(page: Page) -> None:
    page.fill("#search", "oak")
    for locator in (page.locator("header button"), page.locator("#search"), page.locator("#found li"), page.locator(".leaflet-bar a")):
        for box in [element.bounding_box() for element in locator.all()]:
            assert box is not None and box["height"] >= 44 and box["width"] >= 44
