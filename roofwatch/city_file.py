"""The city file as dataclasses: every key with its meaning and its only default."""

import dataclasses
import datetime
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gis_export.table.audit_settings import AuditSettings
from gis_export.table.settings import ExportSettings
from gis_export.table.storm_settings import StormSettings
from imagery.chips.settings import TileSettings
from imagery.errors import ConfigError
from imagery.files import sha256_file
from imagery.photo_services.service import PhotoService
from imagery.roll.files import FootprintFile, ParcelFile, VacantFile
from imagery.roll.reach_settings import ReachSettings
from imagery.services.service import Service
from imagery.services.settings import SnapshotSettings
from imagery.settings import key
from inference.hazard import Thresholds
from labels.settings import LabelFile, LooksSettings
from models.spec import DOWNLOAD, ModelSpec
from training.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class CityInfo:
    """What the city is called, and where its results go."""

    name: str = field(metadata=key("Name of the city; the MLflow experiment."))
    workspace: Path = field(metadata=key("Folder in which everything is written."))


@dataclass(frozen=True, kw_only=True)
class FlyoverSource:
    """One year's imagery; a city file has one such section for every year."""

    year: int = field(metadata=key("Year of the imagery."))
    path: tuple[str, ...] = field(
        metadata=key(
            "Folder, glob, file, STAC item list, URL or GDAL virtual path; or a list of them. Or a "
            "tile service: an address with {z}, {x} and {y}, WMTS:https://..., or "
            "https://.../ImageServer (docs/snapshot.md).",
            path=True,
            remote=True,
        )
    )
    date: str = field(default="", metadata=key("Day of the flight, YYYY-MM-DD."))
    crs: str = field(
        default="",
        metadata=key(
            'CRS of tiles that carry none and have no .prj beside them, e.g. "EPSG:4326".'
        ),
    )
    zoom: int = field(
        default=-1,
        metadata=key("Level of a tile service; XYZ needs it, a WMTS takes what the model needs."),
    )
    layer: str = field(default="", metadata=key("Layer of a WMTS that has several."))
    own_pixels: str = field(
        default="",
        metadata=key(
            "Why a level of a tile service is sharp although `snapshot` finds that it only "
            "enlarges the level above: who looked at the photos, when, at how many. Without it "
            "such a level is refused. It is told by `check` and stands in the manifest."
        ),
    )
    photos: PhotoService | None = field(
        default=None, metadata=key("The tile service.", derived=True)
    )
    """The tile service; `path` is where its tiles are kept then."""

    @property
    def flown(self) -> datetime.date | None:
        """Return the day of the flight, None when not given."""
        return _read_day(self.date)


def _read_day(text: str) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


@dataclass(frozen=True, kw_only=True)
class ModelSettings(ModelSpec):
    """What the model looks at, and where its weights are."""

    weights: str = field(
        default="",
        metadata=key(
            'Local .safetensors or .pth state dict; "" takes the packaged weights, '
            '"download" fetches those of torchvision or timm.',
            path=True,
        ),
    )
    weights_sha256: str = field(
        default="",
        metadata=key('sha256 that the file of weights must have; "" takes any.'),
    )

    @property
    def spec(self) -> ModelSpec:
        """Return the spec alone."""
        names = [part.name for part in dataclasses.fields(ModelSpec)]
        return ModelSpec(**{name: getattr(self, name) for name in names})

    @cached_property
    def trusted_weights(self) -> str:
        """Return `weights`, once their checksum has been compared.

        Raises:
            ConfigError: the file is another one, or there is none to compare.
        """
        if not self.weights_sha256:
            return self.weights
        if self.weights in ("", DOWNLOAD):
            raise ConfigError("[model] weights_sha256: no file to compare; give [model] weights")

        got = sha256_file(Path(self.weights))
        if got != self.weights_sha256.lower():
            raise ConfigError(
                f"[model] weights: {Path(self.weights).name} has sha256 {got[:12]}, want "
                f"{self.weights_sha256[:12]} (weights_sha256); fetch the file again"
            )
        return self.weights


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """Where the hazard words begin, where that is not left to the model."""

    likely: float = field(
        default=0.0,
        metadata=key(
            "Calibrated score at which LIKELY begins; 0 is what the model was trained with."
        ),
    )
    possible: float = field(
        default=0.0,
        metadata=key(
            "Calibrated score at which POSSIBLE begins; 0 is what the model was trained with."
        ),
    )

    def __post_init__(self) -> None:
        """Check that both are given, in order, or neither."""
        if self.likely or self.possible:
            Thresholds(likely=self.likely, possible=self.possible)

    def thresholds(self, likely: float, possible: float) -> Thresholds:
        """Return the city's own thresholds, or else those of the model."""
        return Thresholds(likely=self.likely or likely, possible=self.possible or possible)


