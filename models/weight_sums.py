"""The checksum of the weights of networks, taken from the file of a model. No torch."""

import hashlib
from pathlib import Path

from safetensors.numpy import load_file

from models.checksum import BACKBONE


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
