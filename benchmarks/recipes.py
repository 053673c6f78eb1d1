"""Ways to set features against a flyover, tried against each other by `benchmarks/transfer.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from benchmarks.flyover_sets import FlyoverSet
from models.feature_cache import PARTS, Matrix
from models.flyover_stats import LEAST_SPREAD, measure_flyover
from models.head import Floats
from training.design import group_scaling, make_design, solve_parts, standard_scaling
from training.labeled_features import LabeledFeatures
from training.rungs import rung_features
from training.splits import block_folds

COMPONENTS = 256
"""Directions in which CORAL and whitening work."""
SHRUNK = 0.1
"""Share of its mean that is added to every variance there."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a recipe subtracts and divides by."""

    center: Floats
    """(F,)."""
    spread: Floats
    """(F,), > 0."""


Against = Callable[[Matrix, Sequence[Matrix]], Place]
"""Takes the chips of a flyover and those of the past ones."""


def past_statistics(_: Matrix, past: Sequence[Matrix]) -> Place:
    """Set all flyovers against the mean of the past ones."""
    return Place(
        center=np.mean([chips.mean(axis=0) for chips in past], axis=0),
        spread=_positive(np.mean([chips.std(axis=0) for chips in past], axis=0)),
    )


def own_mean(chips: Matrix, past: Sequence[Matrix]) -> Place:
    """Take the mean of the flyover itself."""
    return replace(past_statistics(chips, past), center=chips.mean(axis=0, dtype=np.float64))


def own_mean_and_spread(chips: Matrix, _: Sequence[Matrix]) -> Place:
    """Take mean and spread of the flyover itself."""
    return Place(
        center=chips.mean(axis=0, dtype=np.float64),
        spread=_positive(chips.std(axis=0, dtype=np.float64)),
    )


def own_mean_and_middle(chips: Matrix, _: Sequence[Matrix]) -> Place:
    """Take what ships: mean, and spread of the middle of the roofs."""
    own = measure_flyover(0, [chips], chips.shape[1])
    return Place(center=own.center, spread=own.spread)


def half_way(chips: Matrix, past: Sequence[Matrix]) -> Place:
    """Meet half way between the flyover and the past."""
    own = own_mean_and_spread(chips, past)
    pooled = past_statistics(chips, past)
    return Place(
        center=(own.center + pooled.center) / 2, spread=np.sqrt(own.spread * pooled.spread)
    )


def own_median(chips: Matrix, _: Sequence[Matrix]) -> Place:
    """Take the median, and the spread between the 16th and 84th percentile."""
    low, middle, high = np.percentile(chips, (16, 50, 84), axis=0)
    return Place(center=middle, spread=np.maximum((high - low) / 2, 1e-3))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to learn from past flyovers."""

    name: str
    """In the table."""
    rung: str
    """What is looked at."""
    against: Against
    """What features are set against."""
    align: str = ""
    """"whiten" or "coral": what is done to the covariance of each flyover."""
    equal: bool = False
    """Every flyover weighs the same."""


SHIPS = Recipe(
    name="joined, own mean and middle spread (ships)", rung="joined", against=own_mean_and_middle
)
RECIPES = (
    Recipe(name="network, the past's statistics", rung="network", against=past_statistics),
    Recipe(name="measures, the past's statistics", rung="measures", against=past_statistics),
    Recipe(name="joined, the past's statistics", rung="joined", against=past_statistics),
    Recipe(name="network, own mean and spread", rung="network", against=own_mean_and_spread),
    Recipe(name="measures, own mean and spread", rung="measures", against=own_mean_and_spread),
    Recipe(name="joined, own mean", rung="joined", against=own_mean),
    Recipe(name="joined, half way", rung="joined", against=half_way),
    Recipe(name="joined, own median", rung="joined", against=own_median),
    Recipe(name="joined, whitened", rung="joined", against=own_mean_and_spread, align="whiten"),
    Recipe(name="joined, CORAL", rung="joined", against=own_mean_and_spread, align="coral"),
    Recipe(name="joined, own mean and spread", rung="joined", against=own_mean_and_spread),
    Recipe(
        name="joined, flyovers weigh the same",
        rung="joined",
        against=own_mean_and_middle,
        equal=True,
    ),
    SHIPS,
)


BEFORE = (RECIPES[1], RECIPES[0])
"""What could ship before, simplest first."""
MARGIN = 0.02
"""Average precision that the simpler of them could lack."""
FOLDS = 5


def rank(recipe: Recipe, coming: FlyoverSet, past: Sequence[FlyoverSet]) -> Floats:
    """Return the logits of the coming flyover's chips by a head of the past ones, (N,)."""
    part = PARTS[recipe.rung]
    chips_of_past = [known.looks[:, part] for known in past]
    placed = {}
    for known in [*past, coming]:
        place = recipe.against(known.looks[:, part], chips_of_past)
        placed[known.number] = (known.looks[:, part] - place.center) / place.spread

    labeled = _labeled(recipe, past, placed)
    if recipe.align:
        placed, labeled = _aligned(recipe, coming, past, placed, labeled)
    scaling = group_scaling(labeled)
    design = make_design(labeled, scaling, penalty=1.0, light=0.1)
    if recipe.equal:
        design = replace(design, weights=_equal(design.weights, design.flyovers))

    weights, _ = solve_parts(design, [np.ones(len(labeled), bool)])[0]
    return np.asarray(scaling.apply(placed[coming.number].astype(np.float32)) @ weights)


