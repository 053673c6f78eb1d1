"""Which named measures of a roof suggest that it is failing.

The simpler rungs are sums over named measures, so each measure has its exact share of the logit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.head import Head
from models.measures import MEASURES

WORDS = {
    "dark_share": ("more dark pixels", "fewer dark pixels"),
    "bright_share": ("more bright pixels", "fewer bright pixels"),
    "brightness": ("a brighter surface", "a darker surface"),
    "contrast": ("stronger contrast", "weaker contrast"),
    "saturation": ("stronger colors", "paler colors"),
    "warmth": ("redder colors", "bluer colors"),
    "greenness": ("more of plants' color", "less of plants' color"),
    "color_spread": ("more mixed colors", "more even colors"),
    "edge_density": ("more edges", "fewer edges"),
    "edge_spread": ("edges of more uneven strength", "edges of more even strength"),
    "fine_texture": ("more fine texture", "less fine texture"),
    "disorder": ("more disorder, as of rubble", "more straight lines"),
    "contrast_to_ground": ("brighter against its surroundings", "darker against its surroundings"),
}
"""What a measure above and below the flyover's mean looks like."""


@dataclass(frozen=True, kw_only=True)
class MeasureShare:
    """What one measure adds to the calibrated logit."""

    name: str
    """Name, of `models.measures.MEASURES`."""
    share: float
    """Calibrated logit; above 0 suggests a failing roof."""
    words: str
    """What is seen, compared with the flyover's mean."""


def measure_shares(head: Head, measures: NDArray[np.float32]) -> list[MeasureShare]:
    """Return what each named measure adds to the calibrated logit, in descending order.

    Args:
        head: The head.
        measures: What it looks at, (F,); of measures and features the measures.

    Raises:
        ValueError: the head looks at the network's features.
    """
    if head.rung == "network":
        raise ValueError(
            "the head looks at the network's features, which have no names; draw the heat map"
        )

    named = measures[: len(MEASURES)].astype(np.float64)
    count = len(named)
    standard = (named - head.center[:count]) / head.scale[:count]
    shares = head.slope * head.weights[0][:count] * standard

    found = []
    for name, share, place in zip(MEASURES[:count], shares, standard, strict=True):
        above, below = WORDS[name]
        words = below if place < 0 else above
        found.append(MeasureShare(name=name, share=float(share), words=words))
    return sorted(found, key=lambda measure: (-measure.share, measure.name))
