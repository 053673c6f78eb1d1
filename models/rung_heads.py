"""The heads of the rungs that do not ship: a second opinion on a flyover."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from models.files import load_head
from models.head import Head

OTHER = {"joined": "measures", "network": "measures", "measures": "joined", "dark_share": "joined"}
"""Which rung is asked beside the one that ships."""
SUFFIX = ".safetensors"


def find_rung_heads(folders: Iterable[Path], ours: Head) -> Head | None:
    """Return the head that is asked beside the one that ships.

    Args:
        folders: Where trainings left the heads of all rungs; they may not exist.
        ours: The head that ships; the other must come from the same training.

    Returns:
        None where the training of the model left nothing there.
    """
    for folder in folders:
        same = _read(folder / f"{ours.rung}{SUFFIX}")
        other = _read(folder / f"{OTHER[ours.rung]}{SUFFIX}")
        if same is None or other is None:
            continue
        if same.weights.shape == ours.weights.shape and np.array_equal(same.weights, ours.weights):
            return other
    return None


def _read(path: Path) -> Head | None:
    """Read a head; None where it is gone, damaged or of another version."""
    try:
        return load_head(path)
    except (OSError, SafetensorError, ValueError, KeyError):
        return None
