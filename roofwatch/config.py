"""The city file: TOML into typed dataclasses, checked whole before any work. Unknown keys are errors."""

import dataclasses
import datetime
import difflib
import os
import re
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from gis_export.table.settings import ExportSettings
from imagery.chips.tiling import TileSettings
from imagery.errors import ConfigError, MissingInput
from imagery.flyover.sources import SCHEMES
from imagery.roll.parcels import FootprintFile, ParcelFile, VacantFile
from inference.hazard import Thresholds
from labels.files import LabelFile
from models.spec import DOWNLOAD, ModelSpec
from training.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class CityInfo:
    """Keys of [city]."""

    name: str
    """Name of the city; the MLflow experiment."""
    workspace: Path
    """Folder in which everything is written."""


@dataclass(frozen=True, kw_only=True)
class FlyoverSource:
    """Keys of one [[flyover]]."""

    year: int
    """Year the imagery stands for."""
    path: tuple[str, ...]
    """Folder, glob, file, STAC item list, URL or GDAL virtual path; or a list of them."""
    date: str = ""
    """Date of the flight, YYYY-MM-DD."""
    crs: str = ""
    """CRS of tiles that carry none and have no .prj beside them, e.g. "EPSG:4326"."""

    @property
    def flown(self) -> datetime.date | None:
        """Return the date of the flight, None when not given."""
        return datetime.date.fromisoformat(self.date) if self.date else None


@dataclass(frozen=True, kw_only=True)
class ModelSettings(ModelSpec):
    """Keys of [model]: the spec, and where its weights lie."""

    weights: str = ""
    """Local .safetensors or .pth state dict; "" takes the packaged weights, "download" fetches torchvision's."""

    @property
    def spec(self) -> ModelSpec:
        """Return the spec alone."""
        return ModelSpec(
            **{part.name: getattr(self, part.name) for part in dataclasses.fields(ModelSpec)}
        )


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """Keys of [score]."""

    likely: float = 0.0
    """Calibrated score at which LIKELY begins; 0 is what the model was trained with."""
    possible: float = 0.0
    """Calibrated score at which POSSIBLE begins; 0 is what the model was trained with."""

    def __post_init__(self) -> None:
        """Check that both are given, in order, or neither."""
        if self.likely or self.possible:
            Thresholds(likely=self.likely, possible=self.possible)

    def thresholds(self, likely: float, possible: float) -> Thresholds:
        """Return the city's own thresholds, or else those of the model."""
        return Thresholds(likely=self.likely or likely, possible=self.possible or possible)


@dataclass(frozen=True, kw_only=True)
class MlflowSettings:
    """Keys of [mlflow]."""

    uri: str = ""
    """Tracking and registry address; "" is mlflow.db in the workspace."""


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
    footprints: FootprintFile | None = None
    """[footprints]."""
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
    mlflow: MlflowSettings = field(default_factory=MlflowSettings)
    """[mlflow]."""

    def source(self, year: int) -> FlyoverSource:
        """Return the flyover of a year.

        Raises:
            ConfigError: there is none.
        """
        for one in self.flyover:
            if one.year == year:
                return one
        have = ", ".join(str(one.year) for one in self.flyover)
        raise ConfigError(
            f"--year: got {year}, the city file has flyovers of {have}; add a [[flyover]] for {year} or name one of these"
        )


def read_city(path: Path) -> CityFile:
    """Read and check a city file.

    Raises:
        MissingInput: the file, or a file it names, is not there.
        ConfigError: bad TOML, an unknown or missing key, a wrong type, two flyovers of one year.
    """
    if not path.is_file():
        raise MissingInput(f"city file: no file at {path}; give the path of a city TOML file")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not valid TOML: {error}; mend that line") from error
    city = _Reader(file=path.name, base=path.parent.resolve()).table(CityFile, document, "")
    _check(city, path.name)
    return dataclasses.replace(
        city,
        tile=dataclasses.replace(city.tile, gsd_m=city.model.gsd_m, margin_m=city.model.margin_m),
    )


