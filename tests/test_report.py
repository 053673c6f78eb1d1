"""The evaluation page is complete, in plain words and self-contained.

JSON and parquet have the same figures.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.head import RUNGS
from training.figures import RUNG_NAMES
from training.report import Evaluation, evaluate
from training.report_page import Beside, write_report
from training.settings import TrainSettings

VOID = {"meta", "img", "br", "link", "input"}


def scored_table(rows: int = 240) -> pd.DataFrame:
    """Return scored labels in blocks of four and two districts."""
    rng = np.random.default_rng(0)
    risk = rng.beta(1, 4, rows)
    failing = (rng.random(rows) < risk).astype(int)

    return pd.DataFrame(
        {
            "parcel_id": [f"P{number:05d}" for number in range(rows)][::-1],
            "year": 2021,
            "block": [f"B{number // 4}" for number in range(rows)],
            "neighborhood": "",
            "district": np.where(np.arange(rows) % 2 == 0, "East <Side>", "West"),
            "area_m2": rng.gamma(5, 30, rows),
            "failing": failing,
            "fold": np.arange(rows) // 4 % 5,
            **with_even("dark_share", rng.random(rows)),
            **with_even("measures", np.clip(risk * 0.7 + 0.3 * rng.random(rows), 0, 1)),
            **with_even("network", risk),
            **with_even("joined", np.clip(risk * 0.9 + 0.1 * rng.random(rows), 0, 1)),
        }
    )


def with_even(rung: str, scores: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the scores of a rung, and what they are if half of the roofs fail, not a fifth."""
    odds = scores / np.maximum(1 - scores, 1e-12) * 0.8 / 0.2
    return {rung: scores, f"{rung}_even": odds / (1 + odds)}


class Outline(HTMLParser):
    """Checks that tags close, and keeps what the page refers to."""

    def __init__(self) -> None:
        """Start with an empty page."""
        super().__init__()
        self.open: list[str] = []
        self.alts: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what the tag refers to and, if it must be closed, the tag."""
        found = dict(attrs)
        self.addresses += [found[name] or "" for name in ("src", "href") if name in found]
        if tag == "img":
            self.alts.append(found.get("alt") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag closes the last one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep text that a reader sees."""
        if not {"style", "script"} & set(self.open):
            self.text.append(data)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Scored labels."""
    return scored_table()


@pytest.fixture(scope="module")
def evaluation(table: pd.DataFrame) -> Evaluation:
    """Figures with a neighborhood split and no next year."""
    return evaluate(
        table,
        others={"neighborhood": table.iloc[:160], "next year": None},
        settings=TrainSettings(bootstrap=20, visits=30),
    )


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, evaluation: Evaluation, table: pd.DataFrame
) -> Path:
    """The written report."""
    return write_report(
        tmp_path_factory.mktemp("report"),
        evaluation,
        table,
        Beside(title="Tiny & Sons: model trained 2021", notes=["Labels: <unknown>."]),
    ).parent


@pytest.fixture(scope="module")
def outline(folder: Path) -> Outline:
    """The parsed page."""
    outline = Outline()
    outline.feed((folder / "evaluation.html").read_text(encoding="utf-8"))
    return outline


def text_of(outline: Outline) -> str:
    """Return the text of the page with single spaces."""
    return " ".join("".join(outline.text).split())


def test_six_files_and_no_other(folder: Path) -> None:
    """Nothing temporary is left."""
    assert sorted(path.name for path in folder.iterdir()) == [
        "calibration.png",
        "curves.png",
        "evaluation.html",
        "evaluation.json",
        "out_of_fold.parquet",
        "surprising_labels.csv",
    ]

    for name in ("curves.png", "calibration.png"):
        with Image.open(folder / name) as image:
            assert image.width == 1600
            assert len(np.unique(np.asarray(image.convert("L")))) > 20


def test_page_is_whole_and_asks_nobody(outline: Outline) -> None:
    """Tags close, pictures are inside and described, text from outside is escaped."""
    assert outline.open == []
    assert len(outline.addresses) == 2
    assert all(address.startswith("data:image/png;base64,") for address in outline.addresses)
    assert all(len(alt) > 40 for alt in outline.alts)
    assert all(name in alt for alt in outline.alts for name in RUNG_NAMES.values())

    text = text_of(outline)
    for words in ("Tiny & Sons", "Labels: <unknown>.", "East <Side>"):
        assert words in text


def test_page_says_what_ships_and_where_words_begin(
    outline: Outline, evaluation: Evaluation
) -> None:
    """In the sentences that were made for it, and never in words that promise."""
    text = text_of(outline)
    assert evaluation.ships.sentence in text
    for chosen in evaluation.chosen.values():
        assert chosen.recall.sentence in text
        assert chosen.precision.sentence in text
        assert chosen.average_recall.sentence in text
        assert chosen.sentence in text

    assert "Not yet tried on another flyover" in text
    assert "not measured: the labels do not allow it" in text
    assert not re.search(r"\b(safe|safely|low risk|low-risk)\b", text, re.IGNORECASE)
    assert not re.search(r"\bnan\b", text)


def test_json_has_the_same_figures(folder: Path, evaluation: Evaluation) -> None:
    """NaN is null."""
    answer = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    names = [rung["name"] for rung in answer["rungs"]]
    assert names == list(RUNGS)
    assert names == list(RUNG_NAMES)
    assert answer["rungs"][2]["average_precision"] == evaluation.rungs[2].average_precision
    assert answer["rungs"][0]["brier"] == evaluation.rungs[0].brier
    assert answer["ships"]["name"] == evaluation.ships.name
    assert answer["chosen"]["network"]["possible"] == evaluation.chosen["network"].possible

    splits = answer["splits"]
    (network,) = [rung for rung in splits["neighborhood"] if rung["name"] == "network"]
    assert network["f1_by_fold"]["mean"] is not None
    lengths = [len(splits[name]) for name in ("block", "neighborhood", "next year")]
    assert lengths == [4, 4, 0]


def test_scored_labels_are_kept(folder: Path, table: pd.DataFrame) -> None:
    """Sorted by parcel and year, values as they were."""
    kept = pd.read_parquet(folder / "out_of_fold.parquet")
    pd.testing.assert_frame_equal(
        kept, table.sort_values(["parcel_id", "year"], ignore_index=True), check_dtype=False
    )


def test_same_inputs_same_bytes(
    tmp_path: Path, folder: Path, evaluation: Evaluation, table: pd.DataFrame
) -> None:
    """Of every file."""
    page = write_report(
        tmp_path,
        evaluation,
        table,
        Beside(title="Tiny & Sons: model trained 2021", notes=["Labels: <unknown>."]),
    )

    for path in folder.iterdir():
        assert (page.parent / path.name).read_bytes() == path.read_bytes(), path.name


def test_few_blocks_are_confessed(tmp_path: Path, table: pd.DataFrame) -> None:
    """Seven blocks, no district, no area: the page says what it cannot do."""
    blocks = [f"B{number % 7}" for number in range(len(table))]
    few = table.assign(block=blocks, district="", area_m2=np.nan)
    evaluation = evaluate(few, others={}, settings=TrainSettings(bootstrap=5))

    page = write_report(tmp_path, evaluation, few, Beside(title="Seven", notes=[]))

    text = page.read_text(encoding="utf-8")
    assert "fewer than 8 blocks" in text
    assert "narrower than they should be" in text
    assert "districts are not known" in text
