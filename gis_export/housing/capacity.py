"""How many failing roofs some crews can expect to find, by when, and what district borders cost.

What a visit is expected to find is its calibrated score. A row that was not assessed has no score,
so such visits are counted apart and add nothing to the sum.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_export.table.settings import ExportSettings
from gis_export.table.tables import harmless
from gis_export.table.visits import LAST, NO_DISTRICT, by_priority, visited
from imagery.errors import UsageError

ALL = "ALL DISTRICTS"
"""DISTRICT of the rows about the whole city."""
COLUMNS = (
    "DAY",
    "DATE",
    "DISTRICT",
    "VISITS",
    "EXPECTED",
    "NOT_ASSESSED",
    "BEST",
    "CITY_BEST",
    "BORDERS",
)
"""All sums run from the first day.

- VISITS: visits made.
- EXPECTED: failing roofs that the visits of the work list are expected to find.
- NOT_ASSESSED: visits to rows that were not assessed, of which nothing is known.
- BEST: the most that as many visits could find within the district, by score alone; for all
  districts, within every district.
- CITY_BEST: the most that as many could find anywhere in the city; for all districts only.
- BORDERS: the difference of the last two; for all districts only.
"""


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """The sums of a district after some visits of the whole city."""

    district: str | None
    """INSP_DIST, None for the whole city."""
    visits: int
    """Visits made in it."""
    expected: float
    """Failing roofs that these are expected to find."""
    not_assessed: int
    """Visits to rows without a score."""
    best: float
    """The most that as many could find in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Course:
    """Running sums of a district: value k is after k visits of the whole city."""

    district: str | None
    """INSP_DIST, None for the whole city."""
    visits: NDArray[np.int64]
    """Visits made in it, (visits of the city + 1,)."""
    expected: NDArray[np.float64]
    """Failing roofs that these are expected to find, (visits of the city + 1,)."""
    not_assessed: NDArray[np.int64]
    """Visits to rows without a score, (visits of the city + 1,)."""
    best: NDArray[np.float64]
    """The most that 0, 1, 2, ... visits in it could find, (rows of the district + 1,)."""

    def after(self, count: int) -> _Sums:
        """Return the sums after `count` visits of the whole city."""
        own_visits = int(self.visits[count])
        return _Sums(
            district=self.district,
            visits=own_visits,
            expected=float(self.expected[count]),
            not_assessed=int(self.not_assessed[count]),
            best=float(self.best[own_visits]),
        )


def write_capacity(
    rows: gpd.GeoDataFrame, path: Path, settings: ExportSettings, *, start: date, crews: int = 1
) -> None:
    """Write the plan of `crews` crews at `visits.per_day` visits each.

    Expected finds have two digits after the point.
    """
    per_day = settings.visits.per_day
    table = plan_capacity(rows, settings, crews=crews, visits_a_day=per_day, start=start)
    table["DISTRICT"] = [harmless(name) for name in table["DISTRICT"]]
    table.to_csv(path, index=False, float_format="%.2f")


def plan_capacity(
    rows: gpd.GeoDataFrame, settings: ExportSettings, *, crews: int, visits_a_day: int, start: date
) -> pd.DataFrame:
    """Follow the work list day by day until it is done.

    Crews are shared among the districts in proportion to the visits of each, so that all districts
    end on the same day.

    Args:
        rows: The rows of the export.
        settings: Visits per district.
        crews: Crews that go out on a working day.
        visits_a_day: Visits that each of them makes.
        start: First day; Saturdays and Sundays are passed over.

    Returns:
        Columns `COLUMNS`: a row per working day for the whole city, and one for each district.

    Raises:
        UsageError: fewer than one crew or visit.
    """
    for name, value in (("crews", crews), ("visits a day", visits_a_day)):
        if value < 1:
            raise UsageError(f"capacity: {name} is {value}, want 1 or more")

    visits = _visits_in_order(rows, settings)
    score = rows["SCORE"].where(rows["SCORED"] == "Y")
    city = _city_course(visits, score)
    districts = _district_courses(visits, score, rows["INSP_DIST"])

    table = []
    for day, count in enumerate(_visits_by_day(len(visits), crews * visits_a_day), start=1):
        when = np.busday_offset(start, day - 1, roll="forward").astype(date)
        for row in _rows_after(count, city, districts):
            table.append({"DAY": day, "DATE": when, **row})
    return pd.DataFrame(table, columns=list(COLUMNS))


