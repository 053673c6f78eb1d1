"""Fine-tune the networks: from the ridge head on their frozen features, with early stopping on blocks of the training folds.

Runs on a CPU, on a CUDA card (bfloat16), and on several through `torchrun` (DistributedDataParallel), with the same loop. Layers keep
their batch-norm statistics, so that a step does not hang on how chips were dealt out to processes.
"""

import copy
import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

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
from models.features import feature_matrix
from models.head import Floats, Head, calibrate
from models.network import Backbones, PooledBackbone, segments
from models.spec import ModelSpec
from training.dataset import Batch, Batches, ChipPlace, Images, LabeledChips, load_chips
from training.fit import Fit, Rows, platt, platt_covariance, standard_scale
from training.ridge import Matrix, solve_ridge, sum_moments
from training.settings import TrainSettings
from training.splits import Split, block_folds, splits_of

INNER_FOLDS = 4
"""One part in so many of the training blocks is watched for early stopping."""
PATIENCE = 3
"""Epochs without a better one before the training stops."""
HEAD_RATE, SLOWER = 3.0, 0.3
"""Learning rate of the head, and of each segment, as a share of that of the segment behind it."""
WEIGHT_DECAY, CLIP, WARM_UP = 0.01, 1.0, 0.1
"""Of AdamW; largest norm of a gradient; share of the steps in which the learning rate rises."""
GAIN = 2.0
"""Logit of a least-squares answer: near 0, an answer a to targets of -1 and 1 means log odds of 2 a."""
LEAST_SCALE = 0.1
"""A feature's scale is at least this share of the mean of its group, because one that is dead at first may awake."""
LEAST_VARIANCE = 1e-12
"""Below it a feature map counts as constant, and its spread has no gradient."""
PATIENT = timedelta(hours=12)
"""How long a process waits for the others."""
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


class RoofNetwork(nn.Module):
    """Networks, standardization and linear layer: images of chips in, logits out. Stays in evaluation mode, its statistics are frozen."""

    center: Tensor
    scale: Tensor

    def __init__(self, backbones: Backbones, *, views: int, unfreeze: int, start: tuple[Floats, Floats, Floats, float]) -> None:
        """Copy the networks, let their last segments learn, and take center, scale, weights and intercept over."""
        super().__init__()
        self.views, self.followed = views, 0
        center, scale, weights, bias = start
        self.backbones = nn.ModuleList(copy.deepcopy(list(backbones)))
        self.learning: list[list[nn.Parameter]] = [[] for _ in range(unfreeze)]
        for backbone in backbones_of(self):
            for segment, learning in zip(reversed(segments(backbone.name, backbone.network)), self.learning, strict=False):
                learning += [part for layer in segment for part in layer.parameters()]
        for part in itertools.chain(*self.learning):
            part.requires_grad_()
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))
        self.linear = nn.Linear(len(center), 1)
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(weights)[None])
            self.linear.bias.fill_(bias)
        self.eval()

    def features(self, images: Images) -> Tensor:
        """Return standardized features (B, F), averaged over the turns, in the order of `models.features.chip_features`."""
        parts = []
        for backbone, seen in zip(backbones_of(self), images, strict=True):
            with torch.autocast(self.center.device.type, torch.bfloat16, enabled=self.center.is_cuda):
                maps = backbone.maps(seen.flatten(0, 1))
            pooled = _pool(maps)
            parts.append(pooled.view(len(seen), self.views, -1, pooled.shape[1]).mean(dim=2).flatten(1))
        return (torch.cat(parts, dim=1) - self.center) / self.scale

    def forward(self, images: Images) -> Tensor:
        """Return logits (B, 1)."""
        logits: Tensor = self.linear(self.features(images))
        return logits

    def follow(self, other: "RoofNetwork", decay: float) -> None:
        """Move the weights that learn toward those of another network: a running average, of all steps while they are few."""
        self.followed += 1
        with torch.no_grad():
            for mine, theirs in zip(self.parameters(), other.parameters(), strict=True):
                if mine.requires_grad:
                    mine.lerp_(theirs, 1 - min(decay, self.followed / (self.followed + 9)))

    def rates(self, rate: float) -> list[dict[str, object]]:
        """Return what learns, and how fast: the head faster than the last segment, earlier segments more slowly."""
        groups = [{"params": parts, "lr": rate * SLOWER**depth} for depth, parts in enumerate(self.learning)]
        return [{"params": list(self.linear.parameters()), "lr": rate * HEAD_RATE}, *groups]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Task:
    """Everything that the trainings of one city share."""

    labels: pd.DataFrame
    """Labels, index 0..N-1."""
    rows: Rows
    """What the frozen network saw, with labels, folds and blocks."""
    center: Floats
    """Of the standardization, (F,)."""
    scale: Floats
    """(F,)."""
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Learned:
    """What one training came to."""

    network: RoofNetwork
    """Averaged weights of the best epoch, of the last one without watched rows."""
    best: int
    """Its number."""
    history: tuple[Epoch, ...]
    """All epochs."""


