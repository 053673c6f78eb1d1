"""The offline map opens from file:// without a network.

It finds, shows, lists and prints every vacant roof.
"""

import dataclasses
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageColor
from playwright.sync_api import Browser, ConsoleMessage, Page, Request
from pypdf import PdfReader
from pyproj import CRS

from gis_export.fire.map.base_map import collar, write_base_map
from gis_export.fire.map.folder import write_fire_map
from gis_export.fire.map.ground import TILE_PX, Ground, ground_of
from gis_export.fire.map.page_data import shape_numbers
from gis_export.fire.map.photos import photo_path, write_photos
from gis_export.table.inputs import ExportInputs, no_looks
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_CODE, BY_WORD
from imagery.chips.picture import outlined
from imagery.chips.store import ChipStore
from imagery.flyover.flyover import Flyover, open_flyover
from imagery.roll.parcels import VacantRoll
from inference.hazard import USE_LIMIT
from inference.ledger import COLUMNS, Ledger

WORDS = ("CONFIRMED", "LIKELY", "POSSIBLE", "NOT SEEN IN PHOTO", "NOT ASSESSED", "NOT ASSESSED")
ADDRESSES = (
    "12 <b>Peña</b> St",
    "14 N Oak St",
    "16 N Oak St",
    "118 North Oak Street",
    "20 Elm Ct",
    "8 Elm Ct",
)
PARCELS = [f"{216 + row:04d} 001" for row in range(6)]
LIMIT_START = USE_LIMIT.split(".")[0]
LADDER = ["CONFIRMED", "LIKELY", "POSSIBLE", "NOT ASSESSED", "NOT SEEN IN PHOTO"]
WEST = 500_000.0
NORTH = 4_300_000.0
RING_MIDDLE = """() => {
  const box = document.querySelector('.ring').getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""
CARD_FONT_SIZES = """() => ["h2", ".address", "dd", "dt"].map((name) => {
  const node = document.querySelector("#card " + name);
  return parseFloat(getComputedStyle(node).fontSize);
})"""
TARGETS = """() => {
  const names = "button, select, #search, [role=option], .word-row";
  const visible = [...document.querySelectorAll(names)].filter((node) => node.offsetParent);
  return visible.map((node) => {
    const box = node.getBoundingClientRect();
    return [node.textContent, box.width, box.height];
  });
}"""
"""Text, width and height of everything that can be touched."""


def make_flyover(folder: Path) -> Flyover:
    """Write two tiles side by side, red in the west and blue in the east, and a broken one.

    Their pixels are 0.5 m, in UTM 18N.
    """
    profile = {
        "driver": "GTiff",
        "width": 160,
        "height": 320,
        "count": 3,
        "dtype": "uint8",
        "crs": "EPSG:26918",
    }
    folder.mkdir()
    for index, color in enumerate(((200, 30, 30), (30, 30, 200))):
        pixels = np.broadcast_to(np.array(color, np.uint8)[:, None, None], (3, 320, 160))
        transform = Affine(0.5, 0.0, WEST - 80 + 80 * index, 0.0, -0.5, NORTH + 80)
        path = folder / f"t{index}.tif"
        with rasterio.open(path, "w", transform=transform, **profile) as target:
            target.write(pixels)
    (folder / "broken.tif").write_bytes(b"not an image")
    return open_flyover(2026, (str(folder),), date(2026, 3, 9))


def make_chips(folder: Path) -> ChipStore:
    """Write one chip, of parcel 0216 001."""
    folder.mkdir()
    pixels = np.full((3, 40, 90), 120, np.uint8)
    mask = np.zeros((40, 90), np.uint8)
    mask[10:30, 10:80] = 1
    (folder / "shard_00000.bin").write_bytes(pixels.tobytes() + mask.tobytes())
    place = {
        "parcel_id": "0216 001",
        "status": "chip",
        "shard": 0,
        "offset": 0,
        "height": 40,
        "width": 90,
    }
    return ChipStore(folder=folder, manifest=pd.DataFrame([place]), rows={"0216 001": 0})


def make_roll() -> VacantRoll:
    """Return six lots: five in a row 12 m apart, and one without a place."""
    shapes: list[shapely.Polygon | None] = []
    for place in (0, 1, 2, 3, None, 4):
        if place is None:
            shapes.append(None)
        else:
            west = WEST - 20 + 12 * place
            shapes.append(shapely.box(west, NORTH, west + 6, NORTH + 20))

    table = gpd.GeoDataFrame(
        {
            "parcel_id": PARCELS,
            "address": list(ADDRESSES),
            "block": "",
            "neighborhood": "",
            "fire_district": ["Bn 2"] * 4 + ["Bn 10"] * 2,
            "inspection_district": "",
            "notice_date": None,
            "occupied_sides": ["E,W", "", "U", "", "", "E"],
            "street_sides": "U",
        },
        geometry=shapes,
        crs="EPSG:26918",
    )
    return VacantRoll(table=table, notices=6, joined_by_place=0, unmatched=())


def make_ledger() -> Ledger:
    """Return four scored roofs and two that were not assessed."""
    score = pd.Series([0.9, 0.8, 0.3, 0.1, np.nan, np.nan])
    table = pd.DataFrame(
        {
            "parcel_id": PARCELS,
            "year": 2026,
            "status": ["scored"] * 4 + ["not_assessed"] * 2,
            "reason": [None] * 4 + ["no_geometry", "under_trees"],
            "score": score,
            "score_low": score,
            "score_high": score,
            "score_raw": score,
            "hazard": WORDS,
            "rank": pd.Series([1, 2, 3, 4, None, None], dtype="Int32"),
            "model_version": "m/1",
            "img_date": pd.Series([date(2026, 3, 9)] * 6, dtype=object),
            "covered_share": 1.0,
            "nodata_share": 0.0,
            "sharpness": 1.0,
            "dark_share": 0.1,
            "tiles": "t0.tif",
            "note": "",
            "shadow_share": 0.0,
            "canopy_share": 0.0,
            "seam_share": 0.0,
            "ground_share": 0.0,
        }
    )
    return Ledger(year=2026, table=table[list(COLUMNS)])


def make_inputs(folder: Path) -> ExportInputs:
    """Return a city of six vacant roofs."""
    return ExportInputs(
        city="Testville",
        year=2026,
        run_id="r",
        roll=make_roll(),
        ledger=make_ledger(),
        flyover=make_flyover(folder / "flyover"),
        chips=make_chips(folder / "chips"),
        earlier=(),
        looks=no_looks(),
        models={},
        today=date(2026, 11, 24),
    )


def write_map(inputs: ExportInputs, folder: Path, settings: ExportSettings | None = None) -> Path:
    """Write the map of some inputs and return its folder."""
    settings = settings or ExportSettings()
    write_fire_map(build_rows(inputs, settings), folder, inputs, settings)
    return folder


def test_ground_is_metric_and_its_levels_reach_one_tile() -> None:
    lot = shapely.box(WEST, NORTH, WEST + 880, NORTH + 380)
    shapes = gpd.GeoSeries([lot], crs="EPSG:26918").to_crs("EPSG:2248")

    ground = ground_of(shapes, gsd_m=0.5, megapixels=100)

    assert ground is not None
    assert ground.gsd_m == 0.5

    height, width = ground.shape
    assert max(abs(height - 1000), abs(width - 2000)) <= 4

    coarsest_px = TILE_PX * 2 ** (ground.levels - 1)
    assert coarsest_px >= max(height, width) > coarsest_px / 2

    place = ground.place(np.array([[ground.west_m + 12, ground.north_m - 34]]))
    assert place.tolist() == [[12.0, 34.0]]


def test_large_city_gets_a_coarser_photo() -> None:
    city = shapely.box(WEST, NORTH, WEST + 20_000, NORTH + 20_000)
    ground = ground_of(gpd.GeoSeries([city], crs="EPSG:26918"), gsd_m=0.1, megapixels=4)
    assert ground is not None

    height, width = ground.shape
    assert height * width == pytest.approx(4e6, rel=0.01)
    assert ground_of(gpd.GeoSeries([None], crs="EPSG:26918"), gsd_m=1, megapixels=1) is None


def test_base_map_lies_where_the_flyover_lies(tmp_path: Path) -> None:
    flyover = make_flyover(tmp_path / "flyover")
    ground = Ground(
        crs=CRS("EPSG:26918"),
        west_m=WEST - 80,
        north_m=NORTH + 80,
        width_m=128.0,
        height_m=128.0,
        gsd_m=0.5,
    )

    drawn = write_base_map(flyover, ground, tmp_path)

    assert (drawn.tiles, drawn.unread) == (("0/0_0",), 1)
    with Image.open(tmp_path / "base/0/0_0.webp") as image:
        middle_row = np.asarray(image.convert("RGB"))[128]
    colors = middle_row[[20, 150, 170, 250]]
    assert (colors[:, 0] > colors[:, 2]).tolist() == [True, True, False, False]


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
    assert (drawn[4, 2] == 0).all()
    assert (drawn[4, 1] == 255).all()
    assert (drawn[4, 0] == 100).all()


def read_outline(
    numbers: Iterator[int], ground: Ground
) -> tuple[shapely.Point, list[shapely.Polygon]]:
    """Return the point of a symbol and its outlines, as the page reads them."""
    corner = np.array([ground.west_m, ground.north_m])
    step_m = np.array([0.1, -0.1])
    count = next(numbers)
    if not count:
        return shapely.Point(corner), []

    inside = np.array([next(numbers), next(numbers)])
    polygons = []
    for _ in range(count):
        places = [inside]
        for _ in range(next(numbers)):
            places.append(places[-1] + [next(numbers), next(numbers)])
        polygons.append(shapely.Polygon(corner + step_m * np.array(places[1:])))
    return shapely.Point(corner + step_m * inside), polygons


def test_outlines_come_back_from_the_numbers_of_the_page() -> None:
    square = shapely.box(WEST, NORTH, WEST + 6, NORTH + 20)
    wide = shapely.box(WEST + 30, NORTH, WEST + 50, NORTH + 20)
    shapes = gpd.GeoSeries([square, None, shapely.MultiPolygon([square, wide])], crs="EPSG:26918")
    ground = Ground(
        crs=CRS("EPSG:26918"),
        west_m=WEST - 10,
        north_m=NORTH + 30,
        width_m=100.0,
        height_m=60.0,
        gsd_m=0.5,
    )
    assert shape_numbers(shapes, None) == [0, 0, 0]

    numbers = iter(shape_numbers(shapes, ground))
    first, first_polygons = read_outline(numbers, ground)
    _, no_polygons = read_outline(numbers, ground)
    last, last_polygons = read_outline(numbers, ground)

    assert list(numbers) == []
    assert (len(first_polygons), len(no_polygons), len(last_polygons)) == (1, 0, 2)
    assert first_polygons[0].equals(square)
    assert first.within(square)
    assert shapely.MultiPolygon(last_polygons).equals(shapes[2])
    assert last.within(wide), "the largest part carries the symbol"


@pytest.fixture(scope="module")
def map_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the map of a city of six vacant roofs."""
    folder = tmp_path_factory.mktemp("map")
    return write_map(make_inputs(folder), folder / "fire_map")


