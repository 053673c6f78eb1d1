"""What a model expects of a chip, written into every model so that scoring cannot disagree with training."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of torchvision's own weights, gray levels."""
DOWNLOAD = "download"
"""Value of [model] weights that fetches torchvision's own."""
VIEWS = ("roof", "roof_grey", "near", "around", "context")
"""Ways of looking at a chip (see `models.preprocess`)."""
TURNS = (1, 2, 4, 8)
"""Orientations of a view whose features are averaged: as it is, and turned by 90°, and by 180° and 270°, and all of them mirrored."""


@dataclass(frozen=True, kw_only=True)
class BackboneKind:
    """What is fixed about a network."""

    side_px: int
    """Side of the input it was trained on, pixels."""
    channels: tuple[int, ...]
    """Channels of the feature maps that are pooled, finest map first."""
    mean: tuple[float, ...] = IMAGENET_MEAN
    """Subtracted from red, green and blue, gray levels."""
    std: tuple[float, ...] = IMAGENET_STD
    """Divides red, green and blue, gray levels."""

    @property
    def features(self) -> int:
        """Return the number of pooled features of one image: mean and spread of every channel."""
        return 2 * sum(self.channels)


_LITE_MEAN, _LITE_STD = (127.0,) * 3, (128.0,) * 3
BACKBONES = {
    "efficientnet_lite0": BackboneKind(
        side_px=224, channels=(40, 112, 320), mean=_LITE_MEAN, std=_LITE_STD
    ),
    "efficientnet_lite1": BackboneKind(
        side_px=240, channels=(40, 112, 320), mean=_LITE_MEAN, std=_LITE_STD
    ),
    "efficientnet_lite2": BackboneKind(
        side_px=260, channels=(48, 120, 352), mean=_LITE_MEAN, std=_LITE_STD
    ),
    "convnext_tiny": BackboneKind(side_px=224, channels=(192, 384, 768)),
    "efficientnet_v2_s": BackboneKind(side_px=384, channels=(64, 160, 256)),
    "resnet18": BackboneKind(side_px=224, channels=(128, 256, 512)),
    "resnet50": BackboneKind(side_px=224, channels=(512, 1024, 2048)),
}
"""Networks by name."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Everything between a chip and a score that is not a weight."""

    backbone: str = "efficientnet_lite0"
    """Name of the network, or of several joined by "+"."""
    input_px: int = 0
    """Side of the square input, pixels; 0 is what the network was trained on."""
    gsd_m: float = 0.1
    """Metres per pixel of the chips."""
    margin_m: float = 10.0
    """Metres around the parcel on a chip."""
    views: tuple[str, ...] = ("roof_grey", "near", "around")
    """What the network looks at, of `VIEWS`."""
    turns: int = 2
    """Orientations of every view, of `TURNS`."""
    mean: tuple[float, ...] = ()
    """Subtracted from red, green and blue, gray levels; empty is the network's own."""
    std: tuple[float, ...] = ()
    """Divides red, green and blue, gray levels; empty is the network's own."""
    stretch: bool = False
    """Stretch each color of every chip from its 1st to its 99th percentile, for flyovers of different sensors."""

    def __post_init__(self) -> None:
        """Check names and ranges."""
        for name in self.backbones:
            if name not in BACKBONES:
                raise ValueError(
                    f"backbone is {name!r}, want one of {', '.join(BACKBONES)}, or several joined by +"
                )
        if (
            len(set(self.backbones)) < len(self.backbones)
            or not self.views
            or set(self.views) - set(VIEWS)
            or len(set(self.views)) < len(self.views)
        ):
            raise ValueError(
                f"backbone is {self.backbone!r} and views are {list(self.views)}; want each once, views of {', '.join(VIEWS)}"
            )
        if self.turns not in TURNS or len(self.mean) not in (0, 3) or len(self.std) not in (0, 3):
            raise ValueError(
                f"turns is {self.turns}, mean {list(self.mean)}, std {list(self.std)}; want turns of {TURNS}, and three gray levels or none"
            )
        if not all(
            math.isfinite(value) for value in (self.gsd_m, self.margin_m, *self.mean, *self.std)
        ):
            raise ValueError(f"{self}: gsd_m, margin_m, mean and std must be finite")
        if (
            (self.input_px and self.input_px < 32)
            or self.gsd_m <= 0
            or self.margin_m < 0
            or any(value <= 0 for value in self.std)
        ):
            raise ValueError(
                f"{self}: want input_px >= 32 (or 0), gsd_m > 0, margin_m >= 0, std > 0"
            )

    @property
    def backbones(self) -> tuple[str, ...]:
        """Return the names of the networks."""
        return tuple(self.backbone.split("+"))

    def side_px(self, backbone: str) -> int:
        """Return the side of the input of one of the networks, pixels."""
        return self.input_px or BACKBONES[backbone].side_px

    @property
    def groups(self) -> tuple[int, ...]:
        """Return the lengths of the groups that the features of a chip fall into: by network, view, map, and mean or spread."""
        return tuple(
            width
            for name in self.backbones
            for _ in self.views
            for width in BACKBONES[name].channels
            for _ in range(2)
        )

    @property
    def features(self) -> int:
        """Return the number of features of a chip."""
        return sum(self.groups)


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """What the registry hands out."""

    name: str
    """Registered model."""
    version: int
    """Version in the registry."""
    spec: ModelSpec
    """Preprocessing and network."""
    sha256: str
    """Checksum of the model folder, as registered."""
    run_id: str
    """MLflow run that made it."""
    alias: str
    """"champion", "challenger" or ""."""
    folder: Path
    """The model's files on this machine."""

    @property
    def label(self) -> str:
        """Return "name/version", as written into ledgers."""
        return f"{self.name}/{self.version}"


def spec_to_json(spec: ModelSpec) -> str:
    """Write a spec as JSON with sorted keys."""
    return json.dumps(asdict(spec), indent=2, sort_keys=True)


def spec_from_json(text: str) -> ModelSpec:
    """Read a spec; unknown or missing keys are errors.

    Raises:
        ValueError: not JSON, or a value out of its range.
        TypeError: not a spec.
    """
    values = json.loads(text)
    known = {part.name: part.default for part in fields(ModelSpec)}
    if not isinstance(values, dict) or set(values) != set(known):
        raise TypeError("spec.json has other keys than this version of roofwatch knows")
    for name, default in known.items():
        kinds: tuple[type, ...] = (
            (list,)
            if isinstance(default, tuple)
            else (float, int)
            if isinstance(default, float)
            else (type(default),)
        )
        if not isinstance(values[name], kinds):
            raise TypeError(f"spec.json holds {values[name]!r} for {name}")
    make: Callable[..., ModelSpec] = ModelSpec
    return make(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
    )
