"""Which labeled roofs look most like a given roof to the head."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.head import Head, head_scores

NEAREST = 3
"""Labeled roofs that are shown."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabeledLooks:
    """How the labeled roofs look to a head."""

    parcel_ids: Sequence[str]
    """Parcel of every labeled roof, N; a roof labeled in two years is listed twice."""
    directions: NDArray[np.float32]
    """Features weighted as the head does, of length 1; 0 for a roof at the mean, (N, F)."""
    scores: NDArray[np.float64]
    """Calibrated score that the head gives each, (N,)."""


@dataclass(frozen=True, kw_only=True)
class Neighbor:
    """A labeled roof that looks similar."""

    row: int
    """Its row among the labeled roofs."""
    similarity: float
    """Cosine of the weighted features, -1 to 1."""
    score: float
    """Calibrated score that the head gives it."""


def looks_of(head: Head, parcel_ids: Sequence[str], matrix: NDArray[np.float32]) -> LabeledLooks:
    """Return how labeled roofs look to a head.

    Args:
        head: Features are compared by what each means to it: standardized, times its weight.
        parcel_ids: Parcel of every roof, N.
        matrix: What the head looks at, (N, F).
    """
    scores, _, _ = head_scores(head, matrix)
    return LabeledLooks(parcel_ids=parcel_ids, directions=_direction(head, matrix), scores=scores)


def join_looks(parts: Sequence[LabeledLooks]) -> LabeledLooks:
    """Return the labeled roofs of several parts as one; there must be a part."""
    return LabeledLooks(
        parcel_ids=[parcel_id for part in parts for parcel_id in part.parcel_ids],
        directions=np.concatenate([part.directions for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
    )


def nearest_roofs(
    head: Head,
    features: NDArray[np.float32],
    labeled: LabeledLooks,
    *,
    not_of: str = "",
    count: int = NEAREST,
) -> list[Neighbor]:
    """Return the labeled roofs that look most similar to the head, each roof once.

    Args:
        head: The head that `labeled` is of.
        features: What the head looks at, (F,).
        labeled: The labeled roofs.
        not_of: Parcel that is left out: the roof itself.
        count: How many.
    """
    cosine = labeled.directions @ _direction(head, features)

    rows: dict[str, int] = {}
    for row in np.argsort(-cosine, kind="stable").tolist():
        parcel_id = labeled.parcel_ids[row]
        if len(rows) < count and parcel_id != not_of:
            rows.setdefault(parcel_id, row)

    return [
        Neighbor(row=row, similarity=float(cosine[row]), score=float(labeled.scores[row]))
        for row in rows.values()
    ]


def _direction(head: Head, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features (..., F), standardized, weighted as the head does, and of length 1."""
    weighted = (features.astype(np.float64) - head.center) / head.scale * head.weights[0]
    lengths = np.linalg.norm(weighted, axis=-1, keepdims=True)
    return np.asarray(weighted / np.maximum(lengths, 1e-12), dtype=np.float32)