def test_read_me_states_the_size_and_what_is_inside(map_folder: Path) -> None:
    said = (map_folder / "README.txt").read_text(encoding="utf-8")
    files = [path for path in map_folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files if path.name != "README.txt")
    counts = [int(line.split()[0]) for line in said.splitlines() if line.startswith("   ")]

    assert f"{size / 1e6:.1f} MB in {len(files):,} files" in said
    assert USE_LIMIT in said
    assert "index.html" in said
    assert counts == [1, 1, 1, 2, 1]


def test_photo_is_shrunk_before_the_outline_is_drawn(tmp_path: Path) -> None:
    height = 300
    width = 960
    pixels = np.full((3, height, width), 100, np.uint8)
    mask = np.zeros((height, width), np.uint8)
    mask[100:200, 300:700] = 1
    (tmp_path / "shard_00000.bin").write_bytes(pixels.tobytes() + mask.tobytes())
    place = {
        "parcel_id": "a",
        "status": "chip",
        "shard": 0,
        "offset": 0,
        "height": height,
        "width": width,
    }
    store = ChipStore(folder=tmp_path, manifest=pd.DataFrame([place]), rows={"a": 0})

    photos = write_photos(store, ["a", "none"], tmp_path / "chips")
    assert photos.turned == "10"
    assert photos.names[1] == ""

    with Image.open(tmp_path / "chips" / photo_path(photos.names[0])) as image:
        assert (image.format, image.size) == ("WEBP", (480, 150))
        column = np.asarray(image.convert("L"))[:, 240].astype(int)
    white_rows = np.flatnonzero(column > 200)
    assert white_rows.tolist() == [48, 101], "white just outside black, around rows 50 to 99"
    assert abs(column[60:90] - 100).max() < 12


