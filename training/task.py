"""What all trainings of one city share, and how their networks answer."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from imagery.chips.store import ChipPlace
from imagery.errors import InputError
from models.head import Floats
from models.network import Backbones
from models.spec import ModelSpec
from training.dataset import Batch, Batches, Images, LabeledChips, load_chips
from training.design import Design, Scaling, make_design, standard_scaling
from training.folds import RowNumbers
from training.labeled_features import LabeledFeatures
from training.processes import add_up, pick_device, place_among
from training.roof_network import RoofNetwork
from training.rungs import rung_features
from training.settings import TrainSettings

LEAST_SCALE = 0.1
"""A feature's scale is at least this share of the mean of its group, because one that is dead at
first may wake up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FinetuneInputs:
    """What networks are fine-tuned on."""

    labels: pd.DataFrame
    """Columns failing, block, fold, features of the frozen network, and features_relit where there
    are copies in other light; N rows."""
    chips: tuple[ChipPlace, ...]
    """Where the chip of every label lies, see `training.dataset.chip_places`; N of them."""
    spec: ModelSpec
    """Views and networks."""
    backbones: Backbones
    """The networks to start from; they are left as they are."""
    settings: TrainSettings
    """[train]."""
    device: str = ""
    """"cpu" or "cuda"; "" takes CUDA where there is a card."""

    def __post_init__(self) -> None:
        """Check that every label has a chip."""
        if len(self.chips) != len(self.labels):
            raise ValueError(
                f"{len(self.chips)} chips for {len(self.labels)} labels, want one for each"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """Everything that the trainings of one city share."""

    inputs: FinetuneInputs
    """Labels, chips, networks and settings."""
    labeled: LabeledFeatures
    """What the frozen network saw of the labels, with classes, folds and blocks."""
    design: Design
    """The same, standardized and weighed."""
    device: str
    """Where it runs."""
    loader: "DataLoader[Batch]"
    """All chips, in the batches that are set."""
    batches: Batches
    """What the loader yields."""

    def __len__(self) -> int:
        """Return the number of labels."""
        return len(self.labeled)

    @property
    def all_rows(self) -> RowNumbers:
        """Return the row numbers of all labels."""
        return np.arange(len(self))

    @property
    def settings(self) -> TrainSettings:
        """Return [train]."""
        return self.inputs.settings

    def floats(self, values: Floats | RowNumbers) -> Tensor:
        """Return numbers as float32 where the training runs."""
        return torch.tensor(values, device=self.device, dtype=torch.float32)

    def move(self, images: Images) -> Images:
        """Return images where the training runs."""
        return tuple(image.to(self.device, non_blocking=True) for image in images)


def make_task(inputs: FinetuneInputs) -> Task:
    """Gather what the trainings share; within `training.processes.processes`.

    Raises:
        InputError: too few labels, blocks or classes.
    """
    spec = inputs.spec
    settings = inputs.settings
    folds = inputs.labels["fold"].to_numpy(np.int64)
    labeled = rung_features(inputs.labels, folds, "network", spec.groups)
    design = make_design(
        labeled, _wide_scaling(labeled), penalty=settings.penalty, light=settings.light
    )

    device = pick_device(inputs.device)
    rank, world = place_among()
    batches = Batches(settings.batch, rank=rank, world=world)
    chips = LabeledChips(inputs.chips, spec, settings.seed)
    return Task(
        inputs=inputs,
        labeled=labeled,
        design=design,
        device=device,
        loader=load_chips(chips, batches, workers=settings.workers, pin=device == "cuda"),
        batches=batches,
    )


def answer(task: Task, network: RoofNetwork, rows: RowNumbers) -> Floats:
    """Return the logits (len(rows),) of some rows.

    Raises:
        InputError: one that is not finite.
    """
    logits: Floats = look(task, network, rows, width=1)[:, 0]
    if not np.isfinite(logits).all():
        raise diverged(task, "the network answers with NaN or infinity")

    return logits


def look(task: Task, see: Callable[[Images], Tensor], rows: RowNumbers, *, width: int) -> Floats:
    """Return what some rows look like as they are, in all turns.

    Every process looks at its share, and gets the answers of all.

    Args:
        task: What the trainings share.
        see: Maps images to (B, width).
        rows: Row numbers.
        width: Numbers for each row.

    Returns:
        (len(rows), width).
    """
    place_of_row = np.zeros(len(task), np.int64)
    place_of_row[rows] = np.arange(len(rows))
    found = torch.zeros((len(rows), width), device=task.device, dtype=torch.float32)

    task.batches.in_order(rows)
    with torch.inference_mode():
        for images, seen in task.loader:
            places = torch.from_numpy(place_of_row[seen.numpy()])
            found[places] = see(task.move(images))

    return np.asarray(add_up(found).cpu().numpy(), np.float64)


def diverged(task: Task, what: str) -> InputError:
    """Return the error of a training that does not lead to numbers."""
    return InputError(
        f"[train] {what}; learning_rate is {task.settings.learning_rate}; lower it, "
        'give other [model] weights, or set mode = "frozen"'
    )


def _wide_scaling(labeled: LabeledFeatures) -> Scaling:
    """Return the scaling of features, none smaller than `LEAST_SCALE` allows."""
    scaling = standard_scaling(labeled)
    sizes = [group.features for group in labeled.groups]
    group_starts = np.cumsum((0, *sizes[:-1]))
    group_means = np.add.reduceat(scaling.scale, group_starts) / sizes
    least = LEAST_SCALE * np.repeat(group_means, sizes)

    return Scaling(center=scaling.center, scale=np.maximum(scaling.scale, least))
