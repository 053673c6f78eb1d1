"""The rungs on one table of labels.

Each rung is fitted on the same labels, and scored with blocks, flyovers, neighborhoods and the last
year left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.feature_cache import PARTS, Matrix, feature_matrix
from models.flyover_stats import FlyoverStats, pooled_stats
from models.head import RUNGS
from models.measures import MEASURES
from training.adapted import Adapted
from training.design import head_design
from training.fit import Fit, fit_head, score_splits
from training.labeled_features import Group, LabeledFeatures
from training.settings import TrainSettings
from training.splits import Split, block_folds, neighborhood_folds, next_year_split

MEASURES_WEIGHT = 8.0
"""What the named measures weigh beside the network's features, in groups of these.

More helps on another flyover and costs on the own one; docs/experiments.md has both.
"""
ANOTHER_FLYOVER = "another flyover"
"""Name of the split in which whole flyovers are left out."""
KEPT = ["parcel_id", "year", "block", "neighborhood", "district", "area_m2", "failing"]
"""Columns of a label that go into the table of scored labels."""
KEPT_IF_KNOWN = ["source", "chosen", "chance"]
"""The same, where the labels have them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedRungs:
    """Every rung, fitted on the same labels and folds."""

    fits: dict[str, Fit]
    """By rung."""
    scored: pd.DataFrame
    """Columns `KEPT`, fold, for every rung its out-of-fold score and the same at even odds, and
    strangeness: root mean square of what the network sees, in spreads from the flyover's mean."""
    others: dict[str, pd.DataFrame | None]
    """The same for what else was left out, only the rows that were tested; None where the labels
    do not allow it."""

    def with_rung(
        self, rung: str, fit: Fit, others: dict[str, pd.DataFrame | None]
    ) -> "FittedRungs":
        """Return the rungs with another fit of one of them, and what it scores in `others`."""
        scored = with_scores(self.scored, rung, fit.out_of_fold)
        return replace(self, fits={**self.fits, rung: fit}, scored=scored, others=others)


def fit_rungs(
    labels: pd.DataFrame,
    flyovers: Sequence[FlyoverStats],
    groups: tuple[int, ...],
    settings: TrainSettings,
) -> FittedRungs:
    """Fit every rung on labeled roofs.

    Args:
        labels: Columns `KEPT`, and what the rungs look at: measures, features; measures_relit and
            features_relit where there are copies in other light. `weight`, where some labels stand
            for more roofs than others.
        flyovers: Statistics of the chips of each year that has labels.
        groups: Lengths of the groups of features of the network.
        settings: Folds, penalty, light.

    Raises:
        InputError: too few labels, blocks or classes.
    """
    folds = block_folds(labels, settings.folds)
    splits = other_splits(labels, folds, settings.folds)
    known = [column for column in KEPT_IF_KNOWN if column in labels]
    scored = labels[[*KEPT, *known]].assign(fold=folds)
    others = {name: _tested_rows(scored, parts) for name, parts in splits.items()}

    fits = {}
    transfer = scored
    for rung in RUNGS:
        seen = rung_features(labels, folds, rung, groups, flyovers)
        design = head_design(seen, penalty=settings.penalty, light=settings.light)
        fit = fit_head(seen, design, rung=rung, flyovers=flyovers)
        fits[rung] = fit
        scored = with_scores(scored, rung, fit.out_of_fold)
        transfer = with_scores(transfer, rung, fit.transfer)
        for name, table in others.items():
            if table is not None:
                found = score_splits(seen, design, splits[name] or [], fit.head)
                others[name] = with_scores(table, rung, found, table.index.to_numpy())

    for name, table in others.items():
        others[name] = None if table is None else table.reset_index(drop=True)
    scored = scored.assign(strangeness=_strangeness(labels, flyovers))
    return FittedRungs(
        fits=fits, scored=scored, others={ANOTHER_FLYOVER: _only_tried(transfer), **others}
    )


