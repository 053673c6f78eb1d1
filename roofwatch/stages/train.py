"""Train a challenger on every label up to a year, and move the champion alias when a person says so."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from imagery.chips.tiling import metric_crs
from imagery.errors import ConfigError, InputError
from imagery.files import sha256_file
from labels.files import Labels, read_labels
from models.engine import engine_name
from models.features import store_features
from models.files import Model, save_head, save_model
from models.network import Backbones, load_backbones
from models.registry import (
    alias_version,
    move_alias,
    record_promotion,
    register_model,
    resolve_model,
)
from models.runs import ChildRun, RunRecord
from models.spec import ModelVersion
from roofwatch.audit import AuditLine, append_audit, past_champions
from roofwatch.stages.tile import tile
from roofwatch.year import City
from training.evaluate import Figures, measure_folds
from training.fit import with_thresholds
from training.promote import Verdict, judge, promote
from training.report import Evaluation, evaluate, write_report
from training.resample import STATISTICS
from training.rungs import FittedRungs, fit_rungs


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """What training came to."""

    version: ModelVersion
    """The registered challenger."""
    rung: str
    """The rung that ships."""
    evaluation: Evaluation
    """All figures, out of fold."""
    champion: int | None
    """Version that was champion before; None when there was none, and this one became it."""
    report: Path
    """The evaluation page."""

    @property
    def first_champion(self) -> bool:
        """Tell whether it became champion because there was none."""
        return self.champion is None

    @property
    def standing(self) -> str:
        """Say in words what it is now."""
        if self.first_champion:
            return "it is the first and so the champion"
        if self.champion == self.version.version:
            return "the same model came out again, and it is the champion already"
        return (
            "it is the challenger; promote it to use it"
            if self.version.alias
            else "a model from before came out again; promote it to use it"
        )

    @property
    def figures(self) -> Figures:
        """Return the figures of the rung that ships."""
        return next(one for one in self.evaluation.rungs if one.name == self.rung)


def train(city: City, year: int) -> Trained:
    """Train on labels dated `year` or earlier and register the model as the challenger.

    Raises:
        ConfigError: the city file has no [labels].
        InputError: too few labels, or a label file that cannot be read.
    """
    if city.file.labels is None:
        raise ConfigError(
            "train: the city file has no [labels]; add path, id, year and collapsed or roof_pct"
        )
    city.file.source(year)
    settings, spec = city.file.train, city.file.model.spec
    labels = read_labels(city.file.labels, city.roll, until=year)
    rows, fitted, backbones = _fit(city, labels)
    evaluation = evaluate(
        fitted.scored,
        others=fitted.others,
        aims=settings,
        margin=settings.rung_margin,
        repeats=settings.bootstrap,
        seed=settings.seed,
        top=settings.visits,
    )
    rung = evaluation.ships.name
    report = write_report(
        city.folder(year) / "report",
        evaluation,
        fitted.scored,
        title=f"{city.file.city.name}: model trained {year}",
        notes=_notes(labels, rows, evaluation),
    )
    heads = {
        name: with_thresholds(fit.head, evaluation.chosen[name])
        for name, fit in fitted.fits.items()
    }
    for name, head in heads.items():
        save_head(head_path(city, year, name), head)
    folder = city.folder(year) / "model"
    save_model(folder, Model(spec=spec, head=heads[rung], backbones=backbones))
    version = register_model(
        city.registry, folder, _record(city, year, labels, fitted, evaluation, report)
    )
    champion = alias_version(city.registry, "champion")
    return _announce(
        city,
        year,
        Trained(
            version=version, rung=rung, evaluation=evaluation, champion=champion, report=report
        ),
    )


def head_path(city: City, year: int, rung: str) -> Path:
    """Return where `train` leaves the head of a rung, also of those that do not ship."""
    return city.folder(year) / "report" / "heads" / f"{rung}.safetensors"


def promote_version(city: City, version: int, *, by: str, why: str, force: bool) -> Verdict:
    """Move the champion alias to a version if the gate holds, and write down who and why.

    Raises:
        MissingInput: no such version.
        Refused: the gate does not hold and `force` is not set.
    """
    registry, settings = city.registry, city.file.train
    resolve_model(registry, str(version))
    verdict = judge(
        registry,
        version,
        margin=settings.gate_margin,
        was_champion=version in past_champions(city.audit),
        seed=settings.seed,
    )
    promote(registry, version, verdict, force=force)
    forced = " (forced)" if force and not verdict.holds else ""
    append_audit(
        city.audit,
        AuditLine(
            command="champion", detail=f"version {version} by {by}{forced}: {why}; {verdict.text}"
        ),
    )
    record_promotion(registry, version, by=by, why=why)
    return verdict


def _fit(city: City, labels: Labels) -> tuple[pd.DataFrame, FittedRungs, Backbones]:
    """Return the labeled rows, the fitted rungs and the networks; under `torchrun` only the first process comes back."""
    settings, spec = city.file.train, city.file.model.spec
    backbones = load_backbones(spec, city.file.model.weights)
    if settings.mode == "frozen":
        rows = labeled_features(city, labels)
        return rows, fit_rungs(rows, spec.groups, settings), backbones
    from roofwatch.stages.tuning import tune_network
    from training.processes import first_alone, processes

    with processes():
        with first_alone():
            rows = labeled_features(city, labels)
        fitted, backbones = tune_network(
            city, rows, fit_rungs(rows, spec.groups, settings), backbones
        )
    if int(os.environ.get("RANK", "0")):
        raise SystemExit(0)  # the first process writes and registers
    return rows, fitted, backbones


def labeled_features(city: City, labels: Labels) -> pd.DataFrame:
    """Cut and look at every year that has labels; return what `training.rungs.fit_rungs` wants, sorted by year and parcel.

    Raises:
        InputError: no label lies in a flyover year.
    """
    years = sorted(set(labels.table["year"]) & {source.year for source in city.file.flyover})
    parts = [
        _labeled_year(city, year, labels.table[labels.table["year"] == year]) for year in years
    ]
    if not parts:
        have = sorted(source.year for source in city.file.flyover)
        raise InputError(
            f"[labels]: {len(labels.table)} usable labels, none in a flyover year ({have}); label roofs of these years"
        )
    return pd.DataFrame(
        pd.concat(parts, ignore_index=True).sort_values(["year", "parcel_id"], ignore_index=True)
    )


def _labeled_year(city: City, year: int, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of a year that have a chip, with features, copies in other light, and where they lie."""
    store, spec, weights = tile(city, year), city.file.model.spec, city.file.model.weights
    threads, ids = city.execution.threads, set(labels["parcel_id"])
    features = store_features(
        store,
        spec,
        weights=weights,
        threads=threads,
        mapper=city.mapper(f"look at {year}", len(city.roll)),
    )
    rows = labels.merge(features.of(ids), on="parcel_id")
    if city.file.train.light > 0:
        mapper = city.mapper(f"look at {year} in other light", len(rows))
        relit = store_features(
            store,
            spec,
            weights=weights,
            threads=threads,
            mapper=mapper,
            relit=set(rows["parcel_id"]),
        )
        rows = rows.merge(relit.of(ids), on="parcel_id", suffixes=("", "_relit"))
    return rows.merge(_places(city), on="parcel_id")


