"""What the desk learns from its answers: the head refit from features that are kept."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from imagery.errors import InputError
from labels.desk.learned import Answered, Learned
from labels.draws.weights import draw_numbers, label_weights
from models.feature_cache import Features
from models.head import log_odds
from roofwatch.desk_scored import ScoredYear
from roofwatch.year import CityYear
from roofwatch.year_features import recall_features
from training.kept import FlyoverFeatures, Kept, keep_features
from training.refit import Refit, refit
from training.rungs import rung_groups
from training.settings import TrainSettings

MOST_OTHERS = 800
"""Labels of other flyovers that are learned from: a refit takes a fraction of a second."""
LEARNED = ["parcel_id", "year", "failing", "block", "chosen", "chance"]
"""Columns of a label that are learned from, before it is weighed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Learner:
    """Refits the head of the model that scored the year on all labels and answers."""

    kept: Kept
    """Features."""
    labels: pd.DataFrame
    """Columns `LEARNED`: what was known before."""
    blocks: dict[str, str]
    """Block of each parcel."""
    listed: set[str]
    """Roofs that the model lists."""
    batch: Collection[str]
    """Parcels of the batch."""
    settings: TrainSettings
    """How a head is trained."""

    def __call__(self, answered: Sequence[Answered]) -> Learned | None:
        """Refit; None while the labels do not suffice."""
        start = time.perf_counter()
        try:
            # The pages are answered meanwhile; threads that wait for each other cost more.
            with threadpool_limits(1):
                found = refit(self.kept, self.join(answered), self.settings)
        except InputError:
            return None

        seconds = time.perf_counter() - start
        listed = found.listed
        return Learned(
            answers=len(answered),
            labels=found.labels,
            seconds=seconds,
            doubt=self._doubt(found),
            listed=len(listed),
            joined=len(listed - self.listed),
            left=len(self.listed - listed),
            precision=found.precision,
            recall=found.recall,
        )

    def join(self, answered: Sequence[Answered]) -> pd.DataFrame:
        """Return all labels, weighed; answers take the place of older labels of their roofs."""
        rows = [
            {
                "parcel_id": answer.parcel_id,
                "year": self.kept.year,
                "failing": int(answer.failing),
                "block": self.blocks.get(answer.parcel_id, ""),
                "chosen": answer.chosen,
                "chance": answer.chance,
            }
            for answer in answered
        ]
        is_said = (self.labels["year"] == self.kept.year) & self.labels["parcel_id"].isin(
            [answer.parcel_id for answer in answered]
        )
        before = self.labels[~is_said]
        joined = pd.concat([before, pd.DataFrame(rows)], ignore_index=True) if rows else before
        weights = label_weights(
            joined["chance"].to_numpy(np.float64),
            draw_numbers(joined["chosen"]),
            joined["year"].to_numpy(np.int64),
        )
        return joined.assign(weight=weights)

    def _doubt(self, found: Refit) -> dict[str, float]:
        scores = found.scores[found.scores.index.isin(list(self.batch))]
        distance = np.abs(
            log_odds(scores.to_numpy(np.float64)) - log_odds(np.array([found.likely]))
        )
        return dict(zip(scores.index.astype(str), distance.tolist(), strict=True))


def make_learner(year: CityYear, scored: ScoredYear, batch: Collection[str]) -> Learner | str:
    """Read the features of the flyover and of all labeled roofs, or say why nothing is learned.

    Args:
        year: The city in the year.
        scored: What scored it.
        batch: Parcels of the batch.
    """
    head = scored.model.head
    if not head.flyovers:
        return "the network of this model was fine-tuned; only training can take the answers"

    labels = year.find_labels()
    table = pd.DataFrame(columns=LEARNED)
    if labels is not None:
        table = few_others(labels.table, year.year, seed=year.file.train.seed)
    here = read_flyover(year, scored.features, head.rung, None)
    others = []
    for before in year.earlier:
        wanted = set(table.loc[table["year"] == before.year, "parcel_id"])
        features = _kept_features(before, scored) if wanted else None
        if features is not None:
            others.append(read_flyover(before, features, head.rung, wanted))

    labeled_here = set(table.loc[table["year"] == year.year, "parcel_id"])
    kept = keep_features(
        here,
        others,
        rung=head.rung,
        groups=rung_groups(head.rung, scored.model.spec.groups),
        may_label=labeled_here | set(batch),
    )
    keys = zip(table["year"].tolist(), table["parcel_id"].tolist(), strict=True)
    is_kept = np.array([key in kept.place for key in keys], bool)
    return Learner(
        kept=kept,
        labels=pd.DataFrame(table.loc[is_kept, LEARNED]),
        blocks=year.roll.block_of,
        listed=scored.listed,
        batch=batch,
        settings=year.file.train,
    )


def few_others(labels: pd.DataFrame, year: int, *, seed: int) -> pd.DataFrame:
    """Return all labels of a flyover, and at most `MOST_OTHERS` of others, drawn at random."""
    is_here = labels["year"] == year
    others = labels[~is_here]
    if len(others) > MOST_OTHERS:
        others = others.sample(MOST_OTHERS, random_state=seed).sort_index()
    return pd.DataFrame(pd.concat([labels[is_here], others], ignore_index=True))


def read_flyover(
    year: CityYear, features: Features, rung: str, wanted: Collection[str] | None
) -> FlyoverFeatures:
    """Read what a rung sees of some roofs of a flyover; of all where none are named."""
    ids: list[str] = []
    parts = []
    for parcel_ids, matrix in features.rung(rung):
        is_wanted = [wanted is None or parcel_id in wanted for parcel_id in parcel_ids]
        ids += [name for name, keep in zip(parcel_ids, is_wanted, strict=True) if keep]
        parts.append(matrix[np.array(is_wanted, bool)])

    blocks = year.roll.block_of
    return FlyoverFeatures(
        stats=features.stats(year.year),
        parcel_ids=ids,
        blocks=[blocks.get(parcel_id, "") for parcel_id in ids],
        features=np.concatenate(parts),
    )


def _kept_features(before: CityYear, scored: ScoredYear) -> Features | None:
    """Return the features of an earlier flyover by the same network; None where there are none."""
    store = before.find_chips()
    if store is None:
        return None
    return recall_features(before, store, scored.model)
