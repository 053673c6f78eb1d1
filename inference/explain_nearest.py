"""Which labeled roofs look most like a given roof to the head."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.head import Floats, Head, head_scores

NEAREST = 3
"""Labeled roofs that are shown."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RoofFeatures:
    """What a head looks at of the labeled roofs."""

    parcel_ids: Sequence[str]
    """Parcel of every labeled roof, N; a roof labeled in two years is listed twice."""
    matrix: NDArray[np.float32]
    """Features, (N, F)."""


@dataclass(frozen=True, kw_only=True)
class Neighbor:
    """A labeled roof that looks similar."""

    row: int
    """Its row among the labeled roofs."""
    similarity: float
    """Cosine of the weighted features, -1 to 1."""
    score: float
    """Calibrated score that the head gives it."""


def nearest_roofs(
    head: Head,
    features: NDArray[np.float32],
    labeled: RoofFeatures,
    *,
    not_of: str = "",
    count: int = NEAREST,
) -> list[Neighbor]:
    """Return the labeled roofs that look most similar to the head, each roof once.

    Args:
        head: Features are compared by what each means to it: standardized, times its weight.
        features: What the head looks at, (F,).
        labeled: The same of the labeled roofs.
        not_of: Parcel that is left out: the roof itself.
        count: How many.
    """
    if not len(labeled.matrix):
        return []

    ours = _weighted(head, features)
    theirs = _weighted(head, labeled.matrix)
    lengths = np.linalg.norm(theirs, axis=1) * np.linalg.norm(ours)
    cosine = theirs @ ours / np.maximum(lengths, 1e-12)

    rows: dict[str, int] = {}
    for row in np.argsort(-cosine, kind="stable").tolist():
        parcel_id = labeled.parcel_ids[row]
        if len(rows) < count and parcel_id != not_of:
            rows.setdefault(parcel_id, row)
    if not rows:
        return []

    near = list(rows.values())
    scores, _, _ = head_scores(head, labeled.matrix[near])
    return [
        Neighbor(row=row, similarity=float(cosine[row]), score=float(score))
        for row, score in zip(near, scores, strict=True)
    ]


def _weighted(head: Head, features: NDArray[np.float32]) -> Floats:
    """Return features (..., F), standardized and weighted as the head does."""
    standard = (features.astype(np.float64) - head.center) / head.scale
    return np.asarray(standard * head.weights[0], dtype=np.float64)
