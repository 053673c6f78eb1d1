"""One training: from the ridge head on frozen features through the epochs, the best of which on watched rows is kept.

The same loop runs on a CPU, on a CUDA card (bfloat16), and on several through `torchrun` (DistributedDataParallel). Layers keep their
batch-norm statistics, so that a step does not hang on how chips were dealt out to processes.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import average_precision_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.parallel import DistributedDataParallel
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from imagery.errors import InputError
from models.head import Floats
from models.network import Backbones
from models.spec import ModelSpec
from training.dataset import Batch, Batches, ChipPlace, Images, LabeledChips, load_chips
from training.fit import Design, Rows, design_rows, fit_part, standard_scale
from training.processes import add_up, pick_device, place_among
from training.roof_network import RoofNetwork
from training.rungs import rung_rows
from training.settings import TrainSettings

PATIENCE = 3
"""Epochs without a better one before the training stops."""
WEIGHT_DECAY, CLIP, WARM_UP = 0.01, 1.0, 0.1
"""Of AdamW; largest norm of a gradient; share of the steps in which the learning rate rises."""
GAIN = 2.0
"""Logit of a least-squares answer: near 0, an answer a to targets of -1 and 1 means log odds of 2 a."""
LEAST_SCALE = 0.1
"""A feature's scale is at least this share of the mean of its group, because one that is dead at first may awake."""
Numbers = NDArray[np.int64]
Tell = Callable[[int, int], None]
"""Hears how many of how many steps are done."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one pass over the labels came to."""

    name: str
    """On the inner split "fold 2", then on all its training rows "fold 2, all of it"; at the end "all labels"."""
    epoch: int
    """0 is the ridge head on the frozen network."""
    loss: float
    """Mean training loss; NaN at epoch 0."""
    average_precision: float
    """On the watched blocks; NaN without."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """What one training came to."""

    network: RoofNetwork
    """Averaged weights of the best epoch, of the last one without watched rows."""
    best: int
    """Its number."""
    history: tuple[Epoch, ...]
    """All epochs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """Everything that the trainings of one city share."""

    rows: Rows
    """What the frozen network saw of N labels, with classes, folds and blocks."""
    design: Design
    """The same, standardized and weighed."""
    spec: ModelSpec
    """Views and networks."""
    backbones: Backbones
    """As they were before."""
    settings: TrainSettings
    """[train]."""
    device: str
    """Where it runs."""
    loader: "DataLoader[Batch]"
    """All chips, in the batches that are set."""
    batches: Batches
    """What the loader yields."""

    def __len__(self) -> int:
        """Return the number of labels."""
        return len(self.rows.failing)


class Steps:
    """Counts steps of all trainings."""

    def __init__(self, tell: Tell | None, total: int) -> None:
        """Tell of `total` steps."""
        self.tell, self.total, self.done = tell, total, 0

    def advance(self, count: int) -> None:
        """Count `count` more as done."""
        self.done += count
        if self.tell:
            self.tell(self.done, self.total)


def make_task(
    labels: pd.DataFrame,
    chips: tuple[ChipPlace, ...],
    spec: ModelSpec,
    backbones: Backbones,
    settings: TrainSettings,
    device: str,
) -> Task:
    """Gather what the trainings share; see `training.finetune.finetune`."""
    if len(chips) != len(labels):
        raise ValueError(f"{len(chips)} chips for {len(labels)} labels, want one for each")
    rows = rung_rows(labels, labels["fold"].to_numpy(np.int64), "network", spec.groups)
    center, scale = standard_scale(rows)
    means = np.add.reduceat(scale, np.cumsum((0, *spec.groups[:-1]))) / spec.groups
    scale = np.maximum(scale, LEAST_SCALE * np.repeat(means, spec.groups))
    rank, world = place_among()
    batches, device = Batches(settings.batch, rank=rank, world=world), pick_device(device)
    return Task(
        rows=rows,
        design=design_rows(rows, center, scale, penalty=settings.penalty, light=settings.light),
        spec=spec,
        backbones=backbones,
        settings=settings,
        device=device,
        batches=batches,
        loader=load_chips(
            LabeledChips(chips, spec, settings.seed),
            batches,
            workers=settings.workers,
            pin=device == "cuda",
        ),
    )


