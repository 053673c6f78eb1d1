"""`roofwatch train`: learn from every label up to a year, and register the challenger."""

import argparse
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from imagery.errors import ConfigError
from imagery.files import sha256_file
from labels.files import Labels
from models.engine_name import engine_name
from models.features import load_networks
from models.files import save_head, save_model
from models.registry import (
    alias_version,
    check_ready,
    move_alias,
    record_seconds,
    register_model,
)
from models.weight_sums import source_checksum
from roofwatch.answer import Answer
from roofwatch.kept_weights import find_network
from roofwatch.labeled import labeled_features
from roofwatch.left_roll import Taught, find_taught
from roofwatch.opened import open_year
from roofwatch.sealed_files import TRAINED, seal
from roofwatch.train_page import page_text
from roofwatch.trained import Trained
from roofwatch.trusted_models import seal_model
from roofwatch.waiting import alone_with_models
from roofwatch.year import CityYear
from training.figures import Figures
from training.fit import with_thresholds
from training.gate_checks import check_floor
from training.report import Evaluation, evaluate
from training.report_page import write_report
from training.run_record import make_record
from training.rungs import FittedRungs, fit_rungs

if TYPE_CHECKING:
    from models.network import Backbones


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """What was fitted on the labels, before anything is written."""

    rows: pd.DataFrame
    """The labeled roofs with their features."""
    rungs: FittedRungs
    """Every rung."""
    networks: "Backbones | Path"
    """The networks, or a model's file of their weights."""
    source: str
    """What networks were read from; "" where they were fine-tuned, or the file says it."""


def command(options: argparse.Namespace) -> Answer:
    """Train and register, and say how good every rung is."""
    trained = train(open_year(options))
    evaluation = trained.evaluation
    ours = trained.figures
    chosen = evaluation.chosen[trained.rung]
    version = trained.version

    return Answer(
        lines=[
            f"{version.label} on {ours.labels} labels, {ours.failing} failing, out of fold:",
            *(_figure_line(figures) for figures in evaluation.rungs),
            f"  {evaluation.ships.sentence}",
            f"  {chosen.precision.sentence}",
            f"  {chosen.recall.sentence}",
            f"  {chosen.sentence}",
            f"  {trained.standing}",
            *(f"  note: {note}" for note in trained.notes),
            f"  report: {trained.report}",
        ],
        facts={
            "model": version.name,
            "version": version.version,
            "sha256": version.sha256,
            "champion": trained.is_first_champion,
            "rung": trained.rung,
            "figures": asdict(ours),
            "rungs": {figures.name: asdict(figures) for figures in evaluation.rungs},
            "likely": chosen.likely,
            "possible": chosen.possible,
            "report": str(trained.report),
            "notes": list(trained.notes),
        },
    )


def train(year: CityYear) -> Trained:
    """Train on labels dated `year` or earlier, and register the model as the challenger.

    Raises:
        ConfigError: the city file has no [labels].
        InputError: too few labels, or a label file that cannot be read.
    """
    taught = find_taught(year)
    if taught is None:
        raise ConfigError(
            "train: the city file has no [labels], and the book holds no look; "
            "add path, id, year and collapsed or roof_pct, or read findings"
        )
    began = time.monotonic()
    with year.at_work("train"):
        trained = _train(year, taught)
    record_seconds(year.city.registry, trained.version.version, time.monotonic() - began)
    return trained


