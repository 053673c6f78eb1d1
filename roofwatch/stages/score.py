"""`roofwatch score`: the ledger of a year, by a registered model."""

import argparse

from imagery.errors import InputError
from inference.drift import Grade
from inference.hazard import hazard_word
from inference.ledger import Ledger, build_ledger, write_ledger
from models.files import Model
from models.scored_by import ScoredBy, write_scored_by
from models.spec import ModelVersion
from roofwatch.answer import Answer, count_lines, count_values, count_words
from roofwatch.before import keep_before, last_scored
from roofwatch.cold_start import require_model
from roofwatch.drift_found import drift_lines
from roofwatch.kept_roll import keep_roll
from roofwatch.opened import open_year
from roofwatch.scored_by import expected_sentence, keep_evaluation
from roofwatch.seal import seal_text
from roofwatch.sealed_files import SCORED, seal
from roofwatch.stages.drift import look_at, show_drift
from roofwatch.stages.explain import explain
from roofwatch.stages.looks import leave_looks, look_lines
from roofwatch.stages.tile import tile_reach
from roofwatch.waiting import hold_chips
from roofwatch.year import CityYear
from roofwatch.year_features import recall_features
from roofwatch.year_reach import find_reach, reach_lines
from roofwatch.year_reach_scores import score_reach
from roofwatch.year_scores import score_year


def command(options: argparse.Namespace) -> Answer:
    """Write the ledger, and say how many roofs have which word."""
    year = open_year(options)
    ledger = score(year, options.model)

    words = count_words(ledger.table["hazard"])
    reasons = count_values(ledger.table["reason"])
    path = year.files.ledger
    reach = find_reach(year)

    return Answer(
        lines=[
            f"{len(ledger.table)} vacant parcels in {year.year}:",
            *count_lines(words),
            *(f"        of these {count} {reason}" for reason, count in reasons.items()),
            expected_sentence(year),
            *drift_lines(year),
            f"ledger: {path}",
            *look_lines(year),
            *reach_lines(reach),
        ],
        facts={
            "ledger": str(path),
            "rows": len(ledger.table),
            "hazard": words,
            "reasons": reasons,
            "without_notice": count_values(reach.table["status"]) if reach else {},
        },
    )


def score(year: CityYear, wanted: str = "champion", *, despite: str = "") -> Ledger:
    """Score every chip of a year and write the ledger.

    Args:
        year: The city in the year.
        wanted: Alias or version of the model.
        despite: Why products are made even if drift says STOP; "" where they are not.

    Raises:
        InputError: the products of the year could not be dated, or there is no champion yet.
        MissingInput: no such model.
        TamperedModel: the model's files are not those that were registered.
    """
    _ = year.today  # a day that cannot be is refused before any work
    _ = year.city.without_notice
    if wanted == "champion":
        require_model(year)
    with year.at_work("score"):
        return _score(year, wanted, despite)


def _score(year: CityYear, wanted: str, despite: str) -> Ledger:
    city = year.city
    hold_chips(city, "score")
    look = look_at(year, wanted)
    version = look.version
    ledger = build_ledger(
        look.store.manifest,
        look.scores,
        thresholds=look.thresholds,
        model_version=version.label,
        flown=year.flown,
    )
    if len(ledger.table) != len(year.roll):
        balance = f"{len(year.roll)} vacants in, {len(ledger.table)} rows out"
        raise InputError(f"{balance}; cut {year.year} again")
    path, _ = write_ledger(ledger, year.files.folder)
    keep_roll(year)
    scored = int((ledger.table["status"] == "scored").sum())
    done = f"{year.year} with {version.label}: {scored} of {len(ledger.table)} scored"
    city.log("score", done + seal_text(path))

    score_before(year, version, look.model)
    head = look.flyover.set(look.trained)
    checked = leave_looks(year, version, ledger, look.features, head)
    why = despite if look.drift.grade == Grade.STOP else ""
    show_drift(year, look, checked=checked, why=why)
    explain(year, version, look.flyover, ledger, look.features)
    scored_by = ScoredBy(
        version=version,
        rung=look.trained.rung,
        likely=look.thresholds.likely,
        possible=look.thresholds.possible,
        held_back=look.thresholds.held_back,
        borne_out=look.standing.borne_out,
        share=look.flyover.share,
        tried=look.trained.tried,
        expected=look.drift.expected.sentence,
    )
    write_scored_by(year.files.report, scored_by)
    keep_evaluation(year, version)
    seal(year, SCORED)

    reach = tile_reach(year, look.model.spec)
    if reach:
        score_reach(year, reach, look)
    return ledger


def score_before(year: CityYear, version: ModelVersion, model: Model) -> None:
    """Score the flyover before again from its cached features: only one model's scores compare.

    Where its features are not cached, nothing is kept, and no change can be told.
    """
    year.files.report.before.unlink(missing_ok=True)
    before = last_scored(year.earlier)
    store = before.find_chips() if before else None
    if before is None or store is None:
        return

    features = recall_features(before, store, model)
    if features is not None:
        found = score_year(before, version, model.head, features)
        words = [hazard_word(score, found.begins).value for score in found.scores["score"]]
        keep_before(year, before, found.scores.assign(hazard=words), version.label)
