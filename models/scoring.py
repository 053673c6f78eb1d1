"""From chips to calibrated scores in one call, for any caller with a model and some chips."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.chips.store import StoredChip
from models.extract import CHIPS_AT_ONCE, engine_features
from models.feature_cache import COLUMNS, feature_matrix
from models.features import load_networks
from models.files import Model
from models.head import head_scores
from models.measures import roof_measures
from models.spec import ModelSpec

if TYPE_CHECKING:
    from models.network import Backbones


def score_chips(model: Model, chips: Sequence[StoredChip]) -> NDArray[np.float64]:
    """Return score, score_low and score_high of every chip, (N, 3).

    Args:
        model: Preprocessing, networks and head.
        chips: Any sizes; each mask marks at least one pixel.

    Raises:
        ValueError: a mask is empty.
    """
    for number, chip in enumerate(chips):
        if not chip.mask.any():
            raise ValueError(f"chip {number} has an empty mask; mark the parcel with 1")

    parts = [np.zeros((0, 3))]
    for start in range(0, len(chips), CHIPS_AT_ONCE):
        seen = look_at(model, chips[start : start + CHIPS_AT_ONCE])
        parts.append(np.stack(head_scores(model.head, seen), axis=1))
    return np.concatenate(parts)


def look_at(model: Model, chips: Sequence[StoredChip]) -> NDArray[np.float32]:
    """Return what the model's rung looks at, (N, F)."""
    columns = {}
    if "measures" in COLUMNS[model.head.rung]:
        columns["measures"] = list(np.stack([roof_measures(chip) for chip in chips]))
    if "features" in COLUMNS[model.head.rung]:
        columns["features"] = list(chip_features(model.spec, load_networks(model.network), chips))
    return feature_matrix(pd.DataFrame(columns), model.head.rung)


def chip_features(
    spec: ModelSpec, backbones: "Backbones", chips: Sequence[StoredChip], *, threads: int = 0
) -> NDArray[np.float32]:
    """Return the features of chips, averaged over the turns, (N, spec.features)."""
    # It loads torch, which whoever only saves a model does without.
    from models.network import backbone_engines

    return engine_features(spec, backbone_engines(backbones, spec, threads=threads), chips)
