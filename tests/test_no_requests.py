"""No command reports to anybody: every request of a process is written down and refused."""

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cities import DoneCity
from every_command import ARGUMENTS, run_every_command

from roofwatch.commands import build_parser

ROOT = Path(__file__).parents[1]
KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TMPDIR", "TEMP")
"""All that is left of the environment: CI and its like silence the very reports looked for."""
TIMEOUT_S = 600
WITHOUT_NETWORK = (("unshare", "-n"), ("unshare", "-rn"))
"""Run a program in a network namespace that holds nothing but a loopback which is down: as root,
or with a user namespace of its own.
"""
CALLS = ("strace", "-f", "-qq", "--seccomp-bpf", "-e", "signal=none")
CALLS_OF_NETWORK = "trace=connect,sendto,sendmsg,sendmmsg"
ADDRESS = re.compile(r'inet_(?:addr\(|pton\(AF_INET6, )"([^"]*)"')
"""An address of IP in a line of strace."""

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
from models.engine_name import engine_name
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

    def run(self, *arguments: str, within: tuple[str, ...] = ()) -> str:
        """Run Python with these arguments, within another program; return its stdout."""
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
            [*within, sys.executable, *arguments],
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


@pytest.mark.timeout(900)  # a whole demo
def test_the_demo_asks_no_host(watched: Watched) -> None:
    """Training, scoring, whole runs and their workers ask nobody; no id is left in the home."""
    options = ("--parcels", "100", "--workers", "2", "--quiet")
    watched.run("-m", "roofwatch.cli", "demo", "--out", "demo", *options, within=isolation())
    shutil.rmtree(watched.home / "demo")
    assert watched.asked == []
    assert watched.traces == []
    assert watched.processes > 3  # the command and its workers


def isolation() -> tuple[str, ...]:
    """Return what cuts a program off the network; skip where the system does not permit it."""
    for words in WITHOUT_NETWORK:
        if shutil.which(words[0]) and not subprocess.run([*words, "true"], check=False).returncode:
            return words
    pytest.skip("no network namespaces here: unshare is missing or not permitted")


def test_every_command_is_tried() -> None:
    """A new command cannot be forgotten."""
    (commands,) = [
        action
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    assert set(commands.choices) == {*ARGUMENTS, "demo"}


@pytest.mark.timeout(900)  # every command, twice
def test_every_command_does_the_same_without_a_network(
    watched: Watched, done_city: DoneCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same exit codes as with one, and neither Python nor a C library asks for any other host."""
    inside = tmp_path / "inside"
    outside = tmp_path / "outside"
    for folder in (inside, outside):
        shutil.copytree(done_city.path.parent, folder / "city")
    script = Path(__file__).with_name("every_command.py")
    calls = tmp_path / "calls.txt"
    within = (*isolation(), *tracing(calls))

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(watched.run, str(script), str(inside), within=within)
        monkeypatch.chdir(outside)
        codes = run_every_command()
        running.result()

    assert codes == {name: 3 if name == "publish" else 0 for name in ARGUMENTS}
    assert json.loads((inside / "codes.json").read_text()) == codes
    assert watched.asked == []
    assert watched.traces == []
    assert asked_by_calls(calls) == []


def tracing(calls: Path) -> tuple[str, ...]:
    """Return what writes down every call of the system that reaches out, where it is installed."""
    if shutil.which("strace") is None:
        return ()
    return (*CALLS, "-e", CALLS_OF_NETWORK, "-o", str(calls))


def asked_by_calls(calls: Path) -> list[str]:
    """Return the addresses beyond this machine that the system was asked to reach."""
    if not calls.exists():
        return []
    lines = calls.read_text(errors="replace")
    addresses = {found.group(1) for found in ADDRESS.finditer(lines)}
    return sorted(name for name in addresses if not name.startswith("127.") and name != "::1")


def test_an_address_that_a_c_library_asks_for_would_be_seen(
    watched: Watched, tmp_path: Path
) -> None:
    """Not only requests of Python: here curl's, or its question for a name."""
    curl = shutil.which("curl")
    calls = tmp_path / "calls.txt"
    if not tracing(calls) or curl is None:
        pytest.skip("strace or curl is not installed")
    subprocess.run(
        [*isolation(), *tracing(calls), curl, "-s", "http://192.0.2.1/"], check=False, timeout=60
    )
    assert asked_by_calls(calls) == ["192.0.2.1"]


def test_no_worker_asks_any_host(watched: Watched) -> None:
    """OpenVINO is loaded in a worker, and says nothing to anybody."""
    script = watched.path / "ask_a_worker.py"
    script.write_text(IN_A_WORKER)
    assert watched.run(str(script)).startswith(("openvino", "torch-cuda"))
    assert watched.processes >= 2
    assert (watched.asked, watched.traces) == ([], [])
