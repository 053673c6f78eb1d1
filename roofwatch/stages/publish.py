"""`roofwatch publish`: the year's rows into a PostGIS database or an Esri feature layer."""

import argparse

from gis_export.fire.dispatch.spelling import as_dispatch_spells
from gis_export.formats.esri_layer import AGAIN, apply_plan, plan_layer
from gis_export.formats.esri_target import open_target
from gis_export.formats.postgis import count_replaced, publish
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier
from gis_export.table.rows import build_table
from imagery.services.client import Client
from imagery.services.service import Service, is_service
from roofwatch.answer import Answer, count_lines
from roofwatch.opened import open_year
from roofwatch.progress import Progress
from roofwatch.stages.export import export_inputs
from roofwatch.year import CityYear

KEPT = "nothing was changed"


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
    tables = year_tables(year)
    counts = {}
    for tier, table in tables.items():
        name = f"{schema}.vacant_roofs_{tier.value.lower()}"
        counts[name] = publish(table, url, schema=schema, tier=tier, year=year.year)

    rows = len(tables[Tier.HOUSING])
    year.city.log("publish", f"{year.year}: {rows} rows into schema {schema}")
    return counts


def count_year(year: CityYear, url: str, *, schema: str) -> Answer:
    """Count the rows that `publish_year` would replace, and by how many; nothing is changed.

    Raises:
        InputError: the database cannot be reached, or its tables cannot take the rows.
    """
    lines = []
    facts = {}
    for tier, table in year_tables(year).items():
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
    plan = plan_layer(year_tables(year)[target.tier], target, year.year)
    counts = plan.counts

    place = f"{service.shown} ({target.tier.value})"
    if len(plan.edits) and not dry_run:
        # A run that is killed leaves this line without the other one.
        year.city.log("publish", f"{year.year}: begin {len(plan.edits)} rows in {place}")
        with Progress("publish", quiet=year.city.quiet) as progress:
            progress.total = len(plan.edits)
            apply_plan(plan, progress.advance)
        year.city.log("publish", f"{year.year}: {len(plan.edits)} rows in {place}")

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


def year_tables(year: CityYear) -> dict[Tier, ExportTable]:
    """Return the rows of the year as the products of each department have them."""
    settings = year.file.export
    table = build_table(export_inputs(year, photos=False), settings)
    return {Tier.RESPONDER: as_dispatch_spells(table, settings.dispatch), Tier.HOUSING: table}
