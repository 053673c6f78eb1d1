"""`roofwatch run`: the whole year. An existing champion is never replaced."""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from imagery.errors import InputError, Refused
from imagery.intake.report import Intake
from inference.ledger import Ledger
from models.registry import alias_version, check_ready, find_version
from roofwatch.answer import Answer, count_lines, count_values, count_words
from roofwatch.cold_start import require_model_or_labels
from roofwatch.drift_found import NOT_DESPITE, Despite, refuse_on_stop
from roofwatch.left_roll import find_taught
from roofwatch.opened import open_year
from roofwatch.stages.check import check
from roofwatch.stages.export import export, export_notes, opened_products
from roofwatch.stages.score import score
from roofwatch.stages.tile import shift_lines, tile, tile_reach
from roofwatch.year import CityYear
from roofwatch.year_reach import find_reach, reach_lines
from training.labeled_features import LEAST_OF_A_CLASS

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, eq=False)
class YearRun:
    """Result of one run."""

    intake: Intake
    """The intake report."""
    trained: str
    """Version that was trained, "" when there were no new labels."""
    ledger: Ledger
    """The year's ledger."""
    products: list[Path]
    """Every file that was exported."""
    seconds: dict[str, float]
    """Wall seconds by stage."""


def command(options: argparse.Namespace) -> Answer:
    """Do the whole year, and say what came out."""
    despite = Despite(is_set=options.despite_drift, why=options.why)
    year = open_year(options)
    done = run(year, despite)

    words = count_words(done.ledger.table["hazard"])
    reasons = count_values(done.ledger.table["reason"])
    trained = "no training: no new labels, or too few"
    if done.trained:
        trained = f"trained {done.trained}; promote it to use it"

    return Answer(
        lines=[
            f"{year.city.name} {year.year}: {len(done.ledger.table)} vacant parcels",
            *count_lines(words),
            trained,
            *(f"{stage:>7} {value:7.1f} s" for stage, value in done.seconds.items()),
            *reach_lines(find_reach(year)),
            *opened_products(done.products),
            *(f"  note: {note}" for note in export_notes(year)),
        ],
        facts={
            "rows": len(done.ledger.table),
            "hazard": words,
            "reasons": reasons,
            "trained": done.trained,
            "seconds": done.seconds,
            "products": [str(path) for path in done.products],
        },
    )


def run(year: CityYear, despite: Despite = NOT_DESPITE) -> YearRun:
    """Check, cut, train when there are new labels, score and export.

    Args:
        year: The city in the year.
        despite: Whether to export although drift says STOP.

    Raises:
        InputError: the intake report says FIX FIRST, or the products could not be dated.
        Refused: drift says STOP; the year is scored, and nothing is exported.
    """
    _ = year.today  # a day that cannot be is refused before any work
    with year.at_work("run"):
        return _run(year, despite)


def _run(year: CityYear, despite: Despite) -> YearRun:
    check_ready(year.city.registry)
    require_model_or_labels(year)
    clock = Clock(seconds={})
    intake = clock.time("check", lambda: check(year))
    if intake.fixes:
        raise InputError(f"check {year.year}: FIX FIRST: {intake.fixes[0]}")

    clock.time("tile", lambda: (tile(year), tile_reach(year)))
    if shift_lines(year) != tuple(intake.displaced_tiles):
        intake = check(year)

    trained = clock.time("train", lambda: train_if_new(year))
    ledger = clock.time("score", lambda: score(year, despite=despite.why))
    refuse_on_stop(year, despite)
    products = clock.time("export", lambda: export(year))

    return YearRun(
        intake=intake, trained=trained, ledger=ledger, products=products, seconds=clock.seconds
    )


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Wall time of the stages."""

    seconds: dict[str, float]
    """By stage."""

    def time(self, stage: str, work: Callable[[], Result]) -> Result:
        """Do the work of one stage."""
        start = time.monotonic()
        result = work()
        self.seconds[stage] = round(time.monotonic() - start, 1)
        return result


def train_if_new(year: CityYear) -> str:
    """Train when there are new labels; return the label of the version, or "".

    Raises:
        Refused: a first model that does not pass the floor: there is nothing to score with.
    """
    if not has_new_labels(year):
        return ""

    from roofwatch.stages.train import train  # loads torch, which a model at work does without

    trained = train(year)
    if trained.champion is None and not trained.is_first_champion:
        raise Refused(
            f"run {year.year}: {trained.version.label} is no champion: {trained.standing}"
        )
    return trained.version.label


def has_new_labels(year: CityYear) -> bool:
    """Tell whether there are labels to learn from that no registered version has seen."""
    registry = year.city.registry
    has_champion = alias_version(registry, "champion") is not None

    taught = find_taught(year)
    if taught is None:
        return False
    labels = taught.labels

    # A city with a borrowed model has a few labels before it has enough to learn from.
    failing = int(labels.table["failing"].sum())
    if has_champion and min(failing, len(labels.table) - failing) < LEAST_OF_A_CLASS:
        return False

    is_known = find_version(registry, "labels_sha256", labels.sha256) is not None
    return not (is_known and has_champion)
