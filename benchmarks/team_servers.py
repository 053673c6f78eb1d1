"""The servers of `benchmarks.team_setup`: PostgreSQL, nginx, and what the systemd units start.

There is no systemd in charge here, so the commands of the units are started by hand, with their
environment and nothing else of ours. Where this is root they see, as with `ProtectSystem=strict`,
a file system that they may write only where their unit says so.
"""

import os
import pwd
import shlex
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.team_place import ROLES, YEAR, Place

PATIENCE_S = 120
"""How long a server may take to answer for the first time."""
READ_ONLY = (
    'while [ "$1" != -- ]; do mount --bind "$1" "$1"; shift; done; shift; '
    'mount -o remount,bind,ro / && exec "$@"'
)
"""Shell: the file system can be read alone, but for the folders before `--`."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What a systemd unit says of its process."""

    command: tuple[str, ...]
    """ExecStart."""
    environment: dict[str, str]
    """Environment and EnvironmentFile."""
    writable: tuple[str, ...]
    """Folders that it may write."""


def read_unit(place: Place, name: str) -> Unit:
    """Read a unit of examples/team with our paths in it."""
    text = place.fill(name).replace("\\\n", " ").replace("%i", YEAR).replace("%d", str(place.etc))
    pairs = [line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#"]

    environment: dict[str, str] = {}
    for key, value in pairs:
        if key == "Environment":
            environment |= dict(word.split("=", 1) for word in shlex.split(value))
        elif key == "EnvironmentFile":
            words = shlex.split(Path(value).read_text(encoding="utf-8"))
            environment |= dict(word.split("=", 1) for word in words)
    (command,) = [shlex.split(value) for key, value in pairs if key == "ExecStart"]
    states = [str(place.root / "mlflow") for key, _ in pairs if key == "StateDirectory"]
    writable = [value for key, value in pairs if key == "ReadWritePaths"]
    return Unit(
        command=tuple(command),
        environment=environment,
        writable=(*states, *writable, str(place.root / "private")),
    )


@contextmanager
def service(place: Place, name: str) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Yield what starts the process of a unit; all that it started are ended at the end."""
    unit = read_unit(place, name)
    log = place.logs / f"{name.partition('.')[0].strip('@')}.log"
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        with log.open("ab") as stream:
            process = subprocess.Popen(
                _as_strict(unit),
                env=_bare(place, unit.environment),
                cwd=place.root / "private",
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a server and its children, as their unit does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _as_strict(unit: Unit) -> list[str]:
    if os.geteuid():
        return list(unit.command)
    inside = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh"]
    return [*inside, *unit.writable, "--", *unit.command]


def _bare(place: Place, more: dict[str, str]) -> dict[str, str]:
    """Return an environment with nothing of ours but where the code and temporary files are."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "TMPDIR": str(place.root / "private"), **more}


@contextmanager
def database(place: Place) -> Iterator[None]:
    """Run PostgreSQL; everybody needs a password."""
    data = place.root / "postgres"
    data.mkdir()
    user = None if os.geteuid() else pwd.getpwnam("postgres").pw_uid
    if user is not None:
        os.chown(data, user, -1)
        os.chown(place.etc / "postgres_password", user, -1)
        place.etc.chmod(0o711)
    options = ["-A", "scram-sha-256", "-U", "postgres", "-E", "UTF8", "--no-locale"]
    secret = f"--pwfile={place.etc / 'postgres_password'}"
    made = [find_program("initdb"), "-D", str(data / "db"), *options, secret]
    subprocess.run(made, check=True, capture_output=True, user=user, cwd=data)

    listen = ["-h", "127.0.0.1", "-p", str(place.ports.database), "-k", str(data)]
    with (place.logs / "postgres.log").open("wb") as stream:
        process = subprocess.Popen(
            [find_program("postgres"), "-D", str(data / "db"), *listen],
            stdout=stream,
            stderr=stream,
            user=user,
            cwd=data,
            start_new_session=True,
        )
    try:
        wait_for(lambda: connect(place, "postgres", "postgres").close(), psycopg.OperationalError)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def run_sql(place: Place, name: str, user: str, base: str) -> None:
    """Run an SQL file of examples/team with psql, passwords in the environment."""
    where = ["-h", "127.0.0.1", "-p", str(place.ports.database), "-U", user, "-d", base]
    script = place.root / name
    script.write_text(place.fill(name), encoding="utf-8")
    secret = {variable: place.passwords[role] for role, variable in ROLES.items()}
    environment = {**os.environ, **secret, "PGPASSWORD": place.passwords[user]}
    checked(["psql", "-q", *where, "-f", str(script)], environment)


def connect(place: Place, user: str, base: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Connect as a role."""
    return psycopg.connect(
        host="127.0.0.1",
        port=place.ports.database,
        user=user,
        dbname=base,
        password=place.passwords[user],
        autocommit=True,
    )


@contextmanager
def nginx(place: Place) -> Iterator[None]:
    """Run nginx on the site file, after it has checked it."""
    folder = place.root / "nginx"
    (folder / "site.conf").write_text(place.fill("nginx_site.conf"), encoding="utf-8")
    temporary = [
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    ]
    lines = [
        *([] if os.geteuid() else ["user www-data;"]),
        f"pid {folder}/pid; error_log {place.logs}/nginx.log; daemon off; worker_processes 1;",
        "events { worker_connections 256; }",
        f"http {{ {' '.join(temporary)} include {folder}/site.conf; }}",
    ]
    (folder / "nginx.conf").write_text("\n".join(lines), encoding="utf-8")
    command = [find_program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    checked([*command, "-t"], dict(os.environ))

    process = subprocess.Popen(command, start_new_session=True)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def trusted(place: Place) -> ssl.SSLContext:
    """Return what trusts the authority of the trial and no other."""
    return ssl.create_default_context(cafile=place.etc / "tls" / "ca.pem")


def status_of(place: Place, address: str) -> int:
    """Return the HTTP status of an address."""
    try:
        with urllib.request.urlopen(address, context=trusted(place), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def wait_for(question: Callable[[], object], *errors: type[BaseException]) -> None:
    """Ask until there is an answer that is true or None."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if question() in (None, True):
                return
        except errors:
            pass
        if time.monotonic() > deadline:
            raise SystemExit(f"no answer after {PATIENCE_S} s")
        time.sleep(0.2)


def checked(command: list[str], environment: dict[str, str]) -> str:
    """Run a command and return what it says.

    Raises:
        SystemExit: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{command[:6]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def find_program(name: str) -> str:
    """Return the path of a program of Debian."""
    places = [*Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), Path("/usr/sbin") / name]
    found = shutil.which(name) or next((str(path) for path in places if path.exists()), None)
    if found is None:
        raise SystemExit(f"no {name}; apt-get install postgresql postgresql-postgis nginx wrk")
    return found
