"""A team's setup, for real, on one machine: the files of examples/team, and twenty people at once.

    python -m benchmarks.team_setup --demo DIR [--seconds 30]

DIR is a demo (`roofwatch demo --parcels 300 --out DIR`); its workspace is not used. Needs Debian's
postgresql, postgresql-postgis, nginx, wrk and openssl; systemd-analyze and docker compose check the
units and the compose file where they are there. Prints each step with its seconds and those since
the start. The first step that fails ends it with exit code 1.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from benchmarks.restore_drill import Clock
from benchmarks.team_checks import ALLOWED, REFUSED, check_files, check_rights, no_secrets
from benchmarks.team_load import RATE, Reader, nothing_lost, people, wrk
from benchmarks.team_place import DESK, MLFLOW, READERS, YEAR, Place, make_place
from benchmarks.team_servers import (
    checked,
    database,
    nginx,
    run_sql,
    service,
    status_of,
    wait_for,
)

SCHEMA = "roofs"


def main() -> None:
    """Set it up, use it, and take it away."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seconds", type=int, default=30, help="how long each load lasts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="team-", dir="/tmp") as name, ExitStack() as stack:
        root = Path(name)
        root.chmod(0o711)
        set_up(make_place(root), options.demo, options.seconds, stack)


def set_up(place: Place, demo: Path, seconds: int, stack: ExitStack) -> None:
    """Do every step."""
    clock = Clock()
    check_files(place, clock)
    stack.enter_context(database(place))
    run_sql(place, "databases.sql", "postgres", "postgres")
    make_looks(place)
    clock.say("PostgreSQL: three databases, six roles, the tables of looks")

    stack.enter_context(service(place, MLFLOW))()
    stack.enter_context(nginx(place))
    wait_for(lambda: status_of(place, place.mlflow) == 401, OSError)
    refused = status_of(place, place.desk)
    wait_for(lambda: ask_mlflow(place), OSError, SystemExit)
    clock.say(f"MLflow behind nginx: 401 without a password; the desk is not there: {refused}")

    work(place, demo, clock)
    load(place, seconds, clock, stack)
    learn_from_looks(place, clock)
    check_rights(place)
    clock.say(f"{len(REFUSED)} statements refused, {len(ALLOWED)} allowed, by role")
    clock.say(f"no token and no password in {no_secrets(place)} files of logs and workspace")


def make_looks(place: Place) -> None:
    """Make the tables of looks as their owner, as docs/operations.md says."""
    url = f"postgresql://looks_owner@127.0.0.1:{place.ports.database}/looks"
    code = f"from labels.book import open_book; open_book({url!r})"
    secret = {"PGPASSWORD": place.passwords["looks_owner"]}
    checked([sys.executable, "-c", code], {**os.environ, **secret})


def ask_mlflow(place: Place) -> bool:
    """Ask MLflow through the proxy, as a person's command does."""
    code = "import mlflow, sys; mlflow.MlflowClient(sys.argv[1]).search_experiments()"
    checked([sys.executable, "-c", code, place.mlflow], {**os.environ, **place.environment})
    return True


def roofwatch(
    place: Place, clock: Clock, *words: str, secrets: dict[str, str] | None = None
) -> None:
    """Run a command on the city as a person does."""
    name, *rest = words
    command = [sys.executable, "-m", "roofwatch.cli", name, str(place.city_file), *rest, "--quiet"]
    environment = {**os.environ, **place.environment, **(secrets or {})}
    if secrets:
        del environment["PGPASSWORD"]
    checked(command, environment)
    clock.say(f"roofwatch {name} {' '.join(rest[:2])}")


def work(place: Place, demo: Path, clock: Clock) -> None:
    """Make the city's year on the servers."""
    shutil.copytree(demo, place.city, ignore=shutil.ignore_patterns("workspace"))
    (place.city / "workspace").mkdir()
    with place.city_file.open("a", encoding="utf-8") as stream:
        stream.write("\n" + place.fill("city_team.toml"))
    roofwatch(place, clock, "train", "--year", "2023")
    roofwatch(place, clock, "run", "--year", YEAR)
    publish(place, clock)
    run_sql(place, "readers.sql", "roofs_publisher", "gis")


def publish(place: Place, clock: Clock) -> None:
    """Publish as the role that may; passwords are in a file as PostgreSQL keeps them."""
    port = place.ports.database
    path = place.etc / "pgpass"
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as stream:
        for base, role in (("gis", "roofs_publisher"), ("looks", "looks_writer")):
            password = place.passwords[role].replace("\\", "\\\\").replace(":", "\\:")
            stream.write(f"127.0.0.1:{port}:{base}:{role}:{password}\n")
    url = f"postgresql://roofs_publisher@127.0.0.1:{port}/gis"
    words = ("--year", YEAR, "--to", url, "--schema", SCHEMA)
    roofwatch(place, clock, "publish", *words, secrets={"PGPASSFILE": str(path)})


def load(place: Place, seconds: int, clock: Clock, stack: ExitStack) -> None:
    """Let people and wrk at the desk; kill it while they are at it."""
    start = stack.enter_context(service(place, DESK))
    process = start()
    wait_for(lambda: status_of(place, place.desk) == 403, OSError)
    clock.say("desk behind nginx: 403 without a token")

    readers = [Reader(place, who) for who in place.tokens]
    tallies = [people(readers, seconds=seconds, rate=RATE)]
    clock.say(f"{READERS} people: {tallies[-1].line()}; {nothing_lost(place, tallies)} rows")
    clock.say(wrk(place, seconds=10, paced=False) + ", as fast as it can")

    with ThreadPoolExecutor() as pool:
        beside = pool.submit(people, readers, seconds=seconds, rate=2 * READERS)
        said = wrk(place, seconds=seconds, paced=True)
        tallies.append(beside.result())
    clock.say(f"{said}; beside it {tallies[-1].line()}; {nothing_lost(place, tallies)} rows")

    with ThreadPoolExecutor() as pool:
        killed = pool.submit(kill, process, start, seconds / 3)
        tallies.append(people(readers, seconds=seconds, rate=RATE))
        killed.result()
    rows = nothing_lost(place, tallies)
    clock.say(f"desk killed and started again meanwhile: {tallies[-1].line()}; {rows} rows")


def kill(
    process: "subprocess.Popen[bytes]",
    start: Callable[[], "subprocess.Popen[bytes]"],
    after_s: float,
) -> None:
    """Kill the desk after some time, and start it again 5 s later as its unit does."""
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(5)
    start()


def learn_from_looks(place: Place, clock: Clock) -> None:
    """Train on what people said, promote, score, export, publish again, audit all files."""
    roofwatch(place, clock, "train", "--year", YEAR)
    named = ("--version", "2", "--by", "Ana Ruiz", "--why", "a trial of the setup", "--force")
    roofwatch(place, clock, "promote", *named)
    roofwatch(place, clock, "score", "--year", YEAR)
    roofwatch(place, clock, "export", "--year", YEAR)
    publish(place, clock)
    roofwatch(place, clock, "audit")


if __name__ == "__main__":
    main()
