"""A run that is killed at any point goes on to the same ledger."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from roofwatch.audit import first_broken_line

ROOT = Path(__file__).parents[1]
STAGES = {
    "chips": ("2023/chips/shard_*.bin", "2023/chips/manifest.parquet"),
    "registry": ("mlflow.db",),
    "features": ("2023/chips/features*",),
    "model": ("2023/model",),
    "ledger": ("2023/ledger.csv",),
    "products": ("2023/.export/fire/*", "2023/fire"),
}
"""The first file of each stage, in the order of the run."""


def start(city: Path) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable,
        "-m",
        "roofwatch.cli",
        "run",
        str(city),
        "--year",
        "2023",
        "--executor",
        "serial",
        "--quiet",
    ]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def kill_at(city: Path, patterns: tuple[str, ...]) -> bool:
    """Start a run and kill it when one of the files appears; tell whether it was still running."""
    workspace, run = city.parent / "workspace", start(city)
    until = time.monotonic() + 90
    while run.poll() is None and time.monotonic() < until:
        if any(next(workspace.glob(pattern), None) for pattern in patterns):
            os.killpg(run.pid, signal.SIGKILL)
            break
        time.sleep(0.001)
    _, err = run.communicate()
    assert b"Traceback" not in err, err.decode()
    return run.returncode == -signal.SIGKILL


@pytest.mark.timeout(280)
def test_killed_again_and_again(
    tmp_path: Path, tiny_city: Callable[..., Path], done_city: object
) -> None:
    """Kill one run at the first file of each stage, let it go on each time, and compare with a run that was left alone."""
    path = tiny_city(tmp_path / "city")
    killed = {stage: kill_at(path, patterns) for stage, patterns in STAGES.items()}
    assert killed == dict.fromkeys(STAGES, True)
    last = start(path)
    _, err = last.communicate(timeout=120)
    assert (last.returncode, err) == (0, b"")
    calm: Path = done_city.workspace  # type: ignore[attr-defined]  # the class lives in conftest
    workspace = path.parent / "workspace"
    assert (workspace / "2023" / "ledger.csv").read_bytes() == (
        calm / "2023" / "ledger.csv"
    ).read_bytes()
    for name in ("chips/shard_00000.bin", "chips/manifest.parquet"):
        assert (workspace / "2023" / name).read_bytes() == (calm / "2023" / name).read_bytes(), name
    features = [
        pd.read_parquet(
            root / "2023" / "chips" / "features.parquet", columns=["parcel_id", "features"]
        )
        for root in (workspace, calm)
    ]
    assert features[0].map(str).equals(features[1].map(str))
    ours, theirs = (
        sorted(
            str(file.relative_to(root / "2023"))
            for file in (root / "2023").rglob("*")
            if "/." not in str(file.relative_to(root))
        )
        for root in (workspace, calm)
    )
    assert ours == theirs
    assert first_broken_line(workspace / "audit.csv") is None
