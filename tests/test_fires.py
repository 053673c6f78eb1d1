"""Fires without a new flyover: read, matched, told to dispatch the next week, gone when seen."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from cities import CityBuilder, Roofwatch
from delivery_cases import FLOWN_2027, Export, deliver, folders, replay
from export_cases import make_inputs, make_ledger, make_roll, read_csv
from site_cases import SiteLook, looks_table

from gis_export.fire.book.entries import entries_of
from gis_export.fire.dispatch.address_match import AddressBook
from gis_export.fire.dispatch.cad_words import CAD_WORDS
from gis_export.fire.dispatch.held_fires import find_lost_fires
from gis_export.fire.dispatch.rows import CadLine, dispatch_text
from gis_export.fire.dispatch.state import read_state
from gis_export.fire.fires import Fires, read_fires
from gis_export.table.fire_settings import FireFile
from gis_export.table.rows import build_rows
from gis_export.table.settings import DispatchSettings, ExportSettings
from imagery.errors import ConfigError

LIKELY = "0216 001"
NOT_SEEN = "0217 001"
NOT_ASSESSED = "0219 001"
FIRE = date(2026, 6, 10)
SEEN = SiteLook(parcel=NOT_SEEN, day="2026-07-01", failing="N", roof_pct=0)
BURNED = {NOT_SEEN: FIRE, NOT_ASSESSED: FIRE}
EXPORTS = (
    Export(day=date(2026, 6, 8)),
    Export(day=date(2026, 6, 15), fires=BURNED),
    Export(day=date(2026, 6, 22), fires=BURNED),  # nothing new: no delivery
    Export(day=date(2026, 6, 29)),  # the file lost its lines: the fires are still said
    Export(day=date(2026, 7, 6), fires=BURNED, looks=(SEEN,)),
    Export(day=date(2027, 4, 1), fires=BURNED, looks=(SEEN,), year=2027),
)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the workspace after all exports."""
    folder = tmp_path_factory.mktemp("fires")
    for export in EXPORTS:
        deliver(export, folder)
    return folder


def changes(folder: Path) -> dict[str, dict[str, str]]:
    """Return the changed rows of a delivery by parcel."""
    table = read_csv(folder / "dispatch_change.csv").set_index("PARCEL_ID", drop=False)
    return {str(parcel): dict(row) for parcel, row in table.iterrows()}


def test_the_next_delivery_tells_of_the_fire_and_lowers_nothing(delivered: Path) -> None:
    before = read_csv(folders(delivered)[0] / "dispatch_add.csv").set_index("PARCEL_ID")
    changed = changes(folders(delivered)[1])

    assert set(changed) == set(BURNED)
    assert changed[NOT_SEEN]["TEXT"].startswith(
        "VACANT: NO OPEN ROOF SEEN 09MAR2026, UNSEEN SINCE FIRE 10JUN2026"
    )
    assert changed[NOT_ASSESSED]["TEXT"].startswith(
        "VACANT: ROOF NOT ASSESSED, UNSEEN SINCE FIRE 10JUN2026"
    )
    for parcel, row in changed.items():
        assert row["REASON"] == "FIRE_DATE"
        assert row["FIRE_DATE"] == FIRE.isoformat()
        for name in ("RISK_LVL", "RISK_TXT", "RISK_CODE", "REVIEW_BY", "VERIFIED"):
            assert row[name] == before[name][parcel]


def test_a_fire_is_said_until_somebody_has_seen_the_roof(delivered: Path) -> None:
    names = [folder.name[:10] for folder in folders(delivered)]
    assert names == ["2026-06-08", "2026-06-15", "2026-07-06", "2027-04-01"]

    visited = changes(folders(delivered)[2])
    assert set(visited) == {NOT_SEEN}
    assert (visited[NOT_SEEN]["FIRE_DATE"], visited[NOT_SEEN]["RISK_LVL"]) == ("", "NOT SEEN")

    # The photo of 2027 shows no roof at the parcel that is not assessed.
    held = read_state(delivered).set_index("PARCEL_ID")
    assert held["FIRE_DATE"][NOT_ASSESSED] == FIRE.isoformat()
    assert held["IMG_DATE"][NOT_ASSESSED] == FLOWN_2027.isoformat()


def test_replay_equals_the_state(delivered: Path) -> None:
    state = read_state(delivered).drop(columns="FLYOVER")
    pd.testing.assert_frame_equal(replay(folders(delivered)), state, check_like=True)


def test_a_fire_that_the_table_lost_is_named(delivered: Path) -> None:
    lost = find_lost_fires({}, read_state(delivered))
    assert lost is not None
    assert lost.examples == (repr(NOT_ASSESSED),)
    assert find_lost_fires(BURNED, read_state(delivered)) is None


