"""The evaluation page for people: five sentences, finds, errors with photos, the champion."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from cities import DoneCity
from playwright.sync_api import Browser, Page
from test_report import scored_table
from test_worklist import make_chips

from training.champion import AgainstChampion
from training.figures import FigureSettings
from training.finds import MOST_POINTS, list_lengths, measure_finds, table_points
from training.finds_picture import draw_finds
from training.gallery import MOST_SHOWN, choose_errors
from training.gate_checks import Check
from training.gate_labels import Words
from training.opening import Unseen, open_page, say_weakest
from training.parts import Part, measure_parts, measure_whole, with_words
from training.report import Evaluation, evaluate
from training.report_page import Beside, write_report
from training.settings import TrainSettings

FEW = FigureSettings(repeats=30, seed=0)
BEGINS = Words(likely=0.8, possible=0.5)
CHAMPION = AgainstChampion(
    sentence="Compared with champion 2.",
    checks=(Check(name="ranking", holds=False, text="0.3 against <0.4>"),),
)


def labels() -> pd.DataFrame:
    """Return eight labels by hand: three open, two of these on the list, one LIKELY."""
    return pd.DataFrame(
        {
            "parcel_id": list("abcdefgh"),
            "year": [2023, 2023, 2023, 2023, 2022, 2022, 2022, 2022],
            "block": ["x", "x", "y", "y", "z", "z", "z", "z"],
            "neighborhood": ["N", "N", "N", "", "M", "M", "M", "M"],
            "district": "D",
            "failing": [1, 0, 1, 0, 0, 0, 0, 1],
            "joined": [0.9, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1, 0.1],
            "strangeness": [1.0, 1.1, 0.9, 3.0, 1.0, 2.0, 1.0, 0.5],
        }
    )


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """Figures of 240 labels."""
    return evaluate(scored_table(), others={}, settings=TrainSettings(bootstrap=20, visits=30))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, evaluation: Evaluation) -> Path:
    """Return the page, with photos of half of its errors."""
    folder = tmp_path_factory.mktemp("page")
    table = scored_table().assign(strangeness=np.linspace(0.5, 3, 240))
    chips = make_chips(folder / "chips", table["parcel_id"].tolist()[::4], year=2021)
    beside = Beside(
        title="Tiny & Sons",
        notes=["A note."],
        unseen=Unseen(labels=250, without_chip=10),
        champion=CHAMPION,
        stores={2021: chips},
    )
    return write_report(folder / "report", evaluation, table, beside)


@pytest.fixture(scope="module")
def page(browser: Browser, path: Path) -> Iterator[Page]:
    """Yield the page, open, which may ask for nothing and may not fail."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: asked.append(str(error)))
    opened.goto(path.as_uri())
    yield opened
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    opened.close()


def test_finds_by_hand() -> None:
    """The two with score 0.1 stay together; g comes without h nowhere."""
    points = measure_finds(labels(), "joined", FEW)
    told = [(one.visits, one.score, one.found, one.missed, one.alarms) for one in points]
    assert told == [
        (0, 1.0, 0, 3, 0),
        (1, 0.9, 1, 2, 0),
        (2, 0.7, 1, 2, 1),
        (3, 0.6, 2, 1, 1),
        (4, 0.4, 2, 1, 2),
        (5, 0.3, 2, 1, 3),
        (6, 0.2, 2, 1, 4),
        (8, 0.1, 3, 0, 5),
    ]
    assert [one.by_chance for one in points][4] == 1.5
    assert all(one.low <= one.high <= 3 for one in points)
    assert (points[-1].low, points[-1].high) == (3, 3)


def test_the_order_is_that_at_even_odds() -> None:
    """Two flyovers of unlike shares: what is equal at even odds is equal on the list."""
    table = labels().assign(joined_even=[0.5, 0.4, 0.3, 0.2, 0.95, 0.1, 0.1, 0.1])
    first = measure_finds(table, "joined", FEW)[1]
    assert (first.score, first.found, first.alarms) == (0.95, 0, 1)


