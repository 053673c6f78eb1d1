"""Make the pictures of the fire map in this folder: `python docs/make_pictures.py CITY.toml YEAR`.

The map by day with a card, the map by night on an upright tablet, and the card on paper, each as a
JPEG of headless Chromium.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright

from gis_export.fire.map.folder import write_fire_map
from gis_export.table.rows import build_rows
from gis_export.table.symbols import BY_CODE
from roofwatch.config import read_city
from roofwatch.year import City
from roofwatch.year_inputs import export_inputs

DOCS = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
QUALITY = 82
CHECK_MS = 120_000
"""The page opens every photo before it says that the copy is whole."""
FADE_MS = 1500
"""Photos of the ground fade in."""


def main(city_file: Path, year: int) -> None:
    """Export the fire map of a scored year to a folder of its own and photograph it."""
    city = City(file=read_city(city_file), quiet=True)
    inputs = export_inputs(city.year(year))
    rows = build_rows(inputs, city.file.export)
    worst = _find_worst(rows)

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        scratch = Path(folder)
        write_fire_map(rows, scratch / "fire_map", inputs, city.file.export)
        address = (scratch / "fire_map/index.html").as_uri()

        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context()
        context.clock.install(time=f"{inputs.today}T12:00:00")
        _photograph_day(context, address, worst, scratch)
        _photograph_night(context, address, worst)
        browser.close()


def _find_worst(rows: gpd.GeoDataFrame) -> str:
    """Return the first parcel with the worst hazard word."""
    order = list(BY_CODE)
    return str(rows["PARCEL_ID"][rows["RISK_LVL"].map(order.index).idxmin()])


def _photograph_day(context: BrowserContext, address: str, parcel_id: str, scratch: Path) -> None:
    """Take the map with a card, and the card on paper."""
    page = _open(context, address, width=1280, height=800)
    _search(page, parcel_id)
    page.evaluate("document.activeElement.blur()")
    _save(page, "fire_map.jpg")

    page.pdf(path=scratch / "card.pdf", prefer_css_page_size=True)
    command = ["pdftoppm", "-r", "80", "-png", "-singlefile"]
    subprocess.run([*command, str(scratch / "card.pdf"), str(scratch / "card")], check=True)
    _save_jpeg(Image.open(scratch / "card.png"), "fire_map_print.jpg")


def _photograph_night(context: BrowserContext, address: str, parcel_id: str) -> None:
    page = _open(context, address, width=768, height=1024)
    page.click("#light")
    _search(page, parcel_id)
    page.click("#zoom-out")
    page.evaluate("document.activeElement.blur()")
    _save(page, "fire_map_night.jpg")


def _open(context: BrowserContext, address: str, *, width: int, height: int) -> Page:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address)
    page.wait_for_selector("body[data-copy=whole]", state="attached", timeout=CHECK_MS)
    return page


def _search(page: Page, text: str) -> None:
    page.fill("#search", text)
    page.keyboard.press("Enter")


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(FADE_MS)
    _save_jpeg(Image.open(io.BytesIO(page.screenshot())), name)


def _save_jpeg(image: Image.Image, name: str) -> None:
    image.convert("RGB").save(DOCS / name, quality=QUALITY)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