def test_a_photo_has_its_name_from_what_it_shows(map_folder: Path) -> None:
    chips = map_folder / "chips"
    (photo,) = chips.rglob("*.webp")
    assert photo.relative_to(chips) == Path(photo_path(photo.stem))
    assert len(photo.stem) == 16


@pytest.fixture(scope="module")
def requests() -> list[str]:
    """Return every address that the page asks for."""
    return []


@pytest.fixture(scope="module")
def errors() -> list[str]:
    """Return every complaint of the page."""
    return []


@pytest.fixture(scope="module")
def one_page(map_folder: Path, browser: Browser, requests: list[str], errors: list[str]) -> Page:
    """Return the page of the map, which keeps its requests and complaints."""

    def keep_error(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    def keep_failed(request: Request) -> None:
        # A reload stops the photos that the page is still opening to check its copy.
        if request.failure != "net::ERR_ABORTED":
            errors.append(request.url)

    page = browser.new_page()
    page.set_default_timeout(10_000)
    page.clock.set_fixed_time("2026-11-24T12:00:00")
    page.on("request", lambda request: requests.append(request.url))
    page.on("requestfailed", keep_failed)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", keep_error)
    page.goto((map_folder / "index.html").as_uri())
    return page


@pytest.fixture
def page(one_page: Page, errors: list[str]) -> Iterator[Page]:
    """Return the page as it opens by day on a tablet held across.

    At the end the page must not have complained.
    """
    one_page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    one_page.set_viewport_size({"width": 1280, "height": 800})
    one_page.reload()
    errors.clear()
    yield one_page
    assert errors == []


def test_map_counts_the_vacants_without_a_place(page: Page) -> None:
    assert page.locator("#missing").inner_text().startswith("1 without a place: see the table.")


def test_rows_go_on_aging_on_the_tablet(browser: Browser, map_folder: Path, tmp_path: Path) -> None:
    """An old folder says REVIEW DUE and, later, no longer NOT SEEN IN PHOTO.

    A folder that was made as of a day does not age.
    """
    days = ("2020-01-01", "2026-12-01", "2027-04-01", "2027-10-01")  # first, a tablet without clock
    page = browser.new_page()
    seen = []
    for day in days:
        page.clock.set_fixed_time(f"{day}T12:00:00")
        page.goto((map_folder / "index.html").as_uri())
        page.wait_for_selector(".leaflet-interactive, canvas")
        card = open_card(page, ADDRESSES[3])
        seen.append(("NOT SEEN IN PHOTO" in card, "REVIEW DUE" in card, "old photo" in card))

    settings = ExportSettings(as_of="2026-11-24")
    frozen = write_map(make_inputs(tmp_path), tmp_path / "frozen", settings)
    page.goto((frozen / "index.html").as_uri())
    frozen_card = open_card(page, ADDRESSES[3])
    page.close()

    assert seen == [
        (True, False, False),
        (True, False, False),
        (True, True, False),
        (False, True, True),
    ]
    assert "NOT SEEN IN PHOTO" in frozen_card


def open_card(page: Page, typed: str) -> str:
    """Search for a text, open the first answer and return the text of its card."""
    page.fill("#search", typed)
    page.keyboard.press("Enter")
    return page.locator("#card").inner_text()


def found(page: Page, typed: str) -> list[str]:
    """Search for a text and return the addresses found."""
    page.fill("#search", typed)
    return page.locator("#found [role=option] strong").all_inner_texts()


def listed(page: Page) -> list[str]:
    """Return the addresses of the table."""
    return page.locator("#rows button").all_inner_texts()


def focus_of(page: Page) -> str:
    """Return the id of what has the focus, or its text."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent"))


def test_page_asks_for_nothing_but_its_own_files(
    page: Page, requests: list[str], map_folder: Path
) -> None:
    page.wait_for_selector(".leaflet-tile-loaded")
    open_card(page, "pena")
    page.click("#to-table")
    assert any(url.endswith(".webp") for url in requests)
    assert all(
        url.startswith(f"file://{map_folder}/") or url.startswith("data:") for url in requests
    )


def test_policy_lets_no_text_run_and_nothing_out(
    page: Page, map_folder: Path, errors: list[str]
) -> None:
    """The policy stops inline scripts, inline styles, other hosts and forms."""
    page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      const image = new Image();
      image.src = "https://example.org/x.png";
      document.body.append(script, image);
    }""")
    page.wait_for_timeout(200)

    assert page.evaluate("window.ran") is None
    assert sum("Content Security Policy" in error for error in errors) == 2
    errors.clear()
    assert "unsafe" not in (map_folder / "index.html").read_text(encoding="utf-8")


