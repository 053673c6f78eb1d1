"""Fine-tune the networks: one for each fold that is left out, whose logits are then honest, and one on all labels, which ships."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from imagery.errors import InputError
from models.head import Floats, Head, calibrate
from models.network import Backbones
from models.spec import ModelSpec
from training.dataset import ChipPlace
from training.fit import Fit, platt, platt_covariance
from training.learn import (
    Epoch,
    Learned,
    Numbers,
    Steps,
    Task,
    Tell,
    answer,
    learn,
    look,
    make_task,
)
from training.processes import processes
from training.ridge import solve_ridge, sum_moments
from training.roof_network import RoofNetwork
from training.settings import TrainSettings
from training.splits import Split, block_folds, splits_of

INNER_FOLDS = 4
"""One part in so many of the training blocks is watched for early stopping."""


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


def finetune(
    labels: pd.DataFrame,
    chips: Sequence[ChipPlace],
    spec: ModelSpec,
    backbones: Backbones,
    settings: TrainSettings,
    *,
    device: str = "",
    progress: Tell | None = None,
) -> Tuned:
    """Fine-tune once per fold, whose logits are then honest, and once on all labels for as many epochs as the folds took on average.

    Rows 1 to K of the head imitate the networks of the folds on the features of the one that ships: each is row 0 plus the ridge
    regression of the difference of their logits. So the interval covers what other labels would have made of the network.

    Args:
        labels: Columns failing, block, fold, features of the frozen network, and features_relit where there are copies in other light.
        chips: Where the chip of every label lies, see `training.dataset.chip_places`.
        spec: Views and networks.
        backbones: The networks to start from; they are left as they are.
        settings: [train].
        device: "cpu" or "cuda"; "" takes CUDA where it is there.
        progress: Hears how many of how many steps are done.

    Raises:
        InputError: too few labels, blocks or classes, or a loss that is not finite.
    """
    with processes(device):
        task = make_task(labels, tuple(chips), spec, backbones, settings, device)
        splits, everything = splits_of(task.rows.folds), np.arange(len(task))
        inner = [_watched(labels, train) for train, _ in splits]
        trained = [everything, *(train for train, _ in splits), *(half for half, _ in inner)]
        steps = Steps(
            progress, settings.epochs * sum(task.batches.steps(len(rows)) for rows in trained)
        )
        logits = np.zeros(len(task))
        history: list[Epoch] = []
        all_logits, bests = [], []
        for (train, test), halves in zip(splits, inner, strict=True):
            learned = _learn_split(
                task, train, halves, name=f"fold {task.rows.folds[test[0]]}", steps=steps
            )
            all_logits.append(answer(task, learned.network, everything))
            logits[test] = all_logits[-1][test]
            history += learned.history
            bests.append(learned.best)
        epochs = round(float(np.mean(bests)))
        final = learn(
            task, everything, everything[:0], epochs=epochs, name="all labels", steps=steps
        )
        weights, bias = _imitate(task, final.network, all_logits)
        slope, offset = platt(logits, task.rows.failing)
        head = Head(
            rung="network",
            center=task.design.center,
            scale=task.design.scale,
            weights=weights,
            bias=bias,
            slope=slope,
            offset=offset,
            covariance=platt_covariance(logits, task.rows, slope, offset),
            likely=1.0,
            possible=1.0,
        )
        fit = Fit(head=head, out_of_fold=calibrate(logits, slope=slope, offset=offset))
        return Tuned(
            fit=fit,
            backbones=final.network.frozen(),
            epochs=epochs,
            history=(*history, *final.history),
        )


def finetune_splits(
    labels: pd.DataFrame,
    chips: Sequence[ChipPlace],
    spec: ModelSpec,
    backbones: Backbones,
    settings: TrainSettings,
    *,
    splits: Sequence[Split],
    tuned: Tuned,
    progress: Tell | None = None,
    device: str = "",
) -> Floats:
    """Return scores (N,) of every split's test rows by networks fine-tuned on its training rows; NaN for rows never tested.

    They learn for as many epochs as the network that ships, and are calibrated as it is.

    Args: as of `finetune`, and
        splits: Row numbers to train on and to test on.
        tuned: What `finetune` came to.
    """
    with processes(device):
        task, head = (
            make_task(labels, tuple(chips), spec, backbones, settings, device),
            tuned.fit.head,
        )
        steps = Steps(
            progress, settings.epochs * sum(task.batches.steps(len(train)) for train, _ in splits)
        )
        scores = np.full(len(task), np.nan)
        for train, test in splits:
            network = learn(
                task, train, train[:0], epochs=tuned.epochs, name="split", steps=steps
            ).network
            scores[test] = calibrate(
                answer(task, network, test), slope=head.slope, offset=head.offset
            )
        return scores


def _learn_split(
    task: Task, train: Numbers, halves: tuple[Numbers, Numbers], *, name: str, steps: Steps
) -> Learned:
    """Find the number of epochs on the inner split, then train on all of `train` for so many: where blocks are few, each is needed."""
    watched = learn(task, *halves, epochs=task.settings.epochs, name=name, steps=steps)
    whole = learn(
        task, train, train[:0], epochs=watched.best, name=f"{name}, all of it", steps=steps
    )
    return Learned(
        network=whole.network, best=watched.best, history=(*watched.history, *whole.history)
    )


def _watched(labels: pd.DataFrame, train: Numbers) -> tuple[Numbers, Numbers]:
    """Split training rows into those to learn from and whole blocks to watch; both hold both classes.

    Raises:
        InputError: too few blocks for that.
    """
    folds, failing = (
        block_folds(labels.iloc[train], INNER_FOLDS),
        labels["failing"].to_numpy()[train],
    )
    for fold in np.unique(folds):
        watch = folds == fold
        if len(np.unique(failing[watch])) == 2 == len(np.unique(failing[~watch])):
            return train[~watch], train[watch]
    raise InputError(
        '[train] mode = "finetune": no block with both classes can be set aside for early stopping; label more blocks, set [parcels] block_grid_m, or set mode = "frozen"'
    )


def _imitate(task: Task, network: RoofNetwork, others: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return weights (1 + K, F) and intercepts of a network's head and, on its features, of heads that answer as the K other networks do."""
    features = look(task, network.features, np.arange(len(task)), width=len(task.design.center))
    first = network.linear.weight.detach().cpu().numpy()[0].astype(np.float64)
    intercept = float(network.linear.bias.detach().cpu())
    own = features @ first + intercept
    solved = [
        solve_ridge(
            sum_moments(features.astype(np.float32), other - own, np.ones(len(own))),
            task.settings.penalty,
        )
        for other in others
    ]
    return np.stack([first, *(first + step for step, _ in solved)]), np.array(
        [intercept, *(intercept + step for _, step in solved)]
    )
