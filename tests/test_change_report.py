"""report/change.csv: what became of each roof, who entered and left the list, and why."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from export_cases import make_inputs, make_ledger, make_roll, read_csv
from site_cases import SiteLook, looks_table

from gis_export.data.data_tier import write_data
from gis_export.report.change import write_change
from gis_export.table.inputs import KEPT_ROLL, ExportInputs, Year
from gis_export.table.rows import build_table
from gis_export.table.settings import ExportSettings
from gis_export.verify.folders import verify_folder
from imagery.roll.parcels import VacantRoll
from inference.change import (
    DOWN,
    UP,
    ListReason,
    Outcome,
    RoofNow,
    RoofThen,
    list_change_of,
    outcome_of,
)

NOT_SEEN = "NOT SEEN IN PHOTO"


def then(level: str = NOT_SEEN, word: str | None = None, *, scored: bool = True) -> RoofThen:
    """Return a roof in the flyover before; without a word the same model gave its level."""
    return RoofThen(level=level, is_scored=scored, word=level if word is None else word)


def now(word: str = NOT_SEEN, level: str = "", reason: str = "", found: str = "") -> RoofNow:
    """Return a roof now; without a level the photo decides."""
    return RoofNow(level=level or word, word=word, reason=reason, found=found)


@pytest.mark.parametrize(
    ("before", "after", "moved", "outcome"),
    [
        (then(), now("LIKELY"), UP, Outcome.NEW),
        (then(), now("LIKELY"), 0, Outcome.UNSURE),
        (then("POSSIBLE"), now("LIKELY"), UP, Outcome.WORSE),
        (then("POSSIBLE"), now("LIKELY"), 0, Outcome.SAME),
        # A roof whose score rose and that nobody would list is not news.
        (then(), now(), UP, Outcome.SAME),
        (then("LIKELY"), now(), DOWN, Outcome.BETTER),
        # A wide open roof may score lower than a half open one: it is on the list still.
        (then("LIKELY"), now("LIKELY"), DOWN, Outcome.SAME),
        # The words of two models differ; one model sees the same in both photos.
        (then("LIKELY", word=NOT_SEEN), now(), 0, Outcome.SAME),
        (then("LIKELY", word=""), now(), DOWN, Outcome.NOT_COMPARED),
        (then("LIKELY"), now(found="repaired"), DOWN, Outcome.REPAIRED),
        (then("LIKELY"), now("LIKELY", found="razed"), 0, Outcome.RAZED),
        (then(), now("NOT ASSESSED", reason="no_building_seen"), 0, Outcome.NO_BUILDING),
        (then(), now("NOT ASSESSED", reason="nodata"), 0, Outcome.NOT_ASSESSED),
        (then("NOT ASSESSED", scored=False), now("LIKELY"), 0, Outcome.ASSESSED),
        (then(), None, 0, Outcome.GONE),
        (None, now("LIKELY"), 0, Outcome.NEW_ON_ROLL),
    ],
)
def test_outcome(
    before: RoofThen | None, after: RoofNow | None, moved: int, outcome: Outcome
) -> None:
    assert outcome_of(before, after, moved) is outcome


@pytest.mark.parametrize(
    ("before", "after", "moved", "step", "reason"),
    [
        (then(), now("LIKELY"), UP, "ENTERED", ListReason.SCORE),
        (then("LIKELY"), now(), 0, "LEFT", ListReason.SCORE),
        (None, now("LIKELY"), 0, "ENTERED", ListReason.ROLL),
        (then("LIKELY"), None, 0, "LEFT", ListReason.ROLL),
        (then(), now(level="CONFIRMED"), 0, "ENTERED", ListReason.FINDINGS),
        # The photo alone lists it; that somebody confirmed it since is no reason.
        (then(), now("LIKELY", level="CONFIRMED"), UP, "ENTERED", ListReason.SCORE),
        (then("CONFIRMED", NOT_SEEN), now(), 0, "LEFT", ListReason.FINDINGS),
        (
            then("LIKELY"),
            now("LIKELY", level="NOT ASSESSED", found="razed"),
            0,
            "LEFT",
            ListReason.FINDINGS,
        ),
        (then("LIKELY", word=NOT_SEEN), now(), 0, "LEFT", ListReason.MODEL),
        (then(word="POSSIBLE"), now("POSSIBLE"), 0, "ENTERED", ListReason.MODEL),
        (then(word=""), now("POSSIBLE"), 0, "ENTERED", ListReason.MODEL),
        (
            then("LIKELY"),
            now("NOT ASSESSED", reason="no_imagery"),
            0,
            "LEFT",
            ListReason.PHOTO,
        ),
        (then("NOT ASSESSED", scored=False), now("LIKELY"), 0, "ENTERED", ListReason.PHOTO),
    ],
)
def test_who_entered_and_left_the_list_and_why(
    before: RoofThen | None, after: RoofNow | None, moved: int, step: str, reason: ListReason
) -> None:
    change = list_change_of(before, after, moved)
    assert change is not None
    assert (change.step, change.reason) == (step, reason)


def test_who_stays_on_the_list_or_off_it_has_no_list_change() -> None:
    assert list_change_of(then("LIKELY"), now("POSSIBLE"), DOWN) is None
    assert list_change_of(then(), now(), 0) is None
    assert list_change_of(then(), None, 0) is None


def kept(roll: VacantRoll) -> gpd.GeoDataFrame:
    """Return what is kept of a roll."""
    return gpd.GeoDataFrame(roll.table[list(KEPT_ROLL)])


def export_data(inputs: ExportInputs, folder: Path) -> None:
    """Write data/scores.csv of a year."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    write_data(build_table(inputs, ExportSettings()), data)


