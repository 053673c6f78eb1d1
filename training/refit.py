"""The head refit while people look at roofs: in well under a second, from features that are kept.

One rung, with blocks left out to calibrate it, as `training.fit` does. Copies in other light are
left out. What two roofs have in common is computed once; a refit then only solves systems as large
as the labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from inference.predict import known_share
from labels.draws.weights import draw_numbers, is_for_its_score, look_weights, looked_share
from labels.intervals import Interval, weighted_share
from models.feature_cache import PARTS
from models.flyover_stats import pooled_stats
from models.head import Floats, Head
from models.share import ScoredFlyover, estimate_share
from training.design import Scaling, group_roots, make_design
from training.fit import Fit, LeftOut, LinearHeads, calibrate_heads, with_thresholds
from training.kept import Kept
from training.labeled_features import LabeledFeatures
from training.looked import at_flyover
from training.ridge import DualSystem, Mask, Matrix
from training.settings import TrainSettings
from training.splits import block_folds
from training.thresholds import TriedFlyover, choose_thresholds

LEAST_WEIGHED = 10
"""Looks of known chance from which on precision and recall are given."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Refit:
    """What a head that learned from all labels so far says of the flyover."""

    labels: int
    """Labels it learned from."""
    scores: pd.Series
    """Calibrated score of every roof with a chip, by parcel."""
    likely: float
    """Score at which LIKELY begins."""
    possible: float
    """Score at which POSSIBLE begins."""
    precision: Interval | None
    """Share of the list that fails; None while too few looks tell."""
    recall: Interval | None
    """Share of the failing roofs that is on the list; None while too few looks tell."""

    @property
    def listed(self) -> set[str]:
        """Return the roofs that would be LIKELY or POSSIBLE."""
        is_listed = self.scores >= min(self.possible, self.likely)
        return set(self.scores.index[is_listed])


def refit(kept: Kept, labels: pd.DataFrame, settings: TrainSettings) -> Refit:
    """Fit a head on labels and score the flyover with it.

    Args:
        kept: Features.
        labels: Columns parcel_id, year, failing, block, weight, chosen and chance; all in
            `kept.place`.
        settings: Folds, penalty and aims.

    Raises:
        InputError: too few labels, blocks or classes.
    """
    years = labels["year"].to_numpy(np.int64)
    keys = zip(years.tolist(), labels["parcel_id"].tolist(), strict=True)
    rows = np.array([kept.place[key] for key in keys], np.int64)
    labeled = LabeledFeatures(
        features=kept.features[rows],
        relit=None,
        failing=labels["failing"].to_numpy(np.int64),
        folds=block_folds(labels, settings.folds),
        blocks=labels["block"].to_numpy(object),
        flyovers=years,
        weights=labels["weight"].to_numpy(np.float64),
        groups=kept.groups,
    )
    direction, fit = fit_kept(labeled, kept.products[np.ix_(rows, rows)], kept, settings)
    tried = _tried(fit, labeled, ~is_for_its_score(labels["chosen"]))
    head = with_thresholds(fit.head, choose_thresholds(tried, settings, tried=False))

    is_here = years == kept.year
    head = set_to_flyover(head, kept.chips @ direction, kept, labels[is_here])
    scores = expit(head.slope * (kept.chips @ direction) + head.offset)
    left_out = at_flyover(fit.out_of_fold.scores, fit.out_of_fold.even, head)[is_here]
    is_listed = left_out >= min(head.possible, head.likely)
    precision, recall = measure_list(labels[is_here], is_listed)
    return Refit(
        labels=len(labels),
        scores=pd.Series(scores, index=kept.chip_ids),
        likely=head.likely,
        possible=head.possible,
        precision=precision,
        recall=recall,
    )


def fit_kept(
    labeled: LabeledFeatures, products: Matrix, kept: Kept, settings: TrainSettings
) -> tuple[Floats, Fit]:
    """Return the direction of the head in scaled features (F,), and the calibrated head.

    Args:
        labeled: Scaled features and labels.
        products: Of every two of them, (N, N).
        kept: Rung and flyovers.
        settings: Penalty.
    """
    width = labeled.features.shape[1]
    as_is = Scaling(center=np.zeros(width), scale=np.ones(width))
    design = make_design(labeled, as_is, penalty=settings.penalty, light=0.0)
    targets: Floats = np.where(labeled.failing == 1, 1.0, -1.0)
    system = DualSystem(
        rows=labeled.features,
        products=products,
        targets=targets,
        weights=design.weights,
        groups=labeled.flyovers,
        penalty=settings.penalty,
    )

    logits = np.full(len(labeled), np.nan)
    for fold in np.unique(labeled.folds):
        is_out = labeled.folds == fold
        found = system.carry(~is_out)
        logits[is_out] = products[np.ix_(is_out, ~is_out)] @ found

    direction, _ = system.solve(np.ones(len(labeled), bool))
    pooled = pooled_stats([stats.part(PARTS[kept.rung]) for stats in kept.flyovers])
    heads = LinearHeads(
        rung=kept.rung,
        flyovers=kept.flyovers,
        scaling=Scaling(center=pooled.center, scale=pooled.spread),
        weights=(direction / group_roots(kept.groups))[None],
        bias=np.zeros(1),
    )
    left_out = LeftOut(blocks=logits, flyovers=np.full(len(labeled), np.nan))
    return direction, calibrate_heads(heads, left_out, labeled)


def set_to_flyover(head: Head, logits: Floats, kept: Kept, looks: pd.DataFrame) -> Head:
    """Return a head at the share failing of the flyover, from looks by chance where they suffice.

    Args:
        head: Calibrated for any share.
        logits: Of every roof of the flyover, (M,).
        kept: Its blocks and statistics.
        looks: Its labels.
    """
    looked = looked_share(looks)
    if looked is not None:
        share = known_share(looked, len(logits))
    else:
        share = estimate_share(head, logits, kept.chip_blocks.astype(str))
    return ScoredFlyover(stats=kept.stats, share=share).set(head)


def measure_list(looks: pd.DataFrame, is_listed: Mask) -> tuple[Interval | None, Interval | None]:
    """Return precision and recall of a list, each look weighed by its inverse chance.

    Args:
        looks: Columns failing, chosen and chance (NaN: not known).
        is_listed: Whether a head that had not learned from the look lists it, (N,).
    """
    is_known = looks["chance"].notna().to_numpy(bool)
    if is_known.sum() < LEAST_WEIGHED:
        return None, None

    known = looks[is_known]
    weights = look_weights(known["chance"].to_numpy(np.float64), draw_numbers(known["chosen"]))
    failing = known["failing"].to_numpy(np.float64)
    listed = is_listed[is_known]
    is_failing = failing == 1
    precision = _share_of(failing[listed], weights[listed])
    recall = _share_of(listed[is_failing].astype(np.float64), weights[is_failing])
    return precision, recall


def _share_of(hits: Floats, weights: Floats) -> Interval | None:
    return weighted_share(hits, weights) if len(hits) else None


def _tried(fit: Fit, labeled: LabeledFeatures, is_fair: Mask) -> Sequence[TriedFlyover]:
    tried = []
    for year in np.unique(labeled.flyovers).tolist():
        is_here = labeled.flyovers == year
        flyover = TriedFlyover(
            year=year,
            scores=fit.out_of_fold.scores[is_here],
            even=fit.out_of_fold.even[is_here],
            failing=labeled.failing[is_here],
            is_fair=is_fair[is_here],
        )
        tried.append(flyover)
    return tried
