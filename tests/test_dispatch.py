"""Deliveries to dispatch hold what changed and nothing else, in the vendor's columns."""

import csv
import dataclasses
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from export_cases import FLOWN, TODAY, export, make_inputs, make_ledger, make_roll, read_csv
from filelock import FileLock
from pyproj import Transformer

from gis_export.fire.dispatch.address_match import (
    AddressBook,
    Match,
    match_addresses,
    read_addresses,
)
from gis_export.fire.dispatch.cad_words import cad_head
from gis_export.fire.dispatch.center import DispatchCenter
from gis_export.fire.dispatch.columns import ColumnMap, FileFormat, column_map_of
from gis_export.fire.dispatch.delivery import Dispatch, build_dispatch
from gis_export.fire.dispatch.file_format import QUOTING
from gis_export.fire.dispatch.handover import keeping_delivery, mark_delivered, write_dispatch
from gis_export.fire.dispatch.last_delivery import last_delivery
from gis_export.fire.dispatch.rows import DELIVERY_COLUMNS, CadLine, dispatch_text, premise_key
from gis_export.fire.dispatch.state import read_deletes, read_state
from gis_export.products import export_products
from gis_export.table.fields import Tier, fields_of
from gis_export.table.inputs import ExportInputs
from gis_export.table.rows import build_rows
from gis_export.table.settings import DispatchSettings, ExportSettings, VisitSettings
from gis_export.table.symbols import SYMBOLS
from imagery.errors import ConfigError, InputError
from imagery.roll.parcels import VacantRoll
from inference.hazard import USE_LIMIT

SETTINGS = ExportSettings()
NEEDED = {"What": "{ACTION}", "Which": "{PARCEL_ID}", "Word": "{RISK_LVL}"}
"""What every column map must carry."""


def read_delivery(path: Path, columns: ColumnMap | None) -> pd.DataFrame:
    """Read a delivery back, every value as text, under the names it was written with."""
    if columns is None:
        return pd.read_csv(path, dtype="str", keep_default_na=False)

    layout = columns.format
    with path.open(newline="", encoding=layout.encoding) as stream:
        reader = csv.reader(stream, delimiter=layout.delimiter, quoting=QUOTING[layout.quoting])
        lines = list(reader)

    if layout.header and lines:
        return pd.DataFrame(lines[1:], columns=lines[0], dtype="str")
    return pd.DataFrame(lines, columns=list(columns.columns), dtype="str")


def deliver(
    inputs: ExportInputs,
    delivered: Path,
    *,
    settings: ExportSettings = SETTINGS,
    addresses: AddressBook | None = None,
) -> Dispatch:
    """Build and mark one delivery, as an export does."""
    rows = build_rows(inputs, settings)
    center = DispatchCenter(
        state=read_state(delivered),
        addresses=addresses,
        deletes=read_deletes(delivered, today=inputs.today),
    )
    dispatch = build_dispatch(rows, center, settings, year=inputs.year, today=inputs.today)
    mark_delivered(dispatch, delivered, run_id=inputs.run_id)
    return dispatch


def of_year(year: int, *hazards: str, count: int = 4, flown: date | None = None) -> ExportInputs:
    """Return the same roll in the photos of a year."""
    roll = make_roll(count)
    ledger = make_ledger(roll, hazards, year=year, flown=flown)
    return dataclasses.replace(make_inputs(roll, ledger), year=year)


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the bytes of all files."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sizes(dispatch: Dispatch) -> tuple[int, int, int]:
    """Return how many rows are added, changed and deleted."""
    return len(dispatch.add), len(dispatch.change), len(dispatch.delete)


def without(roll: VacantRoll, *parcels: str) -> VacantRoll:
    """Return a roll without some parcels."""
    table = roll.table[~roll.table["parcel_id"].isin(parcels)].reset_index(drop=True)
    return VacantRoll(table=table, notices=len(table), joined_by_place=0, unmatched=())


def confirm(delivered: Path, *lines: str) -> None:
    """Write the deletes that a person confirmed."""
    (delivered / "dispatch_deletes.csv").write_text(
        "\n".join(("PARCEL_ID,REASON,BY,DATE", *lines)) + "\n", encoding="utf-8"
    )


