"""Scores of left-out labels, set to the share failing that they themselves show."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from models.head import Floats, Head, at_share
from models.share import Share, estimate_share
from training.labeled_features import LabeledFeatures


@dataclass(frozen=True, kw_only=True, eq=False)
class Adapted:
    """Scores of left-out labels, each adapted to the share failing of its flyover."""

    scores: Floats
    """Probability of failing, (N,); NaN where there is none."""
    even: Floats
    """The same if half of the roofs of the flyover failed, (N,): free of its share."""
    shares: dict[int, Share]
    """Estimated share failing among the labels of each flyover, from the scores alone."""


def adapt(head: Head, logits: Floats, labeled: LabeledFeatures) -> Adapted:
    """Return the scores of left-out logits, each flyover at the share estimated from its own.

    Args:
        head: Calibrated for any share.
        logits: (N,); NaN where there is none.
        labeled: Flyovers and blocks of the labels.
    """
    scores = np.full(len(labeled), np.nan)
    even = np.full(len(labeled), np.nan)
    shares = {}
    for year in np.unique(labeled.flyovers).tolist():
        is_here = (labeled.flyovers == year) & ~np.isnan(logits)
        if not is_here.any():
            continue
        share = estimate_share(head, logits[is_here], labeled.blocks[is_here].astype(str))
        shares[year] = share
        set_head = at_share(head, share.used)
        log_odds = set_head.slope * logits[is_here] + set_head.offset
        scores[is_here] = expit(log_odds)
        even[is_here] = expit(log_odds - logit(share.used))
    return Adapted(scores=scores, even=even, shares=shares)