def test_sentence_and_legend_are_always_in_sight(page: Page) -> None:
    for button in ("#to-table", "#to-map"):
        page.click(button)
        assert page.locator("#use-limit").inner_text() == USE_LIMIT
        assert page.locator("#use-limit").is_visible()
        assert page.locator("#words strong").all_inner_texts() == LADDER
    assert page.locator("#counted").inner_text() == "In view: 5 of 6"
    assert page.locator("#words .count").all_inner_texts() == ["1", "1", "1", "1", "1"]


@pytest.mark.parametrize("scale", ["street", "city"])
def test_every_word_is_drawn_in_its_own_color(page: Page, scale: str) -> None:
    """Pixels beside the letter have the color of the symbol, of NOT ASSESSED as of LIKELY."""
    zooms_out = 3 if scale == "city" else 0
    least_px = 60 if scale == "street" else 8
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    for word, address in zip(WORDS, ADDRESSES, strict=True):
        if address == "20 Elm Ct":
            continue  # has no place

        open_card(page, address)
        for _ in range(zooms_out):
            page.click("#zoom-out")
        x, y = page.evaluate(RING_MIDDLE)
        shot = page.screenshot(clip={"x": x - 14, "y": y - 14, "width": 28, "height": 28})

        around = Image.open(io.BytesIO(shot)).convert("RGB")
        pixels = np.asarray(around).reshape(-1, 3).astype(int)
        color = ImageColor.getrgb(BY_WORD[word].color)
        assert (np.abs(pixels - color).max(axis=1) <= 3).sum() >= least_px, (word, scale)