def test_a_row_says_everything_dispatch_needs(tmp_path: Path) -> None:
    row = deliver(make_inputs(make_roll(4)), tmp_path).add.iloc[0]
    assert tuple(row.index) == DELIVERY_COLUMNS
    expected = {
        "ACTION": "ADD",
        "PREMISE": "VR-0216-001",
        "PARCEL_ID": "0216 001",
        "ADDRESS": "100 Peña Réunion St",
        "RISK_LVL": "LIKELY",
        "IMG_DATE": "2026-03-09",
        "TEXT": "VACANT: OPEN ROOF LIKELY / PHOTO 09MAR2026, NOT VERIFIED / OCC E,W",
        "EFFECTIVE": "2026-11-24",
        "REVIEW_BY": "2027-03-09",
        "SOURCE": "aerial photo 2026-03-09",
        "OCC_SIDES": "E,W",
        "FIRE_DIST": "Bn 2",
        "REASON": "new on the vacant roll",
        "BY": "",
        "USE_LIMIT": USE_LIMIT,
    }
    assert {name: row[name] for name in expected} == expected

    to_degrees = Transformer.from_crs("EPSG:2248", "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(1_415_007.5, 593_036)
    assert (row["LON"], row["LAT"]) == (f"{lon:.6f}", f"{lat:.6f}")


def test_unscored_row_gives_its_reason_and_no_photo() -> None:
    rows = build_rows(make_inputs(make_roll(3)), SETTINGS)
    center = DispatchCenter(state=read_state(Path("/nowhere")))

    dispatch = build_dispatch(rows, center, SETTINGS, year=2026, today=TODAY)

    row = dispatch.add.set_index("RISK_LVL").loc["NA"]
    assert (row["TEXT"], row["SOURCE"]) == (
        "VACANT: ROOF NOT ASSESSED / NO PHOTO / SIDES UNKNOWN / SIZE-UP GOVERNS",
        "vacant roll; roof not assessed",
    )


def test_what_a_person_saw_is_the_source() -> None:
    rows = build_rows(make_inputs(make_roll(1)), SETTINGS)
    rows = rows.assign(VERIFIED="Y", VER_DATE=date(2026, 5, 2), RISK_LVL="CONFIRMED")
    center = DispatchCenter(state=read_state(Path("/nowhere")))
    row = build_dispatch(rows, center, SETTINGS, year=2026, today=TODAY).add.iloc[0]
    assert (row["TEXT"], row["SOURCE"]) == (
        "VACANT: OPEN ROOF CONFIRMED 02MAY2026 / SEEN BY A PERSON / OCC E,W",
        "seen by a person 2026-05-02",
    )


def test_nothing_of_another_tier(tmp_path: Path) -> None:
    every_field = {field.name for field in fields_of(Tier.DATA)}
    responder_fields = {field.name for field in fields_of(Tier.RESPONDER)}
    assert not (every_field - responder_fields) & set(DELIVERY_COLUMNS)


@pytest.mark.parametrize("width", [64, 80, 200])
def test_text_keeps_the_words_whole(width: int) -> None:
    for symbol in SYMBOLS:
        line = CadLine(
            code=symbol.code,
            day="2026-03-09",
            sides="E,N,NE,NW,S,SE,SW,W",
            reason="x" * 70 if width == 64 else "",
            is_due=True,
        )
        text = dispatch_text(line, width=width)
        assert len(text) <= width
        assert text.startswith(f"{cad_head(symbol.code, '2026-03-09')} / REVIEW DUE")


def test_premise_keys_are_unique() -> None:
    ids = ["0216 001", "0216-001", "0216001", "0216.001", "0216_001", "0216 001 ", "é"]
    assert len({premise_key(parcel) for parcel in ids}) == len(ids)


def test_same_input_gives_an_empty_delta_on_another_day_and_run(tmp_path: Path) -> None:
    """The day of the export and the run are no news until a row is due for review.

    The rows that dispatch holds stay as they were sent.
    """
    roll = make_roll(4)
    assert sizes(deliver(make_inputs(roll), tmp_path)) == (4, 0, 0)
    before = read_state(tmp_path)

    for days in (1, 105):
        later = dataclasses.replace(
            make_inputs(roll, today=TODAY + timedelta(days=days)), run_id=f"run-{days}"
        )
        assert sizes(deliver(later, tmp_path)) == (0, 0, 0)

    pd.testing.assert_frame_equal(read_state(tmp_path), before)
    assert set(before["EFFECTIVE"]) == {TODAY.isoformat()}


def test_photo_without_a_day_does_not_drift(tmp_path: Path) -> None:
    roll = make_roll(4)
    ledger = make_ledger(roll, flown=None)
    deliver(make_inputs(roll, ledger), tmp_path)

    later = make_inputs(roll, ledger, today=TODAY + timedelta(days=9))

    assert sizes(deliver(later, tmp_path)) == (0, 0, 0)


def test_a_new_flight_without_a_day_moves_the_day_of_review(tmp_path: Path) -> None:
    deliver(of_year(2026, "LIKELY"), tmp_path)

    change = deliver(of_year(2027, "LIKELY"), tmp_path).change

    assert change["REASON"].tolist() == ["REVIEW_BY"] * 4
    assert set(change["REVIEW_BY"]) == {"2028-12-31"}


def test_an_earlier_year_tells_dispatch_nothing(tmp_path: Path) -> None:
    """Words of 2025 must not replace those of 2026.

    The report of how addresses were found is still written.
    """
    in_2025 = of_year(2025, "NOT SEEN IN PHOTO", count=5, flown=date(2025, 3, 9))
    in_2026 = of_year(2026, "LIKELY", flown=date(2026, 3, 9))
    in_2027 = of_year(2027, "LIKELY", flown=date(2027, 3, 9))
    deliver(in_2026, tmp_path)
    confirm(tmp_path, "0216 001,razed,J. Doe,2026-11-01")
    before = contents(tmp_path)

    stale = deliver(in_2025, tmp_path)
    assert sizes(stale) == (0, 0, 0)
    assert len(stale.match) == 5
    assert contents(tmp_path) == before

    (tmp_path / "fire").mkdir()
    write_dispatch(stale, tmp_path / "fire", column_map_of(vendor(tmp_path, VENDOR)))
    for name in ("add", "change", "delete"):
        text = (tmp_path / f"fire/dispatch_{name}.csv").read_text()
        assert text == ",".join(DELIVERY_COLUMNS) + "\n"

    # The delete that a person confirmed waited for a delivery of 2026.
    assert sizes(deliver(in_2026, tmp_path)) == (0, 0, 1)
    assert len(deliver(in_2027, tmp_path).change) == 3


def test_the_state_remembers_a_flyover_that_changed_nothing(tmp_path: Path) -> None:
    """A row that was never photographed reads the same in both years but for its day of review."""
    deliver(of_year(2026, "LIKELY", "NOT ASSESSED"), tmp_path)
    deliver(of_year(2027, "LIKELY", "NOT ASSESSED"), tmp_path)
    assert set(read_state(tmp_path)["FLYOVER"]) == {"2027"}
    assert sizes(deliver(of_year(2026, "POSSIBLE", count=6), tmp_path)) == (0, 0, 0)


def test_a_state_of_before_flyovers_were_remembered_is_taken_over(tmp_path: Path) -> None:
    deliver(of_year(2026, "LIKELY"), tmp_path)
    read_csv(tmp_path / "dispatch_state.csv").drop(columns="FLYOVER").to_csv(
        tmp_path / "dispatch_state.csv", index=False
    )
    assert sizes(deliver(of_year(2026, "LIKELY"), tmp_path)) == (0, 0, 0)
    assert set(read_state(tmp_path)["FLYOVER"]) == {"2026"}
    read_state(tmp_path).assign(FLYOVER="soon").to_csv(tmp_path / "dispatch_state.csv", index=False)
    with pytest.raises(InputError, match="FLYOVER is 'soon', want a year; restore the file"):
        read_state(tmp_path)


def test_export_of_an_earlier_year_leaves_the_state(tmp_path: Path) -> None:
    export(of_year(2026, "LIKELY", flown=FLOWN), tmp_path)
    before = contents(tmp_path)
    settings = ExportSettings(visits=VisitSettings(packets=0))
    earlier = of_year(2025, "NOT SEEN IN PHOTO", flown=date(2025, 3, 9))
    out = tmp_path / "2025"

    export_products(earlier, out, settings, delivered=tmp_path)

    after = contents(tmp_path)
    assert {path: raw for path, raw in after.items() if out not in path.parents} == before
    assert len(read_csv(out / "fire/match_report.csv")) == 4
    for name in ("dispatch_add", "dispatch_change", "dispatch_delete"):
        assert len(read_csv(out / f"fire/{name}.csv")) == 0


def test_exports_of_two_years_at_the_same_time_are_refused(tmp_path: Path) -> None:
    """Both would read the same state, and the later one would drop what the other delivered."""
    with (
        FileLock(tmp_path / ".export.lock"),
        pytest.raises(InputError, match=r"another export is writing .*; wait until it has ended"),
    ):
        export(make_inputs(make_roll(1)), tmp_path)
    assert not (tmp_path / "dispatch_state.csv").exists()


def test_a_delivery_that_nobody_has_loaded_yet_is_kept(tmp_path: Path) -> None:
    roll = make_roll(4)
    out = export(make_inputs(roll), tmp_path)
    deliveries = tmp_path / "deliveries"
    kept = deliveries / "2026-11-24_01"
    first = contents(deliveries)
    assert {path.name: len(read_csv(path)) for path in first} == {
        "dispatch_add.csv": 4,
        "dispatch_change.csv": 0,
        "dispatch_delete.csv": 0,
    }
    for path, raw in first.items():
        assert path.parent == kept
        assert raw == (out / "fire" / path.name).read_bytes()

    export(make_inputs(roll), tmp_path)
    assert len(read_csv(out / "fire/dispatch_add.csv")) == 0
    assert contents(deliveries) == first

    export(make_inputs(make_roll(5)), tmp_path)
    add = read_csv(deliveries / "2026-11-24_02/dispatch_add.csv")
    assert contents(kept) == first
    assert add["PARCEL_ID"].tolist() == ["0220 001"]


def test_deliveries_of_a_day_keep_their_order_and_hold_the_vendors_files(tmp_path: Path) -> None:
    columns = column_map_of(vendor(tmp_path, VENDOR))
    dispatch = deliver(make_inputs(make_roll(1)), tmp_path)
    # Deliveries before the ninth were loaded and removed.
    (tmp_path / "deliveries/2026-11-17_09").mkdir(parents=True)
    dispatch = dispatch.numbered(last_delivery(tmp_path).number + 1)
    tenth = tmp_path / "deliveries/2026-11-24_10"

    with keeping_delivery(dispatch, tmp_path, columns, today=TODAY):
        assert not tenth.exists(), "it is kept once the products are in place"
    assert {path.name for path in tenth.iterdir()} == {
        "cad_add.csv",
        "cad_change.csv",
        "cad_delete.csv",
        "dispatch_add.csv",
        "dispatch_change.csv",
        "dispatch_delete.csv",
    }

    with (
        pytest.raises(OSError, match="no space left"),
        keeping_delivery(dispatch, tmp_path, columns, today=TODAY),
    ):
        raise OSError("no space left")
    assert len(list((tmp_path / "deliveries").iterdir())) == 2


def test_what_counts_is_a_change_and_takes_effect_that_day(tmp_path: Path) -> None:
    roll = make_roll(4)
    deliver(make_inputs(roll, make_ledger(roll, ("POSSIBLE",))), tmp_path)
    day = TODAY + timedelta(days=30)
    roll.table.loc[1, "address"] = "7 Oak St"
    roll.table.loc[2, "occupied_sides"] = "N"
    ledger = make_ledger(roll, ("LIKELY", "POSSIBLE", "POSSIBLE", "POSSIBLE"))

    dispatch = deliver(make_inputs(roll, ledger, today=day), tmp_path)

    change = dispatch.change.set_index("PARCEL_ID")
    assert change["REASON"].to_dict() == {
        "0216 001": "RISK_LVL",
        "0217 001": "ADDRESS",
        "0218 001": "ADJ_OCC, OCC_SIDES",
    }
    assert set(change["EFFECTIVE"]) == {day.isoformat()}

    state = read_state(tmp_path).set_index("PARCEL_ID")
    assert state["EFFECTIVE"].to_dict() == {
        "0216 001": day.isoformat(),
        "0217 001": day.isoformat(),
        "0218 001": day.isoformat(),
        "0219 001": TODAY.isoformat(),
    }


def test_a_new_flight_changes_every_row_and_says_so(tmp_path: Path) -> None:
    roll = make_roll(2)
    deliver(make_inputs(roll), tmp_path)
    next_flight = make_ledger(roll, flown=FLOWN + timedelta(days=1))

    change = deliver(make_inputs(roll, next_flight), tmp_path).change

    assert change["REASON"].tolist() == ["IMG_DATE, REVIEW_BY"] * 2


def test_a_row_that_left_is_asked_about_once_and_may_come_back(tmp_path: Path) -> None:
    roll = make_roll(3)
    short_roll = without(roll, "0216 001")
    whole = make_inputs(roll, make_ledger(roll, ("LIKELY",)))
    fewer = make_inputs(short_roll, make_ledger(short_roll, ("LIKELY",)))
    deliver(whole, tmp_path)

    delete = deliver(fewer, tmp_path).delete
    assert delete[["ACTION", "PARCEL_ID"]].to_numpy().tolist() == [["REVIEW", "0216 001"]]

    assert sizes(deliver(fewer, tmp_path)) == (0, 0, 0)
    assert deliver(whole, tmp_path).change["REASON"].tolist() == ["no longer for review"]


def test_a_person_confirms_a_delete_once(tmp_path: Path) -> None:
    roll = make_roll(3)
    deliver(make_inputs(roll), tmp_path)
    fewer = without(roll, "0216 001")
    deliver(make_inputs(fewer), tmp_path)
    confirm(tmp_path, "0216 001,razed,=J. Doe,2026-11-01")

    delete = deliver(make_inputs(fewer), tmp_path).delete

    assert delete[["ACTION", "PARCEL_ID", "REASON", "BY"]].to_numpy().tolist() == [
        ["DELETE", "0216 001", "razed (2026-11-01)", "'=J. Doe"]
    ]
    assert "0216 001" not in set(read_state(tmp_path)["PARCEL_ID"])

    last = read_csv(tmp_path / "dispatch_log.csv").iloc[-1]
    assert (last["ACTION"], last["BY"], last["RUN_ID"]) == ("DELETE", "'=J. Doe", "run-1")
    assert sizes(deliver(make_inputs(fewer), tmp_path)) == (0, 0, 0)


def test_a_deleted_parcel_stays_out_while_its_line_is_there(tmp_path: Path) -> None:
    """A razed house that is still on the roll is not delivered again.

    The match report says why.
    """
    roll = make_roll(3)
    deliver(make_inputs(roll), tmp_path)
    confirm(tmp_path, "0216 001,razed,J. Doe,2026-11-01")
    assert sizes(deliver(make_inputs(roll), tmp_path)) == (0, 0, 1)

    again = deliver(make_inputs(roll), tmp_path)
    match = again.match.set_index("PARCEL_ID")
    assert sizes(again) == (0, 0, 0)
    assert match.loc["0216 001", "REASON"] == "kept out: razed (2026-11-01), J. Doe"

    confirm(tmp_path)
    assert sizes(deliver(make_inputs(roll), tmp_path)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "0216 001,gone,J. Doe,2026-11-01",
            "line 2: REASON is 'gone', want one of razed, occupied, error",
        ),
        ("0216 001,razed,,2026-11-01", "line 2: BY is empty"),
        ("0216 001,razed,J. Doe,11/01/2026", "line 2: DATE is '11/01/2026', want YYYY-MM-DD"),
        ("0216 001,razed,J. Doe,2027-01-01", "later than the day of this export"),
        (
            "021G 001,razed,J. Doe,2026-11-01",
            "parcel '021G 001' was never delivered; did you mean '0216 001'",
        ),
        (
            "0216 001,razed,A,2026-11-01\n0216 001,error,B,2026-11-01",
            "line 3: parcel '0216 001' appears twice",
        ),
    ],
)
def test_bad_deletes_are_one_clear_message(line: str, message: str, tmp_path: Path) -> None:
    deliver(make_inputs(make_roll(2)), tmp_path)
    confirm(tmp_path, line)
    before = (tmp_path / "dispatch_state.csv").read_bytes()
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        deliver(make_inputs(make_roll(2)), tmp_path)
    assert (tmp_path / "dispatch_state.csv").read_bytes() == before


