"""The data dictionary names every field, its values and the rule for missing ones.

It does so for programs and for people.
"""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import CHROMIUM
from export_cases import read_csv
from playwright.sync_api import sync_playwright

from gis_export.formats.dictionary import (
    data_dictionary,
    dictionary_page,
    symbol_svg,
    write_dictionary,
)
from gis_export.table.fields import FIELDS, Tier, fields_of
from gis_export.table.symbols import SYMBOLS
from gis_export.table.values import VALUES
from inference.hazard import USE_LIMIT


@pytest.mark.parametrize("tier", list(Tier))
def test_csv_names_the_fields_of_a_tier_and_no_other(tier: Tier, tmp_path: Path) -> None:
    write_dictionary(tmp_path, tier)
    table = read_csv(tmp_path / "data_dictionary.csv")
    assert table["name"].tolist() == [field.name for field in fields_of(tier)]
    assert (table["meaning"] != "").all()
    assert table.set_index("name").loc["SCORED", "values"] == "Y; N"


def test_whole_dictionary_has_every_field() -> None:
    assert data_dictionary()["name"].tolist() == [field.name for field in FIELDS]
    assert set(VALUES) < {field.name for field in FIELDS}


@pytest.mark.parametrize("tier", list(Tier))
def test_page_says_limit_words_fields_and_values(tier: Tier) -> None:
    page = dictionary_page(tier)

    assert USE_LIMIT in page
    for field in fields_of(tier):
        assert f"<code>{field.name}</code>" in page
    for symbol in SYMBOLS:
        assert symbol.word.value in page
        assert symbol_svg(symbol) in page

    others = {field.name for field in FIELDS} - {field.name for field in fields_of(tier)}
    assert not [name for name in others if f"<code>{name}</code>" in page]


def test_every_word_has_a_drawing_of_its_own() -> None:
    drawn = [symbol_svg(symbol) for symbol in SYMBOLS]
    assert len(set(drawn)) == len(SYMBOLS)
    for symbol, picture in zip(SYMBOLS, drawn, strict=True):
        assert symbol.color in picture
        assert f">{symbol.letter}<" in picture


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
@pytest.mark.parametrize("tier", list(Tier))
def test_page_has_no_barrier_and_asks_no_host(tier: Tier, tmp_path: Path) -> None:
    write_dictionary(tmp_path, tier)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "data_dictionary.html").as_uri())
        report = Axe().run(page)
        browser.close()

    assert report.violations_count == 0, report.generate_report()
    assert all(url.startswith("file:") for url in asked)
