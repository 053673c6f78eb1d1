"""Publish a year to PostGIS: one table per tier, long names, every year beside the others, and a view of the latest.

A year is replaced whole in one transaction: readers see the old rows until the new ones are in, and a run that fails
leaves the old ones. The schema of the table never changes, so that maps on it go on working. Needs psycopg (the extra
`postgres`); a password never stands in a message.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import shapely
from pyproj import CRS

from gis_export.formats.contents import ROOFS
from gis_export.table.fields import Field, Tier, fields_of
from gis_export.table.tables import arrow_table, with_geometry
from imagery.errors import CrsMismatch, InputError
from inference.hazard import USE_LIMIT

if TYPE_CHECKING:
    from psycopg import Connection

YEAR = "flyover_year"
"""Column of the year; with `parcel_id` the key of the table."""
GEOMETRY = "geom"
LATEST = "latest"
"""Ending of the name of the view that shows the latest year alone."""
_TYPES = {"text": "text", "int": "integer", "real": "double precision", "date": "date"}
_TIMEOUT_S = "15"
_WANTED = "postgresql://USER@HOST:PORT/DATABASE"
# A password with one of these characters in it would be read as a host, and end in a message.
_ADDRESS = re.compile(r"postgres(ql)?://([^@/?#]*@)?[^@]*")


@dataclass(frozen=True, kw_only=True)
class _Target:
    """The table that is written."""

    schema: str
    """Schema of the database."""
    table: str
    """Name of the table."""
    fields: tuple[Field, ...]
    """Its fields between year and geometry."""
    srid: int
    """Number of the CRS in this database."""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Return name and type of every column, in order."""
        named = tuple((field.alias, _TYPES[field.kind]) for field in self.fields)
        return ((YEAR, "integer"), *named, (GEOMETRY, f"geometry(MultiPolygon,{self.srid})"))


def publish(rows: gpd.GeoDataFrame, url: str, *, schema: str, tier: Tier, year: int) -> int:
    """Replace the rows of a year in `schema`.vacant_roofs_<tier>; the table is made where there is none.

    Args:
        rows: The rows of the export.
        url: The database, postgresql://USER:PASSWORD@HOST:PORT/DATABASE; without a password ~/.pgpass or PGPASSWORD counts.
        schema: Schema of the table; it is made where there is none.
        tier: Whose fields the table holds.
        year: Year of the flyover that `rows` tell of.

    Returns:
        The number of rows written.

    Raises:
        InputError: psycopg is not installed, or the database cannot be reached or written to.
        CrsMismatch: the database does not know the CRS of the rows, or the table is in another.
    """
    table = f"{ROOFS}_{tier.value.lower()}"
    with _connected(url) as connection:
        target = _Target(
            schema=schema,
            table=table,
            fields=fields_of(tier),
            srid=_srid(connection, CRS(rows.crs)),
        )
        _prepare(connection, target)
        return _replace(connection, target, rows, year)


@contextmanager
def _connected(url: str) -> "Iterator[Connection[tuple[object, ...]]]":
    """Yield a connection whose transaction is committed at the end, and turn what the database says into one line."""
    parts = _parts(url)
    import psycopg

    where, password = (
        f"{parts.get('host') or 'this machine'}, database {parts.get('dbname') or parts.get('user') or ''}",
        parts.get("password"),
    )
    try:
        connection = psycopg.connect(
            url,
            connect_timeout=parts.get("connect_timeout", _TIMEOUT_S),
            application_name="roofwatch",
        )
    except psycopg.Error as error:
        raise InputError(
            f"cannot connect to {where}: {_said(error, password)}; check host, port, database, user and password"
        ) from error
    user = connection.info.user
    try:
        with connection:
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise InputError(
            f"{where}: {_said(error, password)}; ask its administrator to grant this to user {user}; nothing was changed"
        ) from error
    except psycopg.Error as error:
        raise InputError(f"{where}: {_said(error, password)}; nothing was changed") from error


def _parts(url: str) -> dict[str, str]:
    """Return the parts of an address; what cannot be read is not quoted, since a password may stand in it."""
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise InputError(
            "publishing needs psycopg, which is not installed; install roofwatch with its extra: pip install 'roofwatch[postgres]'"
        ) from error
    refusal = InputError(
        f"the address of the database cannot be read, want {_WANTED}; write @ : / ? # % of a password as %40 %3A %2F %3F %23 %25"
    )
    if not _ADDRESS.fullmatch(url):
        raise refusal
    try:
        return {
            name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None
        }
    except ProgrammingError:
        raise refusal from None


