"""The checksum by which a model is known. No torch."""

import hashlib
from pathlib import Path

from imagery.errors import TamperedModel
from imagery.files import sha256_file

BACKBONE = "backbone.safetensors"
"""File of the weights of the networks."""
HEAD = "head.safetensors"
"""File of the head."""
SPEC = "spec.json"
"""File of the spec."""
NAMES = (BACKBONE, HEAD, SPEC)
"""Files of a model, sorted."""


def model_checksum(folder: Path) -> str:
    """Return the sha256 over the names and checksums of the model's files.

    Raises:
        TamperedModel: a file is missing, or one is there that does not belong.
    """
    have = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if have != list(NAMES):
        raise TamperedModel(
            f"model {folder.name}: files are {have}, want {list(NAMES)}; promote another version"
        )

    lines = [f"{name} {sha256_file(folder / name)}" for name in NAMES]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
