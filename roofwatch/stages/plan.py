"""`roofwatch plan`: what so many crews find by when, as a few lines and as report/plan.html."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict

from gis_export.housing.plan.days import ALL_VISITED, crews_of
from gis_export.housing.plan.summary import INTERVAL, PlanSummary, summarize
from gis_export.housing.plan.tables import PlanTables
from roofwatch.answer import Answer
from roofwatch.opened import open_year
from roofwatch.scored_by import share_failing
from roofwatch.year import CityYear
from roofwatch.year_inputs import export_inputs
from roofwatch.year_plan import OtherCrews, write_plan


def command(options: argparse.Namespace) -> Answer:
    """Say what crews find by when."""
    year = open_year(options)
    other = OtherCrews(crews=options.crews, per_day=options.per_day, start=options.start)
    tables = plan(year)

    crews = other.instead_of(crews_of(year.file.export, year.today))
    summary = summarize(tables, crews)
    notes = plan_notes(year, tables)
    page = year.files.report.plan
    lines = [
        f"{year.city.name} {year.year}: {summary.title}",
        *_table_lines(summary),
        f"  {summary.borders.sentence}",
        *(f"  note: {note}" for note in notes),
        f"  page: {page}",
    ]
    return Answer(lines=lines, facts=_facts(summary, notes) | {"page": str(page)})


def plan(year: CityYear) -> PlanTables:
    """Write report/plan.html, and return its numbers.

    Raises:
        MissingInput: the year has no ledger yet.
        InputError: the roll is no longer the one that was scored.
        TamperedLedger: a ledger is not the one that was sealed.
    """
    with year.at_work("plan"):
        tables = write_plan(year, export_inputs(year, photos=False))
        year.city.log("plan", f"{year.year}: {tables.visits} visits")
    return tables


def plan_notes(year: CityYear, tables: PlanTables) -> list[str]:
    """Say what is counted, and what is not."""
    share = share_failing(year)
    outlook = tables.outlook
    said = (
        tables.left_out.sentence,
        outlook.shift.sentence,
        outlook.access.sentence,
        INTERVAL,
        share.sentence if share else "",
    )
    return [sentence for sentence in said if sentence]


def _table_lines(summary: PlanSummary) -> Iterator[str]:
    """Yield a line for each day by which finds are told, then the districts."""
    for row in summary.rows:
        name = "all visited" if row.name == ALL_VISITED else row.name
        yield (
            f"  {name:<11}  by {row.last}  {row.city.visits:>7,} visits  "
            f"{row.city.text} failing roofs"
        )

    districts = [f"{row.name} {row.finds.text}" for row in summary.districts]
    if districts:
        yield f"  the first month by district: {'; '.join(districts)}"


def _facts(summary: PlanSummary, notes: list[str]) -> dict[str, object]:
    crews = summary.crews
    return {
        "crews": crews.crews,
        "visits_a_day": crews.per_day,
        "first_day": crews.first_day.isoformat(),
        "by_day": [asdict(row) for row in summary.rows],
        "first_month_by_district": [asdict(row) for row in summary.districts],
        "borders": {**asdict(summary.borders), "sentence": summary.borders.sentence},
        "notes": notes,
    }
