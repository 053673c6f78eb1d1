"""The database of the book: how it is reached, how it is written, and what it says in one line."""

import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from imagery.errors import InputError, first_line

BUSY_S = 30
"""How long a writer waits for another one, seconds."""
_WRITES = "roofwatch_writes"
"""Option of a connection that is going to write."""
_WANTED = "want sqlite:////folder/looks.db or postgresql://USER@HOST:PORT/DATABASE"
_SCHEMA_LOCK = 7_461_922
"""Number of the lock under which tables are made; any number that no other program takes."""
_WRITE_LOCK = 7_461_923
"""Number of the lock under which looks are written. `LOCK TABLE` would ask for the right to change
or remove rows, which a role that only adds looks must not have."""
_LOCK = f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})"
"""What a writer asks of PostgreSQL, so that two do not write the same look at once."""


def file_url(path: Path) -> str:
    """Return the address of an SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def sqlite_path(url: str) -> Path | None:
    """Return the file of an address, None for a database that is no file.

    Raises:
        InputError: the address cannot be read.
    """
    address = _read_url(url)
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None


def make_engine(url: str) -> Engine:
    """Return the database of an address; nothing is connected yet, and no file stays open.

    Up to two connections to PostgreSQL are kept for the next look: to connect takes longer
    than to write.

    Raises:
        InputError: the address cannot be read, or psycopg is not installed.
    """
    address = _read_url(url)
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "")
        if path.exists() and not os.access(path.parent, os.W_OK):
            return _read_only_engine(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(address, connect_args={"timeout": BUSY_S}, poolclass=NullPool)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    try:
        engine = create_engine(
            address,
            connect_args={"connect_timeout": 15, "application_name": "roofwatch"},
            pool_pre_ping=True,  # a server that was started again meanwhile is no error
            pool_size=2,
        )
    except ImportError as error:
        raise InputError(
            "[looks] url: a PostgreSQL database needs psycopg, which is not installed; "
            "install roofwatch with its extra: pip install 'roofwatch[postgres]'"
        ) from error
    weakref.finalize(engine, engine.pool.dispose)
    return engine


def _read_only_engine(path: Path) -> Engine:
    """Return a database in a folder where nothing can be written, not even SQLite's side files."""
    address = f"{path.as_uri()}?mode=ro&immutable=1"
    return create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool
    )


def _read_url(url: str) -> URL:
    """Return an address; one that cannot be read is not quoted, since it may hold a password."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise InputError(f"[looks] url: the address cannot be read, {_WANTED}") from None

    if address.drivername in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    if address.drivername == "postgresql+psycopg":
        return address
    if address.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise InputError(f"[looks] url: got {address.drivername}, {_WANTED}")
    if not Path(address.database or "").is_absolute() or address.query:
        raise InputError(f"[looks] url: got {address.database!r}, want a whole path; {_WANTED}")
    return address


def _set_up_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    # Begun by `_begin_sqlite`: Python's own transactions begin too late.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine, *, lock: str = _LOCK) -> Iterator[Connection]:
    """Yield a connection in a transaction that no other writer shares.

    Args:
        engine: The database.
        lock: What is asked of PostgreSQL for that; SQLite has one writer at a time.
    """
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text(lock))
        yield connection


def writing_schema(engine: Engine) -> AbstractContextManager[Connection]:
    """Return a connection that alone makes tables."""
    return writing(engine, lock=f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")


@contextmanager
def one_line(url: URL) -> Iterator[None]:
    """Turn what a database says into one line, without the password.

    Raises:
        InputError: it cannot be reached, or refuses a statement; nothing was changed.
    """
    try:
        yield
    except DBAPIError as error:
        line = first_line(error.orig or error)
        if url.password:
            line = line.replace(str(url.password), "***")
        place = url.render_as_string(hide_password=True)
        raise InputError(
            f"[looks] url: {place}: {line}; nothing was changed; "
            "check the address, its rights and free disk space"
        ) from error