def learn(
    task: Task, rows: Numbers, watch: Numbers, *, epochs: int, name: str, steps: Steps
) -> Learned:
    """Train on some rows; keep the epoch that ranks the rows `watch` best, the last one without such rows.

    Args:
        task: What the trainings share.
        rows: Row numbers to learn from.
        watch: Row numbers to judge by, none of `rows`.
        epochs: Passes at most; the schedule is that of [train] epochs.
        name: Stands in the history.
        steps: Counts.

    Raises:
        InputError: a loss or an answer that is not finite.
    """
    # configuration
    settings, batches, failing = (
        task.settings,
        task.batches,
        torch.tensor(task.rows.failing, device=task.device, dtype=torch.float32),
    )
    per_epoch = batches.steps(len(rows))
    total = per_epoch * settings.epochs
    warm, decay = max(WARM_UP * total, 1.0), 1 - 1 / max(settings.ema * total, 1.0)
    # data
    weights = torch.tensor(
        task.design.weights / task.design.weights[rows].mean(),
        device=task.device,
        dtype=torch.float32,
    )
    targets = failing * (1 - settings.label_smoothing) + settings.label_smoothing / 2
    # model
    ridge, bias = fit_part(task.design, rows)
    start = (task.design.center, task.design.scale, ridge * GAIN, bias * GAIN)
    network = RoofNetwork(
        task.backbones, views=len(task.spec.views), unfreeze=settings.unfreeze, start=start
    ).to(task.device)
    learner = DistributedDataParallel(network) if dist.is_initialized() else network
    average = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.rates(settings.learning_rate), weight_decay=WEIGHT_DECAY)
    schedule = LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warm, 1.0) * (1 + math.cos(math.pi * step / total)) / 2,
    )
    # loop; epoch 0 only looks
    history, best, kept = [], (0, -1.0, -math.inf), average.state_dict()
    for epoch in range(epochs + 1):
        batches.shuffle(
            rows if epoch else rows[:0], epoch=epoch, length=len(task), seed=settings.seed
        )
        summed = torch.zeros((), device=task.device, dtype=torch.float64)
        for images, seen in task.loader:
            logits = learner(tuple(part.to(task.device, non_blocking=True) for part in images))[
                :, 0
            ]  # (B,)
            loss = binary_cross_entropy_with_logits(logits, targets[seen], weights[seen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch
            nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimizer.step()
            schedule.step()
            average.follow(network, decay)
            summed += loss.detach() / batches.world
            steps.advance(1)
        mean_loss = float(add_up(summed)) / per_epoch if epoch else math.nan
        if epoch and not math.isfinite(mean_loss):
            raise _diverged(task, f"{name}: the loss is {mean_loss} in epoch {epoch}")
        precision, fitting = _judge(task, average, watch)
        history.append(Epoch(name=name, epoch=epoch, loss=mean_loss, average_precision=precision))
        if not len(watch) or (precision, fitting) > best[1:]:
            best, kept = (epoch, precision, fitting), copy.deepcopy(average.state_dict())
        elif epoch - best[0] >= PATIENCE:
            break
    steps.advance((settings.epochs - epoch) * per_epoch)
    network.load_state_dict(kept)
    return Learned(network=network, best=best[0], history=tuple(history))


def answer(task: Task, network: RoofNetwork, rows: Numbers) -> Floats:
    """Return the logits (len(rows),) of some rows.

    Raises:
        InputError: one that is not finite.
    """
    logits: Floats = look(task, network, rows, width=1)[:, 0]
    if not np.isfinite(logits).all():
        raise _diverged(task, "the network answers with NaN or infinity")
    return logits


def look(task: Task, see: Callable[[Images], Tensor], rows: Numbers, *, width: int) -> Floats:
    """Return what some rows look like as they are, in all turns, (len(rows), width); every process sees its share and gets all.

    Args:
        task: What the trainings share.
        see: Maps images to (B, width).
        rows: Row numbers.
        width: Numbers for each row.
    """
    place = np.zeros(len(task), np.int64)
    place[rows] = np.arange(len(rows))
    found = torch.zeros((len(rows), width), device=task.device, dtype=torch.float32)
    task.batches.in_order(rows)
    with torch.inference_mode():
        for images, seen in task.loader:
            found[torch.from_numpy(place[seen.numpy()])] = see(
                tuple(part.to(task.device, non_blocking=True) for part in images)
            )
    return np.asarray(add_up(found).cpu().numpy(), np.float64)


def _judge(task: Task, network: RoofNetwork, watch: Numbers) -> tuple[float, float]:
    """Return average precision and, for ties, log-likelihood of the watched rows; NaN without."""
    if not len(watch):
        return math.nan, math.nan
    logits, failing = answer(task, network, watch), task.rows.failing[watch]
    likelihood = np.log(np.maximum(expit(np.where(failing == 1, logits, -logits)), 1e-12)).mean()
    return float(average_precision_score(failing, logits)), float(likelihood)


def _diverged(task: Task, what: str) -> InputError:
    return InputError(
        f'[train] {what}; learning_rate is {task.settings.learning_rate}; lower it, give other [model] weights, or set mode = "frozen"'
    )
