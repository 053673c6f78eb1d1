"""No command reports to anybody: every request of a process is written down and refused."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cities import CityBuilder

ROOT = Path(__file__).parents[1]
KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TMPDIR", "TEMP")
"""All that is left of the environment: CI and its like silence the very reports looked for."""
TIMEOUT_S = 240

WATCH = '''\
"""Python runs this at the start of every process, workers too."""
import os
import sys

NAMED = ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request")
CONNECTED = ("socket.connect", "socket.sendto")
LOCAL = ("", "localhost", "127.0.0.1", "::1", "None")


def host_of(event, arguments):
    if event in NAMED:
        return str(arguments[0])
    address = arguments[1] if event in CONNECTED else None
    return str(address[0]) if isinstance(address, tuple) else ""  # else a Unix socket


def watch(event, arguments):
    host = host_of(event, arguments)
    if host not in LOCAL:
        with open(os.environ["ASKED"], "a") as file:
            file.write(f"{event} {host}\\n")
        raise OSError(f"no network here: {host}")


sys.addaudithook(watch)
with open(os.environ["WATCHED"], "a") as file:
    file.write(f"{os.getpid()}\\n")
'''

REPORTER = '''\
"""Stands for the package of that name where it is not installed: leaves an id and asks a host."""
import contextlib
import socket
from pathlib import Path


class Telemetry:
    def __init__(self, **options):
        folder = Path.home() / "intel"
        folder.mkdir(exist_ok=True)
        (folder / "openvino_ga_cid").write_text("an id")

    def send_event(self, *words):
        with contextlib.suppress(OSError):
            socket.getaddrinfo("www.google-analytics.com", 443)
'''

A_REQUEST = """\
import multiprocessing
import socket
from concurrent.futures import ProcessPoolExecutor
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        print(pool.submit(socket.getaddrinfo, "roofwatch.invalid", 443).exception())
"""

IN_A_WORKER = """\
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from models.engine import engine_name
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        print(pool.submit(engine_name).result())
"""


class Watched:
    """A home, a search path and two lists for processes whose requests are written down."""

    def __init__(self, folder: Path) -> None:
        """Write what Python loads at its start, and the reporter where it is not installed."""
        self.home = folder / "home"
        self.home.mkdir()
        self.path = folder / "path"
        self.path.mkdir()
        self.asked_list = folder / "asked.txt"
        self.process_list = folder / "processes.txt"

        (self.path / "sitecustomize.py").write_text(WATCH)
        if importlib.util.find_spec("openvino_telemetry") is None:
            backend = self.path / "openvino_telemetry" / "backend"
            backend.mkdir(parents=True)
            (backend.parent / "__init__.py").write_text(REPORTER)
            (backend / "__init__.py").touch()
            (backend / "backend_ga4.py").touch()

    def run(self, *arguments: str) -> str:
        """Run Python with these arguments; return its stdout."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment = {
            **kept,
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "PYTHONPATH": os.pathsep.join((str(self.path), str(ROOT))),
            "ASKED": str(self.asked_list),
            "WATCHED": str(self.process_list),
        }

        done = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=self.home,
            timeout=TIMEOUT_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def asked(self) -> list[str]:
        """Return every request, in order."""
        return self.asked_list.read_text().splitlines() if self.asked_list.exists() else []

    @property
    def processes(self) -> int:
        """Return how many processes were watched."""
        return len(self.process_list.read_text().splitlines())

    @property
    def traces(self) -> list[str]:
        """Return every file in the home folder but the list of fonts that matplotlib keeps."""
        files = (path.relative_to(self.home) for path in self.home.rglob("*") if path.is_file())
        return sorted(str(path) for path in files if "matplotlib" not in path.parts)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """Processes with an empty home, outside CI."""
    return Watched(tmp_path)


def test_a_request_of_a_worker_would_be_seen(watched: Watched) -> None:
    """The watch holds in processes that a process spawns, and lets nothing out."""
    script = watched.path / "ask_a_host.py"
    script.write_text(A_REQUEST)
    assert "no network here" in watched.run(str(script))
    assert watched.asked == ["socket.getaddrinfo roofwatch.invalid"]


@pytest.mark.timeout(900)  # three commands, each in processes of its own
def test_no_command_asks_any_host(
    watched: Watched,
    tiny_city: CityBuilder,
    tmp_path: Path,
) -> None:
    """Training, scoring and a whole run ask nobody, and leave no id in the home folder."""
    city = str(tiny_city(tmp_path / "city"))
    for command, year in (("train", "2023"), ("score", "2023"), ("run", "2024")):
        arguments = (command, city, "--year", year, "--workers", "2", "--quiet")
        watched.run("-m", "roofwatch.cli", *arguments)
    assert watched.asked == []
    assert watched.traces == []
    assert watched.processes > 3  # commands and their workers


def test_no_worker_asks_any_host(watched: Watched) -> None:
    """OpenVINO is loaded in a worker, and says nothing to anybody."""
    script = watched.path / "ask_a_worker.py"
    script.write_text(IN_A_WORKER)
    assert watched.run(str(script)).startswith(("openvino", "torch-cuda"))
    assert watched.processes >= 2
    assert (watched.asked, watched.traces) == ([], [])
