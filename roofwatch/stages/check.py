"""`roofwatch check`: the intake report of a year, before any work."""

import argparse

from imagery.errors import InputError
from imagery.intake.inputs import IntakeInputs
from imagery.intake.page import write_intake
from imagery.intake.report import Intake, make_intake
from imagery.roll.troubles import Trouble
from labels.files import LabelFile, Labels, read_labels
from models.database import database_path
from models.registry_look import find_registry_fault
from roofwatch.answer import FIX_FIRST, Answer
from roofwatch.stages.dispatch_inputs import dispatch_troubles
from roofwatch.stages.tile import shift_lines, tile
from roofwatch.year import CityYear, open_year


def command(options: argparse.Namespace) -> Answer:
    """Say what is there and what is missing."""
    year = open_year(options)
    intake = check(year, pixels=options.pixels)

    lines = [
        f"{intake.city} {intake.year}: {intake.verdict}",
        f"  {intake.tiles} tiles; of {intake.vacants} vacants {intake.vacants_covered} covered, "
        f"{intake.vacants_partly_covered} partly, {intake.vacants_uncovered} not",
        f"  {len(intake.notices_unmatched)} of {intake.notices} notices match no parcel; "
        f"{intake.notices_joined_by_place} joined by place",
    ]
    lines += [f"  {count.line}" for count in intake.matches]
    lines += [f"  fix first: {line}" for line in intake.fixes]
    lines += [f"  note: {line}" for line in intake.warnings]
    lines += [f"  report: {year.files.check_page}"]

    exit_code = FIX_FIRST if intake.fixes else 0
    return Answer(lines=lines, facts=intake.answer(), exit_code=exit_code)


def check(year: CityYear, *, pixels: bool = False) -> Intake:
    """Write the intake report of a year.

    Args:
        year: The city in the year.
        pixels: Cut chips first and measure displaced tiles; without it headers are read only.
    """
    if pixels:
        tile(year)

    labels, troubles = find_labels(year)
    inputs = IntakeInputs(
        city=year.city.name,
        roll=year.roll,
        flyover=year.flyover,
        settings=year.file.tile,
        shifts=shift_lines(year),
        matches=(labels.matches,) if labels else (),
        troubles=(*troubles, *dispatch_troubles(year), *registry_troubles(year)),
    )
    intake = make_intake(inputs)
    write_intake(intake, year.files.folder)
    return intake


def label_troubles(year: CityYear) -> tuple[Trouble, ...]:
    """Return which labels cannot be used, or why none can; scoring needs none."""
    return find_labels(year)[1]


def find_labels(year: CityYear) -> tuple[Labels | None, tuple[Trouble, ...]]:
    """Return the labels, None where none can be read, and what was noticed."""
    if year.file.labels is None:
        return None, ()
    try:
        labels = read_labels(year.file.labels, year.roll, until=year.year)
    except InputError as error:
        return None, (_no_label_trouble(year.file.labels, error),)
    return labels, labels.troubles


def registry_troubles(year: CityYear) -> tuple[Trouble, ...]:
    """Return why no model could be registered in the workspace; a server is not asked."""
    uri = year.file.mlflow.uri
    path = database_path(uri) if uri else year.city.workspace.mlflow_db
    fault = find_registry_fault(path, year.city.name) if path else ""
    if not fault:
        return ()
    what, _, remedy = fault.partition("; ")
    trouble = Trouble(
        what="MLflow's database cannot be used",
        examples=(what,),
        remedy=remedy,
        is_fix=True,
    )
    return (trouble,)


def _no_label_trouble(source: LabelFile, error: InputError) -> Trouble:
    return Trouble(
        what="label files of which no label can be used",
        examples=(f"{source.path.name} ({error})",),
        remedy="correct them, or take [labels] out of the city file",
        is_fix=True,
    )
