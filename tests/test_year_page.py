"""The year's page: every number is what its table says, for three readers, offline."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from export_cases import make_inputs, make_roll, read_csv
from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from year_cases import (
    EXPECTED,
    FEW,
    NOT_VISITED,
    ROOFS,
    VERDICT,
    VISITED,
    count_again,
    count_syllables,
    read_page,
    reading_grade,
    two_years,
    write_page,
)

from gis_export.report.year.page import NOT_THIS
from imagery.workspace import YearFiles
from inference.hazard import USE_LIMIT

PAPERS = {"fact_sheet.html", "model_card.md", "datasheet.md", "nist_ai_rmf.md"}
VIEWS = ("council", "chief", "resident")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> YearFiles:
    """Return a year with its page."""
    folder = tmp_path_factory.mktemp("city")
    return write_page(two_years(folder), folder, VISITED)


@pytest.fixture(scope="module")
def page(browser: Browser, files: YearFiles) -> Iterator[Page]:
    """Yield the page, open, which may ask for nothing and may not fail."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: asked.append(str(error)))
    opened.goto(files.report.year_page.as_uri())
    yield opened
    outside = [url for url in asked if not url.startswith("data:")]
    assert outside == [files.report.year_page.as_uri()]
    opened.close()


@pytest.mark.parametrize("name", ["year.html", "resident.html"])
def test_every_number_is_what_its_table_says(files: YearFiles, name: str) -> None:
    numbers = read_page(files.report.folder / name).numbers
    assert len(numbers) > {"year.html": 80, "resident.html": 4}[name]
    wrong = {
        number.facts["title"]: (number.text, count_again(files.folder, number))
        for number in numbers
        if number.text != count_again(files.folder, number)
    }
    assert wrong == {}


@pytest.mark.parametrize("name", ["year.html", "resident.html"])
def test_every_link_leads_to_a_file(files: YearFiles, name: str) -> None:
    links = {link for link in read_page(files.report.folder / name).links if link}
    # Of other stages: `plan`, `score` and the papers write these.
    others = {"plan.html", "drift.html", "model.json", *PAPERS}
    missing = [link for link in links - others if not (files.report.folder / link).is_file()]
    assert missing == []


def test_no_number_is_without_its_table(files: YearFiles) -> None:
    text = read_page(files.report.year_page).other_text
    text = text.replace(EXPECTED, "")
    for roof in read_csv(files.folder / "housing/worklist.csv").itertuples():
        for known in (roof.WHY, roof.RISK_TXT, roof.ADDRESS):
            text = text.replace(str(known), "")
    known_numbers = (
        r"\d{4}-\d{2}-\d{2}|\b202[56]\b|\brun-1\b|\bD\d\b|\bBn 2\b|9 times in 10|95%"
        r"|\b[1-9]0?\. |fewer than 10|call 311|call 911|2 crews"
    )
    text = re.sub(known_numbers, "", text)
    assert re.findall(r"\S*\d\S*", text) == []


def test_districts_are_counted_from_the_scores(files: YearFiles) -> None:
    scores = read_csv(files.folder / "data/scores.csv")
    districts = read_csv(files.report.districts)
    inspection = districts[districts["kind"] == "inspection"].set_index("district")
    for name, group in scores.groupby("inspection_district"):
        row = inspection.loc[[str(name)]].iloc[0]
        levels = group["hazard_level"].value_counts()
        assert int(row["vacants"]) == len(group)
        assert int(row["likely"]) == levels.get("LIKELY", 0)
        assert int(row["not_assessed"]) == levels.get("NA", 0)
        assert int(row["on_list"]) == sum(
            levels.get(code, 0) for code in ("CONFIRMED", "LIKELY", "POSSIBLE")
        )
        known = pd.to_numeric(group["score"]).dropna()
        assert float(row["expected"]) == pytest.approx(known.sum(), abs=0.01)
        assert int(row["low"]) < known.sum() < int(row["high"])
    fire = districts[districts["kind"] == "fire"]
    assert fire["vacants"].astype(int).sum() == ROOFS


def test_the_page_tells_what_is_missed_and_which_promises_were_kept(page: Page) -> None:
    page.check("#council")
    text = page.locator("main").inner_text()
    assert "1 was open. So at most 11.4% of such roofs are open" in text
    assert "12.0% with errors of inspectors allowed for" in text
    assert "The list has about 62% of all open roofs (41% to 87%" in text
    promise = "LIKELY in 2025: 70% were promised to be open. People judged 25; 20 were open: 80%"
    assert promise in text
    assert "POSSIBLE in 2025: People judged 8; 0 were open: 0% (0% to 31%" in text
    assert f"{VERDICT.grade}: {VERDICT.meaning}" in text
    assert all(line in text for line in (USE_LIMIT, *NOT_THIS))


def test_the_page_tells_whether_a_razed_building_stood_on_the_list(files: YearFiles) -> None:
    """It was LIKELY in the photos of the year."""
    page = files.report.year_page.read_text(encoding="utf-8")
    (sentence,) = re.findall(r"<p>Razed or in need .*?</p>", page)
    assert re.sub("<[^>]*>", "", sentence) == (
        "Razed or in need of emergency demolition, as people found: 1. On the list before: 1 "
        "(0 a year or more, 0 half a year or more, 1 less). Never on it: 0. No photo "
        "before could be assessed: 0."
    )