def test_the_interval_of_finds_holds_the_finds_of_the_whole() -> None:
    """Of 60 samples of a large city, the band at 50 of 200 visits holds the truth in most."""
    rng = np.random.default_rng(1)
    city = pd.DataFrame({"joined": rng.beta(1, 4, 20_000)})
    city["failing"] = (rng.random(20_000) < city["joined"]).astype(int)
    best = city.sort_values("joined", ascending=False)
    truth = best["failing"].iloc[:5_000].sum() / best["failing"].sum()
    held = 0
    for seed in range(60):
        sample = city.sample(200, random_state=seed).reset_index(drop=True)
        names = sample.index.astype(str)
        sample = sample.assign(parcel_id=names, year=2023, block=names)
        points = measure_finds(sample, "joined", FigureSettings(repeats=100, seed=seed))
        (point,) = [one for one in points if one.visits == 50]
        failing = sample["failing"].sum()
        held += point.low <= truth * failing <= point.high
    assert 48 <= held <= 60


def test_a_long_list_is_told_at_some_lengths() -> None:
    lengths = list_lengths(np.linspace(1, 0, 15_000))
    assert len(lengths) == MOST_POINTS + 1
    assert (lengths[0], lengths[1], lengths[-1]) == (0, 1, 15_000)
    assert (np.diff(lengths) > 0).all()
    assert list_lengths(np.array([0.5, 0.5])).tolist() == [0, 2]
    points = measure_finds(scored_table(), "joined", FEW)
    rows = table_points(points)
    assert 8 <= len(rows) <= 10
    assert rows[-1].visits == 240
    assert rows[0].visits > 0


def test_no_curve_where_nothing_is_open() -> None:
    points = measure_finds(labels().assign(failing=0), "joined", FEW)
    assert draw_finds(points, []) is None


def test_errors_by_hand() -> None:
    """H is missed, b is a false alarm, d is strangest; the others surprise less and less."""
    table = with_words(labels(), "joined", BEGINS)
    misses, alarms, strange, doubtful = choose_errors(table, "joined", {})
    assert [roof.parcel_id for roof in misses.roofs] == ["h"]
    assert [(roof.parcel_id, roof.label) for roof in alarms.roofs] == [("b", "not open")]
    assert [roof.parcel_id for roof in strange.roofs][:2] == ["d", "f"]
    assert [roof.parcel_id for roof in doubtful.roofs] == ["c", "d", "e", "f", "a", "g"]
    assert {roof.photo for roof in doubtful.roofs} == {""}
    assert {roof.source for roof in doubtful.roofs} == {"not known"}
    unknown = choose_errors(table.drop(columns="strangeness"), "joined", {})
    assert unknown[2].roofs == ()


def test_five_sentences_by_hand(evaluation: Evaluation) -> None:
    """All labels twice over; half of them are too few to say so many of ten."""
    table = pd.concat([labels(), labels()], ignore_index=True)
    whole = measure_whole(table, "joined", BEGINS)
    figures = replace(
        evaluation.rungs[-1],
        intervals={"recall_possible": (0.41, 0.9), "precision_likely": (np.nan, np.nan)},
    )
    parts = measure_parts(table, "joined", BEGINS)
    opening = open_page(figures, whole, parts, Unseen(labels=9, without_chip=1))
    assert opening.sentences == (
        "Of 10 open roofs the list has about 7 (4 of 6 labeled ones; 9 times in 10 between 4.1 "
        "and 9.0).",
        "Of the labeled roofs that it calls LIKELY 2 of 2 are open: too few to say how many of 10.",
        "It misses 2 of the 6 labeled roofs that are open.",
        "It is weakest in the district D: there the list has 4 of 6 open roofs (27% to 94%), which "
        "may be chance.",
        "Not assessed: 1 of 9 labels are of roofs that the photo does not show well enough, and "
        "no figure here speaks of such roofs.",
    )
    assert [row.count for row in opening.picture] == [7, None]

    few = measure_whole(labels(), "joined", BEGINS)
    said = open_page(figures, few, [], None)
    assert [row.count for row in said.picture] == [None, None]
    assert said.sentences[:2] == (
        "Of the labeled roofs that are open the list has 2 of 3: too few to say how many of 10.",
        "Of the labeled roofs that it calls LIKELY 1 of 1 is open: too few to say how many of 10.",
    )

    sound = measure_whole(table.assign(failing=0), "joined", Words(likely=0.95, possible=0.95))
    said = open_page(figures, sound, [], None)
    assert [row.count for row in said.picture] == [None, None]
    assert "no labeled roof is open" in said.sentences[0]
    assert "calls no labeled roof LIKELY" in said.sentences[1]