@dataclass(frozen=True, kw_only=True)
class ImagerySettings:
    """Where images may be, beside the folders and hosts of the flyovers and the city file."""

    allow: tuple[str, ...] = field(
        default=(),
        metadata=key(
            "Folders and addresses below which VRTs, STAC lists and links to folders may find "
            "images, beside the city file's folder. What leads elsewhere is named and not opened.",
            path=True,
            remote=True,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class MlflowSettings:
    """Where models are registered."""

    uri: str = field(
        default="",
        metadata=key('Tracking and registry address; "" is mlflow.db in the workspace.'),
    )


@dataclass(frozen=True, kw_only=True)
class CityFile:
    """A whole city file, paths made absolute."""

    city: CityInfo
    """[city]."""
    parcels: ParcelFile
    """[parcels]."""
    vacant: VacantFile
    """[vacant]."""
    flyover: tuple[FlyoverSource, ...]
    """Every [[flyover]], at least one, each year once."""
    labels: LabelFile | None = None
    """[labels]; only training needs it."""
    looks: LooksSettings = field(default_factory=LooksSettings)
    """[looks]."""
    footprints: FootprintFile | None = None
    """[footprints]."""
    imagery: ImagerySettings = field(default_factory=ImagerySettings)
    """[imagery]."""
    tile: TileSettings = field(default_factory=TileSettings)
    """[tile]; scale and margin come from [model]."""
    model: ModelSettings = field(default_factory=ModelSettings)
    """[model]."""
    train: TrainSettings = field(default_factory=TrainSettings)
    """[train]."""
    score: ScoreSettings = field(default_factory=ScoreSettings)
    """[score]."""
    export: ExportSettings = field(default_factory=ExportSettings)
    """[export]."""
    storm: StormSettings = field(default_factory=StormSettings)
    """[storm]."""
    audit: AuditSettings = field(default_factory=AuditSettings)
    """[audit]."""
    reach: ReachSettings | None = None
    """[reach]; without it nobody looks at parcels without a notice."""
    mlflow: MlflowSettings = field(default_factory=MlflowSettings)
    """[mlflow]."""
    snapshot: SnapshotSettings = field(default_factory=SnapshotSettings)
    """[snapshot]."""
    services: tuple[Service, ...] = field(
        default=(), metadata=key("Layers that are services.", derived=True)
    )
    """Layers that are services; their sections have the paths of their last snapshots."""

    @property
    def image_places(self) -> tuple[str, ...]:
        """Return every path and address at which images may be."""
        paths = [path for source in self.flyover for path in source.path]
        return (*paths, *self.imagery.allow)

    def source(self, year: int) -> FlyoverSource:
        """Return the flyover of a year.

        Raises:
            ConfigError: there is none.
        """
        for source in self.flyover:
            if source.year == year:
                return source

        have = ", ".join(str(source.year) for source in self.flyover)
        raise ConfigError(
            f"--year: got {year}, the city file has flyovers of {have}; "
            f"add a [[flyover]] for {year} or name one of these"
        )
