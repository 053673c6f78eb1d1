"""MLflow: registered versions and aliases. Here and in the modules it calls mlflow is imported only when called."""

import atexit
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from imagery.errors import InputError, MissingInput, TamperedModel
from models.checksum import model_checksum
from models.package import WEIGHTS_PATH, save_package
from models.runs import RunRecord, open_run
from models.spec import ModelVersion, spec_from_json
from models.tracking import mask, open_client, served

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as RegisteredVersion
    from mlflow.tracking import MlflowClient

ALIASES = ("champion", "challenger")
NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""Error codes of a model, version or alias that is not there."""
PACKAGE = "model"
"""Folder of the package among the files of a run."""


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Where models are registered."""

    uri: str
    """MLflow tracking URI, e.g. "sqlite:////city/mlflow.db" or "http://server:5000"."""
    artifacts: str
    """Folder of the run files; a server keeps them itself and takes no notice."""
    experiment: str
    """MLflow experiment: the city."""
    model: str
    """Registered model: "<city>-roof"."""


def register_model(registry: Registry, folder: Path, record: RunRecord) -> ModelVersion:
    """Log a run with its model and report, and register the model as the challenger.

    A model that is registered already, by a run that was killed or on the same labels, is not registered again.

    Args:
        registry: Where to.
        folder: What `models.files.save_model` left.
        record: Parameters, metrics, the runs below and the report folder.

    Raises:
        InputError: MLflow cannot be reached or refuses.
    """
    sha256 = model_checksum(folder)
    version = find_version(registry, "sha256", sha256)
    with open_client(registry.uri) as mlflow:
        if version is None:
            version = _register(registry, mlflow, folder, record, sha256)
        newest = max(
            int(one.version) for one in mlflow.search_model_versions(f"name = '{registry.model}'")
        )
        if version == newest:
            mlflow.set_registered_model_alias(registry.model, "challenger", str(version))
    found = resolve_model(registry, str(version))
    return replace(found, alias="challenger") if version == newest else found


