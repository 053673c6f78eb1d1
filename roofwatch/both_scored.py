"""Flyovers as two versions score them, from features that are cached: what the gate compares."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from imagery.errors import MissingInput, TamperedModel
from inference.hazard import hazard_word
from models.feature_cache import Features
from models.files import Model, load_model
from models.head import head_logits
from models.registry import Registry
from models.share import Share
from models.spec import ModelVersion
from roofwatch.labeled import parcel_places
from roofwatch.trusted_models import check_evaluation, find_model
from roofwatch.year import City, CityYear
from roofwatch.year_features import recall_features
from roofwatch.year_scores import score_year
from training.gate_labels import NotPaired, read_scores
from training.gate_lists import BothScored


@dataclass(frozen=True, kw_only=True, eq=False)
class Scorer:
    """A version that scores from cached features."""

    version: ModelVersion
    """The version."""
    model: Model
    """Its model."""
    fold_of_block: dict[str, int]
    """Row of the head that left a block out, by block; empty where that is not known."""

    def features(self, year: CityYear) -> Features | None:
        """Return what the version sees of the chips of a year; None where it is not cached."""
        store = year.find_chips()
        if store is None:
            return None
        return recall_features(year, store, self.model)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A flyover as one version scores it."""

    roofs: pd.DataFrame
    """Columns parcel_id, score, word."""
    held_out: pd.DataFrame
    """The same with the roof's block left out: parcel_id, score, even."""
    share: Share
    """Estimated share failing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BothYears:
    """What could be scored with two versions."""

    flyovers: tuple[BothScored, ...]
    """Newest first."""
    notes: tuple[str, ...]
    """What could not be, and why."""


def score_both(city: City, version: int, champion: int | None) -> BothYears:
    """Score all flyovers with a version and the champion, as far as features are cached.

    Args:
        city: The city.
        version: The candidate.
        champion: The champion; None where there is none.

    Raises:
        MissingInput: the candidate's files are gone.
        TamperedModel: they are not those that were registered.
    """
    ours = load_scorer(city, version)
    if champion is None or champion == version:
        return BothYears(flyovers=(), notes=())
    try:
        theirs = load_scorer(city, champion)
    except (MissingInput, TamperedModel) as error:
        return BothYears(flyovers=(), notes=(f"lists not compared: {error}",))

    flyovers = []
    without = []
    for year in sorted((source.year for source in city.file.flyover), reverse=True):
        both = _score_year(city.year(year), ours, theirs)
        if both is None:
            without.append(str(year))
        else:
            flyovers.append(both)
    notes = (_not_compared(without),) if without else ()
    return BothYears(flyovers=tuple(flyovers), notes=notes)


def _not_compared(years: list[str]) -> str:
    return (
        f"lists of {', '.join(years)} not compared: features are not cached for both versions; "
        f"score --year {years[0]} caches those of the champion"
    )


def load_scorer(city: City, version: int) -> Scorer:
    """Load a version, and which of its heads left which block out."""
    found = find_model(city, str(version))
    check_evaluation(city, version)
    model = load_model(found.folder, found.sha256)
    return Scorer(
        version=found,
        model=model,
        fold_of_block=_folds_of_blocks(city.registry, version, most=len(model.head.bias) - 1),
    )


def _folds_of_blocks(registry: Registry, version: int, *, most: int) -> dict[str, int]:
    """Return the row of the head that left a block out, by block."""
    try:
        table = read_scores(registry, version)
    except NotPaired:
        return {}
    if "fold" not in table or table["fold"].nunique() != most:
        return {}

    rows = {fold: row for row, fold in enumerate(np.unique(table["fold"]).tolist(), start=1)}
    blocks = zip(table["block"].astype(str), table["fold"], strict=True)
    return {block: rows[fold] for block, fold in blocks}


def _score_year(year: CityYear, ours: Scorer, theirs: Scorer) -> BothScored | None:
    """Score a flyover with two versions; None where features are not cached for both."""
    features = ours.features(year)
    features_champion = theirs.features(year)
    if features is None or features_champion is None:
        return None

    scored = _score_with(ours, year, features)
    champion = _score_with(theirs, year, features_champion)
    names = {"score": "score_champion", "word": "word_champion", "even": "even_champion"}
    roofs = scored.roofs.merge(champion.roofs.rename(columns=names), on="parcel_id")
    places = parcel_places(year.roll)[["parcel_id", "district"]].fillna("")
    held_out = champion.held_out.rename(columns=names)
    if ours.fold_of_block:
        held_out = held_out.merge(scored.held_out, on="parcel_id")
    return BothScored(
        year=year.year,
        roofs=roofs.merge(places, on="parcel_id"),
        held_out=held_out,
        share=scored.share,
        share_champion=champion.share,
    )


def _score_with(scorer: Scorer, year: CityYear, features: Features) -> Scored:
    """Score a flyover as `score` does, and with the blocks that were learned from left out."""
    found = score_year(year, scorer.version, scorer.model.head, features)
    head = found.head
    thresholds = found.thresholds(found.flyover.share.doubt)
    roofs = found.scores
    roofs["word"] = [hazard_word(score, thresholds).value for score in roofs["score"]]

    block_of = year.roll.table.set_index("parcel_id")["block"].astype(str)
    row_of = block_of.map(scorer.fold_of_block).fillna(0).astype(int)
    held_out = [pd.DataFrame({"parcel_id": [], "score": [], "even": []})]
    for ids, matrix in features.rung(head.rung):
        logits = head_logits(head, matrix)
        rows = row_of.reindex(ids, fill_value=0).to_numpy(np.int64)
        log_odds = head.slope * _pick(logits, rows) + head.offset
        even = expit(log_odds - logit(head.share))
        part = pd.DataFrame({"parcel_id": ids, "score": expit(log_odds), "even": even})
        held_out.append(part)
    return Scored(
        roofs=roofs[["parcel_id", "score", "word"]],
        held_out=pd.concat(held_out[1:] or held_out, ignore_index=True),
        share=found.flyover.share,
    )


def _pick(logits: NDArray[np.float64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return one column of each row."""
    return np.take_along_axis(logits, columns[:, None], axis=1)[:, 0]
