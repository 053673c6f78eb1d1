"""The papers of a year: no blanks, every number is what its file says, the same from the same."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from cities import DoneCity
from export_cases import make_inputs, make_roll, read_csv
from paper_numbers import look_up, read_paper, wrong_numbers
from playwright.sync_api import Browser
from pypdf import PdfReader
from site_cases import SiteLook, looks_table
from test_report import scored_table
from year_cases import (
    NOT_VISITED,
    VERDICT,
    VISITED,
    count_again,
    read_page,
    reading_grade,
    two_years,
    write_page,
)

from gis_export.report.papers.cite import cite, plain, with_references
from gis_export.report.papers.facts import Quote
from gis_export.report.papers.looks import look_counts
from gis_export.report.papers.write import Trained, write_papers
from gis_export.report.year.figures import Source
from gis_export.report.year.page import NOT_THIS, Verdict
from gis_export.table.inputs import ExportInputs, no_looks
from imagery.workspace import YearFiles
from inference.hazard import USE_LIMIT
from training.report import evaluate
from training.report_page import Beside, write_report
from training.settings import TrainSettings

MARKDOWN = ("model_card.md", "datasheet.md", "nist_ai_rmf.md")
MODEL = {
    "label": "tiny_city-roof/3",
    "sha256": "ab" * 32,
    "run_id": "run7",
    "origin": "",
    "kind": "a linear head on features of efficientnet_lite0",
    "rung": "joined",
    "gsd_m": 0.1,
    "margin_m": 10.0,
    "likely": 0.6294,
    "possible": 0.0312,
    "held_back": "",
    "borne_out": "",
    "tried": 2,
    "expected": "We expect between 3 and 30 failing roofs in these photos.",
    "share_failing": {"share": 0.124, "low": 0.05, "high": 0.231},
}
DRIFT = {
    "grade": "CAUTION",
    "signs": [
        {"name": "haze", "grade": "CAUTION", "text": "The contrast is 12 gray levels."},
        {"name": "light", "grade": "GO", "text": "Light is 96 gray levels."},
    ],
}
CHECK = {
    "verdict": "GO",
    "tiles": 1204,
    "gsd_m": [0.076, 0.1],
    "ground_km2": 12.34,
    "vacants_covered": 50,
    "vacants_partly_covered": 6,
    "vacants_uncovered": 3,
    "vacants_without_geometry": 1,
}
EQUITY = (
    *["no difference seen"] * 4,
    "greater share than elsewhere",
    "smaller share than elsewhere",
    *["too few to tell"] * 3,
    *["not compared"] * 2,
)


def write_all(
    inputs: ExportInputs, folder: Path, visits: object, *, facts: dict[str, object] = MODEL
) -> YearFiles:
    """Export a year, and write its papers beside what a test of its model left."""
    files = write_page(inputs, folder, visits)
    report = files.report
    report.scored_by.write_text(json.dumps(facts), encoding="utf-8")
    pd.DataFrame({"verdict": EQUITY}).to_csv(report.equity, index=False)
    trained = None
    if not facts.get("origin") and facts:
        report.drift.write_text(json.dumps(DRIFT), encoding="utf-8")
        (files.folder / "check.json").write_text(json.dumps(CHECK), encoding="utf-8")
        table = scored_table().assign(source="desk")
        table.loc[:59, "source"] = "inspector | site"
        settings = TrainSettings(bootstrap=5, visits=30)
        write_report(
            report.folder,
            evaluate(table, others={}, settings=settings),
            table,
            Beside(title="", notes=[]),
        )
        trained = Trained(year="2026", file="report/evaluation.json")
    write_papers(files, inputs, trained=trained, verdict=VERDICT)
    return files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> YearFiles:
    """Return a year with its papers."""
    folder = tmp_path_factory.mktemp("city")
    return write_all(two_years(folder), folder, VISITED)


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> YearFiles:
    """Return a first year by a borrowed model, in which nobody looked."""
    facts = {**MODEL, "origin": "other-roof/1", "held_back": "no looks", "share_failing": None}
    return write_all(
        make_inputs(make_roll(4)), tmp_path_factory.mktemp("young"), NOT_VISITED, facts=facts
    )


@pytest.mark.parametrize("name", MARKDOWN)
def test_every_number_is_what_its_file_says(files: YearFiles, name: str) -> None:
    paper = read_paper(files.report.folder / name)
    assert len(paper.cited) > {"model_card.md": 90, "datasheet.md": 30, "nist_ai_rmf.md": 25}[name]
    assert paper.unused == set()
    assert wrong_numbers(files.folder, files.report.folder / name) == {}


def test_a_number_that_was_changed_is_found(files: YearFiles, tmp_path: Path) -> None:
    text = files.report.model_card.read_text(encoding="utf-8")
    forged = files.report.folder / "forged.md"
    forged.write_text(text.replace("[0.629][", "[0.630]["), encoding="utf-8")
    assert list(wrong_numbers(files.folder, forged).values()) == [("0.630", "0.629")]
    forged.unlink()


@pytest.mark.parametrize("name", MARKDOWN)
def test_no_number_is_without_a_source(files: YearFiles, name: str) -> None:
    """Days, years, names of models and of rules are no figures."""
    rest = read_paper(files.report.folder / name).rest
    known = (
        r"\d{4}-\d{2}-\d{2}|run-1|\b20(19|2[1356])\b|lite0|roof/3|run7|(ab){6,32}|sha256|\bD\d\b"
        r"|90%|95%|(MAP|MEASURE|MANAGE|GOVERN) \d\.\d+|Framework 1\.0|AI 100-1"
    )
    assert re.findall(r"\S*\d\S*", re.sub(known, "", rest.replace("\\", ""))) == []


@pytest.mark.parametrize("name", [*MARKDOWN, "fact_sheet.html"])
@pytest.mark.parametrize("kind", ["files", "young"])
def test_nothing_is_blank(kind: str, name: str, request: pytest.FixtureRequest) -> None:
    year: YearFiles = request.getfixturevalue(kind)
    whole = (year.report.folder / name).read_text(encoding="utf-8")
    text = re.sub(r"<style>.*</style>", "", whole, flags=re.DOTALL)
    blanks = r"\| *\||\bNone\b(?! is in use)|\bnan\b|\[\]|: \.|\(\)|TODO|\{\{|\( to \)|<p></p>"
    assert not re.search(blanks, text)
    assert not re.search(r"^#+ .*\n\s*(#|$(?![\s\S]))", text, re.MULTILINE), "an empty section"
    assert USE_LIMIT in text
    assert "What this is not" in text


def test_the_card_says_what_the_sources_say(files: YearFiles) -> None:
    card = re.sub(r"\]\[\d+\]", "]", files.report.model_card.read_text(encoding="utf-8"))
    for line in NOT_THIS:
        assert line in card
    assert "LIKELY begins at a score of [0.629], POSSIBLE at [0.031]" in card
    assert "Estimated share failing of this flyover: [12%] ([5%] to [23%])" in card
    assert "| LIKELY, 2025 | [70%] | [25] | [20] | [80%] ([61%] to [92%]) |" in card
    assert "| POSSIBLE, 2025 | nothing was promised | [8] | [0] | [0%] ([0%] to [31%]) |" in card
    assert "At most [11.4%] of such roofs are open" in card
    assert "- [The contrast is 12 gray levels.]" in card
    assert "Light is 96" not in card
    assert "Of [9] comparisons [2] show an area that differs" in card
    assert r"| inspector \| site | [60] |" in card
    evaluation = json.loads(files.report.evaluation.read_text(encoding="utf-8"))
    (flyover,) = [part for part in evaluation["parts"] if part["flyover"] == "2021"]
    found = flyover["found"]
    assert f"| 2021 | [{flyover['labels']}] | [{flyover['failing']}] | [{found['hits']}] of" in card
    assert "| next year | not known | not known |" in card


def test_a_borrowed_model_without_looks_has_sentences_and_no_figures(young: YearFiles) -> None:
    card = young.report.model_card.read_text(encoding="utf-8")
    assert "It is borrowed: other-roof/1. No look here has borne it out yet." in card
    assert "No roof is called LIKELY in these photos" in card
    assert "so they are not repeated here" in card
    assert "no promise of the model has been checked on site" in card
    datasheet = young.report.datasheet.read_text(encoding="utf-8")
    assert "Nobody has looked at a roof of the roll yet: there are no labels." in datasheet
    assert "`check` was not run for this year" in datasheet
    table = young.report.risk_table.read_text(encoding="utf-8")
    assert "Borrowed: other-roof/1. It calls no roof LIKELY until looks here bear it out." in table
    for name in MARKDOWN:
        assert wrong_numbers(young.folder, young.report.folder / name) == {}
    sheet = read_page(young.report.fact_sheet).other_text
    assert "The model comes from some other city." in sheet
    assert "No one knows yet." in sheet


def test_a_year_scored_by_an_early_version_has_papers(tmp_path: Path) -> None:
    files = write_all(make_inputs(make_roll(2)), tmp_path, NOT_VISITED, facts={})
    files.report.scored_by.unlink()
    inputs = make_inputs(make_roll(2))
    write_papers(files, inputs, trained=None, verdict=Verdict(grade="", meaning="Not checked."))
    card = files.report.model_card.read_text(encoding="utf-8")
    assert "what kind of model it is was not recorded" in card
    assert "The training of this model is not in this workspace" in card
    assert "Not checked." in card


def test_every_function_of_the_framework_has_answers(files: YearFiles) -> None:
    table = files.report.risk_table.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((MAP|MEASURE|MANAGE|GOVERN) \d\.\d+) \| (.+) \| (.+) \|$", table, re.M)
    assert len(rows) == len({row[0] for row in rows}) == len(re.findall(r"^\| [MG]", table, re.M))
    for function in ("MAP", "MEASURE", "MANAGE", "GOVERN"):
        assert sum(row[1] == function for row in rows) >= 6
    links = set(re.findall(r"\]\(([a-z_.]+)\)", table))
    # Of other stages.
    others = {"drift.html", "equity.html", "manifest.json", "year.html"}
    assert [name for name in links - others if not (files.report.folder / name).is_file()] == []


def test_looks_are_counted_by_source() -> None:
    """By hand: three looks of inspectors at two roofs, one at the desk that could not tell."""
    looks = looks_table(
        SiteLook(parcel="a", failing="Y", day="2026-05-02"),
        SiteLook(parcel="a", failing="N", day="2026-06-01"),
        SiteLook(parcel="b", failing="N", day=""),
        SiteLook(parcel="b", source="", on_site=False, year=2025, day=""),
    ).assign(chance=[0.5, float("nan"), float("nan"), float("nan")])
    table = look_counts(looks)
    assert table.to_numpy().tolist() == [
        ["1", "2025", "not known", "not on site", "1", "1", "0", "0", "1", "0", "", ""],
        *[
            ["2", "2026", "inspector", "on site", "3", "2", "1", "2", "0", "1"]
            + ["2026-05-02", "2026-06-01"]
        ],
        ["3", "all", "all", "all", "4", "2", "1", "2", "1", "1", "2026-05-02", "2026-06-01"],
    ]
    assert look_counts(no_looks())["looks"].tolist() == ["0"]


def test_same_inputs_give_the_same_papers(files: YearFiles) -> None:
    names = [*MARKDOWN, "fact_sheet.html", "look_counts.csv"]
    before = {name: (files.report.folder / name).read_bytes() for name in names}
    for name in names:
        (files.report.folder / name).write_text("stale")
    inputs = replace(
        make_inputs(make_roll(60)),
        looks=looks_table(
            SiteLook(parcel="0217 001", failing="Y", roof_pct=40),
            SiteLook(parcel="0218 001", failing="N", disposition="repaired"),
            SiteLook(parcel="0224 001", failing="", disposition="razed"),
        ),
    )
    trained = Trained(year="2026", file="report/evaluation.json")
    write_papers(files, inputs, trained=trained, verdict=VERDICT)
    assert {name: (files.report.folder / name).read_bytes() for name in names} == before


def test_the_fact_sheet_is_in_plain_words(files: YearFiles) -> None:
    sheet = files.report.fact_sheet
    numbers = read_page(sheet).numbers
    assert len(numbers) > 15
    assert [one for one in numbers if one.text != count_again(files.folder, one)] == []
    told = re.findall(r"<(?:p|li)[ >](.*?)</(?:p|li)>", sheet.read_text(), flags=re.DOTALL)
    words = " ".join(re.sub(r"<[^>]+>", "", part.partition(">")[2] or part) for part in told)
    assert reading_grade(words) <= 8
    names = read_csv(files.folder / "data/scores.csv")["address"]
    assert [name for name in names if name and name in sheet.read_text()] == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_fact_sheet_fits_and_prints_on_one_sheet(
    files: YearFiles, browser: Browser, tmp_path: Path, width: int
) -> None:
    sheet = files.report.fact_sheet
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(sheet.as_uri())
    assert asked == [sheet.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    page.close()
    assert len(PdfReader(tmp_path / "sheet.pdf").pages) == 1


def test_text_from_outside_stays_text() -> None:
    quote = Quote(text="a [b](c) | d\n# e", source=Source(file="x.json", key="k"))
    assert plain("a_b|c") == r"a\_b\|c"
    paper = with_references(f"{cite(quote)} and {cite(quote)}")
    assert paper == (
        "[a \\[b\\](c) \\| d \\# e][1] and [a \\[b\\](c) \\| d \\# e][1]\n\n"
        '[1]: <../x.json> "k in x.json; word for word"\n'
    )


def test_a_run_leaves_papers_whose_numbers_are_those_of_its_files(done_city: DoneCity) -> None:
    year = done_city.workspace / "2023"
    for name in MARKDOWN:
        assert wrong_numbers(year, year / "report" / name) == {}
    cited = {one.title: one.text for one in read_paper(year / "report/model_card.md").cited}
    assert any("report/model_evaluation.json" in title for title in cited)
    report = year / "report"
    own = (report / "model_evaluation.json").read_bytes()
    assert own == (report / "evaluation.json").read_bytes()
    ledger = pd.read_parquet(year / "ledger.parquet")
    assert cited["rows of data/scores.csv; count"] == str(len(ledger)) == "25"
    words = read_csv(year / "data/scores.csv")["hazard_level"]
    assert cited["rows of data/scores.csv where hazard_level=NA; count"] == str(sum(words == "NA"))
    labels = len(pd.read_parquet(year / "report/out_of_fold.parquet"))
    assert {look_up(year, one) for one in read_paper(year / "report/model_card.md").cited} >= {
        str(labels)
    }
    numbers = read_page(year / "report/fact_sheet.html").numbers
    assert [one for one in numbers if one.text != count_again(year, one)] == []
