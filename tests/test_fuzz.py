"""Damaged files of every kind: none crashes a command, and the fuzzer sees one that does."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORPUS = Path(__file__).with_name("corpus")
TIMEOUT_S = 300

FAULTY = """\
import os, signal, sys, time
import roofwatch.cli
from benchmarks import fuzz, fuzz_cases

def crash(words):
    {crash}

fuzz_cases.HANG_S = 1.0
fuzz.KILL_S = 1.5
fuzz_cases.MEMORY_MB = 600
roofwatch.cli.main = crash
sys.argv = ["fuzz", "--replay", "--corpus", {corpus!r}]
sys.exit(fuzz.main())
"""


def python(*words: str) -> subprocess.CompletedProcess[str]:
    """Run Python where the rooms are importable."""
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=TIMEOUT_S,
    )


def test_every_kept_file_is_read_or_refused_in_a_line() -> None:
    """The corpus holds what once was bad, and one file for each of many messages."""
    ran = python("-m", "benchmarks.fuzz", "--replay", "--corpus", str(CORPUS))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(list(CORPUS.glob('*.gz')))} cases" in ran.stdout
    assert "no bad case" in ran.stdout


def test_damaged_files_for_some_seconds() -> None:
    """`make fuzz` does the same for an hour, with another seed."""
    ran = python("-m", "benchmarks.fuzz", "--seconds", "15", "--seed", "11")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "no bad case" in ran.stdout


@pytest.mark.parametrize(
    ("crash", "fault"),
    [
        ("raise KeyError('parcel')", "traceback: KeyError: 'parcel'"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal SIGSEGV"),
        ("return 1", "exit code 1"),
        ("time.sleep(9)", "hang"),
        ("x = bytearray(700 * 2**20); return 0", "MB"),
    ],
)
def test_the_fuzzer_sees_a_command_that_fails(crash: str, fault: str, tmp_path: Path) -> None:
    """Each of the ways in which a case is bad."""
    (tmp_path / "csv-any.gz").write_bytes(gzip.compress(b"parcel_id\n"))
    ran = python("-c", FAULTY.format(crash=crash, corpus=str(tmp_path)))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "BAD 1 x csv" in ran.stdout and fault in ran.stdout
