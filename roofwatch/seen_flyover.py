"""What a flyover shows beside those that a model learned from, gathered for `inference.drift`."""

import numpy as np
import pandas as pd

from imagery.chips.displacement import read_displacements
from inference.drift import KnownRoofs, Seen
from inference.predict import score_features
from models.feature_cache import Features
from models.files import Model
from models.rung_heads import find_rung_heads
from models.share import ScoredFlyover
from roofwatch.year import CityYear

EVEN = 0.5
"""What an even bet calls failing begins here."""


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
        called = float((scores["score_raw"] >= EVEN).mean())
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
        known=find_known(year, scores),
    )


def find_known(year: CityYear, scores: pd.DataFrame) -> KnownRoofs | None:
    """Return the scored roofs whose latest label of an earlier flyover says that they fail.

    None without labels.
    """
    labels = year.find_labels()
    if labels is None:
        return None
    before = labels.table[labels.table["year"] < year.year]
    latest = before.sort_values("year", kind="stable").drop_duplicates("parcel_id", keep="last")
    failing = latest.loc[latest["failing"] == 1, "parcel_id"]
    known = scores[scores["parcel_id"].isin(failing)]
    return KnownRoofs(roofs=len(known), called=int((known["score_raw"] >= EVEN).sum()))


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
