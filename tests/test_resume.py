"""A run that is killed at any point goes on to the same ledger."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from cities import CityBuilder, DoneCity

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


def start_run(city: Path) -> "subprocess.Popen[bytes]":
    """Start `run` in a process group of its own."""
    command = [sys.executable, "-m", "roofwatch.cli", "run", str(city)]
    options = ["--year", "2023", "--executor", "serial", "--quiet"]
    return subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def kill_at(city: Path, patterns: tuple[str, ...]) -> bool:
    """Start a run and kill it when one of the files appears; tell whether it was still running."""
    workspace = city.parent / "workspace"
    run = start_run(city)
    until = time.monotonic() + 90

    while run.poll() is None and time.monotonic() < until:
        if any(next(workspace.glob(pattern), None) for pattern in patterns):
            os.killpg(run.pid, signal.SIGKILL)
            break
        time.sleep(0.001)

    _, err = run.communicate()
    assert b"Traceback" not in err, err.decode()
    return run.returncode == -signal.SIGKILL


def paths_under(folder: Path) -> list[str]:
    """Return the relative paths of all files and folders that are not hidden."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    return [name for name in names if "/." not in f"/{name}"]


@pytest.mark.timeout(280)
def test_killed_again_and_again(
    tmp_path: Path, tiny_city: CityBuilder, done_city: DoneCity
) -> None:
    """Kill one run at the first file of each stage, and let it go on each time.

    It ends with the files of a run that was left alone.
    """
    path = tiny_city(tmp_path / "city")
    killed = {stage: kill_at(path, patterns) for stage, patterns in STAGES.items()}
    assert killed == dict.fromkeys(STAGES, True)

    last = start_run(path)
    _, err = last.communicate(timeout=120)
    assert (last.returncode, err) == (0, b"")

    year = path.parent / "workspace" / "2023"
    calm_year = done_city.workspace / "2023"
    for name in ("ledger.csv", "chips/shard_00000.bin", "chips/manifest.parquet"):
        assert (year / name).read_bytes() == (calm_year / name).read_bytes(), name

    columns = ["parcel_id", "features"]
    features = pd.read_parquet(year / "chips" / "features.parquet", columns=columns)
    calm_features = pd.read_parquet(calm_year / "chips" / "features.parquet", columns=columns)
    assert features.map(str).equals(calm_features.map(str))

    assert paths_under(year) == paths_under(calm_year)
    assert first_broken_line(path.parent / "workspace" / "audit.csv") is None
