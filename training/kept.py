"""Features of roofs that may be learned from, kept in memory for one refit after another."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.feature_cache import PARTS
from models.flyover_stats import FlyoverStats, pooled_stats
from training.design import group_roots
from training.labeled_features import Group
from training.ridge import Matrix

Key = tuple[int, str]
"""Year of the flyover and parcel."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """What stays the same from one refit to the next."""

    rung: str
    """What the head looks at, of `models.head.RUNGS`."""
    groups: tuple[Group, ...]
    """Groups of features, adding up to F."""
    flyovers: tuple[FlyoverStats, ...]
    """Statistics of every flyover that has roofs here, over measures and features."""
    year: int
    """The flyover that is looked at."""
    place: Mapping[Key, int]
    """Row of each roof that may have a label."""
    features: Matrix
    """Of these, set against their flyover and scaled, (R, F)."""
    products: Matrix
    """Of every two of these, (R, R)."""
    chip_ids: NDArray[np.object_]
    """Every roof of the flyover that has a chip, (M,)."""
    chip_blocks: NDArray[np.object_]
    """Their blocks, (M,)."""
    chips: Matrix
    """Their features, set against the flyover and scaled, (M, F)."""

    @property
    def stats(self) -> FlyoverStats:
        """Return the statistics of the flyover that is looked at."""
        return next(stats for stats in self.flyovers if stats.year == self.year)


@dataclass(frozen=True, kw_only=True, eq=False)
class FlyoverFeatures:
    """What a rung sees of some roofs of one flyover."""

    stats: FlyoverStats
    """Of all its chips, over measures and features."""
    parcel_ids: Sequence[str]
    """The roofs, (n,)."""
    blocks: Sequence[str]
    """Block of each, (n,)."""
    features: Matrix
    """What the rung looks at, (n, F)."""


def keep_features(
    here: FlyoverFeatures,
    others: Sequence[FlyoverFeatures],
    *,
    rung: str,
    groups: tuple[Group, ...],
    may_label: Collection[str],
) -> Kept:
    """Set features against their flyovers, and multiply every two roofs that may have a label.

    Args:
        here: All roofs of the flyover that is looked at.
        others: Labeled roofs of other flyovers.
        rung: What the features are, of `models.head.RUNGS`.
        groups: Groups of features, adding up to F.
        may_label: Roofs of `here` that have a label or may get one.
    """
    flyovers = tuple(part.stats for part in (here, *others))
    pooled = pooled_stats([stats.part(PARTS[rung]) for stats in flyovers])
    roots = group_roots(groups)

    def against(part: FlyoverFeatures) -> Matrix:
        own = part.stats.part(PARTS[rung])
        used = own if own.is_enough else pooled
        standard = (part.features - used.center) / (used.spread * roots)
        return np.asarray(standard, np.float32)

    chips = against(here)
    is_wanted = np.array([parcel_id in may_label for parcel_id in here.parcel_ids], bool)
    features = np.concatenate([chips[is_wanted], *(against(part) for part in others)])
    keys = [
        (here.stats.year, parcel_id)
        for parcel_id, wanted in zip(here.parcel_ids, is_wanted, strict=True)
        if wanted
    ]
    for part in others:
        keys += [(part.stats.year, parcel_id) for parcel_id in part.parcel_ids]

    return Kept(
        rung=rung,
        groups=groups,
        flyovers=flyovers,
        year=here.stats.year,
        place={key: row for row, key in enumerate(keys)},
        features=features,
        products=np.asarray(features @ features.T, np.float32),
        chip_ids=np.array(here.parcel_ids, object),
        chip_blocks=np.array(here.blocks, object),
        chips=chips,
    )
