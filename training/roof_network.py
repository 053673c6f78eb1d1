"""The network that learns: backbones, standardization and a linear layer in one."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.head import Floats
from models.network import Backbones, PooledBackbone, segments
from training.dataset import Images
from training.design import Scaling

HEAD_RATE = 3.0
"""Learning rate of the head, as a multiple of that of the last segment."""
SLOWER = 0.3
"""Learning rate of each segment, as a share of that of the segment behind it."""
EARLY_STEPS = 9
"""The running average weighs all steps alike while they are few; see `RoofNetwork.follow`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearStart:
    """The linear layer that a training starts from."""

    scaling: Scaling
    """How features are standardized."""
    weights: Floats
    """(F,)."""
    bias: float
    """Intercept."""


class RoofNetwork(nn.Module):
    """Images of chips in, logits out.

    The last segments of the backbones are free to change. The network stays in evaluation mode, so
    its batch-norm statistics do not change.
    """

    center: Tensor
    scale: Tensor

    def __init__(
        self, backbones: Backbones, *, views: int, unfreeze: int, start: LinearStart
    ) -> None:
        """Copy the networks.

        Args:
            backbones: They are left as they are.
            views: Views of each chip.
            unfreeze: How many segments learn, from the last.
            start: Standardization and linear layer to start from.
        """
        super().__init__()
        self.views = views
        self.followed = 0
        self.backbones = nn.ModuleList(copy.deepcopy(list(backbones)))
        self.learning = self._unfreeze(unfreeze)

        scaling = start.scaling
        self.register_buffer("center", torch.tensor(scaling.center, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scaling.scale, dtype=torch.float32))
        self.linear = nn.Linear(len(scaling.center), 1)
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(start.weights)[None])
            self.linear.bias.fill_(start.bias)
        self.eval()

    def features(self, images: Images) -> Tensor:
        """Return standardized features (B, F), averaged over the turns.

        They come in the order of `models.scoring.chip_features`.
        """
        device = self.center.device
        features = []
        for backbone, seen in zip(self.networks(), images, strict=True):
            with torch.autocast(device.type, torch.bfloat16, enabled=self.center.is_cuda):
                pooled: Tensor = backbone(seen.flatten(0, 1))  # (B * views * turns, C)
            by_turn = pooled.view(len(seen), self.views, -1, pooled.shape[1])
            features.append(by_turn.mean(dim=2).flatten(1))  # (B, views * C)

        return (torch.cat(features, dim=1) - self.center) / self.scale

    def forward(self, images: Images) -> Tensor:
        """Return logits (B, 1)."""
        logits: Tensor = self.linear(self.features(images))
        return logits

    def networks(self) -> Backbones:
        """Return the backbones within, in the order of the spec."""
        return tuple(network for network in self.backbones if isinstance(network, PooledBackbone))

    def frozen(self) -> Backbones:
        """Return the backbones as scoring wants them: on the CPU, channels last, no gradients."""
        return tuple(
            network.requires_grad_(False).cpu().to(memory_format=torch.channels_last)
            for network in self.networks()
        )

    def follow(self, other: "RoofNetwork", decay: float) -> None:
        """Move the weights that learn toward those of another network: a running average."""
        self.followed += 1
        share = 1 - min(decay, self.followed / (self.followed + EARLY_STEPS))
        with torch.no_grad():
            for mine, theirs in zip(self.parameters(), other.parameters(), strict=True):
                if mine.requires_grad:
                    mine.lerp_(theirs, share)

    def rates(self, rate: float) -> list[dict[str, object]]:
        """Return groups of parameters that learn, with their learning rates.

        Args:
            rate: Of the last segment. The head learns faster, earlier segments more slowly.
        """
        groups: list[dict[str, object]] = [
            {"params": list(self.linear.parameters()), "lr": rate * HEAD_RATE}
        ]
        for depth, parameters in enumerate(self.learning):
            groups.append({"params": parameters, "lr": rate * SLOWER**depth})

        return groups

    def _unfreeze(self, count: int) -> list[list[nn.Parameter]]:
        """Let the last `count` segments learn; return their parameters, the last segment first."""
        learning: list[list[nn.Parameter]] = [[] for _ in range(count)]
        for backbone in self.networks():
            from_last = reversed(segments(backbone.name, backbone.network))
            for segment, parameters in zip(from_last, learning, strict=False):
                for layer in segment:
                    parameters += layer.parameters()

        for parameters in learning:
            for parameter in parameters:
                parameter.requires_grad_()
        return learning
