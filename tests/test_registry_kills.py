"""MLflow's SQLite file after kills, full disks, two starts at once and interrupted upgrades."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from cities import CityBuilder
from mlflow.store.db import utils
from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase

from imagery.errors import InputError
from models.database import database_path
from models.tracking import open_client
from roofwatch.cli import main

ROOT = Path(__file__).parents[1]
OPEN = "import sys; from models.tracking import open_client\nwith open_client(sys.argv[1]): pass"
"""A start of roofwatch, as far as the registry."""
REGISTER = """
import sys
from models.tracking import open_client
with open_client(sys.argv[1]) as mlflow:
    mlflow.create_registered_model(sys.argv[2])
"""
OLD_OPEN = """
import sys
from mlflow.tracking import MlflowClient
MlflowClient(tracking_uri=sys.argv[1], registry_uri=sys.argv[1]).search_registered_models()
"""
"""A start of an older roofwatch: MLflow makes the file in its place."""
PROMOTE = """
import sys
from roofwatch.cli import main
sys.exit(main(["promote", sys.argv[1], "--version", "1", "--by", "Ann", "--why", "a test"]))
"""
OLDER_REVISION = "0584bdc529eb"
"""A schema of MLflow 2.x: long behind, and with all tables of the registry."""
SMALL_DISK_BYTES = 300_000
WAIT_S = 60


def address(folder: Path) -> str:
    """Return the address of the database in a folder."""
    return f"sqlite:///{folder}/mlflow.db"


def start(
    code: str, *arguments: str, preexec_fn: Callable[[], None] | None = None
) -> "subprocess.Popen[str]":
    """Start Python with some code, after a call in the new process."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "MLFLOW_DISABLE_TELEMETRY": "true"}

    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=preexec_fn,
    )


def kill_at(watched: Path, size_bytes: int, code: str, uri: str) -> None:
    """Start a program and kill it when a file has reached a size."""
    process = start(code, uri)
    until = time.monotonic() + WAIT_S

    while not (watched.exists() and watched.stat().st_size >= size_bytes):
        assert process.poll() is None, "it ended before the file had that size"
        assert time.monotonic() < until
        time.sleep(0.001)

    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def register(folder: Path, name: str = "tinyville-roof") -> list[str]:
    """Register a model as the next start would, and return the names of all models."""
    with open_client(address(folder)) as mlflow:
        mlflow.create_registered_model(name)
        return sorted(model.name for model in mlflow.search_registered_models())


