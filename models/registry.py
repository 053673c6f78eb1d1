"""MLflow: registered versions and aliases.

Here and in the modules that it calls, mlflow is imported only when it is needed.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imagery.errors import InputError, MissingInput
from imagery.values.secrets import mask
from models.anchor import anchor_places
from models.checksum import SPEC, model_checksum
from models.package import WEIGHTS_PATH, save_package
from models.registry_look import deleted_line
from models.run_files import PACKAGE, fetch
from models.runs import RunRecord, open_run
from models.spec import ModelVersion, read_spec
from models.tracking import open_client, served

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as RegisteredVersion
    from mlflow.tracking import MlflowClient

ALIASES = ("champion", "challenger")
ORIGIN = "origin"
"""Tag of a version that was adopted: where it comes from, in words."""
SECONDS = "train_seconds"
"""Tag of a version: how long its training took, wall clock."""
NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""MLflow's error codes for a model, version or alias that does not exist."""


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Where models are registered."""

    uri: str
    """MLflow tracking URI, e.g. "sqlite:////city/mlflow.db" or "http://server:5000"."""
    artifacts: str
    """Folder of the run files; not used with a server, which keeps them itself."""
    experiment: str
    """MLflow experiment: the city."""
    model: str
    """Registered model: "<city>-roof"."""


def register_model(registry: Registry, folder: Path, record: RunRecord) -> ModelVersion:
    """Log a run with its model and report, and register the model as the challenger.

    A model that is registered already, by a run that was killed or on the same labels, is not
    registered again.

    Args:
        registry: Where to.
        folder: What `models.files.save_model` wrote.
        record: Parameters, metrics, the runs below and the report folder.

    Raises:
        InputError: MLflow cannot be reached or refuses.
    """
    sha256 = model_checksum(folder)
    number = find_version(registry, "sha256", sha256)
    with _opened(registry) as mlflow:
        if number is None:
            number = _register(registry, mlflow, folder, record, sha256)

        is_newest = number == max(int(version.version) for version in _versions(registry, mlflow))
        if is_newest:
            mlflow.set_registered_model_alias(registry.model, "challenger", str(number))

    found = resolve_model(registry, str(number))
    return replace(found, alias="challenger") if is_newest else found


def resolve_model(registry: Registry, wanted: str) -> ModelVersion:
    """Find a version by alias or number and bring its files here.

    Raises:
        MissingInput: no such model, alias or version, or its files are gone.
        TamperedModel: its spec cannot be read.
        InputError: MLflow cannot be reached.
    """
    with _opened(registry) as mlflow:
        version = _found(registry, mlflow, wanted)
        package = f"{PACKAGE}/{WEIGHTS_PATH}"
        folder = fetch(mlflow, version, package, root=Path(registry.artifacts))

    label = f"model {registry.model}/{version.version}"
    if folder is None:
        raise MissingInput(
            f"{label}: its files are not at {mask(str(version.source))}; "
            "put them back, or promote another version"
        )
    return ModelVersion(
        name=registry.model,
        version=int(version.version),
        spec=read_spec(folder / SPEC, label),
        sha256=str(version.tags.get("sha256", "")),
        run_id=str(version.run_id),
        alias="" if wanted.isdecimal() else wanted,
        folder=folder,
        origin=str(version.tags.get(ORIGIN, "")),
    )


def alias_version(registry: Registry, alias: str) -> int | None:
    """Return the version an alias points at, None when there is none."""
    with _opened(registry) as mlflow:
        version = _find(registry, mlflow, alias)
    return None if version is None else int(version.version)


def list_versions(registry: Registry) -> list[int]:
    """Return all versions, oldest first."""
    with _opened(registry) as mlflow:
        return sorted(int(version.version) for version in _versions(registry, mlflow))


def find_version(registry: Registry, tag: str, value: str) -> int | None:
    """Return the newest version that carries a tag, None when there is none."""
    with _opened(registry) as mlflow:
        versions = _versions(registry, mlflow)
    tagged = [int(version.version) for version in versions if version.tags.get(tag) == value]
    return max(tagged, default=None)


def move_alias(registry: Registry, alias: str, version: int) -> None:
    """Point an alias at a version."""
    if alias not in ALIASES:
        raise InputError(f"alias {alias!r}, want one of {', '.join(ALIASES)}")
    with _opened(registry) as mlflow:
        mlflow.set_registered_model_alias(registry.model, alias, str(version))


def record_promotion(registry: Registry, version: int, *, by: str, why: str) -> None:
    """Record with a version who made it champion, why and when (UTC); the last one is kept."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    tags = {"promoted_by": by, "promoted_why": why, "promoted_at": now}
    with _opened(registry) as mlflow:
        for name, value in tags.items():
            # An argument of a command may hold what UTF-8 cannot.
            text = value.encode("utf-8", "replace").decode()
            mlflow.set_model_version_tag(registry.model, str(version), name, text)


