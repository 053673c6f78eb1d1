"""What a head learns from: the features of labeled roofs, and how their labels are grouped."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagery.errors import InputError
from training.ridge import Matrix

LEAST_OF_A_CLASS = 4
"""Failing and intact labels needed at least."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Features that lie side by side and weigh together."""

    features: int
    """How many they are."""
    weight: float = 1.0
    """What they weigh together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabeledFeatures:
    """What one rung sees of labeled roofs, with their labels."""

    features: Matrix
    """What the rung looks at, (N, F)."""
    relit: Matrix | None
    """The same of the chips in other light, (N, F); None without."""
    failing: NDArray[np.int64]
    """0 or 1, (N,)."""
    folds: NDArray[np.int64]
    """Fold numbers, (N,)."""
    blocks: NDArray[np.object_]
    """Blocks, (N,)."""
    flyovers: NDArray[np.int64]
    """Year of the flyover of each label, (N,); labels of one flyover are compared with each
    other."""
    weights: NDArray[np.float64]
    """What each label weighs where it says how often roofs fail, (N,): more where it stands for
    roofs that were seldom chosen."""
    groups: tuple[Group, ...]
    """Groups of features, adding up to F."""

    def __post_init__(self) -> None:
        """Check shapes, numbers and classes.

        Raises:
            InputError: features that are not finite, too few labels of a class, or a single fold.
        """
        self._check_classes()
        self._check_features()
        self._check_folds()

    def __len__(self) -> int:
        """Return the number of labels."""
        return len(self.failing)

    def _check_features(self) -> None:
        width = sum(group.features for group in self.groups)
        if width != self.features.shape[1]:
            raise ValueError(f"groups add up to {width}, features are {self.features.shape}")

        is_finite = bool(np.isfinite(self.features).all())
        if self.relit is not None:
            is_finite = is_finite and bool(np.isfinite(self.relit).all())
        if not is_finite:
            raise InputError(
                "features hold NaN or infinity; remove the year's chips/ folder and run tile again"
            )

    def _check_classes(self) -> None:
        failing = int(self.failing.sum())
        intact = len(self) - failing
        if min(failing, intact) < LEAST_OF_A_CLASS:
            raise InputError(
                f"[labels]: {failing} failing and {intact} intact roofs with a chip; "
                f"want at least {LEAST_OF_A_CLASS} of each; label more roofs"
            )

    def _check_folds(self) -> None:
        folds = np.unique(self.folds)
        if len(folds) < 2:
            raise InputError(
                "[labels]: all labels lie in one block; want two blocks or more for honest folds; "
                "set [parcels] block or block_grid_m"
            )
        for fold in folds:
            if len(np.unique(self.failing[self.folds != fold])) < 2:
                raise InputError(
                    f"[labels]: without fold {fold} only one class is left; "
                    "label roofs in more blocks"
                )
