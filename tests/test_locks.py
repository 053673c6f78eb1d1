"""Two commands in one folder: the second is told who is at work, or waits; a killed one lets go."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imagery.errors import Busy
from imagery.locks import LOCK, at_work, one_at_a_time
from roofwatch.audit import AuditLine, append_audit, first_broken_line, read_audit

ROOT = Path(__file__).parents[1]
WAIT_S = 60
HOLD = """
import sys, time
from pathlib import Path
from imagery.locks import at_work
with at_work(Path(sys.argv[1]), "`tile` of 2024"):
    print("held", flush=True)
    time.sleep(600)
"""
APPEND = """
import sys
from pathlib import Path
from roofwatch.audit import AuditLine, append_audit
for number in range(20):
    append_audit(Path(sys.argv[1]), AuditLine(command=sys.argv[2], detail=f"line {number}"))
"""


def start(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start Python with some code."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def holder(folder: Path) -> "subprocess.Popen[str]":
    """Start a process that is at work in a folder."""
    process = start(HOLD, str(folder))
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_who_is_at_work_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        wanted = (
            rf"another `tile` of 2024 is at work here \(process {process.pid}, since \d\d:\d\d\)"
        )
        with pytest.raises(Busy, match=wanted) as caught, at_work(tmp_path, "`score` of 2024"):
            pass
        assert caught.value.exit_code == 3
        assert "\n" not in str(caught.value)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()

    # The killed one's file is still there, and holds nobody up.
    assert (tmp_path / LOCK).exists()
    with at_work(tmp_path, "`score` of 2024"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_stages_of_one_process_may_call_each_other(tmp_path: Path) -> None:
    """A lock that an inner stage took is kept until the outermost one ends."""
    one = tmp_path / "2023"
    two = tmp_path / "2024"
    with at_work(two, "`run` of 2024"):
        with at_work(two, "`tile` of 2024"), at_work(one, "`tile` of 2023"):
            pass
        assert "`run` of 2024" in (two / LOCK).read_text()
        assert "`tile` of 2023" in (one / LOCK).read_text()
    assert not (one / LOCK).exists()
    assert not (two / LOCK).exists()


def test_a_lock_is_let_go_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bad"), at_work(tmp_path, "`tile` of 2024"):
        raise ValueError("bad")
    assert list(tmp_path.iterdir()) == []


def test_short_work_waits(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    with (
        one_at_a_time(lock, "first", wait_s=1),
        pytest.raises(Busy, match="another first is at work"),
        one_at_a_time(lock, "second", wait_s=0.1),
    ):
        pass
    assert not lock.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_needs_no_lock(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with at_work(tmp_path, "`score` of 2024"):
        assert not (tmp_path / LOCK).exists()
    tmp_path.chmod(0o755)


def test_two_processes_write_one_audit_log(tmp_path: Path) -> None:
    """Every line of both is there, and the chain of hashes holds."""
    log = tmp_path / "audit.csv"
    processes = [start(APPEND, str(log), name) for name in ("train", "score")]
    for process in processes:
        _, error = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0, error

    assert len(read_audit(log)) == 40
    assert first_broken_line(log) is None
    assert [path.name for path in tmp_path.iterdir()] == ["audit.csv"]


def test_a_line_that_finds_no_room_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    """A disk that is full after the first bytes of a line."""
    log = tmp_path / "audit.csv"
    append_audit(log, AuditLine(command="train", detail="first"))
    before = log.read_bytes()
    code = (
        "import resource, signal\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 50}, {len(before) + 50}))\n"
    )
    process = start(code + APPEND, str(log), "score")
    _, error = process.communicate(timeout=WAIT_S)
    assert "File too large" in error
    assert log.read_bytes() == before
    append_audit(log, AuditLine(command="train", detail="second"))
    assert first_broken_line(log) is None
