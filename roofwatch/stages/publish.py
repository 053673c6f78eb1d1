"""`roofwatch publish`: replace the year's rows in a PostGIS database."""

import argparse

from gis_export.formats.postgis import publish
from gis_export.table.fields import Tier
from gis_export.table.rows import build_table
from roofwatch.answer import Answer, count_lines
from roofwatch.opened import open_year
from roofwatch.stages.export import export_inputs
from roofwatch.year import CityYear


def command(options: argparse.Namespace) -> Answer:
    """Publish, and say how many rows went where."""
    counts = publish_year(open_year(options), options.to, schema=options.schema)
    lines = count_lines({f"rows in {table}": count for table, count in counts.items()})
    return Answer(lines=lines, facts={"rows": counts})


def publish_year(year: CityYear, url: str, *, schema: str) -> dict[str, int]:
    """Replace the year's rows of both departments; return how many by table.

    Raises:
        InputError: the database cannot be reached or written to.
    """
    inputs = export_inputs(year, photos=False)
    table = build_table(inputs, year.file.export)

    counts = {}
    for tier in (Tier.RESPONDER, Tier.HOUSING):
        name = f"{schema}.vacant_roofs_{tier.value.lower()}"
        counts[name] = publish(table, url, schema=schema, tier=tier, year=year.year)

    year.city.log("publish", f"{year.year}: {len(table)} rows into schema {schema}")
    return counts
