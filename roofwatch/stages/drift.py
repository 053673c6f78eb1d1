"""`roofwatch drift`: is a year's flyover like those that the model learned from."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from imagery.chips.displacement import read_displacements
from imagery.chips.store import ChipStore, open_store
from inference.drift import Drift, Grade, Seen
from inference.drift_page import Shown, drift_facts, write_drift
from inference.drift_photos import distance
from inference.drift_signs import find_signs
from inference.expected import Expected, expect_failing
from inference.hazard import HazardWord, Thresholds, hazard_word
from inference.predict import score_features
from inference.typical import typical_roof
from models.checksum import BACKBONE
from models.feature_cache import Features
from models.features import NetworkSource, store_features
from models.files import Model, load_model
from models.flyover_stats import FlyoverStats, is_same_flyover, read_stats
from models.head import Head
from models.registry import resolve_model
from models.rung_heads import find_rung_heads
from models.share import ScoredFlyover
from models.spec import ModelVersion
from roofwatch.answer import Answer
from roofwatch.cold_start import require_model
from roofwatch.drift_found import kept_reason
from roofwatch.stages.tile import tile
from roofwatch.year import CityYear, open_year
from roofwatch.year_scores import score_year
from training.borrowed import Standing

STOPPED = 4
"""Exit code of a flyover that the model must not be used on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """A flyover as a model sees it, before any word is given."""

    version: ModelVersion
    """The model."""
    trained: Head
    """Its head as it was trained."""
    store: ChipStore
    """Chips of the year."""
    features: Features
    """What the model sees of them."""
    flyover: ScoredFlyover
    """What the head was set to."""
    scores: pd.DataFrame
    """A row per chip."""
    thresholds: Thresholds
    """Where the words begin, and why LIKELY is held back."""
    standing: Standing
    """Whether looks have borne a borrowed model out."""
    drift: Drift
    """Whether the flyover is like those that the model learned from."""


def command(options: argparse.Namespace) -> Answer:
    """Say whether the flyover is like those that the model learned from."""
    year = open_year(options)
    drift = drift_of(year)

    lines = [
        f"{year.city.name} {year.year}: {drift.grade.value}",
        *(f"  {sign.grade.value.lower()}: {sign.text}" for sign in drift.flagged),
        f"  {drift.expected.sentence}",
        f"  report: {year.files.report.drift_page}",
    ]
    exit_code = STOPPED if drift.grade == Grade.STOP else 0
    return Answer(lines=lines, facts=drift_facts(drift), exit_code=exit_code)


def drift_of(year: CityYear, wanted: str = "champion") -> Drift:
    """Compare a flyover with those that a model learned from, and write drift.html.

    Raises:
        MissingInput: no such model.
        TamperedModel: the model's files are not those that were registered.
    """
    if wanted == "champion":
        require_model(year)
    with year.at_work("drift"):
        look = look_at(year, wanted)
        show_drift(year, look, why=kept_reason(year) if look.drift.grade == Grade.STOP else "")
        year.city.log("drift", f"{year.year} with {look.version.label}: {look.drift.grade.value}")
    return look.drift


def look_at(year: CityYear, wanted: str) -> Look:
    """Score the chips of a year and compare the flyover, before any word is given."""
    city = year.city
    version = resolve_model(city.registry, wanted)
    model = load_model(version.folder, version.sha256)
    store = tile(year, model.spec)
    features = store_features(
        store,
        NetworkSource(spec=model.spec, weights=str(version.folder / BACKBONE)),
        threads=city.execution.threads,
        mapper=city.runner(f"look at {year.year}", len(city.roll)),
    )

    found = score_year(year, version, model.head, features)
    other = other_scores(year, model, found.flyover, features)
    looked = count_looked(year, found.scores)
    drift = Drift(
        year=year.year,
        model=version.label,
        trained_on=tuple(stats.year for stats in model.head.flyovers),
        chips=found.flyover.stats.chips,
        signs=find_signs(seen_in(year, model, found.flyover, found.scores, other)),
        share=found.flyover.share,
        expected=expect(found.flyover, found.scores, found.begins, looked),
    )
    thresholds = found.thresholds(drift.held_back)
    return Look(
        version=version,
        trained=model.head,
        store=store,
        features=features,
        flyover=found.flyover,
        scores=found.scores,
        thresholds=thresholds,
        standing=found.standing,
        drift=replace(drift, expected=expect(found.flyover, found.scores, thresholds, looked)),
    )


