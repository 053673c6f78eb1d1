"""The papers of a year: model card, datasheet, risk table and fact sheet in report/."""

from gis_export.report.papers.write import Trained, write_papers
from gis_export.table.inputs import ExportInputs
from roofwatch.drift_found import find_drift
from roofwatch.year import CityYear
from roofwatch.year_equity import trained_in
from roofwatch.year_report import verdict_of


def write_year_papers(year: CityYear, inputs: ExportInputs) -> None:
    """Write the papers of a year whose other products and reports are all written.

    Args:
        year: The city in the year.
        inputs: What the products of the year are made from.
    """
    found = find_drift(year.files.report, year=year.year)
    write_papers(
        year.files,
        inputs,
        trained=_training(year),
        verdict=verdict_of(year),
        despite=found.despite if found else "",
    )


def _training(year: CityYear) -> Trained | None:
    """Return the training of the model that scored a year; None where its figures are not here."""
    path = year.files.report.model_evaluation
    if not path.exists():
        return None
    trained = trained_in(year)
    return Trained(
        year=str(trained.year) if trained else "",
        file=path.relative_to(year.files.folder).as_posix(),
    )