def test_search_by_typing_opens_the_card_in_its_order(page: Page) -> None:
    page.locator("#search").focus()
    page.keyboard.type("pena")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    said = page.locator("#card").inner_text()
    order = [
        "CONFIRMED",
        "12 <b>Peña</b> St",
        "As of",
        "2026-03-09",
        "Occupied sides",
        "E and W",
        "Sign posted",
        "UNKNOWN",
        "Parcel 0216 001",
        "Photo flown 2026-03-09",
    ]
    places = [said.index(word) for word in order]
    assert places == sorted(places)
    assert page.locator("#card b").count() == 0

    decoded_width = "image => image.decode().then(() => image.naturalWidth)"
    assert page.locator("#card img").evaluate(decoded_width) == 90

    sizes = page.evaluate(CARD_FONT_SIZES)
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 4

    page.keyboard.press("Escape")
    assert page.locator("#card").is_hidden()
    assert focus_of(page) == "search"


@pytest.mark.parametrize(
    "typed",
    [
        "118 n oak",
        "118 north oak st",
        "118 NORTH OAK STREET",
        "oak 118",
        "118 no",
        "118, n. oak str",
    ],
)
def test_search_knows_the_spellings_of_a_street(page: Page, typed: str) -> None:
    assert found(page, typed) == ["118 North Oak Street"]


def test_search_puts_the_house_that_was_typed_before_longer_numbers(page: Page) -> None:
    assert found(page, "1 oak") == ["14 N Oak St", "16 N Oak St", "118 North Oak Street"]
    assert found(page, "n oak") == ["14 N Oak St", "16 N Oak St", "118 North Oak Street"]
    assert found(page, "8") == ["8 Elm Ct"]
    assert found(page, "12 peña") == found(page, "12 PENA") == ["12 <b>Peña</b> St"]


def test_search_by_parcel_number_with_or_without_blank(page: Page) -> None:
    for typed in ("0217 001", "0217001", "0217-001", "217001"):
        assert found(page, typed) == ["14 N Oak St"]

    page.fill("#search", "nowhere")
    said = page.locator("#found-panel").inner_text()
    assert said == "No vacant building here answers to that. That does not mean safe."


@pytest.mark.parametrize(
    "typed", ["118northoak", "118 northoak", "118NORTHOAKSTREET", "118north oak"]
)
def test_search_needs_no_blanks(page: Page, typed: str) -> None:
    assert found(page, typed) == ["118 North Oak Street"]


@pytest.mark.parametrize(
    "typed",
    ["16 N Oak St Apt 2", "16 n oak rear", "16 N Oak, Testville", "16 n oak sreet", "16 n oaks st"],
)
def test_near_answer_says_so_and_opens_only_when_pointed_at(page: Page, typed: str) -> None:
    assert found(page, typed) == ["16 N Oak St"]

    told = page.locator("#found-told").inner_text()
    assert told.startswith("Nothing answers to all of it. 1 to 16 N OAK")

    page.keyboard.press("Enter")
    assert page.locator("#card").is_hidden()
    page.keyboard.press("Enter")
    assert "16 N Oak St" in page.locator("#card").inner_text()


@pytest.mark.parametrize(
    "typed", ["17 n oak st", "16 n", "16 n nosuch st", "16 north nosuch", "   17 oak apt 3"]
)
def test_no_other_house_answers_in_its_place(page: Page, typed: str) -> None:
    # A number that no list has answers for itself: its card names the nearest ones.
    allowed = {"16 n": {"16 N Oak St"}, "17 n oak st": {"17 N OAK ST"}}.get(typed, set())
    assert set(found(page, typed)) <= allowed


