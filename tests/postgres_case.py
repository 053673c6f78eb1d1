"""A PostgreSQL server of the tests' own, in a temporary folder."""

import os
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
_ACCESS = "local all roofwatch trust\nlocal all all scram-sha-256\n"


@contextmanager
def postgres() -> Iterator[Path]:
    """Run a server and yield the folder of its socket; user `roofwatch` may do anything, others need a password."""
    initdb, server = find_program("initdb"), find_program("postgres")
    user = None
    folder = Path(
        tempfile.mkdtemp(prefix="roofwatch-pg-", dir="/tmp")
    )  # the path of a socket must be short, and pytest's folders are closed to other users
    try:
        if os.geteuid() == 0:  # root must not run it
            import pwd

            user = pwd.getpwnam("postgres").pw_uid
            os.chown(folder, user, -1)
        environ, log = {"PATH": os.environ["PATH"], "LC_ALL": "C"}, folder / "log"
        command = [
            initdb,
            "-D",
            str(folder / "data"),
            "-A",
            "trust",
            "-U",
            "roofwatch",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            user=user,
            env=environ,
            cwd=folder,
            timeout=START_S,
        )
        (folder / "data/pg_hba.conf").write_text(_ACCESS)
        with log.open("wb") as stream:
            command = [
                server,
                "-D",
                str(folder / "data"),
                "-k",
                str(folder),
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
            ]
            process = subprocess.Popen(
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                cwd=folder,
            )
        try:
            deadline = time.monotonic() + START_S
            while "ready to accept connections" not in log.read_text(errors="replace"):
                assert process.poll() is None and time.monotonic() < deadline, log.read_text(
                    errors="replace"
                )[-2000:]
                time.sleep(0.1)
            yield folder
        finally:
            process.send_signal(signal.SIGINT)  # what PostgreSQL calls a fast shutdown
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder)


def find_program(name: str) -> str:
    """Return the path of a program of PostgreSQL, or skip the test."""
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), ""
    )
    return found or pytest.skip(f"no {name} on this machine; apt-get install postgresql")