def with_scores(
    table: pd.DataFrame,
    rung: str,
    adapted: Adapted,
    rows: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Return a table of labels with what a rung scores, and the same at even odds.

    Args:
        table: Labels.
        rung: Name of the column.
        adapted: Scores of all labels.
        rows: Which of them the table holds; None for all.
    """
    chosen = slice(None) if rows is None else rows
    return table.assign(**{rung: adapted.scores[chosen], f"{rung}_even": adapted.even[chosen]})


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
    labels: pd.DataFrame,
    folds: NDArray[np.int64],
    rung: str,
    groups: tuple[int, ...],
    flyovers: Sequence[FlyoverStats] = (),
) -> LabeledFeatures:
    """Return what a rung learns from.

    Args:
        labels: As for `fit_rungs`; of the measures and features, those the rung looks at.
        folds: Block folds, (N,).
        rung: Of `models.head.RUNGS`.
        groups: Lengths of the groups of features of the network.
        flyovers: What features are set against; without, they stay as they are, and all labels
            count as those of one flyover.

    Raises:
        InputError: too few labels, blocks or classes, or features that are not finite.
    """
    features = feature_matrix(labels, rung)
    relit = None
    if rung in ("network", "joined") and "features_relit" in labels:
        copies = labels[["measures", "features_relit"]]
        relit = feature_matrix(copies.rename(columns={"features_relit": "features"}), rung)

    years = np.zeros(len(labels), np.int64)
    if flyovers:
        years = labels["year"].to_numpy(np.int64)
        features = _set_against(features, years, rung, flyovers)
        relit = None if relit is None else _set_against(relit, years, rung, flyovers)

    weights = np.ones(len(labels))
    if "weight" in labels:
        weights = np.asarray(labels["weight"], np.float64)
    return LabeledFeatures(
        features=features,
        relit=relit,
        failing=labels["failing"].to_numpy(np.int64),
        folds=folds,
        blocks=labels["block"].to_numpy(object),
        flyovers=years,
        weights=weights,
        groups=rung_groups(rung, groups),
    )


def rung_groups(rung: str, groups: tuple[int, ...]) -> tuple[Group, ...]:
    """Return the groups of features of a rung."""
    of_network = tuple(Group(features=features) for features in groups)
    if rung == "network":
        return of_network
    if rung == "joined":
        return (Group(features=len(MEASURES), weight=MEASURES_WEIGHT), *of_network)
    return (Group(features=len(MEASURES[PARTS[rung]])),)


def _set_against(
    features: Matrix, years: NDArray[np.int64], rung: str, flyovers: Sequence[FlyoverStats]
) -> Matrix:
    """Return features in spreads from the mean of their own flyover.

    A flyover of few chips is set against the mean of all.
    """
    known = {stats.year: stats.part(PARTS[rung]) for stats in flyovers}
    pooled = pooled_stats(known.values())
    found = np.empty_like(features)
    for year in np.unique(years).tolist():
        own = known[year]
        used = own if own.is_enough else pooled
        is_here = years == year
        found[is_here] = (features[is_here] - used.center) / used.spread
    return found


def _strangeness(labels: pd.DataFrame, flyovers: Sequence[FlyoverStats]) -> NDArray[np.float64]:
    """Return how unlike the others of its flyover each roof is to the network, (N,)."""
    features = feature_matrix(labels, "network")
    if flyovers:
        years = labels["year"].to_numpy(np.int64)
        features = _set_against(features, years, "network", flyovers)
    return np.asarray(np.sqrt((features**2).mean(axis=1)), np.float64)


def _only_tried(transfer: pd.DataFrame) -> pd.DataFrame | None:
    """Return the labels whose flyover was left out whole; None where none was."""
    is_tried = transfer[RUNGS[-1]].notna()
    if not is_tried.any():
        return None

    fold = pd.factorize(transfer["year"])[0]
    return transfer.assign(fold=fold)[is_tried].reset_index(drop=True)


def _tested_rows(scored: pd.DataFrame, splits: Sequence[Split] | None) -> pd.DataFrame | None:
    """Return the rows that some split tests, `fold` being the number of the split."""
    if not splits:
        return None

    number = pd.Series(-1, index=scored.index)
    for place, split in enumerate(splits):
        number.iloc[split.test] = place
    return scored.assign(fold=number)[number >= 0]
