"""The way to MLflow: a client that gives up soon, and fails in one line without passwords.

It sends no reports of its use.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from imagery.errors import InputError, RoofwatchError, first_line
from imagery.limits import limit_line
from imagery.values.secrets import mask
from models.database import is_sqlite, prepare_database

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}
"""Defaults of the environment; with the last one a dead server costs some 15 seconds."""
REMEDY = "check that it runs and that this machine may use it"
"""What to do about an error of MLflow that the system is not to blame for."""
LONGEST_MESSAGE = 300
"""Characters of a message of MLflow."""


@contextmanager
def open_client(uri: str) -> Iterator["MlflowClient"]:
    """Yield a client of an MLflow server or database.

    Raises:
        InputError: MLflow cannot be reached or refuses; errors of ours pass as they are.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import SQLAlchemyError

    try:
        if not served(uri) and not is_sqlite(uri):
            _knock(uri)
        prepare_database(uri)
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except RoofwatchError:
        raise
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = mask(first_line(error))[:LONGEST_MESSAGE]
        _, _, remedy = limit_line(error).rpartition("; ")
        raise InputError(f"[mlflow] uri: {mask(uri)}: {reason}; {remedy or REMEDY}") from error


def served(uri: str) -> bool:
    """Tell whether an MLflow server answers there, which keeps the files of runs itself."""
    return uri.startswith(("http://", "https://"))


@lru_cache
def _knock(uri: str) -> None:
    """Connect to a database once, because MLflow would try for 100 seconds."""
    import sqlalchemy

    try:
        engine = sqlalchemy.create_engine(uri)
    except ModuleNotFoundError as error:
        raise InputError(
            f"[mlflow] uri: {mask(uri)}: no driver ({error}); "
            "install it, for PostgreSQL with `pip install 'psycopg[binary]'`"
        ) from error

    with engine.connect():
        pass
    engine.dispose()
