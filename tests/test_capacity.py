"""The capacity plan: what so many visits are expected to find, and what district borders cost."""

import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from export_cases import make_inputs, make_ledger, make_roll, read_csv

from gis_export.housing.capacity import ALL, COLUMNS, plan_capacity, write_capacity
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from gis_export.table.visits import visited
from imagery.errors import UsageError

FRIDAY = date(2026, 11, 27)


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
    settings = ExportSettings(visits=VisitSettings(per_district=2))

    table = plan_capacity(rows, settings, crews=1, visits_a_day=2, start=FRIDAY)

    assert list(table.columns) == list(COLUMNS)
    assert table["DATE"].tolist() == [FRIDAY] * 3 + [date(2026, 11, 30)] * 3

    # The second visit in B is the roof that was not assessed.
    city = table[table["DISTRICT"] == ALL].set_index("DAY")
    assert city["VISITS"].tolist() == [2, 4]
    assert city["EXPECTED"].tolist() == [0.75 + 0.25, 1.5 + 0.25]
    assert city["NOT_ASSESSED"].tolist() == [0, 1]
    assert city["BEST"].tolist() == [1.0, 1.5 + 0.25 + 0.0625]
    assert city["CITY_BEST"].tolist() == [1.5, 3 * 0.75 + 0.25]
    assert city["BORDERS"].tolist() == [0.5, 2.5 - 1.8125]

    districts = table[table["DISTRICT"] != ALL]
    assert districts["BORDERS"].isna().all()
    assert districts.groupby("DAY")["VISITS"].sum().tolist() == [2, 4]


def test_borders_never_help_and_sums_never_fall() -> None:
    rows = build_rows(make_inputs(make_roll(60)), ExportSettings())
    settings = ExportSettings(visits=VisitSettings(per_district=20, capacity={"D1": 7}))

    table = plan_capacity(rows, settings, crews=2, visits_a_day=3, start=FRIDAY)

    city = table[table["DISTRICT"] == ALL]
    assert (city["BORDERS"] >= 0).all()
    assert (city["EXPECTED"] <= city["BEST"] + 1e-9).all()
    assert city["VISITS"].iloc[-1] == 27
    for _, days in table.groupby("DISTRICT"):
        assert days["VISITS"].is_monotonic_increasing
        assert days["EXPECTED"].is_monotonic_increasing


def test_empty_city_has_a_header(tmp_path: Path) -> None:
    settings = ExportSettings()
    rows = build_rows(make_inputs(make_roll(0)), settings)

    write_capacity(rows, tmp_path / "none.csv", settings, start=FRIDAY)

    assert tuple(read_csv(tmp_path / "none.csv").columns) == COLUMNS


def test_all_not_assessed(tmp_path: Path) -> None:
    settings = ExportSettings()
    roll = make_roll(3)
    roll.table["inspection_district"] = ["=A1", "", "=A1"]
    rows = build_rows(make_inputs(roll, make_ledger(roll, ("NOT ASSESSED",))), settings)

    write_capacity(rows, tmp_path / "na.csv", settings, start=FRIDAY)

    table = pd.read_csv(tmp_path / "na.csv")
    assert table["DISTRICT"].tolist() == [ALL, "'=A1", "(no district)"]
    assert table["NOT_ASSESSED"].tolist() == [3, 2, 1]
    assert (table["EXPECTED"] == 0).all()


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
    table = plan_capacity(rows, settings, crews=1, visits_a_day=1, start=FRIDAY)
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
        assert sums["EXPECTED"] == pytest.approx(wanted["SCORE"].sum())

    city = table[table["DISTRICT"] == ALL].set_index("DAY")
    districts = table[table["DISTRICT"] != ALL].groupby("DAY")
    for column in ("VISITS", "EXPECTED", "NOT_ASSESSED", "BEST"):
        whole = city[column].to_numpy(dtype=float)
        assert whole == pytest.approx(districts[column].sum().to_numpy(dtype=float))


def test_no_crew_no_plan() -> None:
    settings = ExportSettings()
    rows = build_rows(make_inputs(make_roll(1)), settings)

    with pytest.raises(UsageError, match="crews is 0"):
        plan_capacity(rows, settings, crews=0, visits_a_day=1, start=FRIDAY)
