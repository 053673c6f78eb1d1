"""The planner of a year: its numbers, and report/plan.html."""

from dataclasses import dataclass, replace
from datetime import date

from gis_export.housing.plan.days import Crews, crews_of
from gis_export.housing.plan.tables import PlanTables, build_plan, outlook_of
from gis_export.report.plan_page import PageText, write_plan_page
from gis_export.table.inputs import ExportInputs
from gis_export.table.rows import build_rows
from roofwatch.year import CityYear


@dataclass(frozen=True, kw_only=True)
class OtherCrews:
    """What a command line says instead of the city file."""

    crews: int = 0
    """Crews; 0 for those of the city file."""
    per_day: int = 0
    """Visits a day; 0 for those of the city file."""
    start: date | None = None
    """First day; None for that of the city file."""

    def instead_of(self, crews: Crews) -> Crews:
        """Return the crews of a city file with what is said instead."""
        return replace(
            crews,
            crews=self.crews or crews.crews,
            per_day=self.per_day or crews.per_day,
            start=self.start or crews.start,
        )


def write_plan(year: CityYear, inputs: ExportInputs) -> PlanTables:
    """Write report/plan.html for the crews of the city file.

    Args:
        year: The city in the year.
        inputs: What the products of the year are made from.

    Returns:
        The numbers of the planner.
    """
    settings = year.file.export
    rows = build_rows(inputs, settings)
    tables = build_plan(rows, outlook_of(rows, inputs, settings), settings.visits)
    text = PageText(
        city=inputs.city,
        year=inputs.year,
        foot=inputs.foot,
        doubt=inputs.share.sentence if inputs.share else "",
    )
    write_plan_page(year.files.report.plan, tables, crews_of(settings, inputs.today), text)
    return tables
