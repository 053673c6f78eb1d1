"""The year's page and paper: report/year.html, year.pdf and resident.html."""

from gis_export.housing.plan.days import crews_of
from gis_export.housing.plan.tables import PlanTables
from gis_export.report.year.page import Verdict
from gis_export.report.year.write import write_year
from gis_export.table.inputs import ExportInputs
from inference.drift import MEANING
from roofwatch.drift_found import find_drift
from roofwatch.year import CityYear

NOT_CHECKED = Verdict(
    grade="", meaning="Nobody has checked whether these photos are like those before."
)


def write_year_report(year: CityYear, inputs: ExportInputs, plan: PlanTables) -> None:
    """Write the page of a year whose other products and reports are all written.

    Args:
        year: The city in the year.
        inputs: What the products of the year are made from.
        plan: The numbers of the planner.
    """
    crews = crews_of(year.file.export, inputs.today)
    write_year(year.files, inputs, crews, shift=plan.outlook.shift, verdict=verdict_of(year))


def verdict_of(year: CityYear) -> Verdict:
    """Return whether the photos of a year are like those that the model learned from."""
    found = find_drift(year.files.report, year=year.year)
    if found is None:
        return NOT_CHECKED
    return Verdict(grade=found.grade.value, meaning=found.note or MEANING[found.grade])
