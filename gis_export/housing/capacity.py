"""capacity.csv: the work list day by day, what it is expected to find, and what borders cost.

The numbers are those of the planner, told for every working day until the list is done. See
`gis_export.housing.plan.finds` for how finds are expected.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from gis_export.housing.plan.days import Crews
from gis_export.housing.plan.finds import Course
from gis_export.housing.plan.tables import PlanTables
from imagery.files import atomic_path
from imagery.values.formulas import harmless

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
    "LOW",
    "HIGH",
    "KNOWN",
)
"""All sums run from the first day.

- VISITS: visits made.
- EXPECTED: failing roofs that the visits of the work list are expected to find.
- NOT_ASSESSED: visits to rows that were not assessed, of which nothing is known.
- BEST: the most that as many visits are expected to find within the district, by score alone; for
  all districts, within every district.
- CITY_BEST: the most that as many could find anywhere in the city; for all districts only.
- BORDERS: the difference of the last two; for all districts only.
- LOW, HIGH: 90% interval of what is found.
- KNOWN: visits to roofs that are CONFIRMED already, which are no new finds.
"""
MEANINGS = (
    ("DAY, DATE", "working day of the crews, counted from 1, and its date"),
    ("DISTRICT", f"inspection district; {ALL} is the whole city"),
    ("VISITS", "visits made by the end of that day, all days before counted in"),
    ("EXPECTED", "failing roofs that these visits are expected to find"),
    ("LOW, HIGH", "what is found lies between these two 9 times in 10"),
    ("NOT_ASSESSED", "visits to roofs without a score: nothing is known of them, so they add none"),
    ("KNOWN", "visits to roofs that are CONFIRMED already, which are no new finds"),
    ("BEST", "what as many visits find if each district goes to its highest scores"),
    ("CITY_BEST", "what as many find if crews go to the highest scores of the whole city"),
    ("BORDERS", "the difference: what the borders between districts cost"),
)
"""What the columns say, for people."""


def write_capacity(tables: PlanTables, path: Path, crews: Crews) -> None:
    """Write what some crews find on the work list, day by day.

    Args:
        tables: What `build_plan` returned.
        path: The file.
        crews: Who goes out, and when.
    """
    table = plan_capacity(tables, crews)
    table["DISTRICT"] = [harmless(name) for name in table["DISTRICT"]]
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.2f")


def plan_capacity(tables: PlanTables, crews: Crews) -> pd.DataFrame:
    """Follow the work list day by day until it is done.

    Returns:
        Columns `COLUMNS`: a row per working day for the whole city, and one for each district that
        has been visited.
    """
    table = []
    for number, visits in enumerate(_visits_by_day(tables.order.listed, crews.visits_a_day)):
        day = {"DAY": number + 1, "DATE": crews.working_day(number)}
        table.append({**day, **_city_cells(tables, visits)})
        table.extend({**day, **cells} for cells in _district_cells(tables, visits))
    return pd.DataFrame(table, columns=list(COLUMNS))


def _visits_by_day(total: int, per_day: int) -> Iterator[int]:
    """Yield the visits made by the end of each day."""
    for done in range(0, total, per_day):
        yield min(done + per_day, total)


def _city_cells(tables: PlanTables, visits: int) -> dict[str, object]:
    pooled, within = tables.pooled(visits)
    return {
        "DISTRICT": ALL,
        **_course_cells(tables.city, visits),
        "NOT_ASSESSED": int(tables.not_assessed[visits]),
        "KNOWN": int(tables.known[visits]),
        "BEST": within / 100,
        "CITY_BEST": pooled / 100,
        "BORDERS": (pooled - within) / 100,
    }


def _district_cells(tables: PlanTables, visits: int) -> Iterator[dict[str, object]]:
    """Yield the cells of each district that has been visited."""
    for number, name in enumerate(tables.districts):
        own = int(tables.made[visits, number])
        if own:
            yield {
                "DISTRICT": name,
                **_course_cells(tables.by_district[number], own),
                "NOT_ASSESSED": int(tables.not_assessed_in[number][own]),
                "KNOWN": int(tables.known_in[number][own]),
                "BEST": int(tables.best[number][own]) / 100,
            }


def _course_cells(course: Course, visits: int) -> dict[str, object]:
    return {
        "VISITS": visits,
        "EXPECTED": int(course.expected[visits]) / 100,
        "LOW": int(course.low[visits]),
        "HIGH": int(course.high[visits]),
    }
