"""Rungs joined by a second model, tried against one head of all features.

Wolpert, 1992, "Stacked generalization", Neural Networks 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.flyover_sets import FlyoverSet
from benchmarks.recipes import SHIPS, rank
from models.head import Floats


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Rungs whose logits are joined."""

    name: str
    """In the table."""
    rungs: tuple[str, ...]
    """What is joined."""
    learned: bool = True
    """What each rung weighs is learned on past flyovers; otherwise all weigh the same."""


STACKS = (
    Stack(name="mean of measures and network", rungs=("measures", "network"), learned=False),
    Stack(name="stacked: measures, network", rungs=("measures", "network")),
    Stack(name="stacked: measures, network, joined", rungs=("measures", "network", "joined")),
)


def rank_stack(stack: Stack, coming: FlyoverSet, past: Sequence[FlyoverSet]) -> Floats:
    """Return the joined logits of the coming flyover's chips, (N,)."""
    weights = np.ones(len(stack.rungs))
    if stack.learned:
        weights = learn_weights(stack, past)
    return np.asarray(rung_logits(stack, coming, past) @ weights, np.float64)


def learn_weights(stack: Stack, past: Sequence[FlyoverSet]) -> Floats:
    """Return what the logits of each rung weigh, (R,).

    Each past flyover is ranked by heads of the other ones. A logistic regression, with an intercept
    for each flyover, learns which rungs were right.
    """
    logits = []
    failing = []
    places = []
    for place, known in enumerate(past):
        others = [other for other in past if other is not known]
        found = rung_logits(stack, known, others)
        logits.append(found[known.is_labeled])
        failing.append(known.failing[known.is_labeled])
        places.append(np.full(len(failing[-1]), place))

    is_here = np.concatenate(places)[:, None] == np.arange(len(past))
    rows = np.concatenate([np.concatenate(logits), is_here], axis=1)
    model = LogisticRegression(fit_intercept=False).fit(rows, np.concatenate(failing))
    return np.asarray(model.coef_[0, : len(stack.rungs)], np.float64)


def rung_logits(stack: Stack, coming: FlyoverSet, past: Sequence[FlyoverSet]) -> Floats:
    """Return the logits of every rung, standardized over the chips of the flyover, (N, R)."""
    return np.stack([logits_of(rung, coming, tuple(past)) for rung in stack.rungs], axis=1)


@cache
def logits_of(rung: str, coming: FlyoverSet, past: tuple[FlyoverSet, ...]) -> Floats:
    """Return the logits of one rung, standardized over the chips of the flyover, (N,)."""
    logits = rank(replace(SHIPS, rung=rung), coming, past)
    return np.asarray((logits - logits.mean()) / logits.std(), np.float64)
