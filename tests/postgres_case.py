"""A PostgreSQL server of the tests' own, in a temporary folder."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_S = 120
_LOG = "log"
_ACCESS = "local all roofwatch trust\nlocal all all scram-sha-256\n"


@contextmanager
def postgres() -> Iterator[Path]:
    """Run a server and yield the folder of its socket.

    User `roofwatch` may do anything, and others need a password.
    """
    initdb = find_program("initdb")
    server = find_program("postgres")

    # The path of a socket must be short, and pytest's folders are closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="roofwatch-pg-", dir="/tmp"))
    try:
        user = _give_away(folder)
        _create_cluster(initdb, folder, user)
        process = _start(server, folder, user)
        try:
            _wait_until_ready(process, folder)
            yield folder
        finally:
            process.send_signal(signal.SIGINT)  # what PostgreSQL calls a fast shutdown
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder)


def _give_away(folder: Path) -> int | None:
    """Return the user that runs the server, who owns the folder; root must not run it."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("postgres").pw_uid
    os.chown(folder, user, -1)
    return user


def _create_cluster(initdb: str, folder: Path, user: int | None) -> None:
    data = folder / "data"
    options = ["-A", "trust", "-U", "roofwatch", "-E", "UTF8", "--no-sync"]
    subprocess.run(
        [initdb, "-D", str(data), *options],
        check=True,
        capture_output=True,
        user=user,
        env=_environment(),
        cwd=folder,
        timeout=START_S,
    )
    (data / "pg_hba.conf").write_text(_ACCESS)


def _start(server: str, folder: Path, user: int | None) -> subprocess.Popen[bytes]:
    options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    with (folder / _LOG).open("wb") as stream:
        return subprocess.Popen(
            [server, "-D", str(folder / "data"), *options],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            cwd=folder,
        )


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_S
    log = ""
    while "ready to accept connections" not in log:
        log = (folder / _LOG).read_text(errors="replace")
        assert process.poll() is None, log[-2000:]
        assert time.monotonic() < deadline, log[-2000:]
        time.sleep(0.1)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C"}


def find_program(name: str) -> str:
    """Return the path of a program of PostgreSQL, or skip the test."""
    found = shutil.which(name)
    if found:
        return found

    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not installed:
        pytest.skip(f"no {name} on this machine; apt-get install postgresql")
    return str(installed[0])
