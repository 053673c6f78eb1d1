"""One training: from the ridge head on frozen features through the epochs.

The epoch that is best on watched rows is kept. The same loop runs on a CPU, on a CUDA card
(bfloat16), and on several through `torchrun` (DistributedDataParallel). Layers keep their
batch-norm statistics, so that a step does not depend on how chips were dealt out to processes.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
import torch.distributed as dist
from scipy.special import expit
from sklearn.metrics import average_precision_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.parallel import DistributedDataParallel
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from training.design import solve_design
from training.folds import RowNumbers
from training.processes import add_up
from training.roof_network import LinearStart, RoofNetwork
from training.task import Task, answer, diverged

PATIENCE = 3
"""Epochs without a better one before the training stops."""
WEIGHT_DECAY = 0.01
"""Of AdamW."""
CLIP = 1.0
"""Largest norm of a gradient."""
WARM_UP = 0.1
"""Share of the steps in which the learning rate rises."""
GAIN = 2.0
"""Logit of a least-squares answer: near 0, an answer a to targets of -1 and 1 means log odds of
2 a."""
LEAST_CHANCE = 1e-12
"""Of a label, so that its logarithm is finite."""
Tell = Callable[[int, int], None]
"""Hears how many of how many steps are done."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """Result of one pass over the labels."""

    name: str
    """On the inner split "fold 2", then on all its training rows "fold 2, all of it"; at the end
    "all labels"."""
    epoch: int
    """0 is the ridge head on the frozen network."""
    loss: float
    """Mean training loss; NaN at epoch 0."""
    average_precision: float
    """On the watched blocks; NaN without."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """Result of one training."""

    network: RoofNetwork
    """Averaged weights of the best epoch, of the last one without watched rows."""
    best: int
    """Its number."""
    history: tuple[Epoch, ...]
    """All epochs."""


@dataclass(frozen=True, kw_only=True, order=True)
class Judgment:
    """How good an epoch is: by average precision, and for ties by likelihood."""

    average_precision: float
    """On the watched rows; NaN without."""
    log_likelihood: float
    """Mean of the watched rows; NaN without."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """What one training learns from."""

    name: str
    """In the history."""
    rows: RowNumbers
    """Row numbers to learn from."""
    epochs: int
    """Passes at most; the schedule is always that of [train] epochs."""
    watch: RowNumbers = field(default_factory=lambda: np.zeros(0, np.int64))
    """Row numbers to judge by, none of `rows`; without any the last epoch is kept."""

    def record(self, epoch: int, *, loss: float, judgment: Judgment) -> Epoch:
        """Return the history of one epoch."""
        return Epoch(
            name=self.name,
            epoch=epoch,
            loss=loss,
            average_precision=judgment.average_precision,
        )


WORST = Judgment(average_precision=-1.0, log_likelihood=-math.inf)
"""Below any that is finite."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """The best epoch so far."""

    epoch: int
    """Its number."""
    judgment: Judgment
    """How good it is."""
    state: dict[str, Tensor]
    """Its averaged weights."""


class Steps:
    """Counts the steps of all trainings."""

    def __init__(self, tell: Tell | None, total: int) -> None:
        """Tell of `total` steps."""
        self.tell = tell
        self.total = total
        self.done = 0

    def advance(self, count: int) -> None:
        """Count `count` more as done."""
        self.done += count
        if self.tell:
            self.tell(self.done, self.total)


def learn(task: Task, lesson: Lesson, steps: Steps) -> Learned:
    """Train on some rows; keep the epoch that ranks the watched rows best.

    Raises:
        InputError: a loss or an answer that is not finite.
    """
    # configuration
    settings = task.settings
    steps_per_epoch = task.batches.steps(len(lesson.rows))
    total_steps = steps_per_epoch * settings.epochs
    decay = 1 - 1 / max(settings.ema * total_steps, 1.0)

    # data
    targets = smooth_targets(task)  # (N,)
    weights = task.floats(task.design.weights / task.design.weights[lesson.rows].mean())  # (N,)

    # model
    network = start_network(task, lesson.rows)
    learner = DistributedDataParallel(network) if dist.is_initialized() else network
    average = copy.deepcopy(network)
    optimizer = AdamW(network.rates(settings.learning_rate), weight_decay=WEIGHT_DECAY)
    schedule = LambdaLR(optimizer, partial(rate_at, total=total_steps))

    # loop; epoch 0 only looks
    history: list[Epoch] = []
    best = Checkpoint(epoch=0, judgment=WORST, state=average.state_dict())
    for epoch in range(lesson.epochs + 1):
        set_batches(task, lesson, epoch)
        loss_sum = torch.zeros((), device=task.device, dtype=torch.float64)
        for images, seen in task.loader:
            logits = learner(task.move(images))[:, 0]  # (B,)
            loss = binary_cross_entropy_with_logits(logits, targets[seen], weights[seen])
            descend(loss, network, optimizer, schedule)
            average.follow(network, decay)
            loss_sum += loss.detach() / task.batches.world
            steps.advance(1)

        mean_loss = float(add_up(loss_sum)) / steps_per_epoch if epoch else math.nan
        check_loss(task, lesson, epoch, mean_loss)
        judgment = judge(task, average, lesson.watch)
        history.append(lesson.record(epoch, loss=mean_loss, judgment=judgment))
        if not len(lesson.watch) or judgment > best.judgment:
            state = copy.deepcopy(average.state_dict())
            best = Checkpoint(epoch=epoch, judgment=judgment, state=state)
        elif epoch - best.epoch >= PATIENCE:
            break

    steps.advance((settings.epochs - epoch) * steps_per_epoch)
    network.load_state_dict(best.state)
    return Learned(network=network, best=best.epoch, history=tuple(history))


def descend(loss: Tensor, network: RoofNetwork, optimizer: AdamW, schedule: LambdaLR) -> None:
    """Take one step down the slope of a loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    nn.utils.clip_grad_norm_(network.parameters(), CLIP)
    optimizer.step()
    schedule.step()


