"""`roofwatch drift`: is a year's flyover like those that the model learned from."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from imagery.chips.store import ChipStore, open_store
from imagery.json_files import read_facts
from inference.drift import Drift, Grade
from inference.drift_page import Beside, Shown, drift_facts, write_drift
from inference.drift_photos import distance
from inference.drift_signs import find_signs
from inference.estimated import EstimatedFigures, estimate_figures
from inference.expected import Expected, expect_failing
from inference.hazard import HazardWord, Thresholds, hazard_word
from inference.typical import typical_roof
from models.checksum import BACKBONE
from models.extract import NetworkSource
from models.feature_cache import Features
from models.files import Model, load_model
from models.flyover_stats import FlyoverStats, is_same_flyover, read_stats
from models.head import Head
from models.share import ScoredFlyover
from models.spec import ModelVersion
from roofwatch.answer import Answer
from roofwatch.cold_start import require_model
from roofwatch.drift_found import kept_reason
from roofwatch.opened import open_year
from roofwatch.scored_by import scored_by
from roofwatch.sealed_files import DRIFT, seal
from roofwatch.seen_flyover import other_scores, seen_in
from roofwatch.stages.tile import tile
from roofwatch.trusted_models import find_model
from roofwatch.year import CityYear
from roofwatch.year_features import compute_features
from roofwatch.year_scores import YearScores, score_year
from training.borrowed import Standing

STOPPED = 4
"""Exit code of a flyover that the model must not be used on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """A flyover as a model sees it, before any word is given."""

    version: ModelVersion
    """The model."""
    model: Model
    """Its files."""
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
        show_drift(
            year,
            look,
            checked=checked_before(year, look.version),
            why=kept_reason(year) if look.drift.grade == Grade.STOP else "",
        )
        year.city.log("drift", f"{year.year} with {look.version.label}: {look.drift.grade.value}")
    return look.drift


def look_at(year: CityYear, wanted: str) -> Look:
    """Score the chips of a year and compare the flyover, before any word is given."""
    city = year.city
    version = find_model(city, wanted)
    model = load_model(version.folder, version.sha256)
    store = tile(year, model.spec)
    network = NetworkSource(spec=model.spec, weights=str(version.folder / BACKBONE))
    features = compute_features(year, store, network)

    found = score_year(year, version, model.head, features)
    other = other_scores(year, model, found.flyover, features)
    seen = count_looked(year, found.scores)
    drift = Drift(
        year=year.year,
        model=version.label,
        trained_on=tuple(stats.year for stats in model.head.flyovers),
        chips=found.flyover.stats.chips,
        signs=find_signs(seen_in(year, model, found.flyover, found.scores, other)),
        share=found.flyover.share,
        expected=expect(found.flyover, found.scores, found.begins, seen),
        figures=find_figures(found.flyover, found),
    )
    thresholds = found.thresholds(drift.held_back)
    return Look(
        version=version,
        model=model,
        trained=model.head,
        store=store,
        features=features,
        flyover=found.flyover,
        scores=found.scores,
        thresholds=thresholds,
        standing=found.standing,
        drift=replace(drift, expected=expect(found.flyover, found.scores, thresholds, seen)),
    )


def find_figures(flyover: ScoredFlyover, found: YearScores) -> EstimatedFigures | None:
    """Return what the list is worth if the scores hold; None without scored roofs."""
    if not len(found.scores):
        return None
    shares = (flyover.share.used, *flyover.share.ends)
    begins = found.begins
    return estimate_figures(
        found.scores["score_raw"].to_numpy(np.float64), shares, min(begins.possible, begins.likely)
    )


def count_looked(year: CityYear, scores: pd.DataFrame) -> tuple[int, int]:
    """Return how many scored roofs people looked at in the flyover, and called failing of these."""
    looks = year.find_looks()
    labels = year.find_labels()
    if looks is None or labels is None:
        return 0, 0
    seen = set(looks.loc[looks["year"] == year.year, "parcel_id"]) & set(scores["parcel_id"])
    is_here = (labels.table["year"] == year.year) & labels.table["parcel_id"].isin(list(seen))
    return len(seen), int(labels.table.loc[is_here, "failing"].sum())


def expect(
    flyover: ScoredFlyover, scores: pd.DataFrame, thresholds: Thresholds, seen: tuple[int, int]
) -> Expected:
    """Return how many failing roofs are expected."""
    likely = [
        float(score)
        for score in scores["score"]
        if hazard_word(float(score), thresholds) == HazardWord.LIKELY
    ]
    share = (flyover.share.low, flyover.share.high)
    looked, called = seen
    return expect_failing(share, len(scores), likely, looked=looked, found=called)


def checked_before(year: CityYear, version: ModelVersion) -> tuple[str, ...]:
    """Return what looks at the flyover say of the model, if it scored the year last."""
    looked = year.files.report.looked
    if not looked.exists() or scored_by(year).get("label") != version.label:
        return ()
    sentences = read_facts(looked, remedy=f"score {year.year} again").get("sentences")
    return tuple(map(str, sentences)) if isinstance(sentences, list) else ()


def show_drift(year: CityYear, look: Look, *, checked: Sequence[str] = (), why: str = "") -> None:
    """Write drift.json and drift.html, with a roof of this flyover beside one of training.

    Args:
        year: The city in the year.
        look: How the model sees it.
        checked: What looks at the flyover say.
        why: Why somebody went on despite STOP; "" where nobody did.
    """
    beside = Beside(
        city=year.city.name,
        pictures=list(find_pictures(year, look)),
        checked=checked,
        why=why,
    )
    write_drift(year.files.report, look.drift, beside)
    seal(year, DRIFT)


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