def test_deletes_without_their_columns_are_refused(tmp_path: Path) -> None:
    (tmp_path / "dispatch_deletes.csv").write_text("PARCEL_ID,WHY\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"has columns \['PARCEL_ID', 'WHY'\], want"):
        read_deletes(tmp_path, today=TODAY)


def test_addresses_are_spelled_as_dispatch_spells_them(tmp_path: Path) -> None:
    book = AddressBook(
        spelled=("100 PENA REUNION STREET", "102-104 PENA REUNION ST", "103 PENA REUNION ST"),
        aliases=(("CORNER STORE",), ("102 PENA REUNION ST",), ()),
    )
    roll = make_roll(5)
    roll.table.loc[3, "address"] = "100 Peña Réunion Street, Apt 2"
    roll.table.loc[4, "address"] = None

    dispatch = deliver(make_inputs(roll), tmp_path, addresses=book)

    add = dispatch.add.set_index("PARCEL_ID")
    assert add.loc["0216 001", "ADDRESS"] == "100 PENA REUNION STREET"
    assert add.loc["0216 001", "ALIASES"] == "CORNER STORE; 100 Peña Réunion St"
    assert add.loc["0217 001", "ADDRESS"] == "102-104 PENA REUNION ST"
    assert add.loc["0218 001", "ADDRESS"] == "104 Peña Réunion St", "a suggestion is never taken"

    match = dispatch.match.set_index("PARCEL_ID")
    assert match["MATCH"].tolist() == ["NORMALIZED", "ALIAS", "NO", "NORMALIZED", "NO"]
    assert match.loc["0218 001", "NEAREST"] == "103 PENA REUNION ST"
    assert match.loc["0218 001", "DISTANCE"] == "1"
    not_in_list = "number 104 is not in the list on PENA REUNION ST"
    assert match.loc["0218 001", "REASON"] == not_in_list
    assert match.loc["0216 001", "REASON"] == "address shared with another vacant parcel"
    assert match.loc["0219 001", "REASON"] == "address shared with another vacant parcel"
    assert match.loc["0220 001", "REASON"] == "no address on the roll; dispatch cannot find it"
    assert "0220 001" not in add.index


@pytest.mark.parametrize(
    ("text", "known", "found"),
    [
        (
            "302 N GILMOR ST APT 1",
            "302 N GILMOR ST APT 2",
            Match(
                kind="NO",
                nearest="302 N GILMOR ST APT 2",
                distance="1",
                reason="the list has only other units of this house",
            ),
        ),
        (
            "302 N GILMOR ST",
            "302 N GILMOR ST APT 2",
            Match(
                kind="NO",
                nearest="302 N GILMOR ST APT 2",
                distance="6",
                reason="the list has only units of this house",
            ),
        ),
        (
            "302 N GILMOR ST FL 2",
            "302 N GILMOR ST APT 2",
            Match(
                kind="NO",
                nearest="302 N GILMOR ST APT 2",
                distance="3",
                reason="the list has only other units of this house",
            ),
        ),
        (
            "302 North Gilmor St, Unit 2",
            "302 N GILMOR ST APT 2",
            Match(kind="NORMALIZED", spelled="302 N GILMOR ST APT 2"),
        ),
        (
            "302 N GILMOR ST #2",
            "302 N GILMOR ST APT 2",
            Match(kind="NORMALIZED", spelled="302 N GILMOR ST APT 2"),
        ),
        (
            "302 N GILMOR ST APT 2",
            "302 N GILMOR ST",
            Match(kind="NORMALIZED", spelled="302 N GILMOR ST"),
        ),
    ],
)
def test_a_unit_is_never_found_as_another_unit(text: str, known: str, found: Match) -> None:
    book = AddressBook(spelled=("304 N GILMOR ST", known), aliases=((), ()))
    assert match_addresses([text], book) == [found]


@pytest.mark.parametrize(
    ("text", "reason", "nearest"),
    [
        (
            "418 E CALDER ST",
            "number 418 is not in the list on E CALDER ST, but it is on E CALDE ST: "
            "one of the two may be misspelled",
            "418 E CALDE ST",
        ),
        ("420 E CALDER ST", "number 420 is not in the list on E CALDER ST", "416 E CALDER ST"),
        ("416A E CALDER ST", "number 416A is not in the list on E CALDER ST", "416 E CALDER ST"),
        (
            "418 E CALDR ST",
            "street is not in the list; the nearest street is E CALDE ST",
            "418 E CALDE ST",
        ),
        (
            "416 E CALDRE ST",
            "street is not in the list; the nearest street is E CALDER ST",
            "416 E CALDER ST",
        ),
        ("7 E CALDER ST", "number 7 is not in the list on E CALDER ST", "7 ELDER ST"),
    ],
)
def test_what_is_missing_is_said_street_or_number(text: str, reason: str, nearest: str) -> None:
    book = AddressBook(
        spelled=("416 E CALDER ST", "418 E CALDE ST", "7 ELDER ST"), aliases=((), (), ())
    )
    (found,) = match_addresses([text], book)
    assert (found.kind, found.reason, found.nearest) == ("NO", reason, nearest)


def test_a_unit_goes_before_its_building_and_aliases_have_units_too() -> None:
    book = AddressBook(
        spelled=("302 N GILMOR ST", "302 N GILMOR ST APT 2", "1 MAIN ST"),
        aliases=((), (), ("302 N GILMOR ST APT 3", "9 OAK ST APT 4")),
    )
    addresses = [
        "302 N Gilmor St Apt 2",
        "302 N Gilmor St Apt 3",
        "302 N Gilmor St Apt 4",
        "9 OAK ST",
        "9 OAK ST APT 5",
    ]

    found = match_addresses(addresses, book)

    assert [(match.kind, match.spelled) for match in found] == [
        ("NORMALIZED", "302 N GILMOR ST APT 2"),
        ("ALIAS", "1 MAIN ST"),
        ("NORMALIZED", "302 N GILMOR ST"),
        ("NO", ""),
        ("NO", ""),
    ]


def test_line_ends_in_what_people_wrote_split_no_row(tmp_path: Path) -> None:
    """A bare carriage return needs quotes that Python's csv does not write."""
    path = tmp_path / "list.csv"
    path.write_bytes(b'address,alias\n"100 PENA\rREUNION ST","OLD\r\nSCHOOL; NEW\rSCHOOL"\n')
    book = read_addresses(DispatchSettings(addresses=path, alias="alias"))
    assert book is not None
    roll = make_roll(2)
    dispatch = deliver(make_inputs(roll), tmp_path, addresses=book)
    columns = ColumnMap(
        columns={"Loc\rOf": "A\r{ADDRESS}\r\n{WHO}", "Id": "{PARCEL_ID}"} | NEEDED,
        constants={"WHO": "BC\rFD"},
        actions={"ADD": "A\rD"},
    )

    write_dispatch(dispatch, tmp_path, columns)

    first = read_csv(tmp_path / "dispatch_add.csv").iloc[0]
    assert first["ADDRESS"] == "100 PENA REUNION ST"
    assert first["ALIASES"] == "OLD SCHOOL; NEW SCHOOL; 100 Peña Réunion St"

    vendor_rows = read_csv(tmp_path / "cad_add.csv")
    vendor_first = ["A 100 PENA REUNION ST BC FD", "0216 001", "A D", "0216 001", "LIKELY"]
    assert list(vendor_rows) == ["Loc Of", "Id", *NEEDED]
    assert vendor_rows.iloc[0].tolist() == vendor_first

    confirm(tmp_path, '0216 001,razed,"J.\rDoe",2026-11-01')
    write_dispatch(deliver(make_inputs(roll), tmp_path), tmp_path)
    for name in ("dispatch_delete", "dispatch_log", "dispatch_state", "match_report"):
        assert b"\r" not in (tmp_path / f"{name}.csv").read_bytes(), name
    assert read_csv(tmp_path / "dispatch_delete.csv")["BY"].tolist() == ["J. Doe"]


def vendor(folder: Path, text: str) -> DispatchSettings:
    """Write the column map of a vendor and return the settings that name it."""
    (folder / "cad.toml").write_text(text, encoding="utf-8")
    return DispatchSettings(columns=folder / "cad.toml")


LEAST = '[columns]\nWhat = "ACTION"\nWhich = "PARCEL_ID"\nA = "TEXT"\n'

VENDOR = """
[constants]
AGENCY = "BCFD"
[actions]
ADD = "A"
[columns]
Key = "PREMISE"
Agency = "AGENCY"
Action = "ACTION"
Loc = "ADDRESS"
Comment = "{TEXT} UNTIL {REVIEW_BY}"
Effective = "EFFECTIVE"
Id = "PARCEL_ID"
[widths]
Comment = 66
[format]
date = "%m/%d/%Y"
delimiter = "|"
encoding = "ascii"
line_ending = "crlf"
uppercase = true
quoting = "none"
"""


def test_a_vendor_gets_its_own_columns(tmp_path: Path) -> None:
    roll = make_roll(2)
    roll.table.loc[0, "address"] = "100 Peña|Réunion\nSt 日"
    columns = column_map_of(vendor(tmp_path, VENDOR))
    dispatch = deliver(make_inputs(roll), tmp_path)

    write_dispatch(dispatch, tmp_path, columns)

    header, first, _, *rest = (tmp_path / "cad_add.csv").read_bytes().decode("ascii").split("\r\n")
    assert header == "Key|Agency|Action|Loc|Comment|Effective|Id"
    assert first.split("|") == [
        "VR-0216-001",
        "BCFD",
        "A",
        "100 PENA REUNION ST ?",
        "VACANT: OPEN ROOF LIKELY UNTIL 03/09/2027",
        "11/24/2026",
        "0216 001",
    ]
    assert rest == [""]
    assert (tmp_path / "dispatch_change.csv").read_text().count("\n") == 1

    add = read_delivery(tmp_path / "cad_add.csv", columns)
    assert add["Id"].tolist() == ["0216 001", "0217 001"]
    assert read_csv(tmp_path / "match_report.csv")["PARCEL_ID"].tolist() == ["0216 001", "0217 001"]


def test_another_column_map_changes_no_row(tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(3))
    columns = column_map_of(vendor(tmp_path, VENDOR))
    write_dispatch(deliver(inputs, tmp_path), tmp_path, columns)

    columns = column_map_of(vendor(tmp_path, f"{LEAST}[format]\nheader = false\n"))
    write_dispatch(deliver(inputs, tmp_path), tmp_path, columns)

    for name in ("add", "change", "delete"):
        assert (tmp_path / f"cad_{name}.csv").read_bytes() == b""


@pytest.mark.parametrize("quoting", ["minimal", "all"])
def test_every_text_survives_the_round_trip(quoting: str, tmp_path: Path) -> None:
    roll = make_roll(4)
    texts = ['=cmd|"/c calc"!A0', 'a "quoted", é ñ 日本', "<script>alert(1)</script>", "x" * 254]
    roll.table["address"] = texts
    columns = ColumnMap(
        columns={"Loc": "{ADDRESS}", "Id": "{PARCEL_ID}"} | NEEDED,
        format=FileFormat(quoting=quoting, delimiter="\t"),
    )
    parcels = roll.table["parcel_id"].tolist()
    dispatch = deliver(make_inputs(roll), tmp_path)
    expected = [f"'{texts[0]}", *texts[1:]]

    write_dispatch(dispatch, tmp_path, columns)
    add = read_delivery(tmp_path / "cad_add.csv", columns)
    assert add["Loc"].tolist() == expected
    assert add["Id"].tolist() == parcels

    write_dispatch(dispatch, tmp_path, None)
    add = read_delivery(tmp_path / "dispatch_add.csv", None)
    assert add["ADDRESS"].tolist() == expected
    assert add["PARCEL_ID"].tolist() == parcels

    with (tmp_path / "dispatch_add.csv").open(newline="", encoding="utf-8") as stream:
        assert [row["ADDRESS"] for row in csv.DictReader(stream)] == expected
    assert sizes(deliver(make_inputs(roll), tmp_path)) == (0, 0, 0)


def test_a_formula_made_by_the_map_is_harmless_too(tmp_path: Path) -> None:
    columns = ColumnMap(columns={"Bad": "={ADDRESS}", "Lon": "{LON}"} | NEEDED)

    write_dispatch(deliver(make_inputs(make_roll(1)), tmp_path), tmp_path, columns)

    row = read_csv(tmp_path / "cad_add.csv").iloc[0]
    assert (row["Bad"], row["Lon"]) == ("'=100 Peña Réunion St", "-76.637216")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[columns]\nA = "ADRESS"',
            r"cad.toml: \[columns\] A: unknown name 'ADRESS'; did you mean 'ADDRESS'",
        ),
        ('[columns]\nA = "{TEXT} {SCORE}"', "unknown name 'SCORE'"),
        ('[columns]\nA = "{TEXT"', "want names in braces"),
        ('[columns]\nA = "{LON:.2f}"', "want plain names"),
        ('[column]\nA = "TEXT"', "unknown name 'column'; did you mean 'columns'"),
        ("[columns]\nA = 3", "want text in quotes"),
        ('[columns]\nA = "TEXT"\n[widths]\nB = 3', "unknown name 'B'"),
        (f'{LEAST}[widths]\nA = "3"', "want a whole number"),
        (f'{LEAST}[format]\ndelimeter = ";"', "did you mean 'delimiter'"),
        (f'{LEAST}[format]\ndelimiter = "||"', "want one character"),
        (f'{LEAST}[format]\nencoding = "latin"', None),
        (f'{LEAST}[format]\nencoding = "klingon"', "want an encoding of text that Python knows"),
        (f'{LEAST}[format]\nheader = "no"', "want true or false"),
        (f'{LEAST}[actions]\nNEW = "N"', "unknown name 'NEW'"),
        ("[columns]", "is empty"),
        (
            '[constants]\nRISK_LVL = "LIKELY"\n[columns]\nA = "RISK_LVL"',
            r"\[constants\] RISK_LVL is a name of ours",
        ),
        (f'{LEAST}[format]\ndelimiter = "E"', "no letter or digit"),
        ("A = ", "cannot be read as TOML"),
        ("columns = 3", r"want a table \[columns\]"),
    ],
)
def test_what_is_wrong_in_a_column_map_is_named(
    text: str, message: str | None, tmp_path: Path
) -> None:
    settings = vendor(tmp_path, text)
    if message is None:
        assert column_map_of(settings) is not None
        return
    with pytest.raises(ConfigError, match=message):
        column_map_of(settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[columns]\nComment = "ADDRESS"\nDo = "ACTION"',
            "has no column with TEXT or RISK_TXT or RISK_LVL: .* no hazard word; "
            r"add a line such as Comment = \"TEXT\"",
        ),
        (
            '[columns]\nA = "TEXT"\nDo = "ACTION"',
            "has no column with PARCEL_ID or PREMISE or ADDRESS",
        ),
        ('[columns]\nA = "{RISK_LVL} at {ADDRESS}"', "has no column with ACTION: cad_delete"),
        (
            '[constants]\nHAZARD = "LIKELY"\n[columns]\nA = "HAZARD"\nB = "PREMISE"\nC = "ACTION"',
            "no hazard word",
        ),
        (f'{LEAST}[actions]\nDELETE = "ADD"', r"\[actions\] ADD and DELETE are both 'ADD'"),
        (f'{LEAST}[actions]\nADD = "A"\nDELETE = " a"', "ADD and DELETE are both 'a'"),
        (f'{LEAST}[actions]\nDELETE = ""', r"\[actions\] DELETE is empty"),
        (f'{LEAST}a = "RISK_TXT"\n', r"\[columns\] 'A' and 'a' differ in case or blanks only"),
    ],
)
def test_a_column_map_that_loses_what_matters_is_refused(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"^cad.toml: .*{message}"):
        column_map_of(vendor(tmp_path, text))


