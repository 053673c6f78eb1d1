"""What a training leaves in MLflow: nested runs, files, and what it ran on."""

import math
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

PACKAGES = (
    "roofwatch",
    "torch",
    "torchvision",
    "timm",
    "openvino",
    "numpy",
    "scipy",
    "scikit-learn",
    "opencv-python-headless",
    "pyarrow",
    "mlflow",
)
"""Packages whose versions are recorded: those that make the figures."""
ROOT = Path(__file__).resolve().parents[1]
"""Folder of the code: a git checkout, or site-packages."""
GIT_SECONDS = 10
"""How long git may take."""


@dataclass(frozen=True, kw_only=True)
class ChildRun:
    """A run within a run: a rung of the training, or a fold of a rung."""

    name: str
    """Name among its siblings, e.g. "dark_share" or "fold 2"."""
    parameters: dict[str, str]
    """Settings; none for a fold, because each batch of them costs a commit."""
    metrics: dict[str, float]
    """Figures."""
    children: tuple["ChildRun", ...] = ()
    """Runs below."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What a training run leaves besides the model."""

    parameters: dict[str, str]
    """Settings, label and chip checksums and the like."""
    metrics: dict[str, float]
    """Figures of the rung that ships."""
    report: Path
    """Folder of plots, the evaluation page and out_of_fold.parquet."""
    rung: str = "network"
    """The rung that ships: a column of out_of_fold.parquet."""
    children: tuple[ChildRun, ...] = ()
    """A run per rung."""
    tags: dict[str, str] = field(default_factory=dict)
    """More tags of the version."""
    command: str = "train"
    """Command that makes the run, the beginning of its name."""


@contextmanager
def open_run(
    mlflow: "MlflowClient", experiment: str, record: RunRecord, sha256: str
) -> Iterator["Run"]:
    """Log everything but the model, and yield the run to add that.

    The run ends as FINISHED, or as FAILED when something is raised. Runs that a killed training of
    the same model left open are closed first.

    Args:
        mlflow: The client.
        experiment: Id of the experiment.
        record: What to log.
        sha256: Checksum of the model, a tag of every run.
    """
    _close_killed(mlflow, experiment, sha256)
    name = f"{record.command} {record.parameters.get('year', '')}".strip()
    run = mlflow.create_run(experiment, run_name=name, tags=_tags(record, sha256))
    try:
        _log(mlflow, run, record.parameters, record.metrics)
        for child in record.children:
            _log_child(mlflow, run, child, sha256)
        mlflow.log_artifacts(run.info.run_id, str(record.report), "report")
        mlflow.log_text(run.info.run_id, environment(), "environment.txt")
        yield run
    except BaseException:
        # The first error is the one to report.
        with suppress(Exception):
            mlflow.set_terminated(run.info.run_id, "FAILED")
        raise
    mlflow.set_terminated(run.info.run_id)


def environment() -> str:
    """Return Python, platform and the versions of `PACKAGES`, one per line."""
    lines = [f"python {platform.python_version()}", f"platform {platform.platform()}"]
    for name in PACKAGES:
        try:
            lines.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            lines.append(f"{name} not installed")
    return "\n".join(lines) + "\n"


def git_commit(folder: Path) -> str:
    """Return the commit checked out in a folder.

    Returns:
        "" when the folder is not itself the top of a git checkout, or git is not installed.
    """
    # Variables of git would point it at another repository.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ["GIT_TERMINAL_PROMPT"] = "0"
    try:
        done = subprocess.run(
            ("git", "-C", str(folder), "rev-parse", "--show-toplevel", "HEAD"),
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""

    top, _, commit = done.stdout.rstrip("\n").rpartition("\n")
    is_top = done.returncode == 0 and Path(top) == folder.resolve()
    return commit if is_top else ""


def _close_killed(mlflow: "MlflowClient", experiment: str, sha256: str) -> None:
    running = f"attributes.status = 'RUNNING' and tags.sha256 = '{sha256}'"
    for run in mlflow.search_runs([experiment], filter_string=running):
        mlflow.set_terminated(run.info.run_id, "KILLED")


def _tags(record: RunRecord, sha256: str) -> dict[str, str]:
    tags = {
        "rung": record.rung,
        "sha256": sha256,
        "mlflow.source.name": "roofwatch train",
        "mlflow.source.type": "LOCAL",
    }
    commit = git_commit(ROOT)
    if commit:
        tags["mlflow.source.git.commit"] = commit
    return tags


def _log(
    mlflow: "MlflowClient", run: "Run", parameters: dict[str, str], metrics: dict[str, float]
) -> None:
    """Log settings and figures; a figure that is not known (NaN) is left out."""
    from mlflow.entities import Metric, Param

    start = run.info.start_time
    known = {name: value for name, value in metrics.items() if not math.isnan(value)}
    mlflow.log_batch(
        run.info.run_id,
        metrics=[Metric(name, value, start, 0) for name, value in known.items()],
        params=[Param(name, value) for name, value in parameters.items()],
    )


def _log_child(mlflow: "MlflowClient", parent: "Run", child: ChildRun, sha256: str) -> None:
    tags = {"mlflow.parentRunId": parent.info.run_id, "sha256": sha256}
    run = mlflow.create_run(parent.info.experiment_id, run_name=child.name, tags=tags)
    _log(mlflow, run, child.parameters, child.metrics)
    for grandchild in child.children:
        _log_child(mlflow, run, grandchild, sha256)
    mlflow.set_terminated(run.info.run_id)
