"""`roofwatch score`: the ledger of a year, by a registered model."""

import argparse
from dataclasses import replace

from imagery.errors import InputError
from inference.ledger import Ledger, build_ledger, write_ledger
from inference.predict import look_at_flyover, score_features
from models.card import ModelCard, write_model_card
from models.checksum import BACKBONE
from models.features import NetworkSource, store_features
from models.files import load_model
from models.registry import resolve_model
from roofwatch.answer import Answer, count_lines, count_values
from roofwatch.cold_start import require_model, standing_of
from roofwatch.seal import seal_text
from roofwatch.stages.explain import explain
from roofwatch.stages.looks import leave_looks, look_lines
from roofwatch.stages.tile import tile
from roofwatch.year import CityYear, open_year


def command(options: argparse.Namespace) -> Answer:
    """Write the ledger, and say how many roofs have which word."""
    year = open_year(options)
    ledger = score(year, options.model)

    words = count_values(ledger.table["hazard"])
    reasons = count_values(ledger.table["reason"])
    path = year.files.ledger

    return Answer(
        lines=[
            f"{len(ledger.table)} vacant parcels in {year.year}:",
            *count_lines(words),
            *(f"        of these {count} {reason}" for reason, count in reasons.items()),
            f"ledger: {path}",
            *look_lines(year),
        ],
        facts={
            "ledger": str(path),
            "rows": len(ledger.table),
            "hazard": words,
            "reasons": reasons,
        },
    )


def score(year: CityYear, wanted: str = "champion") -> Ledger:
    """Score every chip of a year and write the ledger.

    Args:
        year: The city in the year.
        wanted: Alias or version of the model.

    Raises:
        InputError: the products of the year could not be dated, or there is no champion yet.
        MissingInput: no such model.
        TamperedModel: the model's files are not those that were registered.
    """
    _ = year.today  # a day that cannot be is refused before any work
    if wanted == "champion":
        require_model(year)
    with year.at_work("score"):
        return _score(year, wanted)


def _score(year: CityYear, wanted: str) -> Ledger:
    city = year.city
    city.hold_chips("score")
    version = resolve_model(city.registry, wanted)
    model = load_model(version.folder, version.sha256)

    store = tile(year, model.spec)
    features = store_features(
        store,
        NetworkSource(spec=model.spec, weights=str(version.folder / BACKBONE)),
        threads=city.execution.threads,
        mapper=city.runner(f"look at {year.year}", len(city.roll)),
    )
    blocks = dict(year.roll.table[["parcel_id", "block"]].itertuples(index=False, name=None))
    flyover = look_at_flyover(
        features, model.head, year=year.year, blocks=blocks, looked=year.find_looked_share()
    )
    head = flyover.set(model.head)
    scores = score_features(features.rung(head.rung), head)

    begins = year.file.score.thresholds(head.likely, head.possible)
    standing = standing_of(year, version, scores, begins.likely)
    reasons = [reason for reason in (flyover.share.doubt, standing.held_back) if reason]
    thresholds = replace(begins, held_back="; ".join(reasons))
    ledger = build_ledger(
        store.manifest,
        scores,
        thresholds=thresholds,
        model_version=version.label,
        flown=year.flown,
    )
    if len(ledger.table) != len(year.roll):
        balance = f"{len(year.roll)} vacants in, {len(ledger.table)} rows out"
        raise InputError(f"{balance}; cut {year.year} again")
    path, _ = write_ledger(ledger, year.files.folder)
    scored = int((ledger.table["status"] == "scored").sum())
    done = f"{year.year} with {version.label}: {scored} of {len(ledger.table)} scored"
    city.log("score", done + seal_text(path))

    leave_looks(year, ledger, features.rung(head.rung), head)
    explain(year, version, flyover, ledger, features)
    card = ModelCard(
        city=city.name,
        version=version,
        rung=model.head.rung,
        likely=thresholds.likely,
        possible=thresholds.possible,
        held_back=thresholds.held_back,
        borne_out=standing.borne_out,
    )
    write_model_card(year.files.report, card)
    return ledger
