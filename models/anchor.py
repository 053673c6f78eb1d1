"""Where the files of a workspace's runs are, wherever the workspace has been moved or copied to.

MLflow records absolute places. A workspace that was moved has files elsewhere than its database
says, and a copied one would write into the original. So the folder beside the database counts.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from urllib.request import url2pathname

from models.database import connect, database_path

PLACES = (
    ("experiments", "experiment_id", "artifact_location"),
    ("runs", "run_uuid", "artifact_uri"),
    ("logged_models", "model_id", "artifact_location"),
    ("model_versions", "rowid", "source"),
    ("model_versions", "rowid", "storage_location"),
)
"""Table, key and column of every place that MLflow records."""
MAY_NOT_WRITE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


def anchor_places(uri: str, root: Path) -> None:
    """Point a workspace's database at the folder of run files beside it.

    A database elsewhere, which other workspaces may share, stays as it is. So does one that cannot
    be written: readers find the files by `find_file`.

    Args:
        uri: Address of the database.
        root: Folder of the run files.
    """
    path = database_path(uri)
    is_own = path is not None and path.parent.resolve() == root.parent.resolve()
    if path is None or not is_own or not path.exists():
        return

    with closing(connect(path)) as connection:
        moved = list(_find_moved(connection, root))
        if not moved:
            return
        try:
            connection.execute("BEGIN IMMEDIATE")
            for statement, values in moved:
                connection.execute(statement, values)
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in MAY_NOT_WRITE:
                raise


def find_file(source: str, root: Path) -> Path | None:
    """Return where a recorded file or folder is now; None for an address of another machine.

    Args:
        source: A place as MLflow records it.
        root: Folder of the workspace's run files.
    """
    recorded = _local_path(source)
    if recorded is None:
        return None
    here = _beneath(recorded, root)
    return here if here is not None and here.exists() else recorded


def _find_moved(
    connection: sqlite3.Connection, root: Path
) -> Iterator[tuple[str, tuple[str, str | int]]]:
    """Yield statement and values of every place to correct."""
    known = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    for table, key, column in PLACES:
        if table not in known:
            continue
        rows = connection.execute(f'SELECT {key}, {column} FROM "{table}"').fetchall()
        for number, place in rows:
            corrected = _corrected(str(place or ""), root)
            if corrected:
                yield f'UPDATE "{table}" SET {column} = ? WHERE {key} = ?', (corrected, number)


def _corrected(place: str, root: Path) -> str:
    """Return the place to record instead, "" where the recorded one is right."""
    recorded = _local_path(place)
    if recorded is None or recorded.is_relative_to(root):
        return ""
    here = _beneath(recorded, root)
    if here is None or (recorded.exists() and not here.exists() and here != root):
        return ""
    return here.as_uri()


def _local_path(place: str) -> Path | None:
    """Return the absolute path that a place names on this machine."""
    if place.startswith("file:"):
        return Path(url2pathname(urlsplit(place).path))
    return Path(place) if place.startswith("/") else None


def _beneath(recorded: Path, root: Path) -> Path | None:
    """Return the same place below `root`; None for a path without a folder of that name."""
    parts = PurePosixPath(recorded.as_posix()).parts
    if root.name not in parts:
        return None
    last = len(parts) - 1 - parts[::-1].index(root.name)
    return root.joinpath(*parts[last + 1 :])