def _places(city: City) -> pd.DataFrame:
    """Return parcel_id, neighborhood, district and area of every vacant parcel."""
    roll = city.roll.table
    district = roll["inspection_district"].where(
        roll["inspection_district"] != "", roll["fire_district"]
    )
    area_m2 = roll.geometry.to_crs(metric_crs(city.roll)).area
    return pd.DataFrame(
        {
            "parcel_id": roll["parcel_id"],
            "neighborhood": roll["neighborhood"],
            "district": district,
            "area_m2": area_m2,
        }
    )


def _announce(city: City, year: int, trained: Trained) -> Trained:
    """Make a first model champion, and write down what was trained."""
    version, figures = trained.version, trained.figures
    if trained.first_champion:
        move_alias(city.registry, "champion", version.version)
        append_audit(
            city.audit,
            AuditLine(
                command="champion", detail=f"version {version.version} by train: the first one"
            ),
        )
    detail = f"{version.label} on {figures.labels} labels dated {year} or earlier, average precision {figures.average_precision:.3f}"
    append_audit(city.audit, AuditLine(command="train", detail=detail))
    return trained


def _notes(labels: Labels, rows: pd.DataFrame, evaluation: Evaluation) -> list[str]:
    chosen = evaluation.chosen[evaluation.ships.name]
    return [
        f"{len(rows)} of {len(labels.table)} labels have a chip in the flyover of their year; the others could not be used.",
        f"{labels.cannot_tell} labels say cannot tell, {labels.unknown_parcels} name no parcel on the roll, {labels.later} are dated later: all left out.",
        f"{rows['block'].nunique()} blocks; a block, and so a building's years, stay in one fold.",
        "Unlabeled roofs are not counted as intact.",
        chosen.recall.sentence,
        chosen.precision.sentence,
        f"Labels: sha256 {labels.sha256}. Features: {engine_name()}.",
    ]


def _record(
    city: City, year: int, labels: Labels, fitted: FittedRungs, evaluation: Evaluation, report: Path
) -> RunRecord:
    """Return what MLflow keeps of the training: a run per rung, and below it one per fold."""
    children = []
    for one in evaluation.rungs:
        folds = tuple(
            ChildRun(name=f"fold {fold}", parameters={}, metrics=figures)
            for fold, figures in measure_folds(fitted.scored, one.name).items()
        )
        children.append(
            ChildRun(
                name=one.name, parameters={"rung": one.name}, metrics=_metrics(one), children=folds
            )
        )
    ships, chosen = evaluation.ships.name, evaluation.chosen[evaluation.ships.name]
    ours = next(one for one in evaluation.rungs if one.name == ships)
    metrics = {**_metrics(ours), "likely": chosen.likely, "possible": chosen.possible}
    return RunRecord(
        parameters=_parameters(city, year, labels),
        metrics=metrics,
        report=report.parent,
        rung=ships,
        children=tuple(children),
    )


def _parameters(city: City, year: int, labels: Labels) -> dict[str, str]:
    spec = {f"model.{name}": str(value) for name, value in asdict(city.file.model.spec).items()}
    train = {f"train.{name}": str(value) for name, value in asdict(city.file.train).items()}
    manifest = city.folder(year) / "chips" / "manifest.parquet"
    return {
        **spec,
        **train,
        "year": str(year),
        "labels": str(len(labels.table)),
        "labels_sha256": labels.sha256,
        "engine": engine_name(),
        "chips_sha256": sha256_file(manifest) if manifest.exists() else "",
    }


def _metrics(figures: Figures) -> dict[str, float]:
    low, high = figures.interval
    folds = {
        "average_precision_folds": figures.average_precision_by_fold.mean,
        "auroc_folds": figures.auroc_folds,
    }
    values = {
        **{name: float(getattr(figures, name)) for name in STATISTICS},
        **folds,
        "average_precision_low": low,
        "average_precision_high": high,
    }
    return {name: value for name, value in values.items() if np.isfinite(value)}
