"""MLflow's SQLite database: complete or not there, even when a process is killed or a disk fills.

MLflow creates and upgrades its database by some sixty migrations that are not one transaction. A
database whose migrations were cut short never opens again. So all of this happens in a second file
beside the database, which is renamed into its place when it is complete.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from imagery.errors import InputError
from models.database_errors import WAIT, one_line

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

LOCK_S = 600
"""How long a start waits for another one that makes or upgrades the database, in seconds."""
BUSY_S = 20
"""How long a program that writes into the database is waited for, in seconds."""
DRIVER = "sqlite+pysqlite"
"""SQLAlchemy's whole name of the driver."""
SIDE_FILES = ("-journal", "-wal", "-shm")
"""Endings of the files that SQLite keeps beside a database."""
NO_CONTENT = ("alembic_version", "sqlite_sequence", "workspaces")
"""Tables that describe no run and no model, whatever rows they have."""


def prepare_database(uri: str) -> None:
    """Create, upgrade or repair the SQLite file of an MLflow address.

    A file that is complete is left as it is, and so is an address of anything else.

    Raises:
        InputError: the file cannot be created or opened. What it holds was not changed.
    """
    path = database_path(uri)
    if path is None:
        return

    with one_line(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.parent.is_dir():
            raise InputError(f"[mlflow] uri: {path.parent} is not a folder; create it first")
        if _is_complete(path) and not _has_leftovers(path):
            return

        with _alone(path):
            _remove(_hidden(path, "new"))
            if not path.exists():
                _create(path, uri)
            elif not _is_complete(path):
                _replace(path, uri)


def database_address(path: Path) -> str:
    """Return the address of an SQLite file, whatever characters its path has."""
    from sqlalchemy.engine import URL, make_url

    plain = f"sqlite:///{path}"
    read = make_url(plain)
    if read.database == str(path) and not read.query:
        return plain

    # By the short name of the driver MLflow would make a folder of the name in quotes.
    return URL.create(DRIVER, database=str(path)).render_as_string()


def is_sqlite(uri: str) -> bool:
    """Tell whether an address names an SQLite database."""
    return uri.startswith(("sqlite:", f"{DRIVER}:"))


def database_path(uri: str) -> Path | None:
    """Return the file of an SQLite address as SQLAlchemy reads it, None for any other address."""
    from sqlalchemy.engine import make_url

    if not uri.startswith(("sqlite:///", f"{DRIVER}:///")):
        return None
    url = make_url(uri)
    name = url.database or ":memory:"
    if url.query or name.startswith((":memory:", "file:")):
        return None
    return Path(name)


def _create(path: Path, uri: str) -> None:
    # SQLite would apply side files of a database that is gone to the new one.
    for ending in SIDE_FILES:
        Path(f"{path}{ending}").unlink(missing_ok=True)

    with _scratch_file(path) as scratch:
        _migrate(_beside(uri, path))
        _put(scratch, path)


def _replace(path: Path, uri: str) -> None:
    """Put an upgraded copy in place of a database, or a new one if it holds nothing."""
    with _scratch_file(path) as scratch:
        with closing(connect(path)) as old:
            # Rolls a killed transaction back, and keeps others from writing.
            old.execute("BEGIN IMMEDIATE")
            if not _holds_nothing(old):
                _copy(path, scratch)
            _migrate(_beside(uri, path))

            # Rolled back above.
            Path(f"{path}-journal").unlink(missing_ok=True)
            old.execute("ROLLBACK")
        _put(scratch, path)


def _copy(path: Path, scratch: Path) -> None:
    # A connection of its own: SQLite copies from none that has begun to write.
    with closing(connect(path)) as source, closing(sqlite3.connect(scratch)) as copy:
        source.backup(copy)


def _put(scratch: Path, path: Path) -> None:
    """Rename the scratch file, unless SQLite would then mix it up with the files of another one."""
    for name in (scratch, path):
        for ending in SIDE_FILES:
            if Path(f"{name}{ending}").exists():
                raise InputError(f"[mlflow] uri: {name}{ending} is in use: {WAIT}")

    with scratch.open("rb+") as stream:
        os.fsync(stream.fileno())
    os.replace(scratch, path)


def _migrate(uri: str) -> None:
    """Bring a database to the schema of the installed MLflow."""
    from mlflow.store.db import utils
    from mlflow.store.tracking import DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH as LOCAL_RUNS
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy import event

    engine = SqlAlchemyStore._get_or_create_engine(uri)
    engine.dispose()
    event.listen(engine, "connect", _write_unsynced)
    try:
        revision = utils._get_schema_version(engine)  # type: ignore[no-untyped-call]  # MLflow
        if revision is None:
            utils._initialize_tables(engine)  # type: ignore[no-untyped-call]  # MLflow
        else:
            utils._upgrade_db(engine)  # type: ignore[no-untyped-call]  # MLflow

        # Writes the experiment "Default". Two first starts at once would both write it.
        SqlAlchemyStore(uri, LOCAL_RUNS)  # type: ignore[no-untyped-call]  # MLflow
        _check_columns(engine)
    finally:
        engine.dispose()


def _write_unsynced(connection: sqlite3.Connection, record: object) -> None:
    """Keep SQLite from waiting for the disk after each of a thousand steps: `_put` waits once."""
    connection.execute("PRAGMA synchronous = OFF")


def _check_columns(engine: "Engine") -> None:
    """Refuse a database that has the newest revision and yet lacks a column."""
    import sqlalchemy
    from mlflow.exceptions import MlflowException
    from mlflow.store.db.base_sql_model import Base

    inspector = sqlalchemy.inspect(engine)
    for table in Base.metadata.sorted_tables:
        found = {str(column["name"]) for column in inspector.get_columns(table.name)}
        missing = sorted({str(column.name) for column in table.columns} - found)
        if missing:
            raise MlflowException(f"table {table.name} has no column {missing[0]}")


def _is_complete(path: Path) -> bool:
    """Tell whether a database is there that the installed MLflow opens without a migration."""
    if not path.exists():
        return False
    with closing(connect(path)) as connection:
        if "alembic_version" not in _tables(connection):
            return False
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return rows == [(_newest_revision(),)]


@cache
def _newest_revision() -> str:
    from mlflow.store.db import utils

    return str(utils._get_latest_schema_revision())  # type: ignore[no-untyped-call]  # MLflow


def _holds_nothing(connection: sqlite3.Connection) -> bool:
    """Tell whether a database has tables of MLflow only, and in them what MLflow put there."""
    from mlflow.store.db.base_sql_model import Base
    from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase

    known = {*Base.metadata.tables, *InitialBase.metadata.tables, *NO_CONTENT}
    for table in _tables(connection):
        if table.removeprefix("_alembic_tmp_") not in known:
            return False
        if table in NO_CONTENT:
            continue
        where = ""
        if table.removeprefix("_alembic_tmp_") == "experiments":
            where = "WHERE NOT (experiment_id = 0 AND name = 'Default')"
        if connection.execute(f'SELECT 1 FROM "{table}" {where} LIMIT 1').fetchone():
            return False
    return True


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [str(name) for (name,) in rows]


def connect(path: Path) -> sqlite3.Connection:
    """Open a database that exists; transactions are the caller's."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)


def _hidden(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}.{ending}")


def _beside(uri: str, path: Path) -> str:
    """Return the address of the scratch file; its folder is spelled as in the given address."""
    scratch = _hidden(path, "new")
    if uri == f"sqlite:///{path}":
        return f"sqlite:///{scratch}"
    return database_address(scratch)


def _has_leftovers(path: Path) -> bool:
    """Tell whether another start is at work, or was killed."""
    scratch = _hidden(path, "new")
    side_files = [Path(f"{scratch}{ending}") for ending in SIDE_FILES]
    return any(file.exists() for file in (_hidden(path, "lock"), scratch, *side_files))


def _remove(database: Path) -> None:
    for ending in ("", *SIDE_FILES):
        Path(f"{database}{ending}").unlink(missing_ok=True)


@contextmanager
def _scratch_file(path: Path) -> Iterator[Path]:
    scratch = _hidden(path, "new")
    try:
        yield scratch
    finally:
        _remove(scratch)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time create or upgrade the database."""
    lock = FileLock(_hidden(path, "lock"))
    try:
        lock.acquire(timeout=LOCK_S)
    except Timeout as error:
        raise InputError(
            f"[mlflow] uri: {path}: another start has been creating it for {LOCK_S} s; "
            "wait until it has ended"
        ) from error

    try:
        yield
    finally:
        # Those who wait for the lock notice that its file is gone, and go on.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()