def _said(error: Exception, password: str | None) -> str:
    """Return the first line of what a database says, without the password."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line.replace(password, "***") if password else line


def _srid(connection: "Connection[tuple[object, ...]]", crs: CRS) -> int:
    """Return the number of a CRS in this database, and let the names of PostGIS be found wherever it is installed."""
    home = connection.execute(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'postgis'"
    ).fetchone()
    if home is None:
        raise InputError(
            f"database {connection.info.dbname} has no PostGIS; ask its administrator for CREATE EXTENSION postgis"
        )
    connection.execute(
        "SELECT set_config('search_path', quote_ident(%s) || ', pg_catalog', true)", home
    )
    name, code = crs.to_authority() or ("", "0")
    known = connection.execute(
        "SELECT srid FROM spatial_ref_sys WHERE auth_name = %s AND auth_srid::text = %s",
        (name, code),
    ).fetchone()
    if known is None:
        raise CrsMismatch(
            f"PostGIS does not know the CRS {crs.name!r}; set [export] crs to one with an EPSG code"
        )
    return int(str(known[0]))


def _prepare(connection: "Connection[tuple[object, ...]]", target: _Target) -> None:
    """Make schema, table and view where they are missing; else hold the table's columns against ours."""
    if (
        connection.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = %s", (target.schema,)
        ).fetchone()
        is None
    ):
        from psycopg.sql import SQL, Identifier

        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(target.schema)))
    found = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = %s AND relname = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (target.schema, target.table),
    ).fetchall()
    if not found:
        _create(connection, target)
        return
    columns = tuple((str(name), str(kind)) for name, kind in found)
    if columns[:-1] == target.columns[:-1] and columns[-1] != target.columns[-1]:
        raise CrsMismatch(
            f"{target.schema}.{target.table} holds {columns[-1][1]}, got {target.columns[-1][1]}; set [export] crs to the table's, or rename the table"
        )
    if columns != target.columns:
        off = sorted({name for name, _ in set(columns) ^ set(target.columns)})
        raise InputError(
            f"{target.schema}.{target.table} has other columns than this version writes, such as {', '.join(off[:3])}; rename it and publish every year again"
        )


def _create(connection: "Connection[tuple[object, ...]]", target: _Target) -> None:
    from psycopg.sql import SQL, Identifier, Literal

    table = Identifier(target.schema, target.table)
    latest = Identifier(target.schema, f"{target.table}_{LATEST}")
    columns = SQL(", ").join(
        SQL("{} {}").format(Identifier(name), SQL(kind)) for name, kind in target.columns
    )
    connection.execute(
        SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}, parcel_id))").format(
            table, columns, Identifier(YEAR)
        )
    )
    connection.execute(
        SQL("CREATE INDEX ON {} USING gist ({})").format(table, Identifier(GEOMETRY))
    )
    connection.execute(
        SQL("CREATE VIEW {} AS SELECT * FROM {} WHERE {} = (SELECT max({}) FROM {})").format(
            latest, table, Identifier(YEAR), Identifier(YEAR), table
        )
    )
    connection.execute(SQL("COMMENT ON TABLE {} IS {}").format(table, Literal(USE_LIMIT)))
    connection.execute(
        SQL("COMMENT ON VIEW {} IS {}").format(latest, Literal(f"The latest year. {USE_LIMIT}"))
    )
    meanings = {field.alias: field.meaning for field in target.fields} | {
        YEAR: "Year of the flyover.",
        GEOMETRY: "The parcel; null where it has no place.",
    }
    for name, meaning in meanings.items():
        connection.execute(
            SQL("COMMENT ON COLUMN {} IS {}").format(
                Identifier(target.schema, target.table, name), Literal(meaning)
            )
        )


def _replace(
    connection: "Connection[tuple[object, ...]]", target: _Target, rows: gpd.GeoDataFrame, year: int
) -> int:
    from psycopg.sql import SQL, Identifier

    table = Identifier(target.schema, target.table)
    connection.execute(
        SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(table)
    )  # one run at a time; readers go on
    connection.execute(SQL("DELETE FROM {} WHERE {} = %s").format(table, Identifier(YEAR)), (year,))
    cells = with_geometry(
        arrow_table(rows, target.fields, long_names=True), rows, multi=True
    ).to_pydict()
    shapes = shapely.set_srid(shapely.from_wkb(cells.pop("geometry")), target.srid)
    places = shapely.to_wkb(shapes, hex=True, include_srid=True)
    names = SQL(", ").join(Identifier(name) for name, _ in target.columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(table, names)) as copy,
    ):
        for place, *values in zip(places, *cells.values(), strict=True):
            copy.write_row(
                (
                    year,
                    *(
                        value.replace("\x00", "") if isinstance(value, str) else value
                        for value in values
                    ),
                    place,
                )
            )
    return len(rows)
