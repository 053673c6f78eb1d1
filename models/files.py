"""Model files: safetensors and JSON, bound by one checksum. Nothing is ever unpickled."""

import hashlib
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_tensors

from imagery.errors import TamperedModel
from imagery.files import atomic_folder, sha256_file
from models.head import Head
from models.network import PooledBackbone, load_backbone
from models.spec import ModelSpec, spec_from_json, spec_to_json

NAMES = ("backbone.safetensors", "head.safetensors", "spec.json")


def save_model(folder: Path, spec: ModelSpec, head: Head, backbone: PooledBackbone) -> str:
    """Write a whole model into `folder` (made anew) and return its checksum."""
    with atomic_folder(folder) as temporary:
        save_tensors({name: part.contiguous() for name, part in backbone.network.state_dict().items()}, temporary / NAMES[0])
        save_file({
            "center": head.center, "scale": head.scale, "weights": head.weights, "bias": head.bias,
            "platt": np.array([head.slope, head.offset]),
        }, temporary / NAMES[1])  # fmt: skip
        (temporary / NAMES[2]).write_text(spec_to_json(spec), encoding="utf-8")
    return model_checksum(folder)


def model_checksum(folder: Path) -> str:
    """Return the sha256 over the names and checksums of the model's files.

    Raises:
        TamperedModel: a file is missing, or one is there that does not belong.
    """
    have = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if have != sorted(NAMES):
        raise TamperedModel(f"model {folder.name}: files are {have}, want {sorted(NAMES)}; promote another version")
    lines = [f"{name} {sha256_file(folder / name)}" for name in sorted(NAMES)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def load_model(folder: Path, sha256: str) -> tuple[ModelSpec, Head, PooledBackbone]:
    """Load a model after its checksum has been compared.

    Raises:
        TamperedModel: the checksum differs, or a file cannot be parsed.
    """
    got = model_checksum(folder)
    if got != sha256:
        raise TamperedModel(f"model at {folder}: sha256 is {got[:12]}, registered as {sha256[:12]}; promote another version or train again")
    try:
        spec = spec_from_json((folder / NAMES[2]).read_text(encoding="utf-8"))
        parts = load_file(folder / NAMES[1])
        platt = parts.pop("platt")
        head = Head(**parts, slope=float(platt[0]), offset=float(platt[1]))
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise TamperedModel(f"model at {folder} cannot be read: {error}; promote another version or train again") from error
    return spec, head, load_backbone(spec, str(folder / NAMES[0]))
