"""What a training leaves in MLflow: nested runs, files, and where and on what it ran."""

import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
"""Packages whose versions are written down."""
ROOT = Path(__file__).resolve().parents[1]
"""Where the code lies: a git checkout, or site-packages."""
GIT_SECONDS = 10


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


@contextmanager
def open_run(
    mlflow: "MlflowClient", experiment: str, record: RunRecord, sha256: str
) -> Iterator["Run"]:
    """Log everything but the model, yield the run to add that, and close it: FINISHED, or FAILED when something is raised.

    Args:
        mlflow: The client.
        experiment: Id of the experiment.
        record: What to log.
        sha256: Checksum of the model, a tag of every run; runs that a killed training of the same model left open are closed.
    """
    _close_killed(mlflow, experiment, sha256)
    tags = {
        "rung": record.rung,
        "sha256": sha256,
        "mlflow.source.name": "roofwatch train",
        "mlflow.source.type": "LOCAL",
    }
    commit = git_commit(ROOT)
    run = mlflow.create_run(
        experiment,
        run_name=f"train {record.parameters.get('year', '')}".strip(),
        tags={**tags, **({"mlflow.source.git.commit": commit} if commit else {})},
    )
    try:
        _log(mlflow, run, record.parameters, record.metrics)
        for child in record.children:
            _log_child(mlflow, run, child, sha256)
        mlflow.log_artifacts(run.info.run_id, str(record.report), "report")
        mlflow.log_text(run.info.run_id, environment(), "environment.txt")
        yield run
    except BaseException:
        with suppress(Exception):  # the first error is the one to tell
            mlflow.set_terminated(run.info.run_id, "FAILED")
        raise
    mlflow.set_terminated(run.info.run_id)


def environment() -> str:
    """Return Python, platform and the versions of the packages that make the figures, a line each."""
    lines = [f"python {platform.python_version()}", f"platform {platform.platform()}"]
    for name in PACKAGES:
        try:
            lines.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            lines.append(f"{name} not installed")
    return "\n".join(lines) + "\n"


def git_commit(folder: Path) -> str:
    """Return the commit checked out in a folder; "" when the folder is not itself the top of a git checkout, or git is not there."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
        "GIT_TERMINAL_PROMPT": "0"
    }
    command = ("git", "-C", str(folder), "rev-parse", "--show-toplevel", "HEAD")
    try:
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    top, _, commit = done.stdout.rstrip("\n").rpartition("\n")
    return commit if done.returncode == 0 and Path(top) == folder.resolve() else ""


def _log(
    mlflow: "MlflowClient", run: "Run", parameters: dict[str, str], metrics: dict[str, float]
) -> None:
    from mlflow.entities import Metric, Param

    mlflow.log_batch(
        run.info.run_id,
        metrics=[
            Metric(name, value, run.info.start_time, 0)
            for name, value in metrics.items()
            if value == value
        ],
        params=[Param(name, value) for name, value in parameters.items()],
    )


def _log_child(mlflow: "MlflowClient", parent: "Run", child: ChildRun, sha256: str) -> None:
    tags = {"mlflow.parentRunId": parent.info.run_id, "sha256": sha256}
    run = mlflow.create_run(parent.info.experiment_id, run_name=child.name, tags=tags)
    _log(mlflow, run, child.parameters, child.metrics)
    for one in child.children:
        _log_child(mlflow, run, one, sha256)
    mlflow.set_terminated(run.info.run_id)


def _close_killed(mlflow: "MlflowClient", experiment: str, sha256: str) -> None:
    for run in mlflow.search_runs(
        [experiment], filter_string=f"attributes.status = 'RUNNING' and tags.sha256 = '{sha256}'"
    ):
        mlflow.set_terminated(run.info.run_id, "KILLED")