@pytest.mark.parametrize(
    "layout", ["%Q", "", "2026", "%Y", "%m/%d", "%j", "%d.%m", "%H:%M", "%-m%-d%y", "%"]
)
def test_a_date_that_gives_no_day_is_refused(layout: str, tmp_path: Path) -> None:
    message = (
        r"^cad.toml: \[format\] date is .* and writes 2027-01-\d\d as .*, "
        "want a layout that gives year, month and day"
    )
    with pytest.raises(ConfigError, match=message):
        column_map_of(vendor(tmp_path, f'{LEAST}[format]\ndate = "{layout}"\n'))


@pytest.mark.parametrize(
    "layout",
    [
        "%Y-%m-%d",
        "%m/%d/%Y",
        "%d%b%y",
        "%Y%j",
        "%y%m%d",
        "%-m/%-d/%Y",
        "%e %B %Y",
        "%F",
        "%Y%m%d 00:00",
    ],
)
def test_a_date_that_gives_the_day_is_taken(layout: str) -> None:
    assert FileFormat(date=layout).date == layout


@pytest.mark.parametrize(
    "encoding",
    [
        "base64",
        "rot13",
        "hex",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "undefined",
        "",
        "a\\u0000b",
    ],
)
def test_a_codec_that_is_no_encoding_of_text_is_refused(encoding: str, tmp_path: Path) -> None:
    message = (
        r"^cad.toml: \[format\] encoding is .*want an encoding of text that Python knows, "
        "such as cp1252"
    )
    with pytest.raises(ConfigError, match=message):
        column_map_of(vendor(tmp_path, f'{LEAST}[format]\nencoding = "{encoding}"\n'))


