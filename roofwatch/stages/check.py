"""`roofwatch check`: the intake report of a year, before any work."""

import argparse

from imagery.errors import InputError
from imagery.intake.inputs import IntakeInputs
from imagery.intake.page import write_intake
from imagery.intake.report import Intake, make_intake
from imagery.json_files import read_facts
from imagery.roll.roll_change import EarlierRoll, find_roll_change
from imagery.troubles import Trouble, only_troubles
from labels.files import Labels
from labels.settings import LabelFile
from models.database import database_path
from models.registry_look import find_registry_fault
from roofwatch.answer import FIX_FIRST, Answer
from roofwatch.city_services import snapshot_facts, snapshot_lines
from roofwatch.opened import open_year
from roofwatch.photo_facts import photo_facts, photo_lines, photo_troubles
from roofwatch.scored_by import expected_sentence
from roofwatch.sealed_photos import check_pixels
from roofwatch.stages.dispatch_inputs import dispatch_troubles
from roofwatch.stages.tile import shift_lines, tile
from roofwatch.year import CityYear
from roofwatch.year_equity import area_troubles
from roofwatch.year_reach import reach_troubles, reach_work


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
    if intake.roll_balance:
        lines.append(f"  vacancy file: {intake.roll_balance.line}")
    lines += [*snapshot_lines(year.file), *photo_lines(year.file, year.year)]
    lines += [f"  fix first: {line}" for line in intake.fixes]
    lines += [f"  note: {line}" for line in intake.warnings]
    sources = snapshot_facts(year.file) | photo_facts(year.file, year.year)
    facts = intake.answer() | {"sources": sources}
    if options.pixels and not intake.fixes:
        drift = pixel_drift(year)
        lines += [f"  drift: {drift}"] if drift else []
        facts["drift"] = drift
    lines.append(f"  work: {intake.work.sentence}")
    lines += [f"  work of {line}" for line in reach_work(year, intake.work)]
    expected = expected_sentence(year)
    lines += [f"  scored: {expected}"] if expected else []
    lines += [f"  report: {year.files.check_page}"]

    exit_code = FIX_FIRST if intake.fixes else 0
    return Answer(lines=lines, facts=facts, exit_code=exit_code)


def pixel_drift(year: CityYear) -> str:
    """Say in one line whether the flyover is like those that the champion learned from.

    Returns:
        "" where there is no champion yet; a server is not asked.
    """
    if year.file.mlflow.uri or not year.city.workspace.mlflow_db.exists():
        return ""

    # They load torch and MLflow, which a check of headers does without.
    from models.registry import alias_version
    from roofwatch.stages.drift import drift_of

    if alias_version(year.city.registry, "champion") is None:
        return ""
    drift = drift_of(year)
    return drift.note or f"{drift.grade.value}: like the flyovers that the champion learned from"


def check(year: CityYear, *, pixels: bool = False) -> Intake:
    """Write the intake report of a year.

    Args:
        year: The city in the year.
        pixels: Cut chips first and measure displaced tiles; without it headers are read only.

    Raises:
        TamperedFile: the flyover is a service, and kept tiles of it are damaged.
    """
    check_pixels(year.city, year.year)
    if pixels:
        tile(year)

    labels, troubles = find_labels(year)
    inputs = IntakeInputs(
        city=year.city.name,
        roll=year.roll,
        flyover=year.flyover,
        settings=year.file.tile,
        shifts=shift_lines(year),
        is_service=year.source.photos is not None,
        cores=year.city.execution.count,
        matches=(labels.matches,) if labels else (),
        troubles=(
            *change_troubles(year),
            *troubles,
            *dispatch_troubles(year),
            *registry_troubles(year),
            *photo_troubles(year.file, year.year),
            *reach_troubles(year),
            *area_troubles(year),
        ),
    )
    intake = make_intake(inputs)
    write_intake(intake, year.files.folder, expected=expected_sentence(year))
    return intake


def change_troubles(year: CityYear) -> tuple[Trouble, ...]:
    """Return whether the roll changed too much since the latest earlier year that is known."""
    rolls = (earlier_roll(before) for before in year.earlier)
    known = next((roll for roll in rolls if roll), None)
    if known is None:
        return ()
    ids = [str(parcel_id) for parcel_id in year.roll.table["parcel_id"]]
    change = find_roll_change(ids, known, max_change=year.file.vacant.max_change)
    return only_troubles([change])


def earlier_roll(year: CityYear) -> EarlierRoll | None:
    """Return the roll that a year was scored for, or else checked for; None where neither is.

    Raises:
        InputError: its check.json cannot be read.
    """
    ledger = year.find_ledger()
    if ledger is not None:
        ids = frozenset(str(parcel_id) for parcel_id in ledger.table["parcel_id"])
        return EarlierRoll(year=year.year, vacants=len(ids), parcel_ids=ids)
    if not year.files.check.exists():
        return None

    remedy = f"run check --year {year.year} again"
    vacants = read_facts(year.files.check, remedy=remedy).get("vacants")
    if not isinstance(vacants, int):
        raise InputError(f"{year.files.check} does not count the vacants; {remedy}")
    return EarlierRoll(year=year.year, vacants=vacants)


def label_troubles(year: CityYear) -> tuple[Trouble, ...]:
    """Return which labels cannot be used, or why none can; scoring needs none."""
    return find_labels(year)[1]


def find_labels(year: CityYear) -> tuple[Labels | None, tuple[Trouble, ...]]:
    """Return the labels, None where none can be read, and what was noticed."""
    source = year.file.labels
    try:
        labels = year.find_labels()
    except InputError as error:
        return None, (_no_label_trouble(source, error),)
    return labels, labels.troubles if labels else ()


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


def _no_label_trouble(source: LabelFile | None, error: InputError) -> Trouble:
    name = source.path.name if source else "book of looks"
    return Trouble(
        what="label files of which no label can be used",
        examples=(f"{name} ({error})",),
        remedy="correct them, or take [labels] or [looks] out of the city file",
        is_fix=True,
    )
