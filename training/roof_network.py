"""The network that learns: backbones, standardization and a linear layer in one, its last segments free to change."""

import copy
import itertools

import torch
from torch import Tensor, nn

from models.head import Floats
from models.network import Backbones, PooledBackbone, segments
from training.dataset import Images

HEAD_RATE, SLOWER = 3.0, 0.3
"""Learning rate of the head, and of each segment, as a share of that of the segment behind it."""


class RoofNetwork(nn.Module):
    """Networks, standardization and linear layer: images of chips in, logits out. Stays in evaluation mode, its statistics are frozen."""

    center: Tensor
    scale: Tensor

    def __init__(
        self,
        backbones: Backbones,
        *,
        views: int,
        unfreeze: int,
        start: tuple[Floats, Floats, Floats, float],
    ) -> None:
        """Copy the networks, let their last segments learn, and take center, scale, weights and intercept over."""
        super().__init__()
        self.views, self.followed = views, 0
        center, scale, weights, bias = start
        self.backbones = nn.ModuleList(copy.deepcopy(list(backbones)))
        self.learning: list[list[nn.Parameter]] = [[] for _ in range(unfreeze)]
        for backbone in self.networks():
            for segment, learning in zip(
                reversed(segments(backbone.name, backbone.network)), self.learning, strict=False
            ):
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
        for backbone, seen in zip(self.networks(), images, strict=True):
            with torch.autocast(
                self.center.device.type, torch.bfloat16, enabled=self.center.is_cuda
            ):
                pooled: Tensor = backbone(seen.flatten(0, 1))  # (B * views * turns, F)
            parts.append(
                pooled.view(len(seen), self.views, -1, pooled.shape[1]).mean(dim=2).flatten(1)
            )
        return (torch.cat(parts, dim=1) - self.center) / self.scale

    def forward(self, images: Images) -> Tensor:
        """Return logits (B, 1)."""
        logits: Tensor = self.linear(self.features(images))
        return logits

    def networks(self) -> Backbones:
        """Return the backbones within, in the order of the spec."""
        return tuple(part for part in self.backbones if isinstance(part, PooledBackbone))

    def frozen(self) -> Backbones:
        """Return the backbones as scoring wants them: on the CPU, channels last, without gradients."""
        return tuple(
            part.requires_grad_(False).cpu().to(memory_format=torch.channels_last)
            for part in self.networks()
        )

    def follow(self, other: "RoofNetwork", decay: float) -> None:
        """Move the weights that learn toward those of another network: a running average, of all steps while they are few."""
        self.followed += 1
        with torch.no_grad():
            for mine, theirs in zip(self.parameters(), other.parameters(), strict=True):
                if mine.requires_grad:
                    mine.lerp_(theirs, 1 - min(decay, self.followed / (self.followed + 9)))

    def rates(self, rate: float) -> list[dict[str, object]]:
        """Return what learns, and how fast: the head faster than the last segment, earlier segments more slowly."""
        groups = [
            {"params": parts, "lr": rate * SLOWER**depth}
            for depth, parts in enumerate(self.learning)
        ]
        return [{"params": list(self.linear.parameters()), "lr": rate * HEAD_RATE}, *groups]
