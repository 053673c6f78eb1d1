"""What `benchmarks.team_setup` checks: the example files, rights of roles, where secrets are."""

import os
import shutil

import psycopg

from benchmarks.restore_drill import Clock
from benchmarks.team_place import DESK, MLFLOW, YEAR, Place
from benchmarks.team_servers import checked, connect

ALLOWED = (
    ("looks_writer", "looks", "SELECT count(*) FROM looks"),
    ("fire_reader", "gis", "SELECT count(*) FROM roofs.vacant_roofs_responder_latest"),
    ("housing_reader", "gis", "SELECT count(*) FROM roofs.vacant_roofs_housing_latest"),
)
REFUSED = (
    ("looks_writer", "looks", "UPDATE looks SET note = ''"),
    ("looks_writer", "looks", "DELETE FROM looks"),
    ("looks_writer", "looks", "TRUNCATE looks CASCADE"),
    ("looks_writer", "looks", "DROP TABLE looks"),
    ("looks_writer", "looks", "ALTER TABLE looks DISABLE TRIGGER ALL"),
    ("looks_writer", "looks", "CREATE TABLE mine (n int)"),
    ("looks_owner", "looks", "DELETE FROM looks"),
    ("looks_writer", "gis", "SELECT 1"),
    ("looks_writer", "mlflow", "SELECT 1"),
    ("mlflow", "looks", "SELECT 1"),
    ("roofs_publisher", "looks", "SELECT 1"),
    ("roofs_publisher", "gis", "CREATE SCHEMA mine"),
    ("fire_reader", "gis", "SELECT * FROM roofs.vacant_roofs_housing"),
    ("fire_reader", "gis", "DELETE FROM roofs.vacant_roofs_responder"),
    ("housing_reader", "gis", "SELECT * FROM roofs.vacant_roofs_responder"),
    ("housing_reader", "gis", "CREATE TABLE roofs.mine (n int)"),
)
"""Statements that each role may not make; a table has a row at least, so that triggers fire."""


def check_files(place: Place, clock: Clock) -> None:
    """Let systemd and compose read the files of examples/team."""
    folder = place.root / "units"
    folder.mkdir()
    for unit in (MLFLOW, DESK):
        name = unit.replace("@", f"@{YEAR}")
        (folder / name).write_text(place.fill(unit), encoding="utf-8")
        if shutil.which("systemd-analyze"):
            plain = dict(os.environ)
            checked(["systemd-analyze", "verify", str(folder / name)], plain)
            said = checked(
                ["systemd-analyze", "security", "--offline=true", str(folder / name)], plain
            )
            clock.say(f"{unit}: exposure {said.split('service: ')[-1].split()[0]} of 10")

    compose = place.root / "compose.yaml"
    compose.write_text(place.fill("compose.yaml"), encoding="utf-8")
    for program in (["docker-compose"], ["docker", "compose"]):
        command = [*program, "-f", str(compose), "config", "--quiet"]
        if shutil.which(program[0]):
            checked(command, {**os.environ, "YEAR": YEAR})
            clock.say(f"compose file read by {' '.join(program)}")
            break


def check_rights(place: Place) -> None:
    """Try what each role may do, and what it may not.

    Raises:
        SystemExit: a statement was refused, or was not.
    """
    for role, base, statement in ALLOWED:
        with connect(place, role, base) as connection:
            row = connection.execute(statement).fetchone()
        if row is None or not row[0]:
            raise SystemExit(f"{role}: {statement}: got {row}, want some rows")
    for role, base, statement in REFUSED:
        try:
            with connect(place, role, base) as connection:
                connection.execute(statement)
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException):
            continue
        except psycopg.OperationalError as error:
            if "permission denied for database" in str(error):
                continue
            raise
        raise SystemExit(f"{role} may {statement}")


def no_secrets(place: Place) -> int:
    """Look for every token and password in logs and in the city's folder; return files read.

    Raises:
        SystemExit: one is there.
    """
    secrets = [text.encode() for text in (*place.tokens.values(), *place.passwords.values())]
    files = [
        path
        for folder in (place.logs, place.city, place.root / "mlflow")
        for path in folder.rglob("*")
        if path.is_file()
    ]
    for path in files:
        content = path.read_bytes()
        if any(text in content for text in secrets):
            raise SystemExit(f"a token or a password is in {path}")
    return len(files)
