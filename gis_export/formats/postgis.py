"""Publish a year to PostGIS: one table per tier, long names, and a view of the latest year.

Every year is kept beside the others. A year is replaced whole in one transaction: readers see the
old rows until the new ones are in, and a run that fails leaves the old ones. The schema of the
table never changes, so that maps on it keep working. Needs psycopg (the extra `postgres`); a
password never appears in a message.
"""

from typing import TYPE_CHECKING

from gis_export.formats.contents import ROOFS
from gis_export.formats.postgis_connection import connected
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier, fields_of

if TYPE_CHECKING:
    from gis_export.formats.postgis_connection import Database
    from gis_export.formats.postgis_table import Target


def publish(table: ExportTable, url: str, *, schema: str, tier: Tier, year: int) -> int:
    """Replace the rows of a year in `schema`.vacant_roofs_<tier>.

    Schema and table are created when they do not exist.

    Args:
        table: The rows of the export.
        url: The database, postgresql://USER:PASSWORD@HOST:PORT/DATABASE. Without a password
            ~/.pgpass or PGPASSWORD counts.
        schema: Schema of the table.
        tier: Whose fields the table holds.
        year: Year of the rows.

    Returns:
        The number of rows written.

    Raises:
        InputError: psycopg is not installed, or the database cannot be reached or written to.
        CrsMismatch: the database does not know the CRS of the rows, or the table is in another.
    """
    with connected(url) as connection:
        # Only now is it sure that psycopg is installed, which this module needs.
        from gis_export.formats.postgis_table import prepare, replace_year

        target = _target(connection, table, schema, tier)
        prepare(connection, target)
        return replace_year(connection, target, table, year)


def count_replaced(table: ExportTable, url: str, *, schema: str, tier: Tier, year: int) -> int:
    """Return how many rows `publish` would replace, and check that it could; nothing is changed.

    Raises:
        InputError: as `publish`.
        CrsMismatch: as `publish`.
    """
    with connected(url) as connection:
        from gis_export.formats.postgis_table import count_rows, is_there

        target = _target(connection, table, schema, tier)
        return count_rows(connection, target, year) if is_there(connection, target) else 0


def _target(connection: "Database", table: ExportTable, schema: str, tier: Tier) -> "Target":
    from gis_export.formats.postgis_table import Target, find_srid

    return Target(
        schema=schema,
        name=f"{ROOFS}_{tier.value.lower()}",
        fields=fields_of(tier),
        srid=find_srid(connection, table.crs),
    )
