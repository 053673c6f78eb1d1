"""`roofwatch check`: the intake report of a year, before any work."""

import argparse

from imagery.errors import InputError
from imagery.intake.inputs import IntakeInputs
from imagery.intake.page import write_intake
from imagery.intake.report import Intake, make_intake
from labels.files import read_labels
from roofwatch.answer import FIX_FIRST, Answer
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

    inputs = IntakeInputs(
        city=year.city.name,
        roll=year.roll,
        flyover=year.flyover,
        settings=year.file.tile,
        shifts=shift_lines(year),
        notes=describe_labels(year),
    )
    intake = make_intake(inputs)
    write_intake(intake, year.files.folder)
    return intake


def describe_labels(year: CityYear) -> tuple[str, ...]:
    """Say which labels cannot be used, or why none can; scoring needs none."""
    if year.file.labels is None:
        return ()
    try:
        labels = read_labels(year.file.labels, year.roll, until=year.year)
    except InputError as error:
        return (f"no label can be used: {error}",)
    return labels.notes
