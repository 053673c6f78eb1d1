"""The three rungs on one table of labels.

Each rung is fitted on the same labels, and scored with blocks, neighborhoods and the last year
left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.feature_cache import feature_matrix
from models.head import RUNGS
from training.fit import Fit, fit_head, score_splits
from training.labeled_features import LabeledFeatures
from training.settings import TrainSettings
from training.splits import Split, block_folds, neighborhood_folds, next_year_split

KEPT = ["parcel_id", "year", "block", "neighborhood", "district", "area_m2", "failing"]
"""Columns of a label that go into the table of scored labels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedRungs:
    """Every rung, fitted on the same labels and folds."""

    fits: dict[str, Fit]
    """By rung."""
    scored: pd.DataFrame
    """Columns `KEPT`, fold, and the out-of-fold score of every rung."""
    others: dict[str, pd.DataFrame | None]
    """The same for what else was left out, only the rows that were tested; None where the labels
    do not allow it."""

    def with_rung(
        self, rung: str, fit: Fit, others: dict[str, pd.DataFrame | None]
    ) -> "FittedRungs":
        """Return the rungs with another fit of one of them, and what it scores in `others`."""
        scored = self.scored.assign(**{rung: fit.out_of_fold})
        return replace(self, fits={**self.fits, rung: fit}, scored=scored, others=others)


def fit_rungs(
    labels: pd.DataFrame, groups: tuple[int, ...], settings: TrainSettings
) -> FittedRungs:
    """Fit every rung on labeled roofs.

    Args:
        labels: Columns `KEPT`, and what the rungs look at: measures, features; measures_relit and
            features_relit where there are copies in other light.
        groups: Lengths of the groups of features of the network.
        settings: Folds, penalty, light.

    Raises:
        InputError: too few labels, blocks or classes.
    """
    folds = block_folds(labels, settings.folds)
    splits = other_splits(labels, folds, settings.folds)
    scored = labels[KEPT].assign(fold=folds)
    others = {name: _tested_rows(scored, parts) for name, parts in splits.items()}

    fits = {}
    for rung in RUNGS:
        seen = rung_features(labels, folds, rung, groups)
        fit = fit_head(seen, rung=rung, penalty=settings.penalty, light=settings.light)
        fits[rung] = fit
        scored[rung] = fit.out_of_fold
        for name, table in others.items():
            if table is not None:
                scores = score_splits(
                    seen,
                    splits[name] or [],
                    fit.head,
                    penalty=settings.penalty,
                    light=settings.light,
                )
                table[rung] = scores[table.index]

    for name, table in others.items():
        if table is not None:
            others[name] = table.reset_index(drop=True)
    return FittedRungs(fits=fits, scored=scored, others=others)


def other_splits(
    labels: pd.DataFrame, folds: NDArray[np.int64], count: int
) -> dict[str, list[Split] | None]:
    """Return what is left out besides blocks, by name; None where the labels do not allow it.

    Args:
        labels: Columns neighborhood, year, block and failing.
        folds: Block folds, (N,).
        count: Largest number of splits by neighborhood.
    """
    return {
        "neighborhood": neighborhood_folds(labels, count),
        "next year": next_year_split(labels, folds),
    }


def rung_features(
    labels: pd.DataFrame, folds: NDArray[np.int64], rung: str, groups: tuple[int, ...]
) -> LabeledFeatures:
    """Return what a rung learns from.

    Args:
        labels: As for `fit_rungs`; of the measures and features, those the rung looks at.
        folds: Block folds, (N,).
        rung: Of `models.head.RUNGS`.
        groups: Lengths of the groups of features of the network.

    Raises:
        InputError: too few labels, blocks or classes, or features that are not finite.
    """
    features = feature_matrix(labels, rung)
    is_network = rung == "network"
    relit = None
    if is_network and "features_relit" in labels:
        relit = np.stack(labels["features_relit"].to_list()).astype(np.float32)

    return LabeledFeatures(
        features=features,
        relit=relit,
        failing=labels["failing"].to_numpy(np.int64),
        folds=folds,
        blocks=labels["block"].to_numpy(object),
        groups=groups if is_network else (features.shape[1],),
    )


def _tested_rows(scored: pd.DataFrame, splits: Sequence[Split] | None) -> pd.DataFrame | None:
    """Return the rows that some split tests, `fold` being the number of the split."""
    if not splits:
        return None

    number = pd.Series(-1, index=scored.index)
    for place, split in enumerate(splits):
        number.iloc[split.test] = place
    return scored.assign(fold=number)[number >= 0]
