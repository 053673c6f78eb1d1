"""The public tier counts by neighborhood, and nobody can compute what it hides."""

import re
from collections.abc import Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import CHROMIUM
from export_cases import make_inputs, make_ledger, make_roll, read_csv
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from playwright.sync_api import sync_playwright
from scipy.optimize import Bounds, LinearConstraint, milp

from gis_export.public.counts import (
    CITY,
    NOT_SHOWN,
    TOTAL,
    UNKNOWN,
    WORDS,
    PublicText,
    public_table,
    write_public,
)
from gis_export.public.suppression import SMALL, hidden_cells, possible_counts, with_totals
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from inference.hazard import USE_LIMIT

MOST = 10_000
"""More than any count of these tables."""
TEXT = PublicText(
    city="Testville",
    year=2026,
    made=date(2026, 11, 24),
    figures="Of 100 roofs it calls LIKELY, 71 were found open.",
)


def make_rows(counts: Mapping[str, tuple[int, ...]]) -> pd.DataFrame:
    """Return rows with so many of each word of CONFIRMED, LIKELY, POSSIBLE, NA and NOT SEEN."""
    codes = ("CONFIRMED", "LIKELY", "POSSIBLE", "NA", "NOT SEEN")
    cells = []
    for name, numbers in counts.items():
        for code, number in zip(codes, numbers, strict=True):
            cells += [(name, code)] * number
    table = pd.DataFrame(cells, columns=["NBHD", "RISK_LVL"], dtype="str")
    return table.assign(
        IMG_DATE=date(2026, 3, 9),
        MODEL_VER="demo-roof/3",
        PARCEL_ID="0216 001",
        ADDRESS="100 Peña St",
        SCORE=0.75,
    )


def shown(table: pd.DataFrame, name: str) -> list[str]:
    """Return the cells of a neighborhood."""
    row = table[table["NEIGHBORHOOD"] == name].drop(columns="NEIGHBORHOOD")
    (cells,) = row.to_numpy().tolist()
    return [str(cell) for cell in cells]


def range_of(
    table: NDArray[np.int64], hidden: NDArray[np.bool_], cell: tuple[int, int]
) -> tuple[float, float]:
    """Return the least and the most that a hidden cell can be, in whole numbers.

    By integer programming over everything that is shown, as a reader could.
    """
    numbers = np.arange(table.size).reshape(table.shape)
    sums = []
    for line in (*numbers, *numbers.T):
        equation = np.zeros(table.size)
        equation[line[:-1]] = 1
        equation[line[-1]] = -1
        sums.append(equation)

    least = np.where(hidden, 0, table).ravel()
    most = np.where(hidden, MOST, table).ravel()
    ends = []
    for sign in (1, -1):
        goal = np.zeros(table.size)
        goal[numbers[cell]] = sign
        answer = milp(
            goal,
            constraints=LinearConstraint(np.array(sums), 0, 0),
            integrality=np.ones(table.size, np.int64),
            bounds=Bounds(least, most),
        )
        assert answer.success, answer.message
        ends.append(sign * round(answer.fun))
    return ends[0], ends[1]


def test_small_counts_are_hidden_and_so_is_what_would_give_them_away() -> None:
    """A worked example: 4 is small, and it would follow from 20 in its row or 30 in its column.

    So a rectangle is hidden.
    """
    hidden = hidden_cells(np.array([[4, 20], [30, 40], [50, 60]]))
    assert hidden.tolist() == [
        [True, True, False],
        [True, True, False],
        [False, False, False],
        [False, False, False],
    ]


def test_nothing_is_hidden_without_need() -> None:
    assert not hidden_cells(np.array([[10, 20], [30, 40]])).any()


def test_zeros_are_hidden_too_and_cannot_give_each_other_away() -> None:
    """Two hidden zeros of one row would follow from a total that leaves nothing for them."""
    table = np.array([[0, 0, 50], [20, 20, 20], [30, 30, 30]])
    hidden = hidden_cells(table)
    whole = with_totals(table)

    for cell in np.argwhere(hidden):
        low, high = range_of(whole, hidden, (int(cell[0]), int(cell[1])))
        assert high - low + 1 >= SMALL


def test_a_sum_of_small_counts_gives_none_of_them_away() -> None:
    """By hand: of 126 buildings 46 and 75 are shown, so the other two were 5 together.

    Each was one of six counts. A third count of such a row is hidden, the one worth least. In the
    second row the two are 13 together, and could be any of 14 counts.
    """
    counts = np.array([[5, 46, 0, 75], [6, 36, 7, 58], [3, 45, 1, 71], [5, 41, 2, 42]])
    hidden = hidden_cells(counts, worth=(8, 4, 2, 1))
    three = [True, False, True, True, False]
    assert hidden[:4].tolist() == [three, [True, False, True, False, False], three, three]
    assert not hidden[4, [1, 3, 4]].any()


@settings(max_examples=60)
@given(
    arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(2, 4)), elements=st.integers(0, 30)),
    st.randoms(use_true_random=False),
)
def test_possible_counts_are_those_of_an_integer_program(
    counts: NDArray[np.int64], random: Random
) -> None:
    """Whatever is hidden, a cell could hold as many counts as an integer program finds."""
    whole = with_totals(counts)
    hidden = np.array([[random.random() < 0.6 for _ in row] for row in whole])
    for cell in np.argwhere(hidden)[:3]:
        place = (int(cell[0]), int(cell[1]))
        low, high = range_of(whole, hidden, place)
        assert min(possible_counts(whole, hidden, place), 1000) == min(high - low + 1, 1000)


