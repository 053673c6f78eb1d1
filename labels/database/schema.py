"""Making the tables of the book, and bringing older ones up to date."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, table
from sqlalchemy import column as plain_column

from imagery.errors import InputError
from labels.database.server import writing_schema

NEWEST = "0001"
"""Revision of the newest migration."""
VERSION_TABLE = "looks_version"
"""Where the revision of a database is kept; MLflow may have tables of its own beside it."""
MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest revision; several processes may start at once.

    Raises:
        InputError: a later version of roofwatch has written the database.
    """
    with engine.connect() as connection:
        if _revision(connection) == NEWEST:
            return

    with writing_schema(engine) as connection:
        found = _revision(connection)
        if found and found > NEWEST:
            raise InputError(
                f"[looks] url: the database is of revision {found}, this roofwatch knows "
                f"{NEWEST}; install the newest roofwatch"
            )
        if found != NEWEST:
            _upgrade(connection)


def _revision(connection: Connection) -> str:
    """Return the revision of a database, "" where it has no tables of the book."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ""
    versions = table(VERSION_TABLE, plain_column("version_num"))
    return str(connection.execute(select(versions.c.version_num)).scalar() or "")


def _upgrade(connection: Connection) -> None:
    # Loaded only where tables have to be made: the start of every command is felt.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