def test_map_speaks_as_dispatch_does_and_still_finds_what_the_roll_says(
    browser: Browser, tmp_path: Path
) -> None:
    inputs = make_inputs(tmp_path)
    rows = build_rows(inputs, ExportSettings())
    on_roll = rows["ADDRESS"].tolist()
    rows.loc[2, "ADDRESS"] = "16-18 N OAK STREET"
    write_fire_map(rows, tmp_path / "map", inputs, ExportSettings(), on_roll=on_roll)

    page = browser.new_page()
    page.goto((tmp_path / "map/index.html").as_uri())
    for typed in ("16 n oak", "18 n oak", "16-18 n oak street", "16 N Oak St"):
        assert found(page, typed) == ["16-18 N OAK STREET"], typed

    page.keyboard.press("Enter")
    said = page.locator("#card").inner_text()
    assert said.index("16-18 N OAK STREET") < said.index("On the roll 16 N Oak St")
    assert "Not on the map: no place known" in open_card(page, ADDRESSES[4])
    page.close()


def test_tap_on_the_map_opens_the_card(page: Page) -> None:
    open_card(page, "16 N Oak")
    _, y = page.evaluate(RING_MIDDLE)
    page.click("#card .close")
    page.wait_for_timeout(200)

    # Without the card the map has its full width again, around the same middle.
    x = page.evaluate("document.getElementById('map').clientWidth / 2")
    for offset in (0, 60):  # the symbol, and the far end of the lot, which is 20 m long
        page.mouse.click(x, y + offset)
        said = page.locator("#card").inner_text()
        assert "16 N Oak St" in said
        assert "POSSIBLE" in said
        page.keyboard.press("Escape")
        page.wait_for_timeout(200)


def test_roof_that_was_not_assessed_says_why(page: Page) -> None:
    said = open_card(page, "20 elm")
    assert "NOT ASSESSED" in said
    assert "Reason: no place on map" in said
    assert "No photo of this roof" in said


def test_table_sorts_by_every_column(page: Page) -> None:
    page.click("#to-table")
    assert page.locator("#rows .word strong").all_inner_texts() == [
        "CONFIRMED",
        "LIKELY",
        "POSSIBLE",
        "NOT ASSESSED",
        "NOT ASSESSED",
        "NOT SEEN IN PHOTO",
    ]
    assert page.locator("th[aria-sort]").all_inner_texts() == ["Hazard"]
    page.click("text=Address >> nth=0")
    by_street_then_number = [ADDRESSES[row] for row in (0, 5, 4, 1, 2, 3)]
    assert listed(page) == by_street_then_number

    page.locator("th button", has_text="Parcel").click()
    assert listed(page) == list(ADDRESSES)

    page.locator("th button", has_text="Parcel").click()
    assert listed(page) == list(ADDRESSES)[::-1]
    assert page.locator("th[aria-sort=descending]").inner_text() == "Parcel"

    for head in range(7):
        page.locator("th button").nth(head).click()
        assert sorted(listed(page)) == sorted(ADDRESSES)


def test_filter_says_what_it_hides_and_the_search_still_finds_it(page: Page) -> None:
    assert page.locator("#hiding").is_hidden()

    page.get_by_label("POSSIBLE").uncheck()
    page.select_option("#district", "Bn 2")
    hidden = page.locator("#hidden-words").inner_text()
    assert hidden == "Filter on: 3 of 6 roofs are hidden: POSSIBLE, every fire district but Bn 2."
    assert page.locator("#words .count").all_inner_texts() == ["1", "1", "hidden", "0", "1"]
    assert "16 N Oak St" in open_card(page, "16 n oak")

    page.keyboard.press("Escape")
    page.click("#to-table")
    assert page.locator("#hiding").is_visible()
    assert page.locator("#count").inner_text() == (
        '0 of 6 vacant buildings match "16 n oak", sorted by hazard, worst first. '
        "1 more match but are hidden by the filter."
    )

    page.fill("#search", "")
    assert listed(page) == [ADDRESSES[row] for row in (0, 1, 3)]

    page.click("#show-all")
    assert len(listed(page)) == 6
    assert page.locator("#hiding").is_hidden()

    page.fill("#search", "nowhere")
    count = page.locator("#count").inner_text()
    assert count == "No vacant building here answers to that. That does not mean safe."


def test_list_keeps_the_focus_while_the_map_moves(page: Page) -> None:
    page.click("#nearby-open")
    page.keyboard.press("Tab")
    held = str(page.evaluate("document.activeElement.dataset.row"))
    before = page.locator("#nearby-open").inner_text()

    spot = page.evaluate("Ground.spot(Roofs.all[document.activeElement.dataset.row])")
    page.mouse.move(spot["x"], spot["y"])
    page.mouse.wheel(0, -600)
    page.locator("#nearby-open", has_not_text=before).wait_for()
    assert str(page.evaluate("document.activeElement.dataset.row")) == held


def press(page: Page, *keys: str) -> None:
    """Press some keys, one after the other."""
    for key in keys:
        page.keyboard.press(key)


def press_until(page: Page, key: str, focus: str, most: int) -> None:
    """Press a key until something has the focus."""
    for _ in range(most):
        if focus_of(page) == focus:
            return
        page.keyboard.press(key)


