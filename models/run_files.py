"""Files of MLflow runs, brought to this machine."""

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from models.anchor import find_file

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as RegisteredVersion
    from mlflow.tracking import MlflowClient

PACKAGE = "model"
"""Folder of the package among the files of a run."""


def fetch(
    mlflow: "MlflowClient", version: "RegisteredVersion", path: str, *, root: Path
) -> Path | None:
    """Return a file or folder that the run of a version logged, None when there is none.

    Files on this machine are used where they are. Others are copied into a folder that is removed
    when the process ends.

    Args:
        mlflow: The client.
        version: The version.
        path: The file or folder, from the top of the files of the run.
        root: Folder of the run files of this workspace, wherever it is now.
    """
    package = find_file(str(version.source), root)
    if package is not None:
        # The source is the package, beside the other files of the run.
        here = package.parent / path
        return here if here.exists() else None

    run_id = str(version.run_id)
    folder = path.rpartition("/")[0]
    logged = [str(entry.path) for entry in mlflow.list_artifacts(run_id, folder)]
    if path not in logged:
        return None
    return Path(mlflow.download_artifacts(run_id, path, _temporary_folder()))


def _temporary_folder() -> str:
    folder = tempfile.mkdtemp(prefix="roofwatch-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