@pytest.mark.parametrize(
    ("fire", "flown", "visited", "is_said"),
    [
        ("2026-03-09", "2026-03-09", "", True),  # on the day of the photo: not surely before it
        ("2026-03-08", "2026-03-09", "", False),
        ("2026-03-10", "2026-03-09", "2026-03-10", True),
        ("2026-03-10", "2026-03-09", "2026-03-11", False),
        ("2026-03-10", None, "", True),
    ],
)
def test_only_what_is_surely_later_ends_a_fire(
    fire: str, flown: str | None, visited: str, is_said: bool
) -> None:
    roll = make_roll(1)
    ledger = make_ledger(roll, ("LIKELY",), flown=date.fromisoformat(flown) if flown else None)
    looks = [SiteLook(parcel=LIKELY, day=visited, failing="N", roof_pct=0)] if visited else []
    inputs = make_inputs(roll, ledger, today=date(2026, 6, 1))
    inputs = replace(inputs, looks=looks_table(*looks), fires={LIKELY: date.fromisoformat(fire)})

    rows = build_rows(inputs, ExportSettings())

    assert (rows["FIRE_DATE"][0] is not None) == is_said
    assert rows["RISK_LVL"][0] == "LIKELY"
    notes = entries_of(rows, None, today=inputs.today)[0].notes
    assert (f"fire {fire}, roof not seen since" in notes) == is_said


def test_words_fire_and_review_fit_into_what_dispatch_shows() -> None:
    for code in CAD_WORDS:
        line = CadLine(code=code, day="2024-12-28", sides="", is_due=True, fire="2025-01-09")
        text = dispatch_text(line, width=80)
        assert "UNSEEN SINCE FIRE 09JAN2025 / REVIEW DUE" in text
        assert len(text) <= 80

    fires = FireFile(path=Path("fires.csv"), id=("parcel",), day="day")
    with pytest.raises(ConfigError, match=r"width is 79, want 80 or more beside \[export.fires\]"):
        ExportSettings(fires=fires, dispatch=DispatchSettings(width=79))
    with pytest.raises(ValueError, match="neither id nor address"):
        FireFile(path=Path("fires.csv"), day="day")


def read(folder: Path, text: str, book: AddressBook | None = None, **keys: str) -> Fires:
    """Read a table of fires of the roll of four lots."""
    path = folder / "fires.csv"
    path.write_text(text, encoding="utf-8")
    source = FireFile(path=path, id=("parcel",), address="place", day="day", **keys)
    return read_fires(source, make_roll(4), book, today=date(2026, 6, 30))


def test_each_fire_is_at_one_parcel_or_named(tmp_path: Path) -> None:
    """Ids are matched as everywhere; an address only by its normal form."""
    fires = read(
        tmp_path,
        "parcel,place,day\n"
        "0216-001,,2026-06-10\n"
        "0216-001,100 Pena Reunion Street,2026-06-12\n"
        ",0102 PEÑA RÉUNION ST,2026-06-11\n"
        ",104 Pena Reunin St,2026-06-11\n"
        "0999 001,,2026-06-11\n"
        "0217 001,106 Peña Réunion St,2026-06-11\n"
        ",,2026-06-11\n"
        "0219 001,,\n"
        "0219 001,,soon\n"
        "0219 001,,2026-07-01\n",
    )

    assert fires.latest == {LIKELY: date(2026, 6, 12), NOT_SEEN: date(2026, 6, 11)}
    assert (fires.at_vacant, fires.total) == (3, 10)
    said = [trouble.line for trouble in fires.troubles]
    for words in (
        "at an address that is not on the vacant roll: 1: '104 Pena Reunin St' in row 5",
        "with an id that means no parcel for certain: 1: '0999 001' in row 6",
        "whose id and address are of two parcels: 1: '0217 001' in row 7",
        "with neither id nor address: 1: row 8",
        "without a day: 1: '0219 001' in row 9",
        "fires with a date that cannot be read: 1: row 10 '0219 001' has 'soon'",
        "fires with a date after the day of this run: 1: row 11",
    ):
        assert any(words in line for line in said), (words, said)


def test_an_address_may_be_spelled_as_dispatch_does(tmp_path: Path) -> None:
    """The list knows another name of a street, and buildings that are not vacant."""
    book = AddressBook(
        spelled=("100 PENA REUNION ST", "7 OAK ST"), aliases=(("100 REUNION SQ",), ())
    )
    fires = read(
        tmp_path,
        "parcel,place,day\n,100 Reunion Square,2026-06-10\n,7 Oak Street,2026-06-10\n",
        book,
    )
    assert fires.latest == {LIKELY: date(2026, 6, 10)}
    assert (fires.elsewhere, fires.troubles) == (1, ())


def test_an_address_of_two_vacant_parcels_says_nothing(tmp_path: Path) -> None:
    roll = make_roll(2)
    roll.table["address"] = "100 Elm St"
    path = tmp_path / "fires.csv"
    path.write_text("place,day\n100 ELM STREET,2026-06-10\n", encoding="utf-8")
    source = FireFile(path=path, address="place", day="day")

    fires = read_fires(source, roll, None, today=date(2026, 6, 30))

    assert not fires.latest
    assert "at an address of several vacant parcels: 1: '100 ELM STREET'" in fires.troubles[0].line


def test_check_reads_the_table_of_fires(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch
) -> None:
    """A column that is not there is FIX FIRST, in one line."""
    city = tiny_city(tmp_path / "city")
    (city.parent / "fires.csv").write_text("parcel,day\nnobody,2023-01-01\n", encoding="utf-8")
    with city.open("a", encoding="utf-8") as file:
        file.write('\n[export.fires]\npath = "fires.csv"\nid = "parcel"\nday = "DAY"\n')

    ran = roofwatch("check", city, "--year", 2023, "--quiet")

    assert ran.code == 3
    assert "[export.fires] day: no column 'DAY'" in ran.out
