"""`roofwatch publish`: the year's rows into a PostGIS database or an Esri feature layer."""

import argparse

from gis_export.fire.dispatch.spelling import as_dispatch_spells
from gis_export.formats.esri_layer import AGAIN, LayerPlan, apply_plan, plan_layer
from gis_export.formats.esri_target import open_target
from gis_export.formats.postgis import count_replaced, publish
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier
from gis_export.table.rows import build_table
from imagery.services.client import Client
from imagery.services.service import Service, is_service
from roofwatch.answer import Answer, count_lines
from roofwatch.audit import read_audit
from roofwatch.begun_publishes import begun_publishes, begun_text, ended_text
from roofwatch.opened import open_year
from roofwatch.progress import Progress
from roofwatch.year import CityYear
from roofwatch.year_inputs import export_inputs

KEPT = "nothing was changed"
DEPARTMENTS = (Tier.RESPONDER, Tier.HOUSING)
"""Departments that have a table or a layer."""


def command(options: argparse.Namespace) -> Answer:
    """Publish, and say how many rows went where; or only count them."""
    year = open_year(options)
    if is_service(options.to):
        return publish_layer(year, options.to, dry_run=options.dry_run)
    if options.dry_run:
        return count_year(year, options.to, schema=options.schema)

    counts = publish_year(year, options.to, schema=options.schema)
    lines = count_lines({f"rows in {table}": count for table, count in counts.items()})
    return Answer(lines=lines, facts={"rows": counts})


def publish_year(year: CityYear, url: str, *, schema: str) -> dict[str, int]:
    """Replace the year's rows of both departments; return how many by table.

    Raises:
        InputError: the database cannot be reached or written to.
    """
    table = year_table(year)
    counts = {}
    for tier in DEPARTMENTS:
        name = f"{schema}.vacant_roofs_{tier.value.lower()}"
        rows = rows_for(tier, table, year)
        counts[name] = publish(rows, url, schema=schema, tier=tier, year=year.year)

    year.city.log("publish", f"{year.year}: {len(table)} rows into schema {schema}")
    return counts


def count_year(year: CityYear, url: str, *, schema: str) -> Answer:
    """Count the rows that `publish_year` would replace, and by how many; nothing is changed.

    Raises:
        InputError: the database cannot be reached, or its tables cannot take the rows.
    """
    table = year_table(year)
    lines = []
    facts = {}
    for tier in DEPARTMENTS:
        name = f"{schema}.vacant_roofs_{tier.value.lower()}"
        there = count_replaced(table, url, schema=schema, tier=tier, year=year.year)
        lines.append(f"{len(table):7d} rows would replace {there} of {year.year} in {name}")
        facts[name] = {"there": there, "new": len(table)}
    return Answer(lines=[*lines, KEPT], facts={"dry_run": True, "rows": facts})


def publish_layer(year: CityYear, url: str, *, dry_run: bool) -> Answer:
    """Add or change the year's rows in a feature layer; or only count them.

    Raises:
        InputError: the service failed, or the layer cannot take the rows.
        Refused: anybody can read the layer.
    """
    service = Service(section="", address=url)
    client = Client(service=service, settings=year.file.snapshot, kept=KEPT, again=AGAIN)
    target = open_target(client)
    plan = plan_layer(rows_for(target.tier, year_table(year), year), target, year.year)
    counts = plan.counts

    place = f"{service.shown} ({target.tier.value})"
    if not dry_run:
        send_plan(year, plan, place)

    words = {
        f"rows of {year.year} to add" if dry_run else f"rows of {year.year} added": counts.added,
        "rows to change" if dry_run else "rows changed": counts.changed,
        "rows that are there already": counts.same,
        "rows of the year that are of no parcel of this export, left as they are": counts.left,
    }
    lines = [place, *count_lines(words), *([KEPT] if dry_run else [])]
    facts: dict[str, object] = {
        "layer": service.shown,
        "tier": target.tier.value,
        "dry_run": dry_run,
        "added": counts.added,
        "changed": counts.changed,
        "same": counts.same,
        "left": counts.left,
    }
    return Answer(lines=lines, facts=facts)


def send_plan(year: CityYear, plan: LayerPlan, place: str) -> None:
    """Send what differs, and write into the log when it begins and when it has ended.

    Raises:
        InputError: the service failed, or refused a row.
    """
    count = len(plan.edits)
    if count:
        # A run that is killed leaves this line without the other one.
        year.city.log("publish", begun_text(year.year, count, place))
        with Progress("publish", quiet=year.city.quiet) as progress:
            progress.total = count
            apply_plan(plan, progress.advance)
    elif (year.year, place) not in begun_publishes(read_audit(year.city.workspace.audit)):
        return
    year.city.log("publish", ended_text(year.year, count, place))


def year_table(year: CityYear) -> ExportTable:
    """Return the rows of the year."""
    return build_table(export_inputs(year, photos=False), year.file.export)


def rows_for(tier: Tier, table: ExportTable, year: CityYear) -> ExportTable:
    """Return the rows as the products of a department have them."""
    if tier is Tier.RESPONDER:
        return as_dispatch_spells(table, year.file.export.dispatch)
    return table
