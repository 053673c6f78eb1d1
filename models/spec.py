"""What a model expects of a chip, written into every model so that scoring cannot disagree with training."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

BACKBONES = {"efficientnet_lite0": "efficientnet-lite0"}
"""Networks by name, and the name their library gives them."""
VIEWS = ("context", "roof", "roof_grey")


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Everything between a chip and a score that is not a weight."""

    backbone: str = "efficientnet_lite0"
    """Name of the network."""
    input_px: int = 224
    """Side of the square input, pixels."""
    gsd_m: float = 0.1
    """Metres per pixel of the chips."""
    margin_m: float = 10.0
    """Metres around the parcel on a chip."""
    mean: float = 127.0
    """Subtracted from every channel, grey levels."""
    std: float = 128.0
    """Divides every channel, grey levels."""
    stretch: bool = False
    """Stretch every chip from its 1st to its 99th percentile, for flyovers of different sensors."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.backbone not in BACKBONES:
            raise ValueError(f"backbone is {self.backbone!r}, want one of {', '.join(BACKBONES)}")
        if not all(math.isfinite(value) for value in (self.gsd_m, self.margin_m, self.mean, self.std)):
            raise ValueError(f"{self}: gsd_m, margin_m, mean and std must be finite")
        if self.input_px < 32 or self.gsd_m <= 0 or self.margin_m < 0 or self.std <= 0:
            raise ValueError(f"{self}: want input_px >= 32, gsd_m > 0, margin_m >= 0, std > 0")


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
    """Read a spec; unknown or missing keys are errors."""
    return ModelSpec(**json.loads(text))
