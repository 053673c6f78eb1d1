"""The capacity plan: what so many visits are expected to find, and what district borders cost."""

import time
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from export_cases import make_inputs, make_ledger, make_roll, read_csv

from gis_export.housing.capacity import ALL, COLUMNS, MEANINGS, plan_capacity, write_capacity
from gis_export.housing.plan.access import Access
from gis_export.housing.plan.days import Crews
from gis_export.housing.plan.finds import Outlook
from gis_export.housing.plan.shift import Shift
from gis_export.housing.plan.tables import PlanTables, build_plan
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from gis_export.table.visits import visited

FRIDAY = date(2026, 11, 27)
SURE = Outlook(
    shift=Shift(steps=np.zeros(1), better=np.zeros(1), weights=np.ones(1)),
    access=Access(visits=0, failed=0, default=0.0),
)
"""The scores hold, and every visit judges the roof."""


def tables_of(rows: gpd.GeoDataFrame, **visits: object) -> PlanTables:
    """Return the planner's numbers where the scores hold."""
    per_district = visits.get("per_district", 40)
    capacity = visits.get("capacity", {})
    assert isinstance(per_district, int)
    assert isinstance(capacity, dict)
    return build_plan(rows, SURE, VisitSettings(per_district=per_district, capacity=capacity))


def crews(count: int, per_day: int) -> Crews:
    """Return crews that begin on the Friday."""
    return Crews(crews=count, per_day=per_day, start=FRIDAY)


def test_worked_example() -> None:
    roll = make_roll(8)
    roll.table["inspection_district"] = ["A"] * 4 + ["B"] * 4
    roll.table["notice_date"] = None
    roll.table["occupied_sides"] = ""
    words = (
        "LIKELY",
        "LIKELY",
        "LIKELY",
        "NOT ASSESSED",
        "NOT ASSESSED",
        "POSSIBLE",
        "NOT SEEN IN PHOTO",
        "NOT SEEN IN PHOTO",
    )
    rows = build_rows(make_inputs(roll, make_ledger(roll, words)), ExportSettings())

    table = plan_capacity(tables_of(rows, per_district=2), crews(1, 2))

    assert list(table.columns) == list(COLUMNS)
    assert table["DATE"].tolist() == [FRIDAY] * 3 + [date(2026, 11, 30)] * 3

    # The second visit in B is the roof that was not assessed.
    city = table[table["DISTRICT"] == ALL].set_index("DAY")
    assert city["VISITS"].tolist() == [2, 4]
    assert city["EXPECTED"].tolist() == [0.75 + 0.25, 1.5 + 0.25]
    assert city["NOT_ASSESSED"].tolist() == [0, 1]
    assert city["KNOWN"].tolist() == [0, 0]
    assert city["BEST"].tolist() == [1.0, 1.5 + 0.25 + 0.06]  # to a hundredth
    assert city["CITY_BEST"].tolist() == [1.5, 3 * 0.75 + 0.25]
    assert city["BORDERS"].tolist() == [0.5, 2.5 - 1.81]

    # Of 0.75 and 0.25 none fails in 3 of 16 cases and both in 3, which is more than 1 in 20.
    assert city["LOW"].tolist() == [0, 0]
    assert city["HIGH"].tolist() == [2, 3]

    districts = table[table["DISTRICT"] != ALL]
    assert districts["BORDERS"].isna().all()
    assert districts.groupby("DAY")["VISITS"].sum().tolist() == [2, 4]


def test_borders_never_help_and_sums_never_fall() -> None:
    rows = build_rows(make_inputs(make_roll(60)), ExportSettings())

    table = plan_capacity(tables_of(rows, per_district=20, capacity={"D1": 7}), crews(2, 3))

    city = table[table["DISTRICT"] == ALL]
    assert (city["BORDERS"] >= 0).all()
    assert (city["EXPECTED"] <= city["BEST"] + 1e-9).all()
    assert (city["LOW"] <= city["EXPECTED"]).all()
    assert (city["EXPECTED"] <= city["HIGH"]).all()
    assert city["VISITS"].iloc[-1] == 27
    for _, days in table.groupby("DISTRICT"):
        for column in ("VISITS", "EXPECTED", "LOW", "HIGH"):
            assert days[column].is_monotonic_increasing


def test_empty_city_has_a_header(tmp_path: Path) -> None:
    rows = build_rows(make_inputs(make_roll(0)), ExportSettings())

    write_capacity(tables_of(rows), tmp_path / "none.csv", crews(1, 10))

    assert tuple(read_csv(tmp_path / "none.csv").columns) == COLUMNS


def test_all_not_assessed(tmp_path: Path) -> None:
    roll = make_roll(3)
    roll.table["inspection_district"] = ["=A1", "", "=A1"]
    inputs = make_inputs(roll, make_ledger(roll, ("NOT ASSESSED",)))
    rows = build_rows(inputs, ExportSettings())

    write_capacity(tables_of(rows), tmp_path / "na.csv", crews(1, 10))

    table = pd.read_csv(tmp_path / "na.csv")
    assert table["DISTRICT"].tolist() == [ALL, "'=A1", "(no district)"]
    assert table["NOT_ASSESSED"].tolist() == [3, 2, 1]
    assert (table[["EXPECTED", "LOW", "HIGH"]] == 0).all(axis=None)


def test_running_sums_equal_each_day_counted_again_and_take_no_longer() -> None:
    rng = np.random.default_rng(0)
    few = build_rows(make_inputs(make_roll(1500)), ExportSettings())
    scored = rng.random(1500) < 0.8
    rows = few.assign(
        INSP_DIST=rng.choice(["A", "B", "", "C"], 1500, p=[0.6, 0.25, 0.1, 0.05]),
        PRIORITY=rng.integers(0, 9, 1500),
        SCORED=np.where(scored, "Y", "N"),
        SCORE=np.where(scored, rng.random(1500), np.nan),
    )
    settings = ExportSettings(visits=VisitSettings(per_district=400))

    begun = time.process_time()
    table = plan_capacity(tables_of(rows, per_district=400), crews(1, 1))
    assert time.process_time() - begun < 2  # counting each day again takes ten times as long

    visits = rows[visited(rows, settings.visits)]
    visits_of = {ALL: visits}
    for district, rows_of_district in visits.groupby("INSP_DIST"):
        visits_of[str(district) or "(no district)"] = rows_of_district

    last_day = table[table["DAY"] == table["DAY"].max()].set_index("DISTRICT")
    for name, wanted in visits_of.items():
        sums = last_day.loc[name]
        assert sums["VISITS"] == len(wanted)
        assert sums["NOT_ASSESSED"] == (wanted["SCORED"] == "N").sum()
        assert sums["EXPECTED"] == pytest.approx(wanted["SCORE"].sum(), abs=0.006)

    city = table[table["DISTRICT"] == ALL].set_index("DAY")
    districts = table[table["DISTRICT"] != ALL].groupby("DAY")
    for column in ("VISITS", "EXPECTED", "NOT_ASSESSED", "BEST"):
        whole = city[column].to_numpy(dtype=float)
        assert whole == pytest.approx(districts[column].sum().to_numpy(dtype=float), abs=0.021)


def test_every_column_is_explained() -> None:
    explained: list[str] = []
    for names, _ in MEANINGS:
        explained += names.split(", ")
    assert sorted(explained) == sorted(COLUMNS)
