"""Fit the head of a rung in seconds on a CPU.

Whole blocks are left out in turn, and whole flyovers where several have labels. What was left out
calibrates the head of all rows, which ships.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from models.feature_cache import PARTS
from models.flyover_stats import FlyoverStats, pooled_stats
from models.head import Floats, Head, at_share
from models.share import Share
from training.adapted import Adapted, adapt
from training.calibration import (
    PARTS_OF_SEPARATION,
    PARTS_WITHIN,
    Calibration,
    calibration_covariance,
    fit_calibration,
    flyover_shares,
    known_flyovers,
)
from training.design import Design, Scaling, solve_parts
from training.labeled_features import LabeledFeatures
from training.ridge import Mask
from training.splits import Split
from training.thresholds import Chosen

LEAST_ERROR = 0.4
"""Estimated shares failing stray by this much at least on another flyover, in log odds."""
LEAST_ERROR_WITHIN = 0.8
"""The same where only blocks of one flyover were left out."""
LEAST_LEARNED = 80
"""Failing labels that have to be left where a flyover is left out whole."""
LEAST_TRIED = 2
"""Flyovers that have to be left out whole, each once, to calibrate on them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A fitted head and the scores that no head saw its own label for."""

    head: Head
    """What ships; its thresholds are those of `with_thresholds`, 1 before."""
    out_of_fold: Adapted
    """Scores with the label's block left out."""
    transfer: Adapted
    """Scores with its whole flyover and its block left out; NaN where that is not tried."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearHeads:
    """The head that ships and those that left a fold out, before calibration."""

    rung: str
    """What they look at, of `models.head.RUNGS`."""
    flyovers: tuple[FlyoverStats, ...]
    """Statistics that the features were set against; empty where they were not."""
    scaling: Scaling
    """How features are standardized; pooled over the flyovers."""
    weights: Floats
    """(1 + K, F), row 0 is the head that ships."""
    bias: Floats
    """(1 + K,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeftOut:
    """Logits of labels that the answering head had not learned from."""

    blocks: Floats
    """With the label's block left out, (N,)."""
    flyovers: Floats
    """With its flyover and its block left out, (N,); NaN where the flyover is not tried."""

    @property
    def tried(self) -> Mask:
        """Tell which labels lie in a flyover that was left out whole, (N,)."""
        return np.asarray(~np.isnan(self.flyovers))


def fit_head(
    labeled: LabeledFeatures, design: Design, *, rung: str, flyovers: Sequence[FlyoverStats]
) -> Fit:
    """Fit the shipped head on all rows, and heads that left blocks and flyovers out.

    Args:
        labeled: Features, set against their flyovers, and labels.
        design: Of these labels; see `head_design`.
        rung: What the features are, of `models.head.RUNGS`.
        flyovers: Statistics that the features were set against, over measures and features.
    """
    folds = [labeled.folds == fold for fold in np.unique(labeled.folds)]
    tests = flyover_tests(labeled)
    everything = np.ones(len(labeled), bool)
    parts = [everything, *(~fold for fold in folds), *(train for train, _ in tests)]
    solved = solve_parts(design, parts)

    # Each flyover is set against its own mean: intercepts say nothing of the next one.
    weights = np.stack([weights for weights, _ in solved])
    logits = list((weights.astype(np.float32) @ design.features.T).astype(np.float64))
    left_out = LeftOut(
        blocks=_gather(folds, logits[1 : len(folds) + 1]),
        flyovers=_gather([test for _, test in tests], logits[len(folds) + 1 :], len(labeled)),
    )
    pooled = pooled_stats([stats.part(PARTS[rung]) for stats in flyovers])
    heads = LinearHeads(
        rung=rung,
        flyovers=tuple(flyovers),
        scaling=Scaling(center=pooled.center, scale=pooled.spread),
        weights=weights[: len(folds) + 1] / design.scaling.scale,
        bias=np.zeros(len(folds) + 1),
    )
    return calibrate_heads(heads, left_out, labeled)


def flyover_tests(labeled: LabeledFeatures) -> list[tuple[Mask, Mask]]:
    """Return the rows to learn from and to test where whole flyovers are left out.

    Neither the flyover nor the block of a tested row is learned from. Empty with fewer than
    `LEAST_TRIED` flyovers that have enough labels, themselves and in the others: a head of a few
    failing roofs says little of the one that ships.
    """
    failing = labeled.failing == 1
    tried = [
        year
        for year in known_flyovers(labeled)
        if (failing & (labeled.flyovers != year)).sum() >= LEAST_LEARNED
    ]
    if len(tried) < LEAST_TRIED:
        return []

    tests = []
    for year in tried:
        is_here = labeled.flyovers == year
        shared = np.isin(labeled.blocks.astype(str), labeled.blocks[is_here].astype(str)) & ~is_here
        folds = np.unique(labeled.folds[shared])
        whole = is_here & ~np.isin(labeled.folds, folds)
        candidates = [(~is_here, whole)]
        for fold in folds:
            is_fold = labeled.folds == fold
            candidates.append((~is_here & ~is_fold, is_here & is_fold))
        for train, test in candidates:
            if test.any() and len(np.unique(labeled.failing[train])) == 2:
                tests.append((train, test))
    return tests


def calibrate_heads(heads: LinearHeads, left_out: LeftOut, labeled: LabeledFeatures) -> Fit:
    """Calibrate heads on the logits of labels that were left out.

    The largest part of the separation is taken at which no estimate of a share failing runs away.
    Blocks of one flyover are told apart better than another flyover will be, so that with blocks
    alone half of it is the most.
    """
    is_tried = bool(left_out.tried.any())
    logits = left_out.flyovers if is_tried else left_out.blocks
    is_known = ~np.isnan(logits)

    known = np.nan_to_num(logits)
    for part in PARTS_OF_SEPARATION if is_tried else PARTS_WITHIN:
        found = fit_calibration(known, labeled, is_known, part=part)
        head = _make_head(heads, found, labeled, known, is_known)
        shares = adapt(head, logits, labeled).shares
        judged = {year: shares[year] for year in known_flyovers(labeled) if year in shares}
        if not any(share.has_run_away for share in judged.values()):
            break

    tried = len(np.unique(labeled.flyovers[is_known])) if is_tried else 0
    head = replace(
        head,
        tried=tried,
        share_error=_share_error(judged, labeled, is_tried),
        rates=head.rates if is_tried else head.rates.mean(axis=0, keepdims=True),
    )
    return Fit(
        head=head,
        out_of_fold=adapt(head, left_out.blocks, labeled),
        transfer=adapt(head, left_out.flyovers, labeled),
    )


def _share_error(shares: dict[int, Share], labeled: LabeledFeatures, is_tried: bool) -> float:
    """Return how far estimated shares strayed from those of the labels, in log odds.

    Never less than was seen on flyovers elsewhere.
    """
    true = flyover_shares(labeled)
    errors = [
        logit(share.used) - logit(true[labeled.flyovers == year][0])
        for year, share in shares.items()
    ]
    least = LEAST_ERROR if is_tried else LEAST_ERROR_WITHIN
    if not errors:
        return least
    return max(float(np.sqrt(np.mean(np.square(errors)))), least)


def score_splits(
    labeled: LabeledFeatures, design: Design, splits: Sequence[Split], head: Head
) -> Adapted:
    """Return scores of every split's test rows by a head fitted on its training rows.

    They are calibrated as `head` is. Rows that no split tests are NaN.
    """
    parts = [_mask(split.train, len(labeled)) for split in splits]
    logits = np.full(len(labeled), np.nan)
    for split, (weights, _) in zip(splits, solve_parts(design, parts), strict=True):
        logits[split.test] = design.features[split.test] @ weights

    return adapt(head, logits, labeled)


def with_thresholds(head: Head, chosen: Chosen) -> Head:
    """Return the head with the thresholds that were chosen for it."""
    return replace(head, likely=chosen.likely, possible_even=chosen.possible)


def _make_head(
    heads: LinearHeads,
    found: Calibration,
    labeled: LabeledFeatures,
    logits: Floats,
    is_known: Mask,
) -> Head:
    shares = flyover_shares(labeled)
    log_odds = found.log_odds(logits, shares)
    even = Head(
        rung=heads.rung,
        flyovers=heads.flyovers,
        center=heads.scaling.center,
        scale=heads.scaling.scale,
        weights=heads.weights,
        bias=heads.bias,
        slope=found.slope,
        offset=found.offset,
        covariance=calibration_covariance(log_odds, logits, labeled, is_known),
        separation=found.separation,
        share=0.5,
        rates=_rates(log_odds, labeled, is_known),
        share_error=0.0,
        tried=0,
        likely=1.0,
        possible_even=1.0,
    )
    by_flyover = [shares[labeled.flyovers == year][0] for year in np.unique(labeled.flyovers)]
    return at_share(even, float(np.mean(by_flyover)))


def _rates(log_odds: Floats, labeled: LabeledFeatures, is_known: Mask) -> Floats:
    """Return the shares of failing and intact roofs that an even bet calls failing, by flyover."""
    called = log_odds >= 0
    rates: list[list[float]] = []
    for year in [*known_flyovers(labeled), None]:
        is_here = is_known if year is None else is_known & (labeled.flyovers == year)
        failing = called[is_here & (labeled.failing == 1)]
        intact = called[is_here & (labeled.failing == 0)]
        if len(failing) and len(intact) and (year is not None or not rates):
            rates.append([float(failing.mean()), float(intact.mean())])
    return np.array(rates)


def _gather(masks: Sequence[Mask], logits: Sequence[Floats], size: int = 0) -> Floats:
    """Put the logits of the rows of each mask together, (N,); NaN where no mask is set."""
    found = np.full(size or len(masks[0]), np.nan)
    for mask, values in zip(masks, logits, strict=True):
        found[mask] = values[mask]
    return found


def _mask(rows: NDArray[np.int64], size: int) -> Mask:
    mask = np.zeros(size, bool)
    mask[rows] = True
    return mask