def record_seconds(registry: Registry, version: int, seconds: float) -> None:
    """Record with a version how long its training took; the last one is kept."""
    with _opened(registry) as mlflow:
        mlflow.set_model_version_tag(registry.model, str(version), SECONDS, f"{seconds:.1f}")


def last_training(registry: Registry) -> float | None:
    """Return how long the training of the newest version that knows it took, in seconds."""
    with _opened(registry) as mlflow:
        versions = _versions(registry, mlflow)
    timed = [version for version in versions if version.tags.get(SECONDS)]
    if not timed:
        return None
    newest = max(timed, key=lambda version: int(version.version))
    return float(newest.tags[SECONDS])


def version_tag(registry: Registry, version: int, name: str) -> str:
    """Return a tag of a version, "" when it has none.

    Raises:
        MissingInput: no such version.
    """
    with _opened(registry) as mlflow:
        return str(_found(registry, mlflow, str(version)).tags.get(name, ""))


def version_metric(registry: Registry, version: int, name: str) -> float:
    """Return a figure that was recorded with a version; NaN when there is none."""
    return float(version_tag(registry, version, f"metric.{name}") or "nan")


def version_file(registry: Registry, version: int, path: str) -> Path | None:
    """Bring a file here that the run of a version logged, e.g. "report/out_of_fold.parquet".

    Returns:
        None when it is not there.
    """
    with _opened(registry) as mlflow:
        found = _found(registry, mlflow, str(version))
        return fetch(mlflow, found, path, root=Path(registry.artifacts))


def check_ready(registry: Registry) -> None:
    """Check, before any long work, that a model can be registered at its end.

    Raises:
        InputError: MLflow cannot be reached, or the city's experiment was deleted there.
    """
    with _opened(registry) as mlflow:
        found = mlflow.get_experiment_by_name(registry.experiment)
        if found is not None and found.lifecycle_stage == "deleted":
            raise InputError(
                deleted_line(registry.experiment, str(found.experiment_id), registry.uri)
            )


@contextmanager
def _opened(registry: Registry) -> Iterator["MlflowClient"]:
    """Yield a client, when the database knows where the workspace is now."""
    with open_client(registry.uri) as mlflow:
        anchor_places(registry.uri, Path(registry.artifacts))
        yield mlflow


def _register(
    registry: Registry, mlflow: "MlflowClient", folder: Path, record: RunRecord, sha256: str
) -> int:
    """Log a run with its model, register the model, and return its version."""
    experiment = _find_experiment(registry, mlflow)
    with (
        open_run(mlflow, experiment, record, sha256) as run,
        tempfile.TemporaryDirectory(prefix="roofwatch-") as temporary,
    ):
        package = Path(temporary) / PACKAGE
        save_package(package, folder, sha256)
        mlflow.log_artifacts(run.info.run_id, str(package), PACKAGE)

    if not mlflow.search_registered_models(filter_string=f"name = '{registry.model}'"):
        mlflow.create_registered_model(registry.model)
    created = mlflow.create_model_version(
        registry.model,
        f"{run.info.artifact_uri}/{PACKAGE}",
        run_id=run.info.run_id,
        tags=_tags(record, sha256),
    )
    return int(created.version)


def _find_experiment(registry: Registry, mlflow: "MlflowClient") -> str:
    """Return the id of the city's experiment, which is created if it is not there."""
    found = mlflow.get_experiment_by_name(registry.experiment)
    if found:
        return str(found.experiment_id)

    place = None
    if registry.artifacts and not served(registry.uri):
        place = Path(registry.artifacts).as_uri()
    return str(mlflow.create_experiment(registry.experiment, artifact_location=place))


def _tags(record: RunRecord, sha256: str) -> dict[str, str]:
    """Return what is recorded with a version."""
    tags = {
        "sha256": sha256,
        "rung": record.rung,
        "labels_sha256": record.parameters.get("labels_sha256", ""),
        **record.tags,
    }
    for name, value in record.metrics.items():
        tags[f"metric.{name}"] = f"{value:.6f}"
    return tags


def _versions(registry: Registry, mlflow: "MlflowClient") -> "list[RegisteredVersion]":
    return list(mlflow.search_model_versions(f"name = '{registry.model}'"))


def _find(registry: Registry, mlflow: "MlflowClient", wanted: str) -> "RegisteredVersion | None":
    """Return a version by alias or number, None when there is none."""
    from mlflow.exceptions import MlflowException

    try:
        if wanted.isdecimal():
            return mlflow.get_model_version(registry.model, wanted)
        return mlflow.get_model_version_by_alias(registry.model, wanted)
    except MlflowException as error:
        if error.error_code in NOT_FOUND:
            return None
        raise


def _found(registry: Registry, mlflow: "MlflowClient", wanted: str) -> "RegisteredVersion":
    """Return a version by alias or number.

    Raises:
        MissingInput: no such version.
    """
    version = _find(registry, mlflow, wanted)
    if version is None:
        raise MissingInput(
            f"model {registry.model}: no version or alias {wanted!r} in {mask(registry.uri)}; "
            "run train first or name another"
        )
    return version
