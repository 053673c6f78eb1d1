"""MLflow: runs, registered versions, aliases. The only module that imports mlflow, and only when called."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from imagery.errors import InputError, MissingInput, TamperedModel
from models.files import model_checksum
from models.spec import ModelVersion, spec_from_json

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as RegisteredVersion
    from mlflow.tracking import MlflowClient

ALIASES = ("champion", "challenger")


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Where models are registered."""

    uri: str
    """MLflow tracking URI, e.g. "sqlite:////city/mlflow.db"."""
    artifacts: str
    """Folder of the run files, for a store that this machine keeps."""
    experiment: str
    """MLflow experiment: the city."""
    model: str
    """Registered model: "<city>-roof"."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What a training run leaves besides the model."""

    parameters: dict[str, str]
    """Settings, label checksum and the like."""
    metrics: dict[str, float]
    """Figures."""
    report: Path
    """Folder of plots and the evaluation page."""


def client(registry: Registry) -> "MlflowClient":
    """Return an MLflow client that reports to nobody."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=registry.uri, registry_uri=registry.uri)


def register_model(registry: Registry, folder: Path, record: RunRecord) -> ModelVersion:
    """Log a run with its model and report, and register the model as the challenger.

    Args:
        registry: Where to.
        folder: What `models.files.save_model` left.
        record: Parameters, metrics and the report folder.
    """
    from mlflow.entities import Metric, Param

    sha256 = model_checksum(folder)
    known = find_version(registry, "sha256", sha256)
    if known:  # a killed run had come this far
        return resolve_model(registry, str(known))

    mlflow = client(registry)
    found = mlflow.get_experiment_by_name(registry.experiment)
    place = Path(registry.artifacts).as_uri() if registry.artifacts else None
    experiment = found.experiment_id if found else mlflow.create_experiment(registry.experiment, artifact_location=place)
    run = mlflow.create_run(experiment)
    run_id = run.info.run_id
    now = run.info.start_time
    mlflow.log_batch(
        run_id,
        metrics=[Metric(name, value, now, 0) for name, value in record.metrics.items() if value == value],
        params=[Param(name, value) for name, value in record.parameters.items()],
    )
    mlflow.log_artifacts(run_id, str(folder), "model")
    mlflow.log_artifacts(run_id, str(record.report), "report")
    mlflow.set_terminated(run_id)
    if not mlflow.search_registered_models(filter_string=f"name = '{registry.model}'"):
        mlflow.create_registered_model(registry.model)
    tags = {"sha256": sha256, "labels_sha256": record.parameters.get("labels_sha256", ""), **{f"metric.{name}": f"{value:.6f}" for name, value in record.metrics.items()}}
    version = mlflow.create_model_version(registry.model, f"{run.info.artifact_uri}/model", run_id=run_id, tags=tags)
    mlflow.set_registered_model_alias(registry.model, "challenger", str(version.version))
    return replace(_hand_out(registry, mlflow, version), alias="challenger")


def resolve_model(registry: Registry, wanted: str) -> ModelVersion:
    """Find a version by alias or number and bring its files here.

    Raises:
        MissingInput: no such model, alias or version.
    """
    from mlflow.exceptions import MlflowException

    mlflow = client(registry)
    try:
        by_number = wanted.isdigit()
        version = mlflow.get_model_version(registry.model, wanted) if by_number else mlflow.get_model_version_by_alias(registry.model, wanted)
    except MlflowException as error:
        raise MissingInput(f"model {registry.model}: no version or alias {wanted!r} in {registry.uri}; run train first or name another") from error
    return replace(_hand_out(registry, mlflow, version), alias="" if by_number else wanted)


def alias_version(registry: Registry, alias: str) -> int | None:
    """Return the version an alias points at, None when there is none."""
    from mlflow.exceptions import MlflowException

    try:
        return int(client(registry).get_model_version_by_alias(registry.model, alias).version)
    except MlflowException:
        return None


def find_version(registry: Registry, tag: str, value: str) -> int | None:
    """Return the newest version that carries a tag, None when there is none."""
    versions = client(registry).search_model_versions(f"name = '{registry.model}'")
    return max((int(version.version) for version in versions if version.tags.get(tag) == value), default=None)


def move_alias(registry: Registry, alias: str, version: int) -> None:
    """Point an alias at a version."""
    if alias not in ALIASES:
        raise InputError(f"alias {alias!r}, want one of {', '.join(ALIASES)}")
    client(registry).set_registered_model_alias(registry.model, alias, str(version))


def version_metric(registry: Registry, version: int, name: str) -> float:
    """Return a figure that was written beside a version; NaN when there is none."""
    tags = client(registry).get_model_version(registry.model, str(version)).tags
    return float(tags.get(f"metric.{name}", "nan"))


def _hand_out(registry: Registry, mlflow: "MlflowClient", version: "RegisteredVersion") -> ModelVersion:
    run_id = str(version.run_id)
    folder = Path(mlflow.download_artifacts(run_id, "model"))
    try:
        spec = spec_from_json((folder / "spec.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError) as error:
        raise TamperedModel(f"model {registry.model}/{version.version}: spec.json cannot be read ({error}); promote another version") from error
    return ModelVersion(
        name=registry.model, version=int(version.version), spec=spec, sha256=str(version.tags.get("sha256", "")), run_id=run_id, alias="", folder=folder
    )  # fmt: skip
