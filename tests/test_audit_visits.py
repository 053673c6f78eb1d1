"""Visits drawn at random among roofs that are not flagged: how many, where, and which come next."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from export_cases import make_inputs, make_ledger, make_roll, read_csv
from site_cases import SiteLook, looks_table

from gis_export.housing.worklist.worklist_csv import write_worklist
from gis_export.housing.worklist.worklist_xlsx import write_worklist_xlsx
from gis_export.table.inputs import ExportInputs
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from gis_export.table.visits import AUDIT, audit_chances, visited, with_choice
from imagery.errors import ConfigError

HAZARDS = ("LIKELY", "NOT SEEN IN PHOTO", "NOT SEEN IN PHOTO", "POSSIBLE", "NOT SEEN IN PHOTO")
SETTINGS = VisitSettings(per_district=25)


def city(*looks: SiteLook) -> ExportInputs:
    """Return a city of 200 vacants in two districts, 120 of them not flagged."""
    roll = make_roll(200)
    inputs = make_inputs(roll, make_ledger(roll, HAZARDS))
    return replace(inputs, looks=looks_table(*looks)) if looks else inputs


def drawn_in(rows: gpd.GeoDataFrame) -> list[str]:
    """Return the parcels that are drawn at random for the list."""
    return sorted(rows.loc[audit_chances(rows, SETTINGS).notna(), "PARCEL_ID"])


def test_a_share_of_the_visits_is_drawn_among_roofs_that_are_not_flagged() -> None:
    """Four percent of 50 visits are 2, of 120 roofs: one in each district."""
    rows = build_rows(city(), ExportSettings())
    chances = audit_chances(rows, SETTINGS)
    drawn = rows[chances.notna()]

    assert chances.dropna().tolist() == pytest.approx([2 / 120] * 2)
    assert (drawn["RISK_LVL"] == "NOT SEEN").all()
    assert sorted(drawn["INSP_DIST"]) == ["D0", "D1"]

    is_visit = visited(rows, SETTINGS)
    assert is_visit[drawn.index].all()
    assert rows[is_visit].groupby("INSP_DIST").size().tolist() == [25, 25]
    flagged = rows[is_visit & chances.isna()]
    assert (flagged["RISK_LVL"] != "NOT SEEN").all()


def test_findings_change_no_draw_and_the_next_one_begins_when_all_are_visited() -> None:
    first = drawn_in(build_rows(city(), ExportSettings()))
    one = build_rows(city(SiteLook(parcel=first[0], failing="N")), ExportSettings())
    assert drawn_in(one) == first[1:]
    chosen = with_choice(one, SETTINGS)
    assert sorted(chosen.loc[chosen["CHOSEN"] == AUDIT, "PARCEL_ID"]) == first

    looks = [SiteLook(parcel=parcel, failing="Y") for parcel in first]
    both = build_rows(city(*looks), ExportSettings())
    second = drawn_in(both)
    assert len(second) == 2
    assert not set(first) & set(second)
    assert audit_chances(both, SETTINGS).dropna().tolist() == pytest.approx([2 / 118] * 2)


def test_every_roof_comes_up_once() -> None:
    seen: list[str] = []
    settings = VisitSettings(per_district=25, audit=0.5)
    while True:
        looks = [SiteLook(parcel=parcel, failing="N") for parcel in seen]
        rows = build_rows(city(*looks), ExportSettings())
        drawn = rows.loc[audit_chances(rows, settings).notna(), "PARCEL_ID"].tolist()
        if not drawn:
            break
        assert not set(drawn) & set(seen)
        seen += drawn
    assert len(seen) == 120


def test_none_where_the_city_wants_none_or_a_district_has_no_visits() -> None:
    rows = build_rows(city(), ExportSettings())
    assert audit_chances(rows, replace(SETTINGS, audit=0)).isna().all()

    one_district = replace(SETTINGS, capacity={"D1": 0}, audit=0.2)
    drawn = rows[audit_chances(rows, one_district).notna()]
    assert set(drawn["INSP_DIST"]) == {"D0"}

    narrow = VisitSettings(per_district=1, capacity={"D0": 40}, audit=0.5)
    sizes = rows[audit_chances(rows, narrow).notna()].groupby("INSP_DIST").size()
    assert sizes["D1"] <= 1
    with pytest.raises(ConfigError, match=r"audit is 0\.9"):
        VisitSettings(audit=0.9)


def test_only_hidden_columns_tell_how_a_visit_was_chosen(tmp_path: Path) -> None:
    inputs = city()
    settings = ExportSettings(visits=SETTINGS)
    rows = build_rows(inputs, settings)
    chosen = with_choice(rows, SETTINGS)
    audits = sorted(chosen.loc[chosen["CHOSEN"] == AUDIT, "PARCEL_ID"])

    write_worklist(rows, tmp_path / "w.csv", SETTINGS)
    table = read_csv(tmp_path / "w.csv")
    assert sorted(table.loc[table["CHOSEN"] == AUDIT, "PARCEL_ID"]) == audits
    assert table.loc[table["CHOSEN"] == AUDIT, "CHANCE"].tolist() == ["0.016666667"] * 2
    assert (table.loc[table["VISIT"] == "Y", "CHOSEN"] != "").all()
    assert (table.loc[table["VISIT"] == "N", "CHOSEN"] == "").all()

    write_worklist_xlsx(rows, tmp_path / "w.xlsx", inputs, settings)
    sheet = openpyxl.load_workbook(tmp_path / "w.xlsx")["Work list"]
    header, *body = list(sheet.iter_rows(min_row=3, values_only=True))
    frame = pd.DataFrame(body, columns=[str(name) for name in header])
    assert sorted(frame.loc[frame["CHOSEN"] == AUDIT, "Parcel"]) == audits
    for name in ("CHOSEN", "CHANCE"):
        letter = sheet.cell(3, list(header).index(name) + 1).column_letter
        assert sheet.column_dimensions[letter].hidden


def cover_of(path: Path, inputs: ExportInputs, visits: VisitSettings) -> list[str]:
    """Return the first lines of the work list's first page of words."""
    settings = ExportSettings(visits=visits)
    write_worklist_xlsx(build_rows(inputs, settings), path, inputs, settings)
    sheet = openpyxl.load_workbook(path)["Read me"]
    return [str(row[0]) for row in sheet.iter_rows(max_row=8, values_only=True) if row[0]]


@pytest.mark.parametrize(
    ("visits", "why"),
    [
        (VisitSettings(per_district=6), "because it has fewer than 13 visits"),
        (VisitSettings(per_district=25, audit=0), "because [export.visits] audit is 0"),
    ],
)
def test_a_list_without_a_random_visit_says_so(
    tmp_path: Path, visits: VisitSettings, why: str
) -> None:
    """Twelve visits of 4% are 0.48 random ones: none."""
    said = [line for line in cover_of(tmp_path / "w.xlsx", city(), visits) if "at random" in line]
    assert len(said) == 1
    assert said[0].startswith(f"No visit of this list was drawn at random, {why}: it cannot say")


def test_a_list_with_a_random_visit_says_nothing_of_it(tmp_path: Path) -> None:
    lines = cover_of(tmp_path / "w.xlsx", city(), VisitSettings(per_district=7))
    assert not [line for line in lines if "at random" in line]


def test_a_list_with_nothing_left_to_draw_says_so(tmp_path: Path) -> None:
    roll = make_roll(60)
    inputs = make_inputs(roll, make_ledger(roll, ("LIKELY",)))
    lines = cover_of(tmp_path / "w.xlsx", inputs, SETTINGS)
    assert [line for line in lines if "no roof that is not flagged is left" in line]
