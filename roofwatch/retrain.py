"""Train a challenger on every label up to a year, and move the champion alias when a person says so."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.errors import ConfigError, InputError
from imagery.files import sha256_file
from models.features import feature_matrix, store_features
from models.files import save_model
from models.network import load_backbone
from models.registry import RunRecord, alias_version, move_alias, register_model, resolve_model
from models.spec import ModelVersion
from roofwatch.audit import AuditLine, append_audit, past_champions
from roofwatch.city import City
from roofwatch.cutting import tile
from training.evaluate import Figures, measure, write_report
from training.fit import fit_head
from training.labels import Labels, read_labels
from training.promote import Verdict, judge, promote
from training.splits import block_folds


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What training came to."""

    version: ModelVersion
    """The registered challenger."""
    model: Figures
    """Out-of-fold figures of the model."""
    dark_pixels: Figures
    """The same of the dark-pixel share."""
    first_champion: bool
    """It became champion because there was none."""
    report: Path
    """The evaluation page."""


def train(city: City, year: int) -> Trained:
    """Train on labels dated `year` or earlier and register the model as the challenger.

    Raises:
        ConfigError: the city file has no [labels].
        InputError: too few labels, or a label file that cannot be read.
    """
    if city.file.labels is None:
        raise ConfigError("train: the city file has no [labels]; add path, id, year and collapsed or roof_pct")
    city.file.source(year)
    settings, spec = city.file.train, city.file.model.spec
    labels = read_labels(city.file.labels, city.roll, until=year)
    rows = _labeled_features(city, labels)
    failing, folds = rows["failing"].to_numpy(np.int64), block_folds(rows, settings.folds)
    fit = fit_head(feature_matrix(rows), failing, folds, penalty_c=settings.penalty_c)
    rng = np.random.default_rng(settings.seed)
    model = measure("model", fit.out_of_fold, rows, folds, repeats=settings.bootstrap, rng=rng)
    dark = measure("dark-pixel share", rows["dark_share"].to_numpy(np.float64), rows, folds, repeats=settings.bootstrap, rng=rng)
    report = write_report(
        city.folder(year) / "report", [dark, model], fit.out_of_fold, failing, title=f"{city.file.city.name}: model trained {year}", notes=_notes(labels, rows, folds)
    )  # fmt: skip
    folder = city.folder(year) / "model"
    save_model(folder, spec, fit.head, load_backbone(spec, city.file.model.weights))
    record = RunRecord(parameters=_parameters(city, year, labels, folds), metrics=_metrics(model, dark), report=report.parent)
    version = register_model(city.registry, folder, record)
    first = alias_version(city.registry, "champion") is None
    if first:
        move_alias(city.registry, "champion", version.version)
        append_audit(city.audit, AuditLine(command="champion", detail=f"version {version.version} by train: the first one"))
    append_audit(city.audit, AuditLine(command="train", detail=f"{version.label} on {len(rows)} labels dated {year} or earlier, average precision {model.average_precision:.3f}"))
    return Trained(version=version, model=model, dark_pixels=dark, first_champion=first, report=report)


def promote_version(city: City, version: int, *, by: str, why: str, force: bool) -> Verdict:
    """Move the champion alias to a version if the gate holds, and write down who and why.

    Raises:
        MissingInput: no such version.
        Refused: the gate does not hold and `force` is not set.
    """
    registry = city.registry
    resolve_model(registry, str(version))
    verdict = judge(registry, version, margin=city.file.train.gate_margin, was_champion=version in past_champions(city.audit))
    promote(registry, version, verdict, force=force)
    forced = " (forced)" if force and not verdict.holds else ""
    append_audit(city.audit, AuditLine(command="champion", detail=f"version {version} by {by}{forced}: {why}; {verdict.text}"))
    return verdict


def _labeled_features(city: City, labels: Labels) -> pd.DataFrame:
    """Cut and look at every year that has labels; return labels with features and dark_share, sorted."""
    have = {source.year for source in city.file.flyover}
    parts = []
    for year in sorted(set(labels.table["year"]) & have):
        store = tile(city, year)
        mapper = city.mapper(f"look at {year}", len(city.roll))
        features = store_features(store, city.file.model.spec, weights=city.file.model.weights, threads=city.execution.threads, mapper=mapper)
        chosen = labels.table[labels.table["year"] == year]
        parts.append(chosen.merge(features.of(set(chosen["parcel_id"])), on="parcel_id").merge(store.manifest[["parcel_id", "dark_share"]], on="parcel_id"))
    if not parts:
        raise InputError(f"[labels]: {len(labels.table)} usable labels, none in a flyover year ({sorted(have)}); label roofs of these years")
    return pd.DataFrame(pd.concat(parts, ignore_index=True).sort_values(["year", "parcel_id"], ignore_index=True))


def _notes(labels: Labels, rows: pd.DataFrame, folds: NDArray[np.int64]) -> list[str]:
    return [
        f"{len(rows)} of {len(labels.table)} labels have a chip in the flyover of their year; the others could not be used.",
        f"{labels.cannot_tell} labels say cannot tell, {labels.unknown_parcels} name no parcel on the roll, {labels.later} are dated later: all left out.",
        f"{rows['block'].nunique()} blocks in {len(np.unique(folds))} folds; a building's years stay in one fold.",
        "Unlabeled roofs are not counted as intact.",
        f"Labels: sha256 {labels.sha256}.",
    ]


def _parameters(city: City, year: int, labels: Labels, folds: NDArray[np.int64]) -> dict[str, str]:
    spec = {f"model.{name}": str(value) for name, value in asdict(city.file.model.spec).items()}
    train = {f"train.{name}": str(value) for name, value in asdict(city.file.train).items()}
    chips = sha256_file(city.folder(year) / "chips" / "manifest.parquet") if (city.folder(year) / "chips" / "manifest.parquet").exists() else ""
    return {**spec, **train, "year": str(year), "labels": str(len(labels.table)), "labels_sha256": labels.sha256, "chips_sha256": chips, "folds": str(len(np.unique(folds)))}


def _metrics(model: Figures, dark: Figures) -> dict[str, float]:
    names = ("average_precision", "auroc", "auroc_folds", "precision_top", "brier", "calibration_error")
    low, high = model.interval
    ours = {name: float(getattr(model, name)) for name in names}
    theirs = {f"dark_{name}": float(getattr(dark, name)) for name in names[:4]}
    return {**ours, **theirs, "average_precision_low": low, "average_precision_high": high}