def test_each_reader_sees_their_own_view(page: Page) -> None:
    shown = {}
    for view in VIEWS:
        page.check(f"#{view}")
        shown[view] = page.locator("main").inner_text()
    assert "By inspection district" in shown["council"]
    assert "By fire district" in shown["chief"]
    assert "By inspection district" not in shown["chief"]
    assert "The ten roofs" in shown["chief"]
    assert "The ten roofs" not in shown["resident"]
    assert "What you can do" not in shown["council"]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("view", VIEWS)
def test_the_page_fits_and_is_accessible(page: Page, view: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.check(f"#{view}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(("view", "most"), [("council", 2), ("chief", 2), ("resident", 1)])
def test_the_page_prints_on_two_sheets(page: Page, tmp_path: Path, view: str, most: int) -> None:
    page.check(f"#{view}")
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    pages = PdfReader(tmp_path / "page.pdf").pages
    assert len(pages) <= most
    assert "Size-up governs" in pages[0].extract_text()


def test_the_line_between_two_photos_moves(page: Page) -> None:
    page.check("#council")
    page.locator("#slider").fill("20")
    assert page.locator("#both").evaluate("node => node.style.getPropertyValue('--at')") == "20%"
    sizes = page.locator("#both img").evaluate_all("nodes => nodes.map(node => node.naturalWidth)")
    assert len(sizes) == 2
    assert min(sizes) > 0
    assert page.locator("#both img").first.get_attribute("alt") == "The roof from above, 2025-03-01"


def test_residents_see_no_address_and_no_small_count(files: YearFiles) -> None:
    alone = read_page(files.report.resident_page)
    html = files.report.resident_page.read_text(encoding="utf-8")
    scores = read_csv(files.folder / "data/scores.csv")
    for column in ("address", "parcel_id"):
        assert [cell for cell in scores[column] if cell in html] == []
    assert "<img" not in html
    counts = [int(number.text.replace(",", "")) for number in alone.numbers]
    assert min(counts) >= FEW
    # Two people went to look, and that is not told.
    assert "fewer than 10" in alone.whole_text
    assert set(alone.links) <= {"../public/neighborhoods.csv", "resident.csv"}
    small = read_csv(files.report.resident_counts)["count"]
    assert all(not cell.isdigit() or int(cell) >= FEW for cell in small)

    whole = files.report.year_page.read_text(encoding="utf-8")
    view = whole[whole.index('data-for="resident"') : whole.index("</section>")]
    assert [cell for cell in scores["address"] if cell in view] == []


def test_a_resident_can_read_it(files: YearFiles) -> None:
    text = files.report.resident_page.read_text(encoding="utf-8")
    # Titles and the lines of a list are no sentences that would make it easier.
    told = re.findall(r"<(?:p|li)[^>]*>(.*?)</(?:p|li)>", text, flags=re.DOTALL)
    plain = " ".join(re.sub(r"<[^>]+>", "", part).strip() for part in told)
    assert reading_grade(plain) <= 8
    hard = "Notwithstanding considerable methodological uncertainty, the probabilistic "
    assert reading_grade(f"{hard}identification of deteriorated structures remains valid. ") > 12
    assert [count_syllables(word) for word in ("roof", "vacant", "table", "looked")] == [1, 2, 2, 1]


def test_the_paper_has_two_pages_and_the_same_numbers(files: YearFiles) -> None:
    paper = PdfReader(files.report.year_paper)
    assert len(paper.pages) == 2
    text = " ".join(" ".join(page.extract_text() for page in paper.pages).split())
    numbers = read_page(files.report.year_page).numbers
    for number in numbers:
        if number.facts["data-file"] in ("report/change.csv", "report/miss_rate.json"):
            assert number.text in text, number.facts["title"]
    assert "page 1 of 2" in text
    assert USE_LIMIT in text
    # The file claims no tags, and has none.
    assert not {"/StructTreeRoot", "/MarkInfo"} & set(paper.root_object)


def test_a_first_year_says_that_nothing_was_compared_and_nobody_looked(tmp_path: Path) -> None:
    files = write_page(make_inputs(make_roll(4)), tmp_path, NOT_VISITED)
    page = read_page(files.report.year_page)
    assert "nothing can be compared" in page.other_text
    assert "Nobody has checked roofs off the list at random" in page.other_text
    assert "No roof that got worse is in the photos of two years" in page.other_text
    assert "no promise of the model has been checked" in page.other_text
    resident = read_page(files.report.resident_page)
    assert "look worse" not in resident.other_text
    assert [number.text for number in resident.numbers] == []
    wrong = [one for one in page.numbers if one.text != count_again(files.folder, one)]
    assert wrong == []


def test_a_city_without_vacants_has_a_page(tmp_path: Path) -> None:
    files = write_page(make_inputs(make_roll(0)), tmp_path, NOT_VISITED)
    text = read_page(files.report.year_page).other_text
    assert "No vacant building has an outline" in text
    assert "nobody can be sent" in text
    assert len(PdfReader(files.report.year_paper).pages) <= 2


def test_same_inputs_give_the_same_paper(tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(4))
    first = write_page(inputs, tmp_path / "a", NOT_VISITED).report.year_paper.read_bytes()
    second = write_page(inputs, tmp_path / "b", NOT_VISITED).report.year_paper.read_bytes()
    assert np.array_equal(np.frombuffer(first, np.uint8), np.frombuffer(second, np.uint8))
