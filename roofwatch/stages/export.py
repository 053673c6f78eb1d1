"""`roofwatch export`: gather what a year and those before left, and write every product of it."""

import argparse
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from gis_export.fire.dispatch.findings import find_lost_findings, lost_findings
from gis_export.fire.dispatch.held_fires import find_lost_fires
from gis_export.fire.dispatch.state import newest_flyover, read_state
from gis_export.housing.worklist.what_if import WhatIf, parse_weights, what_if
from gis_export.parts import PartRunner
from gis_export.products import STEPS, Course, export_products
from gis_export.report.change import write_change
from gis_export.report.manifest import write_manifest
from gis_export.report.reach import write_reach_figures
from gis_export.table.priority import street_sides
from gis_export.table.rows import build_rows
from imagery.troubles import only_troubles
from roofwatch.answer import Answer
from roofwatch.borrowed_note import borrowed_note
from roofwatch.city_services import snapshot_facts
from roofwatch.drift_found import drift_note
from roofwatch.executors import Execution, map_batches
from roofwatch.miss_rate import find_visits, write_visits
from roofwatch.opened import open_year
from roofwatch.photo_facts import photo_facts
from roofwatch.progress import Progress
from roofwatch.scored_by import champion_note
from roofwatch.seal import LEDGER, read_seals
from roofwatch.sealed_files import seal_deliveries
from roofwatch.signature import check_key, sign_manifest
from roofwatch.stages.check import label_troubles
from roofwatch.waiting import hold_chips
from roofwatch.year import CityYear
from roofwatch.year_equity import levels_of, write_equity
from roofwatch.year_inputs import export_inputs, find_looks
from roofwatch.year_papers import write_year_papers
from roofwatch.year_plan import write_plan
from roofwatch.year_reach import reach_inputs, reach_notes
from roofwatch.year_report import write_year_report

OPENED = (".shp", ".gpkg", ".qgs", ".csv", ".xlsx", ".parquet", ".pmtiles", ".pdf")
"""Suffixes of the files that people open."""
PAGES = ("index.html", "year.html")
"""Pages that people open."""
SETS = ("evidence", "route_sheets", "phone_lists")
"""Folders of many sheets, which are named as folders."""


def command(options: argparse.Namespace) -> Answer:
    """Write every product, or say which parcels would change rank."""
    year = open_year(options)
    if options.what_if:
        found = other_points(year, options.what_if)
        return Answer(lines=found.lines(), facts=asdict(found))

    products = export(year)
    notes = export_notes(year)
    lines = [*opened_products(products), *(f"  note: {note}" for note in notes)]
    facts: dict[str, object] = {
        "products": [str(path) for path in products],
        "notes": list(notes),
    }
    return Answer(lines=lines, facts=facts)


def export_notes(year: CityYear) -> list[str]:
    """Say which findings dispatch misses, what did not match, and what could not be compared."""
    state = read_state(year.city.workspace.folder)
    lost: frozenset[str] = frozenset()
    if year.year >= newest_flyover(state):
        roll = year.roll.table["parcel_id"].tolist()
        lost = lost_findings(state, find_looks(year), until=year.year, roll=roll)

    fires = year.fires
    found = (
        find_lost_findings(lost),
        find_lost_fires(fires.latest, state),
        *fires.troubles,
        *label_troubles(year),
        *year.roll.troubles,
    )
    said = (champion_note(year), borrowed_note(year), drift_note(year), fires.line)
    notes = [note for note in said if note]
    notes += [*find_visits(year).sentences, *reach_notes(year)]
    return notes + [trouble.line for trouble in only_troubles(found)] + seal_notes(year)


def export(year: CityYear) -> list[Path]:
    """Write every product of a scored year.

    Raises:
        MissingInput: the year has no ledger yet.
        InputError: the roll is no longer the one that was scored.
        TamperedLedger: a ledger is not the one that was sealed.
    """
    with year.at_work("export"):
        return _export(year)


def _export(year: CityYear) -> list[Path]:
    check_key(year.file.audit.sign)
    hold_chips(year.city, "export")
    visits = find_visits(year)
    inputs = replace(export_inputs(year, visits=visits), reach=reach_inputs(year))
    levels = levels_of(year)
    folder = year.files.folder
    title = f"export {year.year}"

    with Progress(title, quiet=year.city.quiet) as progress:

        def show_step(step: str) -> None:
            progress.stage = f"{title}, {step}"
            progress.update(progress.done + 1, len(STEPS))

        products = export_products(
            inputs,
            folder,
            year.file.export,
            delivered=year.city.workspace.folder,
            course=Course(tell=show_step, run=_part_runner(year.city.execution)),
        )
        progress.stage = title

    plan = write_plan(year, inputs)
    write_change(inputs, folder)
    write_visits(year, visits)
    write_reach_figures(inputs.reach, year.files.report.reach)
    write_year_report(year, inputs, plan)
    write_equity(year, inputs, levels)
    write_year_papers(year, inputs)
    sources = snapshot_facts(year.file) | photo_facts(year.file, year.year)
    write_manifest(folder, inputs.roll.balance, sources)
    sign_manifest(year.files.report.manifest, year.file.audit.sign)
    seal_deliveries(year.city)
    year.city.log("export", f"{year.year}: {len(products)} files from run {inputs.run_id}")
    return [*products, year.files.report.year_page]


def _part_runner(execution: Execution) -> PartRunner | None:
    """Return what makes the long parts; None where there would be one process anyway."""
    if execution.count == 1 and execution.executor != "dask":
        return None
    return partial(map_batches, execution=execution)


def seal_notes(year: CityYear) -> list[str]:
    """Say when the ledger has no seal, as one that an earlier version wrote."""
    if (str(year.year), LEDGER) in read_seals(year.city.workspace.audit):
        return []
    return [
        f"{year.files.ledger}: audit.csv holds no checksum of it, so it could not be compared; "
        f"the next score of {year.year} writes one"
    ]


def other_points(year: CityYear, pairs: list[str]) -> WhatIf:
    """Say who would enter and leave the work list with other points; nothing is written.

    Raises:
        UsageError: a pair that is not KEY=POINTS, or no such key.
    """
    settings = year.file.export
    changed = parse_weights(pairs, settings.priority)
    inputs = export_inputs(year, photos=False)
    rows = build_rows(inputs, settings)
    sides = street_sides(inputs.roll, rows["PARCEL_ID"])
    return what_if(rows, inputs, sides, settings, changed)


def opened_products(products: list[Path]) -> list[str]:
    """Return the files that people open, of sheets and packets their folder.

    Parts of a shapefile pack and of the map folder are left out.
    """
    files: set[str] = set()
    for path in products:
        is_sheet = path.parent.name in SETS
        if is_sheet or path.suffix in OPENED or path.name in PAGES:
            files.add(str(path.parent if is_sheet else path))
    return sorted(files)
