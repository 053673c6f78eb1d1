"""equity.html: for everybody, offline, and with the numbers of equity.csv."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from export_cases import read_csv
from playwright.sync_api import Browser, Page

from gis_export.report.equity.areas import Level
from gis_export.report.equity.findings import Equity, find_equity
from gis_export.report.equity.measures import OUTCOME, OUTCOMES, Evidence, Seen, Use
from gis_export.report.equity.page import NOT_SHOWN, EquityText, write_equity_page
from gis_export.report.equity.table import write_equity_csv
from inference.hazard import USE_LIMIT

HOSTILE = "</script><b>West & East"
TEXT = EquityText(city="Testville", foot="made 2026-11-24", held_out="Held-out roofs are few.")
ROOFS = 4_000
AREAS = (HOSTILE, "Harlem Park", "Oliver", "")


def make_equity(seed: int, year: int) -> Equity:
    """Return a city where one area is served worse, and nobody has visited random roofs."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"{row:05d}" for row in range(ROOFS)], dtype=object)
    near = rng.choice(len(AREAS), ROOFS, p=[0.3, 0.4, 0.28, 0.02])
    roofs = {}
    for evidence, kinds in OUTCOMES.items():
        share = np.where(near == 0, 0.5, 0.2)
        is_hit = rng.random(ROOFS) < share
        place = np.where(is_hit, 0, rng.integers(1, len(kinds), ROOFS))
        outcome = np.array(kinds, dtype=object)[place]
        kept = ROOFS if evidence is not Evidence.RANDOM else 0
        roofs[evidence] = pd.DataFrame({"parcel_id": ids[:kept], OUTCOME: outcome[:kept]})

    neighborhood = pd.Series(np.array(AREAS, dtype=object)[near], index=ids)
    many = pd.Series([f"T{row % 20:02d}" for row in range(ROOFS)], index=ids)
    levels = (
        Level(name="neighborhood", of_parcel=neighborhood),
        Level(name="census tract", of_parcel=many),
    )
    seen = Seen(year=year, roofs=roofs)
    return find_equity(seen, {Use.FIRE: levels, Use.HOUSING: levels})


@pytest.fixture(scope="module")
def equity() -> Equity:
    """Return what was found of the year."""
    return make_equity(1, 2026)


@pytest.fixture(scope="module")
def written(equity: Equity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a city, with a year before."""
    path = tmp_path_factory.mktemp("report") / "equity.html"
    write_equity_page(path, [equity, make_equity(2, 2025)], TEXT)
    return path


@pytest.fixture(scope="module")
def page(browser: Browser, written: Path) -> Iterator[Page]:
    """Yield the page, open, with every request and error it makes."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: asked.append(str(error)))
    opened.goto(written.as_uri())
    yield opened
    assert asked == [written.as_uri()]
    opened.close()


def test_every_row_of_the_csv_is_on_the_page(equity: Equity, page: Page, tmp_path: Path) -> None:
    write_equity_csv(tmp_path / "equity.csv", equity)
    table = read_csv(tmp_path / "equity.csv")
    rows = page.eval_on_selector_all(
        "tbody tr:has(td.bar)",
        "rows => rows.map(row => [...row.children].map(cell => cell.textContent))",
    )
    told = table[table["evidence"] != Evidence.RANDOM.value]
    assert len(rows) == len(told)

    for row, cells in zip(rows, told.to_dict("records"), strict=True):
        assert row[0].strip() == cells["area"].lstrip("'").strip()
        if cells["count"]:
            assert row[2] == f"{int(cells['count']):,} of {int(cells['of']):,}"
            share = int(cells["count"]) / int(cells["of"])
            assert float(cells["share"]) == pytest.approx(share, abs=5e-5)
        else:
            assert row[3] == NOT_SHOWN
            assert cells["share"] == cells["p_corrected"] == ""
        assert row[5] == (f"{int(cells['more_needed']):,}" if cells["more_needed"] else "")


def test_the_verdict_comes_first_and_says_what_to_do(page: Page) -> None:
    text = page.inner_text(".answer")
    assert "differences beyond chance" in text
    assert f"{HOSTILE}: a greater share of open roofs missed than elsewhere" in text
    assert "It may come from more open roofs there." in text
    body = page.inner_text("main")
    assert USE_LIMIT in body
    assert "is seen 8 times in 10 with" in body
    assert "Nothing is known yet" in body


def test_no_word_reads_as_safe(page: Page) -> None:
    body = page.inner_text("main").replace(USE_LIMIT, "").lower()
    for word in ("safe", "low risk", "clear", "sound"):
        assert word not in body


def test_history_names_both_years(page: Page) -> None:
    heads = page.eval_on_selector_all("#history + div th", "cells => cells.map(c => c.textContent)")
    assert heads[1:3] == ["2026", "2025"]


def test_long_tables_are_closed(page: Page) -> None:
    details = page.locator("details")
    assert details.count() == 5
    assert details.first.get_attribute("open") is None
    assert "All 20 areas" in details.first.inner_text()


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_and_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_city_of_one_area_says_so(browser: Browser, tmp_path: Path) -> None:
    roofs = {kind: pd.DataFrame({"parcel_id": [], OUTCOME: []}, dtype="str") for kind in Evidence}
    level = Level(name="neighborhood", of_parcel=pd.Series(["A"], index=["1"]))
    equity = find_equity(Seen(year=2026, roofs=roofs), {use: [level] for use in Use})
    path = tmp_path / "equity.html"
    write_equity_page(path, [equity], TEXT)
    opened = browser.new_page()
    opened.goto(path.as_uri())
    assert "Nothing could be compared" in opened.inner_text(".answer")
    assert "only one area" in opened.inner_text("main")
    opened.close()
