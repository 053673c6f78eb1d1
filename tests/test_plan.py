"""The planner: who is visited in which order, on which days, and what rows and sentences say."""

from datetime import date

import geopandas as gpd
import numpy as np
import pytest
from export_cases import make_inputs, make_ledger, make_roll
from site_cases import SiteLook, inputs_with

from gis_export.housing.plan.access import Access
from gis_export.housing.plan.days import Crews, Milestone, crews_of, first_month, milestones
from gis_export.housing.plan.finds import Outlook
from gis_export.housing.plan.order import order_visits
from gis_export.housing.plan.shift import Shift
from gis_export.housing.plan.summary import Borders, summarize
from gis_export.housing.plan.tables import build_plan, outlook_of
from gis_export.table.inputs import ShareFailing
from gis_export.table.plan_settings import PlanSettings
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from imagery.errors import ConfigError, UsageError

SETTINGS = ExportSettings()
MONDAY = date(2026, 6, 29)
FOURTH = date(2026, 7, 3)
"""The day on which the Fourth of July of 2026, a Saturday, is kept."""
SURE = Outlook(
    shift=Shift(steps=np.zeros(1), better=np.zeros(1), weights=np.ones(1)),
    access=Access(visits=0, failed=0, default=0.0),
)


def two_districts() -> gpd.GeoDataFrame:
    """Return the rows of three roofs in A and five in B, scored from high to low."""
    roll = make_roll(8)
    roll.table["inspection_district"] = ["A"] * 3 + ["B"] * 5
    rows = build_rows(make_inputs(roll, make_ledger(roll, ("LIKELY",))), SETTINGS)
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    return gpd.GeoDataFrame(rows.assign(SCORE=scores, PRIORITY=range(8, 0, -1)))


def test_the_list_comes_first_then_all_others_and_districts_keep_in_step() -> None:
    """Two visits of each district are listed, which one and three others follow."""
    order = order_visits(two_districts(), VisitSettings(per_district=2, audit=0))
    numbers = [int(parcel[:4]) - 216 for parcel in order.parcels]
    assert order.listed == 4
    assert numbers[:4] == [0, 3, 1, 4]
    assert numbers[4:] == [5, 2, 6, 7]
    assert order.districts == ("A", "B")
    assert [order.districts[place] for place in order.district] == list("ABABBABB")
    assert order.scores.tolist() == [0.9, 0.6, 0.8, 0.5, 0.4, 0.7, 0.3, 0.2]


def test_visits_already_made_are_left_out_and_known_roofs_counted_apart() -> None:
    """One was visited, one is razed, one has no place, and one is CONFIRMED since last year."""
    inputs = inputs_with(
        SiteLook(parcel="0216 001", failing="N"),
        SiteLook(parcel="0217 001", disposition="razed"),
        SiteLook(parcel="0218 001", failing="Y", year=2025, day="2025-05-02"),
        count=6,
    )
    inputs.roll.table.loc[3, "address"] = ""
    inputs.roll.table.loc[3, "geometry"] = None
    rows = build_rows(inputs, SETTINGS)
    plan = build_plan(rows, SURE, SETTINGS.visits)

    assert sorted(plan.order.parcels) == ["0218 001", "0220 001", "0221 001"]
    assert plan.left_out.sentence == (
        "3 of 6 vacants can be visited. Left out: 1 visited since the photo and not due for "
        "review, 1 found razed or occupied, 1 with neither outline nor address."
    )
    assert plan.known[-1] == 1
    assert plan.not_assessed[-1] == 0
    assert plan.city.expected[-1] == 150
    everyone = build_plan(two_districts(), SURE, SETTINGS.visits)
    assert everyone.left_out.sentence == "8 of 8 vacants can be visited. None is left out."


def test_working_days_pass_over_weekends_and_holidays() -> None:
    crews = Crews(crews=2, per_day=5, start=date(2026, 6, 27), holidays=(FOURTH,))
    assert crews.first_day == MONDAY
    assert [crews.working_day(number) for number in (3, 4)] == [
        date(2026, 7, 2),
        date(2026, 7, 6),
    ]
    # The first week ends on Friday the third, which is off.
    assert milestones(crews, 100)[:2] == [
        Milestone(name="1 week", last=date(2026, 7, 3), days=4, visits=40),
        Milestone(name="2 weeks", last=date(2026, 7, 10), days=9, visits=90),
    ]
    assert milestones(crews, 100)[-1] == Milestone(
        name="all", last=date(2026, 7, 13), days=10, visits=100
    )
    assert milestones(crews, 40)[-1].last == date(2026, 7, 2)
    assert milestones(crews, 0) == []
    assert first_month(crews, 1000) == 190  # 20 weekdays until 26 July without the holiday
    assert first_month(crews, 33) == 33