def _train(year: CityYear, taught: Taught) -> Trained:
    check_ready(year.city.registry)
    fitted = fit(year, taught)

    evaluation = evaluate(fitted.rungs.scored, others=fitted.rungs.others, settings=year.file.train)
    report = write_report(
        year.files.report.folder,
        evaluation,
        fitted.rungs.scored,
        page_text(year, taught, fitted.rungs.scored, evaluation),
    )

    write_model(year, fitted, evaluation)
    seal(year, TRAINED)
    parameters = list_parameters(year, taught.labels)
    record = make_record(parameters, fitted.rungs.scored, evaluation, report)
    with alone_with_models(year.city, "train"):
        version = register_model(year.city.registry, year.files.model, record)
        trained = Trained(
            version=version,
            rung=evaluation.ships.name,
            evaluation=evaluation,
            champion=alias_version(year.city.registry, "champion"),
            report=report,
            notes=(*(trouble.line for trouble in year.roll.troubles), *taught.notes),
            floor=check_floor(fitted.rungs.scored, evaluation.ships.name),
        )
        announce(year, trained)
    return trained


def fit(year: CityYear, taught: Taught) -> Fitted:
    """Fit every rung, and fine-tune the network where the city file says so.

    Raises:
        SystemExit: under `torchrun`, in every process but the first one.
    """
    if year.file.train.mode == "finetune":
        from roofwatch.tuned import fit_tuned  # loads torch

        rows, tuned = fit_tuned(year.city, taught)
        return Fitted(rows=rows, rungs=tuned.fitted, networks=tuned.backbones, source="")

    network = find_network(year.city)
    labeled = labeled_features(year.city, taught, network)
    rungs = fit_rungs(labeled.rows, labeled.flyovers, year.file.model.spec.groups, year.file.train)
    if network.weights != year.file.model.weights:
        kept = Path(network.weights)
        return Fitted(rows=labeled.rows, rungs=rungs, networks=kept, source="")
    return Fitted(
        rows=labeled.rows,
        rungs=rungs,
        networks=load_networks(network),
        source=source_checksum(network.spec, network.weights),
    )


def write_model(year: CityYear, fitted: Fitted, evaluation: Evaluation) -> None:
    """Write the model that ships, and the heads of all rungs."""
    heads = {}
    for rung, rung_fit in fitted.rungs.fits.items():
        heads[rung] = with_thresholds(rung_fit.head, evaluation.chosen[rung])
        save_head(head_path(year, rung), heads[rung])

    head = heads[evaluation.ships.name]
    spec = year.file.model.spec
    save_model(year.files.model, spec, head, fitted.networks, source=fitted.source)


def head_path(year: CityYear, rung: str) -> Path:
    """Return where `train` leaves the head of a rung, also of those that do not ship."""
    return year.files.report.heads / f"{rung}.safetensors"


def list_parameters(year: CityYear, labels: Labels) -> dict[str, str]:
    """Return all that the training was made from, as MLflow keeps it."""
    spec = asdict(year.file.model.spec)
    settings = asdict(year.file.train)
    manifest = year.files.chips.manifest

    parameters = {f"model.{name}": str(value) for name, value in spec.items()}
    parameters |= {f"train.{name}": str(value) for name, value in settings.items()}
    return {
        **parameters,
        "year": str(year.year),
        "labels": str(len(labels.table)),
        "labels_sha256": labels.sha256,
        "engine": engine_name(),
        "chips_sha256": sha256_file(manifest) if manifest.exists() else "",
    }


def announce(year: CityYear, trained: Trained) -> None:
    """Make a first model champion if it passes the floor, and write down what was trained."""
    version = trained.version
    figures = trained.figures
    seal_model(year.city, version)
    if trained.is_first_champion:
        year.city.log("champion", f"version {version.version} by train: the first one")
        move_alias(year.city.registry, "champion", version.version)

    year.city.log(
        "train",
        f"{version.label} on {figures.labels} labels dated {year.year} or earlier, "
        f"average precision {figures.average_precision:.3f}",
    )


def _figure_line(figures: Figures) -> str:
    low, high = figures.interval
    return (
        f"  {figures.name:10} average precision {figures.average_precision:.3f} "
        f"({low:.3f} to {high:.3f}), AUROC {figures.auroc:.3f}, "
        f"precision in first {figures.top} {figures.precision_top:.2f}"
    )
