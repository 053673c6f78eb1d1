"""Model files: safetensors and JSON, bound by one checksum. Nothing is ever unpickled."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from imagery.errors import ConfigError, TamperedModel
from imagery.files import atomic_folder, atomic_path
from models.checksum import BACKBONE, HEAD, SPEC, model_checksum
from models.extract import NetworkSource
from models.feature_cache import PARTS
from models.flyover_stats import Floats, FlyoverStats
from models.head import Head
from models.measures import MEASURES
from models.spec import ModelSpec, spec_from_json, spec_to_json
from models.weight_sums import SOURCE

if TYPE_CHECKING:
    from models.network import Backbones

ARRAYS = ("center", "scale", "weights", "bias", "covariance", "rates")
SCALARS = (
    "slope",
    "offset",
    "separation",
    "share",
    "share_error",
    "tried",
    "likely",
    "possible_even",
)
FLYOVERS = ("flyover_years", "flyover_chips", "flyover_center", "flyover_middle_spread")
REMEDY = "promote another version or train again"
BROKEN = (SafetensorError, ConfigError, ValueError, TypeError, KeyError)
"""Errors of files with the right checksum that hold no model."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """All that turns a chip into a score; its networks are loaded where they run."""

    network: NetworkSource
    """Preprocessing and networks."""
    head: Head
    """Linear head with its calibration."""

    @property
    def spec(self) -> ModelSpec:
        """Return preprocessing and networks, without their weights."""
        return self.network.spec


def save_model(
    folder: Path, spec: ModelSpec, head: Head, networks: "Backbones | Path", *, source: str = ""
) -> str:
    """Write a whole model into a folder, in place of what is there, and return its checksum.

    Args:
        folder: Where to.
        spec: Preprocessing and networks.
        head: The head.
        networks: The networks, or a model's file of their weights, which is copied.
        source: Of networks that are as they were read, see `models.weight_sums.source_checksum`.
    """
    with atomic_folder(folder) as temporary:
        if isinstance(networks, Path):
            shutil.copyfile(networks, temporary / BACKBONE)
        else:
            _save_networks(temporary / BACKBONE, networks, source)
        save_head(temporary / HEAD, head)
        (temporary / SPEC).write_text(spec_to_json(spec), encoding="utf-8")
    return model_checksum(folder)


def _save_networks(path: Path, networks: "Backbones", source: str) -> None:
    from safetensors.torch import save_file as save_tensors

    from models.network import joined_state

    save_tensors(joined_state(networks), path, metadata={SOURCE: source} if source else None)


def load_model(folder: Path, sha256: str) -> Model:
    """Load a model after its checksum has been compared; its networks stay on disk.

    Raises:
        TamperedModel: the checksum differs, or a file cannot be parsed or does not fit the others.
    """
    got = model_checksum(folder)
    if got != sha256:
        raise TamperedModel(
            f"model at {folder}: sha256 is {got[:12]}, registered as {sha256[:12]}; {REMEDY}"
        )
    try:
        return _read_model(folder)
    except BROKEN as error:
        raise TamperedModel(f"model at {folder} cannot be read: {error}; {REMEDY}") from error


def _read_model(folder: Path) -> Model:
    spec = spec_from_json((folder / SPEC).read_text(encoding="utf-8"))
    head = load_head(folder / HEAD)
    wanted = len(head.center)
    made = len(np.empty(len(MEASURES) + spec.features)[PARTS[head.rung]])
    if wanted != made:
        raise ValueError(f"the head wants {wanted} features, the spec makes {made}")

    _check_weights(folder / BACKBONE, spec)
    return Model(network=NetworkSource(spec=spec, weights=str(folder / BACKBONE)), head=head)


def _check_weights(path: Path, spec: ModelSpec) -> None:
    """Check that a file holds weights of each network of a spec, and of no other."""
    with safe_open(path, framework="numpy") as file:
        names = {key.partition("/")[0] for key in file.keys()}  # noqa: SIM118  # it is no dict
    if names != set(spec.backbones):
        raise ValueError(f"weights are of {sorted(names)}, the spec wants {list(spec.backbones)}")


def save_head(path: Path, head: Head) -> None:
    """Write a head alone."""
    arrays = {name: getattr(head, name) for name in ARRAYS}
    arrays["scalars"] = np.array([float(getattr(head, name)) for name in SCALARS])
    if head.flyovers:
        arrays["flyover_years"] = np.array([stats.year for stats in head.flyovers])
        arrays["flyover_chips"] = np.array([stats.chips for stats in head.flyovers])
        arrays["flyover_center"] = np.stack([stats.center for stats in head.flyovers])
        arrays["flyover_middle_spread"] = np.stack([stats.spread for stats in head.flyovers])
    with atomic_path(path) as temporary:
        save_file(arrays, temporary, metadata={"rung": head.rung})


def load_head(path: Path) -> Head:
    """Read what `save_head` wrote.

    Raises:
        SafetensorError: not such a file.
        ValueError: its parts do not fit.
    """
    with safe_open(path, framework="numpy") as file:
        rung = (file.metadata() or {}).get("rung", "")

    arrays = load_file(path)
    scalars = dict(zip(SCALARS, arrays.pop("scalars").tolist(), strict=True))
    flyovers = _read_flyovers(arrays)
    if set(arrays) != set(ARRAYS):
        raise ValueError(f"head holds {sorted(arrays)}, want {sorted(ARRAYS)}")

    return Head(
        rung=rung,
        flyovers=flyovers,
        center=arrays["center"],
        scale=arrays["scale"],
        weights=arrays["weights"],
        bias=arrays["bias"],
        covariance=arrays["covariance"],
        slope=scalars["slope"],
        offset=scalars["offset"],
        separation=scalars["separation"],
        share=scalars["share"],
        rates=arrays["rates"],
        share_error=scalars["share_error"],
        tried=int(scalars["tried"]),
        likely=scalars["likely"],
        possible_even=scalars["possible_even"],
    )


def _read_flyovers(arrays: dict[str, Floats]) -> tuple[FlyoverStats, ...]:
    """Take the statistics of the training flyovers out of the arrays of a head."""
    if not set(FLYOVERS) <= set(arrays):
        return ()

    years, chips, centers, spreads = (arrays.pop(name) for name in FLYOVERS)
    return tuple(
        FlyoverStats(year=int(year), chips=int(count), center=center, spread=spread)
        for year, count, center, spread in zip(years, chips, centers, spreads, strict=True)
    )
