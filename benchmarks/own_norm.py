"""The batch normalization of a frozen network, measured on one flyover's own chips.

Li et al., 2017, "Revisiting batch normalization for practical domain adaptation", ICLR workshop.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from imagery.chips.store import ChipPlace, read_chip
from imagery.files import atomic_path
from models.network import PooledBackbone, joined_state, load_backbones
from models.preprocess import chip_views
from models.spec import ModelSpec, spec_to_json

CHIPS = 384
"""Chips that mean and variance are measured on, at most."""
CHIPS_AT_ONCE = 32
"""Chips of one batch."""


def own_norm_weights(
    workspace: Path, year: int, spec: ModelSpec, chips: Sequence[ChipPlace]
) -> Path:
    """Return the file of the weights of a flyover, which is written once."""
    path = workspace / f"own_norm_{year}_{spec_digest(spec)}.safetensors"
    if not path.exists():
        write_own_norm(path, spec, chips)
    return path


def write_own_norm(path: Path, spec: ModelSpec, chips: Sequence[ChipPlace]) -> None:
    """Write the packaged weights, their normalization measured on chips from all over a flyover.

    Args:
        path: Where the weights go, .safetensors.
        spec: Networks and views; the views are taken as they are, without turns.
        chips: Of one flyover.
    """
    order = np.random.default_rng(0).permutation(len(chips))[:CHIPS].tolist()
    starts = range(0, len(order), CHIPS_AT_ONCE)
    batches = [order[start : start + CHIPS_AT_ONCE] for start in starts]
    as_it_is = replace(spec, turns=1)

    backbones = load_backbones(spec)
    for backbone in backbones:
        side_px = spec.side_px(backbone.name)
        views = partial(chip_views, spec=as_it_is, side_px=side_px)
        measure_norms(
            backbone,
            (np.concatenate([views(read_chip(chips[row])) for row in rows]) for rows in batches),
        )
    with atomic_path(path) as temporary:
        save_file(joined_state(backbones), temporary)


def measure_norms(backbone: PooledBackbone, batches: Iterable[NDArray[np.uint8]]) -> None:
    """Give every normalization of a network the mean and variance of what it sees.

    Each layer sees what the layers before it give once they are normalized by their batch; means
    and variances are averaged over batches.

    Args:
        backbone: In evaluation mode, before and after.
        batches: Images, uint8 (B, 3, P, P).
    """
    for module in backbone.network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the plain mean over batches
            module.train()

    with torch.inference_mode():
        for images in batches:
            backbone.maps(torch.from_numpy(images))
    backbone.eval()


def spec_digest(spec: ModelSpec) -> str:
    """Return a checksum of networks and views, for the names of what is kept."""
    return hashlib.sha256(spec_to_json(spec).encode()).hexdigest()[:8]