def test_widths_never_cut_hazard_words_or_ids(tmp_path: Path) -> None:
    dispatch = deliver(make_inputs(make_roll(4)), tmp_path)
    columns = ColumnMap(columns={"A": "{TEXT}", "B": "{SOURCE}"} | NEEDED, widths={"A": 49, "B": 5})

    write_dispatch(dispatch, tmp_path, columns)

    row = read_csv(tmp_path / "cad_add.csv").iloc[1]
    assert (row["A"], row["B"]) == ("VACANT: NO OPEN ROOF SEEN 09MAR2026, NOT VERIFIED", "aeria")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{TEXT}", "A is 15 and would cut the hazard words of .*; want 24 or more"),
        ("PREMISE {PREMISE}", "A is 15 and would cut the id .*; want 19 or more"),
    ],
)
def test_a_width_that_would_cut_hazard_words_or_ids_is_refused(
    template: str, message: str, tmp_path: Path
) -> None:
    dispatch = deliver(make_inputs(make_roll(4)), tmp_path)
    with pytest.raises(ConfigError, match=message):
        write_dispatch(dispatch, tmp_path, one_column(template, width=15))


def one_column(template: str, *, width: int) -> ColumnMap:
    """Return a column map with a width for its column A."""
    return ColumnMap(columns={"A": template} | NEEDED, widths={"A": width})


