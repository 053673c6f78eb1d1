"""The frozen networks: images in, pooled feature maps out.

Their code is torchvision's, or timm's where torchvision lacks a network.
"""

import hashlib
import itertools
from functools import lru_cache
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from models.backbone_kind import TIMM
from models.backbones import backbone_kind
from models.engine import compile_engine, compile_map_engine
from models.engine_name import engine_name
from models.openvino_engine import Engines, MapEngine
from models.spec import DOWNLOAD, ModelSpec
from models.timm_backbones import build_timm, timm_maps, timm_segments, without_classifier
from models.weight_sums import LITE
from models.weights import State, library_state, misfit, read_state

LEAST_VARIANCE = 1e-30
"""Of a feature map: the root of 0 has no finite gradient."""
Backbones = tuple["PooledBackbone", ...]
"""The networks of one spec, in its order."""
MapEngines = tuple[MapEngine, ...]
"""What gives the feature maps of each network of a spec, in its order."""


class PooledBackbone(nn.Module):
    """A network without its classifier, which normalizes images and pools its feature maps."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, name: str, *, mean: tuple[float, ...] = (), std: tuple[float, ...] = ()
    ) -> None:
        """Build a network without weights.

        Args:
            name: Name, see `models.backbones`.
            mean: Subtracted from red, green and blue, gray levels; empty for the network's own.
            std: Divides red, green and blue, gray levels; empty for the network's own.
        """
        super().__init__()
        self.name = name
        self.kind = backbone_kind(name)
        self.network = build_network(name)

        colors = (1, 3, 1, 1)
        self.register_buffer(
            "mean", torch.tensor(mean or self.kind.mean).view(colors), persistent=False
        )
        self.register_buffer(
            "std", torch.tensor(std or self.kind.std).view(colors), persistent=False
        )

    def maps(self, images: Tensor) -> list[Tensor]:
        """Map images to the feature maps that are pooled.

        Args:
            images: Gray levels, uint8 or float, (B, 3, P, P).

        Returns:
            Maps (B, C, p, p), finest first, with C of `BackboneKind.channels`.
        """
        normal = (images.float() - self.mean) / self.std
        values = normal.contiguous(memory_format=torch.channels_last)
        if self.name.startswith(TIMM):
            return timm_maps(self.network, values)

        maps = []
        for layers in segments(self.name, self.network):
            for layer in layers:
                values = layer(values)
            maps.append(values)
        return maps

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, 3, P, P) to features (B, F).

        Of each feature map these are the means of all channels, then their standard deviations.
        """
        pooled = []
        for feature_map in self.maps(images):
            values = feature_map.float()
            mean = values.mean(dim=(2, 3))
            variance = (values - mean[:, :, None, None]).square().mean(dim=(2, 3))
            pooled += [mean, variance.clamp_min(LEAST_VARIANCE).sqrt()]
        return torch.cat(pooled, dim=1)