def walk_to(page: Page, focus: str) -> None:
    """Press Tab until something has the focus; nothing may get it twice on the way."""
    seen = set()
    while focus_of(page) != focus:
        page.keyboard.press("Tab")
        assert focus_of(page) not in seen, "the keyboard is caught"
        seen.add(focus_of(page))


def test_whole_way_by_keyboard_alone(page: Page) -> None:
    card = page.locator("#card")

    # Reach the map, open a roof, walk on, come back.
    press_until(page, "Tab", "map", most=20)
    press(page, "n")
    assert focus_of(page) == "card"
    assert "CONFIRMED" in card.inner_text()
    press(page, "n")
    assert "LIKELY" in card.inner_text()
    press(page, "p", "Escape")
    assert focus_of(page) == "map"

    # Go back over the buttons of the map to the list, and open a roof from there.
    press_until(page, "Shift+Tab", "nearby-open", most=4)
    press(page, "Enter")
    assert focus_of(page) == "nearby"
    press(page, "Tab", "Enter")
    assert card.is_visible()
    press(page, "Escape")
    assert "Peña" in focus_of(page)
    press(page, "Escape")
    assert page.locator("#nearby").is_hidden()
    assert focus_of(page) == "nearby-open"

    # Sort and filter the table.
    page.locator("#search").focus()
    press(page, "Tab", "Tab")
    assert focus_of(page) == "to-table"
    press(page, "Enter")
    walk_to(page, "Address")
    press(page, "Enter")
    page.locator("#words input").first.focus()
    press(page, "Space")
    assert listed(page) == [ADDRESSES[row] for row in (5, 4, 1, 2, 3)]

    # Open a roof from the table.
    page.locator("#search").focus()
    press(page, "Enter", "Enter")
    assert "8 Elm Ct" in card.inner_text()
    press(page, "Escape")
    assert focus_of(page) == "8 Elm Ct"


STATES = ("map", "searching", "not found", "card", "list", "filtered table", "card in table")


def bring(page: Page, state: str) -> None:
    """Bring the page into a state."""
    if "table" in state:
        page.click("#to-table")
    if state == "filtered table":
        page.get_by_label("POSSIBLE").uncheck()
    if state == "list":
        page.click("#nearby-open")
    page.fill("#search", {"searching": "oak", "not found": "nowhere"}.get(state, ""))
    if state == "card":
        open_card(page, "pena")
    if state == "card in table":
        page.locator("#rows button").first.press("Enter")


@pytest.mark.parametrize(
    ("size", "scheme", "states"),
    [
        ((1280, 800), "dark", STATES),
        ((768, 1024), "light", ("searching", "card", "list", "card in table")),
        ((640, 400), "light", ("map", "card", "filtered table")),
    ],
)
def test_axe_finds_no_fault_and_a_gloved_finger_no_small_target(
    page: Page, size: tuple[int, int], scheme: Literal["light", "dark"], states: tuple[str, ...]
) -> None:
    """WCAG 2.2 A and AA and good practice, and 44 px for whatever is touched.

    640 x 400 is the tablet at 200%.
    """
    options = {
        "preload": False,
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    axe = Axe()
    for state in states:
        page.reload()
        if state == "filtered table" and size[1] == 400:
            page.click("#legend-open")
        bring(page, state)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state

        boxes = page.evaluate(TARGETS)
        small = [(text, width, height) for text, width, height in boxes if min(width, height) < 44]
        assert len(boxes) > 5
        assert small == [], state

        found = axe.run(page, options=options).response
        faults = [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]]
        assert len(found["passes"]) > 30
        assert faults == [], state


def test_letters_twice_as_large_lose_nothing(page: Page) -> None:
    page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    open_card(page, "pena")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for line in (
        "#card h2",
        "#card .address",
        "#card dd >> nth=2",
        "#card figcaption",
        "#card .close",
        "#use-limit",
    ):
        page.locator(line).scroll_into_view_if_needed()
        assert page.locator(line).is_visible()
        assert page.locator(line).evaluate("node => node.scrollWidth <= node.clientWidth + 1")


def test_night_turns_the_page_dark_and_follows_the_tablet(page: Page) -> None:
    paper = "() => getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.click("#light")
    assert page.evaluate(paper) == "rgb(22, 22, 20)"
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert page.evaluate(paper) == "rgb(22, 22, 20)"
    assert page.locator("#light").inner_text() == "Day"


def printed(page: Page, folder: Path) -> list[str]:
    """Print the page and return the text of each sheet."""
    page.pdf(path=folder / "paper.pdf", prefer_css_page_size=True)
    return [sheet.extract_text() for sheet in PdfReader(folder / "paper.pdf").pages]