@pytest.mark.parametrize(
    ("name", "what", "wanted"),
    [
        ("ADDRESS", "the address", 19),
        ("LON", "the longitude", 10),
        ("LAT", "the latitude", 9),
        ("PARCEL_ID", "the id", 8),
        ("PREMISE", "the id", 11),
        ("IMG_DATE", "the date", 10),
        ("EFFECTIVE", "the date", 10),
        ("REVIEW_BY", "the date", 10),
        ("USE_LIMIT", "the use limit", len(USE_LIMIT)),
        ("ACTION", "the action", 3),
        ("OCC_SIDES", "the occupied sides", 3),
    ],
)
@pytest.mark.parametrize("template", ["{%s}", "No {%s} {SOURCE}"])
def test_widths_never_cut_what_then_says_something_else(
    template: str, name: str, what: str, wanted: int, tmp_path: Path
) -> None:
    dispatch = deliver(make_inputs(make_roll(1)), tmp_path)
    wanted += 3 * template.startswith("No ")
    column = template % name
    cut = wanted - 1

    message = rf"^\[widths\] A is {cut} and would cut {what} of .*; want {wanted} or more$"
    with pytest.raises(ConfigError, match=message):
        write_dispatch(dispatch, tmp_path, one_column(column, width=cut))

    write_dispatch(dispatch, tmp_path, one_column(column, width=wanted))
    assert len(read_csv(tmp_path / "cad_add.csv")["A"][0]) == wanted


