"""What a model expects of a chip.

It is written into every model, so that scoring cannot disagree with training.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from imagery.errors import TamperedModel
from imagery.settings import key
from models.backbone_kind import BackboneKind
from models.backbones import backbone_kind

DOWNLOAD = "download"
"""Value of [model] weights that fetches those of torchvision or timm."""
VIEWS = ("roof", "roof_grey", "near", "around", "context")
"""Ways of looking at a chip (see `models.preprocess`)."""
TURNS = (1, 2, 4, 8)
"""Numbers of orientations of a view whose features are averaged.

1 is the view as it is. 2 adds it turned by 90°, 4 by 180° and 270°, and 8 all of these mirrored.
"""
LEAST_INPUT_PX = 32
"""Side of the smallest input that the networks take, pixels."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Everything between a chip and a score that is not a weight."""

    backbone: str = field(
        default="efficientnet_lite0",
        metadata=key(
            'Name of the network, or of several joined by "+"; any network of timm as '
            '"timm:NAME", such as "timm:vit_small_patch14_dinov2".'
        ),
    )
    input_px: int = field(
        default=0,
        metadata=key("Side of the square input, pixels; 0 is what the network was trained on."),
    )
    gsd_m: float = field(default=0.1, metadata=key("Meters per pixel of the chips."))
    margin_m: float = field(default=10.0, metadata=key("Meters around the parcel on a chip."))
    views: tuple[str, ...] = field(
        default=("roof_grey", "near", "around"),
        metadata=key("What the network looks at, of `VIEWS`."),
    )
    turns: int = field(default=2, metadata=key("Orientations of every view, of `TURNS`."))
    mean: tuple[float, ...] = field(
        default=(),
        metadata=key(
            "Subtracted from red, green and blue, gray levels; empty is the network's own."
        ),
    )
    std: tuple[float, ...] = field(
        default=(),
        metadata=key("Divides red, green and blue, gray levels; empty is the network's own."),
    )
    stretch: bool = field(
        default=False,
        metadata=key(
            "Stretch each color of a chip from its 1st to its 99th percentile, for mixed sensors."
        ),
    )

    def __post_init__(self) -> None:
        """Check names and ranges."""
        for name in self.backbones:
            self.kind(name)
        self._check_names()
        self._check_normalization()
        self._check_ranges()

    def _check_names(self) -> None:
        has_twins = len(set(self.backbones)) < len(self.backbones)
        views = set(self.views)
        if has_twins or not views or views - set(VIEWS) or len(views) < len(self.views):
            raise ValueError(
                f"backbone is {self.backbone!r} and views are {list(self.views)}; "
                f"want each once, views of {', '.join(VIEWS)}"
            )

    def _check_normalization(self) -> None:
        if self.turns not in TURNS or len(self.mean) not in (0, 3) or len(self.std) not in (0, 3):
            raise ValueError(
                f"turns is {self.turns}, mean {list(self.mean)}, std {list(self.std)}; "
                f"want turns of {TURNS}, and three gray levels or none"
            )

    def _check_ranges(self) -> None:
        numbers = (self.gsd_m, self.margin_m, *self.mean, *self.std)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"{self}: gsd_m, margin_m, mean and std must be finite")

        is_tiny = self.input_px != 0 and self.input_px < LEAST_INPUT_PX
        has_bad_std = any(level <= 0 for level in self.std)
        if is_tiny or self.gsd_m <= 0 or self.margin_m < 0 or has_bad_std:
            raise ValueError(
                f"{self}: want input_px >= {LEAST_INPUT_PX} (or 0), gsd_m > 0, margin_m >= 0, "
                "std > 0"
            )

    @property
    def backbones(self) -> tuple[str, ...]:
        """Return the names of the networks."""
        return tuple(self.backbone.split("+"))

    def side_px(self, backbone: str) -> int:
        """Return the side of the input of one of the networks, pixels."""
        return self.input_px or self.kind(backbone).side_px

    def kind(self, backbone: str) -> BackboneKind:
        """Return what is fixed about one of the networks."""
        return backbone_kind(backbone, self.input_px)

    @property
    def groups(self) -> tuple[int, ...]:
        """Return the lengths of the groups that the features of a chip fall into.

        They are ordered by network, view and map; each map has a group of means and one of spreads.
        """
        widths: list[int] = []
        for name in self.backbones:
            for channels in self.kind(name).channels * len(self.views):
                widths += [channels, channels]
        return tuple(widths)

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
    origin: str = ""
    """Where a borrowed model comes from, in words; "" for the city's own."""

    @property
    def label(self) -> str:
        """Return "name/version", as written into ledgers."""
        return f"{self.name}/{self.version}"


def spec_to_json(spec: ModelSpec) -> str:
    """Write a spec as JSON with sorted keys."""
    return json.dumps(asdict(spec), indent=2, sort_keys=True)


def read_spec(file: Path, label: str) -> ModelSpec:
    """Read the spec of a model.

    Args:
        file: Where it is.
        label: The model, as people are told of it.

    Raises:
        TamperedModel: it cannot be read.
    """
    try:
        return spec_from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError) as error:
        raise TamperedModel(
            f"{label}: {file.name} cannot be read ({error}); promote another version"
        ) from error


def spec_from_json(text: str) -> ModelSpec:
    """Read a spec; unknown or missing keys are errors.

    Raises:
        ValueError: not JSON, or a value out of its range.
        TypeError: not a spec.
    """
    found = json.loads(text)
    defaults = {field.name: field.default for field in fields(ModelSpec)}
    if not isinstance(found, dict) or set(found) != set(defaults):
        raise TypeError("spec.json has other keys than this version of roofwatch knows")

    values = {}
    for name, default in defaults.items():
        value = found[name]
        if not isinstance(value, json_types(default)):
            raise TypeError(f"spec.json holds {value!r} for {name}")
        values[name] = tuple(value) if isinstance(value, list) else value

    make: Callable[..., ModelSpec] = ModelSpec
    return make(**values)


def json_types(default: object) -> tuple[type, ...]:
    """Return the types that the value of a field may have in JSON, given its default."""
    if isinstance(default, tuple):
        return (list,)
    if isinstance(default, float):
        return (float, int)
    return (type(default),)