def resolve_model(registry: Registry, wanted: str) -> ModelVersion:
    """Find a version by alias or number and bring its files here.

    Raises:
        MissingInput: no such model, alias or version, or its files are gone.
        TamperedModel: its spec cannot be read.
        InputError: MLflow cannot be reached.
    """
    by_number = wanted.isdecimal()
    with open_client(registry.uri) as mlflow:
        version = _found(registry, mlflow, wanted)
        folder = _bring(mlflow, version, f"{PACKAGE}/{WEIGHTS_PATH}")
    label = f"model {registry.model}/{version.version}"
    if folder is None:
        raise MissingInput(
            f"{label}: its files are not at {mask(str(version.source))}; put them back, or promote another version"
        )
    try:
        spec = spec_from_json((folder / "spec.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError) as error:
        raise TamperedModel(
            f"{label}: spec.json cannot be read ({error}); promote another version"
        ) from error
    return ModelVersion(
        name=registry.model,
        version=int(version.version),
        spec=spec,
        sha256=str(version.tags.get("sha256", "")),
        run_id=str(version.run_id),
        alias="" if by_number else wanted,
        folder=folder,
    )


def alias_version(registry: Registry, alias: str) -> int | None:
    """Return the version an alias points at, None when there is none."""
    with open_client(registry.uri) as mlflow:
        version = _version(registry, mlflow, alias)
    return None if version is None else int(version.version)


def find_version(registry: Registry, tag: str, value: str) -> int | None:
    """Return the newest version that carries a tag, None when there is none."""
    with open_client(registry.uri) as mlflow:
        versions = mlflow.search_model_versions(f"name = '{registry.model}'")
    return max(
        (int(version.version) for version in versions if version.tags.get(tag) == value),
        default=None,
    )


def move_alias(registry: Registry, alias: str, version: int) -> None:
    """Point an alias at a version."""
    if alias not in ALIASES:
        raise InputError(f"alias {alias!r}, want one of {', '.join(ALIASES)}")
    with open_client(registry.uri) as mlflow:
        mlflow.set_registered_model_alias(registry.model, alias, str(version))


def record_promotion(registry: Registry, version: int, *, by: str, why: str) -> None:
    """Write beside a version who made it champion, why and when (UTC); the last promotion counts."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with open_client(registry.uri) as mlflow:
        for name, value in (("promoted_by", by), ("promoted_why", why), ("promoted_at", now)):
            mlflow.set_model_version_tag(
                registry.model, str(version), name, value.encode("utf-8", "replace").decode()
            )  # argv may hold what UTF-8 cannot


def version_tag(registry: Registry, version: int, name: str) -> str:
    """Return a tag of a version, "" when it has none.

    Raises:
        MissingInput: no such version.
    """
    with open_client(registry.uri) as mlflow:
        return str(_found(registry, mlflow, str(version)).tags.get(name, ""))


def version_metric(registry: Registry, version: int, name: str) -> float:
    """Return a figure that was written beside a version; NaN when there is none."""
    return float(version_tag(registry, version, f"metric.{name}") or "nan")


def version_file(registry: Registry, version: int, path: str) -> Path | None:
    """Bring a file here that the run of a version logged, e.g. "report/out_of_fold.parquet"; None when it is not there."""
    with open_client(registry.uri) as mlflow:
        return _bring(mlflow, _found(registry, mlflow, str(version)), path)


def _register(
    registry: Registry, mlflow: "MlflowClient", folder: Path, record: RunRecord, sha256: str
) -> int:
    place = (
        Path(registry.artifacts).as_uri()
        if registry.artifacts and not served(registry.uri)
        else None
    )
    found = mlflow.get_experiment_by_name(registry.experiment)
    experiment = (
        found.experiment_id
        if found
        else mlflow.create_experiment(registry.experiment, artifact_location=place)
    )
    with (
        open_run(mlflow, experiment, record, sha256) as run,
        tempfile.TemporaryDirectory(prefix="roofwatch-") as temporary,
    ):
        save_package(Path(temporary) / PACKAGE, folder, sha256)
        mlflow.log_artifacts(run.info.run_id, str(Path(temporary) / PACKAGE), PACKAGE)
    if not mlflow.search_registered_models(filter_string=f"name = '{registry.model}'"):
        mlflow.create_registered_model(registry.model)
    tags = {
        "sha256": sha256,
        "rung": record.rung,
        "labels_sha256": record.parameters.get("labels_sha256", ""),
    }
    tags |= {f"metric.{name}": f"{value:.6f}" for name, value in record.metrics.items()}
    return int(
        mlflow.create_model_version(
            registry.model, f"{run.info.artifact_uri}/{PACKAGE}", run_id=run.info.run_id, tags=tags
        ).version
    )


def _version(registry: Registry, mlflow: "MlflowClient", wanted: str) -> "RegisteredVersion | None":
    from mlflow.exceptions import MlflowException

    try:
        return (
            mlflow.get_model_version(registry.model, wanted)
            if wanted.isdecimal()
            else mlflow.get_model_version_by_alias(registry.model, wanted)
        )
    except MlflowException as error:
        if error.error_code in NOT_FOUND:
            return None
        raise


def _found(registry: Registry, mlflow: "MlflowClient", wanted: str) -> "RegisteredVersion":
    version = _version(registry, mlflow, wanted)
    if version is None:
        raise MissingInput(
            f"model {registry.model}: no version or alias {wanted!r} in {mask(registry.uri)}; run train first or name another"
        )
    return version


def _bring(mlflow: "MlflowClient", version: "RegisteredVersion", path: str) -> Path | None:
    """Return a path of the run's files, None when there is none; those on this machine are used where they lie, others come into a folder that is removed at exit."""
    run_id, source = str(version.run_id), str(version.source)
    if source.startswith("file:"):
        here = (
            Path(url2pathname(urlsplit(source).path)).parent / path
        )  # the source is the run's files / PACKAGE
        return here if here.exists() else None
    if path not in [
        str(one.path) for one in mlflow.list_artifacts(run_id, path.rpartition("/")[0])
    ]:
        return None
    return Path(mlflow.download_artifacts(run_id, path, _temporary_folder()))


def _temporary_folder() -> str:
    folder = tempfile.mkdtemp(prefix="roofwatch-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