def rank_as_before(coming: FlyoverSet, past: Sequence[FlyoverSet]) -> Floats:
    """Return the logits of the coming flyover's chips by what shipped before, (N,)."""
    return rank(shipped_before(past), coming, past)


def shipped_before(past: Sequence[FlyoverSet]) -> Recipe:
    """Return the recipe that the product took before it set flyovers against themselves.

    The simplest rung whose average precision, blocks left out, was within `MARGIN` of the best.
    """
    rows = pd.concat([known.labels for known in past], ignore_index=True)
    folds = block_folds(rows, FOLDS)
    found = {}
    for recipe in BEFORE:
        seen = rung_features(rows, folds, recipe.rung, past[0].spec.groups)
        design = make_design(seen, standard_scaling(seen), penalty=1.0, light=0.1)
        parts = [folds != fold for fold in range(FOLDS)]
        logits = np.zeros(len(rows))
        for part, (weights, bias) in zip(parts, solve_parts(design, parts), strict=True):
            logits[~part] = design.features[~part] @ weights + bias
        found[recipe] = float(average_precision_score(seen.failing, logits))

    least = max(found.values()) - MARGIN
    return next(recipe for recipe, precision in found.items() if precision >= least)


def _labeled(
    recipe: Recipe, past: Sequence[FlyoverSet], placed: dict[int, Floats]
) -> LabeledFeatures:
    """Return the labels of the past flyovers with their features, set in place."""
    rows = pd.concat([known.labels for known in past], ignore_index=True)
    folds = np.arange(len(rows)) % 2
    seen = rung_features(rows, folds, recipe.rung, past[0].spec.groups)
    features = np.empty_like(seen.features)
    relit = None if seen.relit is None else np.empty_like(seen.relit)
    years = rows["year"].to_numpy(np.int64)
    for known in past:
        is_here = years == known.number
        raw = known.looks[:, PARTS[recipe.rung]]
        # Where the chips of the flyover were put tells what was subtracted and divided by.
        spread = _positive(raw.std(axis=0, dtype=np.float64)) / _positive(
            placed[known.number].std(axis=0, dtype=np.float64)
        )
        center = raw.mean(axis=0, dtype=np.float64) - spread * placed[known.number].mean(axis=0)
        features[is_here] = (seen.features[is_here] - center) / spread
        if relit is not None and seen.relit is not None:
            relit[is_here] = (seen.relit[is_here] - center) / spread

    return replace(seen, features=features, relit=relit, flyovers=years)


def _aligned(
    recipe: Recipe,
    coming: FlyoverSet,
    past: Sequence[FlyoverSet],
    placed: dict[int, Floats],
    labeled: LabeledFeatures,
) -> tuple[dict[int, Floats], LabeledFeatures]:
    """Bring the covariance of every flyover to one: none ("whiten"), or that of the past."""
    together = np.concatenate([placed[known.number] for known in past])
    _, axes = np.linalg.eigh((together.T @ together).astype(np.float32) / len(together))
    axes = axes[:, -COMPONENTS:].astype(np.float64)
    wanted = np.eye(COMPONENTS)
    if recipe.align == "coral":
        wanted = _root(together @ axes, inverse=False)

    features = labeled.features.copy()
    relit = None if labeled.relit is None else labeled.relit.copy()
    for known in [*past, coming]:
        turned = placed[known.number] @ axes
        step = _root(turned, inverse=True) @ wanted - np.eye(COMPONENTS)
        placed[known.number] = placed[known.number] + turned @ step @ axes.T
        is_here = labeled.flyovers == known.number
        features[is_here] += (features[is_here] @ axes) @ step @ axes.T
        if relit is not None:
            relit[is_here] += (relit[is_here] @ axes) @ step @ axes.T
    return placed, replace(labeled, features=features, relit=relit)


def _root(rows: Floats, *, inverse: bool) -> Floats:
    """Return the root of the covariance of rows (N, C), or its inverse, (C, C)."""
    covariance = np.cov(rows, rowvar=False)
    covariance += np.eye(len(covariance)) * SHRUNK * np.trace(covariance) / len(covariance)
    values, vectors = np.linalg.eigh(covariance)
    power = -0.5 if inverse else 0.5
    return np.asarray((vectors * values**power) @ vectors.T)


def _equal(weights: Floats, flyovers: NDArray[np.int64]) -> Floats:
    """Return weights of which every flyover has the same sum."""
    equal = weights.copy()
    years = np.unique(flyovers)
    for year in years:
        is_here = flyovers == year
        equal[is_here] *= weights.sum() / len(years) / weights[is_here].sum()
    return equal


def _positive(values: Floats) -> Floats:
    return np.maximum(values, LEAST_SPREAD)