@dataclasses.dataclass(frozen=True, kw_only=True)
class NarrowCell:
    """A cell in which the hazard word, or its likeness, appears elsewhere too."""

    hazard: str
    """Hazard word of the row."""
    template: str
    """Template of the column."""
    address: str
    """Address of the row."""
    narrow: int
    """A width that holds the likeness and cuts the hazard word."""
    wanted: int
    """The least width that holds the hazard word."""


@pytest.mark.parametrize(
    "cell",
    [
        NarrowCell(
            hazard="NOT ASSESSED",
            template="{ADDRESS} {RISK_LVL}",
            address="12 NATIONAL AVE",
            narrow=15,
            wanted=18,
        ),
        NarrowCell(
            hazard="NOT ASSESSED",
            template="{ADDRESS} {RISK_LVL}",
            address="=NATIONAL AVE",
            narrow=14,
            wanted=17,
        ),
        NarrowCell(
            hazard="LIKELY",
            template="{ADDRESS}: {RISK_TXT}",
            address="1 LIKELY ST",
            narrow=15,
            wanted=19,
        ),
        NarrowCell(
            hazard="LIKELY",
            template="{RISK_LVL} {ADDRESS} {RISK_TXT}",
            address="1 OAK ST",
            narrow=12,
            wanted=22,
        ),
        NarrowCell(
            hazard="POSSIBLE",
            template="POSSIBLE? {TEXT}",
            address="1 OAK ST",
            narrow=21,
            wanted=36,
        ),
    ],
    ids=lambda cell: f"{cell.hazard}-{cell.address}",
)
def test_a_word_elsewhere_in_the_cell_is_not_taken_for_the_hazard_word(
    cell: NarrowCell, tmp_path: Path
) -> None:
    roll = make_roll(1)
    roll.table["address"] = cell.address
    dispatch = deliver(make_inputs(roll, make_ledger(roll, (cell.hazard,))), tmp_path)

    for cut in (cell.narrow, cell.wanted - 1):
        message = (
            rf"^\[widths\] A is {cut} and would cut the hazard words of .*; "
            f"want {cell.wanted} or more$"
        )
        with pytest.raises(ConfigError, match=message):
            write_dispatch(dispatch, tmp_path, one_column(cell.template, width=cut))

    write_dispatch(dispatch, tmp_path, one_column(cell.template, width=cell.wanted))
    assert len(read_csv(tmp_path / "cad_add.csv")["A"][0]) == cell.wanted


