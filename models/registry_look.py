"""A quick look at MLflow's database before any long work, without loading mlflow."""

import sqlite3
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from imagery.errors import first_line


def find_registry_fault(path: Path, experiment: str) -> str:
    """Say why no model could be registered in an SQLite database; "" when it can, or is not there.

    Args:
        path: The database.
        experiment: MLflow experiment of the city.
    """
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return _find_fault(database, path, experiment)
    except sqlite3.Error as error:
        return f"{path.name} cannot be read ({first_line(error)}); put a backup in its place"


def deleted_line(experiment: str, number: str, uri: str) -> str:
    """Say that an experiment was deleted, and how to restore it."""
    return (
        f"[mlflow] the experiment {experiment!r} was deleted in MLflow; restore it with "
        f"`mlflow experiments restore --experiment-id {number}`, "
        f"MLFLOW_TRACKING_URI set to '{uri}', then start again"
    )


def _find_fault(database: sqlite3.Connection, path: Path, experiment: str) -> str:
    known = {str(name) for (name,) in database.execute("SELECT name FROM sqlite_master")}
    # A database whose making was cut short is made again.
    if not {"alembic_version", "experiments"} <= known:
        return ""

    for (revision,) in database.execute("SELECT version_num FROM alembic_version").fetchall():
        if _is_known(str(revision)):
            continue
        return (
            f"{path.name} was written by another MLflow (schema {revision}); "
            "install the MLflow that wrote it, or put a backup in its place"
        )

    query = "SELECT experiment_id FROM experiments WHERE name = ? AND lifecycle_stage = 'deleted'"
    deleted = database.execute(query, (experiment,)).fetchone()
    if deleted is None:
        return ""
    return deleted_line(experiment, str(deleted[0]), f"sqlite:///{path}")


def _is_known(revision: str) -> bool:
    """Tell whether the installed MLflow has a migration to a schema, as far as it can be found."""
    spec = find_spec("mlflow")
    if spec is None or spec.origin is None:
        return True
    folder = Path(spec.origin).parent / "store" / "db_migrations" / "versions"
    return not folder.is_dir() or any(folder.glob(f"{revision}*.py"))
