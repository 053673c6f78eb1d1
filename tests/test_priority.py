"""Priority: points that add up, with reasons that a person can read."""

import time
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
from export_cases import make_inputs, make_roll, whole_looks
from hypothesis import given
from hypothesis import strategies as st

from gis_export.table.inputs import LOOK_COLUMNS, no_looks
from gis_export.table.priority import (
    Case,
    Unseen,
    points_of,
    prioritize,
    street_sides,
    unseen_years,
)
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, PrioritySettings

TODAY = date(2026, 11, 24)
CODES = ("CONFIRMED", "LIKELY", "POSSIBLE", "NA", "NOT SEEN")
SIDES = st.sampled_from(["", "U", "E", "E,W", "N,NE,S"])


def make_rows(
    codes: list[str], *, occupied: list[str], change: list[str], notice: list[date | None]
) -> pd.DataFrame:
    """Return rows with what a priority depends on."""
    ids = [f"{number:04d} 001" for number in range(len(codes))]
    return pd.DataFrame(
        {
            "PARCEL_ID": ids,
            "RISK_LVL": codes,
            "OCC_SIDES": occupied,
            "CHANGE": change,
            "VBN_DATE": pd.Series(notice, dtype=object),
            "SCORE": float("nan"),
        }
    )


def make_looks(*looks: tuple[str, int, str]) -> pd.DataFrame:
    """Return looks of parcel, year and day."""
    rows = [(*look, "", "no open roof found", "N", 0.0, False) for look in looks]
    return whole_looks(pd.DataFrame(rows, columns=list(LOOK_COLUMNS[:8])))


def test_worked_example() -> None:
    rows = make_rows(
        ["LIKELY", "NA"],
        occupied=["E,W", "U"],
        change=["WORSE", "NOW NA"],
        notice=[date(2001, 1, 1), date(2024, 11, 25)],
    )
    looks = make_looks(("0000 001", 2021, "2021-11-24"), ("0000 001", 2019, ""))

    priority, why = prioritize(rows, pd.Series(["N,S", "U"]), looks, TODAY, PrioritySettings())

    assert priority.tolist() == [60 + 30 + 6 + 20 + 20, 20 + 4]
    assert str(why[0]).split("; ") == [
        "LIKELY +60",
        "occupied neighbor on side E and W +30",
        "street on side N and S +6",
        "worse than in the photo before +20",
        "nobody has looked for 5 years +20",
    ]
    assert why[1] == "NOT ASSESSED +20; nobody has looked since the notice 1 year ago +4"


def test_years_are_whole_and_counted_up_to_a_most() -> None:
    rows = make_rows(
        ["NA"] * 6,
        occupied=[""] * 6,
        change=[""] * 6,
        notice=[
            date(2025, 11, 25),
            date(2025, 11, 24),
            date(1990, 1, 1),
            None,
            date(1990, 1, 1),
            date(2027, 1, 1),
        ],
    )
    looks = make_looks(("0004 001", 2026, ""))
    years, looked = unseen_years(rows, looks, TODAY)
    assert years.tolist() == [0, 1, 36, -1, 0, 0]
    assert looked.tolist() == [False, False, False, False, True, False]

    weights = PrioritySettings(unseen_year=3, unseen_years_max=4)
    priority, why = prioritize(rows, pd.Series(["U"] * 6), looks, TODAY, weights)
    assert priority.tolist() == [20, 23, 32, 20, 20, 20]
    assert why[2] == "NOT ASSESSED +20; nobody has looked since the notice 36 years ago +12"
    assert why[3] == "NOT ASSESSED +20"


def test_weights_of_nothing_leave_no_reason_but_the_hazard() -> None:
    case = Case(
        code="NOT SEEN",
        occupied_sides="E",
        change="WORSE",
        street_sides="N",
        unseen=Unseen(years=0, looked=True),
    )
    points = points_of(case, PrioritySettings(occupied_side=0, worse=0, street_side=0))
    assert [str(point) for point in points] == ["NOT SEEN IN PHOTO +0"]


