"""Fine-tune the networks.

One for each fold that is left out, whose logits are then honest, and one on all labels, which
ships.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from imagery.errors import InputError
from models.head import Floats
from models.network import Backbones
from training.adapted import Adapted, adapt
from training.fit import Fit, LeftOut, LinearHeads, calibrate_heads
from training.folds import RowNumbers
from training.learn import Epoch, Lesson, Steps, Tell, learn
from training.processes import processes
from training.ridge import solve_ridge, sum_moments
from training.roof_network import RoofNetwork
from training.splits import Split, block_folds, splits_of
from training.task import FinetuneInputs, Task, answer, look, make_task

INNER_FOLDS = 4
"""One part in this many of the training blocks is watched for early stopping."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned:
    """Fine-tuned networks with their head."""

    fit: Fit
    """The head on their features, and out-of-fold scores by networks that left the fold out."""
    backbones: Backbones
    """The networks, in the order of the spec."""
    epochs: int
    """Passes over all labels."""
    history: tuple[Epoch, ...]
    """All passes of all folds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldPlan:
    """Which rows take part when one fold is left out."""

    name: str
    """In the history."""
    outer: Split
    """All other folds, and the fold itself."""
    inner: Split
    """The other folds again: rows to learn from, and whole blocks to watch for early stopping."""

    @property
    def lessons(self) -> tuple[RowNumbers, RowNumbers]:
        """Return the rows of both trainings of the fold."""
        return self.inner.train, self.outer.train


@dataclass(frozen=True, kw_only=True, eq=False)
class TunedFold:
    """Result of leaving one fold out."""

    test: RowNumbers
    """Rows of the fold."""
    logits: Floats
    """Of all rows by the network that left the fold out, (N,)."""
    epochs: int
    """Passes that early stopping chose."""
    history: tuple[Epoch, ...]
    """Of both trainings."""


def finetune(inputs: FinetuneInputs, *, progress: Tell | None = None) -> Tuned:
    """Fine-tune once per fold and once on all labels.

    The last training takes as many epochs as the folds took on average. Rows 1 to K of the head
    imitate the networks of the folds, so the interval of a score covers what other labels would
    have made of the network.

    Args:
        inputs: Labels, chips, networks and settings.
        progress: Hears how many of how many steps are done.

    Raises:
        InputError: too few labels, blocks or classes, or a loss that is not finite.
    """
    with processes(inputs.device):
        task = make_task(inputs)
        plans = [_plan_fold(task, split) for split in splits_of(task.labeled.folds)]
        lessons = [task.all_rows]
        for plan in plans:
            lessons += plan.lessons
        steps = _count_steps(task, lessons, progress)

        folds = [_tune_fold(task, plan, steps) for plan in plans]
        history = [epoch for fold in folds for epoch in fold.history]
        epochs = round(float(np.mean([fold.epochs for fold in folds])))
        final = learn(task, Lesson(name="all labels", rows=task.all_rows, epochs=epochs), steps)

        return Tuned(
            fit=_fit_tuned(task, final.network, folds),
            backbones=final.network.frozen(),
            epochs=epochs,
            history=(*history, *final.history),
        )


def finetune_splits(
    inputs: FinetuneInputs, splits: Sequence[Split], tuned: Tuned, *, progress: Tell | None = None
) -> Adapted:
    """Return scores of every split's test rows by networks fine-tuned on its training rows.

    They learn for as many epochs as the network that ships, and are calibrated as it is. Rows that
    no split tests are NaN.

    Args:
        inputs: As of `finetune`.
        splits: Row numbers to train on and to test on.
        tuned: What `finetune` returned.
        progress: Hears how many of how many steps are done.
    """
    head = tuned.fit.head
    with processes(inputs.device):
        task = make_task(inputs)
        steps = _count_steps(task, [split.train for split in splits], progress)

        logits = np.full(len(task), np.nan)
        for split in splits:
            lesson = Lesson(name="split", rows=split.train, epochs=tuned.epochs)
            network = learn(task, lesson, steps).network
            logits[split.test] = answer(task, network, split.test)
        return adapt(head, logits, task.labeled)


def _plan_fold(task: Task, outer: Split) -> FoldPlan:
    """Set whole blocks of the training rows aside to watch; both parts hold both classes.

    Raises:
        InputError: too few blocks for that.
    """
    labels: pd.DataFrame = task.inputs.labels.iloc[outer.train]
    failing = labels["failing"].to_numpy()
    folds = block_folds(labels, INNER_FOLDS)
    for fold in np.unique(folds):
        is_watched = folds == fold
        classes_watched = len(np.unique(failing[is_watched]))
        classes_learned = len(np.unique(failing[~is_watched]))
        if classes_watched == 2 and classes_learned == 2:
            return FoldPlan(
                name=f"fold {task.labeled.folds[outer.test[0]]}",
                outer=outer,
                inner=Split(train=outer.train[~is_watched], test=outer.train[is_watched]),
            )

    raise InputError(
        '[train] mode = "finetune": no block with both classes can be set aside for early '
        'stopping; label more blocks, set [parcels] block_grid_m, or set mode = "frozen"'
    )


def _count_steps(task: Task, lessons: Sequence[RowNumbers], progress: Tell | None) -> Steps:
    """Count the steps of trainings on some rows, all epochs each."""
    per_epoch = sum(task.batches.steps(len(rows)) for rows in lessons)
    return Steps(progress, task.settings.epochs * per_epoch)


def _tune_fold(task: Task, plan: FoldPlan, steps: Steps) -> TunedFold:
    """Find the number of epochs on the inner split, then train on all other folds for as many.

    Where blocks are few, each is needed.
    """
    watched = learn(
        task,
        Lesson(
            name=plan.name,
            rows=plan.inner.train,
            epochs=task.settings.epochs,
            watch=plan.inner.test,
        ),
        steps,
    )
    whole = learn(
        task,
        Lesson(name=f"{plan.name}, all of it", rows=plan.outer.train, epochs=watched.best),
        steps,
    )

    return TunedFold(
        test=plan.outer.test,
        logits=answer(task, whole.network, task.all_rows),
        epochs=watched.best,
        history=(*watched.history, *whole.history),
    )


def _fit_tuned(task: Task, network: RoofNetwork, folds: Sequence[TunedFold]) -> Fit:
    """Return the head of the network that ships, calibrated on the logits of the folds."""
    logits = np.zeros(len(task))
    for fold in folds:
        logits[fold.test] = fold.logits[fold.test]

    heads = _imitate(task, network, [fold.logits for fold in folds])
    left_out = LeftOut(blocks=logits, flyovers=np.full(len(task), np.nan))
    return calibrate_heads(heads, left_out, task.labeled)


def _imitate(task: Task, network: RoofNetwork, others: Sequence[Floats]) -> LinearHeads:
    """Return the head of a network and, on its features, heads that answer as K others do.

    Each of the K is the network's own head plus the ridge regression of the difference of their
    logits.

    Args:
        task: What the trainings share.
        network: The network that ships.
        others: Logits (N,) of the other networks.
    """
    scaling = task.design.scaling
    features = look(task, network.features, task.all_rows, width=len(scaling.center))
    own_weights = network.linear.weight.detach().cpu().numpy()[0].astype(np.float64)
    own_bias = float(network.linear.bias.detach().cpu())
    own_logits = features @ own_weights + own_bias

    weights = [own_weights]
    bias = [own_bias]
    rows = features.astype(np.float32)
    for logits in others:
        moments = sum_moments(rows, logits - own_logits, np.ones(len(rows)))
        weights_step, bias_step = solve_ridge([moments], task.settings.penalty)
        weights.append(own_weights + weights_step)
        bias.append(own_bias + bias_step)

    return LinearHeads(
        rung="network",
        flyovers=(),
        scaling=scaling,
        weights=np.stack(weights),
        bias=np.array(bias),
    )
