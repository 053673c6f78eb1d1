"""Products before and after findings, row by row: only what the findings touch has changed."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from export_cases import TODAY, every_product, export, page_columns, read_csv
from site_cases import SiteLook, inputs_with, looks_table

from gis_export.verify.folders import verify_folder

HAZARDS = ("LIKELY", "NOT SEEN IN PHOTO", "POSSIBLE", "NOT ASSESSED")
COUNT = 12
OPEN = "0216 001"
SOUND = "0218 001"
RAZED = "0220 001"
OCCUPIED = "0221 001"
NO_ACCESS = "0224 001"
TOUCHED = {OPEN, SOUND, RAZED, OCCUPIED, NO_ACCESS}
LOOKS = (
    SiteLook(parcel=OPEN, failing="Y", roof_pct=60, sign_posted="Y"),
    SiteLook(parcel=SOUND, failing="N", roof_pct=0, sides="n"),
    SiteLook(parcel=RAZED, disposition="razed"),
    SiteLook(parcel=OCCUPIED, disposition="occupied"),
    SiteLook(parcel=NO_ACCESS, disposition="no_access"),
)


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the products of a year before and after findings, by two exports."""
    folder = tmp_path_factory.mktemp("city")
    inputs = inputs_with(count=COUNT, hazards=HAZARDS, today=TODAY)
    before = export(inputs, folder)
    kept = folder / "before"
    before.rename(kept)
    return kept, export(replace(inputs, looks=looks_table(*LOOKS)), folder)


def test_only_rows_that_findings_touch_have_changed(years: tuple[Path, Path]) -> None:
    before, after = (every_product(year) for year in years)
    for name, table in before.items():
        changed = changed_parcels(table, after[name])
        expected = TOUCHED - {NO_ACCESS} if name == "page" else TOUCHED
        assert changed <= TOUCHED, name
        assert changed >= expected - {NO_ACCESS}, name


def changed_parcels(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    """Return the parcels that are in one table only, or with another value."""
    old = texts_of(before)
    new = texts_of(after)
    assert set(new.index) <= set(old.index)
    gone = set(old.index) - set(new.index)
    same = old.loc[new.index]
    return gone | set(new.index[(same != new).any(axis=1)])


def texts_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return a product as text by parcel, without its shapes."""
    plain = pd.DataFrame(table.drop(columns=["geometry"], errors="ignore"))
    return plain.astype("object").fillna("").astype("str").set_index("PARCEL_ID")


def test_building_that_is_left_out_is_in_no_map_book_or_list(years: tuple[Path, Path]) -> None:
    _, after = years
    listed = read_csv(after / "housing/worklist.csv")["PARCEL_ID"]
    media = read_csv(after / "housing/findings_form_media/worklist.csv")["parcel_id"]
    for shown in (page_columns(after)["PARCEL_ID"], listed, media):
        assert len(shown) == COUNT - 2
        assert not {RAZED, OCCUPIED} & set(shown)

    for folder in ("fire", "housing"):
        table = read_csv(after / folder / "excluded.csv")
        assert table["PARCEL_ID"].tolist() == [RAZED, OCCUPIED]
        assert table["NA_REASON"].tolist() == ["razed", "occupied"]
        assert table["VISIT_TXT"][0] == "visited 2026-05-02: building razed"

    scores = read_csv(after / "data/scores.csv").set_index("parcel_id")
    cells = scores.loc[[RAZED], ["status", "not_assessed_reason", "score"]]
    assert cells.to_numpy().tolist() == [["excluded", "razed", ""]]


def test_dispatch_is_asked_and_nothing_is_deleted(years: tuple[Path, Path]) -> None:
    _, after = years
    asked = read_csv(after / "fire/dispatch_delete.csv").set_index("PARCEL_ID")
    assert asked["ACTION"].to_dict() == {RAZED: "REVIEW", OCCUPIED: "REVIEW"}
    assert asked.loc[RAZED, "REASON"] == (
        "razed; visited 2026-05-02: building razed; needs a person"
    )
    offered = read_csv(after / "fire/dispatch_deletes_offered.csv")
    assert offered.to_numpy().tolist() == [
        [RAZED, "razed", "", "2026-05-02"],
        [OCCUPIED, "occupied", "", "2026-05-02"],
    ]
    match = read_csv(after / "fire/match_report.csv").set_index("PARCEL_ID")
    assert "kept out: razed" in str(match.loc[RAZED, "REASON"])

    changed = read_csv(after / "fire/dispatch_change.csv")
    assert set(changed["PARCEL_ID"]) == {OPEN, SOUND}


def test_verify_knows_what_is_left_out(years: tuple[Path, Path]) -> None:
    _, after = years
    ledger = inputs_with(count=COUNT, hazards=HAZARDS).ledger
    assert verify_folder(after, ledger) == []

    listed = after / "housing/worklist.csv"
    original = listed.read_bytes()
    table = read_csv(listed)
    extra = table.iloc[:1].assign(PARCEL_ID=RAZED)
    pd.concat([table, extra]).to_csv(listed, index=False)
    said = [str(finding) for finding in verify_folder(after, ledger)]
    assert any("shows a building that excluded.csv leaves out" in line for line in said)

    table.iloc[1:].to_csv(listed, index=False)
    said = [str(finding) for finding in verify_folder(after, ledger)]
    assert any("lacks 1 parcels of the ledger" in line for line in said)
    listed.write_bytes(original)

    said_safe = table.assign(VISIT_TXT="safe")
    said_safe.to_csv(listed, index=False)
    said = [str(finding) for finding in verify_folder(after, ledger)]
    assert any("VISIT_TXT says something else" in line for line in said)
    listed.write_bytes(original)

    left_out = after / "fire/excluded.csv"
    original = left_out.read_bytes()
    read_csv(left_out).iloc[:1].to_csv(left_out, index=False)
    said = [str(finding) for finding in verify_folder(after, ledger)]
    assert any("leaves out other buildings than excluded.csv" in line for line in said)
    left_out.write_bytes(original)