class FeatureMaps(nn.Module):
    """A network whose outputs are the feature maps that are pooled."""

    def __init__(self, backbone: PooledBackbone) -> None:
        """Take a network; nothing of it is copied."""
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images (B, 3, P, P) to maps (B, C, p, p), finest first."""
        return tuple(self.backbone.maps(images))


def segments(name: str, network: nn.Module) -> list[list[nn.Module]]:
    """Return the layers of a network, cut after each feature map that is pooled."""
    if name.startswith(TIMM):
        return timm_segments(network)

    layers = dict(network.named_children())
    if name.startswith(LITE):
        stem = [layers["conv_stem"], layers["bn1"]]
        blocks = list(layers["blocks"].children())
        return [[*stem, *blocks[:3]], blocks[3:5], blocks[5:]]

    if name.startswith("resnet"):
        stem = [layers[key] for key in ("conv1", "bn1", "relu", "maxpool", "layer1")]
        return [[*stem, layers["layer2"]], [layers["layer3"]], [layers["layer4"]]]

    stages = list(layers["features"].children())
    last = 8 if name.startswith("convnext") else 7
    return [stages[start:stop] for start, stop in itertools.pairwise((0, 4, 6, last))]


def build_network(name: str) -> nn.Module:
    """Return the library's network without weights, with its classifier unless it is timm's."""
    if name.startswith(TIMM):
        return build_timm(name)

    if name.startswith(LITE):
        import timm

        lite: nn.Module = timm.create_model(f"tf_{name}", pretrained=False)
        return lite

    network: nn.Module = torchvision.models.get_model(name, weights=None)
    return network


def load_backbones(spec: ModelSpec, weights: str = "") -> Backbones:
    """Return the networks of a spec in evaluation mode, channels last, on the CPU.

    Args:
        spec: Which networks.
        weights: Path of a .safetensors or .pth state dict. If it holds several networks, each
            name in it begins with the network's and a slash. "" takes the packaged ImageNet
            weights, "download" torchvision's or timm's.

    Raises:
        MissingInput: no file at `weights`, or no packaged weights for a network.
        ConfigError: the file does not fit the network.
    """
    from_library = weights in ("", DOWNLOAD)
    file = Path(weights).name or "the packaged file"
    state = {} if from_library else read_state(Path(weights))

    backbones = []
    for name in spec.backbones:
        backbone = PooledBackbone(name, mean=spec.mean, std=spec.std)
        if from_library:
            own = library_state(name, backbone.network, download=weights == DOWNLOAD)
        else:
            own = own_state(state, spec, name)
            own = without_classifier(name, own) if name.startswith(TIMM) else own
        backbones.append(fill_backbone(backbone, own, file))
    return tuple(backbones)


def own_state(state: State, spec: ModelSpec, name: str) -> State:
    """Return the weights of one network out of a state dict of all networks of a spec."""
    first = f"{spec.backbones[0]}/"
    has_prefixes = len(spec.backbones) > 1 or any(key.startswith(first) for key in state)
    if not has_prefixes:
        return state

    prefix = f"{name}/"
    own = {}
    for key, tensor in state.items():
        if key.startswith(prefix):
            own[key.removeprefix(prefix)] = tensor
    return own


def fill_backbone(backbone: PooledBackbone, state: State, file: str) -> PooledBackbone:
    """Give a network its weights, and prepare it for evaluation.

    Raises:
        ConfigError: they do not fit the network; `file` is named.
    """
    try:
        backbone.network.load_state_dict(state)
    except RuntimeError as error:
        raise misfit(file, backbone.name, error) from error
    return backbone.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def joined_state(backbones: Backbones) -> State:
    """Return the weights of all networks; each name begins with the network's and a slash."""
    joined = {}
    for backbone in backbones:
        for key, tensor in backbone.network.state_dict().items():
            joined[f"{backbone.name}/{key}"] = tensor.contiguous()
    return joined


def backbone_checksum(backbones: Backbones) -> str:
    """Return the sha256 over all weights, the same however they were stored."""
    digest = hashlib.sha256()
    for name, tensor in sorted(joined_state(backbones).items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def backbone_engines(backbones: Backbones, spec: ModelSpec, *, threads: int = 0) -> Engines:
    """Return what runs the networks of a spec on this machine.

    Inside, they run at low precision where the machine has it.

    Args:
        backbones: The networks.
        spec: Sides of their inputs.
        threads: Threads to use, 0 for as many as torch does.
    """
    count = threads or torch.get_num_threads()
    return tuple(
        compile_engine(backbone, spec.side_px(backbone.name), count, engine_name())
        for backbone in backbones
    )


def map_engines(backbones: Backbones, spec: ModelSpec, *, threads: int = 0) -> MapEngines:
    """Return what gives the feature maps of the networks of a spec, in full precision."""
    count = threads or torch.get_num_threads()
    return tuple(
        compile_map_engine(feature_maps(backbone), spec.side_px(backbone.name), count)
        for backbone in backbones
    )


@lru_cache(maxsize=4)
def feature_maps(backbone: PooledBackbone) -> FeatureMaps:
    """Return the network whose outputs are the feature maps of another one."""
    return FeatureMaps(backbone).eval()