@dataclass(frozen=True, kw_only=True)
class Roof:
    """What the priority of one roof depends on."""

    code: str
    """Hazard word."""
    occupied: str
    """Sides with an occupied neighbor."""
    change: str
    """Change since the year before."""
    street: str
    """Sides with a street."""
    year: int
    """Year of the notice and of the look."""
    noticed: bool
    """Whether there is a notice."""
    looked: bool
    """Whether somebody looked, in December of the year."""

    @property
    def unseen(self) -> Unseen | None:
        """Return the full years since the last look or notice."""
        if not self.noticed and not self.looked:
            return None
        return Unseen(years=max(2026 - self.year - self.looked, 0), looked=self.looked)


ROOFS = st.builds(
    Roof,
    code=st.sampled_from(CODES),
    occupied=SIDES,
    change=st.sampled_from(["NEW", "SAME", "WORSE"]),
    street=SIDES,
    year=st.integers(1990, 2027),
    noticed=st.booleans(),
    looked=st.booleans(),
)


@given(
    roofs=st.lists(ROOFS, max_size=20),
    weights=st.builds(
        PrioritySettings,
        likely=st.integers(-50, 200),
        occupied_side=st.integers(-9, 50),
        street_side=st.integers(0, 9),
        worse=st.integers(0, 50),
        unseen_year=st.integers(0, 9),
        unseen_years_max=st.integers(0, 9),
    ),
)
def test_table_and_row_agree(roofs: list[Roof], weights: PrioritySettings) -> None:
    rows = make_rows(
        [roof.code for roof in roofs],
        occupied=[roof.occupied for roof in roofs],
        change=[roof.change for roof in roofs],
        notice=[date(roof.year, 6, 30) if roof.noticed else None for roof in roofs],
    )
    looks = []
    for number, roof in enumerate(roofs):
        if roof.looked:
            looks.append((f"{number:04d} 001", roof.year, f"{roof.year}-12-01"))
    streets = pd.Series([roof.street for roof in roofs], dtype=object)

    priority, why = prioritize(rows, streets, make_looks(*looks), TODAY, weights)

    for number, roof in enumerate(roofs):
        case = Case(
            code=roof.code,
            occupied_sides=roof.occupied,
            change=roof.change,
            street_sides=roof.street,
            unseen=roof.unseen,
        )
        points = points_of(case, weights)
        assert priority[number] == sum(point.points for point in points)
        assert why[number] == "; ".join(map(str, points))
        assert len(why[number]) <= 254


def test_street_sides_follow_the_parcels() -> None:
    roll = make_roll(3)
    roll.table["street_sides"] = ["N", "S", "E"]
    roll.table.loc[2, "geometry"] = None
    found = street_sides(roll, pd.Series(["0218 001", "0216 001", "nowhere"]))
    assert found.tolist() == ["U", "N", "U"]


def test_large_city_takes_seconds() -> None:
    few = build_rows(make_inputs(make_roll(60)), ExportSettings())
    rows = gpd.GeoDataFrame(pd.concat([few] * 4000, ignore_index=True))
    streets = pd.Series(["N,S", "U"] * 120_000)

    begun = time.process_time()
    priority, why = prioritize(rows, streets, no_looks(), TODAY, PrioritySettings())

    assert time.process_time() - begun < 10
    assert len(priority) == len(why) == 240_000


@pytest.mark.parametrize("count", [0, 1])
def test_small_tables(count: int) -> None:
    rows = build_rows(make_inputs(make_roll(count)), ExportSettings())
    streets = pd.Series(["U"] * count, dtype=object)

    priority, why = prioritize(rows, streets, no_looks(), TODAY, PrioritySettings())

    assert (len(priority), len(why)) == (count, count)