@settings(max_examples=60)
@given(
    arrays(
        np.int64,
        st.tuples(st.integers(1, 5), st.integers(1, 5)),
        elements=st.one_of(st.integers(0, 12), st.integers(0, 90), st.just(0)),
    )
)
def test_no_hidden_count_can_be_narrowed_down(counts: NDArray[np.int64]) -> None:
    """For every hidden cell at least ten counts fit what is shown."""
    hidden = hidden_cells(counts)
    whole = with_totals(counts)

    assert hidden[whole < SMALL].all()
    for cell in np.argwhere(hidden):
        low, high = range_of(whole, hidden, (int(cell[0]), int(cell[1])))
        assert high - low + 1 >= SMALL, (counts, cell)


def test_a_city_of_many_neighborhoods_keeps_its_totals() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1.0, 1.0, (280, 1)) * np.array([3.5, 6, 8, 36]))
    hidden = hidden_cells(counts, worth=(8, 4, 2, 1))
    assert not hidden[-1].any()
    assert (~hidden[:-1, -1]).mean() > 0.8
    assert (~hidden[:-1, 1]).sum() > 0.9 * (counts[:, 1] >= SMALL).sum()


def test_counts_go_by_neighborhood_and_word() -> None:
    table = public_table(
        make_rows({"Harlem Park": (10, 11, 12, 13, 14), "Ashfield": (20, 21, 22, 23, 24)})
    )
    assert table.columns.tolist() == ["NEIGHBORHOOD", *WORDS, TOTAL]
    assert table["NEIGHBORHOOD"].tolist() == ["Ashfield", "Harlem Park", CITY]
    assert shown(table, "Harlem Park") == ["21", "12", "13", "14", "60"]
    assert shown(table, CITY) == ["62", "34", "36", "38", "170"]


def test_parcels_of_no_neighborhood_are_counted() -> None:
    table = public_table(make_rows({"": (10, 10, 10, 10, 10), "Ashfield": (10, 10, 10, 10, 10)}))
    assert shown(table, UNKNOWN)[-1] == "50"


def test_files_say_no_more_than_counts(tmp_path: Path) -> None:
    rows = make_rows(
        {
            "=cmd()": (10, 11, 12, 13, 14),
            "<b>Peña</b>": (2, 3, 22, 23, 24),
            "Old\nTown": (20, 20, 20, 20, 20),
        }
    )

    write_public(rows, tmp_path, TEXT)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "neighborhoods.csv"]
    for path in tmp_path.iterdir():
        said = path.read_text(encoding="utf-8")
        assert not re.search(r"0216|100 Pe|0\.75|SCORE", said)

    table = read_csv(tmp_path / "neighborhoods.csv")
    assert table["NEIGHBORHOOD"].tolist() == ["<b>Peña</b>", "'=cmd()", "Old\nTown", CITY]
    assert shown(table, "<b>Peña</b>")[0] == NOT_SHOWN
    assert set(table["USE_LIMIT"]) == {USE_LIMIT}

    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    asks_elsewhere = re.search(r'(src|href)="(?!neighborhoods\.csv)', page)
    assert "&lt;b&gt;Peña&lt;/b&gt;" in page
    assert not asks_elsewhere
    for phrase in ("2026-03-09", "demo-roof/3", "71 were found open", USE_LIMIT, NOT_SHOWN):
        assert phrase in page


class CellReader(HTMLParser):
    """Keeps the text of each cell of the tables of a page."""

    def __init__(self) -> None:
        """Begin without cells."""
        super().__init__()
        self.cells: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter or leave a cell."""
        self.inside = tag in ("td", "th")

    def handle_data(self, data: str) -> None:
        """Keep the first text of a cell."""
        if self.inside:
            self.cells.append(data)
            self.inside = False


def test_page_and_csv_hold_the_same_table(tmp_path: Path) -> None:
    counts = {"A": (3, 2, 40, 50, 60), "B": (30, 30, 40, 50, 60), "C": (3, 3, 40, 50, 60)}

    write_public(make_rows(counts), tmp_path, TEXT)

    reader = CellReader()
    reader.feed((tmp_path / "index.html").read_text(encoding="utf-8"))
    table = read_csv(tmp_path / "neighborhoods.csv").drop(columns="USE_LIMIT")
    assert reader.cells == ["Neighborhood", *WORDS, TOTAL, *table.to_numpy().ravel().tolist()]


@pytest.mark.parametrize(
    ("count", "hazards"), [(0, ("LIKELY",)), (1, ("LIKELY",)), (40, ("NOT ASSESSED",))]
)
def test_small_cities_are_published_too(
    count: int, hazards: tuple[str, ...], tmp_path: Path
) -> None:
    roll = make_roll(count)
    rows = build_rows(make_inputs(roll, make_ledger(roll, hazards)), ExportSettings())
    write_public(rows, tmp_path, PublicText(city="Testville", year=2026, made=date(2026, 11, 24)))
    table = read_csv(tmp_path / "neighborhoods.csv")
    assert table[TOTAL].tolist()[-1] == (str(count) if count == 40 else NOT_SHOWN)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert ("No building is on the list" in page) is (count == 0)
    assert "No figures" in page


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed")
def test_page_is_accessible(tmp_path: Path) -> None:
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    write_public(make_rows({"A": (3, 2, 40, 50, 60), "B": (30, 30, 40, 50, 60)}), tmp_path, TEXT)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "index.html").as_uri())
        found = Axe().run(page, options=options)
        browser.close()

    assert found.violations_count == 0, found.generate_report()
    assert [url for url in asked if not url.startswith("file:")] == []