@pytest.mark.parametrize(
    ("count", "hazards"), [(0, ("LIKELY",)), (1, ("LIKELY",)), (3, ("NOT ASSESSED",))]
)
def test_small_cities_make_every_file(count: int, hazards: tuple[str, ...], tmp_path: Path) -> None:
    roll = make_roll(count)
    inputs = make_inputs(roll, make_ledger(roll, hazards))
    book = AddressBook(spelled=(), aliases=())

    write_dispatch(deliver(inputs, tmp_path, addresses=book), tmp_path)

    assert len(read_csv(tmp_path / "dispatch_add.csv")) == count
    assert len(read_csv(tmp_path / "dispatch_change.csv")) == 0
    assert len(read_csv(tmp_path / "dispatch_delete.csv")) == 0
    assert len(read_csv(tmp_path / "match_report.csv")) == count


def test_a_state_with_a_parcel_twice_is_refused(tmp_path: Path) -> None:
    deliver(make_inputs(make_roll(1)), tmp_path)
    state = read_csv(tmp_path / "dispatch_state.csv")
    pd.concat([state, state]).to_csv(tmp_path / "dispatch_state.csv", index=False)
    with pytest.raises(InputError, match="parcel '0216 001' appears twice"):
        read_state(tmp_path)


def test_a_state_of_an_older_version_is_taken_over(tmp_path: Path) -> None:
    """What it lacks goes out once as a change."""
    inputs = make_inputs(make_roll(2))
    deliver(inputs, tmp_path)
    for name in ("dispatch_state.csv", "dispatch_log.csv"):
        read_csv(tmp_path / name).drop(columns=["LON", "LAT", "SOURCE"]).to_csv(
            tmp_path / name, index=False
        )

    assert deliver(inputs, tmp_path).change["REASON"].tolist() == ["LON, LAT"] * 2
    assert sizes(deliver(inputs, tmp_path)) == (0, 0, 0)

    log = read_csv(tmp_path / "dispatch_log.csv")
    assert log["SOURCE"].tolist() == ["", "", *["aerial photo 2026-03-09"] * 2]
