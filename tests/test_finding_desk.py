"""Answers of the desk that come as a file are looks at a photo."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
from findings_cases import make_context

from labels.desk import offline
from labels.findings import read_findings
from labels.look import Means

PHOTO = "c" * 64
SAID = {
    "parcel_id": "0216 001",
    "year": "2024",
    "visited_on": "2026-06-02",
    "roof_open": "pct_10_24",
    "roof_pct": "17",
    "disposition": "",
    "confuser": "tarp",
    "notes": "blue",
    "who": "Ana",
    "source": "desk",
    "means": "photo",
    "photo": PHOTO,
    "chosen": "draw 1: random",
    "chance": "0.25",
    "reader": "2",
    "seconds": "7.5",
    "said_at": "2026-06-02T14:00:00.000Z",
}


def columns_of_page() -> list[str]:
    """Return the columns that the page writes."""
    page = Path(offline.__file__).with_name("page") / "file.js"
    block = re.search(r"CSV_COLUMNS = \[(.*?)\]", page.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    return re.findall(r'"(\w+)"', block[1])


def test_a_saved_answer_is_a_look_at_the_photo_of_its_year(tmp_path: Path) -> None:
    assert list(SAID) == columns_of_page()
    path = tmp_path / "desk.csv"
    razed = {"parcel_id": "0217 001", "roof_open": "", "roof_pct": "", "disposition": "razed"}
    pd.DataFrame([SAID, SAID | razed]).to_csv(path, index=False)

    found = read_findings(path, make_context())

    assert found.problems == ()
    look, gone = found.looks
    assert (look.means, look.source, look.year, look.day) == (
        *(Means.PHOTO, "desk", 2024, date(2026, 6, 2)),
    )
    assert (look.who, look.photo, look.confuser, look.reader, look.seconds) == (
        *("Ana", PHOTO, "tarp", 2, 7.5),
    )
    assert (look.chosen, look.chance, look.roof_pct, look.note) == (
        "draw 1: random",
        0.25,
        17,
        "blue",
    )
    assert look.said_at == datetime(2026, 6, 2, 14, tzinfo=UTC)
    assert (gone.disposition, gone.on_site) == ("razed", False)


def test_two_readers_may_differ_and_are_two_looks(tmp_path: Path) -> None:
    path = tmp_path / "desk.csv"
    other = SAID | {"who": "Lee", "reader": "1"}
    contrary = other | {"who": "Max", "roof_open": "pct_0", "roof_pct": "0"}
    pd.DataFrame([SAID, other, contrary]).to_csv(path, index=False)
    found = read_findings(path, make_context())
    assert (len(found.looks), found.problems) == (3, ())


def test_what_is_no_answer_of_the_desk_needs_a_person(tmp_path: Path) -> None:
    path = tmp_path / "desk.csv"
    bad = {"year": "24", "reader": "x", "seconds": "-1", "confuser": "cat"}
    pd.DataFrame([SAID | {name: text} for name, text in bad.items()]).to_csv(path, index=False)
    found = read_findings(path, make_context())
    assert [problem.reason for problem in found.problems] == [
        "the year of the photo is '24'",
        "the reader is 'x'",
        "the seconds are '-1'",
        "what was mistaken for a hole is 'cat'",
    ]
