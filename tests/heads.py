"""A linear head for tests, to be changed with `dataclasses.replace`."""

import numpy as np

from models.head import Head


def plain_head(width: int, rung: str = "network") -> Head:
    """Return a head of zero weights that says one half of every roof.

    Args:
        width: Features that it looks at.
        rung: Which features.
    """
    return Head(
        rung=rung,
        flyovers=(),
        center=np.zeros(width),
        scale=np.ones(width),
        weights=np.zeros((1, width)),
        bias=np.zeros(1),
        slope=1.0,
        offset=0.0,
        covariance=np.zeros((2, 2)),
        separation=0.0,
        share=0.5,
        rates=np.array([[0.8, 0.1]]),
        share_error=0.0,
        tried=0,
        likely=0.7,
        possible_even=0.5,
    )


def random_head(width: int, rung: str = "network", *, seed: int = 0) -> Head:
    """Return a head that left out three folds, of random weights.

    Args:
        width: Features that it looks at.
        rung: Which features.
        seed: The same seed makes the same head.
    """
    rng = np.random.default_rng(seed)
    return Head(
        rung=rung,
        flyovers=(),
        center=rng.normal(size=width),
        scale=rng.random(width) + 50,
        weights=rng.normal(size=(4, width)) / 5,
        bias=rng.normal(size=4),
        slope=1.3,
        offset=-0.4,
        covariance=np.eye(2) / 100,
        separation=0.0,
        share=0.5,
        rates=np.array([[0.8, 0.1]]),
        share_error=0.5,
        tried=0,
        likely=0.6,
        possible_even=0.2,
    )