def _visits_in_order(rows: gpd.GeoDataFrame, settings: ExportSettings) -> pd.DataFrame:
    """Return the visits in the order in which crews make them.

    Every district moves on at the pace that its number of visits asks for.
    """
    chosen = by_priority(gpd.GeoDataFrame(rows[visited(rows, settings.visits)]))
    districts = chosen.groupby("INSP_DIST")
    pace = (districts.cumcount() + 0.5) / districts["PARCEL_ID"].transform("size")

    visits = pd.DataFrame(chosen.drop(columns="geometry")).assign(pace=pace)
    return visits.sort_values(["pace", "INSP_DIST"], kind="stable")


def _district_courses(visits: pd.DataFrame, score: pd.Series, district: pd.Series) -> list[_Course]:
    """Return the course of every district that has visits, those without a name last."""
    names = sorted(visits["INSP_DIST"].unique(), key=lambda name: name or LAST)

    courses = []
    for name in names:
        is_own = (visits["INSP_DIST"] == name).to_numpy()
        course = _course(str(name), visits, is_own, best=_best(score[district == name]))
        courses.append(course)
    return courses


def _city_course(visits: pd.DataFrame, score: pd.Series) -> _Course:
    return _course(None, visits, np.ones(len(visits), dtype=bool), best=_best(score))


def _course(
    district: str | None,
    visits: pd.DataFrame,
    is_own: NDArray[np.bool_],
    *,
    best: NDArray[np.float64],
) -> _Course:
    """Add up the visits of a district in one pass.

    Args:
        district: INSP_DIST, None for the whole city.
        visits: All visits of the city in the order in which crews make them.
        is_own: Which of them are in the district, (visits,).
        best: What `_best` returned for the district.
    """
    is_scored = (visits["SCORED"] == "Y").to_numpy()
    score = visits["SCORE"].to_numpy(dtype=np.float64)
    expected = np.where(is_own & is_scored, score, 0.0)

    return _Course(
        district=district,
        visits=_running_count(is_own),
        expected=_running_sum(expected),
        not_assessed=_running_count(is_own & ~is_scored),
        best=best,
    )


def _best(score: pd.Series) -> NDArray[np.float64]:
    """Return the most that 0, 1, 2, ... visits to these rows can find.

    Rows without a score come last and add nothing.
    """
    highest_first = -np.sort(-score.fillna(0.0).to_numpy(dtype=np.float64))
    return _running_sum(highest_first)


def _running_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of the first 0, 1, 2, ... values."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _running_count(is_counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many of the first 0, 1, 2, ... are counted."""
    return np.concatenate([[0], np.cumsum(is_counted, dtype=np.int64)])


def _visits_by_day(total: int, per_day: int) -> Iterator[int]:
    """Yield the visits made by the end of each day."""
    for done in range(0, total, per_day):
        yield min(done + per_day, total)


def _rows_after(count: int, city: _Course, districts: list[_Course]) -> Iterator[dict[str, object]]:
    """Yield a row of the city, then one of each district that has been visited.

    Args:
        count: Visits made in the whole city.
        city: Its running sums.
        districts: Those of its districts.
    """
    reached = [course.after(count) for course in districts if course.visits[count]]
    of_city = city.after(count)
    within_districts = sum(sums.best for sums in reached)

    yield {
        **_common_cells(of_city, name=ALL),
        "BEST": within_districts,
        "CITY_BEST": of_city.best,
        "BORDERS": of_city.best - within_districts,
    }
    for sums in reached:
        yield {**_common_cells(sums, name=sums.district or NO_DISTRICT), "BEST": sums.best}


def _common_cells(sums: _Sums, *, name: str) -> dict[str, object]:
    return {
        "DISTRICT": name,
        "VISITS": sums.visits,
        "EXPECTED": sums.expected,
        "NOT_ASSESSED": sums.not_assessed,
    }