def _check(city: CityFile, file: str) -> None:
    if not re.search(r"[A-Za-z0-9]", city.city.name):
        raise ConfigError(f"{file}: [city] name: got {city.city.name!r}, want a name with letters")
    years = [one.year for one in city.flyover]
    if not years:
        raise ConfigError(f"{file}: no [[flyover]]; want at least one with year and path")
    for year in years:
        if years.count(year) > 1:
            raise ConfigError(
                f"{file}: [[flyover]] year: got {year} twice, want each year once; join the two path entries into a list"
            )
    for one in city.flyover:
        try:
            _ = one.flown
        except ValueError as error:
            raise ConfigError(
                f"{file}: [[flyover]] {one.year} date: got {one.date!r}, want YYYY-MM-DD"
            ) from error
    named = {"parcels": city.parcels.path, "vacant": city.vacant.path}
    if city.labels:
        named["labels"] = city.labels.path
    if city.footprints:
        named["footprints"] = city.footprints.path
    files = [(f"[{section}] path", target) for section, target in named.items()]
    dispatch = city.export.dispatch
    files += [
        (f"[export.dispatch] {key}", target)
        for key, target in (("columns", dispatch.columns), ("addresses", dispatch.addresses))
        if target
    ]
    for key, target in files:
        if not str(target).startswith("/vsi") and not target.exists():
            raise MissingInput(f"{file}: {key}: no file at {target}; put it there or mend the path")
    if city.model.weights not in ("", DOWNLOAD) and not Path(city.model.weights).exists():
        raise MissingInput(
            f"{file}: [model] weights: no file at {city.model.weights}; give a .safetensors or .pth state dict"
        )


def _is_path(where: str, value: str) -> bool:
    """Tell whether a text in the city file is a path that is not typed as one."""
    return (where == "flyover.path" and value != "") or (
        where == "model.weights" and value not in ("", DOWNLOAD)
    )


_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Turns TOML values into the types that the dataclasses name."""

    file: str
    """Name of the city file, for messages."""
    base: Path
    """Folder that relative paths start from."""

    def table(self, kind: type[_T], values: object, where: str) -> _T:
        """Build one dataclass from one TOML table."""
        if not isinstance(values, dict):
            raise ConfigError(
                f"{self.file}: {where or 'file'}: got {values!r}, want a table [{where}]"
            )
        if not dataclasses.is_dataclass(kind):
            raise TypeError(f"{kind} is no dataclass")
        hints = typing.get_type_hints(kind)
        fields = {part.name: part for part in dataclasses.fields(kind)}
        settable = [
            name for name in fields if not (where == "tile" and name in ("gsd_m", "margin_m"))
        ]
        for key in values:
            if key not in settable:
                place = f"[{where}] {key}" if where else f"[{key}]"
                near = difflib.get_close_matches(str(key), settable, n=1)
                hint = (
                    f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(settable)}"
                )
                raise ConfigError(f"{self.file}: {place}: unknown key; {hint}")
        for name, part in fields.items():
            needed = (
                part.default is dataclasses.MISSING and part.default_factory is dataclasses.MISSING
            )
            if needed and name not in values:
                raise ConfigError(
                    f"{self.file}: {f'[{where}] {name}' if where else f'[{name}]'}: missing; add it"
                )
        parsed = {
            key: self.value(hints[key], value, f"{where}.{key}" if where else str(key))
            for key, value in values.items()
        }
        try:
            return kind(**parsed)
        except ValueError as error:
            raise ConfigError(f"{self.file}: [{where}]: {error}") from error

    def value(self, kind: object, value: object, where: str) -> object:
        """Turn one TOML value into the type of its field."""
        options = typing.get_args(kind)
        if isinstance(kind, types.UnionType):
            return self.value(options[0], value, where)
        if typing.get_origin(kind) is tuple:
            items = value if isinstance(value, list) else [value]
            if not items:
                raise ConfigError(
                    f"{self.file}: {where}: got an empty list, want at least one entry"
                )
            return tuple(self.value(options[0], item, where) for item in items)
        if typing.get_origin(kind) is dict and isinstance(value, dict):
            return {
                str(key): self.value(options[1], item, f"{where}.{key}")
                for key, item in value.items()
            }
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            return self.table(kind, value, where)
        if kind is Path and isinstance(value, str) and value:
            return Path(self.place(value, where))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if kind is str and isinstance(value, datetime.date):
            return value.isoformat()
        if isinstance(kind, type) and type(value) is kind:
            return (
                self.place(value, where)
                if isinstance(value, str) and _is_path(where, value)
                else value
            )
        names = {
            Path: "a path in quotes",
            str: "text in quotes",
            int: "a whole number",
            float: "a number",
            bool: "true or false",
        }
        want = names.get(kind, str(kind)) if isinstance(kind, type) else str(kind)
        raise ConfigError(
            f"{self.file}: {where}: got {value!r} ({type(value).__name__}), want {want}"
        )

    def place(self, path: str, where: str) -> str:
        """Fill in $NAME from the environment and make a path absolute; GDAL virtual paths and the URLs of flyovers stay as they are."""
        filled = os.path.expandvars(path)
        if "$" in filled:
            raise ConfigError(
                f"{self.file}: {where}: got {path!r} and no such environment variable; set it, or write the path itself"
            )
        remote = ("/vsi", *SCHEMES, "file://") if where == "flyover.path" else ("/vsi",)
        return (
            filled
            if filled.lower().startswith(remote)
            else os.path.normpath(self.base / Path(filled).expanduser())
        )
