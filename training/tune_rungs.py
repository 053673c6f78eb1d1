"""`[train] mode = "finetune"`: the network learns too, and replaces the frozen one as a rung."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.network import Backbones
from training.finetune import Tuned, finetune, finetune_splits
from training.learn import Tell
from training.rungs import ANOTHER_FLYOVER, FittedRungs, other_splits, with_scores
from training.task import FinetuneInputs

ShowStage = Callable[[str], AbstractContextManager[Tell]]
"""Shows one stage of the work, given its name; what it yields hears how many steps are done."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TunedRungs:
    """The rungs with a fine-tuned network."""

    fitted: FittedRungs
    """All rungs."""
    backbones: Backbones
    """The fine-tuned networks."""


def tune_rungs(fitted: FittedRungs, inputs: FinetuneInputs, *, progress: ShowStage) -> TunedRungs:
    """Fine-tune on the labels, folds and splits of the frozen rungs.

    Args:
        fitted: The rungs on these labels.
        inputs: Labels, chips, and the networks to start from.
        progress: Shows each training.
    """
    with progress("fine-tune") as tell:
        tuned = finetune(inputs, progress=tell)
    others = _score_others(fitted, inputs, tuned, progress)

    return TunedRungs(
        fitted=fitted.with_rung("network", tuned.fit, others), backbones=tuned.backbones
    )


def _score_others(
    fitted: FittedRungs, inputs: FinetuneInputs, tuned: Tuned, progress: ShowStage
) -> dict[str, pd.DataFrame | None]:
    """Score what else was left out (neighborhoods, the last year) by networks of its own.

    Whole flyovers are not left out: that takes another training of the network for each.
    """
    others: dict[str, pd.DataFrame | None] = {**fitted.others, ANOTHER_FLYOVER: None}
    folds = inputs.labels["fold"].to_numpy(np.int64)
    for name, splits in other_splits(inputs.labels, folds, inputs.settings.folds).items():
        table = others[name]
        if splits is None or table is None:
            continue

        with progress(f"fine-tune, {name} left out") as tell:
            found = finetune_splits(inputs, splits, tuned, progress=tell)
        tested = np.flatnonzero(~np.isnan(found.scores))
        others[name] = with_scores(table, "network", found, tested)

    return others
