"""Whether the share failing of new labels can be explained: by their flyover or their choice."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.gate_checks import Check
from training.gate_labels import Contest
from training.gate_lists import BothScored, share_text

FEW = 100
"""With this many labels of a flyover or more, people know its share better than a model does."""
LEAST = 10
"""Labels below which a share tells nothing."""
NEARLY_ALL = 0.75
"""Share failing from which on nearly all labels fail."""
NEARLY_NONE = 0.05
"""Share failing up to which nearly none does."""
DEVIATIONS = 3.0
"""Standard deviations by which labels may depart from what the champion expects of them."""
SCORE_ERROR = 0.1
"""What the mean of the champion's scores may be off on another flyover, as a share."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelGroup:
    """New labels of one flyover, all or those of one source."""

    name: str
    """Such as "2024" or "2024, source desk"."""
    labels: pd.DataFrame
    """Columns failing and score_champion."""

    @property
    def failing(self) -> int:
        """Return how many fail."""
        return int(self.labels["failing"].sum())

    @property
    def expected(self) -> float:
        """Return how many the champion expects to fail among just these roofs."""
        return float(self.labels["score_champion"].sum())

    @property
    def departs(self) -> bool:
        """Tell whether more or fewer fail than the champion's scores of these roofs explain."""
        chance = self.labels["score_champion"].to_numpy(np.float64)
        variance = float((chance * (1 - chance)).sum()) + (SCORE_ERROR * len(chance)) ** 2
        return abs(self.failing - self.expected) > DEVIATIONS * math.sqrt(variance)


def check_shares(contest: Contest) -> tuple[Check, ...]:
    """Look at the new labels of every flyover, and of every source within it."""
    return tuple(
        _check_group(group, flyover)
        for flyover in contest.flyovers
        for group in _groups(contest.new, flyover.year)
    )


def _groups(new: pd.DataFrame, year: int) -> Iterator[LabelGroup]:
    """Yield the labels of a flyover that are few but tell something, all and by source."""
    here = new[new["year"] == year]
    groups = [LabelGroup(name=str(year), labels=here)]
    if "source" in here and here["source"].nunique() > 1:
        for source, rows in here.groupby("source"):
            name = str(source) or "unknown"
            groups.append(LabelGroup(name=f"{year}, source {name}", labels=rows))

    for group in groups:
        if LEAST <= len(group.labels) < FEW:
            yield group


def _check_group(group: LabelGroup, flyover: BothScored) -> Check:
    """Tell whether a share of nearly all or nearly none has a reason.

    It has one where the flyover itself has such a share, or where the roofs were chosen by their
    scores, as from the top of the list.
    """
    count = len(group.labels)
    share = group.failing / count
    champion = flyover.share_champion
    is_high = share >= NEARLY_ALL and share > champion.high
    lowest = min(champion.low, flyover.share.low)
    is_low = share <= NEARLY_NONE and share < lowest
    is_odd = is_high or is_low

    text = f"{group.failing} of {count} new labels of {group.name} fail"
    if not is_odd:
        return Check(name=f"labels of {group.name}", holds=True, text=text)

    text += (
        f", where an estimated {share_text(champion)} of the flyover does; of these very roofs the "
        f"champion expects {group.expected:.0f}"
    )
    if not group.departs:
        text += ", so that they were chosen by their scores"
        return Check(name=f"labels of {group.name}", holds=True, text=text)

    text += (
        f": look at {2 * LEAST} roofs of {flyover.year} chosen at random, and compare the labels"
    )
    return Check(name=f"labels of {group.name}", holds=False, text=text)