def check_loss(task: Task, lesson: Lesson, epoch: int, loss: float) -> None:
    """Stop where the loss of an epoch with steps is no number.

    Raises:
        InputError: it is not finite.
    """
    if epoch and not math.isfinite(loss):
        raise diverged(task, f"{lesson.name}: the loss is {loss} in epoch {epoch}")


def smooth_targets(task: Task) -> Tensor:
    """Return the classes of all labels, less certain by the label smoothing, (N,)."""
    failing = task.floats(task.labeled.failing)
    smoothing = task.settings.label_smoothing
    return failing * (1 - smoothing) + smoothing / 2


def start_network(task: Task, rows: RowNumbers) -> RoofNetwork:
    """Return the frozen network with the ridge head of some rows."""
    ridge, bias = solve_design(task.design.take(rows))
    start = LinearStart(scaling=task.design.scaling, weights=ridge * GAIN, bias=bias * GAIN)
    network = RoofNetwork(
        task.inputs.backbones,
        views=len(task.inputs.spec.views),
        unfreeze=task.settings.unfreeze,
        start=start,
    )
    return network.to(task.device)


def rate_at(step: int, *, total: int) -> float:
    """Return the learning rate of a step as a share of the highest: a rise, then half a cosine."""
    warm = max(WARM_UP * total, 1.0)
    rise = min((step + 1) / warm, 1.0)
    return rise * (1 + math.cos(math.pi * step / total)) / 2


def set_batches(task: Task, lesson: Lesson, epoch: int) -> None:
    """Set the batches of an epoch; epoch 0 has none."""
    rows = lesson.rows if epoch else lesson.rows[:0]
    task.batches.shuffle(rows, epoch=epoch, length=len(task), seed=task.settings.seed)


def judge(task: Task, network: RoofNetwork, watch: RowNumbers) -> Judgment:
    """Judge a network by the watched rows; NaN without any."""
    if not len(watch):
        return Judgment(average_precision=math.nan, log_likelihood=math.nan)

    logits = answer(task, network, watch)
    failing = task.labeled.failing[watch]
    chance = expit(np.where(failing == 1, logits, -logits))
    return Judgment(
        average_precision=float(average_precision_score(failing, logits)),
        log_likelihood=float(np.log(np.maximum(chance, LEAST_CHANCE)).mean()),
    )
