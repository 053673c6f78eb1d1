"""report/plan.html: what crews find by when, with sliders. It makes no network requests.

The page holds the running sums of the planner and computes from them, with any number of crews,
what `gis_export.housing.plan.summary` computes.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

from gis_export.housing.capacity import MEANINGS
from gis_export.housing.plan.days import ALL_VISITED, FIRST_MONTH, MONTHS, Crews
from gis_export.housing.plan.finds import Course
from gis_export.housing.plan.summary import INTERVAL
from gis_export.housing.plan.tables import PlanTables
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

MOST_CREWS = 10
"""The slider goes to here, or to twice the crews of the city file."""
MOST_PER_DAY = 20
"""The same for visits a day."""
MOST_WAIT = 180
"""Days that the start can be moved."""


@dataclass(frozen=True, kw_only=True)
class PageText:
    """What the page says beside the numbers."""

    city: str
    """Name of the city."""
    year: int
    """Year of the flyover."""
    foot: str
    """Day and run, for the last line."""
    doubt: str = ""
    """Why the interval is wide, and what makes it narrower; "" where it need not be said."""


def write_plan_page(path: Path, tables: PlanTables, crews: Crews, text: PageText) -> None:
    """Write the page.

    Args:
        path: The file, such as report/plan.html.
        tables: What `build_plan` returned.
        crews: What the sliders begin with.
        text: What is said beside the numbers.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(draw_plan_page(tables, crews, text), encoding="utf-8")


def draw_plan_page(tables: PlanTables, crews: Crews, text: PageText) -> str:
    """Return the page as HTML."""
    folder = files("gis_export.report")
    source = (folder / "plan_page.html").read_text(encoding="utf-8")
    script = (folder / "plan_page.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    outlook = tables.outlook

    return environment.from_string(source).render(
        text=text,
        use_limit=USE_LIMIT,
        script=Markup(script),
        data=_json(plan_data(tables, crews)),
        total=tables.visits,
        listed=f"{tables.order.listed:,}",
        capacity=MEANINGS,
        notes=[
            note
            for note in (
                tables.left_out.sentence,
                outlook.shift.sentence,
                outlook.access.sentence,
                INTERVAL,
                text.doubt,
            )
            if note
        ],
        most_crews=max(MOST_CREWS, 2 * crews.crews),
        most_per_day=max(MOST_PER_DAY, 2 * crews.per_day),
        most_wait=MOST_WAIT,
        crews=crews,
    )


def plan_data(tables: PlanTables, crews: Crews) -> dict[str, object]:
    """Return what the page computes from."""
    order = tables.order
    kinds = np.where(order.is_known, 2, np.where(order.is_assessed, 0, 1))
    return {
        "start": crews.start.isoformat(),
        "holidays": [day.isoformat() for day in crews.holidays],
        "milestones": [list(stone) for stone in MONTHS],
        "firstMonth": FIRST_MONTH,
        "all": ALL_VISITED,
        "districts": list(order.districts),
        "district": order.district.tolist(),
        "kind": kinds.tolist(),
        "listed": order.listed,
        "city": _course(tables.city),
        "byDistrict": [_course(course) for course in tables.by_district],
        "cityBest": tables.city_best.tolist(),
        "best": [best.tolist() for best in tables.best],
    }


def _course(course: Course) -> dict[str, list[int]]:
    return {
        "expected": course.expected.tolist(),
        "low": course.low.tolist(),
        "high": course.high.tolist(),
    }


def _json(facts: dict[str, object]) -> Markup:
    """Return facts as JSON that no text in it can end early."""
    text = json.dumps(facts, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(text)
