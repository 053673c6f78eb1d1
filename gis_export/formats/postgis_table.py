"""The table of a tier in PostGIS: its columns, how it is created, and how a year is replaced."""

from collections.abc import Iterator
from dataclasses import dataclass

import shapely
from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal
from pyproj import CRS

from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Field
from gis_export.table.tables import arrow_table, as_multi
from imagery.errors import CrsMismatch, InputError
from imagery.shapes import Shapes
from inference.hazard import USE_LIMIT

Database = Connection[tuple[object, ...]]

YEAR = "flyover_year"
"""Column of the year; with `parcel_id` the key of the table."""
GEOMETRY = "geom"
LATEST = "latest"
"""Ending of the name of the view that shows only the latest year."""
_TYPES = {"text": "text", "int": "integer", "real": "double precision", "date": "date"}

_FIND_POSTGIS = """
SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
WHERE extname = 'postgis'"""
_FIND_SRID = "SELECT srid FROM spatial_ref_sys WHERE auth_name = %s AND auth_srid::text = %s"
_FIND_SCHEMA = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
_FIND_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod)
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname = %s AND relname = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The table that is written."""

    schema: str
    """Schema of the database."""
    name: str
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

    @property
    def label(self) -> str:
        """Return what messages call the table."""
        return f"{self.schema}.{self.name}"

    @property
    def table(self) -> Identifier:
        """Return the table as SQL spells it."""
        return Identifier(self.schema, self.name)

    @property
    def view(self) -> Identifier:
        """Return the view of the latest year as SQL spells it."""
        return Identifier(self.schema, f"{self.name}_{LATEST}")


def find_srid(database: Database, crs: CRS) -> int:
    """Return the number of a CRS in this database.

    Also makes the names of PostGIS known to the connection, wherever it is installed.

    Raises:
        InputError: the database has no PostGIS.
        CrsMismatch: it does not know the CRS.
    """
    home = database.execute(_FIND_POSTGIS).fetchone()
    if home is None:
        raise InputError(
            f"database {database.info.dbname} has no PostGIS; "
            "ask its administrator for CREATE EXTENSION postgis"
        )
    database.execute(
        "SELECT set_config('search_path', quote_ident(%s) || ', pg_catalog', true)", home
    )

    authority, code = crs.to_authority() or ("", "0")
    known = database.execute(_FIND_SRID, (authority, code)).fetchone()
    if known is None:
        raise CrsMismatch(
            f"PostGIS does not know the CRS {crs.name!r}; set [export] crs to one with an EPSG code"
        )
    return int(str(known[0]))


def prepare(database: Database, target: Target) -> None:
    """Create schema, table and view when they do not exist, else check the table's columns.

    Raises:
        CrsMismatch: the table is in another CRS.
        InputError: the table has other columns.
    """
    if database.execute(_FIND_SCHEMA, (target.schema,)).fetchone() is None:
        database.execute(SQL("CREATE SCHEMA {}").format(Identifier(target.schema)))

    if not is_there(database, target):
        _create(database, target)


def is_there(database: Database, target: Target) -> bool:
    """Tell whether the table exists, and check its columns.

    Raises:
        CrsMismatch: the table is in another CRS.
        InputError: the table has other columns.
    """
    rows = database.execute(_FIND_COLUMNS, (target.schema, target.name)).fetchall()
    found = tuple((str(name), str(kind)) for name, kind in rows)
    if found:
        _check_columns(target, found)
    return bool(found)


def count_rows(database: Database, target: Target, year: int) -> int:
    """Return how many rows of a year the table has."""
    count = SQL("SELECT count(*) FROM {} WHERE {} = %s")
    found = database.execute(count.format(target.table, Identifier(YEAR)), (year,)).fetchone()
    return int(str(found[0])) if found else 0


def _check_columns(target: Target, found: tuple[tuple[str, str], ...]) -> None:
    *found_fields, found_geometry = found
    *wanted_fields, wanted_geometry = target.columns
    if found_fields == wanted_fields and found_geometry != wanted_geometry:
        raise CrsMismatch(
            f"{target.label} holds {found_geometry[1]}, got {wanted_geometry[1]}; "
            "set [export] crs to the table's, or rename the table"
        )

    if found != target.columns:
        odd = sorted({name for name, _ in set(found) ^ set(target.columns)})
        raise InputError(
            f"{target.label} has other columns than this version writes, "
            f"such as {', '.join(odd[:3])}; rename it and publish every year again"
        )


def _create(database: Database, target: Target) -> None:
    """Create table, index and view, and say what they hold."""
    year = Identifier(YEAR)
    columns = SQL(", ").join(
        SQL("{} {}").format(Identifier(name), SQL(kind)) for name, kind in target.columns
    )
    create_table = SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}, parcel_id))")
    database.execute(create_table.format(target.table, columns, year))

    create_index = SQL("CREATE INDEX ON {} USING gist ({})")
    database.execute(create_index.format(target.table, Identifier(GEOMETRY)))

    create_view = SQL("CREATE VIEW {} AS SELECT * FROM {} WHERE {} = (SELECT max({}) FROM {})")
    database.execute(create_view.format(target.view, target.table, year, year, target.table))
    _comment(database, target)


def _comment(database: Database, target: Target) -> None:
    """Store the use limit with table and view, and the meaning with every column."""
    latest = f"The latest year. {USE_LIMIT}"
    database.execute(SQL("COMMENT ON TABLE {} IS {}").format(target.table, Literal(USE_LIMIT)))
    database.execute(SQL("COMMENT ON VIEW {} IS {}").format(target.view, Literal(latest)))

    meanings = {field.alias: field.meaning for field in target.fields}
    meanings[YEAR] = "Year of the flyover."
    meanings[GEOMETRY] = "The parcel; null when it has no geometry."
    for name, meaning in meanings.items():
        column = Identifier(target.schema, target.name, name)
        database.execute(SQL("COMMENT ON COLUMN {} IS {}").format(column, Literal(meaning)))


def replace_year(database: Database, target: Target, table: ExportTable, year: int) -> int:
    """Replace the rows of a year and return how many were written."""
    # One run at a time; readers are not held up.
    lock = SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE")
    database.execute(lock.format(target.table))
    delete = SQL("DELETE FROM {} WHERE {} = %s")
    database.execute(delete.format(target.table, Identifier(YEAR)), (year,))

    names = SQL(", ").join(Identifier(name) for name, _ in target.columns)
    statement = SQL("COPY {} ({}) FROM STDIN").format(target.table, names)
    with database.cursor() as cursor, cursor.copy(statement) as copy:
        for row in _rows(target, table, year):
            copy.write_row(row)
    return len(table)


def _rows(target: Target, table: ExportTable, year: int) -> Iterator[tuple[object, ...]]:
    """Yield the cells of every row, in the order of the columns."""
    cells = arrow_table(table, target.fields, long_names=True).to_pydict()
    places = _hex_places(table.shapes, target.srid)
    for place, *values in zip(places, *cells.values(), strict=True):
        yield (year, *map(_without_nul, values), place)


def _hex_places(shapes: Shapes, srid: int) -> list[str | None]:
    """Return shapes as multipolygons in the hexadecimal form that PostGIS reads."""
    placed = shapely.set_srid(as_multi(shapes), srid)
    texts: list[str | None] = shapely.to_wkb(placed, hex=True, include_srid=True).tolist()
    return texts


def _without_nul(value: object) -> object:
    """Return a value without the character that PostgreSQL's text cannot hold."""
    return value.replace("\x00", "") if isinstance(value, str) else value