def test_the_weakest_place_is_named_and_chance_is_said() -> None:
    rows = []
    for place, found, count in (("East", 9, 10), ("West", 5, 10), ("Few", 0, 4)):
        scores = [0.9] * found + [0.1] * (count - found)
        rows.append(pd.DataFrame({"neighborhood": place, "joined": scores, "failing": 1}))
    table = pd.concat(rows, ignore_index=True).assign(year=2023)
    whole = measure_whole(table, "joined", BEGINS)
    parts = measure_parts(table, "joined", BEGINS)
    assert [part.place for part in parts if part.is_small] == ["Few"]
    said = say_weakest(parts, whole)
    assert said == (
        "It is weakest in the neighborhood West: there the list has 5 of 10 open roofs (22% to "
        "78%), which may be chance."
    )
    weak: list[Part] = measure_parts(table.assign(joined=0.1), "joined", BEGINS)
    assert "which may be chance" not in say_weakest(weak, whole)


def test_the_page_opens_with_five_sentences_and_a_picture(page: Page) -> None:
    first = page.locator("main > *").nth(1)
    assert first.locator("li").count() == 5
    assert first.locator("svg").get_attribute("role") == "img"
    text = page.locator("main").inner_text()
    order = ["Visits against finds", "Where it errs", "By neighborhood", "Champion", "Statistics"]
    places = [text.index(heading) for heading in order]
    assert places == sorted(places)
    assert "Compared with champion 2." in text
    assert "0.3 against <0.4>" in text
    assert not re.search(r"\b(safe|low risk)\b|\bnan\b", text, re.IGNORECASE)


def test_the_slider_counts(page: Page, path: Path) -> None:
    """Every place of it says what evaluation.json has."""
    finds = json.loads(path.with_name("evaluation.json").read_text())["finds"]
    slider = page.locator("#length")
    assert int(slider.get_attribute("max") or 0) == len(finds) - 1
    for place in (0, 7, len(finds) - 1):
        slider.fill(str(place))
        for name in ("visits", "found", "missed", "alarms"):
            assert page.locator(f"#n-{name}").inner_text() == str(finds[place][name])
        assert str(finds[place]["found"]) in (slider.get_attribute("aria-valuetext") or "")
    assert page.locator("#here").get_attribute("cx") == "664"
    listed = page.locator("tr.winner", has_text="LIKELY and POSSIBLE, as it ships")
    assert listed.count() == 1


def test_photos_are_small_and_bounded(page: Page, path: Path) -> None:
    photos = page.locator(".roofs img")
    assert 4 < photos.count() <= 4 * MOST_SHOWN
    sizes = photos.evaluate_all("nodes => nodes.map(node => [node.naturalWidth, node.src.length])")
    assert all(0 < width <= 160 and length < 20_000 for width, length in sizes)
    assert page.locator(".roofs .no").count() > 0
    assert path.stat().st_size < 2_000_000


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_is_accessible(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_on_paper_the_table_stands_for_the_slider(page: Page) -> None:
    page.emulate_media(media="print")
    assert not page.locator("fieldset").is_visible()
    assert page.locator("table.nums").first.is_visible()
    page.emulate_media(media="screen")
    assert page.locator("fieldset").is_visible()


def test_a_training_leaves_photos_and_a_comparison(done_city: DoneCity) -> None:
    text = (done_city.workspace / "2023/report/evaluation.html").read_text(encoding="utf-8")
    assert "There is no champion yet: nothing could be compared." in text
    assert "data:image/webp;base64," in text
    scored = pd.read_parquet(done_city.workspace / "2023/report/out_of_fold.parquet")
    assert (scored["strangeness"] > 0).all()
    assert "Not assessed: " in text or "could be assessed in their photo" in text
