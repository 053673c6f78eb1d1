"""Networks of the timm library: built by name, and asked for their feature maps.

A network that gets coarser in stages gives the maps of its last three. One that keeps a single
scale, as vision transformers do, gives its last tokens, laid out as a map. What a network gives is
found on torch's "meta" device, which has shapes and no numbers: nothing is computed or downloaded.
"""

import difflib
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from imagery.errors import MissingInput, first_line
from models.backbone_kind import TIMM, BackboneKind

if TYPE_CHECKING:
    from timm.models import PretrainedCfg

MAPS = 3
"""Feature maps of a network that gets coarser in stages."""
GRAY_LEVELS = 255.0
"""timm states mean and standard deviation as shares of white."""
NO_NETWORK = (RuntimeError, ValueError, TypeError, AssertionError, NotImplementedError, KeyError)
"""Errors of timm on a name or an input that it cannot take."""


@runtime_checkable
class TimmNetwork(Protocol):
    """What each network of timm has beside torch's own."""

    feature_info: list[dict[str, object]]
    """Module and reduction of every feature map, finest first."""

    def forward_intermediates(
        self, x: Tensor, *, indices: int, norm: bool, intermediates_only: bool
    ) -> list[Tensor]:
        """Return the last feature maps, (B, C, p, p)."""


@lru_cache
def timm_kind(name: str, input_px: int = 0) -> BackboneKind:
    """Return what is fixed about a network of timm.

    Args:
        name: "timm:" and a name of timm.
        input_px: Side of the input, pixels; 0 for the one it was trained on.

    Raises:
        ValueError: timm has no such network, or it does not take such images.
    """
    _check_name(name)
    try:
        known = _settings_of(name)
        side_px = input_px or int(known.input_size[-1])
        with torch.device("meta"):
            maps = timm_maps(build_timm(name).eval(), torch.zeros((1, 3, side_px, side_px)))
    except NO_NETWORK as error:
        at = f" with images of {input_px} px" if input_px else ""
        raise ValueError(
            f"backbone {name!r} cannot be used{at}: {first_line(error)}; "
            "name another network, or another input_px"
        ) from error

    return BackboneKind(
        side_px=side_px,
        channels=tuple(int(values.shape[1]) for values in maps),
        mean=tuple(GRAY_LEVELS * level for level in known.mean),
        std=tuple(GRAY_LEVELS * level for level in known.std),
    )


def build_timm(name: str, *, pretrained: bool = False) -> nn.Module:
    """Return a network without its classifier.

    Args:
        name: "timm:" and a name of timm.
        pretrained: Download its weights.
    """
    import timm

    own = name.removeprefix(TIMM)
    try:
        # Vision transformers take images of other sizes only when told so.
        network: nn.Module = timm.create_model(
            own, pretrained=pretrained, num_classes=0, dynamic_img_size=True
        )
    except TypeError:
        network = timm.create_model(own, pretrained=pretrained, num_classes=0)
    return network


def timm_maps(network: nn.Module, images: Tensor) -> list[Tensor]:
    """Map normalized images (B, 3, P, P) to the feature maps that are pooled, finest first."""
    own = _of_timm(network)
    has_stages = len({entry["reduction"] for entry in own.feature_info}) > 1
    return own.forward_intermediates(
        images,
        indices=MAPS if has_stages else 1,
        norm=not has_stages,
        intermediates_only=True,
    )


def timm_segments(network: nn.Module) -> list[list[nn.Module]]:
    """Return the layers behind the last three feature maps that a network knows, one a list.

    These are what fine-tuning may free; the layers before them never learn.
    """
    names = [str(entry["module"]) for entry in _of_timm(network).feature_info[-MAPS:]]
    return [[network.get_submodule(module)] for module in names]


def timm_download(name: str) -> dict[str, Tensor]:
    """Return the weights that timm knows for a network, from its cache or by download.

    Raises:
        MissingInput: there are none, or they cannot be fetched.
    """
    try:
        return build_timm(name, pretrained=True).state_dict()
    except Exception as error:  # the hub's client has errors of its own for every kind of network
        raise MissingInput(
            f"[model] weights: those of {name} cannot be downloaded ({first_line(error)}); "
            "give a local .safetensors or .pth state dict"
        ) from error


def without_classifier(name: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Leave the classifier out of a state dict of timm: our networks are built without."""
    classifier = _settings_of(name).classifier
    layers = (classifier,) if isinstance(classifier, str) else tuple(classifier or ())
    beginnings = tuple(f"{layer}." for layer in layers)
    return {key: tensor for key, tensor in state.items() if not key.startswith(beginnings)}


def _check_name(name: str) -> None:
    """Refuse a name that timm does not list; names that point at a server or a folder too.

    Raises:
        ValueError: no such network.
    """
    import timm

    own = name.removeprefix(TIMM)
    if own and ":" not in own and timm.is_model(own):
        return

    near = difflib.get_close_matches(own.partition(".")[0], timm.list_models(), n=1)
    hint = f"did you mean '{TIMM}{near[0]}'?" if near else "`timm.list_models()` names all"
    raise ValueError(f"backbone is {name!r}, which timm {timm.__version__} lacks; {hint}")


def _settings_of(name: str) -> "PretrainedCfg":
    """Return what timm knows of a network's input and classifier.

    Raises:
        ValueError: timm knows nothing of it.
    """
    import timm

    known = timm.get_pretrained_cfg(name.removeprefix(TIMM))
    if known is None:
        raise ValueError(f"timm {timm.__version__} has no settings of {name}")
    return known


def _of_timm(network: nn.Module) -> TimmNetwork:
    if not isinstance(network, TimmNetwork):
        raise TypeError(f"{type(network).__name__} is no network of timm")
    return network