def seen_in(
    year: CityYear,
    model: Model,
    flyover: ScoredFlyover,
    scores: pd.DataFrame,
    other: pd.DataFrame | None,
) -> Seen:
    """Gather what is compared with the training flyovers."""
    rates = model.head.rates
    called = float("nan")
    if len(scores):
        called = float((scores["score_raw"] >= 0.5).mean())
    shift_m, most_shift_m = find_shift(year)

    return Seen(
        stats=flyover.stats,
        flyovers=model.head.flyovers,
        share=flyover.share,
        called=called,
        hits=tuple(rates[:, 0].tolist()),
        alarms=tuple(rates[:, 1].tolist()),
        gsd_m=float(np.median([tile.gsd_m for tile in year.flyover.tiles])),
        wanted_gsd_m=model.spec.gsd_m,
        shift_m=shift_m,
        most_shift_m=most_shift_m,
        agreement=find_agreement(scores, other),
    )


def find_shift(year: CityYear) -> tuple[float, float]:
    """Return how far the worst tile that was left as it is lies off, and what is allowed, meters.

    Tiles that were corrected or taken out do no harm.
    """
    settings = year.file.tile
    found = read_displacements(year.files.registration)
    if found is None:
        return 0.0, 0.0

    most_shift_m = settings.max_shift * found.lot_width_m
    if settings.registration != "report":
        return 0.0, most_shift_m
    lengths = [shift.length_m for shift in found.beyond(settings.max_shift)]
    return max(lengths, default=0.0), most_shift_m


def other_scores(
    year: CityYear, model: Model, flyover: ScoredFlyover, features: Features
) -> pd.DataFrame | None:
    """Return what the head that looks at the measures alone says, or the joined one beside it.

    None where the model's training left no other head in the workspace.
    """
    heads = [before.files.report.heads for before in (year, *year.earlier)]
    other = find_rung_heads(heads, model.head)
    if other is None:
        return None
    head = flyover.set(other)
    return score_features(features.rung(head.rung), head)


def find_agreement(scores: pd.DataFrame, other: pd.DataFrame | None) -> float:
    """Return the rank correlation of two tables of scores; NaN where it cannot be told."""
    if other is None or len(scores) < 2:
        return float("nan")

    both = scores.merge(other, on="parcel_id", suffixes=("", "_other"))
    return float(both["score_raw"].corr(both["score_raw_other"], method="spearman"))


def count_looked(year: CityYear, scores: pd.DataFrame) -> int:
    """Return how many scored roofs somebody has looked at in the flyover, however chosen."""
    looks = year.find_looks()
    if looks is None:
        return 0
    return len(set(looks.loc[looks["year"] == year.year, "parcel_id"]) & set(scores["parcel_id"]))


def expect(
    flyover: ScoredFlyover, scores: pd.DataFrame, thresholds: Thresholds, looked: int
) -> Expected:
    """Return how many failing roofs are expected."""
    likely = [
        float(score)
        for score in scores["score"]
        if hazard_word(float(score), thresholds) == HazardWord.LIKELY
    ]
    share = flyover.share
    return expect_failing((share.low, share.high), len(scores), likely, looked=looked)


def show_drift(year: CityYear, look: Look, *, why: str = "") -> None:
    """Write drift.json and drift.html, with a roof of this flyover beside one of training."""
    write_drift(
        year.files.report,
        look.drift,
        city=year.city.name,
        pictures=list(find_pictures(year, look)),
        why=why,
    )


def find_pictures(year: CityYear, look: Look) -> Iterator[Shown]:
    """Yield the most typical roof of this flyover, and of the nearest that was learned from.

    Nothing of a training flyover is shown whose chips are not in this workspace.
    """
    ours = look.flyover.stats
    yield from _typical(look.store, look.features, ours, f"A typical roof of {year.year}")

    before = nearest_in_workspace(year, ours, look.trained)
    if before is None:
        return
    chips = year.city.workspace.year(before.year).chips
    yield from _typical(
        open_store(chips.folder),
        Features(path=chips.features),
        before,
        f"A typical roof of {before.year}, which the model learned from",
    )


def nearest_in_workspace(year: CityYear, ours: FlyoverStats, head: Head) -> FlyoverStats | None:
    """Return the nearest training flyover of another year whose chips are still there."""
    known = []
    for stats in head.flyovers:
        chips = year.city.workspace.year(stats.year).chips
        is_other = stats.year != year.year
        if is_other and chips.features.exists() and chips.manifest.exists():
            kept = read_stats(chips.flyover_stats)
            known += [stats] if kept is not None and is_same_flyover(kept, stats) else []
    return min(known, key=lambda stats: distance(ours, stats), default=None)


def _typical(
    store: ChipStore, features: Features, stats: FlyoverStats, title: str
) -> Iterator[Shown]:
    parcel_id = typical_roof(features, stats)
    chip = store.read(parcel_id) if parcel_id else None
    if chip is not None:
        yield Shown(chip=chip, caption=f"{title}: parcel {parcel_id}.")
