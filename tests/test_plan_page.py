"""plan.html: what the sliders show is what Python computes, offline and for everybody."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from export_cases import make_inputs, make_ledger, make_roll
from playwright.sync_api import Browser, Page

from gis_export.housing.plan.access import Access
from gis_export.housing.plan.days import Crews
from gis_export.housing.plan.finds import Outlook
from gis_export.housing.plan.shift import shift_between
from gis_export.housing.plan.summary import Finds, summarize
from gis_export.housing.plan.tables import PlanTables, build_plan
from gis_export.report.plan_page import PageText, write_plan_page
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from inference.hazard import USE_LIMIT

START = date(2024, 1, 31)
HOLIDAYS = (date(2024, 2, 19), date(2024, 3, 4))
CREWS = Crews(crews=2, per_day=9, start=START, holidays=HOLIDAYS)
HOSTILE = "</script><b>West & East"
TEXT = PageText(city="Testville", year=2026, foot="made 2026-11-24", doubt="It is wide.")
ROOFS = 1400


def make_rows(count: int) -> gpd.GeoDataFrame:
    """Return rows of three districts, some without a score and some CONFIRMED."""
    rng = np.random.default_rng(5)
    roll = make_roll(count)
    rows = build_rows(make_inputs(roll, make_ledger(roll)), ExportSettings())
    score = rng.beta(0.4, 2.0, size=count)
    level = rng.choice(["POSSIBLE", "CONFIRMED"], count, p=[0.95, 0.05])
    return gpd.GeoDataFrame(
        rows.assign(
            INSP_DIST=rng.choice(["East", HOSTILE, ""], count, p=[0.6, 0.3, 0.1]),
            SCORE=np.where(rows["SCORED"] == "Y", score, np.nan),
            RISK_LVL=level,
            PRIORITY=(100 * score).astype(int),
        )
    )


@pytest.fixture(scope="module")
def tables() -> PlanTables:
    """Return the numbers of a city."""
    rows = make_rows(ROOFS)
    scores = rows["SCORE"].dropna().to_numpy(dtype=np.float64)
    shift = shift_between(scores, 0.08, 0.3)
    access = Access(visits=50, failed=6, default=0.1)
    return build_plan(rows, Outlook(shift=shift, access=access), VisitSettings())


@pytest.fixture(scope="module")
def written(tables: PlanTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of the city."""
    path = tmp_path_factory.mktemp("report") / "plan.html"
    write_plan_page(path, tables, CREWS, TEXT)
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


def slide(page: Page, crews: int, per_day: int, wait: int) -> None:
    """Move the sliders."""
    for name, value in (("crews", crews), ("per-day", per_day), ("wait", wait)):
        page.locator(f"#{name}").fill(str(value))


def shown(page: Page, table: str) -> list[list[str]]:
    """Return the cells of a table."""
    lines = page.locator(f"#{table} tbody tr").all()
    return [line.locator("th, td").all_inner_texts() for line in lines]


def cells(finds: Finds) -> list[str]:
    """Return the cells of finds as the page shows them."""
    return [
        f"{finds.expected:,.1f}",
        f"{finds.low:,} to {finds.high:,}",
        f"{finds.visits:,}",
    ]


def apart(finds: Finds) -> list[str]:
    """Return the cells of visits that add nothing."""
    return [f"{finds.not_assessed:,}", f"{finds.known:,}"]


@pytest.mark.parametrize(
    ("crews", "per_day", "wait"),
    [(2, 9, 0), (1, 1, 0), (1, 20, 4), (3, 7, 27), (10, 20, 180), (1, 10, 33)],
)
def test_the_page_computes_what_python_does(
    page: Page, tables: PlanTables, crews: int, per_day: int, wait: int
) -> None:
    slide(page, crews, per_day, wait)
    start = START + timedelta(days=wait)
    who = Crews(crews=crews, per_day=per_day, start=start, holidays=HOLIDAYS)
    summary = summarize(tables, who)

    wanted = []
    for row in summary.rows:
        name = row.name.replace("all", "all visited")
        wanted.append([name, *cells(row.city), row.last, f"{row.days:,}", *apart(row.city)])
    assert shown(page, "days") == wanted
    assert shown(page, "districts") == [
        [row.name, *cells(row.finds), *apart(row.finds)] for row in summary.districts
    ]
    assert page.locator("#borders").inner_text() == summary.borders.sentence
    answer = page.locator("#answer").inner_text()
    assert summary.title in answer
    assert "failing roofs in the first month" in answer
    assert page.locator("#wait-now").inner_text() == who.first_day.isoformat()


def test_districts_keep_their_names_and_no_text_ends_the_data(page: Page, written: Path) -> None:
    names = [line[0] for line in shown(page, "districts")]
    assert names == [HOSTILE, "East", "(no district)"]
    assert HOSTILE not in written.read_text(encoding="utf-8")


def test_the_curve_has_the_list_the_best_and_a_random_order(page: Page, tables: PlanTables) -> None:
    """The list's own curve lies between the two others, and all end at one place."""
    slide(page, 2, 9, 0)
    ends = []
    for name in ("own", "best", "random"):
        line = page.locator(f"#chart path.{name}").get_attribute("d") or ""
        ends.append(line.rpartition("L")[2])
        assert line.count("L") > 200
    assert len(set(ends)) == 1
    label = page.locator("#chart svg").get_attribute("aria-label") or ""
    total = int(tables.city.expected[-1])
    assert f"all visited: {tables.visits:,} visits, {(total + 5) // 10 / 10:,.1f} finds" in label


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_is_accessible(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_page_says_its_limits_and_explains_capacity(page: Page) -> None:
    text = page.locator("main").inner_text()
    assert USE_LIMIT in text
    assert "It is wide." in text
    assert "6 of 50 visits on record could not judge the roof (12%)" in text
    assert "BORDERS" in text
    assert f"{ROOFS:,} of {ROOFS:,} vacants can be visited" in text


def test_a_city_without_vacants_has_a_page(tmp_path: Path) -> None:
    rows = build_rows(make_inputs(make_roll(0)), ExportSettings())
    shift = shift_between(np.zeros(0), 0.0, 1.0)
    outlook = Outlook(shift=shift, access=Access(visits=0, failed=0, default=0.1))
    write_plan_page(tmp_path / "plan.html", build_plan(rows, outlook, VisitSettings()), CREWS, TEXT)
    text = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert "Nobody can be sent anywhere: 0 of 0 vacants can be visited." in text
    assert "<script" not in text
