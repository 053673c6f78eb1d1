"""An exported year with its page, and the numbers of a page counted again in their files."""

import json
import re
from dataclasses import dataclass, replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
from export_cases import make_inputs, make_ledger, make_roll
from site_cases import SiteLook, looks_table
from test_worklist import make_chips

from gis_export.housing.plan.days import Crews
from gis_export.housing.plan.shift import shift_between
from gis_export.products import export_products
from gis_export.report.change import write_change
from gis_export.report.year.page import Verdict
from gis_export.report.year.write import write_year
from gis_export.table.inputs import KEPT_ROLL, ExportInputs, Year
from gis_export.table.settings import ExportSettings, VisitSettings
from imagery.workspace import YearFiles

ROOFS = 60
EXPECTED = "We expect between 3 and 30 failing roofs in these photos."
CREWS = Crews(crews=2, per_day=5, start=date(2026, 11, 24))
VERDICT = Verdict(grade="CAUTION", meaning="The photos are hazy.")
FEW = 10
VISITED: dict[str, object] = {
    "missed": {"year": 2025, "city": {"judged": 40, "open": 1}, "districts": {}},
    "most_missed": 0.11321,
    "most_missed_with_errors": 0.11917,
    "recall": {"year": 2025, "low": 0.413, "share": 0.625, "high": 0.871},
    "realized": [
        {
            "year": 2025,
            "word": "LIKELY",
            "checked": {"judged": 25, "open": 20, "unjudged": 1},
            "share": 0.8,
            "least": 0.612,
            "most": 0.921,
            "promised": 0.7,
        },
        {
            "year": 2025,
            "word": "POSSIBLE",
            "checked": {"judged": 8, "open": 0, "unjudged": 0},
            "share": 0.0,
            "least": 0.0,
            "most": 0.312,
            "promised": None,
        },
    ],
}
"""What report/miss_rate.json holds."""
NOT_VISITED: dict[str, object] = {
    "missed": None,
    "most_missed": None,
    "most_missed_with_errors": None,
    "recall": None,
    "realized": [],
}


def two_years(folder: Path) -> ExportInputs:
    """Return two flyovers with chips: half of the roofs that are LIKELY now were not before."""
    roll = make_roll(ROOFS)
    words = ("LIKELY", "NOT SEEN IN PHOTO", "NOT ASSESSED", "POSSIBLE")
    before = ("NOT SEEN IN PHOTO", "NOT SEEN IN PHOTO", "NOT ASSESSED", "POSSIBLE", *words)
    previous = make_ledger(roll, before, year=2025)
    parcels = roll.table["parcel_id"].tolist()[:12]
    inputs = make_inputs(roll, make_ledger(roll, words), previous=previous)
    year = Year(
        year=2025,
        flown=date(2025, 3, 1),
        ledger=previous,
        chips=make_chips(folder / "chips_2025", parcels, year=2025),
        roll=roll.table[list(KEPT_ROLL)],
    )
    looks = (
        SiteLook(parcel="0217 001", failing="Y", roof_pct=40),
        SiteLook(parcel="0218 001", failing="N", disposition="repaired"),
        SiteLook(parcel="0224 001", failing="", disposition="razed"),
    )
    return replace(
        inputs,
        earlier=(year,),
        chips=make_chips(folder / "chips_2026", parcels, year=2026),
        looks=looks_table(*looks),
        expected=EXPECTED,
    )


def write_page(inputs: ExportInputs, folder: Path, visits: object) -> YearFiles:
    """Export a year and write its page."""
    settings = ExportSettings(visits=VisitSettings(packets=0))
    export_products(inputs, folder / "2026", settings, delivered=folder)
    files = YearFiles(folder=folder / "2026")
    write_change(inputs, files.folder)
    files.report.miss_rate.write_text(json.dumps(visits), encoding="utf-8")
    scores = inputs.ledger.table["score"].dropna().to_numpy()
    shift = shift_between(scores, 0.1, 0.6)
    write_year(files, inputs, CREWS, shift=shift, verdict=VERDICT)
    return files


@dataclass(kw_only=True)
class Number:
    """A number of a page, and where it says it is from."""

    facts: dict[str, str]
    """Attributes of its element."""
    text: str = ""
    """What it says."""


class PageReader(HTMLParser):
    """Takes a page apart: numbers with a source, and all other text."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.numbers: list[Number] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self._open = False
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a number, or text that nobody reads."""
        facts = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(facts.get("href", ""))
        if "data-file" in facts:
            self.numbers.append(Number(facts=facts))
            self._open = True
        if tag in ("style", "script", "title"):
            self._silent = tag

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        if tag in ("a", "td"):
            self._open = False
        if tag == self._silent:
            self._silent = ""

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if self._open:
            self.numbers[-1].text += data
        elif not self._silent:
            self.text.append(data)

    @property
    def other_text(self) -> str:
        """Return all text but the numbers."""
        return " ".join(" ".join(self.text).split())

    @property
    def whole_text(self) -> str:
        """Return all text with the numbers, in no order."""
        return f"{self.other_text} {' '.join(number.text for number in self.numbers)}"


def read_page(path: Path) -> PageReader:
    """Take a page apart."""
    reader = PageReader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def count_again(folder: Path, number: Number) -> str:
    """Return a number as its file has it, written as its form says."""
    facts = number.facts
    path = folder / facts["data-file"]
    if "data-key" in facts:
        value: object = json.loads(path.read_text(encoding="utf-8"))
        for name in facts["data-key"].split("."):
            value = value[int(name)] if isinstance(value, list) else dict(value)[name]  # type: ignore[call-overload]  # JSON
        return written(float(str(value)), facts["data-form"])

    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    for rule in filter(None, facts.get("data-rows", "").split("; ")):
        found = re.fullmatch(r"(.+?)(>=|!=|=)(.*)", rule)
        assert found is not None
        column, sign, texts = found.groups()
        values = texts.split("|")
        if sign == ">=":
            rows = rows[rows[column] >= texts]
        else:
            rows = rows[rows[column].isin(values) == (sign == "=")]
    if "data-column" not in facts:
        return written(float(len(rows)), facts["data-form"])
    assert len(rows) == 1
    return written(float(rows[facts["data-column"]].iloc[0]), facts["data-form"])


def written(value: float, form: str) -> str:
    """Return a number as people read it."""
    if form == "percent":
        return f"{round(100 * value)}%"
    if form == "percent up":
        return f"{-int(-1000 * value // 1) / 10:.1f}%"
    if form == "score":
        return f"{round(value, 3):.3f}"
    return f"{value:,.1f}" if form == "tenths" else f"{int(value):,}"


def reading_grade(text: str) -> float:
    """Return the Flesch-Kincaid grade (Kincaid et al. 1975, Research Branch Report 8-75)."""
    sentences = [part for part in re.split(r"[.!?:]+\s", text) if part.strip()]
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(count_syllables(word) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def count_syllables(word: str) -> int:
    """Return the syllables of an English word: groups of vowels, without a silent e at the end.

    >>> [count_syllables(word) for word in ("house", "vacant", "neighborhoods", "table", "looked")]
    [1, 2, 3, 2, 1]
    """
    plain = word.lower()
    groups = len(re.findall(r"[aeiouy]+", plain))
    is_silent = re.search(r"[^aeiouyl]e$|[^aeioudty]ed$", plain) is not None
    return max(1, groups - is_silent)