def two_years(tmp_path: Path, *looks: SiteLook) -> tuple[ExportInputs, Path]:
    """Return two years of a roll from which 0221 001 left and to which 0299 001 came.

    The first five of six roofs were NOT SEEN; 0216 001 and 0220 001 are LIKELY now.
    """
    earlier = make_roll(6)
    table = earlier.table.copy()
    table.loc[5, ["parcel_id", "address"]] = ["0299 001", "1 New St"]
    table.loc[5, "geometry"] = shapely.box(1_416_000, 593_000, 1_416_015, 593_072)
    roll = replace(earlier, table=table)
    previous = make_ledger(earlier, (*[NOT_SEEN] * 5, "LIKELY"), year=2025)
    inputs = make_inputs(roll, make_ledger(roll, ("LIKELY", *[NOT_SEEN] * 3)), previous=previous)
    before = Year(
        year=2025, flown=date(2025, 3, 1), ledger=previous, chips=None, roll=kept(earlier)
    )
    inputs = replace(inputs, earlier=(before,), looks=looks_table(*looks))
    folder = tmp_path / "2026"
    export_data(inputs, folder)
    return inputs, folder


def cells(change: pd.DataFrame, parcel_id: str, *names: str) -> list[str]:
    """Return some cells of a row."""
    return [str(change.at[parcel_id, name]) for name in names]


def test_change_csv_names_every_parcel_that_changed(tmp_path: Path) -> None:
    inputs, folder = two_years(
        tmp_path,
        SiteLook(parcel="0217 001", failing="N", disposition="repaired"),
        SiteLook(parcel="0218 001", disposition="razed"),
    )
    write_change(inputs, folder)

    change = read_csv(folder / "report/change.csv").set_index("parcel_id")
    assert change["outcome"].to_dict() == {
        "0216 001": "NEW",
        "0217 001": "REPAIRED",
        "0218 001": "RAZED",
        "0220 001": "NEW",
        "0221 001": "GONE FROM ROLL",
        "0299 001": "NEW ON ROLL",
    }
    assert cells(change, "0221 001", "address", "list_change", "why") == [
        "110 Peña Réunion St",
        "LEFT",
        "roll",
    ]
    assert cells(change, "0216 001", "list_change", "why", "score", "score_before") == [
        "ENTERED",
        "score",
        "0.750000",
        "0.062500",
    ]

    lineage = read_csv(folder / "report/lineage.csv")
    assert lineage["lineage"].value_counts().to_dict() == {"same": 5, "gone": 1, "new": 1}
    layer = gpd.read_file(folder / "report/change.gpkg")
    assert sorted(layer["parcel_id"]) == sorted(change.index)
    assert verify_folder(folder, inputs.ledger) == []


def test_a_first_year_has_headers_only(tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(3))
    folder = tmp_path / "2026"
    export_data(inputs, folder)
    write_change(inputs, folder)
    assert len(pd.read_csv(folder / "report/change.csv")) == 0
    assert set(read_csv(folder / "report/lineage.csv")["lineage"]) == {"new"}


def test_a_renumbered_parcel_is_compared_with_itself(tmp_path: Path) -> None:
    inputs, folder = two_years(tmp_path)
    table = inputs.roll.table.copy()
    place = int(table.index[table["parcel_id"] == "0216 001"][0])
    table.loc[place, "parcel_id"] = "7777 001"
    ledger = inputs.ledger.table.copy()
    ledger.loc[ledger["parcel_id"] == "0216 001", "parcel_id"] = "7777 001"
    moved = replace(
        inputs,
        roll=replace(inputs.roll, table=table),
        ledger=replace(inputs.ledger, table=ledger),
    )
    export_data(moved, folder)
    write_change(moved, folder)

    change = read_csv(folder / "report/change.csv").set_index("parcel_id")
    assert cells(change, "7777 001", "outcome", "lineage", "parcel_id_before") == [
        "NEW",
        "same",
        "0216 001",
    ]
    assert "0216 001" not in change.index
