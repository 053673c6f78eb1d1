"""Six deliveries with findings, a flyover, a missed one and a clock set back: replay equals state.

What is replayed are the kept files alone, as a dispatch center loads them: in the order of their
numbers, each once.
"""

import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from delivery_cases import FLOWN_2027, Export, deliver, folders, replay
from export_cases import read_csv
from site_cases import SiteLook

from gis_export.fire.dispatch.cad_words import CAD_REASONS, CAD_WORDS, cad_day
from gis_export.fire.dispatch.rows import CadLine, dispatch_text
from gis_export.fire.dispatch.state import read_state
from imagery.errors import InputError

OPEN = SiteLook(parcel="0216 001", day="2026-06-20", failing="Y", roof_pct=60)
RAZED = SiteLook(parcel="0218 001", day="2026-07-03", disposition="razed")


EXPORTS = (
    Export(day=date(2026, 6, 1)),
    Export(day=date(2026, 6, 22), looks=(OPEN,)),
    Export(day=date(2026, 6, 29), looks=(OPEN,)),  # nothing new: no delivery, no number
    Export(day=date(2026, 7, 6), looks=(OPEN, RAZED)),
    Export(day=date(2027, 3, 10), looks=(OPEN, RAZED)),  # rows fall due for review
    Export(day=date(2027, 4, 1), looks=(OPEN, RAZED), year=2027),
)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the workspace after all exports, and a delete that a person signed at the end."""
    folder = tmp_path_factory.mktemp("deliveries")
    for export in EXPORTS:
        deliver(export, folder)

    line = "0218 001,razed,J. Doe,2027-04-02"
    (folder / "dispatch_deletes.csv").write_text(f"PARCEL_ID,REASON,BY,DATE\n{line}\n")
    deliver(replace(EXPORTS[-1], day=date(2027, 4, 5)), folder)
    return folder


def test_replay_of_all_deliveries_equals_the_state(delivered: Path) -> None:
    state = read_state(delivered).drop(columns="FLYOVER")
    pd.testing.assert_frame_equal(replay(folders(delivered)), state, check_like=True)


def test_deliveries_are_numbered_without_a_gap_over_days(delivered: Path) -> None:
    names = [folder.name for folder in folders(delivered)]
    assert [name.rpartition("_")[2] for name in names] == ["01", "02", "03", "04", "05", "06"]
    assert names == sorted(names)

    for number, folder in enumerate(folders(delivered), 1):
        tables = [read_csv(path) for path in folder.glob("dispatch_*.csv")]
        assert {cell for table in tables for cell in table["DELIVERY"]} == {str(number)}


def test_a_missed_delivery_shows_and_is_made_up_in_order(delivered: Path) -> None:
    every = folders(delivered)
    missed = every[4]
    loaded = [folder for folder in every if folder != missed]
    numbers = [int(folder.name.rpartition("_")[2]) for folder in loaded]
    gaps = [after for before, after in pairwise(numbers) if after > before + 1]
    assert gaps == [6]

    late = replay(every)
    assert late["IMG_DATE"].tolist()[0] == FLOWN_2027.isoformat()


def test_each_delivery_holds_what_happened_and_nothing_else(delivered: Path) -> None:
    changes = [read_csv(folder / "dispatch_change.csv") for folder in folders(delivered)]
    deletes = [read_csv(folder / "dispatch_delete.csv") for folder in folders(delivered)]
    assert [len(table) for table in changes] == [0, 1, 0, 4, 5, 0]
    assert changes[1]["TEXT"][0].startswith("VACANT: OPEN ROOF CONFIRMED 20JUN2026 / ")
    assert deletes[2]["REASON"].tolist() == [
        "razed; visited 2026-07-03: building razed; needs a person"
    ]
    assert set(changes[3]["REASON"]) == {"review due"}
    assert changes[3]["TEXT"].str.contains("REVIEW DUE").all()
    assert not changes[4]["TEXT"].str.contains("REVIEW DUE").any()
    assert deletes[5]["ACTION"].tolist() == ["DELETE"]


def test_a_day_before_the_last_delivery_is_refused_and_changes_nothing(delivered: Path) -> None:
    before = {path: path.read_bytes() for path in delivered.rglob("*") if path.is_file()}
    message = (
        "dispatch: this delivery would be of 2027-03-31, and delivery 6 was of 2027-04-05: rows "
        "would grow younger; set [export] as_of to 2027-04-05 or later, or correct the clock"
    )

    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        deliver(Export(day=date(2027, 3, 31), year=2027), delivered)

    assert {path: path.read_bytes() for path in delivered.rglob("*") if path.is_file()} == before
    # An earlier flyover tells dispatch nothing.
    assert deliver(Export(day=date(2027, 5, 1)), delivered).number == 0


def test_numbers_go_on_when_folders_were_loaded_and_removed(tmp_path: Path) -> None:
    deliver(EXPORTS[0], tmp_path)
    for path in sorted((tmp_path / "deliveries").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()

    assert deliver(EXPORTS[1], tmp_path).number == 2


def test_words_that_a_dispatcher_cannot_misread() -> None:
    """One table has every line; no day in it can be broken at the end of a line."""
    lines = {}
    for code in CAD_WORDS:
        line = CadLine(code=code, day="2024-02-11", sides="")
        lines[code] = dispatch_text(line, width=80)

    assert lines == {
        "CONFIRMED": "VACANT: OPEN ROOF CONFIRMED 11FEB2024 / SEEN BY A PERSON / SIZE-UP GOVERNS",
        "LIKELY": "VACANT: OPEN ROOF LIKELY / PHOTO 11FEB2024, NOT VERIFIED / SIZE-UP GOVERNS",
        "POSSIBLE": "VACANT: OPEN ROOF POSSIBLE / PHOTO 11FEB2024, NOT VERIFIED / SIZE-UP GOVERNS",
        "NOT SEEN": "VACANT: NO OPEN ROOF SEEN 11FEB2024, NOT VERIFIED / SIZE-UP GOVERNS",
        "NA": "VACANT: ROOF NOT ASSESSED / SIZE-UP GOVERNS",
    }
    assert [cad_day(day) for day in ("2024-12-01", "2024", "")] == [
        "01DEC2024",
        "2024",
        "UNKNOWN DAY",
    ]
    for words in (*lines.values(), *CAD_REASONS.values()):
        assert not re.search(r"\b(SAFE|CLEAR|LOW|NOT SEEN)\b", words)
        assert words.isascii()
