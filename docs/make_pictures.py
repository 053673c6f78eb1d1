"""Make the pictures of the fire map in this folder: `python docs/make_pictures.py demo/city.toml 2024`.

The map by day with a card, the map by night on an upright tablet, and the card on paper, each as a JPEG of headless Chromium.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from gis_export.fire.map.folder import write_fire_map
from gis_export.table.rows import build_rows
from gis_export.table.symbols import BY_CODE
from roofwatch.config import read_city
from roofwatch.stages.export import export_inputs
from roofwatch.year import City

DOCS = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"


def main(city_file: Path, year: int) -> None:
    """Export the fire map of a scored year to a folder of its own and photograph it."""
    city = City(file=read_city(city_file), quiet=True)
    inputs = export_inputs(city, year)
    rows = build_rows(inputs, city.file.export)
    worst = str(rows["PARCEL_ID"][rows["RISK_LVL"].map(list(BY_CODE).index).idxmin()])
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        write_fire_map(rows, Path(scratch) / "fire_map", inputs, city.file.export)
        address = (Path(scratch) / "fire_map/index.html").as_uri()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = _open(browser, address, width=1280, height=800)
        page.fill("#search", worst)
        page.keyboard.press("Enter")
        page.evaluate("document.activeElement.blur()")
        _save(page, "fire_map.jpg")
        page.pdf(path=Path(scratch) / "card.pdf", prefer_css_page_size=True)
        subprocess.run(
            [
                "pdftoppm",
                "-r",
                "80",
                "-png",
                "-singlefile",
                f"{scratch}/card.pdf",
                f"{scratch}/card",
            ],
            check=True,
        )
        Image.open(f"{scratch}/card.png").convert("RGB").save(
            DOCS / "fire_map_print.jpg", quality=82
        )
        page = _open(browser, address, width=768, height=1024)
        page.click("#light")
        page.fill("#search", worst)
        page.keyboard.press("Enter")
        page.click("#zoom-out")
        page.evaluate("document.activeElement.blur()")
        _save(page, "fire_map_night.jpg")
        browser.close()


def _open(browser: Browser, address: str, *, width: int, height: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    return page


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(1500)  # photos of the ground fade in
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(DOCS / name, quality=82)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