def query(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Execute a statement and return its rows."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


def make_older(path: Path, revision: str) -> None:
    """Make a database as an older MLflow left it."""
    address = f"sqlite:///{path}"
    engine = utils.create_sqlalchemy_engine(address)  # type: ignore[no-untyped-call]  # untyped library
    InitialBase.metadata.create_all(engine)
    config = utils._get_alembic_config(address)  # type: ignore[no-untyped-call]  # untyped library

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def with_a_run(path: Path) -> None:
    """Add an experiment with one run."""
    query(path, "INSERT INTO experiments (experiment_id, name) VALUES (7, 'Tinyville')")
    query(path, "INSERT INTO runs (run_uuid, name, experiment_id) VALUES ('c0ffee', 'first', 7)")


def only_file(folder: Path) -> bool:
    """Tell whether the database is all there is in a folder."""
    return [path.name for path in folder.iterdir()] == ["mlflow.db"]


@pytest.mark.parametrize("size_bytes", [0, 300_000, 900_000])
def test_killed_while_it_is_made(size_bytes: int, tmp_path: Path) -> None:
    """There is no mlflow.db then, and the next start makes it and leaves nothing else."""
    kill_at(tmp_path / ".mlflow.db.new", size_bytes, OPEN, address(tmp_path))
    assert not (tmp_path / "mlflow.db").exists()
    assert register(tmp_path) == ["tinyville-roof"]
    assert only_file(tmp_path)


def test_killed_when_it_was_made(tmp_path: Path) -> None:
    """The file is complete as soon as it is there; what the killed start left is cleared."""
    kill_at(tmp_path / "mlflow.db", 0, OPEN, address(tmp_path))
    before = query(tmp_path / "mlflow.db", "SELECT name FROM sqlite_master ORDER BY name")
    (tmp_path / ".mlflow.db.lock").touch()
    assert register(tmp_path) == ["tinyville-roof"]
    assert query(tmp_path / "mlflow.db", "SELECT name FROM sqlite_master ORDER BY name") == before
    assert only_file(tmp_path)


@pytest.mark.parametrize("size_bytes", [0, 200_000])
def test_half_made_by_an_older_version(size_bytes: int, tmp_path: Path) -> None:
    """It contains nothing and is created again."""
    kill_at(tmp_path / "mlflow.db", size_bytes, OLD_OPEN, address(tmp_path))
    assert register(tmp_path) == ["tinyville-roof"]
    assert only_file(tmp_path)


def test_half_made_and_no_longer_empty(tmp_path: Path) -> None:
    """A table that a migration has yet to make is there already: named, and nothing is changed."""
    path = tmp_path / "mlflow.db"
    make_older(path, OLDER_REVISION)
    with_a_run(path)
    query(path, "CREATE TABLE evaluation_datasets (dataset_id TEXT)")
    before = path.read_bytes()

    wanted = r"mlflow.db cannot be opened \(.*evaluation_datasets already exists.*not changed: inst"
    with pytest.raises(InputError, match=wanted) as caught:
        register(tmp_path)
    assert "\n" not in str(caught.value)

    assert path.read_bytes() == before
    assert only_file(tmp_path)


def test_older_file_is_upgraded_with_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    make_older(path, OLDER_REVISION)
    with_a_run(path)
    query(path, "PRAGMA journal_mode=WAL")
    assert register(tmp_path) == ["tinyville-roof"]
    assert query(path, "SELECT run_uuid, name, experiment_id FROM runs") == [("c0ffee", "first", 7)]


def test_killed_while_it_is_upgraded(tmp_path: Path) -> None:
    """The older file stays as it was until the upgraded one is complete."""
    path = tmp_path / "mlflow.db"
    make_older(path, OLDER_REVISION)
    with_a_run(path)
    before = path.read_bytes()

    kill_at(tmp_path / ".mlflow.db.new", len(before) + 200_000, OPEN, address(tmp_path))

    assert path.read_bytes() == before
    assert register(tmp_path) == ["tinyville-roof"]
    assert query(path, "SELECT run_uuid FROM runs") == [("c0ffee",)]
    assert only_file(tmp_path)


def test_killed_transaction_of_the_older_file_is_not_applied_to_the_new_one(tmp_path: Path) -> None:
    """A journal without its database, as it stays when a person removes mlflow.db only."""
    (tmp_path / "mlflow.db-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\1" * 5000)
    assert register(tmp_path) == ["tinyville-roof"]
    assert query(tmp_path / "mlflow.db", "PRAGMA integrity_check") == [("ok",)]


def small_disk() -> None:
    """Let no file of this process grow beyond a size, as on a disk that is full then."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_DISK_BYTES, SMALL_DISK_BYTES))


def test_full_disk(
    tiny_city: CityBuilder, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One line and exit code 3; with room the same command goes on."""
    city = tiny_city(tmp_path / "city")
    workspace = city.parent / "workspace"
    process = start(PROMOTE, str(city), preexec_fn=small_disk)
    out, error = process.communicate(timeout=WAIT_S)
    assert (process.returncode, out) == (3, "")
    assert len(error.splitlines()) == 1, error
    assert "mlflow.db cannot be opened (" in error
    assert "free disk space or fix the permissions, then start the same command again" in error
    assert list(workspace.iterdir()) == []

    assert main(["promote", str(city), "--version", "1", "--by", "Ann", "--why", "a test"]) == 3
    assert "no version or alias '1'" in capfd.readouterr().err
    assert register(workspace) == ["tinyville-roof"]


def test_full_disk_while_it_is_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    make_older(path, OLDER_REVISION)
    with_a_run(path)
    before = path.read_bytes()

    process = start(REGISTER, address(tmp_path), "tinyville-roof", preexec_fn=small_disk)
    _, error = process.communicate(timeout=WAIT_S)
    assert "free disk space" in error.splitlines()[-1]

    assert path.read_bytes() == before
    assert only_file(tmp_path)
    assert register(tmp_path) == ["tinyville-roof"]


def test_two_starts_at_once(tmp_path: Path) -> None:
    processes = [start(REGISTER, address(tmp_path), name) for name in ("one", "two")]
    for process in processes:
        _, error = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0, error
    assert register(tmp_path, "three") == ["one", "three", "two"]
    assert only_file(tmp_path)


@pytest.mark.parametrize("name", ["a b", "ä'\"#;&$HOME"])
def test_odd_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    assert register(folder) == ["tinyville-roof"]
    assert only_file(folder)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_is_not_mlflows_is_left_alone(tmp_path: Path) -> None:
    """A text file, a newer revision, and a file that another program writes into."""
    path = tmp_path / "mlflow.db"
    path.write_text("no database " * 100)
    with pytest.raises(InputError, match=r"not a database\).*put a backup in its place"):
        register(tmp_path)
    assert path.read_text() == "no database " * 100

    path.unlink()
    query(path, "CREATE TABLE alembic_version (version_num TEXT)")
    query(path, "INSERT INTO alembic_version VALUES ('f0f0f0f0f0f0')")
    query(path, "CREATE TABLE runs_of_tomorrow (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"'f0f0f0f0f0f0'\).*install the MLflow that wrote it"):
        register(tmp_path)
    assert path.read_bytes() == before


def test_only_files_of_sqlite_are_prepared() -> None:
    assert database_path("sqlite:////a b/mlflow.db") == Path("/a b/mlflow.db")
    assert database_path("sqlite:///mlflow.db") == Path("mlflow.db")
    for uri in ("sqlite://", "sqlite:///:memory:", "postgresql://host/db", "http://host:5000"):
        assert database_path(uri) is None
