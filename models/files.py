"""Model files: safetensors and JSON, bound by one checksum. Nothing is ever unpickled."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_tensors

from imagery.errors import ConfigError, TamperedModel
from imagery.files import atomic_folder, atomic_path
from models.checksum import NAMES, model_checksum
from models.head import Head
from models.network import Backbones, joined_state, load_backbones
from models.spec import ModelSpec, spec_from_json, spec_to_json

ARRAYS = ("center", "scale", "weights", "bias", "covariance")
SCALARS = ("slope", "offset", "likely", "possible")


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """All that makes a chip into a score."""

    spec: ModelSpec
    """Preprocessing and networks."""
    head: Head
    """Linear head with its calibration."""
    backbones: Backbones
    """The networks, in the order of the spec."""


def save_model(folder: Path, model: Model) -> str:
    """Write a whole model into `folder` (made anew) and return its checksum."""
    with atomic_folder(folder) as temporary:
        save_tensors(joined_state(model.backbones), temporary / NAMES[0])
        save_head(temporary / NAMES[1], model.head)
        (temporary / NAMES[2]).write_text(spec_to_json(model.spec), encoding="utf-8")
    return model_checksum(folder)


def load_model(folder: Path, sha256: str) -> Model:
    """Load a model after its checksum has been compared.

    Raises:
        TamperedModel: the checksum differs, or a file cannot be parsed or does not fit the others.
    """
    got = model_checksum(folder)
    if got != sha256:
        raise TamperedModel(
            f"model at {folder}: sha256 is {got[:12]}, registered as {sha256[:12]}; promote another version or train again"
        )
    try:
        spec = spec_from_json((folder / NAMES[2]).read_text(encoding="utf-8"))
        head = load_head(folder / NAMES[1])
        if head.rung == "network" and len(head.center) != spec.features:
            raise ValueError(
                f"the head wants {len(head.center)} features, the spec makes {spec.features}"
            )
        return Model(spec=spec, head=head, backbones=load_backbones(spec, str(folder / NAMES[0])))
    except (
        SafetensorError,
        ConfigError,
        ValueError,
        TypeError,
        KeyError,
        json.JSONDecodeError,
    ) as error:
        raise TamperedModel(
            f"model at {folder} cannot be read: {error}; promote another version or train again"
        ) from error


def save_head(path: Path, head: Head) -> None:
    """Write a head alone."""
    arrays = {name: getattr(head, name) for name in ARRAYS}
    scalars = np.array([getattr(head, name) for name in SCALARS])
    with atomic_path(path) as temporary:
        save_file({**arrays, "scalars": scalars}, temporary, metadata={"rung": head.rung})


def load_head(path: Path) -> Head:
    """Read what `save_head` left.

    Raises:
        SafetensorError: not such a file.
        ValueError: its parts do not fit.
    """
    with safe_open(path, framework="numpy") as file:
        rung = (file.metadata() or {}).get("rung", "")
    arrays = load_file(path)
    slope, offset, likely, possible = arrays.pop("scalars").tolist()
    if set(arrays) != set(ARRAYS):
        raise ValueError(f"head holds {sorted(arrays)}, want {sorted(ARRAYS)}")
    center, scale, weights, bias, covariance = (arrays[name] for name in ARRAYS)
    return Head(
        rung=rung,
        center=center,
        scale=scale,
        weights=weights,
        bias=bias,
        covariance=covariance,
        slope=slope,
        offset=offset,
        likely=likely,
        possible=possible,
    )
