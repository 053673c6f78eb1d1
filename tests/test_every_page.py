"""Every page that a year leaves: no barrier, no request; a new page cannot be forgotten."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import CHROMIUM
from cities import DoneCity
from playwright.sync_api import sync_playwright

ONE_OF = ("evidence", "phone_lists", "fire_map_districts")
"""Folders of pages that are made in one way; the first page stands for all."""


def pages_of(year: Path) -> list[Path]:
    """Return the pages of a year, of each folder of many the first."""
    pages = sorted(year.rglob("*.html"))
    firsts = {path.parent: path for path in reversed(pages)}
    return [path for path in pages if path.parent.name not in ONE_OF or firsts[path.parent] == path]


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
def test_no_page_has_a_barrier_or_asks_a_host(done_city: DoneCity) -> None:
    pages = pages_of(done_city.workspace / "2023")
    names = {path.name for path in pages}
    assert {"check.html", "guide.html", "gis.html", "index.html", "year.html", "plan.html"} <= names

    asked: list[str] = []
    barriers: dict[str, str] = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        for path in pages:
            page.goto(path.as_uri())
            report = Axe().run(page)
            if report.violations_count:
                barriers[path.name] = report.generate_report()
        browser.close()

    assert barriers == {}
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