def test_months_end_on_the_day_before() -> None:
    """A month from 31 January ends on 27 February, as 28 February is a month later."""
    crews = Crews(crews=1, per_day=1, start=date(2026, 1, 31))
    stones = {stone.name: stone.last for stone in milestones(crews, 500)}
    assert stones["1 month"] == date(2026, 2, 27)
    assert stones["2 months"] == date(2026, 3, 30)
    assert stones["1 year"] == date(2027, 1, 30)


def test_crews_come_from_the_city_file() -> None:
    plan = PlanSettings(crews=3, holidays=("2026-07-03", "2026-07-03"), start="2026-06-29")
    settings = ExportSettings(plan=plan, visits=VisitSettings(per_day=7))
    crews = crews_of(settings, date(2026, 1, 5))
    assert crews == Crews(crews=3, per_day=7, start=MONDAY, holidays=(FOURTH,))
    assert crews_of(SETTINGS, date(2026, 1, 5)).start == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"crews": 0}, "crews is 0, want 1 to 1000"),
        ({"no_access": 1.0}, "no_access is 1.0, want 0 or more and less than 1"),
        ({"start": "July"}, "start is 'July', want YYYY-MM-DD"),
        ({"holidays": ("2026-07-04", "2026-13-01")}, "holidays is '2026-13-01', want"),
        ({"holidays": ("1066-10-14",)}, "holidays is '1066-10-14', want YYYY-MM-DD, a day from"),
    ],
)
def test_bad_settings_are_one_line(keys: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=r"\[export.plan\] " + words):
        PlanSettings(**keys)  # type: ignore[arg-type]  # what a city file may hold


def test_no_crew_no_plan() -> None:
    with pytest.raises(UsageError, match="crews is 0"):
        Crews(crews=0, per_day=10, start=MONDAY)


def test_rows_and_sentences_by_hand() -> None:
    """One visit a day: a week has five, and all eight are made on the Wednesday after."""
    plan = build_plan(two_districts(), SURE, VisitSettings(per_district=2, audit=0))
    summary = summarize(plan, Crews(crews=1, per_day=1, start=MONDAY))
    assert summary.title == "1 crew, 1 visit a day each, from 2026-06-29"
    assert [(row.name, row.last, row.city.visits) for row in summary.rows] == [
        ("1 week", "2026-07-05", 5),
        ("all", "2026-07-08", 8),
    ]
    assert [row.city.expected for row in summary.rows] == [3.2, 4.4]
    by_district = {row.name: row.finds.expected for row in summary.districts}
    assert by_district == {"A": 2.4, "B": 2.0}


def test_what_borders_cost_by_hand() -> None:
    """After four visits A and B have made two each: 1.7 and 1.1; the city's best four are 3.0."""
    plan = build_plan(two_districts(), SURE, VisitSettings(per_district=2, audit=0))
    assert plan.pooled(4) == (300, 280)
    assert Borders(visits=4, pooled=3, within=3).sentence.startswith(
        "Pooling the districts finds no more in the first month"
    )
    assert Borders(visits=2000, pooled=1237, within=1200).sentence == (
        "Pooling the districts finds 37 more in the first month: 2,000 visits to the highest "
        "scores find 1,237 anywhere in the city, and 1,200 where each district keeps its share."
    )


def test_the_outlook_of_an_export_is_that_of_its_inputs() -> None:
    inputs = inputs_with(count=20)
    rows = build_rows(inputs, SETTINGS)
    outlook = outlook_of(rows, inputs, ExportSettings(plan=PlanSettings(no_access=0.3)))
    assert outlook.access.failing == 0.3
    assert outlook.shift.sentence == ""

    plan = build_plan(rows, outlook, SETTINGS.visits)
    assert plan.city.expected[-1] == round(100 * 20 * 0.75 * 0.7)


def test_the_share_failing_in_words() -> None:
    alone = ShareFailing(low=0.0, high=0.35).sentence
    assert alone.startswith(
        "The share failing at these photos is between 0% and 35%, by the scores"
    )
    assert "roofwatch desk" in alone
    assert ShareFailing(low=0.05, high=0.1, looks=60).sentence.endswith("by 60 looks by chance.")
