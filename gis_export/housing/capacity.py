"""You have C crews and V visits a day: how many failing roofs can you expect to find by when, and what district borders cost.

What a visit is expected to find is its calibrated score. A row that was not assessed has none: nobody knows what it holds,
so such visits are counted apart and add nothing to the sum.
"""

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
"""Stands in DISTRICT of the rows about the whole city."""
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
"""All sums run from the first day: visits made; failing roofs that those of the work list are expected to find; visits to rows that were
not assessed, of which nothing is known; the most that as many visits could find within the district (for all districts, within every district),
by score alone; the most that as many could find anywhere in the city; and the difference of the last two, for all districts only."""


@dataclass(frozen=True, kw_only=True)
class _Stand:
    """Where a district stands after some visits of the whole city."""

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
    """Running sums of a district: value k holds after k visits of the whole city."""

    district: str | None
    """INSP_DIST, None for the whole city."""
    visits: NDArray[np.int64]
    """Visits made in it."""
    expected: NDArray[np.float64]
    """Failing roofs that these are expected to find."""
    not_assessed: NDArray[np.int64]
    """Visits to rows without a score."""
    best: NDArray[np.float64]
    """The most that 0, 1, 2, ... visits in it could find."""

    def after(self, count: int) -> _Stand:
        """Return the sums after `count` visits of the whole city."""
        own = int(self.visits[count])
        return _Stand(
            district=self.district,
            visits=own,
            expected=float(self.expected[count]),
            not_assessed=int(self.not_assessed[count]),
            best=float(self.best[own]),
        )


def plan_capacity(
    rows: gpd.GeoDataFrame, settings: ExportSettings, *, crews: int, visits_a_day: int, start: date
) -> pd.DataFrame:
    """Follow the work list day by day until it is done.

    Crews are shared among the districts in proportion to the visits of each, so that all districts end on the same day.

    Args:
        rows: The rows of the export.
        settings: Visits per district.
        crews: Crews that go out on a working day.
        visits_a_day: Visits that each of them makes.
        start: First day; Saturdays and Sundays are passed over.

    Returns:
        Columns `COLUMNS`: a row per working day and district, and one for the whole city.

    Raises:
        UsageError: fewer than one crew or visit.
    """
    for name, value in (("crews", crews), ("visits a day", visits_a_day)):
        if value < 1:
            raise UsageError(f"capacity: {name} is {value}, want 1 or more")
    plan = _plan(rows, settings)
    score = rows["SCORE"].where(rows["SCORED"] == "Y")
    found: list[tuple[object, ...]] = []
    each = [
        _course(str(name), plan, score[rows["INSP_DIST"] == name])
        for name in sorted(plan["INSP_DIST"].unique(), key=lambda name: name or LAST)
    ]
    city = _course(None, plan, score)
    for day in range(1, -(-len(plan) // (crews * visits_a_day)) + 1):
        when = np.busday_offset(start, day - 1, roll="forward").astype(date)
        visits = min(day * crews * visits_a_day, len(plan))
        parts = [part for part in (course.after(visits) for course in each) if part.visits]
        best, whole = sum(part.best for part in parts), city.after(visits)
        found.append(
            (
                day,
                when,
                ALL,
                whole.visits,
                whole.expected,
                whole.not_assessed,
                best,
                whole.best,
                whole.best - best,
            )
        )
        found += [
            (
                day,
                when,
                part.district or NO_DISTRICT,
                part.visits,
                part.expected,
                part.not_assessed,
                part.best,
                np.nan,
                np.nan,
            )
            for part in parts
        ]
    return pd.DataFrame(found, columns=list(COLUMNS))


def write_capacity(
    rows: gpd.GeoDataFrame, path: Path, settings: ExportSettings, *, start: date, crews: int = 1
) -> None:
    """Write the plan of `crews` crews at `visits.per_day` visits each; expected finds with two digits."""
    table = plan_capacity(
        rows, settings, crews=crews, visits_a_day=settings.visits.per_day, start=start
    )
    table.assign(DISTRICT=[harmless(name) for name in table["DISTRICT"]]).to_csv(
        path, index=False, float_format="%.2f"
    )


def _plan(rows: gpd.GeoDataFrame, settings: ExportSettings) -> pd.DataFrame:
    """Return the visits in the order in which crews make them: every district moves on at the pace that its number of visits asks for."""
    chosen = by_priority(gpd.GeoDataFrame(rows[visited(rows, settings.visits)]))
    place = chosen.groupby("INSP_DIST").cumcount()
    pace = (place + 0.5) / chosen.groupby("INSP_DIST")["PARCEL_ID"].transform("size")
    return (
        pd.DataFrame(chosen.drop(columns="geometry"))
        .assign(pace=pace)
        .sort_values(["pace", "INSP_DIST"], kind="stable")
    )


def _course(district: str | None, plan: pd.DataFrame, score: pd.Series) -> _Course:
    """Add up the visits of a district, those of the city for None, in one pass.

    Args:
        district: INSP_DIST, None for all.
        plan: Visits in the order in which crews make them.
        score: Scores of all its rows, visited or not; null where there is none.
    """
    own = (
        np.ones(len(plan), dtype=bool)
        if district is None
        else (plan["INSP_DIST"] == district).to_numpy()
    )
    scored = (plan["SCORED"] == "Y").to_numpy()
    finds = np.where(own & scored, plan["SCORE"].to_numpy(dtype=np.float64), 0.0)
    sums = [np.concatenate([[0], np.cumsum(values)]) for values in (own, finds, own & ~scored)]
    return _Course(
        district=district, visits=sums[0], expected=sums[1], not_assessed=sums[2], best=_best(score)
    )


def _best(score: pd.Series) -> NDArray[np.float64]:
    """Return the most that 0, 1, 2, ... visits can find; rows without a score come last and add nothing."""
    order = -np.sort(-score.fillna(0.0).to_numpy(dtype=np.float64))
    return np.concatenate([[0.0], np.cumsum(order)])