def test_paper_holds_the_card_the_map_or_the_table(page: Page, tmp_path: Path) -> None:
    page.click("#light")
    open_card(page, "pena")
    (card,) = printed(page, tmp_path)
    order = (
        "CONFIRMED",
        "12 <b>Peña</b> St",
        "photo 2026-03-09",
        "E and W",
        "UNKNOWN",
        LIMIT_START,
    )
    places = [card.index(word) for word in order]
    assert places == sorted(places)
    assert "Close" not in card
    assert "Oak" not in card

    page.keyboard.press("Escape")
    page.get_by_label("POSSIBLE").uncheck()
    (sheet,) = printed(page, tmp_path)
    for words in (*LADDER, "1 of 6 roofs are hidden: POSSIBLE", LIMIT_START):
        assert words in sheet
    with_ink = PdfReader(tmp_path / "paper.pdf").pages[0]
    assert float(with_ink.mediabox.width) > float(with_ink.mediabox.height)

    page.click("#to-table")
    page.fill("#search", "")
    (table,) = printed(page, tmp_path)
    assert "18 North Oak Street" in table
    assert "16 N Oak" not in table
    assert LIMIT_START in table
    assert "Next page" not in table


def make_long_inputs(folder: Path) -> ExportInputs:
    """Return a city of 250 vacant roofs on one street."""
    inputs = make_inputs(folder)
    parcels = [f"{row:04d} 001" for row in range(250)]
    addresses = [f"{row} Oak St" for row in range(250)]

    lots = pd.concat([inputs.roll.table.iloc[[1]]] * 250, ignore_index=True)
    lots = lots.assign(parcel_id=parcels, address=addresses)
    rows = pd.concat([inputs.ledger.table.iloc[[1]]] * 250, ignore_index=True)
    rows = rows.assign(parcel_id=parcels)
    return dataclasses.replace(
        inputs,
        roll=dataclasses.replace(inputs.roll, table=lots),
        ledger=Ledger(year=2026, table=rows),
        chips=None,
        flyover=None,
    )


def test_table_turns_pages_and_prints_them_all(browser: Browser, tmp_path: Path) -> None:
    folder = write_map(make_long_inputs(tmp_path), tmp_path / "many")
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())

    page.click("#to-table")
    assert len(listed(page)) == 100
    assert page.locator("#page").inner_text() == "Page 1 of 3"

    page.click("#next")
    page.click("#next")
    assert listed(page) == [f"{row} Oak St" for row in range(200, 250)]
    assert page.locator("#next").is_disabled()

    sheets = printed(page, tmp_path)
    assert sum(sheet.count(" Oak St") for sheet in sheets) == 250
    assert all(LIMIT_START in sheet for sheet in sheets)
    assert len(listed(page)) == 50  # the page did not change
    page.close()


@pytest.mark.parametrize("rows", [[], [4], [0]])
def test_city_without_roofs_without_places_or_with_one_roof(
    browser: Browser, tmp_path: Path, rows: list[int]
) -> None:
    inputs = make_inputs(tmp_path)
    few_lots = inputs.roll.table.iloc[rows].reset_index(drop=True)
    few_rows = inputs.ledger.table.iloc[rows].reset_index(drop=True)
    inputs = dataclasses.replace(
        inputs,
        roll=dataclasses.replace(inputs.roll, table=few_lots),
        ledger=Ledger(year=2026, table=few_rows),
    )
    folder = write_map(inputs, tmp_path / "few")

    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((folder / "index.html").as_uri())
    assert page.locator(".notice:visible").count() == (0 if rows == [0] else 1)

    if rows:
        assert ADDRESSES[rows[0]] in open_card(page, ADDRESSES[rows[0]])
        page.keyboard.press("Escape")
        page.fill("#search", "")

    page.click("#to-table")
    assert len(listed(page)) == len(rows)
    assert complaints == []
    page.close()


def test_page_carries_no_field_of_another_tier_and_no_score(map_folder: Path) -> None:
    hidden = {"SCORE", "RANK", "RANK_DIST", "VBN_DATE", "PRIORITY", "WHY", "NBHD", "INSP_DIST"}
    text = (map_folder / "data.js").read_text(encoding="ascii")
    data = json.loads(text.removeprefix("window.ROOFWATCH=").rstrip(";\n"))

    colors = {symbol["code"]: symbol["color"] for symbol in data["symbols"]}
    assert not set(data["columns"]) & hidden
    assert data["columns"]["RISK_LVL"] == [BY_WORD[word].code for word in WORDS]
    assert colors == {code: symbol.color for code, symbol in BY_CODE.items()}
    assert "<" not in text
