"""Errors of MLflow's SQLite database, in one line with what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imagery.errors import InputError, RoofwatchError, first_line
from imagery.limits import limit_line

AGAIN = "then start the same command again"
FREE_SPACE = f"free disk space or fix the permissions, {AGAIN}"
WAIT = f"another program uses it; stop that program, {AGAIN}"
BACKUP = "put a backup in its place, or name another file"
REMEDIES = {
    sqlite3.SQLITE_FULL: FREE_SPACE,
    sqlite3.SQLITE_IOERR: FREE_SPACE,
    sqlite3.SQLITE_READONLY: FREE_SPACE,
    sqlite3.SQLITE_CANTOPEN: FREE_SPACE,
    sqlite3.SQLITE_BUSY: WAIT,
    sqlite3.SQLITE_LOCKED: WAIT,
    sqlite3.SQLITE_NOTADB: BACKUP,
    sqlite3.SQLITE_CORRUPT: BACKUP,
}
"""What to do about an error of SQLite, by its code."""
OTHER_MLFLOW = "install the MLflow that wrote it, or put a backup in its place"


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Say in one line why a database cannot be created or opened, and what to do."""
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except RoofwatchError:
        raise
    except (sqlite3.Error, SQLAlchemyError, MlflowException, CommandError, OSError) as error:
        raise InputError(
            f"[mlflow] uri: {path} cannot be opened ({first_line(error)}); "
            f"what it holds was not changed: {_remedy(error)}"
        ) from error


def _remedy(error: BaseException) -> str:
    """Return what to do about an error, by the error of SQLite or the system that caused it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            _, _, remedy = limit_line(cause).partition("; ")
            return remedy
        code = getattr(cause, "sqlite_errorcode", None)
        if isinstance(cause, sqlite3.Error) and code is not None:
            return REMEDIES.get(code & 0xFF, OTHER_MLFLOW)
        cause = cause.__cause__ or cause.__context__
    return OTHER_MLFLOW
