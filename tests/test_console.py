"""Messages reach any console, and nobody has to read them to the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CITY = """\
[city]
name = "Ciudad Ñuñoa \u6771\u4eac"
workspace = "workspace"
[parcels]
path = "lots \u00e9\u6771.gpkg"
id = "id"
[vacant]
path = "vacant.csv"
id = "id"
[[flyover]]
year = 2023
path = "flyover"
"""


def start(*words: str, encoding: str = "utf-8") -> "subprocess.Popen[bytes]":
    """Start a command whose output a pipe takes, in an encoding."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.Popen(
        [sys.executable, "-m", "roofwatch.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_any_encoding(tmp_path: Path, encoding: str) -> None:
    """A message with letters that the console lacks is one line, with codes for them."""
    path = tmp_path / "city.toml"
    path.write_text(CITY, encoding="utf-8")

    run = start("check", str(path), "--year", "2023", encoding=encoding)
    _, printed = run.communicate(timeout=120)

    assert run.returncode == 3
    assert b"Traceback" not in printed
    lines = printed.decode(encoding).splitlines()
    assert len(lines) == 1
    shown = lines[0].encode().decode("unicode_escape") if encoding != "utf-8" else lines[0]
    assert "no file at" in shown
    assert "\u6771.gpkg" in shown


@pytest.mark.parametrize("words", [("--help",), ("check", "--help"), ("check", "no.toml")])
def test_nobody_reads_on(words: tuple[str, ...]) -> None:
    """As after `| head`: no traceback, and no word of an exception that was ignored."""
    run = start(*words, *(("--year", "2023") if "no.toml" in words else ()))
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.close()
    printed = run.stderr.read()
    run.stderr.close()

    assert run.wait(timeout=120) in (0, 3)
    assert b"Traceback" not in printed
    assert b"BrokenPipe" not in printed


def test_nobody_reads_messages() -> None:
    """A message that nobody takes changes no exit code."""
    run = start("check", "no.toml", "--year", "2023")
    assert run.stdout is not None
    assert run.stderr is not None
    run.stderr.close()
    assert run.stdout.read() == b""
    run.stdout.close()
    assert run.wait(timeout=120) == 3