def finetune(
    labels: pd.DataFrame, chips: Sequence[ChipPlace], spec: ModelSpec, backbones: Backbones, settings: TrainSettings, *, device: str = "", progress: Tell | None = None
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
        task = _task(labels, chips, spec, backbones, settings, device)
        splits = splits_of(task.rows.folds)
        inner, everything = [_watched(task.labels, train) for train, _ in splits], np.arange(len(labels))
        steps = _Steps(progress, _most_steps(task, splits, inner) + settings.epochs * task.batches.steps(len(labels)))
        logits = np.zeros(len(labels))
        history: list[Epoch] = []
        all_logits, bests = [], []
        for (train, test), halves in zip(splits, inner, strict=True):
            learned = _learn_split(task, train, halves, name=f"fold {task.rows.folds[test[0]]}", steps=steps)
            all_logits.append(_logits(task, learned.network, everything))
            logits[test] = all_logits[-1][test]
            history += learned.history
            bests.append(learned.best)
        epochs = round(float(np.mean(bests)))
        final = _learn(task, everything, everything[:0], epochs=epochs, name="all labels", steps=steps)
        weights, bias = _imitate(task, final.network, all_logits)
        slope, offset = platt(logits, task.rows.failing)
        head = Head(
            rung="network", center=task.center, scale=task.scale, weights=weights, bias=bias, slope=slope, offset=offset,
            covariance=platt_covariance(logits, task.rows, slope, offset), likely=1.0, possible=1.0,
        )  # fmt: skip
        fit = Fit(head=head, out_of_fold=calibrate(logits, slope=slope, offset=offset))
        return Tuned(fit=fit, backbones=_frozen(final.network), epochs=epochs, history=(*history, *final.history))


def finetune_splits(
    labels: pd.DataFrame, chips: Sequence[ChipPlace], spec: ModelSpec, backbones: Backbones, settings: TrainSettings, *,
    splits: Sequence[Split], head: Head, device: str = "", progress: Tell | None = None,
) -> Floats:  # fmt: skip
    """Return scores (N,) of every split's test rows by networks fine-tuned on its training rows, calibrated as `head` is; NaN for rows never tested.

    Args: as of `finetune`, and
        splits: Row numbers to train on and to test on.
        head: What `finetune` came to.
    """
    with processes(device):
        task = _task(labels, chips, spec, backbones, settings, device)
        inner = [_watched(task.labels, train) for train, _ in splits]
        steps = _Steps(progress, _most_steps(task, splits, inner))
        scores = np.full(len(labels), np.nan)
        for (train, test), halves in zip(splits, inner, strict=True):
            network = _learn_split(task, train, halves, name="split", steps=steps).network
            scores[test] = calibrate(_logits(task, network, test), slope=head.slope, offset=head.offset)
        return scores


def _learn_split(task: _Task, train: Numbers, halves: tuple[Numbers, Numbers], *, name: str, steps: "_Steps") -> _Learned:
    """Find the number of epochs on the inner split, then train on all of `train` for so many: where blocks are few, each is needed."""
    watched = _learn(task, *halves, epochs=task.settings.epochs, name=name, steps=steps)
    whole = _learn(task, train, train[:0], epochs=watched.best, name=f"{name}, all of it", steps=steps)
    return _Learned(network=whole.network, best=watched.best, history=(*watched.history, *whole.history))


def _most_steps(task: _Task, splits: Sequence[Split], inner: Sequence[tuple[Numbers, Numbers]]) -> int:
    return task.settings.epochs * sum(task.batches.steps(len(rows)) for (train, _), (learn, _) in zip(splits, inner, strict=True) for rows in (train, learn))


def _learn(task: _Task, learn: Numbers, watch: Numbers, *, epochs: int, name: str, steps: "_Steps") -> _Learned:
    """Train on the rows `learn`; keep the epoch that ranks the rows `watch` best, the last one without such rows."""
    # configuration
    settings, batches, failing = task.settings, task.batches, torch.tensor(task.rows.failing, device=task.device, dtype=torch.float32)
    per_epoch = batches.steps(len(learn))
    total = per_epoch * settings.epochs
    warm, decay = max(WARM_UP * total, 1.0), 1 - 1 / max(settings.ema * total, 1.0)
    # data
    weights = torch.zeros_like(failing)
    weights[torch.from_numpy(learn)] = torch.tensor(_class_weights(task.rows.failing[learn]), device=task.device, dtype=torch.float32)
    targets = failing * (1 - settings.label_smoothing) + settings.label_smoothing / 2
    # model
    start = (task.center, task.scale, *_ridge(task, learn))
    network = RoofNetwork(task.backbones, views=len(task.spec.views), unfreeze=settings.unfreeze, start=start).to(task.device)
    learner = DistributedDataParallel(network, broadcast_buffers=False) if dist.is_initialized() else network
    average = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.rates(settings.learning_rate), weight_decay=WEIGHT_DECAY)
    schedule = LambdaLR(optimizer, lambda step: min((step + 1) / warm, 1.0) * (1 + math.cos(math.pi * step / total)) / 2)
    # loop; epoch 0 only looks
    history, best, kept = [], (0, -1.0, -math.inf), average.state_dict()
    for epoch in range(epochs + 1):
        batches.shuffle(learn if epoch else learn[:0], epoch=epoch, length=len(failing), seed=settings.seed)
        summed = torch.zeros((), device=task.device, dtype=torch.float64)
        for images, rows in task.loader:
            logits = learner(tuple(part.to(task.device, non_blocking=True) for part in images))[:, 0]  # (B,)
            loss = binary_cross_entropy_with_logits(logits, targets[rows], weights[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch
            nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimizer.step()
            schedule.step()
            average.follow(network, decay)
            summed += loss.detach() / batches.world
            steps.advance(1)
        mean_loss = float(_sum(summed)) / per_epoch if epoch else math.nan
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
    return _Learned(network=network, best=best[0], history=tuple(history))


def _task(labels: pd.DataFrame, chips: Sequence[ChipPlace], spec: ModelSpec, backbones: Backbones, settings: TrainSettings, device: str) -> _Task:
    if len(chips) != len(labels):
        raise ValueError(f"{len(chips)} chips for {len(labels)} labels, want one for each")
    relit = np.stack(labels["features_relit"].to_list()).astype(np.float32) if "features_relit" in labels and settings.light > 0 else None
    rows = Rows(
        features=feature_matrix(labels, "network"), relit=relit, failing=labels["failing"].to_numpy(np.int64), folds=labels["fold"].to_numpy(np.int64),
        blocks=labels["block"].to_numpy(object), groups=spec.groups,
    )  # fmt: skip
    center, scale = standard_scale(rows)
    means = np.add.reduceat(scale, np.cumsum((0, *spec.groups[:-1]))) / spec.groups
    batches = Batches(settings.batch, rank=dist.get_rank() if dist.is_initialized() else 0, world=dist.get_world_size() if dist.is_initialized() else 1)
    device = _device(device)
    return _Task(
        labels=labels.reset_index(drop=True), rows=rows, center=center, scale=np.maximum(scale, LEAST_SCALE * np.repeat(means, spec.groups)), spec=spec,
        backbones=backbones, settings=settings, device=device, batches=batches,
        loader=load_chips(LabeledChips(chips, spec, settings.seed), batches, workers=settings.workers, pin=device == "cuda"),
    )  # fmt: skip


def _watched(labels: pd.DataFrame, train: Numbers) -> tuple[Numbers, Numbers]:
    """Split training rows into those to learn from and whole blocks to watch; both hold both classes.

    Raises:
        InputError: too few blocks for that.
    """
    folds, failing = block_folds(labels.iloc[train], INNER_FOLDS), labels["failing"].to_numpy()[train]
    for fold in np.unique(folds):
        watch = folds == fold
        if len(np.unique(failing[watch])) == 2 == len(np.unique(failing[~watch])):
            return train[~watch], train[watch]
    raise InputError(
        '[train] mode = "finetune": no block with both classes can be set aside for early stopping; label more blocks, set [parcels] block_grid_m, or set mode = "frozen"'
    )


def _class_weights(failing: Numbers) -> Floats:
    """Weigh failing roofs by the cube root of how much rarer they are, as `training.fit` does; mean 1."""
    failures = max(int(failing.sum()), 1)
    weights = np.where(failing == 1, math.cbrt((len(failing) - failures) / failures), 1.0)
    return np.asarray(weights / weights.mean(), np.float64)


def _ridge(task: _Task, learn: Numbers) -> tuple[Floats, float]:
    """Return the ridge head of some rows on the frozen features, as logits."""
    rows, targets, weights = task.rows, np.where(task.rows.failing[learn] == 1, 1.0, -1.0), _class_weights(task.rows.failing[learn])
    light = 0.0 if rows.relit is None else task.settings.light
    moments = sum_moments(_standardized(task, rows.features[learn]), targets, weights * np.float64(1 - light))
    if rows.relit is not None:
        moments = moments + sum_moments(_standardized(task, rows.relit[learn]), targets, weights * np.float64(light))
    solved, bias = solve_ridge(moments, task.settings.penalty)
    return solved * GAIN, bias * GAIN


def _imitate(task: _Task, network: RoofNetwork, others: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return weights (1 + K, F) and intercepts of a network's head and, on its features, of heads that answer as the K other networks do."""
    everything = np.arange(len(task.labels))
    features = _look(task, network.features, everything, width=len(task.center))
    first = network.linear.weight.detach().cpu().numpy()[0].astype(np.float64)
    intercept = float(network.linear.bias.detach().cpu())
    own = features @ first + intercept
    solved = [solve_ridge(sum_moments(features.astype(np.float32), other - own, np.ones(len(own))), task.settings.penalty) for other in others]
    return np.stack([first, *(first + step for step, _ in solved)]), np.array([intercept, *(intercept + step for _, step in solved)])


def _judge(task: _Task, network: RoofNetwork, watch: Numbers) -> tuple[float, float]:
    """Return average precision and, for ties, log-likelihood of the watched rows; NaN without."""
    if not len(watch):
        return math.nan, math.nan
    logits, failing = _logits(task, network, watch), task.rows.failing[watch]
    likelihood = np.log(np.maximum(expit(np.where(failing == 1, logits, -logits)), 1e-12)).mean()
    return float(average_precision_score(failing, logits)), float(likelihood)


def _logits(task: _Task, network: RoofNetwork, rows: Numbers) -> Floats:
    logits: Floats = _look(task, network, rows, width=1)[:, 0]
    if not np.isfinite(logits).all():
        raise _diverged(task, "the network answers with NaN or infinity")
    return logits


def _diverged(task: _Task, what: str) -> InputError:
    return InputError(f'[train] {what}; learning_rate is {task.settings.learning_rate}; lower it, give other [model] weights, or set mode = "frozen"')


def _look(task: _Task, see: Callable[[Images], Tensor], rows: Numbers, *, width: int) -> Floats:
    """Return what some rows look like as they are, in all turns, (len(rows), width); every process sees its share and gets all."""
    place = np.zeros(len(task.labels), np.int64)
    place[rows] = np.arange(len(rows))
    found = torch.zeros((len(rows), width), device=task.device, dtype=torch.float32)
    task.batches.in_order(rows)
    with torch.inference_mode():
        for images, seen in task.loader:
            found[torch.from_numpy(place[seen.numpy()])] = see(tuple(part.to(task.device, non_blocking=True) for part in images))
    return np.asarray(_sum(found).cpu().numpy(), np.float64)


def _sum(values: Tensor) -> Tensor:
    """Add up over the processes."""
    if dist.is_initialized():
        dist.all_reduce(values)
    return values


def _pool(maps: Sequence[Tensor]) -> Tensor:
    """Pool as `PooledBackbone` does, with a gradient that stays finite where a feature map is constant."""
    pooled = []
    for part in maps:
        values = part.float()
        variance = (values - values.mean(dim=(2, 3), keepdim=True)).square().mean(dim=(2, 3))
        spread = torch.where(variance > LEAST_VARIANCE, variance.clamp_min(LEAST_VARIANCE).sqrt(), 0.0)
        pooled += [values.mean(dim=(2, 3)), spread]
    return torch.cat(pooled, dim=1)


def _standardized(task: _Task, features: Matrix) -> Matrix:
    return np.asarray((features - task.center.astype(np.float32)) / task.scale.astype(np.float32), np.float32)


def backbones_of(network: RoofNetwork) -> Backbones:
    """Return the networks within."""
    return tuple(part for part in network.backbones if isinstance(part, PooledBackbone))


def _frozen(network: RoofNetwork) -> Backbones:
    return tuple(part.requires_grad_(False).cpu().to(memory_format=torch.channels_last) for part in backbones_of(network))


def _device(device: str) -> str:
    return device or ("cuda" if torch.cuda.is_available() else "cpu")


class _Steps:
    """Counts steps of all trainings."""

    def __init__(self, tell: Tell | None, total: int) -> None:
        self.tell, self.total, self.done = tell, total, 0

    def advance(self, count: int) -> None:
        self.done += count
        if self.tell:
            self.tell(self.done, self.total)


@contextmanager
def processes(device: str = "") -> Iterator[None]:
    """Join the processes that `torchrun` started; nothing without it, or when joined already."""
    if dist.is_initialized() or int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    cuda = _device(device) == "cuda"
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if cuda else "gloo", timeout=PATIENT)
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def first_alone() -> Iterator[None]:
    """Let the first process go through alone, the others after it, as when chips are cut; within `processes`."""
    if dist.is_initialized() and dist.get_rank() > 0:
        dist.barrier()
    yield
    if dist.is_initialized() and dist.get_rank() == 0:
        dist.barrier()
